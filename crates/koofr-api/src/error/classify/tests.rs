use super::*;

fn answer(status: u16, body: &str) -> Error {
    asked(status, body, Asked::default())
}

fn asked(status: u16, body: &str, asked: Asked) -> Error {
    let answer = Answer {
        status,
        content_type: "",
        body: body.as_bytes(),
        request_id: None,
        retry_after: None,
    };
    error_of(&answer, asked)
}

fn coded(status: u16, code: &str) -> Error {
    answer(
        status,
        &format!(r#"{{"error":{{"code":"{code}","message":"m","extra":{{}}}},"requestId":"r-1"}}"#),
    )
}

#[test]
fn every_code_has_its_kind_whatever_the_status() {
    let table = [
        (404, "NotFound", ErrorKind::NotFound),
        (404, "DeviceOffline", ErrorKind::StorageOffline),
        (404, "FilesNotSynced", ErrorKind::NotSynced),
        (409, "AlreadyExists", ErrorKind::AlreadyExists),
        (400, "AlreadyExists", ErrorKind::AlreadyExists),
        (409, "Conflict", ErrorKind::PreconditionFailed),
        (400, "Conflict", ErrorKind::PreconditionFailed),
        (400, "BadRequest", ErrorKind::InvalidInput),
        (400, "NotDir", ErrorKind::NotADirectory),
        (400, "NotFile", ErrorKind::IsADirectory),
        (400, "MoveIntoSelf", ErrorKind::IntoSelf),
        (400, "CopyIntoSelf", ErrorKind::IntoSelf),
        (400, "InvalidPath", ErrorKind::InvalidName),
        (413, "QuotaExceeded", ErrorKind::QuotaExceeded),
        (403, "Forbidden", ErrorKind::PermissionDenied),
        (401, "Unauthorized", ErrorKind::Authentication),
        (416, "Other", ErrorKind::InvalidInput),
        (500, "Other", ErrorKind::Service),
        (404, "VaultReposLocationNotFound", ErrorKind::NotFound),
        (409, "VaultReposAlreadyExists", ErrorKind::AlreadyExists),
        (413, "Novel", ErrorKind::QuotaExceeded),
    ];
    for (status, code, kind) in table {
        let error = coded(status, code);
        assert_eq!(error.kind(), kind, "{status} {code}");
        assert_eq!(error.http_status(), Some(status));
        assert_eq!(error.request_id(), Some("r-1"));
        let said = ApiError::of(&error).expect("the service's words are kept");
        assert_eq!(said.code, Some(ApiErrorCode::from(code)));
    }
}

#[test]
fn answers_without_the_services_form_go_by_status() {
    let table = [
        (400, "no `path` given", ErrorKind::InvalidInput),
        (401, "", ErrorKind::Authentication),
        (403, "hotlinking not allowed", ErrorKind::PermissionDenied),
        (404, "", ErrorKind::Protocol),
        (404, "<!DOCTYPE html><p>nothing", ErrorKind::Protocol),
        (405, "", ErrorKind::Protocol),
        (413, "", ErrorKind::QuotaExceeded),
        (429, "Too many login retries", ErrorKind::LoginLocked),
        (429, "slow down", ErrorKind::RateLimited),
        (499, "Client Disconnect", ErrorKind::Service),
        (502, "<html>bad gateway", ErrorKind::Service),
    ];
    for (status, body, kind) in table {
        assert_eq!(answer(status, body).kind(), kind, "{status} {body}");
    }
}

#[test]
fn a_refused_name_is_told_apart_from_other_bad_input() {
    let bad = Asked {
        bad_name: true,
        ..Asked::default()
    };
    assert_eq!(asked(400, "bad path", bad).kind(), ErrorKind::InvalidName);
    let in_body = Asked {
        name_in_body: true,
        ..Asked::default()
    };
    let body = r#"{"error":{"code":"BadRequest","message":"Invalid name"}}"#;
    assert_eq!(asked(400, body, in_body).kind(), ErrorKind::InvalidName);
}

#[test]
fn a_failing_gateway_leaves_a_change_unknown() {
    let changes = Asked {
        changes: true,
        ..Asked::default()
    };
    let error = asked(502, "", changes);
    assert_eq!(error.effect(), Effect::Unknown);
    assert_eq!(error.retry_advice(), RetryAdvice::IfIdempotent(None));
    assert_eq!(asked(409, "", changes).effect(), Effect::NotMade);
}

#[test]
fn lockout_is_never_repeated_and_other_limits_are() {
    let locked = answer(429, "Too many login retries");
    assert_eq!(locked.retry_advice(), RetryAdvice::Never);
    assert_eq!(answer(429, "").retry_advice(), RetryAdvice::Safe(None));
    assert_eq!(
        coded(429, "LimitExceeded").retry_advice(),
        RetryAdvice::Never
    );
}

#[test]
fn texts_of_the_service_are_cut_and_cleaned() {
    let error = answer(400, &format!("a\r\nb{}", "x".repeat(1000)));
    let said = ApiError::of(&error).expect("kept");
    assert!(said.message.starts_with("a  bxx"));
    assert_eq!(said.message.chars().count(), MESSAGE_CHARS);
}
