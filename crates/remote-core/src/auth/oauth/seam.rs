//! Where the OAuth library meets our HTTP client, and dialects meet the standard.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use futures::future::BoxFuture;
use oauth2::{AsyncHttpClient, ErrorResponse, HttpRequest, HttpResponse, RequestTokenError};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    auth::RefreshTokenRefused,
    error::{Effect, Error, ErrorKind, Result, RetryAdvice},
    http::{Body, HttpClient, Request, Response, StatusCode, classify_status, header, retry_after},
    secret::Secret,
};

/// The longest answer of a token endpoint; real ones have a few kilobytes.
const ANSWER_BYTES: usize = 256 * 1024;

/// The longest part of a service's own explanation that is passed on.
const DESCRIPTION_CHARS: usize = 200;

/// What the protocol itself puts into answers.
const PROTOCOL_FIELDS: [&str; 5] = [
    "access_token",
    "refresh_token",
    "token_type",
    "expires_in",
    "scope",
];

/// Told of a text that is not part of the protocol.
type Listener = dyn Fn(&str, &str) + Send + Sync;

/// Our client in the shape the library asks for; used for one call.
pub(super) struct Seam<'a> {
    http: &'a HttpClient,
    listener: Option<&'a Listener>,
    /// Whether a failure that waiting cannot cure ends the library's polling, which takes every failure for a passing one.
    ends_polling: bool,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    status: Option<u16>,
    token_type: String,
    /// The form that was sent: what an explanation must not repeat.
    form: Secret,
    failure: Option<Error>,
}

impl<'a> Seam<'a> {
    pub(super) fn new(http: &'a HttpClient, listener: Option<&'a Listener>) -> Self {
        Self {
            http,
            listener,
            ends_polling: false,
            notes: Mutex::default(),
        }
    }

    pub(super) fn ends_polling(mut self) -> Self {
        self.ends_polling = true;
        self
    }

    /// The token type as the service spelled it; the library changes it to lower case.
    pub(super) fn token_type(&self) -> String {
        self.notes().token_type.clone()
    }

    pub(super) fn take_failure(&self) -> Option<Error> {
        self.notes().failure.take()
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse> {
        let outcome = self.send(request).await;
        match outcome {
            Err(error) if self.ends_polling && error.retry_advice() == RetryAdvice::Never => {
                self.notes().failure = Some(error);
                Ok(respond(400, br#"{"error":"access_denied"}"#.to_vec()))
            }
            outcome => outcome,
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        let response = self.http.send(self.convert(request)?).await?;
        self.notes().status = Some(response.status().as_u16());
        if response.status().is_success() {
            let answer = read(response).await?;
            self.tell(&answer);
            return Ok(self.normalised(answer));
        }
        refusal(response).await
    }

    fn convert(&self, request: HttpRequest) -> Result<Request> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|error| {
            Error::with_message(ErrorKind::InvalidInput, "the token address cannot be used")
                .with_source(error)
        })?;
        self.notes().form = Secret::new(String::from_utf8_lossy(&body));
        let mut converted = Request::new(parts.method, url, "oauth/token")
            .body(Body::Bytes(body.into()))
            .changes(true);
        for (name, value) in &parts.headers {
            converted = if name == header::AUTHORIZATION {
                converted.authorization(Secret::new(String::from_utf8_lossy(value.as_bytes())))
            } else {
                converted.header(name, value)
            };
        }
        Ok(converted)
    }

    fn tell(&self, answer: &Map<String, Value>) {
        let Some(listener) = self.listener else {
            return;
        };
        for (name, value) in answer {
            if let (false, Value::String(text)) = (PROTOCOL_FIELDS.contains(&name.as_str()), value)
            {
                listener(name, text);
            }
        }
    }

    /// The answer as the library insists on it: some services leave out the type or write the lifetime as text.
    fn normalised(&self, mut answer: Map<String, Value>) -> HttpResponse {
        match answer.get("token_type") {
            Some(Value::String(kind)) => self.notes().token_type.clone_from(kind),
            _ => {
                answer.insert("token_type".to_owned(), "bearer".into());
            }
        }
        let lifetime = match answer.remove("expires_in") {
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(Value::Number(number)) => number.as_u64().or_else(|| whole(number.as_f64()?)),
            _ => None,
        };
        if let Some(seconds) = lifetime {
            answer.insert("expires_in".to_owned(), seconds.into());
        }
        respond(200, Value::Object(answer).to_string().into_bytes())
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        // Only whole values are assigned under the lock.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'c> AsyncHttpClient<'c> for Seam<'_> {
    type Error = Error;
    type Future = BoxFuture<'c, Result<HttpResponse>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.exchange(request))
    }
}

/// An answer as JSON, or in one of the two other forms in which some proxies write the same fields.
async fn read(response: Response) -> Result<Map<String, Value>> {
    let content_type = response.header("content-type").unwrap_or_default();
    let content_type = String::from_utf8_lossy(content_type).to_ascii_lowercase();
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    if !matches!(kind, "application/x-www-form-urlencoded" | "text/plain") {
        return response.json(ANSWER_BYTES).await;
    }
    let body = response.bytes(ANSWER_BYTES).await?;
    if let Ok(answer) = serde_json::from_slice(&body) {
        return Ok(answer);
    }
    let pairs = url::form_urlencoded::parse(&body);
    Ok(pairs
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect())
}

/// An error answer for the library to read, or our own error where it says nothing in the protocol's words.
async fn refusal(response: Response) -> Result<HttpResponse> {
    let status = response.status();
    let host = response.url_host();
    let delay = retry_after(response.headers(), SystemTime::now());
    let body = response.bytes(ANSWER_BYTES).await?;
    let answer: Option<Map<String, Value>> = serde_json::from_slice(&body).ok();
    let in_words = answer.is_some_and(|answer| answer.get("error").is_some_and(Value::is_string));
    if in_words && status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS {
        return Ok(respond(400, body.to_vec()));
    }
    let (kind, advice) = classify_status(status, delay);
    Err(Error::with_message(
        kind,
        format!("{host} answered a request for a token with status {status}"),
    )
    .with_http_status(status.as_u16())
    .with_retry_advice(advice)
    .with_effect(effect_of(status))
    .with_help(if kind == ErrorKind::Authentication {
        "sign in again"
    } else {
        "try again later, and check the address of the service if this persists"
    }))
}

/// A service that says what went wrong has given out no token. A gateway that gave up waiting does not know.
fn effect_of(status: StatusCode) -> Effect {
    if status == StatusCode::GATEWAY_TIMEOUT {
        Effect::Unknown
    } else {
        Effect::NotMade
    }
}

fn respond(status: u16, body: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked, and a fraction of a second does not matter"
)]
fn whole(seconds: f64) -> Option<u64> {
    (seconds >= 0.0 && seconds < f64::from(u32::MAX)).then_some(seconds as u64)
}

/// Turns what the library says into our error: the kind by the protocol's own words, without anything secret.
pub(super) fn request_failed<E>(error: RequestTokenError<Error, E>, seam: &Seam<'_>) -> Error
where
    E: ErrorResponse + fmt::Display + 'static,
{
    let status = seam.notes().status;
    let failed = match error {
        RequestTokenError::Request(error) => return error,
        RequestTokenError::ServerResponse(answer) => refused(&answer, seam),
        // The cause would carry the answer, and with it perhaps a token.
        RequestTokenError::Parse(error, _) => Error::with_message(
            ErrorKind::Protocol,
            format!(
                "the token answer of the service does not fit at {}",
                error.path()
            ),
        )
        .with_effect(Effect::Unknown),
        RequestTokenError::Other(_) => Error::with_message(
            ErrorKind::Protocol,
            "the token answer of the service does not fit",
        )
        .with_effect(Effect::Unknown),
    };
    match status {
        Some(status) => failed.with_http_status(status),
        None => failed,
    }
}

fn refused<E: fmt::Display>(answer: &E, seam: &Seam<'_>) -> Error {
    // The library prints `code: description (uri)`.
    let text: String = answer
        .to_string()
        .chars()
        .filter(|c| !c.is_control())
        .take(DESCRIPTION_CHARS)
        .collect();
    let code = text.split(':').next().unwrap_or_default().trim();
    let (kind, help) = match code {
        "invalid_client" | "unauthorized_client" => (
            ErrorKind::Authentication,
            "check the client id and the client secret",
        ),
        "invalid_request" | "invalid_scope" | "unsupported_grant_type" => (
            ErrorKind::InvalidInput,
            "check the addresses, the scopes and the client id",
        ),
        // Everything else, the unknown included, leaves only this.
        _ => (ErrorKind::Authentication, "sign in again"),
    };
    let text = if repeats_secrets(&text, seam) {
        code
    } else {
        text.as_str()
    };
    let error = Error::with_message(kind, format!("the service refused: {text}")).with_help(help);
    if code == "invalid_grant" && is_refresh(seam) {
        error.with_source(RefreshTokenRefused)
    } else {
        error
    }
}

/// Whether the form that was sent presented a refresh token.
fn is_refresh(seam: &Seam<'_>) -> bool {
    let notes = seam.notes();
    url::form_urlencoded::parse(notes.form.expose().as_bytes())
        .any(|(name, _)| name == "refresh_token")
}

/// Whether an explanation quotes a value of the form that was sent, as far as that is long enough to be a secret.
fn repeats_secrets(text: &str, seam: &Seam<'_>) -> bool {
    let notes = seam.notes();
    url::form_urlencoded::parse(notes.form.expose().as_bytes())
        .filter(|(name, _)| {
            !matches!(
                name.as_ref(),
                "grant_type" | "scope" | "client_id" | "redirect_uri"
            )
        })
        .any(|(_, value)| value.len() >= 4 && text.contains(value.as_ref()))
}
