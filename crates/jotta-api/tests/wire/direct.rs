//! Uploads in one request.

use bytes::Bytes;
use jotta_api::error::ApiError;
use remote_core::{
    error::{Effect, ErrorKind, RetryAdvice},
    http::Body,
};
use wiremock::{MockServer, matchers};

use crate::common::{
    ARCHIVE, BEARER, archive, client, described, failure, file, header, once, only, request, trace,
    xml,
};

#[tokio::test]
async fn a_file_is_described_in_headers_and_sent_as_it_is() {
    let server = MockServer::start().await;
    let upload = request("POST", &format!("{ARCHIVE}/d/a%20%2B%20b"));
    let upload = upload.and(matchers::query_param("umode", "nomultipart"));
    let made = xml(file("a + b", "content")).append_header("x-unused", "1");
    once(&server, upload, made).await;
    let body = Body::Bytes(Bytes::from_static(b"content"));
    let place = archive().below("d/a + b");
    let stored = client(&server)
        .upload_directly(&place, &described("content"), body)
        .await
        .unwrap();
    assert_eq!(stored.content().unwrap().size, Some(7));
    let request = only(&server).await;
    assert_eq!(request.body, b"content");
    for (name, value) in [
        ("authorization", BEARER),
        ("content-type", "application/octet-stream"),
        ("jsize", "7"),
        ("jmd5", "9a0364b9e99bb480dd25e1f0284c8555"),
        ("jcreated", "2023-11-14-T22:13:20Z"),
        ("jmodified", "2023-11-14-T22:13:30Z"),
    ] {
        assert_eq!(header(&request, name), value, "{name}");
    }
}

#[tokio::test]
async fn a_success_that_is_none_is_told_by_the_file() {
    let unfinished = |state: &str| {
        format!(
            "<file name=\"a\"><latestRevision><number>2</number><state>{state}</state><size>3</size></latestRevision></file>"
        )
    };
    for (body, kind, advice, effect) in [
        (
            unfinished("CORRUPT"),
            ErrorKind::Corrupted,
            RetryAdvice::Never,
            Effect::NotMade,
        ),
        (
            unfinished("INCOMPLETE"),
            ErrorKind::Service,
            RetryAdvice::IfIdempotent(None),
            Effect::NotMade,
        ),
        (
            file("a", "another"),
            ErrorKind::Protocol,
            RetryAdvice::Never,
            Effect::Unknown,
        ),
        (
            "<html/>".to_owned(),
            ErrorKind::Protocol,
            RetryAdvice::Never,
            Effect::Made,
        ),
    ] {
        let server = MockServer::start().await;
        let upload = request("POST", &format!("{ARCHIVE}/a"));
        upload.respond_with(xml(body.clone())).mount(&server).await;
        let content = described("content");
        let sent = Body::Bytes(Bytes::from_static(b"con"));
        let error = client(&server)
            .upload_directly(&archive().below("a"), &content, sent)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.retry_advice(), error.effect()),
            (kind, advice, effect),
            "{body}"
        );
        let said = ApiError::of(&error);
        assert_eq!(
            said.is_some_and(ApiError::is_incomplete_upload),
            kind == ErrorKind::Service
        );
        assert_eq!(
            said.is_some_and(ApiError::is_corrupt_upload),
            kind == ErrorKind::Corrupted
        );
    }
}

#[tokio::test]
async fn refusals_are_told_apart_and_made_once() {
    for (status, class, kind) in [
        (460, "OutOfQuotaException", ErrorKind::QuotaExceeded),
        (400, "InvalidArgumentException", ErrorKind::InvalidName),
        (403, "AccessDeniedException", ErrorKind::PermissionDenied),
        (401, "BadCredentialsException", ErrorKind::Authentication),
    ] {
        let server = MockServer::start().await;
        let upload = request("POST", &format!("{ARCHIVE}/a"));
        let refusal = failure(status, class);
        upload.respond_with(refusal).expect(1).mount(&server).await;
        let sent = Body::Bytes(Bytes::from_static(b"x"));
        let error = client(&server)
            .upload_directly(&archive().below("a"), &described("x"), sent)
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.effect()), (kind, Effect::NotMade));
    }
    let server = MockServer::start().await;
    let trash = jotta_api::location::Location::new("Jotta", "Trash");
    for (place, kind) in [
        (archive(), ErrorKind::InvalidInput),
        (trash.below("a"), ErrorKind::PermissionDenied),
        (archive().below("a/../b"), ErrorKind::InvalidName),
    ] {
        let sent = client(&server)
            .upload_directly(&place, &described("x"), Body::Empty)
            .await;
        assert_eq!(sent.unwrap_err().kind(), kind);
    }
    assert!(
        trace(&server).await.is_empty(),
        "found before anything is sent"
    );
}
