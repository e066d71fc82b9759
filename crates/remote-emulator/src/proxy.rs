//! An HTTPS proxy that answers for the real host names of the services, so that programs whose addresses are compiled
//! in can be run against the emulator.
//!
//! It takes `CONNECT {host}:443`, ends the encryption with a certificate of an authority made for this purpose, and hands
//! the requests to the emulated service of that host in this process. Nothing is ever dialled: a host that no service
//! answers for is refused with 502.
//!
//! ```console
//! $ remote-emulator --jotta 127.0.0.1:0 --proxy 127.0.0.1:8080 --ca-file ca.pem --write-config rclone.conf
//! $ HTTPS_PROXY=http://127.0.0.1:8080 rclone --config rclone.conf --ca-cert ca.pem lsf jotta:
//! ```

mod certificates;
mod connect;
mod hosts;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::server::{self, Protocol, Shared};

pub(crate) use self::hosts::Hosts;

use self::connect::Refusal;

/// Refused hosts that are remembered.
const REFUSED_KEPT: usize = 1000;

/// How long a client may take to agree on the encryption.
const HANDSHAKE_TIME: Duration = Duration::from_secs(30);

/// A service and the host names it answers for.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) hosts: Hosts,
    pub(crate) shared: Arc<Shared>,
}

/// The running proxy.
#[derive(Clone)]
pub struct ProxyHandle {
    address: SocketAddr,
    authority: Arc<str>,
    key_pin: Arc<str>,
    refused: Arc<Mutex<VecDeque<String>>>,
}

impl fmt::Debug for ProxyHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProxyHandle")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl ProxyHandle {
    /// The address for `HTTPS_PROXY`, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The certificate of the authority, in PEM, for those who have to trust it.
    #[must_use]
    pub fn authority_pem(&self) -> &str {
        &self.authority
    }

    /// Writes [`authority_pem`](Self::authority_pem) to a file.
    ///
    /// # Errors
    ///
    /// The file could not be written.
    pub fn write_authority(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, self.authority_pem())
    }

    /// The SHA-256 of the public key of the certificate for all hosts, in base64: what Chromium takes as
    /// `--ignore-certificate-errors-spki-list`, since it does not ask for a file of authorities.
    #[must_use]
    pub fn key_pin(&self) -> &str {
        &self.key_pin
    }

    /// The last hosts that somebody asked for and no service answers for, oldest first.
    #[must_use]
    pub fn refused_hosts(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_refused(&self, host: String) {
        let mut refused = self.lock();
        if refused.len() == REFUSED_KEPT {
            refused.pop_front();
        }
        refused.push_back(host);
    }
}

/// A listening proxy; stops, connections included, when dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) handle: ProxyHandle,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(
        address: SocketAddr,
        http2: bool,
        targets: Vec<Target>,
    ) -> io::Result<Self> {
        let names = targets.iter().flat_map(|target| target.hosts.names());
        let certificates = certificates::make(names, http2)?;
        let listener = TcpListener::bind(address).await?;
        let handle = ProxyHandle {
            address: listener.local_addr()?,
            authority: certificates.authority_pem.into(),
            key_pin: certificates.key_pin.into(),
            refused: Arc::default(),
        };
        let inside = Arc::new(Inside {
            targets,
            acceptor: certificates.acceptor,
            handle: handle.clone(),
        });
        let task = tokio::spawn(accept(listener, inside));
        Ok(Self { handle, task })
    }

    /// Ends once nothing of the proxy runs any more.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        // An aborted task is what was asked for.
        drop((&mut self.task).await);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the connections share.
struct Inside {
    targets: Vec<Target>,
    acceptor: TlsAcceptor,
    handle: ProxyHandle,
}

async fn accept(listener: TcpListener, inside: Arc<Inside>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(tunnel(stream, Arc::clone(&inside)));
                }
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(server::ACCEPT_PAUSE).await;
                }
            },
            Some(ended) = connections.join_next() => drop(ended),
        }
    }
}

async fn tunnel(mut stream: TcpStream, inside: Arc<Inside>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let host = match connect::read(&mut stream).await {
        Ok(host) => host,
        Err(refusal) => return answer(&mut stream, refusal).await,
    };
    let target = inside
        .targets
        .iter()
        .find(|target| target.hosts.serves(&host));
    let Some(target) = target else {
        tracing::debug!(%host, "no service answers for this host");
        inside.handle.note_refused(host);
        return answer(&mut stream, Refusal::UnknownHost).await;
    };
    let established = stream
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await;
    if established.is_err() {
        return;
    }
    let accepted = tokio::time::timeout(HANDSHAKE_TIME, inside.acceptor.accept(stream)).await;
    match accepted.unwrap_or_else(|too_slow| Err(too_slow.into())) {
        Ok(stream) => {
            let protocol = match stream.get_ref().1.alpn_protocol() {
                Some(certificates::HTTP2) => Protocol::Http2,
                _ => Protocol::Http1,
            };
            server::serve(stream, Arc::clone(&target.shared), protocol).await;
        }
        Err(error) => tracing::debug!(%error, %host, "no encryption"),
    }
}

async fn answer(stream: &mut TcpStream, refusal: Refusal) {
    let Some((status, text)) = refusal.answer() else {
        return;
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    if let Err(error) = stream.write_all(head.as_bytes()).await {
        tracing::debug!(%error, "the refusal was not read");
    }
}
