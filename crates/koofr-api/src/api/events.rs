//! The event stream: what changes below folders, told as it happens, over a WebSocket.

use std::{collections::VecDeque, fmt, pin::pin, time::Duration};

use futures::{
    SinkExt as _, StreamExt as _,
    future::{Either, select},
};
use http::{HeaderMap, Method};
use remote_core::{
    error::{Error, ErrorKind, Result, RetryAdvice},
    http::{HttpClient, Request, Upgraded},
    secret::Secret,
};
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error as SocketError, Message,
        error::ProtocolError,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};

use crate::{
    auth::{Ticket, Verdict},
    call::{Call, Route},
    client::Client,
    lenient,
    model::event::FileEvent,
};

/// How often a sign of life is sent; what the service's own clients do.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// How long the service may take to answer an order.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest message that is read; events carry one file each.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// Events that are kept while the answer to an order is awaited. A connection with more than that is given up.
const MAX_WAITING_EVENTS: usize = 100_000;

/// Names a watched folder on one connection.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ListenerId(i64);

/// An event and the watched folder it is told for.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct ListenerEvent {
    /// Which watched folder; the paths of the event are relative to it.
    pub listener: ListenerId,
    /// What happened.
    pub event: FileEvent,
}

/// A connection that tells what changes.
///
/// There is no replay: what happened before a folder was registered, or between two connections, is never told. List the folders after
/// registering them.
pub struct EventStream {
    socket: WebSocketStream<Upgraded>,
    pings: tokio::time::Interval,
    last_request: u32,
    waiting: VecDeque<ListenerEvent>,
    /// The service answers pings of the protocol, so silence means that it is gone.
    answers_pings: bool,
    last_heard: Instant,
}

/// What the service says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    #[serde(default, deserialize_with = "lenient::text")]
    action: String,
    #[serde(default, deserialize_with = "lenient::opt_i64")]
    request_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::opt_i64")]
    listener_id: Option<i64>,
    #[serde(default)]
    event: Option<FileEvent>,
}

impl Client {
    /// Connects to the event stream and signs in. One attempt, one connection.
    ///
    /// Whether an installation accepts application passwords here is not published; where it does not, poll [`activity`](Self::activity).
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) if the service hangs up instead of accepting the credentials, which is its only
    /// way to refuse them, and for a client without any; [`Protocol`](ErrorKind::Protocol) where the endpoint has no event stream.
    pub async fn events(&self) -> Result<EventStream> {
        let probe = Call::get(Route::Root, "events").at("events");
        let ticket = self.inner.auth.ticket(self).await?;
        let Some(authorization) = ticket.header().cloned() else {
            return Err(Error::with_message(
                ErrorKind::Authentication,
                "the event stream needs credentials",
            ));
        };
        let (socket, handshake) = self.switch(&probe).await?;
        let mut stream = EventStream::new(socket, handshake).await?;
        stream.sign_in(&authorization).await?;
        accepted(ticket, self).await?;
        Ok(stream)
    }

    /// Opens the connection and makes it a WebSocket.
    async fn switch(&self, call: &Call) -> Result<(WebSocketStream<Upgraded>, Handshake)> {
        let settings = self.inner.http.settings().clone().with_http1_only(true);
        let http = HttpClient::new(&settings)?;
        let mut url = call.url(&self.base(), self.inner.level.start())?;
        url.set_query(Some("wsauth=true"));
        let key = generate_key();
        let request = Request::new(Method::GET, url, call.label)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", &key);
        let (upgraded, headers) = http.upgrade(request).await?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        Ok((socket, Handshake { key, headers }))
    }
}

async fn accepted(ticket: Ticket<'_>, client: &Client) -> Result<()> {
    ticket.settle(client, Verdict::Accepted).await.map(|_| ())
}

/// What was asked and answered when the connection became a WebSocket.
struct Handshake {
    key: String,
    headers: HeaderMap,
}

impl Handshake {
    fn check(&self) -> Result<()> {
        let expected = derive_accept_key(self.key.as_bytes());
        let answered = self.headers.get("sec-websocket-accept");
        if answered.is_some_and(|value| value.as_bytes() == expected.as_bytes()) {
            return Ok(());
        }
        Err(Error::with_message(
            ErrorKind::Protocol,
            "the server did not take the connection as a WebSocket",
        ))
    }
}

impl EventStream {
    async fn new(socket: WebSocketStream<Upgraded>, handshake: Handshake) -> Result<Self> {
        handshake.check()?;
        let mut pings = tokio::time::interval(PING_INTERVAL);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once.
        pings.tick().await;
        Ok(Self {
            socket,
            pings,
            last_request: 0,
            waiting: VecDeque::new(),
            answers_pings: false,
            last_heard: Instant::now(),
        })
    }

    /// Watches a folder and everything below it. `mount` is a real id: the alias for the main storage does not work here.
    ///
    /// # Errors
    ///
    /// [`Transport`](ErrorKind::Transport) if the service hangs up, [`Timeout`](ErrorKind::Timeout) if it does not answer.
    pub async fn register(&mut self, mount: &str, path: &str) -> Result<ListenerId> {
        self.last_request = self.last_request.wrapping_add(1);
        let id = self.last_request;
        let order = serde_json::json!({
            "action": "register", "requestId": id, "mountId": mount, "path": path,
        });
        let said = self
            .order(&order, |said| {
                said.action == "registered" && said.request_id == Some(i64::from(id))
            })
            .await?;
        match said.listener_id {
            Some(listener) => Ok(ListenerId(listener)),
            None => Err(Error::with_message(
                ErrorKind::Protocol,
                "the service registered a folder without naming the listener",
            )),
        }
    }

    /// Ends watching a folder.
    ///
    /// # Errors
    ///
    /// As for [`register`](Self::register).
    pub async fn deregister(&mut self, listener: ListenerId) -> Result<()> {
        let order = serde_json::json!({ "action": "deregister", "listenerId": listener.0 });
        let is_answer =
            |said: &Said| said.action == "deregistered" && said.listener_id == Some(listener.0);
        self.order(&order, is_answer).await?;
        self.waiting.retain(|event| event.listener != listener);
        Ok(())
    }

    /// Waits for the next event, and keeps the connection alive meanwhile. Waits as long as nothing happens.
    ///
    /// # Errors
    ///
    /// [`Transport`](ErrorKind::Transport) when the connection ends: connect again, register the folders again and list them.
    ///
    /// # Cancellation
    ///
    /// No event is lost.
    pub async fn next(&mut self) -> Result<ListenerEvent> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(event);
            }
            if let Some(said) = self.hear().await? {
                self.keep(said)?;
            }
        }
    }

    async fn sign_in(&mut self, authorization: &Secret) -> Result<()> {
        let order =
            serde_json::json!({ "action": "auth", "authorization": authorization.expose() });
        match self.order(&order, |said| said.action == "authenticated").await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::Transport => Err(Error::with_message(
                ErrorKind::Authentication,
                "the event stream was closed instead of accepting the credentials",
            )
            .with_help("check the credentials; the service may take OAuth tokens only here, then poll the activity log")
            .with_source(error)),
            Err(error) => Err(error),
        }
    }

    /// Sends an order and waits for its answer. Events that come before it are kept.
    async fn order(
        &mut self,
        order: &serde_json::Value,
        is_answer: impl Fn(&Said) -> bool + Send + Sync,
    ) -> Result<Said> {
        let exchange = async {
            self.send(Message::text(order.to_string())).await?;
            loop {
                match self.hear().await? {
                    Some(said) if is_answer(&said) => return Ok(said),
                    Some(said) => self.keep(said)?,
                    None => {}
                }
            }
        };
        let answered = tokio::time::timeout(ANSWER_TIMEOUT, exchange).await;
        answered.unwrap_or_else(|_elapsed| Err(silent()))
    }

    fn keep(&mut self, said: Said) -> Result<()> {
        let (Some(listener), Some(event)) = (said.listener_id, said.event) else {
            return Ok(());
        };
        if self.waiting.len() >= MAX_WAITING_EVENTS {
            return Err(hung_up("too many events at once"));
        }
        self.waiting.push_back(ListenerEvent {
            listener: ListenerId(listener),
            event,
        });
        Ok(())
    }

    /// Waits for a message, or for the moment to send a sign of life.
    async fn hear(&mut self) -> Result<Option<Said>> {
        let heard = match select(self.socket.next(), pin!(self.pings.tick())).await {
            Either::Left((message, _ping)) => Some(message),
            Either::Right(_now) => None,
        };
        let Some(message) = heard else {
            self.ping().await?;
            return Ok(None);
        };
        let message = message
            .ok_or_else(|| hung_up("the event stream was closed"))?
            .map_err(broken)?;
        self.last_heard = Instant::now();
        match message {
            Message::Text(text) => Ok(serde_json::from_str(text.as_str()).ok()),
            Message::Pong(_) => {
                self.answers_pings = true;
                Ok(None)
            }
            Message::Close(_) => Err(hung_up("the event stream was closed")),
            _ => Ok(None),
        }
    }

    async fn ping(&mut self) -> Result<()> {
        if self.answers_pings && self.last_heard.elapsed() > 2 * PING_INTERVAL {
            return Err(silent());
        }
        self.send(Message::text(r#"{"action":"ping"}"#)).await?;
        self.send(Message::Ping(bytes::Bytes::new())).await
    }

    async fn send(&mut self, message: Message) -> Result<()> {
        let sent = tokio::time::timeout(ANSWER_TIMEOUT, self.socket.send(message)).await;
        sent.map_err(|_elapsed| silent())?.map_err(broken)
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

fn hung_up(message: &str) -> Error {
    Error::with_message(ErrorKind::Transport, message)
        .with_retry_advice(RetryAdvice::IfIdempotent(None))
}

fn silent() -> Error {
    Error::with_message(ErrorKind::Timeout, "the event stream went silent")
        .with_retry_advice(RetryAdvice::IfIdempotent(None))
}

fn broken(error: SocketError) -> Error {
    match error {
        // How the service refuses, and how connections usually end.
        SocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            hung_up("the event stream was closed").with_source(error)
        }
        SocketError::Capacity(_) | SocketError::Protocol(_) | SocketError::Utf8(_) => {
            Error::with_message(
                ErrorKind::Protocol,
                "the event stream sent something else than events",
            )
            .with_source(error)
        }
        _ => hung_up("the event stream broke off").with_source(error),
    }
}
