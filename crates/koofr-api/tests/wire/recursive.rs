//! Recursive listings: where they are asked for, each kind of line, and every way to be incomplete.
//!
//! A body that is cut off inside HTTP belongs to the fault suite: it needs a server that breaks connections.

use crate::common::{client, count, failure, request};
use futures::StreamExt as _;
use koofr_api::{
    api::recursive::{RecursiveItem, RecursiveLine},
    error::{ApiError, ApiErrorCode},
};
use remote_core::error::{ErrorKind, Result};
use wiremock::{MockServer, ResponseTemplate, matchers};

const LIST: &str = "/content/api/v2.1/mounts/m/files/listrecursive";
const ROOT: &str =
    r#"{"type":"file","path":"/","file":{"name":"backup","type":"dir","modified":1}}"#;
const FILE: &str = r#"{"type":"file","path":"/2024/a.bin","file":{"name":"other","type":"file","modified":"1699999999000","size":3,"contentType":"application/octet-stream","hash":"900150983cd24fb0d6963f7d28e17f72","tags":{}}}"#;

async fn serve(lines: &str) -> MockServer {
    let server = MockServer::start().await;
    let answer =
        ResponseTemplate::new(200).set_body_raw(lines, "application/x-ndjson; charset=utf-8");
    request("GET", LIST)
        .and(matchers::query_param("path", "/backup"))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

async fn listing(lines: &str) -> Vec<Result<RecursiveItem>> {
    let server = serve(lines).await;
    client(&server)
        .list_recursive("m", "/backup")
        .collect()
        .await
}

async fn failure_of(lines: &str) -> ErrorKind {
    let mut items = listing(lines).await;
    items
        .pop()
        .expect("there is an item")
        .expect_err("the last item is an error")
        .kind()
}

#[tokio::test]
async fn entries_come_with_their_relative_path_and_without_the_folder_itself() {
    let folder = r#"{"type":"file","path":"/2024","file":{"name":"2024","type":"dir"}}"#;
    let items = listing(&format!("{ROOT}\n\n{folder}\r\n{FILE}\n")).await;
    assert_eq!(items.len(), 2);
    let Ok(RecursiveItem::Entry { path, file }) = &items[1] else {
        panic!("not an entry");
    };
    assert_eq!(
        (path.as_str(), file.name.as_str(), file.size),
        ("/2024/a.bin", "other", Some(3))
    );
    assert_eq!(file.modified, Some(1_699_999_999_000));
}

#[tokio::test]
async fn nothing_is_asked_for_before_the_first_poll() {
    let server = serve(&format!("{ROOT}\n")).await;
    let mut stream = client(&server).list_recursive("m", "/backup");
    assert_eq!(count(&server).await, 0);
    assert!(stream.next().await.is_none());
    assert_eq!(count(&server).await, 1);
}

#[tokio::test]
async fn the_visitor_sees_the_same_and_knows_the_folder() {
    let server = serve(&format!("{ROOT}\n{FILE}\n")).await;
    let mut listing = client(&server)
        .open_recursive("m", "/backup")
        .await
        .unwrap();
    let mut paths = Vec::new();
    let mut visit = |line: RecursiveLine<'_>| {
        if let RecursiveLine::Entry { path, .. } = line {
            paths.push(path.into_owned());
        }
    };
    while listing.next_batch(&mut visit).await.unwrap() {}
    assert!(!listing.next_batch(&mut visit).await.unwrap());
    assert_eq!(
        listing.root().map(|root| root.name.as_str()),
        Some("backup")
    );
    assert_eq!(paths, ["/2024/a.bin"]);
}

#[tokio::test]
async fn a_folder_that_fails_is_reported_and_the_listing_goes_on() {
    let failed = r#"{"type":"error","path":"/2023","error":{"code":"NotFound","message":"gone"}}"#;
    let items = listing(&format!("{ROOT}\n{failed}\n{FILE}\n")).await;
    assert_eq!(items.len(), 2);
    let Ok(RecursiveItem::Failed { path, error }) = &items[0] else {
        panic!("not a failure");
    };
    assert_eq!(
        (path.as_str(), error.kind()),
        ("/2023", ErrorKind::NotFound)
    );
    assert_eq!(
        ApiError::of(error).unwrap().code,
        Some(ApiErrorCode::NotFound)
    );
    assert!(matches!(&items[1], Ok(RecursiveItem::Entry { .. })));
}

#[tokio::test]
async fn a_failure_of_the_whole_ends_the_listing() {
    let failed = r#"{"type":"error","error":{"code":"DeviceOffline","message":"went away"}}"#;
    assert_eq!(
        failure_of(&format!("{ROOT}\n{failed}\n{FILE}\n")).await,
        ErrorKind::StorageOffline
    );
    assert_eq!(
        failure_of(&format!("{failed}\n")).await,
        ErrorKind::StorageOffline
    );
    let at_root = r#"{"type":"error","path":"/","error":{"code":"FilesNotSynced"}}"#;
    assert_eq!(
        failure_of(&format!("{ROOT}\n{at_root}\n")).await,
        ErrorKind::NotSynced
    );
    let bare = r#"{"type":"error"}"#;
    assert_eq!(
        failure_of(&format!("{ROOT}\n{bare}\n")).await,
        ErrorKind::Service
    );
}

#[tokio::test]
async fn listings_that_may_be_short_are_failures() {
    assert_eq!(failure_of("").await, ErrorKind::Protocol);
    assert_eq!(failure_of(&format!("{FILE}\n")).await, ErrorKind::Protocol);
    assert_eq!(failure_of(ROOT).await, ErrorKind::Transport);
    assert_eq!(
        failure_of(&format!("{ROOT}\n{{\"type\":")).await,
        ErrorKind::Transport
    );
    assert_eq!(
        failure_of(&format!("{ROOT}\nnonsense\n")).await,
        ErrorKind::Protocol
    );
    assert_eq!(
        failure_of(&format!("{ROOT}\n{{\"type\":\"file\",\"path\":\"/x\"}}\n")).await,
        ErrorKind::Protocol
    );
    let relative = r#"{"type":"file","path":"x","file":{"name":"x","type":"file"}}"#;
    assert_eq!(
        failure_of(&format!("{ROOT}\n{relative}\n")).await,
        ErrorKind::Protocol
    );
}

#[tokio::test]
async fn unknown_kinds_of_lines_are_skipped() {
    let items = listing(&format!(
        "{ROOT}\n{{\"type\":\"progress\",\"percent\":3}}\n{FILE}\n"
    ))
    .await;
    assert_eq!(items.len(), 1);
}

#[tokio::test]
async fn endless_lines_are_refused() {
    let line = "x".repeat(2 * 1024 * 1024);
    assert_eq!(
        failure_of(&format!("{ROOT}\n{line}\n")).await,
        ErrorKind::Protocol
    );
}

#[tokio::test]
async fn failures_before_the_listing_have_their_kinds() {
    let table = [
        (404, "NotFound", ErrorKind::NotFound),
        (404, "DeviceOffline", ErrorKind::StorageOffline),
        (400, "NotDir", ErrorKind::NotADirectory),
        (409, "FilesNotSynced", ErrorKind::NotSynced),
    ];
    for (status, code, kind) in table {
        let server = MockServer::start().await;
        request("GET", LIST)
            .respond_with(failure(status, code))
            .mount(&server)
            .await;
        let mut items: Vec<_> = client(&server)
            .list_recursive("m", "/backup")
            .collect()
            .await;
        assert_eq!(items.pop().unwrap().unwrap_err().kind(), kind);
        assert!(items.is_empty());
    }
}
