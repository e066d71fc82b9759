//! Servers that do to each connection exactly what a test tells them, and a relay in front of the emulator.

use std::{
    fmt,
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

/// Listens on a free port of this machine until dropped.
#[derive(Debug)]
pub struct RawServer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl RawServer {
    /// Hands every connection, with its number counted from zero, to `behave`.
    ///
    /// # Panics
    ///
    /// If no loopback port is free.
    pub async fn start<F, Fut>(behave: F) -> Self
    where
        F: Fn(usize, RawConnection<TcpStream>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(AtomicUsize::new(0));
        let (connection_count, request_count) = (Arc::clone(&connections), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = connection_count.fetch_add(1, Ordering::SeqCst);
                let mut connection = RawConnection::new(stream);
                connection.requests = Arc::clone(&request_count);
                tokio::spawn(behave(number, connection));
            }
        });
        Self {
            address,
            connections,
            requests,
            task,
        }
    }

    /// Answers every request with these bytes, whatever it asks for, and closes the connection.
    pub async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = Arc::new(answer.into());
        Self::serving(move |_request| answer.to_vec()).await
    }

    /// Answers every request with the bytes that `answer` makes of its head, and closes the connection.
    pub async fn serving(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        Self::start(move |_, mut connection| {
            let answer = Arc::clone(&answer);
            async move {
                let Some(request) = connection.request().await else {
                    return;
                };
                connection.send(answer(&request.head)).await;
                connection.finish().await;
            }
        })
        .await
    }

    /// The address, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections were made.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many requests were read.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct RawRequest {
    /// Request line and headers, with the empty line behind them.
    pub head: String,
    /// The body, with its framing.
    pub body: Vec<u8>,
}

/// One accepted connection.
pub struct RawConnection<S> {
    stream: S,
    read: Vec<u8>,
    requests: Arc<AtomicUsize>,
}

impl<S> fmt::Debug for RawConnection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawConnection").finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> RawConnection<S> {
    /// A connection over any stream.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            read: Vec::new(),
            requests: Arc::default(),
        }
    }

    /// Reads a whole request; nothing when the client left.
    pub async fn request(&mut self) -> Option<RawRequest> {
        let head = self.head().await?;
        let body = self.body(&head).await;
        Some(RawRequest { head, body })
    }

    /// Reads the head of a request; nothing when the client left.
    pub async fn head(&mut self) -> Option<String> {
        let end = self.until(b"\r\n\r\n").await?;
        self.requests.fetch_add(1, Ordering::SeqCst);
        let head: Vec<u8> = self.read.drain(..end).collect();
        Some(String::from_utf8_lossy(&head).into_owned())
    }

    async fn body(&mut self, head: &str) -> Vec<u8> {
        let end = match content_length(head) {
            Some(length) => {
                while self.read.len() < length && self.more().await {}
                length.min(self.read.len())
            }
            None if head
                .to_ascii_lowercase()
                .contains("transfer-encoding: chunked") =>
            {
                match self.until(b"0\r\n\r\n").await {
                    Some(end) => end,
                    None => self.read.len(),
                }
            }
            None => 0,
        };
        self.read.drain(..end).collect()
    }

    /// Sends bytes; a client that is gone is no fault of the server.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]> + Send) {
        drop(self.stream.write_all(bytes.as_ref()).await);
        drop(self.stream.flush().await);
    }

    /// Sends bytes and tells whether the client still takes them.
    pub async fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Says that nothing more will be sent, and waits until the client closes, so that nothing that was sent is lost.
    pub async fn finish(&mut self) {
        drop(self.stream.shutdown().await);
        self.gone().await;
    }

    /// Waits until the client closes.
    pub async fn gone(&mut self) {
        while self.more().await {
            self.read.clear();
        }
    }

    async fn until(&mut self, wanted: &[u8]) -> Option<usize> {
        loop {
            let found = self
                .read
                .windows(wanted.len())
                .position(|window| window == wanted);
            match found {
                Some(at) => return Some(at + wanted.len()),
                None if self.more().await => {}
                None => return None,
            }
        }
    }

    async fn more(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.read).await, Ok(length) if length > 0)
    }
}

fn content_length(head: &str) -> Option<usize> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            value.trim().parse().ok()
        } else {
            None
        }
    })
}

/// What a [`Relay`] does to the one request that it meets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "used by tests only")]
pub enum Relayed {
    /// It is carried out; its answer is kept back until the client gives up.
    AnswerKept,
    /// One bit of its body, which must have a length, is turned over before it is carried out.
    Damaged,
    /// Like [`Damaged`](Self::Damaged), and all requests after it as well.
    DamagedAlways,
    /// It is kept back until [`Relay::release`], and then carried out although the client has given up long ago.
    Late,
    /// It is kept back until the client has given up and repeats it, and is carried out before the repetition.
    LateBeforeNext,
}

/// A relay between a client and a server that keeps one request or its answer back. One request per connection.
#[derive(Debug)]
pub struct Relay {
    server: RawServer,
    released: Arc<Notify>,
    delivered: Arc<Notify>,
}

impl Relay {
    /// Relays to `upstream`, an address such as `http://127.0.0.1:40123`; the first request whose head contains `marker` meets `what`.
    pub async fn start(upstream: &str, marker: &'static str, what: Relayed) -> Self {
        let upstream = Arc::new(upstream.trim_start_matches("http://").to_owned());
        let (released, delivered) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let met = Arc::new(AtomicUsize::new(0));
        let (release, deliver) = (Arc::clone(&released), Arc::clone(&delivered));
        let server = RawServer::start(move |_, mut connection| {
            let upstream = Arc::clone(&upstream);
            let (release, deliver, met) =
                (Arc::clone(&release), Arc::clone(&deliver), Arc::clone(&met));
            async move {
                let Some(mut request) = connection.request().await else {
                    return;
                };
                let number = match request.head.contains(marker) {
                    true => met.fetch_add(1, Ordering::SeqCst),
                    false => usize::MAX,
                };
                let is_met = number == 0 || number < usize::MAX && what == Relayed::DamagedAlways;
                if number == 1 && what == Relayed::LateBeforeNext {
                    release.notify_one();
                    deliver.notified().await;
                }
                if is_met && matches!(what, Relayed::Late | Relayed::LateBeforeNext) {
                    release.notified().await;
                    forward(&upstream, &request).await;
                    deliver.notify_one();
                    return;
                }
                let damages = matches!(what, Relayed::Damaged | Relayed::DamagedAlways);
                if let Some(byte) = request.body.first_mut().filter(|_| is_met && damages) {
                    *byte ^= 1;
                }
                let answer = forward(&upstream, &request).await;
                if is_met && !damages {
                    connection.gone().await;
                    return;
                }
                connection.send(answer).await;
                connection.finish().await;
            }
        })
        .await;
        Self {
            server,
            released,
            delivered,
        }
    }

    /// The address of the relay.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Lets the request that was kept back be carried out, and waits until it is.
    pub async fn release(&self) {
        self.released.notify_one();
        self.delivered.notified().await;
    }
}

async fn forward(upstream: &str, request: &RawRequest) -> Vec<u8> {
    let head = request
        .head
        .replacen("\r\n", "\r\nconnection: close\r\n", 1);
    let mut answer = Vec::new();
    if let Ok(mut stream) = TcpStream::connect(upstream).await {
        drop(stream.write_all(head.as_bytes()).await);
        drop(stream.write_all(&request.body).await);
        drop(stream.read_to_end(&mut answer).await);
    }
    answer
}

/// An answer with a length.
#[must_use]
pub fn answer(status: &str, content_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// An answer of JSON with status 200.
#[must_use]
pub fn json(body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", "application/json", body)
}

/// The mount that servers of these tests have.
pub const MOUNT: &str = r#"{"id":"m1","name":"Koofr","type":"device","origin":"hosted","online":true,"isPrimary":true,"spaceTotal":10,"spaceUsed":1}"#;
