//! From an answer to a kind, an advice and a help sentence.

use std::time::Duration;

use remote_core::{
    error::{Effect, Error, ErrorKind, RetryAdvice},
    lenient,
};
use serde::Deserialize;

use super::{ApiError, ApiErrorCode};

/// Longest text of an answer that is kept, in characters.
const MESSAGE_CHARS: usize = 300;

/// Help after a refused sign-in.
pub(crate) const SIGN_IN_HELP: &str = "sign in again";

/// The service's own form of a failure.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Envelope {
    #[serde(deserialize_with = "lenient::opt_text")]
    logref: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    message: String,
    #[serde(deserialize_with = "lenient::opt_text")]
    code: Option<String>,
    /// Only some failures have one, and only its `nodeId` is known.
    info: serde_json::Value,
}

/// What is known of a failed answer.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
    pub(crate) request_id: Option<&'a str>,
    pub(crate) retry_after: Option<Duration>,
}

/// The error for an answer that reports a failure.
pub(crate) fn error_of(answer: &Answer<'_>, changes: bool) -> Error {
    let said = api_error(answer);
    let kind = kind_of(&said);
    let mut error = match message_of(&said, kind) {
        Some(message) => Error::with_message(kind, message),
        None => Error::new(kind),
    }
    .with_http_status(said.status)
    .with_retry_advice(advice_of(&said, kind, answer.retry_after))
    .with_effect(effect_of(&said, kind, changes));
    if let Some(help) = help_of(&said, kind) {
        error = error.with_help(help);
    }
    if let Some(id) = &said.request_id {
        error = error.with_request_id(id.as_str());
    }
    error.with_source(said)
}

fn api_error(answer: &Answer<'_>) -> ApiError {
    let header_id = answer.request_id.map(shorten);
    match serde_json::from_slice::<lenient::Object<Envelope>>(answer.body) {
        Ok(lenient::Object(envelope)) => ApiError {
            status: answer.status,
            code: envelope
                .code
                .as_deref()
                .map(|code| ApiErrorCode::from(shorten(code).as_str())),
            conflicting_node: envelope.info["nodeId"]
                .as_str()
                .map(str::to_owned)
                .filter(|id| !id.is_empty())
                .or_else(|| conflicting_node(&envelope.message)),
            message: shorten(&envelope.message),
            request_id: header_id.or(envelope.logref.as_deref().map(shorten)),
            is_own_form: true,
        },
        Err(_other_form) => ApiError {
            status: answer.status,
            message: shorten(&String::from_utf8_lossy(answer.body)),
            request_id: header_id,
            ..ApiError::default()
        },
    }
}

/// The id at the end of `… conflicting NodeId: ID`.
fn conflicting_node(message: &str) -> Option<String> {
    let (_, id) = message.rsplit_once("conflicting NodeId:")?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty() && !id.contains(char::is_whitespace))
}

/// The beginning of a text of the service, on one line and without control characters.
fn shorten(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = text.trim().chars().take(MESSAGE_CHARS).map(clean).collect();
    text.trim_end().to_owned()
}

fn kind_of(said: &ApiError) -> ErrorKind {
    if said.is_token_expired() {
        return ErrorKind::Authentication;
    }
    match (&said.code, said.status) {
        (Some(ApiErrorCode::NoActiveSubscription), _) => ErrorKind::QuotaExceeded,
        (Some(ApiErrorCode::NodeNotFound | ApiErrorCode::ParentNotFound), 400 | 404) => {
            ErrorKind::NotFound
        }
        (_, 400) if said.says("one of the parentid doesn") => ErrorKind::NotFound,
        (_, 400) if said.is_page_expired() => ErrorKind::PreconditionFailed,
        (_, 400) if said.is_incomplete_upload() => ErrorKind::Service,
        (_, 400) if !said.is_own_form && !said.message.is_empty() => ErrorKind::Protocol,
        (_, 400 | 414 | 415 | 416 | 422) => ErrorKind::InvalidInput,
        // A request without a token that should have had one: a race in the service or before it.
        (_, 403) if said.says("authorization header requires") => ErrorKind::Service,
        (_, 403) if said.is_own_form => ErrorKind::PermissionDenied,
        (_, 404) if said.is_own_form => ErrorKind::NotFound,
        (_, 408) => ErrorKind::Timeout,
        (_, 409) => ErrorKind::AlreadyExists,
        (_, 412) => ErrorKind::PreconditionFailed,
        (_, 413) => ErrorKind::TooLarge,
        (_, 429) => ErrorKind::RateLimited,
        (_, 507) => ErrorKind::QuotaExceeded,
        (_, 499..=599) => ErrorKind::Service,
        _ => ErrorKind::Protocol,
    }
}

fn advice_of(said: &ApiError, kind: ErrorKind, retry_after: Option<Duration>) -> RetryAdvice {
    match kind {
        ErrorKind::RateLimited => RetryAdvice::Safe(retry_after),
        ErrorKind::Service if said.status == 403 => RetryAdvice::Safe(retry_after),
        ErrorKind::Service | ErrorKind::Timeout if said.status == 501 => RetryAdvice::Never,
        ErrorKind::Service if said.status == 503 && retry_after.is_some() => {
            RetryAdvice::Safe(retry_after)
        }
        ErrorKind::Service | ErrorKind::Timeout => RetryAdvice::IfIdempotent(retry_after),
        _ => RetryAdvice::Never,
    }
}

fn effect_of(said: &ApiError, kind: ErrorKind, changes: bool) -> Effect {
    let undecided = matches!(kind, ErrorKind::Service | ErrorKind::Timeout)
        && !matches!(said.status, 403 | 501);
    if changes && undecided {
        Effect::Unknown
    } else {
        Effect::NotMade
    }
}

fn message_of(said: &ApiError, kind: ErrorKind) -> Option<String> {
    match kind {
        ErrorKind::Protocol => Some(format!(
            "answered {} in a form that is not the service's",
            said.status
        )),
        ErrorKind::AlreadyExists if said.is_duplicate_content() => {
            Some("a file with this content exists".to_owned())
        }
        ErrorKind::PreconditionFailed if said.is_page_expired() => {
            Some("the next page was asked for too late".to_owned())
        }
        _ => None,
    }
}

fn help_of(said: &ApiError, kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::Authentication => SIGN_IN_HELP,
        ErrorKind::PermissionDenied if said.says("purge") => {
            "the service empties its trash by itself; applications cannot"
        }
        ErrorKind::PermissionDenied => {
            "check that the account has a drive, and that the application was registered for it"
        }
        ErrorKind::Protocol => {
            "check that endpoint_url is the address of a service with the interface of Amazon Drive"
        }
        ErrorKind::QuotaExceeded => {
            "free some space or get more, and check that the right account was signed in"
        }
        ErrorKind::RateLimited => {
            "try again later with fewer parallel requests; if everything is refused, the application itself may be blocked"
        }
        ErrorKind::Service | ErrorKind::Timeout => "try again later",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str) -> Error {
        let answer = Answer {
            status,
            body: body.as_bytes(),
            request_id: Some("r-1"),
            retry_after: None,
        };
        error_of(&answer, true)
    }

    // Specification of the service, section 4.3.
    #[test]
    fn known_answers_have_their_kinds() {
        use ErrorKind as K;
        for (status, body, kind) in [
            (
                409,
                r#"{"code":"NAME_ALREADY_EXISTS","info":{"nodeId":"n"}}"#,
                K::AlreadyExists,
            ),
            (404, r#"{"message":"Node does not exists"}"#, K::NotFound),
            (404, "<UnknownOperationException/>", K::Protocol),
            (404, "", K::Protocol),
            (
                400,
                r#"{"message":"One of the parentId doesn\u0027t exists","code":""}"#,
                K::NotFound,
            ),
            (
                400,
                r#"{"message":"Next token is expired"}"#,
                K::PreconditionFailed,
            ),
            (400, r#"{"message":"Cannot complete upload"}"#, K::Service),
            (
                400,
                r#"{"message":"x UnauthourizedAccessException: HTTP status code=[401] y Token has expired"}"#,
                K::Authentication,
            ),
            (400, r#"{"message":"bad filter"}"#, K::InvalidInput),
            (401, "", K::Authentication),
            (
                403,
                r#"{"code":"NO_ACTIVE_SUBSCRIPTION_FOUND","message":"File size exceeds account allowance."}"#,
                K::QuotaExceeded,
            ),
            (
                403,
                r#"{"message":"Insufficient permissions granted for operation: purgeNode"}"#,
                K::PermissionDenied,
            ),
            (
                403,
                r#"{"message":"Authorization header requires 'Credential' parameter"}"#,
                K::Service,
            ),
            (403, "<html>", K::Protocol),
            (408, "", K::Timeout),
            (429, r#"{"message":"Rate exceeded"}"#, K::RateLimited),
            (500, r#"{"message":"Internal failure"}"#, K::Service),
            (504, "", K::Service),
        ] {
            assert_eq!(error(status, body).kind(), kind, "{status} {body}");
        }
    }

    #[test]
    fn only_failures_of_the_service_leave_the_effect_open() {
        for (status, effect) in [
            (400, Effect::NotMade),
            (408, Effect::Unknown),
            (409, Effect::NotMade),
            (429, Effect::NotMade),
            (500, Effect::Unknown),
            (501, Effect::NotMade),
            (504, Effect::Unknown),
        ] {
            assert_eq!(error(status, "{}").effect(), effect, "{status}");
        }
    }

    #[test]
    fn the_node_in_the_way_is_found_in_either_place() {
        for body in [
            r#"{"code":"NAME_ALREADY_EXISTS","info":{"nodeId":"f1"},"message":""}"#,
            r#"{"message":"Node with the name reports already exists under parentId root conflicting NodeId: f1"}"#,
        ] {
            let error = error(409, body);
            let said = ApiError::of(&error).unwrap();
            assert_eq!(said.conflicting_node.as_deref(), Some("f1"));
            assert!(said.is_name_conflict());
            assert_eq!(error.request_id(), Some("r-1"));
        }
    }
}
