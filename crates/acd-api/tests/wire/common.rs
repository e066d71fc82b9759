//! What the suites share.

use std::time::Duration;

use acd_api::{Client, addresses::Addresses, auth::Credentials, builder::ClientBuilder};
use remote_core::{error::Result, retry::RetryPolicy};
use serde_json::Value;
use url::{Position, Url};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

/// What every request has to carry.
pub(crate) const BEARER: &str = "Bearer Atza|token";

/// A file as the service describes it.
pub(crate) const FILE: &str = r#"{"id":"n1","name":"a.txt","kind":"FILE","version":4,"parents":["p1"],"status":"AVAILABLE",
    "createdBy":"acd-api","modifiedDate":"2016-05-15T20:29:17.466Z","labels":["x"],
    "contentProperties":{"version":2,"size":11,"md5":"5eb63bbbe01eeed093cb22bb8f5acdc3","contentType":"text/plain"}}"#;

/// An address of the server.
pub(crate) fn at(server: &MockServer, path: &str) -> Url {
    let url = Url::parse(&server.uri()).expect("the server has an address");
    url.join(path).expect("an address")
}

/// Few repetitions with delays too short to wait for.
pub(crate) fn quick() -> RetryPolicy {
    RetryPolicy::default()
        .with_max_attempts(3)
        .with_base_delay(Duration::from_millis(1))
        .with_max_delay(Duration::from_millis(2))
}

/// A client that asks for its addresses below `/b/`.
pub(crate) fn asking(server: &MockServer) -> ClientBuilder {
    Client::builder(Credentials::token("Atza|token"))
        .endpoint_url(at(server, "/b/"))
        .retry_policy(quick())
}

/// A client that knows its addresses: `/m/` for metadata, `/c/` for contents.
pub(crate) fn builder(server: &MockServer) -> ClientBuilder {
    let addresses = Addresses::new(at(server, "/b/"))
        .with_metadata_url(at(server, "/m/"))
        .with_content_url(at(server, "/c/"));
    asking(server).addresses(addresses)
}

/// Like [`builder`], made.
pub(crate) fn client(server: &MockServer) -> Client {
    builder(server).build().expect("the settings are right")
}

/// Starts the description of a request.
pub(crate) fn request(method: &str, path: &str) -> wiremock::MockBuilder {
    Mock::given(matchers::method(method)).and(matchers::path(path))
}

/// Gives this answer to every request.
pub(crate) async fn answer_all(server: &MockServer, answer: ResponseTemplate) {
    Mock::given(matchers::any())
        .respond_with(answer)
        .mount(server)
        .await;
}

/// Gives these answers, one after the other, to requests for a path, the last one also to all further ones.
pub(crate) async fn answers(server: &MockServer, path: &str, answers: &[ResponseTemplate]) {
    let (last, first) = answers.split_last().expect("there is an answer");
    for answer in first {
        Mock::given(matchers::path(path))
            .respond_with(answer.clone())
            .up_to_n_times(1)
            .mount(server)
            .await;
    }
    Mock::given(matchers::path(path))
        .respond_with(last.clone())
        .mount(server)
        .await;
}

/// An answer with JSON.
pub(crate) fn json(status: u16, body: impl AsRef<str>) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body.as_ref().to_owned(), "application/json")
}

/// An answer in the service's form of a failure.
pub(crate) fn failure(status: u16, message: &str) -> ResponseTemplate {
    let body = format!(r#"{{"logref":"l-1","message":"{message}","code":""}}"#);
    ResponseTemplate::new(status)
        .set_body_raw(body, "application/vnd.error+json")
        .insert_header("x-amzn-RequestId", "r-7")
}

/// Method, path and query of a request, exactly as they were sent.
pub(crate) fn line(request: &Request) -> String {
    format!(
        "{} {}",
        request.method,
        &request.url[Position::BeforePath..]
    )
}

/// A header of a request; empty when it has none.
pub(crate) fn header<'r>(request: &'r Request, name: &str) -> &'r str {
    let value = request.headers.get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// All requests that came, in order.
pub(crate) async fn received(server: &MockServer) -> Vec<Request> {
    server
        .received_requests()
        .await
        .expect("requests are recorded")
}

/// The lines of all requests that came, in order.
pub(crate) async fn lines(server: &MockServer) -> Vec<String> {
    received(server).await.iter().map(line).collect()
}

/// The number of requests that came.
pub(crate) async fn count(server: &MockServer) -> usize {
    received(server).await.len()
}

/// What one call of one method sent and returned.
pub(crate) struct Exchange<T> {
    /// Method, path and query.
    pub(crate) line: String,
    /// The body, read as JSON; null without one.
    pub(crate) body: Value,
    pub(crate) result: Result<T>,
}

/// Makes a call that has to send exactly one request: with the token, without anything that is not JSON.
pub(crate) async fn exchange<T>(
    answer: ResponseTemplate,
    call: impl AsyncFnOnce(Client) -> Result<T>,
) -> Exchange<T> {
    let server = MockServer::start().await;
    answer_all(&server, answer).await;
    let result = call(client(&server)).await;
    let requests = received(&server).await;
    let [request] = requests.as_slice() else {
        panic!("{:?}", lines(&server).await);
    };
    assert_eq!(header(request, "authorization"), BEARER);
    let body = if request.body.is_empty() {
        assert_eq!(header(request, "content-type"), "");
        if !request.method.is_safe() {
            assert_eq!(header(request, "content-length"), "0");
        }
        Value::Null
    } else {
        assert_eq!(header(request, "content-type"), "application/json");
        serde_json::from_slice(&request.body).expect("the body is JSON")
    };
    Exchange {
        line: line(request),
        body,
        result,
    }
}
