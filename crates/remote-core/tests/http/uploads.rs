//! Bodies of requests.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt, stream};
use remote_core::{
    error::{Effect, Error, ErrorKind, Result, RetryAdvice},
    http::{Body, HttpSettings, StatusCode},
    progress::Progress,
};

use crate::server::{Connection, Server, client, impatient, patient};

#[derive(Debug, Default)]
struct Counter {
    moved: AtomicU64,
    restarted: AtomicU64,
}

impl Progress for Counter {
    fn moved(&self, bytes: u64) {
        self.moved.fetch_add(bytes, Ordering::Relaxed);
    }

    fn restarted(&self, bytes: u64) {
        self.restarted.fetch_add(bytes, Ordering::Relaxed);
    }
}

fn pieces(pieces: Vec<Result<Bytes>>, size: Option<u64>) -> Body {
    Body::stream(stream::iter(pieces).boxed(), size)
}

/// Answers with the head and the body it got.
async fn echo() -> Server {
    Server::start(|_, mut connection| async move {
        let head = connection.head().await.to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map(|length| length.parse().unwrap());
        let body = match length {
            Some(length) => connection.body(length).await,
            None if head.contains("chunked") => {
                let end = connection.until(b"0\r\n\r\n").await;
                connection.body(end).await
            }
            None => Vec::new(),
        };
        let mut answer = head.into_bytes();
        answer.extend(body);
        let length = answer.len();
        connection
            .send(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
            ))
            .await;
        connection.send(answer).await;
        connection.finish().await;
    })
    .await
}

async fn echoed(body: Body) -> String {
    let server = echo().await;
    let response = patient().send(server.put("/").body(body)).await.unwrap();
    response.text(10_000_000).await.unwrap()
}

/// Takes the head, and then nothing more, without closing.
async fn deaf(mut connection: Connection) {
    connection.head().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
}

/// More than the buffers between the two sides can take.
fn endless() -> Body {
    Body::stream(
        stream::repeat_with(|| Ok(Bytes::from(vec![b'x'; 1 << 20]))).boxed(),
        None,
    )
}

#[tokio::test]
async fn a_body_without_bytes_states_its_length() {
    let text = echoed(Body::Empty).await;
    assert!(text.contains("content-length: 0"), "{text}");
    let text = echoed(pieces(vec![], Some(0))).await;
    assert!(text.contains("content-length: 0"), "{text}");
}

#[tokio::test]
async fn reading_requests_without_body_state_no_length_and_ask_for_no_encoding() {
    let server = echo().await;
    let response = patient().send(server.get("/")).await.unwrap();
    let text = response.text(10_000).await.unwrap();
    assert!(!text.contains("content-length"), "{text}");
    assert!(!text.contains("accept-encoding"), "{text}");
    assert!(text.contains("user-agent: remote-core/"), "{text}");
}

#[tokio::test]
async fn bytes_json_and_forms_bring_length_and_type() {
    let text = echoed(Body::Bytes("raw".into())).await;
    assert!(
        text.contains("content-length: 3") && text.ends_with("raw"),
        "{text}"
    );
    let text = echoed(Body::json(&["a"]).unwrap()).await;
    assert!(text.contains("content-type: application/json"), "{text}");
    assert!(text.ends_with("[\"a\"]"), "{text}");
    let text = echoed(Body::form(&[("k", "a b&ü")])).await;
    assert!(text.ends_with("k=a+b%26%C3%BC"), "{text}");
}

#[tokio::test]
async fn a_stream_of_known_length_is_sent_with_it_and_one_of_unknown_length_in_chunks() {
    let parts = || vec![Ok("hello ".into()), Ok(Bytes::new()), Ok("world".into())];
    let text = echoed(pieces(parts(), Some(11))).await;
    assert!(text.contains("content-length: 11"), "{text}");
    assert!(
        !text.contains("chunked") && text.ends_with("hello world"),
        "{text}"
    );
    let text = echoed(pieces(parts(), None)).await;
    assert!(text.contains("transfer-encoding: chunked"), "{text}");
    assert!(
        text.ends_with("6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n"),
        "{text}"
    );
}

#[tokio::test]
async fn large_bodies_arrive_whole() {
    let large = Bytes::from(vec![b'x'; 3_000_000]);
    let text = echoed(Body::Bytes(large.clone())).await;
    assert!(text.ends_with(&"x".repeat(3_000_000)));
    let text = echoed(pieces(vec![Ok(large)], Some(3_000_000))).await;
    assert!(text.ends_with(&"x".repeat(3_000_000)));
}

#[tokio::test]
async fn progress_hears_of_every_byte_and_of_those_sent_in_vain() {
    let body = |counter: &Arc<Counter>| Body::Stream {
        stream: stream::iter(vec![Ok(Bytes::from(vec![0; 100_000]))]).boxed(),
        size: Some(100_000),
        progress: Some(Arc::<Counter>::clone(counter) as Arc<dyn Progress>),
    };
    let counter = Arc::<Counter>::default();
    let server = echo().await;
    let response = patient().send(server.put("/").body(body(&counter))).await;
    response.unwrap();
    assert_eq!(counter.moved.load(Ordering::Relaxed), 100_000);
    assert_eq!(counter.restarted.load(Ordering::Relaxed), 0);

    let refusing = Server::start(|_, mut connection| async move {
        connection.head().await;
        connection.body(100_000).await;
        connection
            .send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
            .await;
        connection.finish().await;
    })
    .await;
    let counter = Arc::<Counter>::default();
    let request = refusing.put("/").body(body(&counter));
    patient().send(request).await.unwrap();
    assert_eq!(counter.moved.load(Ordering::Relaxed), 100_000);
    assert_eq!(counter.restarted.load(Ordering::Relaxed), 100_000);
}

#[tokio::test]
async fn the_error_of_the_source_is_returned_as_it_is() {
    let server = Server::start(|_, mut connection| async move {
        connection.rest().await;
    })
    .await;
    for kind in [ErrorKind::SourceFailed, ErrorKind::SourceChanged] {
        let failure = Error::with_message(kind, "told by the source").with_help("told as well");
        let body = pieces(vec![Ok("half".into()), Err(failure)], Some(8));
        let error = patient()
            .send(server.put("/").body(body))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(error.to_string(), "told by the source");
        assert_eq!(error.help(), Some("told as well"));
        assert_eq!(error.effect(), Effect::NotMade);
    }
}

#[tokio::test]
async fn a_source_of_another_length_is_never_sent_completely() {
    let server = Server::start(|_, mut connection| async move {
        connection.head().await;
        let body = connection.rest().await;
        assert!(body.len() < 8, "{}", body.len());
    })
    .await;
    for parts in [
        vec![Ok("short".into())],
        vec![Ok("one ".into()), Ok("too long".into())],
        vec![Ok("exactly8".into()), Ok("!".into())],
    ] {
        let request = server.put("/").body(pieces(parts, Some(8)));
        let error = patient().send(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceChanged);
        assert_eq!(error.effect(), Effect::NotMade);
    }
    let request = server.put("/").body(pieces(vec![Ok("x".into())], Some(0)));
    let error = patient().send(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceChanged);
}

#[tokio::test]
async fn a_server_that_takes_nothing_more_times_out() {
    let server = Server::start(|_, connection| deaf(connection)).await;
    let request = server.put("/").body(endless());
    let error = impatient().send(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.effect(), Effect::Unknown);
    assert!(error.to_string().contains("no further bytes"), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_a_body_times_out() {
    let server = Server::start(|_, mut connection| async move {
        connection.rest().await;
    })
    .await;
    let request = server
        .put("/")
        .body(pieces(vec![Ok("body".into())], Some(4)));
    let error = impatient().send(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.effect(), Effect::Unknown);
    assert_eq!(error.retry_advice(), RetryAdvice::IfIdempotent(None));
    assert!(error.to_string().contains("did not answer"), "{error}");
}

#[tokio::test]
async fn a_slow_source_is_not_taken_for_a_slow_service() {
    let server = echo().await;
    let slow = stream::unfold(0, |number| async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        (number < 3).then(|| (Ok(Bytes::from_static(b"x")), number + 1))
    });
    let request = server.put("/").body(Body::stream(slow.boxed(), Some(3)));
    let settings = HttpSettings::default().with_idle_timeout(Duration::from_millis(100));
    let response = client(&settings).send(request).await.unwrap();
    assert!(response.text(1000).await.unwrap().ends_with("xxx"));
}

#[tokio::test]
async fn an_answer_that_comes_before_the_body_is_sent_counts() {
    for status in ["413 Too Large", "409 Conflict"] {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nno");
        let server = Server::start(move |_, mut connection| {
            let answer = answer.clone();
            async move {
                connection.head().await;
                connection.send(answer).await;
                // Like servers that are kind to clients: the rest is read for a while.
                drop(tokio::time::timeout(Duration::from_millis(100), connection.finish()).await);
            }
        })
        .await;
        let response = patient()
            .send(server.put("/").body(endless()))
            .await
            .unwrap();
        assert_eq!(
            response.status(),
            StatusCode::from_bytes(&status.as_bytes()[..3]).unwrap()
        );
        assert_eq!(response.text(10).await.unwrap(), "no");
    }
}

#[tokio::test]
async fn an_early_answer_counts_even_if_the_connection_is_closed_at_once() {
    let server = Server::start(|_, mut connection| async move {
        connection.head().await;
        connection
            .send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
            .await;
    })
    .await;
    let response = patient()
        .send(server.put("/").body(endless()))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
}
