//! The applications that sign people in, and how they say who they are.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;

use crate::identity::refusal::Refusal;
use crate::identity::request::Request;

/// An application that is registered with a [`Brand`](super::Brand).
#[non_exhaustive]
#[derive(Clone)]
pub struct ClientConfig {
    /// The id.
    pub id: String,
    /// The secret, which has to be presented; none for applications on people's own machines.
    pub secret: Option<String>,
    /// Where the browser may be sent; looked at with [`Redirects::Registered`](super::Redirects::Registered) only.
    pub redirect_uris: Vec<String>,
}

impl ClientConfig {
    /// An application without a secret, with the redirect of rclone.
    #[must_use]
    pub fn public(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: None,
            redirect_uris: vec!["http://localhost:53682/".to_owned()],
        }
    }

    /// An application with a secret, with the redirects of rclone.
    #[must_use]
    pub fn confidential(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: Some(secret.into()),
            redirect_uris: ["http://127.0.0.1:53682/", "http://localhost:53682/"]
                .map(str::to_owned)
                .into(),
        }
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientConfig")
            .field("id", &self.id)
            .field("has_secret", &self.secret.is_some())
            .finish_non_exhaustive()
    }
}

/// What a request says about the application that sends it.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// Id and secret from an `Authorization: Basic` header, where both are percent-encoded, or from the form.
pub(crate) fn claimed(request: &Request<'_>) -> Result<Claimed, Refusal> {
    let refused = |text: &str| Refusal::client(request.settings().refused_client_status, text);
    let form_id = request.value("client_id")?;
    let Some(encoded) = request.call.header("authorization").strip_prefix("Basic ") else {
        return match form_id {
            Some(id) if request.settings().accept_body_client => Ok(Claimed {
                id: id.to_owned(),
                secret: request
                    .value("client_secret")?
                    .unwrap_or_default()
                    .to_owned(),
            }),
            _ => Err(refused("the client did not say who it is")),
        };
    };
    if !request.settings().accept_basic_client {
        return Err(refused("this client may not use a Basic header"));
    }
    let Some((id, secret)) = encoded_basic(encoded) else {
        return Err(refused("the Basic header cannot be read"));
    };
    if form_id.is_some_and(|form_id| form_id != id) {
        return Err(refused("header and form name different clients"));
    }
    Ok(Claimed { id, secret })
}

/// Id and secret, each percent-encoded before they were put together.
fn encoded_basic(encoded: &str) -> Option<(String, String)> {
    let (id, secret) = basic(encoded)?;
    Some((crate::query::decode(&id), crate::query::decode(&secret)))
}

/// The two parts of the value of a Basic header.
pub(crate) fn basic(encoded: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Identifies the client of a realm. Nothing is spent before this has succeeded.
pub(crate) fn identify(request: &Request<'_>) -> Result<String, Refusal> {
    let outcome = claimed(request).and_then(|claimed| {
        let known = request.brand()?.client(&claimed.id);
        let right = known.is_some_and(|client| {
            let secret = client.secret.as_ref();
            secret.is_none_or(|secret| *secret == claimed.secret)
        });
        if right {
            Ok(claimed.id)
        } else {
            Err(Refusal::client(
                request.settings().refused_client_status,
                "Invalid client or Invalid client credentials",
            ))
        }
    });
    if outcome.is_err() {
        request.identity.lock().totals.refused_clients += 1;
    }
    outcome
}

/// The status for a client that is not accepted: 401, or 400 as older servers answer.
pub(crate) fn refused_status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::UNAUTHORIZED)
}
