//! One question to an address that issues tokens, and what its answer means.

use std::time::{Duration, SystemTime};

use remote_core::{
    auth::{RefreshTokenRefused, Token},
    error::{Effect, Error, ErrorKind, Result},
    http::{Body, HttpClient, Method, Request, Response, classify_status, retry_after},
    lenient,
    secret::Secret,
};
use serde::Deserialize;
use url::Url;

/// Longest answer that is read; real ones have a few kilobytes.
const ANSWER_BYTES: usize = 256 * 1024;

/// Longest part of the service's explanation that is passed on, in characters.
const DESCRIPTION_CHARS: usize = 200;

/// What the service said when it refused to sign in; found in the chain of the error.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the service answered {status} {code}: {description}")]
pub struct SignInRefusal {
    /// The HTTP status.
    pub status: u16,
    /// The service's word for it, such as `invalid_grant`.
    pub code: String,
    /// The service's explanation; left out where it repeats what was sent.
    pub description: String,
    /// Whether a one-time code is asked for.
    pub otp_required: bool,
    /// Set if it was the refresh token that was refused.
    #[source]
    token: Option<RefreshTokenRefused>,
}

impl SignInRefusal {
    /// Finds the refusal in an error or its sources.
    #[must_use]
    pub fn of<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }
}

/// A question, built for one attempt.
pub(super) struct TokenRequest<'a> {
    pub(super) label: &'static str,
    pub(super) url: Url,
    pub(super) fields: &'a [(&'a str, &'a str)],
    pub(super) headers: Vec<(&'static str, Secret)>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    access_token: Secret,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    token_type: Option<String>,
    #[serde(default)]
    refresh_token: Option<Secret>,
    #[serde(default, deserialize_with = "lenient::opt_u64")]
    expires_in: Option<u64>,
}

#[derive(Default, Deserialize)]
struct RefusalAnswer {
    #[serde(default, deserialize_with = "lenient::text")]
    error: String,
    #[serde(default, deserialize_with = "lenient::text")]
    error_description: String,
}

impl TokenRequest<'_> {
    /// Asks once.
    pub(super) async fn send(self, http: &HttpClient) -> Result<Token> {
        let response = self.ask(http).await?;
        let answer: TokenAnswer = response
            .json(ANSWER_BYTES)
            .await
            .map_err(|error| error.with_effect(Effect::Unknown))?;
        let mut token = Token::new(answer.access_token);
        if let Some(kind) = answer.token_type {
            token.token_type = kind;
        }
        token.refresh_token = answer.refresh_token;
        if let Some(seconds) = answer.expires_in {
            token = token.with_expires_in(Duration::from_secs(seconds), SystemTime::now());
        }
        token.issued()
    }

    /// Asks once for an answer of any form.
    pub(super) async fn ask(self, http: &HttpClient) -> Result<Response> {
        let mut request = Request::new(Method::POST, self.url.clone(), self.label)
            .changes(true)
            .follow_redirects(false)
            .body(Body::form(self.fields));
        for (name, value) in &self.headers {
            request = request.secret_header(*name, value);
        }
        let response = http.send(request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.refused(response).await)
    }

    async fn refused(&self, response: Response) -> Error {
        let status = response.status();
        let host = response.url_host();
        let delay = retry_after(response.headers(), SystemTime::now());
        let otp_required = response
            .header("x-jottacloud-otp")
            .is_some_and(|value| value.starts_with(b"required"));
        let body = response.bytes(ANSWER_BYTES).await.unwrap_or_default();
        let answer: RefusalAnswer = serde_json::from_slice(&body).unwrap_or_default();
        if answer.error.is_empty() && !otp_required && !matches!(status.as_u16(), 400 | 401) {
            let (kind, advice) = classify_status(status, delay);
            return Error::with_message(
                kind,
                format!("{host} answered a sign-in with status {status}"),
            )
            .with_http_status(status.as_u16())
            .with_retry_advice(advice)
            .with_help("try again later, and check the address of the service if this persists");
        }
        let presents_token = self.fields.iter().any(|(name, _)| *name == "refresh_token");
        let refusal = SignInRefusal {
            token: (presents_token && answer.error == "invalid_grant")
                .then_some(RefreshTokenRefused),
            status: status.as_u16(),
            code: self.clean(&answer.error),
            description: self.clean(&answer.error_description),
            otp_required: otp_required || answer.error == "invalid_client_or_otp_missing_or_wrong",
        };
        meaning(refusal)
    }

    /// A text of the service on one line, or nothing if it repeats what was sent.
    fn clean(&self, text: &str) -> String {
        let is_secret = |name: &str| {
            !matches!(
                name,
                "grant_type" | "scope" | "client_id" | "redirect_uri" | "username"
            )
        };
        let repeats = self
            .fields
            .iter()
            .any(|(name, value)| is_secret(name) && value.len() >= 4 && text.contains(value))
            || self
                .headers
                .iter()
                .any(|(_, value)| value.expose().len() >= 4 && text.contains(value.expose()));
        if repeats {
            return String::new();
        }
        text.chars()
            .filter(|c| !c.is_control())
            .take(DESCRIPTION_CHARS)
            .collect()
    }
}

fn meaning(refusal: SignInRefusal) -> Error {
    let description = refusal.description.to_ascii_lowercase();
    let locked = ["locked", "disabled", "blocked"]
        .iter()
        .any(|word| description.contains(word));
    let (kind, message, help) = match refusal.code.as_str() {
        _ if locked => (
            ErrorKind::LoginLocked,
            "the account is locked",
            "sign in on the web page of the service to see why; after wrong passwords it opens again by itself",
        ),
        _ if refusal.otp_required => (
            ErrorKind::Authentication,
            "a one-time code is needed, or the one that was given is wrong",
            "enter the six digits that the service has sent as a text message",
        ),
        "invalid_client" | "unauthorized_client" => (
            ErrorKind::Authentication,
            "the service does not know this program",
            "check client_id and client_secret, and that the brand is the right one",
        ),
        "unsupported_grant_type" | "invalid_scope" | "invalid_request" => (
            ErrorKind::InvalidInput,
            "the service refuses this way to sign in",
            "check the address for tokens and the brand, or sign in another way",
        ),
        _ => (
            ErrorKind::Authentication,
            "the service refuses the sign-in",
            "sign in again",
        ),
    };
    Error::with_message(kind, message)
        .with_http_status(refusal.status)
        .with_help(help)
        .with_source(refusal)
}
