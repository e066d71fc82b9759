//! Errors as the endpoints say them.

use std::io;

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use serde_json::json;

use crate::identity::access::BearerProblem;
use crate::identity::client::refused_status;
use crate::identity::config::StaleText;
use crate::reply::Reply;

/// A request that is not granted.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Reply>);

impl Refusal {
    pub(crate) fn into_reply(self) -> Reply {
        *self.0
    }

    /// An error of the protocol with status 400.
    pub(crate) fn bad(error: &str, description: &str) -> Self {
        oauth(StatusCode::BAD_REQUEST, error, description).into()
    }

    pub(crate) fn client(status: u16, description: &str) -> Self {
        oauth(refused_status(status), "invalid_client", description).into()
    }

    pub(crate) fn grant(status: u16, description: &str) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        oauth(status, "invalid_grant", description).into()
    }

    pub(crate) fn stale(text: StaleText) -> Self {
        let description = match text {
            StaleText::Session => "Session doesn't have required client",
            StaleText::Stale => "Stale token",
        };
        Self::bad("invalid_grant", description)
    }

    pub(crate) fn bearer(problem: BearerProblem) -> Self {
        let description = match problem {
            BearerProblem::Expired => "Token has expired",
            BearerProblem::Missing => "Token not provided",
            BearerProblem::Unknown => "Token verification failed",
        };
        let reply = oauth(StatusCode::UNAUTHORIZED, "invalid_token", description);
        reply
            .header(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")
            .into()
    }

    pub(crate) fn unsaved(error: &io::Error) -> Self {
        oauth(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            &format!("the state could not be saved: {error}"),
        )
        .into()
    }
}

impl From<Reply> for Refusal {
    fn from(reply: Reply) -> Self {
        Self(Box::new(reply))
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::unsaved(&error)
    }
}

/// `{"error":…,"error_description":…}`.
pub(crate) fn oauth(status: StatusCode, error: &str, description: &str) -> Reply {
    let body = json!({"error": error, "error_description": description});
    Reply::json_with(status, &body).header(CACHE_CONTROL, "no-store")
}
