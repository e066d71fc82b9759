//! The same promises over HTTP/2, which has streams instead of connections.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use remote_core::{
    error::{Effect, Error, ErrorKind},
    http::{Body, HttpClient, HttpSettings, Method, Request},
};
use url::Url;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method},
};

fn client(settings: &HttpSettings) -> HttpClient {
    let inner = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    HttpClient::with_reqwest(inner, settings)
}

fn put(server: &MockServer, body: Body) -> Request {
    let url = Url::parse(&server.uri()).unwrap();
    Request::new(Method::PUT, url, "test")
        .changes(true)
        .body(body)
}

#[tokio::test]
async fn a_stream_arrives_whole_with_its_length() {
    let server = MockServer::start().await;
    Mock::given(method("PUT"))
        .and(header("content-length", "300000"))
        .respond_with(ResponseTemplate::new(201).set_body_string("stored"))
        .mount(&server)
        .await;
    let parts = vec![Ok(Bytes::from(vec![b'x'; 150_000])); 2]
        .into_iter()
        .map(|part: Result<_, ErrorKind>| part.map_err(Error::from));
    let body = Body::stream(stream::iter(parts).boxed(), Some(300_000));
    let response = client(&HttpSettings::default())
        .send(put(&server, body))
        .await
        .unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.text(100).await.unwrap(), "stored");
    assert_eq!(
        server.received_requests().await.unwrap()[0].body.len(),
        300_000
    );
}

#[tokio::test]
async fn the_error_of_the_source_is_returned_as_it_is() {
    let server = MockServer::start().await;
    let failure = Error::with_message(ErrorKind::SourceFailed, "told by the source");
    let parts = vec![Ok("half".into()), Err(failure)];
    let body = Body::stream(stream::iter(parts).boxed(), Some(8));
    let request = put(&server, body);
    let error = client(&HttpSettings::default())
        .send(request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceFailed);
    assert_eq!(error.to_string(), "told by the source");
    assert_eq!(error.effect(), Effect::NotMade);
}

#[tokio::test]
async fn a_server_that_does_not_answer_times_out() {
    let server = MockServer::start().await;
    Mock::given(method("PUT"))
        .respond_with(ResponseTemplate::new(200).set_delay(Duration::from_secs(60)))
        .mount(&server)
        .await;
    let short = Duration::from_millis(200);
    let settings = HttpSettings::default()
        .with_connect_timeout(short)
        .with_response_timeout(short);
    let error = client(&settings)
        .send(put(&server, Body::Bytes("x".into())))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.effect(), Effect::Unknown);
}
