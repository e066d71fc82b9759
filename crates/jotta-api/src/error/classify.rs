//! From an answer to a kind, an advice and a help sentence. The service's own name of the failure is looked at before the status.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::StatusCode;
use remote_core::{
    error::{Effect, Error, ErrorKind, RetryAdvice},
    http::classify_status,
    lenient,
};
use serde::Deserialize;

use super::{ApiError, ErrorClass};
use crate::xml::{Node, XmlReader};

/// Longest text of an answer that is kept, in characters.
const MESSAGE_CHARS: usize = 300;

/// Longest answer that is read to find out why a call failed.
pub(crate) const FAILURE_BYTES: usize = 64 * 1024;

/// What a person can do when the account cannot be signed in any more.
pub(crate) const SIGN_IN_HELP: &str = "sign in again; one sign-in serves one computer, because every renewal ends the token before it";

/// What is known of the call that failed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// The call changes something.
    pub(crate) changes: bool,
    /// A name that a user chose was among the arguments.
    pub(crate) names: bool,
}

/// What is known of a failed answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    pub(crate) retry_after: Option<Duration>,
}

/// The service's own form in the JSON interface.
#[derive(Debug, Default, Deserialize)]
struct JsonFailure {
    #[serde(default, deserialize_with = "lenient::opt_u64")]
    code: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    message: String,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    error_id: Option<String>,
    #[serde(default, rename = "x-id", deserialize_with = "lenient::opt_text")]
    x_id: Option<String>,
}

/// The error for an answer that reports a failure.
pub(crate) async fn error_of(answer: &Answer, asked: Asked) -> Error {
    let said = read(answer).await;
    let is_page = said.class.is_none() && said.code.is_none() && looks_like_page(&answer.body);
    let (kind, advice) = judge(&said, answer, asked, is_page);
    let undecided =
        matches!(kind, ErrorKind::Service | ErrorKind::Timeout) && !said.is_incomplete_upload();
    let effect = if asked.changes && undecided {
        Effect::Unknown
    } else {
        Effect::NotMade
    };
    let error = match message_of(&said, kind, is_page) {
        Some(message) => Error::with_message(kind, message),
        None => Error::new(kind),
    };
    let mut error = error
        .with_http_status(said.status)
        .with_retry_advice(advice)
        .with_effect(effect);
    if let Some(help) = help_of(kind, said.status, is_page) {
        error = error.with_help(help);
    }
    if let Some(id) = &said.request_id {
        error = error.with_request_id(id.as_str());
    }
    error.with_source(said)
}

async fn read(answer: &Answer) -> ApiError {
    let status = answer.status.as_u16();
    let body = answer.body.trim_ascii_start();
    if body.starts_with(b"{")
        && let Ok(failure) = serde_json::from_slice::<JsonFailure>(body)
    {
        return of_json(status, &failure);
    }
    if body.starts_with(b"<")
        && let Some(root) = read_xml(answer.body.clone()).await
    {
        return of_xml(status, &root);
    }
    ApiError {
        message: shorten(&String::from_utf8_lossy(body)),
        ..ApiError::new(status)
    }
}

async fn read_xml(body: Bytes) -> Option<Node> {
    let reader = XmlReader::new(stream::iter([Ok(body)]).boxed(), FAILURE_BYTES as u64);
    let root = reader.document(|_| false, |_, _| {}).await.ok()?;
    (root.name == "error").then_some(root)
}

fn of_xml(status: u16, root: &Node) -> ApiError {
    let message = root.word_of("message").unwrap_or_default();
    let reason = root.word_of("reason").unwrap_or_default();
    ApiError {
        status,
        code: root.number_of("code").and_then(|code| code.try_into().ok()),
        class: class_of(message),
        message: shorten(if message.is_empty() { reason } else { message }),
        request_id: root.word_of("x-id").map(shorten),
    }
}

fn of_json(status: u16, failure: &JsonFailure) -> ApiError {
    let class = failure.error_id.as_deref().map(ErrorClass::from);
    ApiError {
        status,
        code: failure.code.and_then(|code| code.try_into().ok()),
        class: class.or_else(|| class_of(&failure.message)),
        message: shorten(&failure.message),
        request_id: failure.x_id.as_deref().map(shorten),
    }
}

/// The last dotted word before the first colon, if it is the name of an exception.
fn class_of(message: &str) -> Option<ErrorClass> {
    let (name, _) = message.split_once(':').unwrap_or((message, ""));
    let class = name.trim().rsplit('.').next().unwrap_or_default();
    let is_name = class.ends_with("Exception") && class.chars().all(|c| c.is_ascii_alphanumeric());
    is_name.then(|| ErrorClass::from(class))
}

fn looks_like_page(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// The beginning of a text of the service, on one line and without control characters.
fn shorten(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = text.trim().chars().take(MESSAGE_CHARS).map(clean).collect();
    text.trim_end().to_owned()
}

fn judge(
    said: &ApiError,
    answer: &Answer,
    asked: Asked,
    is_page: bool,
) -> (ErrorKind, RetryAdvice) {
    let by_status = classify_status(answer.status, answer.retry_after);
    let never = |kind| (kind, RetryAdvice::Never);
    if said.is_incomplete_upload() {
        return (ErrorKind::Service, RetryAdvice::IfIdempotent(None));
    }
    if said.is_corrupt_upload() {
        return never(ErrorKind::Corrupted);
    }
    match (&said.class, said.status) {
        (_, 401) => never(ErrorKind::Authentication),
        (_, 429 | 500..) => by_status,
        (Some(ErrorClass::BadCredentials), _) => never(ErrorKind::Authentication),
        (
            Some(ErrorClass::NoSuchFile | ErrorClass::NoSuchMountPoint | ErrorClass::NoSuchPath),
            _,
        ) => never(ErrorKind::NotFound),
        (Some(ErrorClass::RequestedRangeNotSatisfied), _) | (_, 416) => {
            never(ErrorKind::InvalidInput)
        }
        (Some(ErrorClass::UniqueFile), _) | (_, 409) => never(ErrorKind::AlreadyExists),
        (Some(ErrorClass::UsernameNotFound), _) => never(ErrorKind::Protocol),
        (_, 460) => never(ErrorKind::QuotaExceeded),
        (_, 400) if asked.names && !is_page => never(ErrorKind::InvalidName),
        (_, 300..400) => never(ErrorKind::Protocol),
        // A page of something on the way, or of another server, says nothing about the file.
        (_, 404 | 405) if is_page => never(ErrorKind::Protocol),
        _ if said.code == Some(404) => never(ErrorKind::NotFound),
        _ => by_status,
    }
}

/// What says more than the kind alone.
fn message_of(said: &ApiError, kind: ErrorKind, is_page: bool) -> Option<String> {
    match (kind, said.status) {
        (_, 300..400) => Some(
            "the service sends this request to another address, which is not followed".to_owned(),
        ),
        (_, _) if is_page => Some(format!(
            "the server answered {} with a page instead of an answer of the service",
            said.status
        )),
        (ErrorKind::InvalidName, _) => Some("the service refuses the name or path".to_owned()),
        (ErrorKind::Service, 420) => {
            Some("the service still misses bytes of the upload".to_owned())
        }
        (ErrorKind::Corrupted, _) => {
            Some("the service received other bytes than were announced".to_owned())
        }
        _ => None,
    }
}

fn help_of(kind: ErrorKind, status: u16, is_page: bool) -> Option<&'static str> {
    match kind {
        _ if (300..400).contains(&status) => {
            Some("nothing was sent there; try again later, and tell the service if this persists")
        }
        _ if is_page => Some(
            "check that no sign-in page of a network is in the way, and that the addresses of the service are not overridden",
        ),
        ErrorKind::Authentication => Some(SIGN_IN_HELP),
        ErrorKind::QuotaExceeded => Some(
            "free some room (the trash counts as well), or upgrade the account; the service says the same of an account that is locked for writing",
        ),
        ErrorKind::PermissionDenied => {
            Some("sign in on the web page of the service to see whether the account is locked")
        }
        ErrorKind::Service if status == 420 => {
            Some("write the file again: what has arrived is kept, and so is the former content")
        }
        ErrorKind::Corrupted if status == 421 => {
            Some("write the file again; the former content is kept")
        }
        ErrorKind::InvalidName => Some(
            "rename the file, or add the character to the option encoding; an invisible character may be in the name",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn error(status: u16, body: &'static str, asked: Asked) -> Error {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body: Bytes::from_static(body.as_bytes()),
            retry_after: None,
        };
        error_of(&answer, asked).await
    }

    const NAMES: Asked = Asked {
        changes: true,
        names: true,
    };

    const MISSING: &str = "<error><code>404</code><message>no.jotta.backup.errors.NoSuchFileException: File /abc/x does not exist</message>\
        <reason>Not Found</reason><cause></cause><hostname>dn-101</hostname><x-id>156394042147</x-id></error>";

    #[tokio::test]
    async fn the_name_of_the_failure_and_its_id_are_found() {
        let error = error(404, MISSING, NAMES).await;
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.request_id(), Some("156394042147"));
        let said = ApiError::of(&error).unwrap();
        assert_eq!(
            (said.class.as_ref(), said.code),
            (Some(&ErrorClass::NoSuchFile), Some(404))
        );
    }

    // Specification of the service, section 18.3.
    #[tokio::test]
    async fn statuses_have_the_kind_that_callers_branch_on() {
        for (status, body, kind, advice, effect) in [
            (
                404,
                "",
                ErrorKind::NotFound,
                RetryAdvice::Never,
                Effect::NotMade,
            ),
            (
                404,
                "<html>nginx</html>",
                ErrorKind::Protocol,
                RetryAdvice::Never,
                Effect::NotMade,
            ),
            (
                409,
                "",
                ErrorKind::AlreadyExists,
                RetryAdvice::Never,
                Effect::NotMade,
            ),
            (
                400,
                r#"{"code":400,"error_id":"UniqueFileException"}"#,
                ErrorKind::AlreadyExists,
                RetryAdvice::Never,
                Effect::NotMade,
            ),
            (
                400,
                "Bad request",
                ErrorKind::InvalidName,
                RetryAdvice::Never,
                Effect::NotMade,
            ),
            (
                401,
                "",
                ErrorKind::Authentication,
                RetryAdvice::Never,
                Effect::NotMade,
            ),
            (
                403,
                "",
                ErrorKind::PermissionDenied,
                RetryAdvice::Never,
                Effect::NotMade,
            ),
            (
                416,
                "",
                ErrorKind::InvalidInput,
                RetryAdvice::Never,
                Effect::NotMade,
            ),
            (
                420,
                "{}",
                ErrorKind::Service,
                RetryAdvice::IfIdempotent(None),
                Effect::NotMade,
            ),
            (
                421,
                "",
                ErrorKind::Corrupted,
                RetryAdvice::Never,
                Effect::NotMade,
            ),
            (
                429,
                "",
                ErrorKind::RateLimited,
                RetryAdvice::Safe(None),
                Effect::NotMade,
            ),
            (
                460,
                "",
                ErrorKind::QuotaExceeded,
                RetryAdvice::Never,
                Effect::NotMade,
            ),
            (
                500,
                MISSING,
                ErrorKind::Service,
                RetryAdvice::IfIdempotent(None),
                Effect::Unknown,
            ),
            (
                503,
                "",
                ErrorKind::Service,
                RetryAdvice::IfIdempotent(None),
                Effect::Unknown,
            ),
            (
                302,
                "",
                ErrorKind::Protocol,
                RetryAdvice::Never,
                Effect::NotMade,
            ),
        ] {
            let error = error(status, body, NAMES).await;
            assert_eq!(
                (error.kind(), error.retry_advice(), error.effect()),
                (kind, advice, effect),
                "{status} {body}"
            );
        }
    }

    #[tokio::test]
    async fn a_form_that_cannot_be_read_is_no_panic() {
        for body in [
            "<error><code>",
            "{\"code\":",
            "<error><message></message></error>",
            "\u{0}\u{1}",
            "<error/>",
        ] {
            assert_eq!(
                error(500, body, NAMES).await.kind(),
                ErrorKind::Service,
                "{body}"
            );
        }
    }
}
