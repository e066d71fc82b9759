//! Servers that are not Koofr, or no servers at all.
//!
//! Cases, each for a look, a listing, a recursive listing, a read, a write and a removal where that makes a difference:
//!
//! * nobody listens; the connection closes at once; nothing is ever answered; the answer stops in its head;
//! * a web page with 200 and with 502; 404 for everything; plain text; an empty answer; JSON of another service;
//! * redirects to another host, to plain HTTP, in a circle, to nowhere;
//! * a head without end, JSON without end, nested a hundred thousand times, a line without end;
//! * a compressed answer, HTTP/1.0, a listing without a marked end, broken chunks, a wrong protocol (TLS or SSH on the port);
//! * more than was announced, negative and double lengths.
//!
//! Every one ends with an error of the right kind, whose text says what happened, to which address, and what can be done; memory is
//! bounded, nothing hangs and nothing panics. No test waits for anything but a limit of time.
use std::{sync::Arc, time::Duration};

use futures::TryStreamExt as _;
use koofr_api::KoofrRemote;
use remote_core::{
    error::{Effect, Error, ErrorKind, report},
    operation::{ListOptions, WriteOptions},
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
};
use tests::{
    koofr::path,
    patience::remote_of,
    raw::{MOUNT, RawServer, answer, json},
};

/// Longer than everything here takes together; a hang is a failure and not a wait.
const PATIENCE: Duration = Duration::from_secs(60);

/// The error of every kind of call.
async fn errors(remote: &KoofrRemote) -> Vec<(&'static str, Error)> {
    let (f, root) = (path("d/f"), RemotePath::root());
    let all = async {
        let list = remote.list(&root, ListOptions::default());
        let tree = remote.list_recursive(&root, ListOptions::default());
        let write = remote.write_bytes(&f, "x", WriteOptions::default());
        [
            ("stat", remote.stat(&f).await.err()),
            ("list", list.try_collect::<Vec<_>>().await.err()),
            ("list_recursive", tree.try_collect::<Vec<_>>().await.err()),
            ("read", remote.read_bytes(&f, 1 << 20).await.err()),
            ("write", write.await.err()),
            ("create_dir", remote.create_dir(&f).await.err()),
            ("remove_file", remote.remove_file(&f).await.err()),
            ("remove_dir_all", remote.remove_dir_all(&f).await.err()),
        ]
    };
    let all = tokio::time::timeout(PATIENCE, all)
        .await
        .expect("nothing hangs");
    all.into_iter()
        .map(|(operation, error)| {
            (
                operation,
                error.unwrap_or_else(|| panic!("{operation} succeeds")),
            )
        })
        .collect()
}

/// Checks kind, text and effect for every call.
async fn all_are(server: &RawServer, what: &str, kinds: &[ErrorKind], words: &[&str]) {
    for (operation, error) in errors(&remote_of(&server.url())).await {
        let text = report(&error);
        assert!(
            kinds.contains(&error.kind()),
            "{what}: {operation}: {error:?}"
        );
        assert_ne!(error.kind(), ErrorKind::NotFound, "{what}: {operation}");
        assert_eq!(error.operation(), Some(operation), "{what}");
        assert_ne!(error.effect(), Effect::Made, "{what}: {operation}");
        for word in words {
            assert!(text.contains(word), "{what}: {operation}: {text}");
        }
        assert!(
            text.len() < 2000,
            "{what}: {operation}: {} bytes",
            text.len()
        );
    }
}

/// A server whose mount is right and everything else is this.
async fn after_the_mount(bytes: Vec<u8>) -> RawServer {
    RawServer::serving(move |head| match head.contains("/mounts/primary") {
        true => json(MOUNT),
        false => bytes.clone(),
    })
    .await
}

async fn for_everything(what: &str, bytes: Vec<u8>, kinds: &[ErrorKind], words: &[&str]) {
    let server = RawServer::answering(bytes.clone()).await;
    all_are(&server, what, kinds, words).await;
    let server = after_the_mount(bytes).await;
    for (operation, error) in errors_but_content(&remote_of(&server.url())).await {
        assert!(
            kinds.contains(&error.kind()),
            "{what}: {operation}: {error:?}"
        );
    }
}

/// Like [`errors`], without the calls to which any bytes are a good answer.
async fn errors_but_content(remote: &KoofrRemote) -> Vec<(&'static str, Error)> {
    let (f, root) = (path("d/f"), RemotePath::root());
    let all = async {
        let list = remote.list(&root, ListOptions::default());
        let tree = remote.list_recursive(&root, ListOptions::default());
        [
            ("stat", remote.stat(&f).await.err()),
            ("list", list.try_collect::<Vec<_>>().await.err()),
            ("list_recursive", tree.try_collect::<Vec<_>>().await.err()),
        ]
    };
    let all = tokio::time::timeout(PATIENCE, all)
        .await
        .expect("nothing hangs");
    all.into_iter()
        .map(|(operation, error)| {
            (
                operation,
                error.unwrap_or_else(|| panic!("{operation} succeeds")),
            )
        })
        .collect()
}

const PROTOCOL: &[ErrorKind] = &[ErrorKind::Protocol];
const TRANSPORT: &[ErrorKind] = &[ErrorKind::Transport];

#[tokio::test]
async fn nobody_listens() {
    let server = RawServer::start(|_, _| async {}).await;
    let url = server.url();
    let port = server.port().to_string();
    drop(server);
    tokio::task::yield_now().await;
    for (operation, error) in errors(&remote_of(&url)).await {
        assert_eq!(error.kind(), ErrorKind::Transport, "{operation}");
        assert_eq!(error.effect(), Effect::NotMade, "{operation}");
        let text = report(&error);
        assert!(text.contains(&port) && text.contains("running"), "{text}");
    }
}

#[tokio::test]
async fn connections_close_at_once() {
    let server = RawServer::start(|_, _| async {}).await;
    let address = server.url().trim_start_matches("http://").to_owned();
    all_are(&server, "closing", TRANSPORT, &[&address]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_ever_answered() {
    let standing_still = |head: &'static str| async move {
        let server = RawServer::start(move |_, mut connection| async move {
            let _request = connection.request().await;
            connection.send(head).await;
            connection.gone().await;
        })
        .await;
        let remote = remote_of(&server.url());
        let f = path("f");
        let call = tokio::time::timeout(PATIENCE, remote.stat(&f));
        call.await.unwrap().unwrap_err()
    };
    let (silent, half) = tokio::join!(
        standing_still(""),
        standing_still("HTTP/1.1 200 OK\r\ncontent-le")
    );
    for error in [silent, half] {
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(report(&error).contains("did not answer in time"));
    }
}

#[tokio::test]
async fn web_pages_are_recognised() {
    let page = "<!DOCTYPE html><html><body>Please sign in to the network</body></html>";
    let words = &["web page", "endpoint"];
    for_everything(
        "200 page",
        answer("200 OK", "text/html", page),
        PROTOCOL,
        words,
    )
    .await;
    for_everything(
        "403 page",
        answer("403 Forbidden", "text/html", page),
        PROTOCOL,
        words,
    )
    .await;
    for_everything(
        "404 page",
        answer("404 Not Found", "text/html", page),
        PROTOCOL,
        words,
    )
    .await;
    let bad = answer("502 Bad Gateway", "text/html", page);
    for_everything(
        "502 page",
        bad,
        &[ErrorKind::Service],
        &["502", "try again"],
    )
    .await;
}

#[tokio::test]
async fn an_address_that_is_not_the_service_is_not_an_empty_storage() {
    let words = &["address", "endpoint"];
    let missing = |kind, body: &str| answer("404 Not Found", kind, body);
    for (what, bytes) in [
        ("bare 404", missing("text/plain", "")),
        ("text 404", missing("text/plain", "404 page not found")),
        (
            "json 404",
            missing("application/json", r#"{"message":"not found"}"#),
        ),
        ("json list 404", missing("application/json", "[]")),
    ] {
        for_everything(what, bytes, PROTOCOL, words).await;
    }
}

#[tokio::test]
async fn answers_without_sense_are_told_as_such() {
    for (what, body) in [
        ("nothing", ""),
        ("text", "hello"),
        ("list", "[]"),
        ("null", "null"),
        ("half", "{\"id\":"),
        ("no fields", "{\"hello\":\"world\"}"),
        ("binary", "\u{0}\u{1}\u{2}"),
    ] {
        // A listing line by line may end within a line.
        let kinds = &[ErrorKind::Protocol, ErrorKind::Transport];
        for_everything(what, json(body), kinds, &[]).await;
    }
}

fn redirect(location: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        .into_bytes()
}

#[tokio::test]
async fn redirects_do_not_lead_away() {
    let other = RawServer::serving(|head| {
        assert!(!head.to_lowercase().contains("authorization"), "{head}");
        json(MOUNT)
    })
    .await;
    for location in [
        format!("{}/elsewhere", other.url()),
        "http://plain.example/".to_owned(),
        "ftp://files.example/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "http://u:p@127.0.0.1:1/".to_owned(),
        "::::".to_owned(),
        String::new(),
    ] {
        let server = RawServer::answering(redirect(&location)).await;
        for (operation, error) in errors(&remote_of(&server.url())).await {
            assert!(
                matches!(error.kind(), ErrorKind::Protocol | ErrorKind::InvalidInput),
                "{location}: {operation}: {error:?}"
            );
            assert!(!report(&error).contains("u:p"), "{}", report(&error));
        }
    }
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let server = RawServer::answering(redirect("/api/v2.1/mounts/primary")).await;
    let error = remote_of(&server.url()).stat(&path("f")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(server.requests() < 40, "{} requests", server.requests());
}

/// Sends `head` and then `filler` for as long as the client takes it; tells how much that was.
async fn endless(
    head: &'static str,
    filler: String,
) -> (RawServer, Arc<std::sync::atomic::AtomicU64>) {
    let sent = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    let filler = Arc::new(filler);
    let server = RawServer::start(move |_, mut connection| {
        let (counter, filler) = (Arc::clone(&counter), Arc::clone(&filler));
        async move {
            let request = connection.request().await;
            if request.is_some_and(|request| {
                request.head.contains("/mounts/primary") && !head.contains("x-mount")
            }) {
                connection.send(json(MOUNT)).await;
                connection.finish().await;
                return;
            }
            connection.send(head).await;
            while connection.try_send(filler.as_bytes()).await {
                counter.fetch_add(filler.len() as u64, std::sync::atomic::Ordering::Relaxed);
            }
        }
    })
    .await;
    (server, sent)
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_and_bodies_without_end_are_bounded() {
    const MIB: u64 = 1 << 20;
    for (what, head, filler, limit) in [
        (
            "header",
            "HTTP/1.1 200 OK\r\nx-mount: ",
            "a".repeat(4096),
            16 * MIB,
        ),
        (
            "headers",
            "HTTP/1.1 200 OK\r\nx-mount: 1\r\n",
            "x: y\r\n".repeat(1000),
            16 * MIB,
        ),
        (
            "json",
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-mount: 1\r\n\r\n{\"name\":\"",
            "a".repeat(65_536),
            // Every attempt may take the limit of 16 MiB, and the buffers of two sockets.
            64 * MIB,
        ),
        (
            "failure",
            "HTTP/1.1 500 Oh\r\ncontent-type: application/json\r\nx-mount: 1\r\n\r\n{\"name\":\"",
            "a".repeat(65_536),
            64 * MIB,
        ),
    ] {
        let (server, sent) = endless(head, filler).await;
        let call = remote_of(&server.url());
        let error = tokio::time::timeout(PATIENCE, call.stat(&path("f")))
            .await
            .unwrap()
            .unwrap_err();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::TooLarge
                    | ErrorKind::Protocol
                    | ErrorKind::Transport
                    | ErrorKind::Service
            ),
            "{what}: {error:?}"
        );
        let sent = sent.load(std::sync::atomic::Ordering::Relaxed);
        assert!(sent < limit, "{what}: {sent} bytes were taken");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_without_end_is_bounded() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1099511627776\r\n\r\n{\"type\":\"";
    let (server, sent) = endless(head, "a".repeat(65_536)).await;
    let listing =
        remote_of(&server.url()).list_recursive(&RemotePath::root(), ListOptions::default());
    let error = tokio::time::timeout(PATIENCE, listing.try_collect::<Vec<_>>())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(report(&error).contains("longer than"), "{}", report(&error));
    let sent = sent.load(std::sync::atomic::Ordering::Relaxed);
    assert!(sent < 32 << 20, "{sent} bytes were taken");
}

#[tokio::test]
async fn deep_nesting_does_no_harm() {
    let deep = format!(
        "{{\"extra\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let kinds = &[ErrorKind::Protocol, ErrorKind::Transport];
    for_everything("200", json(&deep), kinds, &[]).await;
    let failure = format!("{{\"error\":{{\"code\":\"Other\",\"extra\":{deep}}}}}");
    let bytes = answer("400 Bad Request", "application/json", failure);
    let kinds = &[ErrorKind::InvalidInput, ErrorKind::Protocol];
    for_everything("400", bytes, kinds, &[]).await;
}

#[tokio::test]
async fn a_compressed_answer_is_refused() {
    let bytes = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc";
    for_everything("gzip", bytes.to_vec(), PROTOCOL, &["encoding gzip"]).await;
}

#[tokio::test]
async fn an_older_http_is_understood() {
    let server = RawServer::serving(|head| {
        let body = match head.contains("/files/info") {
            true => r#"{"name":"f","type":"file","size":1,"modified":1}"#,
            false => MOUNT,
        };
        format!("HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{body}").into_bytes()
    })
    .await;
    let entry = remote_of(&server.url()).stat(&path("f")).await.unwrap();
    assert_eq!(entry.size, Some(1));
}

#[tokio::test]
async fn a_listing_whose_end_cannot_be_told_from_a_lost_connection_is_refused() {
    const ROOT: &str = r#"{"type":"file","path":"/","file":{"name":"","type":"dir"}}"#;
    for version in ["1.0", "1.1"] {
        let server = RawServer::serving(move |head| match head.contains("/files/listrecursive") {
            true => {
                format!("HTTP/{version} 200 OK\r\nconnection: close\r\n\r\n{ROOT}\n").into_bytes()
            }
            false => json(MOUNT),
        })
        .await;
        let remote = remote_of(&server.url());
        let listing = remote.list_recursive(&RemotePath::root(), ListOptions::default());
        let error = listing.try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(
            report(&error).contains("whose end cannot be told"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn what_is_not_http_is_told_as_such() {
    let kinds = &[ErrorKind::Protocol, ErrorKind::Transport];
    for (what, bytes) in [
        ("ssh", "SSH-2.0-OpenSSH_9.9\r\n".as_bytes().to_vec()),
        ("tls alert", b"\x15\x03\x01\x00\x02\x02\x46".to_vec()),
        (
            "chunks",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzzz\r\nabc".to_vec(),
        ),
        (
            "chunk size",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc"
                .to_vec(),
        ),
        (
            "short",
            b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"id\":".to_vec(),
        ),
        (
            "negative",
            b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}".to_vec(),
        ),
        (
            "two lengths",
            b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}".to_vec(),
        ),
        ("status", b"HTTP/1.1 9999 What\r\n\r\n".to_vec()),
        (
            "informational",
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"
                .to_vec(),
        ),
    ] {
        let server = RawServer::answering(bytes).await;
        all_are(&server, what, kinds, &[]).await;
    }
}

#[tokio::test]
async fn statuses_that_nobody_expects_are_errors_and_never_not_found() {
    for status in [
        "204 No Content",
        "205 Reset",
        "206 Partial",
        "300 Choices",
        "304 Not Modified",
        "410 Gone",
        "418 Teapot",
        "499 Gone",
        "599 Odd",
        "999 Odd",
    ] {
        let bytes = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let server = RawServer::answering(bytes.into_bytes()).await;
        for (operation, error) in errors(&remote_of(&server.url())).await {
            assert_ne!(error.kind(), ErrorKind::NotFound, "{status}: {operation}");
        }
    }
}
