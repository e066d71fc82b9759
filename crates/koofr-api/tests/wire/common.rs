//! What the suites share.

use std::time::Duration;

use koofr_api::{Client, auth::Credentials, builder::ClientBuilder};
use remote_core::retry::RetryPolicy;
use url::Url;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

/// A folder of files that every suite may point to.
pub(crate) const FILE: &str = r#"{"name":"a.txt","type":"file","modified":1700000000123,"size":11,
    "contentType":"text/plain","hash":"5eb63bbbe01eeed093cb22bb8f5acdc3","tags":{}}"#;

/// A client with settings that make tests quick.
pub(crate) fn builder(server: &MockServer) -> ClientBuilder {
    let policy = RetryPolicy::default()
        .with_max_attempts(3)
        .with_base_delay(Duration::from_millis(1));
    Client::builder(Url::parse(&server.uri()).expect("the server has an address"))
        .retry_policy(policy)
}

/// A client with Basic credentials.
pub(crate) fn client(server: &MockServer) -> Client {
    builder(server)
        .credentials(Credentials::basic("ann@example.org", "app password"))
        .build()
        .expect("the settings are right")
}

/// A request that must come exactly once, and its answer.
pub(crate) async fn once(
    server: &MockServer,
    mock: wiremock::MockBuilder,
    answer: ResponseTemplate,
) {
    mock.respond_with(answer).expect(1).mount(server).await;
}

/// Starts the description of a request.
pub(crate) fn request(method: &str, path: &str) -> wiremock::MockBuilder {
    Mock::given(matchers::method(method)).and(matchers::path(path))
}

/// An answer with JSON.
pub(crate) fn json(status: u16, body: impl AsRef<str>) -> ResponseTemplate {
    ResponseTemplate::new(status)
        .set_body_raw(body.as_ref().to_owned(), "application/json; charset=utf-8")
}

/// An answer with the service's form of a failure.
pub(crate) fn failure(status: u16, code: &str) -> ResponseTemplate {
    json(
        status,
        format!(r#"{{"error":{{"code":"{code}","message":"told"}},"requestId":"request-7"}}"#),
    )
}

/// The raw queries of all requests that came, in order.
pub(crate) async fn queries(server: &MockServer) -> Vec<String> {
    let requests = server
        .received_requests()
        .await
        .expect("requests are recorded");
    let query = |request: &wiremock::Request| request.url.query().unwrap_or_default().to_owned();
    requests.iter().map(query).collect()
}

/// The number of requests that came.
pub(crate) async fn count(server: &MockServer) -> usize {
    server
        .received_requests()
        .await
        .expect("requests are recorded")
        .len()
}
