//! Listings of several pages: nothing is left out, nothing is asked for without end.

use std::sync::atomic::{AtomicUsize, Ordering};

use acd_api::{api::nodes::NodeQuery, filter::Filter};
use remote_core::error::ErrorKind;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

use crate::common::{answer_all, client, count, failure, json, lines};

/// A page of one node, and the token of the next one.
fn page(id: &str, next: Option<&str>) -> ResponseTemplate {
    let next = next.map_or(String::new(), |next| format!(r#""nextToken":"{next}","#));
    json(
        200,
        format!(r#"{{"count":99,{next}"data":[{{"id":"{id}","name":"{id}","kind":"FILE"}}]}}"#),
    )
}

/// Answers the first page, and each further one by its token.
async fn book(server: &MockServer, pages: &[(Option<&str>, ResponseTemplate)]) {
    for (token, answer) in pages {
        let token = token.map(str::to_owned);
        let is_this = move |request: &Request| {
            let mut pairs = request.url.query_pairs();
            let found = pairs.find(|(key, _)| key == "startToken");
            found.map(|(_, value)| value.into_owned()) == token
        };
        Mock::given(is_this)
            .respond_with(answer.clone())
            .mount(server)
            .await;
    }
}

async fn ids(server: &MockServer) -> remote_core::error::Result<Vec<String>> {
    let query = NodeQuery::new(Filter::child_of("p1")).with_limit(200);
    let nodes = client(server).all_nodes(&query).await?;
    Ok(nodes.into_iter().map(|node| node.id).collect())
}

#[tokio::test]
async fn every_page_is_asked_for_with_all_parameters() {
    let server = MockServer::start().await;
    // An empty page in the middle is none at the end, and the count is not to be relied on.
    let empty = json(200, r#"{"count":1,"nextToken":"t3","data":[]}"#);
    book(
        &server,
        &[
            (None, page("a", Some("t+2"))),
            (Some("t+2"), empty),
            (Some("t3"), page("b", None)),
        ],
    )
    .await;
    assert_eq!(ids(&server).await.unwrap(), ["a", "b"]);
    let filter = "GET /m/nodes?filters=parents%3A%22p1%22";
    assert_eq!(
        lines(&server).await,
        [
            format!("{filter}&limit=200"),
            format!("{filter}&startToken=t%2B2&limit=200"),
            format!("{filter}&startToken=t3&limit=200"),
        ]
    );
}

#[tokio::test]
async fn an_empty_token_is_the_end() {
    let server = MockServer::start().await;
    answer_all(&server, page("a", Some(""))).await;
    assert_eq!(ids(&server).await.unwrap(), ["a"]);
    assert_eq!(count(&server).await, 1);
}

// Asked again, the service leaves the page out: the listing begins anew.
#[tokio::test]
async fn a_page_that_fails_begins_the_listing_anew() {
    for (status, message) in [
        (429, "Rate exceeded"),
        (500, "Internal failure"),
        (400, "Next token is expired"),
    ] {
        let server = MockServer::start().await;
        let failures = AtomicUsize::new(0);
        Mock::given(matchers::any())
            .respond_with(move |request: &Request| {
                let is_first_page = !request.url.as_str().contains("startToken");
                if is_first_page {
                    return page("a", Some("t2"));
                }
                match failures.fetch_add(1, Ordering::Relaxed) {
                    0 => failure(status, message),
                    _ => page("b", None),
                }
            })
            .mount(&server)
            .await;
        assert_eq!(ids(&server).await.unwrap(), ["a", "b"], "{status}");
        let asked = lines(&server).await;
        let has_token: Vec<bool> = asked
            .iter()
            .map(|line| line.contains("startToken"))
            .collect();
        assert_eq!(has_token, [false, true, false, true], "{status}");
    }
}

#[tokio::test]
async fn a_page_that_keeps_failing_is_an_error_and_no_short_listing() {
    for (status, message, kind) in [
        (500, "Internal failure", ErrorKind::Service),
        (429, "Rate exceeded", ErrorKind::RateLimited),
        (400, "Next token is expired", ErrorKind::PreconditionFailed),
        (404, "Node does not exists", ErrorKind::NotFound),
    ] {
        let server = MockServer::start().await;
        book(
            &server,
            &[
                (None, page("a", Some("t2"))),
                (Some("t2"), failure(status, message)),
            ],
        )
        .await;
        assert_eq!(ids(&server).await.unwrap_err().kind(), kind, "{status}");
    }
}

#[tokio::test]
async fn tokens_that_repeat_end_in_an_error() {
    let server = MockServer::start().await;
    answer_all(&server, page("a", Some("t1"))).await;
    let error = ids(&server).await.unwrap_err();
    assert_eq!(
        (error.kind(), count(&server).await),
        (ErrorKind::Protocol, 2)
    );

    let server = MockServer::start().await;
    book(
        &server,
        &[
            (None, page("a", Some("t1"))),
            (Some("t1"), page("b", Some("t2"))),
            (Some("t2"), page("c", Some("t1"))),
        ],
    )
    .await;
    let error = ids(&server).await.unwrap_err();
    assert_eq!(
        (error.kind(), count(&server).await),
        (ErrorKind::Protocol, 3)
    );
}

// One page is the caller's to repeat, from the beginning.
#[tokio::test]
async fn a_further_page_is_asked_for_once_and_the_first_one_repeatedly() {
    for (token, expected) in [(None, 3), (Some("t2"), 1)] {
        let server = MockServer::start().await;
        answer_all(&server, failure(500, "Internal failure")).await;
        let client = client(&server);
        let query = NodeQuery::default();
        client.nodes(&query, token).await.unwrap_err();
        assert_eq!(count(&server).await, expected);
        client.children("p1", &query, token).await.unwrap_err();
        assert_eq!(count(&server).await, 2 * expected);
        client.trash_page(&query, token).await.unwrap_err();
        assert_eq!(count(&server).await, 3 * expected);
    }
}
