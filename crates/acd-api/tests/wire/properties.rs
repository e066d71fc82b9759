//! Properties: one exchange per endpoint.

use remote_core::error::{Effect, ErrorKind};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use crate::common::{client, count, exchange, failure, json as answer};

const SET: &str = r#"{"key":"mtime","value":"2015-09-06T16:07:39Z","location":"http://h/nodes/n1/properties/acd-api/mtime"}"#;

#[tokio::test]
async fn a_property_is_set_by_owner_and_key() {
    let told = exchange(answer(201, SET), async |client| {
        let value = "2015-09-06T16:07:39Z";
        client.set_property("n1", "my app/1", "mtime", value).await
    })
    .await;
    assert_eq!(told.line, "PUT /m/nodes/n1/properties/my%20app%2F1/mtime");
    assert_eq!(told.body, json!({"value": "2015-09-06T16:07:39Z"}));
    let property = told.result.unwrap();
    assert_eq!(
        (property.key.as_str(), property.value.as_str()),
        ("mtime", "2015-09-06T16:07:39Z")
    );
}

#[tokio::test]
async fn properties_are_read_listed_and_removed() {
    let told = exchange(answer(200, SET), async |client| {
        client.property("n1", "acd-api", "mtime").await
    })
    .await;
    assert_eq!(
        (told.line.as_str(), told.body),
        ("GET /m/nodes/n1/properties/acd-api/mtime", Value::Null)
    );
    assert_eq!(told.result.unwrap().key, "mtime");

    let list = r#"{"count":2,"data":{"a":"1","b":"2"},"new":0}"#;
    let told = exchange(answer(200, list), async |client| {
        client.properties("n1", "acd-api").await
    })
    .await;
    assert_eq!(told.line, "GET /m/nodes/n1/properties/acd-api");
    let all = told.result.unwrap();
    assert_eq!((all.count, all.data["b"].as_str()), (Some(2), "2"));

    let told = exchange(ResponseTemplate::new(204), async |client| {
        client.remove_property("n1", "acd-api", "mtime").await
    })
    .await;
    assert_eq!(
        (told.line.as_str(), told.body),
        ("DELETE /m/nodes/n1/properties/acd-api/mtime", Value::Null)
    );
    told.result.unwrap();
}

#[tokio::test]
async fn nothing_is_told_of_other_owners() {
    for body in [
        "{}",
        r#"{"count":0,"data":{}}"#,
        r#"{"count":0,"data":null}"#,
    ] {
        let told = exchange(answer(200, body), async |client| {
            client.properties("n1", "other").await
        })
        .await;
        assert!(told.result.unwrap().data.is_empty());
    }
    let told = exchange(failure(403, "not yours"), async |client| {
        client.set_property("n1", "other", "k", "v").await
    })
    .await;
    let error = told.result.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::PermissionDenied, Effect::NotMade)
    );
}

#[tokio::test]
async fn keys_and_owners_that_the_service_does_not_take_are_not_sent() {
    let server = MockServer::start().await;
    let client = client(&server);
    let long = "k".repeat(51);
    for key in ["", "a b", "a-b", "é", long.as_str()] {
        let error = client
            .set_property("n1", "app", key, "v")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{key:?}");
    }
    // An address with an empty segment leads to another operation.
    let error = client.properties("n1", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(count(&server).await, 0);
}
