//! One HTTP attempt: sent, watched, and classified by what happened to it.
//!
//! This module is the only place that touches the HTTP library. [`HttpClient::send`] makes **one** attempt and never repeats
//! anything; repetition is the business of [`Retry`](crate::retry::Retry), which surrounds the *building* of a [`Request`].
//!
//! What it promises:
//!
//! * A failure says what happened to the request. Not sent (no connection): [`RetryAdvice::Safe`], [`Effect::NotMade`]. Sent, but
//!   no answer: [`RetryAdvice::IfIdempotent`], and [`Effect::Unknown`] if the request [changes something](Request::changes).
//!   A failing source of an upload is returned as the very error the source gave.
//! * Every call ends: there are limits for connecting, for standing still while bytes move, and for the time between the last byte
//!   of the request and the answer ([`HttpSettings`]). None of them limits how long a moving transfer takes.
//! * An answer with any status is an answer, not an error: see [`Response::status`] and [`classify_status`].
//! * Credentials stay at the origin they were meant for: redirects are followed by this module's own rules
//!   ([`Request::follow_redirects`]), and plain HTTP is refused except to this machine or on request.
//! * No secret shows in errors, `Debug` or `tracing` events; addresses are reduced by [`redacted`].
//!
//! ```no_run
//! use remote_core::http::{HttpClient, HttpSettings, Method, Request};
//! use url::Url;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = HttpClient::new(&HttpSettings::default())?;
//! let url = Url::parse("https://app.koofr.net/ping")?;
//! let response = client.send(Request::new(Method::GET, url, "ping")).await?;
//! assert!(response.status().is_success());
//! # Ok(())
//! # }
//! ```
//!
//! [`Effect::NotMade`]: crate::error::Effect::NotMade
//! [`Effect::Unknown`]: crate::error::Effect::Unknown
//! [`RetryAdvice::IfIdempotent`]: crate::error::RetryAdvice::IfIdempotent
//! [`RetryAdvice::Safe`]: crate::error::RetryAdvice::Safe

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

pub use self::{
    address::redacted,
    body::Body,
    client::HttpClient,
    query::{Query, escaped},
    range::{ByteRange, Window},
    request::Request,
    response::Response,
    settings::{
        DEFAULT_CONNECT_TIMEOUT, DEFAULT_IDLE_TIMEOUT, DEFAULT_MAX_IDLE_CONNECTIONS,
        DEFAULT_RESPONSE_TIMEOUT, HttpSettings, Proxy,
    },
    status::{MAX_RETRY_AFTER, classify_status, retry_after},
    upgrade::Upgraded,
};

mod address;
mod body;
mod classify;
mod client;
mod query;
mod range;
mod redirect;
mod request;
mod response;
mod settings;
mod status;
mod upgrade;
mod watch;
