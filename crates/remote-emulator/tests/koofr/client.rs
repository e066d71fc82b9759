//! The smallest client that can be trusted to show what is on the wire.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use remote_emulator::koofr::{DEFAULT_PASSWORD, DEFAULT_USER, KoofrConfig, KoofrHandle};
use remote_emulator::{Emulator, EmulatorBuilder};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Nothing here takes long; a test that hangs fails instead.
const DEADLINE: Duration = Duration::from_secs(30);

/// An answer as it came over the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the framing came to its proper end.
    pub(crate) complete: bool,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of the error document, or the empty text.
    pub(crate) fn code(&self) -> String {
        let json = serde_json::from_slice::<Value>(&self.body).unwrap_or_default();
        json["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Status and code, as the tables of the specification put it.
    pub(crate) fn outcome(&self) -> String {
        format!("{} {}", self.status, self.code()).trim().to_owned()
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        let text = self.text();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A request to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    signed: bool,
}

impl Request {
    pub(crate) fn new(method: &str, target: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.into(),
            headers: Vec::new(),
            body: None,
            signed: true,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn json(self, value: &Value) -> Self {
        self.header("Content-Type", "application/json")
            .body(value.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(crate) fn unsigned(mut self) -> Self {
        self.signed = false;
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: test\r\n", self.method, self.target);
        if self.signed && !self.headers.iter().any(|(name, _)| name == "Authorization") {
            head += &format!(
                "Authorization: {}\r\n",
                basic(DEFAULT_USER, DEFAULT_PASSWORD)
            );
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if let Some(body) = &self.body {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend(self.body.iter().flatten());
        bytes
    }
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// `value` as it stands in a query.
pub(crate) fn escape(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

/// An emulator with a shorthand for what tests ask of it.
pub(crate) struct Server {
    pub(crate) emulator: Emulator,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(KoofrConfig::default()).await
    }

    pub(crate) async fn with(config: KoofrConfig) -> Self {
        Self::build(Emulator::builder().koofr(config)).await
    }

    pub(crate) async fn build(builder: EmulatorBuilder) -> Self {
        let emulator = builder.start().await.unwrap();
        let address = emulator
            .koofr()
            .url()
            .strip_prefix("http://")
            .unwrap()
            .parse()
            .unwrap();
        Self { emulator, address }
    }

    pub(crate) fn koofr(&self) -> &KoofrHandle {
        self.emulator.koofr()
    }

    /// Sends raw bytes and reads one answer; `None` when the connection was closed without one.
    pub(crate) async fn raw(&self, method: &str, bytes: &[u8]) -> Option<Response> {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            // The server may close while this is written, which is what some tests are about.
            drop(stream.write_all(bytes).await);
            read_response(&mut stream, method).await
        };
        tokio::time::timeout(DEADLINE, exchange).await.unwrap()
    }

    /// Sends a request; `None` when there was no answer.
    pub(crate) async fn try_send(&self, request: Request) -> Option<Response> {
        self.raw(&request.method, &request.bytes()).await
    }

    pub(crate) async fn send(&self, request: Request) -> Response {
        self.try_send(request).await.expect("an answer")
    }

    pub(crate) async fn get(&self, target: &str) -> Response {
        self.send(Request::new("GET", target)).await
    }

    /// A call below `/api/v2.1/mounts/primary/`.
    pub(crate) async fn api(&self, method: &str, target: &str) -> Response {
        self.send(Request::new(
            method,
            format!("/api/v2.1/mounts/primary/{target}"),
        ))
        .await
    }

    /// The same with a JSON body.
    pub(crate) async fn api_json(&self, method: &str, target: &str, body: Value) -> Response {
        let request = Request::new(method, format!("/api/v2.1/mounts/primary/{target}"));
        self.send(request.json(&body)).await
    }

    /// A raw upload with further parameters.
    pub(crate) async fn put(&self, parent: &str, name: &str, query: &str, body: &str) -> Response {
        self.send(put(parent, name, query, body)).await
    }

    pub(crate) async fn download(&self, path: &str) -> Response {
        self.get(&download(path)).await
    }

    pub(crate) async fn mkdir(&self, parent: &str, name: &str) -> Response {
        let target = format!("files/folder?path={}", escape(parent));
        self.api_json("POST", &target, serde_json::json!({ "name": name }))
            .await
    }

    pub(crate) async fn info(&self, path: &str) -> Response {
        self.api("GET", &format!("files/info?path={}", escape(path)))
            .await
    }

    /// The names in a folder, in the order of the listing.
    pub(crate) async fn names(&self, path: &str) -> Vec<String> {
        let answer = self
            .api("GET", &format!("files/list?path={}", escape(path)))
            .await
            .json();
        let files = answer["files"].as_array().unwrap().iter();
        files
            .map(|file| file["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub(crate) fn put(parent: &str, name: &str, query: &str, body: &str) -> Request {
    let target = format!(
        "/content/api/v2.1/mounts/primary/files/put?path={}&filename={}&info=true{query}",
        escape(parent),
        escape(name)
    );
    Request::new("POST", target).body(body)
}

pub(crate) fn download(path: &str) -> String {
    format!(
        "/content/api/v2.1/mounts/primary/files/get?path={}",
        escape(path)
    )
}

/// Reads one answer, as far as it goes.
pub(crate) async fn read_response(stream: &mut TcpStream, method: &str) -> Option<Response> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            assert!(
                bytes.is_empty(),
                "half a head: {:?}",
                String::from_utf8_lossy(&bytes)
            );
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut rest = bytes[head_end + 4..].to_vec();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap_or((line, "")))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut response = Response {
        status,
        headers,
        ..Response::default()
    };
    if status == 100 {
        return Box::pin(read_response(stream, method)).await;
    }
    if method == "HEAD" || status == 204 || status == 101 {
        response.complete = true;
        return Some(response);
    }
    let length = response
        .header("content-length")
        .map(|value| value.parse::<usize>().unwrap());
    loop {
        let done = match length {
            Some(length) => (rest.len() >= length).then(|| rest.clone()),
            None => unchunk(&rest),
        };
        if let Some(body) = done {
            response.body = body;
            response.complete = true;
            return Some(response);
        }
        if stream.read_buf(&mut rest).await.unwrap_or(0) == 0 {
            response.body = match length {
                Some(_) => rest,
                None => unchunk_partial(&rest).0,
            };
            return Some(response);
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn unchunk(bytes: &[u8]) -> Option<Vec<u8>> {
    let (body, complete) = unchunk_partial(bytes);
    complete.then_some(body)
}

fn unchunk_partial(bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    let mut rest = bytes;
    while let Some(end) = find(rest, b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        rest = &rest[end + 2..];
        if size == 0 {
            return (body, rest.starts_with(b"\r\n"));
        }
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        if rest.len() < size + 2 {
            break;
        }
        rest = &rest[size + 2..];
    }
    (body, false)
}
