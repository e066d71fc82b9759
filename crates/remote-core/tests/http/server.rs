//! A server that does to each connection exactly what a test tells it.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use remote_core::http::{HttpClient, HttpSettings, Method, Request};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use url::Url;

/// Listens on a free port of this machine until dropped.
pub(crate) struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Server {
    /// Hands every connection, with its number counted from zero, to `behave`.
    pub(crate) async fn start<F, Fut>(behave: F) -> Self
    where
        F: Fn(usize, Connection) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(behave(
                    number,
                    Connection {
                        stream,
                        read: Vec::new(),
                    },
                ));
            }
        });
        Self {
            address,
            connections,
            task,
        }
    }

    /// Answers the first request of every connection with these bytes, and closes it.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = Arc::new(answer.into());
        Self::start(move |_, mut connection| {
            let answer = Arc::clone(&answer);
            async move {
                connection.head().await;
                connection.send(answer.as_slice()).await;
                connection.finish().await;
            }
        })
        .await
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn get(&self, path: &str) -> Request {
        Request::new(Method::GET, self.url(path), "test")
    }

    pub(crate) fn put(&self, path: &str) -> Request {
        Request::new(Method::PUT, self.url(path), "test").changes(true)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One accepted connection.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    /// Reads the head of a request and returns it as text.
    pub(crate) async fn head(&mut self) -> String {
        let end = self.until(b"\r\n\r\n").await;
        let head: Vec<u8> = self.read.drain(..end).collect();
        String::from_utf8(head).unwrap()
    }

    /// Reads exactly this much of a body.
    pub(crate) async fn body(&mut self, length: usize) -> Vec<u8> {
        while self.read.len() < length && self.more().await {}
        self.read.drain(..length.min(self.read.len())).collect()
    }

    /// Reads until these bytes have come, and returns the position behind them.
    pub(crate) async fn until(&mut self, wanted: &[u8]) -> usize {
        loop {
            let found = self
                .read
                .windows(wanted.len())
                .position(|window| window == wanted);
            match found {
                Some(at) => return at + wanted.len(),
                None if self.more().await => {}
                None => return self.read.len(),
            }
        }
    }

    /// Everything until the client closes, as far as it has not been read.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while self.more().await {}
        std::mem::take(&mut self.read)
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // A client that is gone already is no fault of the server.
        drop(self.stream.write_all(bytes.as_ref()).await);
        drop(self.stream.flush().await);
    }

    /// Says that nothing more will be sent, and waits until the client closes, so that nothing that was sent is lost.
    pub(crate) async fn finish(&mut self) {
        drop(self.stream.shutdown().await);
        while self.more().await {
            self.read.clear();
        }
    }

    async fn more(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.read).await, Ok(length) if length > 0)
    }
}

/// A client that gives up soon, for tests of servers that stand still for good.
pub(crate) fn impatient() -> HttpClient {
    let short = std::time::Duration::from_millis(200);
    client(
        &HttpSettings::default()
            .with_connect_timeout(short)
            .with_idle_timeout(short)
            .with_response_timeout(short),
    )
}

pub(crate) fn patient() -> HttpClient {
    client(&HttpSettings::default())
}

pub(crate) fn client(settings: &HttpSettings) -> HttpClient {
    HttpClient::new(settings).unwrap()
}
