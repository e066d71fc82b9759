//! Refusals: what goes wrong with entries, and how it is said on the wire.

use hyper::StatusCode;
use hyper::header::{ALLOW, CONTENT_RANGE, WWW_AUTHENTICATE};
use serde_json::json;

use crate::ids;
use crate::reply::Reply;

/// The behaviour level of the API a request asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Level {
    /// `/api/v2` without the version header.
    V20,
    /// `/api/v2.1`, or `/api/v2` with `X-Koofr-Version: 2.1`.
    V21,
}

/// Why a request is refused, before it is known how to say it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Problem {
    /// Something with this name is there.
    AlreadyExists,
    /// The name or path in a JSON body is not allowed.
    BadRequest(&'static str),
    /// A precondition does not hold.
    Conflict,
    CopyIntoSelf,
    /// A create-only upload met an existing entry.
    CreateConflict,
    DeviceOffline,
    Forbidden,
    MoveIntoSelf,
    NotDir,
    NotFile,
    NotFound,
    NotSynced,
    QuotaExceeded,
}

impl Problem {
    fn parts(self, level: Level) -> (StatusCode, &'static str, &'static str) {
        // Level 2.0 says 400 for everything that exists already, but keeps 409 for preconditions.
        let exists = match level {
            Level::V20 => StatusCode::BAD_REQUEST,
            Level::V21 => StatusCode::CONFLICT,
        };
        match self {
            Self::AlreadyExists => (exists, "AlreadyExists", "an entry of this name exists"),
            Self::BadRequest(message) => (StatusCode::BAD_REQUEST, "BadRequest", message),
            Self::Conflict => (
                StatusCode::CONFLICT,
                "Conflict",
                "a condition does not hold",
            ),
            Self::CopyIntoSelf => (
                StatusCode::BAD_REQUEST,
                "CopyIntoSelf",
                "the destination lies in the source",
            ),
            Self::CreateConflict => (exists, "Conflict", "an entry of this name exists"),
            Self::DeviceOffline => (
                StatusCode::NOT_FOUND,
                "DeviceOffline",
                "the storage is not connected",
            ),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden", "no permission for this"),
            Self::MoveIntoSelf => (
                StatusCode::BAD_REQUEST,
                "MoveIntoSelf",
                "the destination lies in the source",
            ),
            Self::NotDir => (StatusCode::BAD_REQUEST, "NotDir", "not a folder"),
            Self::NotFile => (StatusCode::BAD_REQUEST, "NotFile", "not a file"),
            Self::NotFound => (StatusCode::NOT_FOUND, "NotFound", "no such entry"),
            Self::NotSynced => (
                StatusCode::NOT_FOUND,
                "FilesNotSynced",
                "the storage is being synchronised",
            ),
            Self::QuotaExceeded => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "QuotaExceeded",
                "the content does not fit",
            ),
        }
    }
}

/// An answer that refuses a request. Boxed, because nearly every function here can return one.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Reply>);

impl From<Reply> for Refusal {
    fn from(reply: Reply) -> Self {
        Self(Box::new(reply))
    }
}

pub(crate) type Answer = Result<Reply, Refusal>;

impl Refusal {
    /// The answer itself.
    pub(crate) fn into_reply(self) -> Reply {
        *self.0
    }

    /// A problem in the words of an API level.
    pub(crate) fn problem(problem: Problem, level: Level) -> Self {
        let (status, code, message) = problem.parts(level);
        Self::code(status, code, message)
    }

    /// The error document.
    pub(crate) fn code(status: StatusCode, code: &str, message: &str) -> Self {
        Self::from(envelope(status, code, message))
    }

    /// A plain text answer: what is wrong with the query string or the JSON.
    pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Self {
        Self::from(Reply::text(status, text))
    }

    pub(crate) fn bad_query(text: impl Into<String>) -> Self {
        Self::text(StatusCode::BAD_REQUEST, text)
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self::from(Reply::status(status))
    }

    pub(crate) fn unauthorized() -> Self {
        Self::from(Reply::status(StatusCode::UNAUTHORIZED).header(WWW_AUTHENTICATE, "Token"))
    }

    pub(crate) fn not_allowed(allow: &str) -> Self {
        Self::from(Reply::status(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, allow))
    }

    pub(crate) fn range(total: u64) -> Self {
        let reply = envelope(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "Other",
            "the range cannot be served",
        );
        Self::from(reply.header(CONTENT_RANGE, format!("bytes */{total}")))
    }

    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "internal error");
        Self::code(StatusCode::INTERNAL_SERVER_ERROR, "Other", "internal error")
    }
}

/// The error document with a fresh request id.
pub(crate) fn envelope(status: StatusCode, code: &str, message: &str) -> Reply {
    Reply::json_with(
        status,
        &json!({"error": {"code": code, "message": message}, "requestId": ids::uuid()}),
    )
}
