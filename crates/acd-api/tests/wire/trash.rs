//! The trash and the calls for several nodes: one exchange per endpoint.

use acd_api::api::{nodes::NodeQuery, trash::MAX_BULK_NODES};
use remote_core::error::{Effect, ErrorKind};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use crate::common::{answers, client, count, exchange, failure, json as answer, lines};

const TRASHED: &str = r#"{"id":"n1","name":"a","kind":"FILE","parents":["p1"],"status":"TRASH","exclusivelyTrashed":true}"#;

#[tokio::test]
async fn nodes_go_into_the_trash_and_come_back_without_a_body() {
    let told = exchange(answer(200, TRASHED), async |client| {
        client.trash("-n1").await
    })
    .await;
    assert_eq!(
        (told.line.as_str(), told.body),
        ("PUT /m/trash/-n1", Value::Null)
    );
    assert!(!told.result.unwrap().unwrap().is_available());
    let told = exchange(answer(200, TRASHED), async |client| {
        client.restore("n1").await
    })
    .await;
    assert_eq!(
        (told.line.as_str(), told.body),
        ("POST /m/trash/n1/restore", Value::Null)
    );
    assert!(told.result.unwrap().is_some());
    let told = exchange(ResponseTemplate::new(204), async |client| {
        client.restore("n1").await
    })
    .await;
    assert!(told.result.unwrap().is_none());
}

#[tokio::test]
async fn the_trash_is_listed_page_by_page() {
    let body = format!(r#"{{"count":3,"nextToken":"t2","data":[{TRASHED}]}}"#);
    let query = NodeQuery::default().with_limit(10);
    let told = exchange(answer(200, body.as_str()), async |client| {
        client.trash_page(&query, None).await
    })
    .await;
    assert_eq!(told.line, "GET /m/trash?limit=10");
    let page = told.result.unwrap();
    assert_eq!(
        (page.count, page.next_token.as_deref(), page.data.len()),
        (Some(3), Some("t2"), 1)
    );
    let told = exchange(answer(200, body.as_str()), async |client| {
        client.trash_page(&query, Some("t2")).await
    })
    .await;
    assert_eq!(told.line, "GET /m/trash?startToken=t2&limit=10");

    let server = MockServer::start().await;
    let last = format!(r#"{{"count":3,"data":[{TRASHED},{TRASHED}]}}"#);
    answers(&server, "/m/trash", &[answer(200, body), answer(200, last)]).await;
    assert_eq!(client(&server).all_trash().await.unwrap().len(), 3);
    assert_eq!(
        lines(&server).await,
        ["GET /m/trash", "GET /m/trash?startToken=t2"]
    );
}

#[tokio::test]
async fn refusals_of_the_trash_are_told_apart() {
    for (status, message, kind) in [
        (404, "Node does not exists", ErrorKind::NotFound),
        (403, "the root", ErrorKind::PermissionDenied),
        (
            409,
            "Node with the name a already exists under parentId p1 conflicting NodeId: n2",
            ErrorKind::AlreadyExists,
        ),
    ] {
        let told = exchange(failure(status, message), async |client| {
            client.restore("n1").await
        })
        .await;
        let error = told.result.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (kind, Effect::NotMade),
            "{message}"
        );
    }
}

#[tokio::test]
async fn removing_for_good_is_refused_with_the_reason() {
    let told = exchange(ResponseTemplate::new(204), async |client| {
        client.purge("n1").await
    })
    .await;
    assert_eq!(
        (told.line.as_str(), told.body),
        ("DELETE /m/nodes/n1", Value::Null)
    );
    told.result.unwrap();
    let refusal = failure(
        403,
        "Insufficient permissions granted for operation: purgeNode",
    );
    let told = exchange(refusal, async |client| client.purge("n1").await).await;
    let error = told.result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.help().is_some_and(|help| help.contains("trash")));
}

#[tokio::test]
async fn several_nodes_go_into_the_trash_and_come_back_by_one_request() {
    for (into_trash, op) in [(true, "add"), (false, "remove")] {
        let told = exchange(answer(200, r#"{"errorMap":{}}"#), async |client| {
            client.bulk_trash(&["n1", "-n2"], into_trash).await
        })
        .await;
        assert_eq!(told.line, "PATCH /m/trash");
        assert_eq!(
            told.body,
            json!({"recurse": "true", "op": op, "conflictResolution": "RENAME", "value": ["n1", "-n2"],
                "resourceVersion": "V2", "ContentType": "JSON"})
        );
        assert!(told.result.unwrap().is_empty());
    }
}

#[tokio::test]
async fn several_nodes_are_removed_for_good_by_one_request() {
    let told = exchange(answer(200, "{}"), async |client| {
        client.bulk_purge(&["n1", "n2"]).await
    })
    .await;
    assert_eq!(told.line, "POST /m/bulk/nodes/purge");
    assert_eq!(
        told.body,
        json!({"recurse": "true", "nodeIds": ["n1", "n2"]})
    );
    assert!(told.result.unwrap().is_empty());
}

#[tokio::test]
async fn nodes_that_failed_are_told_with_the_reason() {
    let body = r#"{"errorMap":{"n1":404,"n2":"NODE_NOT_FOUND"}}"#;
    let expected = [("n1", "404"), ("n2", "NODE_NOT_FOUND")];
    let told = exchange(answer(200, body), async |client| {
        client.bulk_purge(&["n1", "n2", "n3"]).await
    })
    .await;
    let purged = told.result.unwrap();
    let told = exchange(answer(200, body), async |client| {
        client.bulk_trash(&["n1", "n2", "n3"], true).await
    })
    .await;
    for failed in [purged, told.result.unwrap()] {
        let failed: Vec<(&str, &str)> = failed
            .iter()
            .map(|(id, why)| (id.as_str(), why.as_str()))
            .collect();
        assert_eq!(failed, expected);
    }
    for said in [
        ResponseTemplate::new(204),
        answer(200, "<html>"),
        answer(200, r#"{"errorMap":[]}"#),
    ] {
        let told = exchange(said, async |client| client.bulk_purge(&["n1"]).await).await;
        assert!(told.result.unwrap().is_empty());
    }
}

#[tokio::test]
async fn calls_for_several_are_refused_for_too_many_and_by_services_without_them() {
    let server = MockServer::start().await;
    let unlimited = vec!["n"; MAX_BULK_NODES + 1];
    let client = client(&server);
    for error in [
        client.bulk_trash(&unlimited, true).await.unwrap_err(),
        client.bulk_purge(&unlimited).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(count(&server).await, 0);

    for (said, kind) in [
        (
            failure(403, "first-party only"),
            ErrorKind::PermissionDenied,
        ),
        (
            ResponseTemplate::new(404).set_body_string("<UnknownOperationException/>"),
            ErrorKind::Protocol,
        ),
        (ResponseTemplate::new(405), ErrorKind::Protocol),
    ] {
        let told = exchange(said, async |client| client.bulk_trash(&["n1"], true).await).await;
        let error = told.result.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (kind, Effect::NotMade));
    }
}
