//! What each option of a configuration does to the requests.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use acd_api::{AcdRemote, options::BACKEND};
use futures::StreamExt as _;
use remote_core::{
    error::ErrorKind,
    operation::WriteOptions,
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
    source::StreamSource,
};
use serde_json::Value;
use wiremock::{MockServer, Request, ResponseTemplate};

use crate::common::{answer_all, answers, at, count, header, json, line, lines, received, request};

const ROOT: &str = r#"{"count":1,"data":[{"id":"r1","kind":"FOLDER","isRoot":true,"parents":[]}]}"#;
const NONE: &str = r#"{"count":0,"data":[]}"#;
const TOKEN: &str =
    r#"{"access_token":"Atza|token","token_type":"bearer","expiry":"0001-01-01T00:00:00Z"}"#;

fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).unwrap()
}

/// A remote of these options, those that every one needs, and the addresses of the server.
fn open(server: &MockServer, more: &[(&str, &str)]) -> AcdRemote {
    let (metadata, content) = (at(server, "/m/"), at(server, "/c/"));
    let mut options: BTreeMap<String, String> = [
        ("client_id", "amzn1.id"),
        ("token", TOKEN),
        ("metadata_url", metadata.as_str()),
        ("content_url", content.as_str()),
    ]
    .iter()
    .chain(more)
    .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
    .collect();
    options.retain(|_, value| !value.is_empty());
    AcdRemote::from_options(&options, RemotePath::root()).unwrap()
}

/// Answers the question for the root, and every other query with one file below it.
async fn serve(server: &MockServer, name: &str, size: u64) {
    let mount = |filter: &'static str, body: String| {
        wiremock::Mock::given(move |request: &Request| {
            let query = request.url.query().unwrap_or_default();
            request.url.path() == "/m/nodes" && query.contains(filter)
        })
        .respond_with(json(200, body))
    };
    mount("isRoot", ROOT.to_owned()).mount(server).await;
    let file = serde_json::json!({"count": 1, "data": [{"id": "n1", "name": name, "kind": "FILE", "parents": ["r1"],
        "status": "AVAILABLE", "contentProperties": {"size": size, "md5": "5eb63bbbe01eeed093cb22bb8f5acdc3"}}]});
    mount("parents", file.to_string()).mount(server).await;
}

#[tokio::test]
async fn the_token_and_the_addresses_are_those_of_the_configuration() {
    let server = MockServer::start().await;
    serve(&server, "a.txt", 11).await;
    let remote = open(&server, &[]);
    assert_eq!(count(&server).await, 0);
    assert_eq!(remote.stat(&path("a.txt")).await.unwrap().size, Some(11));
    for request in received(&server).await {
        assert_eq!(header(&request, "authorization"), crate::common::BEARER);
    }

    // Without the two addresses the third one tells them.
    let server = MockServer::start().await;
    let told =
        serde_json::json!({"metadataUrl": at(&server, "/m"), "contentUrl": at(&server, "/c")});
    answers(
        &server,
        "/b/account/endpoint",
        &[json(200, told.to_string())],
    )
    .await;
    serve(&server, "a.txt", 11).await;
    let endpoint = at(&server, "/b/");
    let options = [
        ("endpoint_url", endpoint.as_str()),
        ("metadata_url", ""),
        ("content_url", ""),
    ];
    let remote = open(&server, &options);
    assert!(remote.stat(&path("a.txt")).await.is_ok());
    assert_eq!(lines(&server).await[0], "GET /b/account/endpoint");
}

#[tokio::test]
async fn id_secret_and_token_url_are_used_to_renew() {
    let server = MockServer::start().await;
    let renewed = r#"{"access_token":"Atza|token","token_type":"bearer","expires_in":3600}"#;
    answers(&server, "/token", &[json(200, renewed)]).await;
    serve(&server, "a.txt", 11).await;
    let token_url = at(&server, "/token?tenant=7");
    let ended = r#"{"access_token":"Atza|old","token_type":"bearer","refresh_token":"Atzr|r","expiry":"2015-09-06T16:07:39.658438471+01:00"}"#;
    let options = [
        ("client_secret", "s3cr3t"),
        ("token_url", token_url.as_str()),
        ("token", ended),
    ];
    open(&server, &options).stat(&path("a.txt")).await.unwrap();
    let requests = received(&server).await;
    assert_eq!(line(&requests[0]), "POST /token?tenant=7");
    let form = String::from_utf8(requests[0].body.clone()).unwrap();
    for part in [
        "client_id=amzn1.id",
        "client_secret=s3cr3t",
        "refresh_token=Atzr",
    ] {
        assert!(form.contains(part), "{form}");
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_asked() {
    let server = MockServer::start().await;
    let remote = open(&server, &[("token", "")]);
    let error = remote.stat(&path("a.txt")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert_eq!(count(&server).await, 0);
}

#[tokio::test]
async fn names_are_encoded_as_the_option_says() {
    for (encoding, stored) in [("", "a:b"), ("Slash,Colon,InvalidUtf8,Dot", "a：b")] {
        let server = MockServer::start().await;
        serve(&server, stored, 11).await;
        let remote = open(&server, &[("encoding", encoding)]);
        let entries = remote.list_all(&path("")).await.unwrap();
        assert_eq!(entries[0].path, path("a:b"));
        drop(remote.stat(&path("a:c")).await);
        let asked = lines(&server).await.pop().unwrap();
        let is_encoded = asked.contains("a%EF%BC%9Ac");
        assert_eq!(is_encoded, !encoding.is_empty(), "{asked}");
    }
}

#[tokio::test]
async fn the_threshold_decides_about_temporary_links_and_off_means_never() {
    for (threshold, by_link) in [
        ("", false),
        ("1", false),
        ("11B", true),
        ("0", true),
        ("off", false),
    ] {
        let server = MockServer::start().await;
        serve(&server, "a.txt", 11).await;
        let link = at(&server, "/t/x");
        let node = format!(
            r#"{{"id":"n1","name":"a.txt","kind":"FILE","parents":["r1"],"tempLink":"{link}"}}"#
        );
        answers(&server, "/m/nodes/n1", &[json(200, node)]).await;
        for path in ["/t/x", "/c/nodes/n1/content"] {
            let content = ResponseTemplate::new(200).set_body_string("hello world");
            answers(&server, path, &[content]).await;
        }
        let remote = open(&server, &[("templink_threshold", threshold)]);
        let content = remote.read_bytes(&path("a.txt"), 100).await.unwrap();
        assert_eq!(content, "hello world");
        let asked = lines(&server).await;
        assert_eq!(
            asked.contains(&"GET /t/x".to_owned()),
            by_link,
            "{threshold}: {asked:?}"
        );
    }
}

#[tokio::test]
async fn without_time_to_wait_an_upload_is_looked_for_once() {
    let server = MockServer::start().await;
    request("GET", "/m/nodes")
        .and(wiremock::matchers::query_param(
            "filters",
            "kind:FOLDER AND isRoot:true",
        ))
        .respond_with(json(200, ROOT))
        .mount(&server)
        .await;
    request("POST", "/c/nodes")
        .respond_with(ResponseTemplate::new(504))
        .mount(&server)
        .await;
    answer_all(&server, json(200, NONE)).await;
    let remote = open(&server, &[("upload_wait_per_gb", "0")]);
    // It can be read once only, so there is one attempt.
    let source = StreamSource::once(futures::stream::iter([Ok("hello world".into())]), Some(11));
    let at = path("a.txt");
    let write = remote.write(&at, Arc::new(source), WriteOptions::default());
    let error = write.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    let name = "GET /m/nodes?filters=parents%3A%22r1%22%20AND%20name%3A%22a.txt%22";
    assert_eq!(
        lines(&server).await[1..],
        [name, "POST /c/nodes?suppress=deduplication", name]
    );
}

#[tokio::test]
async fn changes_begin_at_the_checkpoint_of_the_configuration() {
    for (checkpoint, asked) in [
        ("CNmz-basKRoA", Value::from("CNmz-basKRoA")),
        ("", Value::Null),
    ] {
        let server = MockServer::start().await;
        serve(&server, "a.txt", 11).await;
        let feed = "{\"checkpoint\":\"c2\",\"nodes\":[]}\n{\"end\":true}\n";
        answers(
            &server,
            "/m/changes",
            &[ResponseTemplate::new(200).set_body_string(feed)],
        )
        .await;
        let remote = open(&server, &[("checkpoint", checkpoint)]);
        let mut changes = remote.changes(None);
        changes.next().await.unwrap().unwrap();
        let requests = received(&server).await;
        let first = requests
            .iter()
            .find(|request| line(request) == "POST /m/changes")
            .unwrap();
        let body: Value = serde_json::from_slice(&first.body).unwrap();
        assert_eq!(body["checkpoint"], asked);
    }
}

#[tokio::test]
async fn the_page_to_sign_in_is_the_one_of_the_configuration() {
    let option = BACKEND.option("auth_url").unwrap();
    assert!(option.advanced);
    for (url, fine) in [
        ("https://proxy.example/oa?tenant=7", true),
        ("proxy.example", false),
        ("ftp://proxy.example/", false),
    ] {
        let options: BTreeMap<String, String> = [("client_id", "id"), ("auth_url", url)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        let opened = AcdRemote::from_options(&options, RemotePath::root());
        assert_eq!(opened.is_ok(), fine, "{url}");
    }
}

#[tokio::test]
async fn calls_keep_the_distance_of_the_configuration() {
    let server = MockServer::start().await;
    for (more, expected) in [
        (&[][..], Duration::ZERO),
        (&[("pacer_min_sleep", "20ms")], Duration::from_millis(20)),
    ] {
        let remote = open(&server, more);
        let pacer = remote.client().retry().pacer();
        assert_eq!(pacer.spacing(), expected);
    }
}
