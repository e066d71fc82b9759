//! Announcing uploads and sending what is missing.

use bytes::Bytes;
use jotta_api::{api::upload::ConflictHandler, model::file::RevisionState};
use remote_core::{
    error::{Effect, ErrorKind, RetryAdvice},
    http::Body,
};
use serde_json::{Value, json as value};
use wiremock::{MockServer, ResponseTemplate};

use crate::common::{archive, client, described, header, json, once, only, request};

fn promise(server: &MockServer, resume_pos: u64) -> String {
    value!({"state": "INCOMPLETE", "upload_url": format!("{}/upload/1", server.uri()), "bytes": 7, "resume_pos": resume_pos}).to_string()
}

#[tokio::test]
async fn an_announcement_has_the_fields_that_rclone_sends() {
    for (conflict, more) in [
        (ConflictHandler::CreateNewRevision, None),
        (ConflictHandler::RejectConflicts, Some("REJECT_CONFLICTS")),
    ] {
        let server = MockServer::start().await;
        let answer = json(200, promise(&server, 0));
        once(&server, request("POST", "/files/v1/allocate"), answer).await;
        let place = archive().below("d/ü + \"b\"");
        let client = client(&server);
        let allocation = client
            .allocate(&place, &described("content"), conflict)
            .await;
        assert_eq!(allocation.unwrap().state, RevisionState::Incomplete);
        let request = only(&server).await;
        assert_eq!(header(&request, "content-type"), "application/json");
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let mut expected = value!({
            "path": "/jfs/Jotta/Archive/d/ü + \"b\"", "bytes": 7, "md5": "9a0364b9e99bb480dd25e1f0284c8555",
            "created": "2023-11-14T22:13:20Z", "modified": "2023-11-14T22:13:30Z",
        });
        if let Some(more) = more {
            expected["conflict_handler"] = more.into();
        }
        assert_eq!(body, expected);
    }
}

#[tokio::test]
async fn odd_promises_are_read_or_refused() {
    for (body, expected) in [
        (r#"{"state":"COMPLETED"}"#, Ok((true, 0))),
        (r#"{"state":"NOVEL","resume_pos":"3"}"#, Ok((false, 3))),
        (r#"{"resume_pos":-1,"bytes":null}"#, Ok((false, 0))),
        ("[]", Err(ErrorKind::Protocol)),
        ("", Err(ErrorKind::Protocol)),
        (r#"{"resume_pos":"far"}"#, Err(ErrorKind::Protocol)),
    ] {
        let server = MockServer::start().await;
        let allocate = request("POST", "/files/v1/allocate");
        allocate.respond_with(json(200, body)).mount(&server).await;
        let place = archive().below("a");
        let conflict = ConflictHandler::default();
        let client = client(&server);
        let allocation = client
            .allocate(&place, &described("content"), conflict)
            .await;
        let told = allocation.map(|told| (told.is_completed(), told.resume_pos));
        assert_eq!(told.map_err(|error| error.kind()), expected, "{body}");
    }
}

/// Sends the last bytes of an upload of seven.
async fn send(
    from: u64,
    answer: ResponseTemplate,
) -> (remote_core::error::Result<Option<u64>>, wiremock::Request) {
    let server = MockServer::start().await;
    let promised = json(200, promise(&server, from));
    request("POST", "/files/v1/allocate")
        .respond_with(promised)
        .mount(&server)
        .await;
    let upload = request("POST", "/upload/1");
    once(&server, upload, answer).await;
    let client = client(&server);
    let place = archive().below("a");
    let conflict = ConflictHandler::default();
    let allocation = client
        .allocate(&place, &described("content"), conflict)
        .await
        .unwrap();
    let rest = b"content".get(usize::try_from(from).unwrap()..).unwrap();
    let body = Body::Bytes(Bytes::from_static(rest));
    let outcome = client.upload(&allocation, 7, body).await;
    let request = server.received_requests().await.unwrap().remove(1);
    (outcome.map(|uploaded| uploaded.bytes), request)
}

#[tokio::test]
async fn what_is_missing_is_sent_with_its_range() {
    for (from, range) in [(0, ""), (3, "bytes=3-6"), (7, "bytes=7-6")] {
        let stored = json(
            200,
            r#"{"bytes":7,"md5":"9A0364B9E99BB480DD25E1F0284C8555","modified":1700000010000}"#,
        );
        let (outcome, request) = send(from, stored).await;
        assert_eq!(outcome.unwrap(), Some(7));
        assert_eq!(header(&request, "range"), range, "{from}");
        assert_eq!(header(&request, "content-type"), "application/octet-stream");
        assert_eq!(header(&request, "content-length"), (7 - from).to_string());
    }
}

#[tokio::test]
async fn each_refusal_of_the_bytes_says_what_to_do() {
    for (status, body, kind, effect, help) in [
        (
            420,
            r#"{"error_id":"IncompleteUploadOpenApiException"}"#,
            ErrorKind::Service,
            Effect::NotMade,
            "what has arrived is kept",
        ),
        (
            421,
            r#"{"error_id":"CorruptUploadOpenApiException"}"#,
            ErrorKind::Corrupted,
            Effect::NotMade,
            "write the file again",
        ),
        (
            460,
            "",
            ErrorKind::QuotaExceeded,
            Effect::NotMade,
            "free some room",
        ),
        (
            403,
            "",
            ErrorKind::PermissionDenied,
            Effect::NotMade,
            "locked",
        ),
        (
            302,
            "",
            ErrorKind::Protocol,
            Effect::NotMade,
            "nothing was sent there",
        ),
        (
            401,
            "",
            ErrorKind::Authentication,
            Effect::NotMade,
            "sign in again",
        ),
    ] {
        let (outcome, _) = send(0, json(status, body)).await;
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (kind, effect), "{status}");
        assert!(
            error.help().unwrap_or_default().contains(help),
            "{status}: {error:?}"
        );
    }
    let (outcome, _) = send(0, json(200, "<html>")).await;
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Protocol, Effect::Made)
    );
    assert_eq!(error.retry_advice(), RetryAdvice::Never);
}
