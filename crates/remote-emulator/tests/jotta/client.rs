//! The smallest client that can be trusted to show what is on the wire.

use std::time::Duration;

use md5::{Digest, Md5};
use remote_emulator::jotta::{JottaConfig, JottaHandle};
use remote_emulator::{Emulator, EmulatorBuilder};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::wire::{self, Response};

/// Nothing here takes long; a test that hangs fails instead.
const DEADLINE: Duration = Duration::from_secs(30);

/// 2026-01-01T00:00:00Z and 2026-01-02T03:04:05Z.
pub(crate) const CREATED: &str = "2026-01-01T00:00:00Z";
pub(crate) const MODIFIED: &str = "2026-01-02T03:04:05Z";

/// A request to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    pub(crate) fn new(method: &str, target: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(crate) fn bytes(&self, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let all = self.headers.iter().cloned();
        let has = |name: &str| {
            self.headers
                .iter()
                .any(|(key, _)| key.eq_ignore_ascii_case(name))
        };
        if !has("host") {
            head += &format!("Host: {host}\r\n");
        }
        for (name, value) in all {
            head += &format!("{name}: {value}\r\n");
        }
        if !has("content-length") && self.method == "POST" {
            head += &format!(
                "Content-Length: {}\r\n",
                self.body.as_ref().map_or(0, Vec::len)
            );
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend(self.body.iter().flatten());
        bytes
    }
}

pub(crate) fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What `allocate` is asked for a file of this content.
pub(crate) fn order(path: &str, content: &[u8]) -> Value {
    json!({
        "path": format!("/jfs{path}"),
        "bytes": content.len(),
        "md5": md5(content),
        "created": CREATED,
        "modified": MODIFIED,
    })
}

/// An emulator with a shorthand for what tests ask of it.
pub(crate) struct Server {
    pub(crate) emulator: Emulator,
    pub(crate) address: String,
    pub(crate) token: String,
    pub(crate) user: String,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(JottaConfig::default()).await
    }

    pub(crate) async fn with(config: JottaConfig) -> Self {
        Self::build(Emulator::builder().jotta(config)).await
    }

    pub(crate) async fn build(builder: EmulatorBuilder) -> Self {
        let emulator = builder.start().await.unwrap();
        let jotta = emulator.jotta();
        Self {
            address: jotta.url().strip_prefix("http://").unwrap().to_owned(),
            token: jotta.sign_in().unwrap().access_token,
            user: jotta.username(),
            emulator,
        }
    }

    pub(crate) fn jotta(&self) -> &JottaHandle {
        self.emulator.jotta()
    }

    /// Sends a request as it is; `None` when the connection is closed without an answer.
    pub(crate) async fn try_send(&self, request: &Request) -> Option<Response> {
        let exchange = async {
            let mut stream = TcpStream::connect(&self.address).await.unwrap();
            stream
                .write_all(&request.bytes(&self.address))
                .await
                .unwrap();
            wire::read(&mut stream, &request.method).await
        };
        tokio::time::timeout(DEADLINE, exchange).await.unwrap()
    }

    /// Sends a request as it is.
    pub(crate) async fn send_unsigned(&self, request: &Request) -> Response {
        self.try_send(request).await.expect("an answer")
    }

    pub(crate) fn signed(&self, request: Request) -> Request {
        request.header("Authorization", format!("Bearer {}", self.token))
    }

    /// Sends a request with credentials.
    pub(crate) async fn send(&self, request: Request) -> Response {
        self.send_unsigned(&self.signed(request)).await
    }

    /// `/jfs/{user}` and the rest, which has to be escaped.
    pub(crate) fn target(&self, rest: &str) -> String {
        format!("/jfs/{}{rest}", self.user)
    }

    pub(crate) async fn get(&self, rest: &str) -> Response {
        self.send(Request::new("GET", self.target(rest))).await
    }

    /// The XML of what has to be there.
    pub(crate) async fn xml(&self, rest: &str) -> String {
        let response = self.get(rest).await;
        assert_eq!(response.status, 200, "{rest}: {response:?}");
        response.xml()
    }

    pub(crate) async fn post(&self, rest: &str) -> Response {
        self.send(Request::new("POST", self.target(rest))).await
    }

    /// A command that has to succeed with XML.
    pub(crate) async fn command(&self, rest: &str) -> String {
        let response = self.post(rest).await;
        assert_eq!(response.status, 200, "{rest}: {response:?}");
        response.xml()
    }

    /// `mv`, `mvDir` or `cp` with a destination below the account.
    pub(crate) async fn transfer(&self, from: &str, verb: &str, to: &str) -> Response {
        let to = format!("/{}{to}", self.user);
        let to = percent_encoding::utf8_percent_encode(&to, percent_encoding::NON_ALPHANUMERIC);
        self.post(&format!("{from}?{verb}={to}")).await
    }

    pub(crate) async fn allocate(&self, order: &Value) -> Response {
        let request = Request::new("POST", "/files/v1/allocate")
            .header("Content-Type", "application/json")
            .body(order.to_string());
        self.send(request).await
    }

    /// Sends the bytes of an upload that was allocated.
    pub(crate) async fn upload(
        &self,
        allocated: &Value,
        body: &[u8],
        range: Option<&str>,
    ) -> Response {
        self.send(self.upload_request(allocated, body, range)).await
    }

    pub(crate) fn upload_request(
        &self,
        allocated: &Value,
        body: &[u8],
        range: Option<&str>,
    ) -> Request {
        let url = allocated["upload_url"].as_str().unwrap();
        let path = url
            .strip_prefix(&format!("http://{}", self.address))
            .unwrap();
        let request = Request::new("POST", path)
            .header("Content-Type", "application/octet-stream")
            .body(body);
        match range {
            Some(range) => request.header("Range", range),
            None => request,
        }
    }

    /// Stores a file like a client does.
    pub(crate) async fn put(&self, path: &str, content: &[u8]) {
        let allocated = self.allocate(&order(path, content)).await;
        assert_eq!(allocated.status, 200, "{path}: {allocated:?}");
        let allocated = allocated.json();
        if allocated["state"] != "COMPLETED" {
            let done = self.upload(&allocated, content, None).await;
            assert_eq!(done.status, 200, "{path}: {done:?}");
        }
    }

    /// `cphash` with the description of a content.
    pub(crate) async fn hash_copy(&self, rest: &str, content: &[u8]) -> Response {
        let request = Request::new("POST", self.target(&format!("{rest}?cphash=true")))
            .header("JSize", content.len().to_string())
            .header("JMd5", md5(content))
            .header("JCreated", "2020-01-01-T00:00:00Z")
            .header("JModified", "2021-02-03-T04:05:06Z");
        self.send(request).await
    }
}
