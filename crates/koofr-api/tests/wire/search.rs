//! Search.

use crate::common::{client, json, once, queries, request};
use futures::TryStreamExt as _;
use koofr_api::{
    api::search::SearchQuery,
    model::search::{SearchFileType, SearchSort, SortDirection},
};
use remote_core::error::ErrorKind;
use wiremock::{MockServer, matchers};

#[tokio::test]
async fn a_search_sends_all_its_filters() {
    let server = MockServer::start().await;
    let hit = r#"{"hits":[{"mountId":"m","path":"/a","name":"a","type":"file","score":0.5}],"mounts":{"m":{"id":"m"}}}"#;
    once(&server, request("GET", "/api/v2.1/search"), json(200, hit)).await;
    let query = SearchQuery::new("a b")
        .with_offset(10)
        .with_limit(5)
        .with_sort(SearchSort::Modified, SortDirection::Descending)
        .with_mount_id("m")
        .with_path("/d")
        .with_content_type("text/plain")
        .with_file_type(SearchFileType::Document)
        .with_tag("k", "v");
    let page = client(&server).search_page(&query).await.unwrap();
    assert_eq!(page.hits[0].info.path.as_deref(), Some("/a"));
    assert_eq!(
        queries(&server).await,
        [
            "query=a%20b&offset=10&limit=5&sortField=modified&sortDir=desc&mountId=m&path=/d\
          &contentType=text/plain&fileType=document&tag=k%3Dv"
        ]
    );
}

#[tokio::test]
async fn a_search_goes_on_until_a_page_is_not_full() {
    let server = MockServer::start().await;
    let second = request("GET", "/api/v2.1/search").and(matchers::query_param("offset", "2"));
    second
        .respond_with(json(200, r#"{"hits":[{"path":"/c"}]}"#))
        .expect(1)
        .with_priority(1)
        .mount(&server)
        .await;
    once(
        &server,
        request("GET", "/api/v2.1/search"),
        json(200, r#"{"hits":[{"path":"/a"},{"path":"/b"}]}"#),
    )
    .await;
    let client = client(&server);
    let hits: Vec<_> = client
        .search(SearchQuery::new("").with_limit(2))
        .try_collect()
        .await
        .unwrap();
    assert_eq!(hits.len(), 3);
    for query in [
        SearchQuery::new("x").with_path("/d"),
        SearchQuery::new("x").with_limit(0),
        SearchQuery::new("x").with_limit(1001),
    ] {
        assert_eq!(
            client.search_page(&query).await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }
}
