//! The account: one exchange per endpoint.

use acd_api::model::account::AccountStatus;
use remote_core::error::ErrorKind;
use serde_json::Value;
use wiremock::MockServer;

use crate::common::{answer_all, asking, exchange, failure, json, lines};

#[tokio::test]
async fn the_account_tells_whether_it_works() {
    let told = exchange(
        json(200, r#"{"termsOfUse":"1.0.0","status":"ACTIVE","new":[1]}"#),
        async |client| client.account_info().await,
    )
    .await;
    assert_eq!(
        (told.line.as_str(), told.body),
        ("GET /m/account/info", Value::Null)
    );
    let info = told.result.unwrap();
    assert_eq!(info.terms_of_use.as_deref(), Some("1.0.0"));
    assert_eq!(info.status, Some(AccountStatus::Active));

    let told = exchange(json(200, "{}"), async |client| client.account_info().await).await;
    assert!(told.result.unwrap().status.is_none());
}

#[tokio::test]
async fn room_is_told_beyond_32_bits() {
    let body = r#"{"quota":5368709120,"available":"4069088896","lastCalculated":"2016-05-15T20:07:10.418Z",
        "plans":["x"],"benefits":[],"grants":[{}]}"#;
    let told = exchange(json(200, body), async |client| client.quota().await).await;
    assert_eq!(told.line, "GET /m/account/quota");
    let quota = told.result.unwrap();
    assert_eq!(
        (quota.quota, quota.available),
        (Some(5_368_709_120), Some(4_069_088_896))
    );
    assert!(quota.last_calculated.is_some());
}

#[tokio::test]
async fn usage_is_told_by_kind_and_each_kind_may_be_missing() {
    let body = r#"{"lastCalculated":"2016-05-15T20:07:10Z","other":{},"video":null,
        "doc":{"total":{"bytes":5000000000,"count":2},"billable":{"bytes":7,"count":1}},
        "photo":{"total":{"bytes":3,"count":1}},"audio":{"total":{"bytes":9}}}"#;
    let told = exchange(json(200, body), async |client| client.account_usage().await).await;
    assert_eq!(told.line, "GET /m/account/usage");
    let usage = told.result.unwrap();
    assert_eq!(
        (usage.doc.total.bytes, usage.doc.total.count),
        (5_000_000_000, 2)
    );
    assert_eq!((usage.doc.billable.bytes, usage.doc.billable.count), (7, 1));
    assert_eq!(
        (usage.total_bytes(), usage.video.total.count),
        (5_000_000_003, 0)
    );
    let told = exchange(json(200, "{}"), async |client| client.account_usage().await).await;
    assert_eq!(told.result.unwrap().total_bytes(), 0);
}

#[tokio::test]
async fn where_the_account_lives_is_asked_below_the_configured_address() {
    let server = MockServer::start().await;
    let body = r#"{"customerExists":true,"contentUrl":"http://127.0.0.1:7/c/","metadataUrl":"http://127.0.0.1:8/m/",
        "countryAtSignup":"US","downloadServiceUrl":"https://x/","region":"NA","retailUrl":"https://y/"}"#;
    answer_all(&server, json(200, body)).await;
    let info = asking(&server).build().unwrap().endpoint().await.unwrap();
    assert_eq!(lines(&server).await, ["GET /b/account/endpoint"]);
    assert_eq!(info.customer_exists, Some(true));
    assert_eq!(info.content_url.as_deref(), Some("http://127.0.0.1:7/c/"));
    assert_eq!(info.metadata_url.as_deref(), Some("http://127.0.0.1:8/m/"));
}

#[tokio::test]
async fn refusals_have_their_kinds_and_the_id_of_the_request() {
    for (status, message, kind) in [
        (401, "Token has expired", ErrorKind::Authentication),
        (403, "not registered", ErrorKind::PermissionDenied),
        (405, "no", ErrorKind::Protocol),
    ] {
        let told = exchange(failure(status, message), async |client| {
            client.quota().await
        })
        .await;
        let error = told.result.unwrap_err();
        assert_eq!(
            (error.kind(), error.http_status()),
            (kind, Some(status)),
            "{status}"
        );
        assert_eq!(error.request_id(), Some("r-7"));
    }
}
