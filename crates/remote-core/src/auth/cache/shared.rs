//! One failure for many callers.

use std::{error::Error as StdError, fmt, sync::Arc};

use crate::error::Error;

/// An error of its own for each caller that waited for the same renewal.
pub(super) fn share(error: Arc<Error>) -> Error {
    let mut shared = Error::with_message(error.kind(), error.to_string())
        .with_retry_advice(error.retry_advice())
        .with_effect(error.effect())
        .with_attempts(error.attempts());
    if let Some(status) = error.http_status() {
        shared = shared.with_http_status(status);
    }
    if let Some(id) = error.request_id() {
        shared = shared.with_request_id(id);
    }
    if let Some(help) = error.help() {
        shared = shared.with_help(help);
    }
    shared.with_source(SharedError(error))
}

/// One failure that several errors have as their cause.
#[derive(Debug)]
struct SharedError(Arc<Error>);

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for SharedError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}
