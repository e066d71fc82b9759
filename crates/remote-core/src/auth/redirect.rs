//! The page on this machine that a browser comes back to after a sign-in.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    pin::pin,
    time::Duration,
};

use futures::{
    StreamExt as _,
    future::{Either, pending, select},
    stream::FuturesUnordered,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use url::Url;

use super::SignIn;
use crate::{
    error::{Error, ErrorKind, Result},
    secret::Secret,
};

use self::{
    page::Page,
    request::{Head, MAX_HEAD_BYTES},
};

mod page;
mod request;

/// The port that rclone's applications are registered with.
pub const REDIRECT_PORT: u16 = 53682;

/// How long one connection may take to ask and to read the answer.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// More connections at once than browsers open; the ones beyond wait until some of these have ended.
const MAX_CONNECTIONS: usize = 32;

/// How long to wait when the system has no connection to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Waits on this machine for the browser to come back from a sign-in page with a code.
///
/// It listens on 127.0.0.1 only, from [`bind`](Self::bind) until it is dropped. While [`receive`](Self::receive) runs it answers
///
/// | request | answer |
/// | --- | --- |
/// | `/auth?state=S` | sends the browser to the sign-in page, or 403 if `S` is not the state of this sign-in |
/// | `/?code=…&state=S` | ends the sign-in and shows a page that says so |
/// | `/?error=…&state=S` | ends the sign-in as refused and shows a page that says so |
/// | `/` with another state | 400; somebody else's, or an older tab: the sign-in goes on |
/// | anything else | 404, as for the icons that browsers ask for |
///
/// Requests that name another host than this machine are answered 403, so that no page on the web can reach it under a name of its own.
///
/// # Examples
///
/// ```no_run
/// use remote_core::{auth::{OAuthClient, RedirectReceiver, Token}, error::Result};
/// use std::time::Duration;
///
/// async fn sign_in(client: OAuthClient) -> Result<Option<Token>> {
///     let receiver = RedirectReceiver::bind().await?;
///     let client = client.with_redirect_url(receiver.url("localhost"));
///     let sign_in = client.authorize()?;
///     println!("open {}", receiver.start_url(&sign_in));
///     // The caller decides how long a person may take.
///     match tokio::time::timeout(Duration::from_secs(300), receiver.receive(&sign_in)).await {
///         Ok(code) => client.exchange_code(&sign_in, &code?).await.map(Some),
///         Err(_) => Ok(None),
///     }
/// }
/// ```
pub struct RedirectReceiver {
    listener: TcpListener,
    address: SocketAddr,
}

impl RedirectReceiver {
    /// Listens on [`REDIRECT_PORT`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Other`] when the port is taken, most likely by another sign-in that is still waiting.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub async fn bind() -> Result<Self> {
        Self::bind_port(REDIRECT_PORT).await
    }

    /// Listens on another port; 0 takes a free one. Services accept the port that is registered only.
    ///
    /// # Errors
    ///
    /// Like [`bind`](Self::bind).
    ///
    /// # Panics
    ///
    /// Like [`bind`](Self::bind).
    pub async fn bind_port(port: u16) -> Result<Self> {
        let failed = |error: io::Error| {
            Error::with_message(
                ErrorKind::Other,
                format!("cannot listen on 127.0.0.1:{port} for the answer of the browser: {error}"),
            )
            .with_source(error)
            .with_help("end the other sign-in that waits there, of this program or of rclone, and try again")
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address to send the browser back to, for [`OAuthClient::with_redirect_url`](super::OAuthClient::with_redirect_url). The host is
    /// `localhost` or `127.0.0.1`, as it is registered with the service; other names give the latter.
    #[must_use]
    pub fn url(&self, host: &str) -> Url {
        let mut url = self.base();
        if host == "localhost" && url.set_host(Some(host)).is_err() {
            tracing::debug!("localhost is no host");
        }
        url
    }

    /// The address a person opens to begin: short, without anything secret except the state, and good for this sign-in only.
    #[must_use]
    pub fn start_url(&self, sign_in: &SignIn) -> Url {
        let mut url = self.base();
        url.set_path("/auth");
        url.query_pairs_mut()
            .append_pair("state", sign_in.state().expose());
        url
    }

    /// Answers browsers until one comes back with the code of this sign-in.
    ///
    /// It never ends by itself otherwise: the caller decides how long to wait. It can be called again after that.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::Authentication`]: the person or the service refused; the reason is in the text.
    /// * [`ErrorKind::InvalidInput`]: the service sent the browser back with neither code nor reason.
    ///
    /// # Cancellation
    ///
    /// Dropping the future closes the open connections; nothing else is lost.
    pub async fn receive(&self, sign_in: &SignIn) -> Result<Secret> {
        let mut connections = FuturesUnordered::new();
        loop {
            match self.next_event(&mut connections).await {
                Event::Accepted(Ok((stream, _))) => connections.push(self.serve(stream, sign_in)),
                Event::Accepted(Err(error)) => {
                    tracing::debug!(%error, "no connection accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
                Event::Answered(None) => {}
                Event::Answered(Some(outcome)) => return outcome,
            }
        }
    }

    async fn next_event<F>(&self, connections: &mut FuturesUnordered<F>) -> Event
    where
        F: Future<Output = Option<Result<Secret>>>,
    {
        let has_room = connections.len() < MAX_CONNECTIONS;
        let accept = async {
            if !has_room {
                return pending().await;
            }
            Event::Accepted(self.listener.accept().await)
        };
        let answer = async {
            match connections.next().await {
                Some(outcome) => Event::Answered(outcome),
                None => pending().await,
            }
        };
        match select(pin!(accept), pin!(answer)).await {
            Either::Left((event, _)) | Either::Right((event, _)) => event,
        }
    }

    /// Answers one request; the outcome if it ends the sign-in.
    async fn serve(&self, mut stream: TcpStream, sign_in: &SignIn) -> Option<Result<Secret>> {
        let head = tokio::time::timeout(CONNECTION_TIMEOUT, read_head(&mut stream)).await;
        let Ok(Some(head)) = head else {
            return None;
        };
        let (page, outcome) = self.answer(&head, sign_in);
        let answer = async {
            stream.write_all(&page.to_bytes(head.is_head())).await?;
            stream.shutdown().await
        };
        match tokio::time::timeout(CONNECTION_TIMEOUT, answer).await {
            Ok(Ok(())) => {}
            // The browser does not want to know; what it told counts.
            Ok(Err(error)) => tracing::debug!(%error, "the browser did not take the answer"),
            Err(_) => tracing::debug!("the browser took too long to take the answer"),
        }
        outcome
    }

    fn answer(&self, head: &Head, sign_in: &SignIn) -> (Page, Option<Result<Secret>>) {
        let ignored = |page| (page, None);
        if head.is_too_long() {
            return ignored(Page::too_long());
        }
        let Some(target) = head.target() else {
            return ignored(Page::bad("This is not a request that is understood here."));
        };
        if !head.is_for(self.port()) {
            return ignored(Page::forbidden(
                "This page is reached under the name of this machine only.",
            ));
        }
        if !head.only_reads() {
            return ignored(Page::wrong_method());
        }
        let Ok(url) = self.base().join(target) else {
            return ignored(Page::bad("The address cannot be read."));
        };
        match url.path() {
            "/auth" if sign_in.is_state_of(&url) => ignored(Page::redirect(sign_in.url())),
            "/auth" => ignored(Page::forbidden(
                "This address belongs to another sign-in. Use the newest one.",
            )),
            "/" if sign_in.is_state_of(&url) => {
                let outcome = sign_in.code_from(&url);
                (Page::result(&outcome), Some(outcome))
            }
            "/" => ignored(Page::bad(
                "This answer belongs to another sign-in. Go back to the newest page and sign in there.",
            )),
            _ => ignored(Page::not_found()),
        }
    }

    fn base(&self) -> Url {
        let text = format!("http://{}/", self.address);
        // An address of this machine with a port is always a URL.
        Url::parse(&text).unwrap_or_else(|_| unreachable!("{text} is a URL"))
    }
}

impl fmt::Debug for RedirectReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedirectReceiver")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

enum Event {
    Accepted(io::Result<(TcpStream, SocketAddr)>),
    /// A connection has ended, with the outcome of the sign-in if it brought one.
    Answered(Option<Result<Secret>>),
}

/// Reads the head of a request, as far as it is allowed to go; nothing if the browser goes away before its end.
async fn read_head(stream: &mut TcpStream) -> Option<Head> {
    let mut bytes = Vec::new();
    let mut checked = 0;
    while bytes.len() < MAX_HEAD_BYTES {
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
        if Head::is_complete(&bytes, &mut checked) {
            break;
        }
    }
    Some(Head::new(&bytes))
}
