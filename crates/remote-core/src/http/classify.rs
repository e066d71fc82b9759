//! What happened to a request that got no answer, found out in one place.

use std::{error::Error as StdError, io};

use super::{address::host, watch::Expired};
use crate::error::{Effect, Error, ErrorKind, RetryAdvice};

/// What an error has to know about its request.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) url: url::Url,
    pub(super) changes: bool,
}

impl About {
    pub(super) fn host(&self) -> String {
        host(&self.url)
    }

    /// A failure of a request that may have been carried out.
    pub(super) fn after_sending(&self, kind: ErrorKind, message: String) -> Error {
        Error::with_message(kind, message)
            .with_effect(self.effect())
            .with_retry_advice(RetryAdvice::IfIdempotent(None))
    }

    /// What is known about the change when its answer is lost.
    pub(super) fn effect(&self) -> Effect {
        if self.changes {
            Effect::Unknown
        } else {
            Effect::NotMade
        }
    }
}

/// The request was never carried out.
fn not_sent(kind: ErrorKind, message: String) -> Error {
    Error::with_message(kind, message).with_retry_advice(RetryAdvice::Safe(None))
}

/// A limit of time was reached.
pub(super) fn expired(expired: Expired, about: &About) -> Error {
    let host = about.host();
    match expired {
        Expired::Connecting => not_sent(
            ErrorKind::Timeout,
            format!("no connection to {host} could take the request in time"),
        )
        .with_no_contact(true),
        Expired::Sending => about.after_sending(
            ErrorKind::Timeout,
            format!("{host} took no further bytes for too long"),
        ),
        Expired::Waiting => about.after_sending(
            ErrorKind::Timeout,
            format!("{host} took the request and did not answer in time"),
        ),
    }
}

/// The sending failed.
pub(super) fn send_failure(error: reqwest::Error, about: &About) -> Error {
    // The address may contain secrets.
    let error = error.without_url();
    let host = about.host();
    let failure = if error.is_builder() {
        Error::with_message(
            ErrorKind::InvalidInput,
            format!("no request to {host} can be made of this"),
        )
    } else if error.is_connect() {
        connect_failure(&error, &host).with_no_contact(true)
    } else if refused_unprocessed(&error) {
        not_sent(
            ErrorKind::Transport,
            format!("{host} closed the connection before it looked at the request"),
        )
    } else if error.is_timeout() {
        about.after_sending(
            ErrorKind::Timeout,
            format!("the connection to {host} stood still"),
        )
    } else if hyper(&error).is_some_and(hyper::Error::is_parse) {
        about
            .after_sending(
                ErrorKind::Protocol,
                format!("{host} answered something that is not HTTP"),
            )
            .with_retry_advice(RetryAdvice::Never)
            .with_help("check the address and the port")
    } else {
        about.after_sending(
            ErrorKind::Transport,
            format!("the connection to {host} broke before the answer came"),
        )
    };
    failure.with_source(error)
}

/// The reading of an answer failed after its head had come.
pub(super) fn body_failure(error: reqwest::Error, about: &About) -> Error {
    about
        .after_sending(
            ErrorKind::Transport,
            format!("the answer of {} broke off", about.host()),
        )
        .with_source(error.without_url())
}

/// The reading of an answer stood still.
pub(super) fn body_stalled(about: &About) -> Error {
    about.after_sending(
        ErrorKind::Timeout,
        format!("the answer of {} stopped coming", about.host()),
    )
}

fn connect_failure(error: &reqwest::Error, host: &str) -> Error {
    if error.is_dns() {
        return not_sent(ErrorKind::Transport, format!("{host} cannot be found"))
            .with_help("check the spelling of the address and the network connection");
    }
    if error.is_timeout() {
        return not_sent(
            ErrorKind::Timeout,
            format!("{host} did not accept a connection in time"),
        )
        .with_help("check the network connection and whether a proxy is needed");
    }
    // The two TLS libraries and the platforms behind them have no common error type, but they all say this word.
    if chain(error).any(|cause| cause.to_string().to_lowercase().contains("certificate")) {
        return Error::with_message(
            ErrorKind::Transport,
            format!("the certificate of {host} is not trusted"),
        )
        .with_help(
            "check the address and the clock of this machine; for a private authority, add its certificate as an extra root",
        );
    }
    let refused = chain(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::ConnectionRefused);
    if refused {
        return not_sent(
            ErrorKind::Transport,
            format!("{host} refused the connection"),
        )
        .with_help("check the address and the port, and whether the service is running");
    }
    not_sent(ErrorKind::Transport, format!("no connection to {host}"))
        .with_help("check the network connection and whether a proxy is needed")
}

/// Whether the connection itself says that the request was not processed.
fn refused_unprocessed(error: &reqwest::Error) -> bool {
    if hyper(error).is_some_and(hyper::Error::is_canceled) {
        return true;
    }
    chain(error)
        .filter_map(|cause| cause.downcast_ref::<h2::Error>())
        .any(|cause| cause.reason() == Some(h2::Reason::REFUSED_STREAM) && cause.is_remote())
}

fn hyper(error: &reqwest::Error) -> Option<&hyper::Error> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}
