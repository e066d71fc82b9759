//! From an answer to a kind, an advice and a help sentence. The service's code is looked at before the status, because the
//! status alone would make "storage offline" look like "not found".

use std::time::Duration;

use remote_core::error::{Effect, Error, ErrorKind, RetryAdvice};
use serde::Deserialize;

use super::{ApiError, ApiErrorCode};
use crate::{lenient, model::json::Json};

/// Longest text of an answer that is kept, in characters.
const MESSAGE_CHARS: usize = 300;

/// The service's own form of a failure.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) error: EnvelopeError,
    #[serde(default, rename = "requestId", deserialize_with = "lenient::opt_text")]
    request_id: Option<String>,
}

/// The inner part of [`Envelope`], also found in lines of recursive listings.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct EnvelopeError {
    #[serde(default)]
    pub(crate) code: Option<ApiErrorCode>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) extra: Json,
}

/// What is known of a failed answer.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) content_type: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) request_id: Option<&'a str>,
    pub(crate) retry_after: Option<Duration>,
}

/// What is known of the call that failed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// The call changes something.
    pub(crate) changes: bool,
    /// A name or path that the service refuses was among the arguments.
    pub(crate) bad_name: bool,
    /// A name or path was sent in the body.
    pub(crate) name_in_body: bool,
}

/// The error for an answer that reports a failure.
pub(crate) fn error_of(answer: &Answer<'_>, asked: Asked) -> Error {
    let envelope = serde_json::from_slice::<Envelope>(answer.body).ok();
    let has_envelope = envelope.is_some();
    let said = api_error(answer, envelope);
    let form = Form::of(answer, has_envelope);
    let kind = kind_of(&said, form, asked);
    let advice = advice_of(&said, kind, answer.retry_after);
    let effect = effect_of(&said, kind, asked);
    let error = match message_of(&said, kind, form) {
        Some(message) => Error::with_message(kind, message),
        None => Error::new(kind),
    };
    let mut error = error
        .with_http_status(said.status)
        .with_retry_advice(advice)
        .with_effect(effect);
    if let Some(help) = help_of(kind, form) {
        error = error.with_help(help);
    }
    if let Some(id) = &said.request_id {
        error = error.with_request_id(id.as_str());
    }
    error.with_source(said)
}

/// The error for an error line of a recursive listing.
pub(crate) fn error_of_line(line: EnvelopeError) -> Error {
    let said = ApiError {
        status: 200,
        code: line.code,
        message: shorten(&line.message),
        request_id: None,
        details: line.extra,
    };
    let kind = said.code.as_ref().and_then(kind_of_code);
    let kind = kind.unwrap_or(ErrorKind::Service);
    // The listing may be asked for again: whatever it ran into, a repetition changes nothing.
    let advice = match kind {
        ErrorKind::Service => RetryAdvice::IfIdempotent(None),
        _ => RetryAdvice::Never,
    };
    let error =
        Error::with_message(kind, "the listing reported a failure").with_retry_advice(advice);
    let error = match help_of(kind, Form::Envelope) {
        Some(help) => error.with_help(help),
        None => error,
    };
    error.with_source(said)
}

/// Whether an answer comes from a server that does not know the address.
pub(crate) fn is_unknown_route(answer: &Answer<'_>) -> bool {
    answer.status == 404 && serde_json::from_slice::<Envelope>(answer.body).is_err()
}

/// The shape of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    /// The service's JSON.
    Envelope,
    /// A web page, most likely not from the service.
    Html,
    /// Nothing, plain text, or something else.
    Text,
}

impl Form {
    fn of(answer: &Answer<'_>, has_envelope: bool) -> Self {
        if has_envelope {
            return Self::Envelope;
        }
        let body = answer.body.trim_ascii_start();
        let looks_like_page = body.starts_with(b"<!") || body.starts_with(b"<html");
        if answer.content_type.starts_with("text/html") || looks_like_page {
            Self::Html
        } else {
            Self::Text
        }
    }
}

fn api_error(answer: &Answer<'_>, envelope: Option<Envelope>) -> ApiError {
    let header_id = answer.request_id.map(shorten);
    match envelope {
        Some(envelope) => ApiError {
            status: answer.status,
            code: envelope.error.code.filter(|code| !code.as_str().is_empty()),
            message: shorten(&envelope.error.message),
            request_id: envelope.request_id.as_deref().map(shorten).or(header_id),
            details: envelope.error.extra,
        },
        None => ApiError {
            status: answer.status,
            code: None,
            message: shorten(&String::from_utf8_lossy(answer.body)),
            request_id: header_id,
            details: serde_json::from_slice(answer.body).unwrap_or_default(),
        },
    }
}

/// The beginning of a text of the service, on one line and without control characters.
fn shorten(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = text.trim().chars().take(MESSAGE_CHARS).map(clean).collect();
    text.trim_end().to_owned()
}

fn kind_of(said: &ApiError, form: Form, asked: Asked) -> ErrorKind {
    if said.status == 429 {
        let text = said.message.to_ascii_lowercase();
        let locked = text.contains("too many login retries");
        return if locked {
            ErrorKind::LoginLocked
        } else {
            ErrorKind::RateLimited
        };
    }
    if said.status == 401 {
        return ErrorKind::Authentication;
    }
    match &said.code {
        Some(ApiErrorCode::BadRequest) if asked.bad_name || asked.name_in_body => {
            ErrorKind::InvalidName
        }
        Some(code) => {
            kind_of_code(code).unwrap_or_else(|| kind_of_status(said.status, form, asked))
        }
        None => kind_of_status(said.status, form, asked),
    }
}

/// The kind that a code stands for whatever the status is; none for codes that say no more than the status.
fn kind_of_code(code: &ApiErrorCode) -> Option<ErrorKind> {
    Some(match code {
        ApiErrorCode::AlreadyExists | ApiErrorCode::VaultReposAlreadyExists => {
            ErrorKind::AlreadyExists
        }
        ApiErrorCode::BadRequest => ErrorKind::InvalidInput,
        ApiErrorCode::Conflict => ErrorKind::PreconditionFailed,
        ApiErrorCode::CopyIntoSelf | ApiErrorCode::MoveIntoSelf => ErrorKind::IntoSelf,
        ApiErrorCode::DeviceOffline => ErrorKind::StorageOffline,
        ApiErrorCode::FilesNotSynced => ErrorKind::NotSynced,
        ApiErrorCode::Forbidden | ApiErrorCode::VaultReposMountNotAllowed => {
            ErrorKind::PermissionDenied
        }
        ApiErrorCode::InvalidPath => ErrorKind::InvalidName,
        ApiErrorCode::NotDir => ErrorKind::NotADirectory,
        ApiErrorCode::NotFile => ErrorKind::IsADirectory,
        ApiErrorCode::NotFound | ApiErrorCode::VaultReposLocationNotFound => ErrorKind::NotFound,
        ApiErrorCode::QuotaExceeded | ApiErrorCode::VaultReposMaxTotalLimitExceeded => {
            ErrorKind::QuotaExceeded
        }
        ApiErrorCode::Unauthorized => ErrorKind::Authentication,
        ApiErrorCode::Other | ApiErrorCode::Unknown(_) => return None,
    })
}

fn kind_of_status(status: u16, form: Form, asked: Asked) -> ErrorKind {
    match (status, form) {
        (413, _) | (507, _) => ErrorKind::QuotaExceeded,
        (408, _) => ErrorKind::Timeout,
        (499..=599, _) => ErrorKind::Service,
        (403, Form::Html) => ErrorKind::Protocol,
        (403, _) => ErrorKind::PermissionDenied,
        (_, Form::Html) | (404, Form::Text) | (405, _) => ErrorKind::Protocol,
        (404, Form::Envelope) => ErrorKind::NotFound,
        (400, _) if asked.bad_name => ErrorKind::InvalidName,
        (400 | 414 | 415 | 416 | 422, _) => ErrorKind::InvalidInput,
        (409 | 412, _) => ErrorKind::PreconditionFailed,
        _ => ErrorKind::Protocol,
    }
}

fn advice_of(said: &ApiError, kind: ErrorKind, retry_after: Option<Duration>) -> RetryAdvice {
    match kind {
        // A limit of the account's plan (links, their validity) is told in the service's own form; waiting does not lift it.
        ErrorKind::RateLimited if said.code.is_some() && retry_after.is_none() => {
            RetryAdvice::Never
        }
        ErrorKind::RateLimited => RetryAdvice::Safe(retry_after),
        ErrorKind::Service | ErrorKind::Timeout if said.status == 501 => RetryAdvice::Never,
        ErrorKind::Service if said.status == 503 && retry_after.is_some() => {
            RetryAdvice::Safe(retry_after)
        }
        ErrorKind::Service | ErrorKind::Timeout => RetryAdvice::IfIdempotent(retry_after),
        _ => RetryAdvice::Never,
    }
}

fn effect_of(said: &ApiError, kind: ErrorKind, asked: Asked) -> Effect {
    let undecided = matches!(kind, ErrorKind::Service | ErrorKind::Timeout) && said.status != 501;
    if asked.changes && undecided {
        Effect::Unknown
    } else {
        Effect::NotMade
    }
}

/// What says more than the kind alone, whose own words follow it when a caller that knows more changes it.
fn message_of(said: &ApiError, kind: ErrorKind, form: Form) -> Option<String> {
    match (kind, form) {
        (ErrorKind::Protocol, Form::Html) => Some(format!(
            "the server answered {} with a web page",
            said.status
        )),
        (ErrorKind::Protocol, _) if said.status == 404 => {
            Some("the server does not know this address".to_owned())
        }
        (ErrorKind::Protocol, _) => Some(format!("unexpected status {}", said.status)),
        _ => None,
    }
}

/// Help after a refused sign-in.
pub(crate) const AUTHENTICATION_HELP: &str = "check the user name, and use an application password made in the web \
     application, not the account's own password";

/// Help after too many refused sign-ins.
pub(crate) const LOGIN_LOCKED_HELP: &str = "wait up to an hour, or sign in to the web application once, then use the \
     right application password";

/// Help for answers that do not look like the service at all.
pub(crate) const ENDPOINT_HELP: &str =
    "check that the endpoint is the address of a Koofr-compatible service";

fn help_of(kind: ErrorKind, form: Form) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::Authentication => AUTHENTICATION_HELP,
        ErrorKind::LoginLocked => LOGIN_LOCKED_HELP,
        ErrorKind::PermissionDenied => "ask the owner of the share for the rights",
        ErrorKind::Protocol => ENDPOINT_HELP,
        ErrorKind::QuotaExceeded => "free some space (the trash counts), or get more",
        ErrorKind::StorageOffline => {
            "start the computer or reconnect the cloud that holds this storage"
        }
        ErrorKind::NotSynced => "wait until the connected cloud has been synchronised",
        ErrorKind::InvalidName => {
            "use a name without slashes, backslashes and control characters that is not `.` or `..`"
        }
        ErrorKind::IntoSelf => {
            "choose a target outside the source; to change only the case of a name, move it to another name first"
        }
        ErrorKind::RateLimited if form == Form::Envelope => {
            "the account's plan may limit this; try again later, or remove links that are not needed"
        }
        ErrorKind::RateLimited => "try again later with fewer parallel requests",
        ErrorKind::Service => "try again later",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
