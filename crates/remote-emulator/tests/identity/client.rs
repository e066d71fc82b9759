//! The smallest client that shows what is on the wire: one request per connection.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use remote_emulator::Emulator;
use remote_emulator::identity::{IdentityConfig, IdentityHandle};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Nothing here takes long; a test that hangs fails instead.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) const TOKEN: &str = "/auth/realms/jottacloud/protocol/openid-connect/token";
pub(crate) const AUTH: &str = "/auth/realms/jottacloud/protocol/openid-connect/auth";
pub(crate) const USERINFO: &str = "/auth/realms/jottacloud/protocol/openid-connect/userinfo";

/// An answer; everything empty when the connection was closed without one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn field(&self, name: &str) -> String {
        let json = self.json();
        json[name].as_str().unwrap_or_default().to_owned()
    }

    /// Status, error and description, as the specification puts it.
    pub(crate) fn outcome(&self) -> String {
        let json: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let part = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let text = format!(
            "{} {} {}",
            self.status,
            part("error"),
            part("error_description")
        );
        text.trim().to_owned()
    }
}

pub(crate) struct Server {
    pub(crate) emulator: Emulator,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(IdentityConfig::default()).await
    }

    pub(crate) async fn with(config: IdentityConfig) -> Self {
        let emulator = Emulator::builder().identity(config).start().await.unwrap();
        Self { emulator }
    }

    pub(crate) fn identity(&self) -> &IdentityHandle {
        self.emulator.identity()
    }

    pub(crate) async fn get(&self, target: &str) -> Response {
        self.send("GET", target, &[], "").await
    }

    pub(crate) async fn bearer(&self, token: &str) -> Response {
        let header = [("Authorization", format!("Bearer {token}"))];
        self.send("GET", USERINFO, &header, "").await
    }

    /// A form by POST.
    pub(crate) async fn form(&self, target: &str, fields: &[(&str, &str)]) -> Response {
        self.form_with(target, &[], fields).await
    }

    pub(crate) async fn form_with(
        &self,
        target: &str,
        headers: &[(&str, String)],
        fields: &[(&str, &str)],
    ) -> Response {
        let mut all = vec![(
            "Content-Type",
            "application/x-www-form-urlencoded".to_owned(),
        )];
        all.extend_from_slice(headers);
        self.send("POST", target, &all, &encode(fields)).await
    }

    /// A refresh of the realm `jottacloud` with the client in the form.
    pub(crate) async fn refresh(&self, token: &str) -> Response {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", "jottacli"),
        ];
        self.form(TOKEN, &fields).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, String)],
        body: &str,
    ) -> Response {
        let address = self.identity().url().strip_prefix("http://").unwrap();
        let mut head = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head += &format!("Host: {address}\r\n");
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let exchange = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.unwrap();
            String::from_utf8(bytes).unwrap()
        };
        parse(&tokio::time::timeout(DEADLINE, exchange).await.unwrap())
    }
}

fn parse(text: &str) -> Response {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Response::default();
    };
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap_or((line, "")));
    Response {
        status: status.parse().unwrap(),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        text: body.to_owned(),
    }
}

pub(crate) fn encode(fields: &[(&str, &str)]) -> String {
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    pairs.collect::<Vec<_>>().join("&")
}

pub(crate) fn basic(id: &str, secret: &str) -> (&'static str, String) {
    let value = STANDARD.encode(format!("{id}:{secret}"));
    ("Authorization", format!("Basic {value}"))
}

/// What a personal login token says.
pub(crate) fn decode_login_token(token: &str) -> Value {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).unwrap()).unwrap()
}

/// The claims of a token.
pub(crate) fn claims(token: &str) -> Value {
    decode_login_token(token.split('.').nth(1).unwrap())
}
