//! Trash, versions and snapshots.

use crate::common::{client, count, json, once, queries, request};
use futures::{StreamExt as _, TryStreamExt as _};
use koofr_api::{
    api::trash::{EmptyTrash, TrashQuery, UndeleteAll},
    model::{
        job::FileAddress,
        search::SortDirection,
        trash::{TrashFile, TrashSort},
    },
};
use remote_core::error::ErrorKind;
use serde_json::json;
use wiremock::{MockServer, ResponseTemplate, matchers};

const JOB: &str = r#"{"id":5,"type":"copy","state":"running","progress":"40","created":1,"parameters":"{}","result":{}}"#;

#[tokio::test]
async fn the_trash_is_read_page_by_page() {
    let server = MockServer::start().await;
    let first = request("GET", "/api/v2.1/trash").and(matchers::query_param("pageSize", "2"));
    let page =
        r#"{"files":[{"path":"/a"},{"path":"/b"}],"retentionDays":30,"pageInfo":{"cursor":"c 1"}}"#;
    once(&server, first, json(200, page)).await;
    let second = request("GET", "/api/v2.1/trash").and(matchers::query_param("cursor", "c 1"));
    once(
        &server,
        second,
        json(
            200,
            r#"{"files":[{"path":"/c"}],"pageInfo":{"cursor":null}}"#,
        ),
    )
    .await;
    let query = TrashQuery::default()
        .with_page_size(2)
        .with_sort(TrashSort::Deleted, SortDirection::Descending);
    let files: Vec<TrashFile> = client(&server).trash(query).try_collect().await.unwrap();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["/a", "/b", "/c"]);
    assert_eq!(
        queries(&server).await,
        ["pageSize=2&sortField=deleted&sortDir=desc", "cursor=c%201"]
    );
}

#[tokio::test]
async fn pages_that_lead_in_a_circle_are_a_failure() {
    let server = MockServer::start().await;
    let page = json(200, r#"{"files":[],"pageInfo":{"cursor":"same"}}"#);
    request("GET", "/api/v2.1/trash")
        .respond_with(page)
        .mount(&server)
        .await;
    let items: Vec<_> = client(&server).trash(TrashQuery::default()).collect().await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].as_ref().unwrap_err().kind(), ErrorKind::Protocol);
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn empty_pages_without_end_are_a_failure() {
    let server = MockServer::start().await;
    let number = std::sync::atomic::AtomicU64::new(0);
    request("GET", "/api/v2.1/trash")
        .respond_with(move |_: &wiremock::Request| {
            let cursor = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let page = format!(r#"{{"files":[],"pageInfo":{{"cursor":"{cursor}"}}}}"#);
            json(200, &page)
        })
        .mount(&server)
        .await;
    let items: Vec<_> = client(&server).trash(TrashQuery::default()).collect().await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].as_ref().unwrap_err().kind(), ErrorKind::Protocol);
    assert!(count(&server).await < 200);
}

#[tokio::test]
async fn restoring_nothing_is_refused_and_everything_must_be_said() {
    let server = MockServer::start().await;
    let some = request("POST", "/api/v2.1/trash/undelete").and(matchers::body_json(
        json!({"files": [{"mountId": "m", "path": "/a"}]}),
    ));
    once(&server, some, json(200, JOB)).await;
    let all =
        request("POST", "/api/v2.1/trash/undelete").and(matchers::body_json(json!({"files": []})));
    once(&server, all, json(200, JOB)).await;
    once(
        &server,
        request("DELETE", "/api/v2.1/trash"),
        ResponseTemplate::new(204),
    )
    .await;
    let client = client(&server);
    assert_eq!(
        client.undelete(&[]).await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    assert_eq!(count(&server).await, 0);
    let job = client
        .undelete(&[FileAddress::new("m", "/a")])
        .await
        .unwrap();
    assert_eq!(
        (job.id.as_str(), job.progress, job.is_finished()),
        ("5", 40, false)
    );
    client.undelete_all(UndeleteAll::Everything).await.unwrap();
    client
        .empty_trash(EmptyTrash::DeleteEverythingForGood)
        .await
        .unwrap();
}

#[tokio::test]
async fn versions_are_listed_recovered_and_put_back() {
    let server = MockServer::start().await;
    let at = "/api/v2.1/mounts/m/files/versions";
    once(
        &server,
        request("GET", at),
        json(200, r#"{"versions":[{"id":3,"type":"file","size":"9"}]}"#),
    )
    .await;
    let asked =
        request("POST", &format!("{at}/recover")).and(matchers::query_param("version", "3"));
    once(&server, asked, json(200, r#"{"newPath":"/a (1)"}"#)).await;
    let asked = request("POST", &format!("{at}/change")).and(matchers::body_json(json!({})));
    once(&server, asked, ResponseTemplate::new(204)).await;
    let client = client(&server);
    let version = client.versions("m", "/a").await.unwrap().remove(0);
    assert_eq!((version.id.as_str(), version.info.size), ("3", Some(9)));
    assert_eq!(
        client.recover_version("m", "/a", "3").await.unwrap(),
        "/a (1)"
    );
    client.change_version("m", "/a", "3").await.unwrap();
}

#[tokio::test]
async fn snapshots_are_listed_and_gone_back_to() {
    let server = MockServer::start().await;
    once(
        &server,
        request("GET", "/api/v2.1/snapshots"),
        json(200, r#"{"snapshots":[{"id":1,"created":2}]}"#),
    )
    .await;
    let asked = request("POST", "/api/v2.1/jobs/files/restoresnapshot")
        .and(matchers::body_json(json!({"id": 1})));
    once(&server, asked, json(200, JOB)).await;
    let client = client(&server);
    let snapshot = client.snapshots().await.unwrap().remove(0);
    assert_eq!(
        (snapshot.id.as_str(), snapshot.fields.to_string()),
        ("1", json!({"created": 2}).to_string())
    );
    client.restore_snapshot(&json!({"id": 1})).await.unwrap();
}
