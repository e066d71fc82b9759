//! Requests that get no answer.

use std::{sync::Arc, time::Duration};

use remote_core::{
    error::{Effect, ErrorKind, RetryAdvice},
    http::{HttpSettings, Method, Proxy, Request},
    retry::{Idempotency, Pacer, Retry, RetryPolicy},
};
use tokio::net::TcpListener;
use url::Url;

use crate::server::{Server, client, impatient, patient};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_refused_connection_is_safe_to_repeat_and_changed_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = Url::parse(&format!("http://{address}/")).unwrap();
    let request = Request::new(Method::PUT, url, "test").changes(true);
    let error = patient().send(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.retry_advice(), RetryAdvice::Safe(None));
    assert_eq!(error.effect(), Effect::NotMade);
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    assert!(error.help().unwrap().contains("port"));
}

#[tokio::test]
async fn an_unknown_host_says_that_it_cannot_be_found() {
    let settings = HttpSettings::default().with_proxy(Proxy::None);
    // The ending is reserved for names that do not exist.
    let url = Url::parse("https://nowhere.invalid/").unwrap();
    let error = client(&settings)
        .send(Request::new(Method::GET, url, "test"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.retry_advice(), RetryAdvice::Safe(None));
    assert!(error.to_string().contains("nowhere.invalid"), "{error}");
}

#[tokio::test]
async fn a_connection_cut_after_the_request_leaves_the_effect_unknown() {
    let server = Server::start(|_, mut connection| async move {
        connection.head().await;
    })
    .await;
    let error = patient().send(server.put("/")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.retry_advice(), RetryAdvice::IfIdempotent(None));
    assert_eq!(error.effect(), Effect::Unknown);
    let error = patient().send(server.get("/")).await.unwrap_err();
    assert_eq!(error.effect(), Effect::NotMade);
}

#[tokio::test]
async fn a_server_that_never_answers_times_out_with_unknown_effect() {
    let server = Server::start(|_, mut connection| async move {
        connection.rest().await;
    })
    .await;
    let error = impatient().send(server.put("/")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.retry_advice(), RetryAdvice::IfIdempotent(None));
    assert_eq!(error.effect(), Effect::Unknown);
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_protocol_error() {
    let server = Server::answering("SSH-2.0-OpenSSH_9.2\r\n").await;
    let error = patient().send(server.get("/")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(error.retry_advice(), RetryAdvice::Never);
}

#[tokio::test]
async fn headers_without_end_are_bounded() {
    let mut answer = b"HTTP/1.1 200 OK\r\nX-Long: ".to_vec();
    answer.resize(8 * 1024 * 1024, b'a');
    let server = Server::answering(answer).await;
    let error = patient().send(server.get("/")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn an_unused_connection_that_the_server_closed_does_no_harm() {
    let server = Server::start(|_, mut connection| async move {
        connection.head().await;
        connection.send(OK).await;
    })
    .await;
    let client = patient();
    for _ in 0..5 {
        let response = client.send(server.get("/")).await.unwrap();
        assert_eq!(response.text(10).await.unwrap(), "ok");
    }
    assert_eq!(client.request_count(), 5);
}

#[tokio::test]
async fn the_third_attempt_succeeds() {
    let server = Server::start(|number, mut connection| async move {
        connection.head().await;
        match number {
            0 => {}
            1 => {
                connection
                    .send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
                    .await;
            }
            _ => {
                connection.send(OK).await;
                connection.finish().await;
            }
        }
    })
    .await;
    let client = patient();
    let policy = RetryPolicy::default().with_base_delay(Duration::from_millis(1));
    let text = Retry::new(policy, Pacer::new())
        .run(Idempotency::Idempotent, |attempt| {
            let request = server.get("/").attempt(attempt.number);
            let client = client.clone();
            async move { client.send(request).await?.text(10).await }
        })
        .await
        .unwrap();
    assert_eq!(text, "ok");
    assert_eq!(client.request_count(), 3);
}

#[tokio::test]
async fn connections_are_used_again_when_bodies_are_read_or_drained() {
    let server = Server::start(|_, mut connection| async move {
        loop {
            if connection.head().await.is_empty() {
                return;
            }
            connection.send(OK).await;
        }
    })
    .await;
    let client = patient();
    client
        .send(server.get("/"))
        .await
        .unwrap()
        .bytes(2)
        .await
        .unwrap();
    client.send(server.get("/")).await.unwrap().drain().await;
    client.send(server.get("/")).await.unwrap().drain().await;
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn requests_that_must_not_be_sent_are_refused_before_any_connection() {
    let client = Arc::new(patient());
    for text in ["http://h.example/", "ftp://127.0.0.1/"] {
        let request = Request::new(Method::GET, Url::parse(text).unwrap(), "test");
        let error = client.send(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
        assert!(error.help().is_some());
    }
    let url = Url::parse("http://127.0.0.1:1/").unwrap();
    let broken = Request::new(Method::GET, url, "test").header("x-a", "line\nbreak");
    let error = client.send(broken).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(!error.to_string().contains("break"), "{error}");
    assert_eq!(client.request_count(), 0);
}

#[test]
fn broken_settings_say_what_is_broken() {
    use remote_core::http::HttpClient;

    let cases = [
        (
            HttpSettings::default().with_extra_root("no certificate"),
            "certificate",
        ),
        (HttpSettings::default().with_user_agent("a\nb"), "settings"),
    ];
    for (settings, word) in cases {
        let error = HttpClient::new(&settings).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[tokio::test]
async fn limits_can_be_taken_away() {
    let server = Server::answering(OK).await;
    let settings = HttpSettings::default()
        .with_connect_timeout(Duration::MAX)
        .with_idle_timeout(Duration::MAX)
        .with_response_timeout(Duration::MAX);
    let request = server.get("/").response_timeout(Duration::MAX);
    let response = client(&settings).send(request).await.unwrap();
    assert_eq!(response.text(10).await.unwrap(), "ok");
}
