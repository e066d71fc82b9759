//! Jobs.

use crate::common::{client, json, once, request};
use koofr_api::{
    error::ApiError,
    model::job::{ConflictResolution, FileAddress, JobTransfer},
};
use remote_core::error::ErrorKind;
use serde_json::json;
use wiremock::{MockServer, ResponseTemplate, matchers};

const JOB: &str = r#"{"id":5,"type":"copy","state":"running","progress":"40","created":1,"parameters":"{}","result":{}}"#;

#[tokio::test]
async fn jobs_are_started_watched_and_put_away() {
    let server = MockServer::start().await;
    let transfer =
        json!({"src": {"mountId": "m", "path": "/a"}, "dst": {"mountId": "n", "path": "/b"}});
    let asked = request("POST", "/api/v2.1/jobs/files/copy").and(matchers::body_json(
        json!({"files": [transfer], "conflictResolution": "RENAME"}),
    ));
    once(&server, asked, json(200, JOB)).await;
    let asked = request("POST", "/api/v2.1/jobs/files/move")
        .and(matchers::body_json(json!({"files": [transfer]})));
    once(
        &server,
        asked,
        json(409, r#"{"errors":[{"error":"exists","file":{}}]}"#),
    )
    .await;
    once(
        &server,
        request("POST", "/api/v2.1/jobs/files/remove"),
        ResponseTemplate::new(204),
    )
    .await;
    once(
        &server,
        request("GET", "/api/v2.1/jobs"),
        json(200, format!(r#"{{"jobs":[{JOB}]}}"#)),
    )
    .await;
    once(&server, request("GET", "/api/v2.1/jobs/5"), json(200, JOB)).await;
    once(
        &server,
        request("PUT", "/api/v2.1/jobs/5/abort"),
        json(200, JOB.replace("\"running\"", "\"Aborted\"")),
    )
    .await;
    once(
        &server,
        request("DELETE", "/api/v2.1/jobs/5"),
        ResponseTemplate::new(204),
    )
    .await;
    once(
        &server,
        request("DELETE", "/api/v2.1/jobs/completed"),
        ResponseTemplate::new(204),
    )
    .await;
    let client = client(&server);
    let files = [JobTransfer {
        src: FileAddress::new("m", "/a"),
        dst: FileAddress::new("n", "/b"),
    }];
    assert!(
        client
            .start_copy_job(&files, Some(&ConflictResolution::Rename))
            .await
            .unwrap()
            .is_some()
    );
    let error = client.start_move_job(&files, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    let details = &ApiError::of(&error).unwrap().details;
    assert_eq!(
        details.at("/errors/0/error").unwrap().as_str(),
        Some("exists")
    );
    assert!(
        client
            .start_remove_job(&[FileAddress::new("m", "/a")])
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        client.start_remove_job(&[]).await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    assert_eq!(
        client.jobs().await.unwrap()[0],
        client.job("5").await.unwrap()
    );
    assert!(client.abort_job("5").await.unwrap().is_finished());
    client.remove_job("5").await.unwrap();
    client.remove_completed_jobs().await.unwrap();
}
