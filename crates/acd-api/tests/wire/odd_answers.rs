//! Answers that are not what they should be: more than is known, less than is needed, of other types, or of another service.

use acd_api::{
    Client,
    api::nodes::{NewNode, NodeQuery},
    model::node::{NodeKind, NodeStatus},
};
use remote_core::error::{Effect, ErrorKind, Result, report};
use wiremock::{MockServer, ResponseTemplate};

use crate::common::{FILE, answer_all, client, count, exchange, json};

async fn node(body: &str) -> Result<acd_api::model::node::Node> {
    exchange(json(200, body), async |client| client.node("n1").await)
        .await
        .result
}

async fn page(body: &str) -> Result<acd_api::model::node::NodePage> {
    let query = NodeQuery::default();
    exchange(json(200, body), async |client| {
        client.nodes(&query, None).await
    })
    .await
    .result
}

#[tokio::test]
async fn what_is_not_known_is_left_aside() {
    let body = r#"{"id":"n1","name":"x","kind":"VISUAL_COLLECTION","status":"SLEEPING","parents":["p"],"ownerId":"o",
        "parentMap":{"FOLDER":["p"]},"xAccntParents":[],"settings":{"deep":[{"er":1}]},"transforms":["a"],"protectedFolder":false,
        "ETagResponse":"e1","collectionProperties":null}"#;
    let node = node(body).await.unwrap();
    assert_eq!(node.kind, NodeKind::Unknown("VISUAL_COLLECTION".to_owned()));
    assert_eq!(node.status, NodeStatus::Unknown("SLEEPING".to_owned()));
    assert!(!node.is_available() && !node.is_file() && !node.is_folder());
    assert_eq!(node.etag.as_deref(), Some("e1"));
}

#[tokio::test]
async fn what_is_missing_is_told_as_missing() {
    for body in [
        "{}",
        r#"{"id":null,"name":null,"kind":"FILE","parents":null,"labels":null,"contentProperties":null,"modifiedDate":null,"status":"PENDING"}"#,
        r#"{"id":"","name":"","contentProperties":{},"properties":null,"assets":null,"version":null,"tempLink":null}"#,
    ] {
        let node = node(body).await.unwrap();
        assert!(node.name.is_none() && node.parents.is_empty() && node.id.is_empty());
        assert!(node.size().is_none() && node.md5().is_none() && node.modified_date.is_none());
    }
}

#[tokio::test]
async fn numbers_as_texts_and_dates_of_any_precision_are_read() {
    let body = r#"{"id":7,"name":"x","kind":"FILE","version":"4","isRoot":"false","isShared":null,"modifiedDate":"2016-05-15T20:29:17Z",
        "createdDate":"2016-05-15T20:29:17.466123+00:00","contentProperties":{"size":"52428800000","version":2.0,"contentDate":"unknown"}}"#;
    let node = node(body).await.unwrap();
    assert_eq!((node.id.as_str(), node.version), ("7", Some(4)));
    assert_eq!(node.size(), Some(52_428_800_000));
    assert!(node.modified_date.is_some() && node.created_date > node.modified_date);
    assert!(!node.is_root);
}

#[tokio::test]
async fn a_hash_that_is_none_is_unknown() {
    for md5 in ["", "xyz", "5eb63bbbe01eeed093cb22bb8f5acd"] {
        let body = format!(r#"{{"id":"n1","kind":"FILE","contentProperties":{{"md5":"{md5}"}}}}"#);
        assert!(node(&body).await.unwrap().md5().is_none(), "{md5}");
    }
}

#[tokio::test]
async fn values_of_other_types_are_an_error_and_nothing_is_guessed() {
    for body in [
        r#"{"id":["n1"]}"#,
        r#"{"id":"n1","name":{"text":"x"}}"#,
        r#"{"id":"n1","parents":"p1"}"#,
        r#"{"id":"n1","parents":[{"id":"p1"}]}"#,
        r#"{"id":"n1","contentProperties":{"size":"large"}}"#,
        r#"{"id":"n1","contentProperties":{"size":1.5}}"#,
        r#"{"id":"n1","contentProperties":"none"}"#,
        r#"{"id":"n1","labels":{"a":1}}"#,
    ] {
        let error = node(body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{body}");
        // In a collection it must not make the rest of it look complete.
        let error = page(&format!(r#"{{"count":2,"data":[{FILE},{body}]}}"#))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{body}");
    }
}

#[tokio::test]
async fn a_collection_that_tells_no_nodes_is_no_empty_one() {
    for body in [
        "{}",
        r#"{"count":412}"#,
        r#"{"count":412,"nextToken":"t2"}"#,
        r#"{"count":412,"nextToken":"t2","data":null}"#,
        r#"{"count":1,"data":null}"#,
        r#"{"message":"try again","code":""}"#,
        r#"{"count":1,"data":{"id":"n1"}}"#,
        r#"{"count":1,"data":"none"}"#,
        "[]",
        "null",
        "0",
    ] {
        assert_eq!(
            page(body).await.unwrap_err().kind(),
            ErrorKind::Protocol,
            "{body}"
        );
    }
    for body in [
        r#"{"count":0}"#,
        r#"{"count":0,"data":null}"#,
        r#"{"data":[]}"#,
        r#"{"count":9,"data":[]}"#,
        r#"{"count":null,"nextToken":null,"data":[]}"#,
    ] {
        assert!(page(body).await.unwrap().data.is_empty(), "{body}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_is_of_another_service_is_an_error() {
    let html = "<!DOCTYPE html><html><body>sign in to the hotel</body></html>";
    let begun = r#"{"id":"n1","name":"a.txt","kind":"FI"#;
    for body in ["", " ", html, "ok", "{", begun, "\u{feff}{}"] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_raw(body, "text/html");
        answer_all(&server, answer).await;
        let client = client(&server);
        for error in reading(&client).await {
            assert_eq!(error.kind(), ErrorKind::Protocol, "{body:?}");
            assert!(!report(&error).contains("hotel") || body == html);
        }
        assert_eq!(count(&server).await, 7);
    }
}

/// Every call that only reads and whose answer is read at once.
async fn reading(client: &Client) -> Vec<remote_core::error::Error> {
    let query = NodeQuery::default();
    vec![
        client.node("n1").await.unwrap_err(),
        client.nodes(&query, None).await.unwrap_err(),
        client.trash_page(&query, None).await.unwrap_err(),
        client.quota().await.unwrap_err(),
        client.account_info().await.unwrap_err(),
        client.property("n1", "app", "k").await.unwrap_err(),
        client.root_node().await.unwrap_err(),
    ]
}

// The status says that it was made; which node it is can be found out by a look.
#[tokio::test]
async fn a_change_with_an_unreadable_answer_was_made() {
    for body in ["", "<html>", "[1]"] {
        let told = exchange(json(201, body), async |client| {
            client.create_folder(&NewNode::new("docs", "p1")).await
        })
        .await;
        let error = told.result.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Protocol, Effect::Made),
            "{body}"
        );
        // Where the answer need not tell anything it is as good as none.
        let told = exchange(json(200, body), async |client| client.trash("n1").await).await;
        assert!(told.result.unwrap().is_none(), "{body}");
    }
}

#[tokio::test]
async fn failures_in_any_form_have_a_kind() {
    let html = |status| ResponseTemplate::new(status).set_body_raw("<html>x</html>", "text/html");
    for (answer, kind) in [
        (ResponseTemplate::new(504), ErrorKind::Service),
        (ResponseTemplate::new(408), ErrorKind::Timeout),
        (html(502), ErrorKind::Service),
        (html(404), ErrorKind::Protocol),
        (html(403), ErrorKind::Protocol),
        (ResponseTemplate::new(404), ErrorKind::Protocol),
        (
            json(404, "<UnknownOperationException/>"),
            ErrorKind::Protocol,
        ),
        (
            json(400, "<Error><Code>InvalidArgument</Code></Error>"),
            ErrorKind::Protocol,
        ),
        (
            json(404, r#"{"message":null,"code":7}"#),
            ErrorKind::NotFound,
        ),
        (json(404, r#"{"info":"none"}"#), ErrorKind::NotFound),
        (json(409, "{}"), ErrorKind::AlreadyExists),
        (
            json(403, r#"{"code":"NO_ACTIVE_SUBSCRIPTION_FOUND"}"#),
            ErrorKind::QuotaExceeded,
        ),
        (ResponseTemplate::new(418), ErrorKind::Protocol),
        (ResponseTemplate::new(302), ErrorKind::Protocol),
    ] {
        let server = MockServer::start().await;
        answer_all(&server, answer).await;
        let error = client(&server).node("n1").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{}", report(&error));
    }
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let endless = format!(r#"{{"id":"n1","name":"{}"}}"#, "x".repeat(17 * 1024 * 1024));
    let told = exchange(json(200, endless), async |client| client.node("n1").await).await;
    assert_eq!(told.result.unwrap_err().kind(), ErrorKind::TooLarge);
}
