//! What the suites share.

use std::time::{Duration, SystemTime};

use jotta_api::{
    Client, JottaRemote, addresses::Addresses, api::files::ContentTimes, auth::Credentials,
    builder::ClientBuilder, location::Location,
};
use remote_core::{
    hash::{HashAlgorithm, HashValue},
    path::RemotePath,
    retry::RetryPolicy,
};
use url::Url;
use wiremock::{Mock, MockBuilder, MockServer, ResponseTemplate, matchers};

/// The beginning of every path of the XML interface.
pub(crate) const ARCHIVE: &str = "/jfs/u1/Jotta/Archive";

/// What clients of a mock server send with every request but those that anybody may make.
pub(crate) const BEARER: &str = "Bearer canary-token";

/// All addresses of the service on a mock server.
pub(crate) fn addresses(server: &MockServer) -> Addresses {
    let url = |path: &str| Url::parse(&format!("{}{path}", server.uri())).unwrap();
    Addresses::default()
        .with_jfs(url("/jfs/"))
        .and_then(|addresses| addresses.with_api(url("/")))
        .and_then(|addresses| addresses.with_identity(url("/")))
        .unwrap()
}

/// Repetitions without delays.
pub(crate) fn impatient() -> RetryPolicy {
    RetryPolicy::default()
        .with_max_attempts(3)
        .with_base_delay(Duration::from_millis(1))
}

pub(crate) fn builder(server: &MockServer) -> ClientBuilder {
    Client::builder(Credentials::token("canary-token"))
        .addresses(addresses(server))
        .username("u1")
        .retry_policy(impatient())
}

/// A client that knows the name of its user.
pub(crate) fn client(server: &MockServer) -> Client {
    builder(server).build().unwrap()
}

pub(crate) fn remote(server: &MockServer) -> JottaRemote {
    JottaRemote::builder(client(server)).build()
}

pub(crate) fn archive() -> Location {
    Location::new("Jotta", "Archive")
}

pub(crate) fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).unwrap()
}

pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A content with times that show in headers: 2023-11-14T22:13:20Z made, ten seconds later changed.
pub(crate) fn described(content: &str) -> ContentTimes {
    let md5 = HashValue::of(HashAlgorithm::Md5, content.as_bytes());
    let (created, modified) = (at(1_700_000_000), at(1_700_000_010));
    ContentTimes::new(content.len() as u64, md5, modified).with_created(created)
}

/// Starts the description of a request.
pub(crate) fn request(method: &str, path: &str) -> MockBuilder {
    Mock::given(matchers::method(method)).and(matchers::path(path))
}

/// A request that must come exactly once, signed, and its answer.
pub(crate) async fn once(server: &MockServer, mock: MockBuilder, answer: ResponseTemplate) {
    let mock = mock.and(matchers::header("authorization", BEARER));
    mock.respond_with(answer).expect(1).mount(server).await;
}

pub(crate) fn xml(body: impl Into<String>) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body.into(), "application/xml; charset=utf-8")
}

pub(crate) fn json(status: u16, body: impl AsRef<str>) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body.as_ref().to_owned(), "application/json")
}

/// The service's form of a failure in the XML interface.
pub(crate) fn failure(status: u16, class: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(
        format!(
            "<error><code>{status}</code><message>no.jotta.backup.errors.{class}: told</message><x-id>77</x-id></error>"
        ),
        "application/xml",
    )
}

/// A file with one completed revision.
pub(crate) fn file(name: &str, content: &str) -> String {
    let described = described(content);
    format!(
        "<file name=\"{name}\"><currentRevision><number>1</number><state>COMPLETED</state><created>2023-11-14-T22:13:20Z</created>\
         <modified>2023-11-14-T22:13:30Z</modified><size>{}</size><md5>{}</md5></currentRevision></file>",
        described.bytes, described.md5
    )
}

/// Method, path and query of all requests that came, in order.
pub(crate) async fn trace(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    let line = |request: &wiremock::Request| {
        let query = request.url.query().map(|query| format!("?{query}"));
        let query = query.unwrap_or_default();
        format!("{} {}{query}", request.method, request.url.path())
    };
    requests.iter().map(line).collect()
}

/// The only request that came.
pub(crate) async fn only(server: &MockServer) -> wiremock::Request {
    let mut requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests.remove(0)
}

/// The value of a header, empty if it is not there.
pub(crate) fn header<'a>(request: &'a wiremock::Request, name: &str) -> &'a str {
    let value = request.headers.get(name);
    value.map_or("", |value| value.to_str().unwrap())
}
