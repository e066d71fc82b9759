//! Bodies of answers.

use std::time::Duration;

use futures::TryStreamExt;
use remote_core::{
    error::{Effect, Error, ErrorKind, Result, RetryAdvice},
    http::HttpSettings,
};
use serde::Deserialize;

use crate::server::{Server, client, impatient, patient};

async fn text_of(answer: &str) -> Result<String> {
    let server = Server::answering(answer).await;
    patient().send(server.get("/")).await?.text(1000).await
}

async fn error_of(answer: &str) -> Error {
    text_of(answer).await.unwrap_err()
}

#[tokio::test]
async fn a_body_of_the_promised_length_is_read() {
    let text = text_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await;
    assert_eq!(text.unwrap(), "hello");
}

#[tokio::test]
async fn a_body_shorter_than_its_length_is_an_error() {
    let error = error_of("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello").await;
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.retry_advice(), RetryAdvice::IfIdempotent(None));
}

#[tokio::test]
async fn a_chunked_body_without_its_end_is_an_error() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(
        text_of(&format!("{head}2\r\nhi\r\n0\r\n\r\n"))
            .await
            .unwrap(),
        "hi"
    );
    let error = error_of(&format!("{head}2\r\nhi\r\n")).await;
    assert_eq!(error.kind(), ErrorKind::Transport);
    let error = error_of(&format!("{head}2\r\nh")).await;
    assert_eq!(error.kind(), ErrorKind::Transport);
}

#[tokio::test]
async fn lengths_that_contradict_each_other_are_an_error() {
    error_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello").await;
    error_of("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello").await;
}

#[tokio::test]
async fn a_lost_answer_to_a_change_leaves_its_effect_unknown_unless_it_was_a_refusal() {
    for (status, effect) in [
        ("200 OK", Effect::Unknown),
        ("408 Request Timeout", Effect::Unknown),
        ("409 Conflict", Effect::NotMade),
        ("502 Bad Gateway", Effect::Unknown),
    ] {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 50\r\n\r\nhello");
        let server = Server::answering(answer).await;
        let response = patient().send(server.put("/")).await.unwrap();
        let error = response.bytes(1000).await.unwrap_err();
        assert_eq!(error.effect(), effect, "{status}");
    }
}

#[tokio::test]
async fn an_answer_to_a_change_that_cannot_be_used_leaves_its_effect_unknown() {
    let page = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>";
    let server = Server::answering(page).await;
    let response = patient().send(server.put("/")).await.unwrap();
    let error = response.json::<u64>(1000).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Protocol, Effect::Unknown)
    );
    let response = patient().send(server.put("/")).await.unwrap();
    let error = response.bytes(5).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::TooLarge, Effect::Unknown)
    );
    let response = patient().send(server.get("/")).await.unwrap();
    let error = response.bytes(5).await.unwrap_err();
    assert_eq!(error.effect(), Effect::NotMade);
}

#[tokio::test]
async fn a_body_that_stops_coming_times_out() {
    let server = Server::start(|_, mut connection| async move {
        connection.head().await;
        connection
            .send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
            .await;
        connection.rest().await;
    })
    .await;
    let mut stream = impatient()
        .send(server.get("/"))
        .await
        .unwrap()
        .into_stream();
    assert_eq!(stream.try_next().await.unwrap().unwrap(), "hello");
    let error = stream.try_next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(stream.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_body_that_drips_is_read_to_its_end() {
    let server = Server::start(|_, mut connection| async move {
        connection.head().await;
        connection
            .send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
            .await;
        for byte in b"dripping" {
            tokio::time::sleep(Duration::from_millis(150)).await;
            connection.send([*byte]).await;
        }
        connection.finish().await;
    })
    .await;
    // All of it takes longer than the body may stand still, and each pause is far from it.
    let settings = HttpSettings::default().with_idle_timeout(Duration::from_secs(1));
    let response = client(&settings).send(server.get("/")).await.unwrap();
    assert_eq!(response.text(100).await.unwrap(), "dripping");
}

#[tokio::test]
async fn a_slow_reader_is_not_taken_for_a_slow_service() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let mut stream = impatient()
        .send(server.get("/"))
        .await
        .unwrap()
        .into_stream();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(stream.try_next().await.unwrap().unwrap(), "ok");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(stream.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_with_and_without_a_length() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    ] {
        let server = Server::answering(answer).await;
        let client = patient();
        let error = client
            .send(server.get("/"))
            .await
            .unwrap()
            .bytes(4)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        let all = client
            .send(server.get("/"))
            .await
            .unwrap()
            .bytes(5)
            .await
            .unwrap();
        assert_eq!(all, "hello");
    }
}

#[tokio::test]
async fn a_compressed_answer_that_nobody_asked_for_is_refused() {
    let answer = |coding: &str| {
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: 2\r\n\r\nhi")
    };
    let error = error_of(&answer("gzip")).await;
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("gzip"), "{error}");
    assert_eq!(text_of(&answer("identity")).await.unwrap(), "hi");
}

#[tokio::test]
async fn json_is_read_and_a_page_in_its_place_is_named() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Answer {
        id: u32,
    }
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"id\":1}").await;
    let answer: Answer = patient()
        .send(server.get("/"))
        .await
        .unwrap()
        .json(100)
        .await
        .unwrap();
    assert_eq!(answer, Answer { id: 1 });

    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 21\r\n\r\n<title>Hotel</title>\n",
    )
    .await;
    let response = patient().send(server.get("/")).await.unwrap();
    let error = response.json::<Answer>(100).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    let text = error.to_string();
    assert!(
        text.contains("text/html") && text.contains("Hotel"),
        "{text}"
    );
    assert!(error.help().unwrap().contains("address"));
}

#[tokio::test]
async fn statuses_and_headers_are_handed_over_as_they_are() {
    let server = Server::answering(
        "HTTP/1.1 418 Teapot\r\nX-Raw: \x01\u{fc}\r\nContent-Length: 0\r\n\r\n".replace('\x01', ""),
    )
    .await;
    let response = patient().send(server.get("/")).await.unwrap();
    assert_eq!(response.status().as_u16(), 418);
    assert_eq!(response.header("x-raw"), Some("\u{fc}".as_bytes()));
    assert_eq!(response.header("x-none"), None);
    assert_eq!(response.content_length(), Some(0));
    assert_eq!(response.url_host(), format!("127.0.0.1:{}", server.port()));
}
