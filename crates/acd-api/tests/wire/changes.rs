//! The feed of changes: what is asked, objects in any pieces, and how a feed goes on.

use acd_api::{
    api::changes::{ChangeStream, ChangesQuery},
    model::node::NodeStatus,
};
use remote_core::error::{ErrorKind, Result};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use wiremock::{MockServer, ResponseTemplate};

use crate::common::{answer_all, answers, client, count, exchange, failure, received};

const FEED: &str = "/m/changes";

fn lines(objects: &[&str]) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_string(objects.join("\n"))
}

/// An object of the feed with a node for each id.
fn object(checkpoint: &str, ids: &[&str]) -> String {
    let nodes: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": id, "kind": "FILE", "name": id, "status": "AVAILABLE"}))
        .collect();
    json!({"checkpoint": checkpoint, "nodes": nodes, "statusCode": 200, "reset": false}).to_string()
}

const END: &str = r#"{"end":true}"#;

/// The ids of all objects, each with its checkpoint.
async fn read(mut stream: ChangeStream) -> Result<Vec<String>> {
    let mut told = Vec::new();
    while let Some(set) = stream.next().await? {
        let ids: Vec<String> = set.nodes.into_iter().map(|node| node.id).collect();
        let checkpoint = set.checkpoint.unwrap_or_default();
        told.push(format!("{checkpoint}:{}", ids.join(",")));
    }
    assert!(stream.next().await?.is_none());
    Ok(told)
}

#[tokio::test]
async fn the_query_sends_what_is_set_and_the_flag_as_a_text() {
    let mut all = ChangesQuery::since(Some("CNmz".to_owned()))
        .with_chunk_size(50)
        .with_max_nodes(700);
    for (query, body) in [
        (
            all.clone(),
            json!({"checkpoint": "CNmz", "chunkSize": 50, "maxNodes": 700, "includePurged": "true"}),
        ),
        (ChangesQuery::since(None), json!({"includePurged": "true"})),
        (
            ChangesQuery::since(Some(String::new())),
            json!({"includePurged": "true"}),
        ),
        (ChangesQuery::default(), json!({})),
        (
            {
                all.include_purged = false;
                all
            },
            json!({"checkpoint": "CNmz", "chunkSize": 50, "maxNodes": 700}),
        ),
    ] {
        let told = exchange(lines(&[END]), async |client| client.changes(&query).await).await;
        assert_eq!((told.line.as_str(), told.body), ("POST /m/changes", body));
        assert!(read(told.result.unwrap()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn objects_are_told_one_by_one_with_blank_lines_and_without_line_ends() {
    let (one, two) = (object("c1", &["a", "b"]), object("c2", &[]));
    for body in [
        format!("{one}\n{two}\n{END}\n"),
        format!("\n\r\n{one}\n\n\n{two}\n{END}"),
        format!("{one}{two}{END}"),
        format!(" {one} \t {two} \r\n {END} "),
    ] {
        let server = MockServer::start().await;
        answer_all(&server, ResponseTemplate::new(200).set_body_string(body)).await;
        let stream = client(&server)
            .changes(&ChangesQuery::default())
            .await
            .unwrap();
        assert_eq!(read(stream).await.unwrap(), ["c1:a,b", "c2:"]);
    }
}

/// Sends each piece as a chunk of its own, and nothing that marks the end when `broken`.
async fn in_chunks(pieces: Vec<String>, broken: bool) -> url::Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let _read = socket.read(&mut request).await.unwrap();
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        socket.write_all(head.as_bytes()).await.unwrap();
        for piece in pieces {
            let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
            socket.write_all(chunk.as_bytes()).await.unwrap();
            socket.flush().await.unwrap();
            tokio::task::yield_now().await;
        }
        if !broken {
            socket.write_all(b"0\r\n\r\n").await.unwrap();
        }
    });
    format!("http://{address}/m/").parse().unwrap()
}

fn client_at(url: url::Url) -> acd_api::Client {
    let addresses = acd_api::addresses::Addresses::new(url.clone())
        .with_metadata_url(url.clone())
        .with_content_url(url);
    acd_api::Client::builder(acd_api::auth::Credentials::token("t"))
        .addresses(addresses)
        .build()
        .unwrap()
}

#[tokio::test]
async fn objects_may_be_cut_anywhere() {
    let text = format!(
        "{}\n{}\n{END}\n",
        object("c1", &["é{\"}"]),
        object("c2", &["b"])
    );
    for size in [1, 7, 64] {
        let pieces: Vec<String> = text
            .chars()
            .collect::<Vec<_>>()
            .chunks(size)
            .map(|piece| piece.iter().collect())
            .collect();
        let client = client_at(in_chunks(pieces, false).await);
        let stream = client.changes(&ChangesQuery::default()).await.unwrap();
        assert_eq!(read(stream).await.unwrap(), ["c1:é{\"}", "c2:b"]);
    }
}

#[tokio::test]
async fn what_came_before_a_break_is_told_and_the_break_is_an_error() {
    let whole = object("c1", &["a"]);
    let begun = r#"{"checkpoint":"c2","nodes":[{"id""#;
    for (text, broken) in [
        (format!("{whole}\n"), false),
        (format!("{whole}\n"), true),
        (format!("{whole}\n{begun}"), false),
        (format!("{whole}\n{begun}"), true),
    ] {
        let client = client_at(in_chunks(vec![text], broken).await);
        let mut stream = client.changes(&ChangesQuery::default()).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().nodes.len(), 1);
        let error = stream.next().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport);
    }
}

#[tokio::test]
async fn a_reset_and_purged_nodes_are_told_as_they_are() {
    let first = r#"{"reset":true,"nodes":[{"id":"n1","status":"PURGED"},{"id":"n2","kind":"FILE","status":"PURGED","parents":[]}]}"#;
    let server = MockServer::start().await;
    answer_all(&server, lines(&[first, r#"{"nodes":null}"#, "{}", END])).await;
    let query = ChangesQuery::since(Some("unknown".to_owned()));
    let mut stream = client(&server).changes(&query).await.unwrap();
    let set = stream.next().await.unwrap().unwrap();
    assert!(set.reset && set.checkpoint.is_none());
    assert!(
        set.nodes
            .iter()
            .all(|node| node.status == NodeStatus::Purged && node.name.is_none())
    );
    for _empty in 0..2 {
        let set = stream.next().await.unwrap().unwrap();
        assert!(!set.reset && set.nodes.is_empty());
    }
    assert!(stream.next().await.unwrap().is_none());
}

#[tokio::test]
async fn what_comes_with_the_mark_of_the_end_is_told() {
    let last = r#"{"checkpoint":"c9","nodes":[],"end":true}"#;
    let server = MockServer::start().await;
    answer_all(&server, lines(&[last, r#"{"checkpoint":"after"}"#])).await;
    let stream = client(&server)
        .changes(&ChangesQuery::default())
        .await
        .unwrap();
    assert_eq!(read(stream).await.unwrap(), ["c9:"]);
}

#[tokio::test]
async fn an_object_that_reports_a_failure_or_is_none_is_an_error() {
    for (object, kind) in [
        (
            r#"{"statusCode":500,"nodes":[{"id":"a"}]}"#,
            ErrorKind::Service,
        ),
        (r#"{"statusCode":"429"}"#, ErrorKind::Service),
        ("<html>", ErrorKind::Protocol),
        ("[]", ErrorKind::Protocol),
        (r#"{"nodes":"none"}"#, ErrorKind::Protocol),
        (r#"{"nodes":[{"id":{}}]}"#, ErrorKind::Protocol),
    ] {
        let server = MockServer::start().await;
        answer_all(&server, lines(&[object, END])).await;
        let mut stream = client(&server)
            .changes(&ChangesQuery::default())
            .await
            .unwrap();
        assert_eq!(stream.next().await.unwrap_err().kind(), kind, "{object}");
    }
}

#[tokio::test]
async fn flags_in_other_forms_are_read() {
    let server = MockServer::start().await;
    answer_all(
        &server,
        lines(&[
            r#"{"reset":"true","checkpoint":7}"#,
            r#"{"reset":null,"end":null}"#,
            r#"{"end":"true"}"#,
        ]),
    )
    .await;
    let mut stream = client(&server)
        .changes(&ChangesQuery::default())
        .await
        .unwrap();
    let set = stream.next().await.unwrap().unwrap();
    assert!(set.reset && set.checkpoint.as_deref() == Some("7"));
    assert!(!stream.next().await.unwrap().unwrap().reset);
    assert!(stream.next().await.unwrap().is_none());
}

/// What the requests for the feed asked from.
async fn asked_from(server: &MockServer) -> Vec<Value> {
    let requests = received(server).await;
    let bodies = requests
        .iter()
        .map(|request| serde_json::from_slice::<Value>(&request.body).unwrap());
    bodies.map(|body| body["checkpoint"].clone()).collect()
}

#[tokio::test]
async fn a_feed_that_breaks_off_goes_on_from_what_it_has_told() {
    let server = MockServer::start().await;
    let (one, two) = (object("c1", &["a"]), object("c2", &["b"]));
    answers(
        &server,
        FEED,
        &[lines(&[&one]), lines(&[&two, END]), lines(&[END])],
    )
    .await;
    let mut feed = client(&server).change_feed(Some("c0".to_owned()));
    for (id, checkpoint) in [("a", "c0"), ("b", "c0")] {
        let set = feed.next().await.unwrap().unwrap();
        assert_eq!(set.nodes[0].id, id);
        assert_eq!(feed.checkpoint(), Some(checkpoint));
    }
    assert!(feed.next().await.unwrap().is_none());
    feed.acknowledge();
    assert_eq!(feed.checkpoint(), Some("c2"));
    assert!(feed.next().await.unwrap().is_none());
    assert_eq!(asked_from(&server).await, ["c0", "c1", "c2"]);
}

#[tokio::test]
async fn what_was_not_acknowledged_is_told_again_after_an_error() {
    let server = MockServer::start().await;
    let (one, two) = (object("c1", &["a"]), object("c2", &["b"]));
    answers(
        &server,
        FEED,
        &[lines(&[&one, &two, "<html>"]), lines(&[&two, END])],
    )
    .await;
    let mut feed = client(&server).change_feed(None);
    feed.next().await.unwrap().unwrap();
    feed.acknowledge();
    feed.next().await.unwrap().unwrap();
    let error = feed.next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(feed.checkpoint(), Some("c1"));
    assert_eq!(feed.next().await.unwrap().unwrap().nodes[0].id, "b");
    assert_eq!(asked_from(&server).await, [Value::Null, "c1".into()]);
}

#[tokio::test]
async fn a_feed_that_brings_nothing_ends_in_an_error_after_some_attempts() {
    for body in ["", "\n", "{\"nodes\":["] {
        let server = MockServer::start().await;
        answer_all(&server, lines(&[body])).await;
        let mut feed = client(&server).change_feed(None);
        let error = feed.next().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport);
        assert!(count(&server).await <= 10);
    }
}

#[tokio::test]
async fn a_refused_feed_is_told_and_a_busy_one_is_asked_again() {
    let server = MockServer::start().await;
    answers(
        &server,
        FEED,
        &[failure(429, "Rate exceeded"), lines(&[END])],
    )
    .await;
    let mut feed = client(&server).change_feed(None);
    assert!(feed.next().await.unwrap().is_none());
    assert_eq!(count(&server).await, 2);
    for (status, kind) in [
        (400, ErrorKind::InvalidInput),
        (401, ErrorKind::Authentication),
        (403, ErrorKind::PermissionDenied),
    ] {
        let server = MockServer::start().await;
        answer_all(&server, failure(status, "no")).await;
        let mut feed = client(&server).change_feed(Some("c".to_owned()));
        assert_eq!(feed.next().await.unwrap_err().kind(), kind);
        assert_eq!(count(&server).await, 1);
    }
}

// A feed that tells the same again and again would otherwise be asked for without a pause and without an end.
#[tokio::test]
async fn a_feed_that_keeps_breaking_off_at_the_same_place_ends_in_an_error() {
    let repeating = object("c1", &["a"]);
    let reset = r#"{"checkpoint":"c1","reset":true,"nodes":[{"id":"a"}]}"#;
    for (start, body) in [
        (Some("c1"), repeating.as_str()),
        (Some("c1"), r#"{"checkpoint":"c1","nodes":[]}"#),
        (Some("c1"), "{}"),
        (Some("c1"), r#"{"nodes":[{"id":"a"}]}"#),
        (Some("c0"), reset),
        (None, reset),
    ] {
        let server = MockServer::start().await;
        answer_all(&server, lines(&[body])).await;
        let mut feed = client(&server).change_feed(start.map(str::to_owned));
        let error = loop {
            match feed.next().await {
                Ok(set) => assert!(set.is_some(), "{body}"),
                Err(error) => break error,
            }
            feed.acknowledge();
            assert!(count(&server).await < 10, "{body}");
        };
        assert_eq!(error.kind(), ErrorKind::Transport);
    }
}
