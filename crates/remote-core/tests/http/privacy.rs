//! What is told, and what is not.

use remote_core::{
    error::report,
    http::{Body, HttpClient, HttpSettings, Method, Proxy, Request},
    secret::Secret,
};
use url::Url;

use crate::server::{Server, patient};

#[test]
fn debug_output_holds_no_secret() {
    let proxy = Url::parse("http://me:hunter2@proxy.example:3128/").unwrap();
    let settings = HttpSettings::default()
        .with_proxy(Proxy::Url(proxy))
        .with_extra_root("hunter2");
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert!(format!("{settings:?}").contains("proxy.example:3128"));

    let url = Url::parse("https://me:hunter2@h.example/a?token=hunter2").unwrap();
    let request = Request::new(Method::PUT, url, "test")
        .authorization(Secret::new("hunter2"))
        .body(Body::Bytes("hunter2".into()));
    let text = format!("{request:?}");
    assert!(
        text.contains("https://h.example/a") && !text.contains("hunter2"),
        "{text}"
    );
    assert!(!format!("{:?}", Body::Bytes("hunter2".into())).contains("hunter2"));
}

#[tokio::test]
async fn errors_and_answers_name_the_host_and_no_query() {
    let server = Server::start(|_, mut connection| async move {
        connection.head().await;
    })
    .await;
    let request = server
        .get("/path?token=hunter2")
        .authorization(Secret::new("Bearer hunter2"));
    let error = patient().send(request).await.unwrap_err();
    for text in [report(&error), format!("{error:?}")] {
        assert!(text.contains("127.0.0.1"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let response = patient()
        .send(server.get("/path?token=hunter2"))
        .await
        .unwrap();
    assert!(!format!("{response:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_proxy_is_not_asked_for_addresses_of_this_machine() {
    let proxy = Server::answering("HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n").await;
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let settings = HttpSettings::default()
        .with_proxy(Proxy::Url(proxy.url("/")))
        .with_allow_plain_http(true);
    let client = HttpClient::new(&settings).unwrap();
    let response = client.send(server.get("/")).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(proxy.connections(), 0);
    let url = Url::parse("http://h.example/").unwrap();
    let response = client
        .send(Request::new(Method::GET, url, "test"))
        .await
        .unwrap();
    assert_eq!(response.status(), 502);
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn clients_can_be_shared_between_tasks() {
    fn shared<T: Clone + std::fmt::Debug + Send + Sync + 'static>() {}
    fn sendable<T: Send>(_: T) {}
    shared::<HttpClient>();
    shared::<HttpSettings>();
    let client = patient();
    let url = Url::parse("https://h.example/").unwrap();
    sendable(client.send(Request::new(Method::GET, url, "test")));
}
