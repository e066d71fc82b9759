//! Redirects between servers.

use remote_core::{
    error::ErrorKind,
    http::{Method, StatusCode},
    secret::Secret,
};

use crate::server::{Server, patient};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere";

fn redirect(status: u16, to: &str) -> String {
    format!("HTTP/1.1 {status} Go\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
}

/// Redirects `/from` to `/to`, and answers there with the head of the request.
async fn mirror(status: u16) -> Server {
    Server::start(move |_, mut connection| async move {
        loop {
            let head = connection.head().await;
            if head.is_empty() {
                return;
            }
            if head.contains(" /from ") {
                connection.send(redirect(status, "/to")).await;
            } else {
                let length = head.len();
                connection
                    .send(format!(
                        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{head}"
                    ))
                    .await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn reading_requests_follow_every_kind_of_redirect_with_their_headers() {
    for status in [301, 302, 303, 307, 308] {
        let server = mirror(status).await;
        let request = server
            .get("/from")
            .header("range", "bytes=0-1")
            .authorization(Secret::new("Basic abc"));
        let client = patient();
        let head = client
            .send(request)
            .await
            .unwrap()
            .text(10_000)
            .await
            .unwrap();
        assert!(head.starts_with("GET /to "), "{head}");
        assert!(head.contains("range: bytes=0-1"), "{head}");
        assert!(head.contains("authorization: Basic abc"), "{head}");
        assert_eq!(client.request_count(), 2);
    }
}

#[tokio::test]
async fn a_foreign_host_gets_no_credentials_and_only_if_allowed() {
    let foreign = Server::start(|_, mut connection| async move {
        let head = connection.head().await;
        let length = head.len();
        connection
            .send(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{head}"
            ))
            .await;
        connection.finish().await;
    })
    .await;
    // Another name for this machine is another host.
    let to = format!("http://localhost:{}/x?sig=1", foreign.port());
    let server = Server::answering(redirect(302, &to)).await;
    let client = patient();
    let request = || {
        server
            .get("/")
            .authorization(Secret::new("Basic abc"))
            .header("cookie", "session=1")
            .header("range", "bytes=0-1")
    };
    let error = client.send(request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    let text = error.to_string();
    assert!(
        text.contains("127.0.0.1") && text.contains("localhost"),
        "{text}"
    );
    assert!(!text.contains("sig"), "{text}");
    assert_eq!(foreign.connections(), 0);

    let response = client
        .send(request().allow_foreign_redirect(true))
        .await
        .unwrap();
    assert_eq!(response.url_host(), format!("localhost:{}", foreign.port()));
    let head = response.text(10_000).await.unwrap();
    assert!(head.contains("range"), "{head}");
    assert!(
        !head.contains("authorization") && !head.contains("cookie"),
        "{head}"
    );
}

#[tokio::test]
async fn another_port_of_the_same_host_is_foreign() {
    let other = Server::answering(OK).await;
    let server = Server::answering(redirect(302, other.url("/").as_str())).await;
    let error = patient().send(server.get("/")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn a_redirect_to_plain_http_elsewhere_is_refused_even_if_foreign_hosts_are_allowed() {
    let server = Server::answering(redirect(302, "http://h.example/")).await;
    let request = server.get("/").allow_foreign_redirect(true);
    let error = patient().send(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("plain http"), "{error}");
}

#[tokio::test]
async fn changing_requests_are_not_sent_elsewhere() {
    let server = mirror(307).await;
    for request in [
        server.put("/from"),
        remote_core::http::Request::new(Method::POST, server.url("/from"), "test"),
    ] {
        let error = patient().send(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert_eq!(error.http_status(), Some(307));
        assert!(error.to_string().contains("redirects"), "{error}");
    }
}

#[tokio::test]
async fn a_loop_ends() {
    let looping = Server::answering(redirect(302, "/")).await;
    let client = patient();
    let error = client.send(looping.get("/")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("again"), "{error}");
    assert_eq!(client.request_count(), 6);
}

#[tokio::test]
async fn a_redirect_is_returned_as_it_is_on_request() {
    let server = mirror(302).await;
    let request = server.get("/from").follow_redirects(false);
    let response = patient().send(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
    assert_eq!(response.header("location"), Some(b"/to".as_slice()));
}

#[tokio::test]
async fn not_modified_is_an_answer() {
    let server = Server::answering("HTTP/1.1 304 Not Modified\r\n\r\n").await;
    let response = patient().send(server.get("/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
}
