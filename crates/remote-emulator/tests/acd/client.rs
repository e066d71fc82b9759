//! The smallest client that shows what is on the wire: one request per connection.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use remote_emulator::acd::{AcdConfig, AcdHandle, AcdSettings};
use remote_emulator::{Emulator, EmulatorBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Nothing here takes long; a test that hangs fails instead.
const DEADLINE: Duration = Duration::from_secs(30);

const BOUNDARY: &str = "0123456789abcdef";

/// An answer; everything empty when the connection was closed without one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The id of the node that was answered.
    pub(crate) fn id(&self) -> String {
        let id = self.json()["id"].as_str().map(str::to_owned);
        id.unwrap_or_else(|| panic!("no id: {}", self.text()))
    }

    /// Status and code of the error document.
    pub(crate) fn outcome(&self) -> String {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let code = json["code"].as_str().unwrap_or_default();
        format!("{} {code}", self.status).trim().to_owned()
    }

    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap().to_owned()
    }

    /// The names in a collection.
    pub(crate) fn names(&self) -> Vec<String> {
        let json = self.json();
        let data = json["data"].as_array().unwrap();
        let name = |node: &Value| node["name"].as_str().unwrap_or("-").to_owned();
        data.iter().map(name).collect()
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        let text = self.text();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A running service and the token of somebody who signed in.
pub(crate) struct Server {
    pub(crate) emulator: Emulator,
    pub(crate) token: String,
    pub(crate) root: String,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut AcdSettings)) -> Self {
        let mut settings = AcdSettings::default();
        change(&mut settings);
        Self::build(Emulator::builder().acd(AcdConfig::default().settings(settings))).await
    }

    pub(crate) async fn build(builder: EmulatorBuilder) -> Self {
        let emulator = builder.start().await.unwrap();
        let token = emulator.acd().sign_in().unwrap().access_token;
        let root = emulator.acd().root_id();
        Self {
            emulator,
            token,
            root,
        }
    }

    pub(crate) fn acd(&self) -> &AcdHandle {
        self.emulator.acd()
    }

    /// Sends these bytes and reads the answer to its end.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Response {
        let address = self.acd().url().strip_prefix("http://").unwrap();
        let exchange = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // The server may close while this is written, which is what some tests are about.
            drop(stream.write_all(bytes).await);
            let mut answer = Vec::new();
            drop(stream.read_to_end(&mut answer).await);
            answer
        };
        parse(&tokio::time::timeout(DEADLINE, exchange).await.unwrap())
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let has = |name: &str| headers.iter().any(|(key, _)| *key == name);
        let mut head = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
        if !has("Host") {
            head += &format!(
                "Host: {}\r\n",
                self.acd().url().strip_prefix("http://").unwrap()
            );
        }
        if !has("Authorization") {
            head += &format!("Authorization: Bearer {}\r\n", self.token);
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            head += &format!("{name}: {value}\r\n");
        }
        if !has("Transfer-Encoding") {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend_from_slice(body);
        self.raw(&bytes).await
    }

    /// A call of the metadata host.
    pub(crate) async fn call(&self, method: &str, target: &str) -> Response {
        self.send(method, &format!("/drive/v1/{target}"), &[], b"")
            .await
    }

    pub(crate) async fn get(&self, target: &str) -> Response {
        self.call("GET", target).await
    }

    /// The same with a JSON body, without a content type as one client sent it.
    pub(crate) async fn json(&self, method: &str, target: &str, body: Value) -> Response {
        let target = format!("/drive/v1/{target}");
        let body = format!("{body}\n");
        self.send(method, &target, &[], body.as_bytes()).await
    }

    pub(crate) async fn admin(&self, method: &str, command: &str, body: Value) -> Response {
        let target = format!("/_emulator/{command}");
        let body = body.to_string();
        self.send(method, &target, &[("Authorization", "")], body.as_bytes())
            .await
    }

    pub(crate) async fn query(&self, filters: &str) -> Response {
        self.get(&format!("nodes?filters={}", escape(filters)))
            .await
    }

    pub(crate) async fn mkdir(&self, parent: &str, name: &str) -> Response {
        let body = json!({"name": name, "kind": "FOLDER", "parents": [parent]});
        self.json("POST", "nodes", body).await
    }

    /// An upload that suppresses the search for duplicates.
    pub(crate) async fn upload(&self, parent: &str, name: &str, content: &str) -> Response {
        let metadata = json!({"name": name, "kind": "FILE", "parents": [parent]});
        self.upload_as("?suppress=deduplication", &metadata, content)
            .await
    }

    pub(crate) async fn upload_as(&self, query: &str, metadata: &Value, content: &str) -> Response {
        let body = multipart(Some(metadata), content);
        self.multipart("POST", &format!("/cdproxy/nodes{query}"), &body)
            .await
    }

    pub(crate) async fn overwrite(&self, id: &str, content: &str) -> Response {
        let target = format!("/cdproxy/nodes/{id}/content");
        self.multipart("PUT", &target, &multipart(None, content))
            .await
    }

    pub(crate) async fn multipart(&self, method: &str, target: &str, body: &[u8]) -> Response {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send(method, target, &[("Content-Type", &kind)], body)
            .await
    }

    /// The same without a length.
    pub(crate) async fn chunked(&self, method: &str, target: &str, body: &[u8]) -> Response {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let headers = [
            ("Content-Type", kind.as_str()),
            ("Transfer-Encoding", "chunked"),
        ];
        let mut chunked = Vec::new();
        for piece in body.chunks(1000) {
            chunked.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            chunked.extend_from_slice(piece);
            chunked.extend_from_slice(b"\r\n");
        }
        chunked.extend_from_slice(b"0\r\n\r\n");
        self.send(method, target, &headers, &chunked).await
    }

    pub(crate) async fn download(&self, id: &str, range: &str) -> Response {
        let target = format!("/cdproxy/nodes/{id}/content");
        self.send("GET", &target, &[("Range", range)], b"").await
    }
}

/// A body as clients send it: metadata first, if any, then the content under a file name that does not count.
pub(crate) fn multipart(metadata: Option<&Value>, content: &str) -> Vec<u8> {
    let mut body = String::new();
    if let Some(metadata) = metadata {
        body += &format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{metadata}\r\n"
        );
    }
    body += &format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"content\"; filename=\"any\nthing\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{content}\r\n--{BOUNDARY}--\r\n"
    );
    body.into_bytes()
}

/// `value` as it stands in a query.
pub(crate) fn escape(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

fn parse(bytes: &[u8]) -> Response {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Response::default();
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap_or((line, "")));
    let mut response = Response {
        status: status.parse().unwrap(),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: bytes[end + 4..].to_vec(),
    };
    if response.header("transfer-encoding") == "chunked" {
        response.body = unchunk(&response.body);
    }
    response
}

fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let rest = &bytes[end + 2..];
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        if size == 0 || rest.len() < size + 2 {
            break;
        }
        bytes = &rest[size + 2..];
    }
    body
}
