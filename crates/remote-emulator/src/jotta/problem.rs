//! Why a request is refused, and how the two interfaces say so.

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::json;

use crate::body::BodyError;
use crate::jotta::xml::Xml;
use crate::reply::{JSON, Reply};

pub(crate) const XML: &str = "application/xml; charset=utf-8";

/// Which of the two interfaces a request uses; they word their errors differently.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Dialect {
    Json,
    Xml,
}

/// A refusal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    /// The name of the service's exception, without its package.
    pub(crate) class: &'static str,
    pub(crate) message: String,
}

pub(crate) type Answer = Result<Reply, Problem>;

impl Problem {
    pub(crate) fn new(status: u16, class: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            class,
            message: message.into(),
        }
    }

    pub(crate) fn unauthorized() -> Self {
        let text = "No token or token is malformed";
        Self::new(401, "BadCredentialsException", text)
    }

    pub(crate) fn no_path(path: &str) -> Self {
        let text = format!("Path {path} does not exist");
        Self::new(404, "NoSuchPathException", text)
    }

    pub(crate) fn no_file(path: &str) -> Self {
        let text = format!("File {path} does not exist");
        Self::new(404, "NoSuchFileException", text)
    }

    pub(crate) fn no_mount(path: &str) -> Self {
        let text = format!("Mount point {path} does not exist");
        Self::new(404, "NoSuchMountPointException", text)
    }

    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::new(400, "InvalidArgumentException", text)
    }

    pub(crate) fn bad_path() -> Self {
        let text = "Unable to validate decoded path";
        Self::new(400, "IllegalArgumentException", text)
    }

    pub(crate) fn forbidden(text: impl Into<String>) -> Self {
        Self::new(403, "AccessDeniedException", text)
    }

    pub(crate) fn over_quota() -> Self {
        let text = "The account has no space left or must not be written to";
        Self::new(460, "OutOfQuotaException", text)
    }

    pub(crate) fn internal(error: &std::io::Error) -> Self {
        Self::new(500, "IOException", error.to_string())
    }

    pub(crate) fn into_reply(self, dialect: Dialect) -> Reply {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match dialect {
            Dialect::Json => json_error(status, self.class, &self.message),
            Dialect::Xml => xml_error(status, self.class, &self.message),
        }
    }
}

/// Trace ids have this shape; nothing can be looked up with it here.
fn trace_id() -> String {
    format!("{:012}", rand::random::<u64>() % 1_000_000_000_000)
}

pub(crate) fn xml_error(status: StatusCode, class: &str, message: &str) -> Reply {
    let mut xml = Xml::document();
    xml.open("error", &[]);
    xml.text("code", status.as_str());
    xml.text(
        "message",
        &format!("no.jotta.backup.errors.{class}: {message}"),
    );
    xml.text("reason", status.canonical_reason().unwrap_or_default());
    xml.text("cause", "");
    xml.text("hostname", super::HOST_NAME);
    xml.text("x-id", &trace_id());
    xml.close("error");
    Reply::bytes(status, XML, xml.finish())
}

pub(crate) fn json_error(status: StatusCode, class: &str, message: &str) -> Reply {
    let body = json!({
        "code": status.as_u16(),
        "message": message,
        "cause": null,
        "error_id": class,
        "x-id": trace_id(),
    });
    Reply::bytes(status, JSON, Bytes::from(body.to_string()))
}

/// Why an upload does not end in an answer of success.
#[derive(Debug)]
pub(crate) enum UploadError {
    /// The connection broke; nobody is there to be answered.
    Broken(BodyError),
    Refused(Problem),
}

impl From<BodyError> for UploadError {
    fn from(error: BodyError) -> Self {
        Self::Broken(error)
    }
}

impl From<Problem> for UploadError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}
