//! Why a request is refused, and how the service says so.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::{Map, Value};

use crate::acd::REQUEST_ID;
use crate::body::BodyError;
use crate::ids;
use crate::multipart::MultipartError;
use crate::reply::Reply;

const JSON: &str = "application/json";
const ERROR_JSON: &str = "application/vnd.error+json";

/// A refusal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    code: Option<String>,
    message: String,
    node: Option<String>,
    /// The body instead of the usual document.
    raw: Option<(&'static str, &'static str)>,
}

pub(crate) type Answer = Result<Reply, Problem>;

impl Problem {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            code: None,
            message: message.into(),
            node: None,
            raw: None,
        }
    }

    pub(crate) fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Names the node that is in the way.
    pub(crate) fn with_node(mut self, id: impl Into<String>) -> Self {
        self.node = Some(id.into());
        self
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, message)
    }

    pub(crate) fn no_node() -> Self {
        Self::new(404, "Node does not exists").with_code("NODE_NOT_FOUND")
    }

    pub(crate) fn no_parent() -> Self {
        Self::bad("One of the parentId doesn't exists").with_code("PARENT_NODE_ID_NOT_FOUND")
    }

    pub(crate) fn expired() -> Self {
        Self::new(401, "Token has expired").with_code("")
    }

    pub(crate) fn expired_in_disguise() -> Self {
        Self::bad(
            "com.amazon.clouddrive.exceptions.UnauthourizedAccessException: HTTP status code=[401], message=[Token has expired]",
        )
    }

    /// What an empty bearer token is answered, which speaks of something else entirely.
    pub(crate) fn empty_bearer() -> Self {
        Self::forbidden(
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
             Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either \
             a 'X-Amz-Date' or a 'Date' header. Authorization=Bearer",
        )
    }

    pub(crate) fn over_quota() -> Self {
        Self::forbidden("File size exceeds account allowance.")
            .with_code("NO_ACTIVE_SUBSCRIPTION_FOUND")
    }

    pub(crate) fn page_expired() -> Self {
        Self::bad("Next token is expired")
    }

    pub(crate) fn too_fast() -> Self {
        Self::new(429, "Rate exceeded").with_code("")
    }

    pub(crate) fn internal(error: &std::io::Error) -> Self {
        Self::new(500, format!("Internal failure: {error}"))
    }

    /// What an address nobody answers for is answered.
    pub(crate) fn unknown_operation() -> Self {
        let mut problem = Self::new(404, "");
        problem.raw = Some(("application/xml", "<UnknownOperationException/>"));
        problem
    }

    /// What the gateway answers when it is tired of waiting.
    pub(crate) fn silent(status: u16) -> Self {
        let mut problem = Self::new(status, "");
        problem.raw = Some(("text/plain", ""));
        problem
    }

    pub(crate) fn text(&self) -> &str {
        &self.message
    }

    pub(crate) fn into_reply(self) -> Reply {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match self.raw {
            Some((_, "")) => Reply::status(status),
            Some((kind, body)) => Reply::bytes(status, kind, Bytes::from_static(body.as_bytes())),
            None => document(
                status,
                self.code.as_deref(),
                &self.message,
                self.node.as_deref(),
            ),
        }
    }
}

/// The service's error document. Its content type is the one or the other, in turns.
pub(crate) fn document(
    status: StatusCode,
    code: Option<&str>,
    message: &str,
    node: Option<&str>,
) -> Reply {
    static OTHER: AtomicBool = AtomicBool::new(false);
    let mut body = Map::new();
    body.insert("logref".to_owned(), ids::uuid().into());
    body.insert("message".to_owned(), message.into());
    if let Some(code) = code {
        body.insert("code".to_owned(), code.into());
    }
    if let Some(node) = node {
        body.insert("info".to_owned(), serde_json::json!({ "nodeId": node }));
    }
    let kind = if OTHER.fetch_xor(true, Ordering::Relaxed) {
        ERROR_JSON
    } else {
        JSON
    };
    let reply = Reply::bytes(status, kind, Value::Object(body).to_string().into());
    reply.header(REQUEST_ID, ids::uuid())
}

/// Why a request is not answered with success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection broke; nobody is there to be answered.
    Broken(BodyError),
    Refused(Problem),
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLong => Self::Refused(Problem::new(413, "the body is too long")),
            error => Self::Broken(error),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<MultipartError> for Failure {
    fn from(error: MultipartError) -> Self {
        match error {
            MultipartError::Body(error) => error.into(),
            MultipartError::Malformed(text) => Self::Refused(Problem::bad(text)),
        }
    }
}
