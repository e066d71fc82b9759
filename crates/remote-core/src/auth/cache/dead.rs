//! Refresh tokens that must not be presented again, and what callers are told instead.

use std::{
    error::Error as StdError,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::shared::share;
use crate::{
    auth::Presented,
    error::{Effect, Error, ErrorKind},
    secret::Secret,
};

/// How long a refresh token is left alone after a refusal that may have been meant for the client rather than for the token.
const REFUSAL_PAUSE: Duration = Duration::from_secs(60);

/// The cause of an [`ErrorKind::Authentication`] error of a [`TokenRefresher`](super::TokenRefresher) when the service refused the refresh token itself, and not the
/// client that presented it. No process that shares the store presents the token again then.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the refresh token is no longer good")]
pub struct RefreshTokenRefused;

/// A refresh token that was presented without bringing a new token, and why.
pub(super) struct Dead {
    pub(super) refresh_token: Secret,
    pub(super) presented: Presented,
    pub(super) error: Arc<Error>,
    /// It may be presented again then; never when absent.
    pub(super) until: Option<SystemTime>,
}

impl Dead {
    /// What a failed renewal means for the refresh token; the error if it does no harm.
    pub(super) fn of(
        refresh_token: &Secret,
        error: Error,
        once: bool,
        now: SystemTime,
    ) -> Result<Self, Error> {
        let presented = match (error.kind(), error.effect()) {
            (ErrorKind::Authentication, _) => Presented::Refused,
            (_, Effect::Unknown) if once => Presented::InDoubt,
            _ => return Err(error),
        };
        let for_good = presented == Presented::InDoubt || is_of_the_token(&error);
        Ok(Self {
            refresh_token: refresh_token.clone(),
            presented,
            error: Arc::new(error),
            until: if for_good {
                None
            } else {
                now.checked_add(REFUSAL_PAUSE)
            },
        })
    }

    /// For the call that found out.
    pub(super) fn first_failure(&self) -> Failure {
        let error = share(Arc::clone(&self.error));
        match self.presented {
            Presented::InDoubt => Failure::Passing(error),
            Presented::Refused => Failure::Refused(error),
        }
    }

    /// For the calls after it.
    pub(super) fn later_failure(&self) -> Failure {
        match self.presented {
            Presented::InDoubt => Presented::InDoubt.failure(),
            Presented::Refused => Failure::Refused(share(Arc::clone(&self.error))),
        }
    }
}

/// Why there is no new token.
pub(super) enum Failure {
    /// A valid token can still be used.
    Passing(Error),
    /// Only another refresh token helps.
    Refused(Error),
}

impl Failure {
    pub(super) fn of(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Authentication => Self::Refused(error),
            _ => Self::Passing(error),
        }
    }
}

impl Presented {
    /// What a caller is told instead of presenting the token once more.
    pub(super) fn error(self) -> Error {
        let text = match self {
            Self::InDoubt => {
                "the renewal of the token was interrupted, and the new token may be lost with it"
            }
            Self::Refused => "the service has refused the refresh token before",
        };
        Error::with_message(ErrorKind::Authentication, text).with_help("sign in again")
    }

    pub(super) fn failure(self) -> Failure {
        match self {
            Self::InDoubt => Failure::Passing(self.error()),
            Self::Refused => Failure::Refused(self.error()),
        }
    }
}

/// Whether an error is about the refresh token itself.
fn is_of_the_token(error: &Error) -> bool {
    let mut cause = StdError::source(error);
    while let Some(error) = cause {
        if error.is::<RefreshTokenRefused>() {
            return true;
        }
        cause = error.source();
    }
    false
}
