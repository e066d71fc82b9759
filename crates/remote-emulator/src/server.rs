//! The accept loop and the way of a request: recorded, delayed, spoilt by a fault, handled.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{HOST, HeaderMap, HeaderValue, RANGE, UPGRADE};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::admin;
use crate::apply;
use crate::body::RequestBody;
use crate::clock::Clock;
use crate::connection::{Connection, FlushSignal};
use crate::fault::{FaultAction, Faults, Target};
use crate::record::{RequestLog, RequestRecord};
use crate::reply::{HttpBody, Reply};
use crate::service::{Call, Service};

/// Room for the head of a request. Addresses are limited to 65,534 bytes by the HTTP types; a longer one is a 414.
const HEAD_BYTES: usize = 512 * 1024;

/// The same for the decoded head of HTTP/2.
const HEAD_LIST_BYTES: u32 = 512 * 1024;

/// How long the rest of a refused upload is read before the refusal is sent anyway.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);

/// How long to wait after a connection could not be taken.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Everything the requests of one service share.
pub(crate) struct Shared {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) log: RequestLog,
    pub(crate) faults: Faults,
    pub(crate) clock: Clock,
    pub(crate) rtt: Duration,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Shared")
            .field("rtt", &self.rtt)
            .finish_non_exhaustive()
    }
}

/// A listening server; stops, connections included, when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(address: SocketAddr, shared: Arc<Shared>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, shared));
        Ok(Self { address, task })
    }

    /// Ends once nothing of the server runs any more.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        // An aborted task is what was asked for.
        drop((&mut self.task).await);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve_plain(stream, Arc::clone(&shared)));
                }
                Err(error) => {
                    // Out of descriptors, most likely; the next attempt waits until some are back.
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(ended) = connections.join_next() => drop(ended),
        }
    }
}

async fn serve_plain(stream: TcpStream, shared: Arc<Shared>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    serve(stream, shared, Protocol::Http1).await;
}

/// The versions of HTTP a connection can speak.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Http1,
    /// Without upgrades; what would close the connection resets the stream.
    Http2,
}

/// Answers the requests that come over a connection, until it ends.
pub(crate) async fn serve<S>(stream: S, shared: Arc<Shared>, protocol: Protocol)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let signal = Arc::new(FlushSignal::default());
    let io = TokioIo::new(Connection::new(stream, Arc::clone(&signal)));
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        let signal = Arc::clone(&signal);
        async move { answer(&shared, request, &signal).await }
    });
    let ended = match protocol {
        Protocol::Http1 => {
            http1::Builder::new()
                .max_buf_size(HEAD_BYTES)
                .header_read_timeout(None)
                .serve_connection(io, service)
                .with_upgrades()
                .await
        }
        Protocol::Http2 => {
            http2::Builder::new(TokioExecutor::new())
                .max_header_list_size(HEAD_LIST_BYTES)
                .serve_connection(io, service)
                .await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

/// An error that makes the connection close without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without an answer")]
struct Closed;

async fn answer(
    shared: &Shared,
    mut request: Request<Incoming>,
    signal: &Arc<FlushSignal>,
) -> Result<Response<HttpBody>, Closed> {
    let upgrade = request
        .headers()
        .contains_key(UPGRADE)
        .then(|| hyper::upgrade::on(&mut request));
    let (mut parts, incoming) = request.into_parts();
    // HTTP/2 names the host in the address.
    if let Some(host) = parts.uri.authority()
        && let Ok(host) = HeaderValue::from_str(host.as_str())
    {
        parts.headers.entry(HOST).or_insert(host);
    }
    let mut call = Call {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: RequestBody::new(incoming),
        upgrade,
        hide_for_ms: None,
        body_md5: None,
    };
    if let Some(command) = call.path.strip_prefix("/_emulator/").map(str::to_owned) {
        return Ok(admin::answer(shared, &command, &mut call).await.into_http());
    }
    let endpoint = shared
        .service
        .endpoint_of(&call.method, &call.path, &call.query);
    let number = shared.log.begin(endpoint, record(&call, endpoint));
    let outcome = process(shared, &mut call, endpoint, number, signal).await;
    let status = outcome.as_ref().ok().map(|reply| reply.status.as_u16());
    shared.log.finish(number, |record| {
        record.status = status;
        record.body_bytes = call.body.received();
        record.body_md5 = call.body_md5.take();
    });
    tracing::debug!(method = %call.method, endpoint, ?status, "request");
    let reply = outcome?;
    Ok(if call.method == Method::HEAD {
        reply.without_body()
    } else {
        reply
    }
    .into_http())
}

async fn process(
    shared: &Shared,
    call: &mut Call,
    endpoint: &'static str,
    number: u64,
    signal: &Arc<FlushSignal>,
) -> Result<Reply, Closed> {
    if !shared.rtt.is_zero() {
        tokio::time::sleep(shared.rtt).await;
    }
    let Some(action) = meet(shared, call, endpoint, number).await else {
        return handle(shared, call).await;
    };
    before(shared, call, &action);
    let service = &*shared.service;
    if let Some(reply) = apply::instead(&action, service, endpoint) {
        call.body.drain(DRAIN_LIMIT).await;
        return Ok(reply);
    }
    match &action {
        FaultAction::Close => return Err(Closed),
        FaultAction::NoAnswer => {
            call.body.drain(DRAIN_LIMIT).await;
            return std::future::pending::<Result<Reply, Closed>>().await;
        }
        _ => {}
    }
    let reply = handle(shared, call).await?;
    match &action {
        FaultAction::CommitThenClose => Err(Closed),
        FaultAction::CutRequest { .. } if call.body.was_cut() => Err(Closed),
        FaultAction::CommitThenAnswer(answer) => Ok(apply::made_up(answer, service, endpoint)),
        _ => Ok(apply::afterwards(
            &action,
            reply,
            service.json_fields(),
            signal,
        )),
    }
}

/// The fault this request meets, after its delay.
async fn meet(shared: &Shared, call: &Call, endpoint: &str, number: u64) -> Option<FaultAction> {
    if shared.faults.is_empty() {
        return None;
    }
    let decoded = crate::query::pairs(&call.query)
        .map(|(key, value)| format!("{key}={value}"))
        .collect::<Vec<_>>()
        .join("&");
    let met = shared.faults.take(&Target {
        method: call.method.as_str(),
        endpoint,
        path: &call.path,
        query: &decoded,
    })?;
    shared.log.finish(number, |record| {
        record.fault = Some(met.action.kind().to_owned());
    });
    if met.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(met.delay_ms)).await;
    }
    if let Some(gate) = met.gate {
        gate.pass().await;
    }
    Some(met.action)
}

/// What a fault changes before the request is handled.
fn before(shared: &Shared, call: &mut Call, action: &FaultAction) {
    match action {
        FaultAction::CutRequest { after } => call.body.cut_after(*after),
        FaultAction::DelayVisibility { ms } => call.hide_for_ms = Some(*ms),
        FaultAction::ExpireTokens => shared.service.expire_tokens(false),
        FaultAction::IgnoreRange => {
            call.headers.remove(RANGE);
        }
        FaultAction::RevokeTokens => shared.service.expire_tokens(true),
        _ => {}
    }
}

async fn handle(shared: &Shared, call: &mut Call) -> Result<Reply, Closed> {
    let outcome = shared.service.handle(call).await;
    let reply = outcome.map_err(|error| {
        tracing::debug!(?error, "no answer");
        Closed
    })?;
    call.body.drain(DRAIN_LIMIT).await;
    Ok(reply)
}

fn record(call: &Call, endpoint: &str) -> RequestRecord {
    RequestRecord {
        number: 0,
        method: call.method.to_string(),
        path: call.path.clone(),
        query: crate::query::redacted(&call.query),
        endpoint: endpoint.to_owned(),
        headers: visible_headers(&call.headers),
        body_bytes: 0,
        body_md5: None,
        status: None,
        fault: None,
    }
}

fn visible_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let name = name.as_str();
            let text = String::from_utf8_lossy(value.as_bytes());
            let value = match name {
                "authorization" | "proxy-authorization" => {
                    let scheme = text.split(' ').next().unwrap_or_default();
                    format!("{scheme} [redacted]")
                }
                "cookie" | "x-jottacloud-otp" | "x-koofr-password" => "[redacted]".to_owned(),
                _ => text.into_owned(),
            };
            (name.to_owned(), value)
        })
        .collect()
}
