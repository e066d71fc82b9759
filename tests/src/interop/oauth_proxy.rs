//! Somebody's server between people and a service: it holds the application that the service knows, and gives its users ids of its own.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use remote_emulator::acd::AcdHandle;
use url::{Url, form_urlencoded};

use crate::{
    interop::http,
    raw::{RawRequest, RawServer, answer},
};

/// The id that its users have.
pub const CLIENT_ID: &str = "proxy-user";

/// The secret that goes with it.
pub const CLIENT_SECRET: &str = "proxy secret+/=";

/// A running server of that kind. It takes id and secret in the form only, and answers with forms.
#[derive(Debug)]
pub struct OAuthProxy {
    server: RawServer,
}

impl OAuthProxy {
    /// Starts one in front of Amazon Drive.
    pub async fn start(service: &AcdHandle) -> Self {
        let service = service.clone();
        let server = RawServer::start(move |_, mut connection| {
            let service = service.clone();
            async move {
                let Some(request) = connection.request().await else {
                    return;
                };
                connection.send(serve(&service, &request).await).await;
                connection.finish().await;
            }
        });
        Self {
            server: server.await,
        }
    }

    /// Where people begin; the address has a parameter already.
    #[must_use]
    pub fn auth_url(&self) -> String {
        format!("{}/begin?for=acd", self.server.url())
    }

    /// Where codes and refresh tokens are traded.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("{}/token", self.server.url())
    }

    /// How many requests it was sent.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.server.requests()
    }
}

type Pairs = Vec<(String, String)>;

fn pairs(text: &[u8]) -> Pairs {
    form_urlencoded::parse(text).into_owned().collect()
}

fn value<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value)
}

/// The same with the application that the service knows.
fn translated(pairs: &Pairs, service: &AcdHandle) -> Pairs {
    let own = |name: &str| matches!(name, "client_id" | "client_secret" | "for");
    let mut kept: Pairs = pairs
        .iter()
        .filter(|(name, _)| !own(name))
        .cloned()
        .collect();
    kept.push(("client_id".to_owned(), service.client_id().to_owned()));
    kept
}

async fn serve(service: &AcdHandle, request: &RawRequest) -> Vec<u8> {
    let mut words = request.head.split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = pairs(query.as_bytes());
    match (method, path) {
        ("GET", "/begin") if value(&query, "for") == "acd" => begin(service, &query),
        ("POST", "/token") => trade(service, &pairs(&request.body)).await,
        _ => answer("404 Not Found", "text/plain", "no such page"),
    }
}

fn begin(service: &AcdHandle, query: &Pairs) -> Vec<u8> {
    if value(query, "client_id") != CLIENT_ID {
        return answer("403 Forbidden", "text/plain", "who are you?");
    }
    let mut page = Url::parse(&service.auth_url()).expect("the emulator has an address");
    page.query_pairs_mut()
        .extend_pairs(translated(query, service));
    format!(
        "HTTP/1.1 302 Found\r\nlocation: {page}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
    .into_bytes()
}

async fn trade(service: &AcdHandle, form: &Pairs) -> Vec<u8> {
    let known =
        value(form, "client_id") == CLIENT_ID && value(form, "client_secret") == CLIENT_SECRET;
    if !known {
        let refusal = r#"{"error":"invalid_client"}"#;
        return answer("401 Unauthorized", "application/json", refusal);
    }
    let credentials = format!("{}:{}", service.client_id(), service.client_secret());
    let credentials = format!("Authorization: Basic {}", STANDARD.encode(credentials));
    let form = encoded(&translated(form, service));
    let traded = http::post_form(&service.token_url(), &[&credentials], form.as_bytes()).await;
    let token: serde_json::Value = serde_json::from_slice(&traded.body).unwrap_or_default();
    let Some(token) = token.as_object().filter(|_| traded.status == 200) else {
        return answer("400 Bad Request", "application/json", &traded.body);
    };
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let pairs = token.iter().map(|(name, value)| {
        (
            name.clone(),
            text(value).unwrap_or_else(|| value.to_string()),
        )
    });
    let form = encoded(&pairs.collect());
    answer("200 OK", "application/x-www-form-urlencoded", form)
}

fn encoded(pairs: &Pairs) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs).finish()
}
