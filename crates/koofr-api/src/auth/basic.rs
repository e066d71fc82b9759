//! The gate in front of unverified Basic credentials: one request at a time until an answer shows that they are right.

use std::sync::{
    Mutex as StdMutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use remote_core::error::{Error, Result};
use tokio::sync::{Mutex, MutexGuard};

use super::ticket::{login_locked, refused};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Unverified,
    Verified,
    Refused,
}

/// Lets one request through while the credentials are unverified, everything once they are verified, nothing once they were refused.
#[derive(Debug)]
pub(crate) struct Gate {
    state: StdMutex<State>,
    first: Mutex<()>,
    /// Lockouts seen so far; those who waited while one was reported do not ask again.
    lockouts: AtomicU64,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            state: StdMutex::new(State::Unverified),
            first: Mutex::new(()),
            lockouts: AtomicU64::new(0),
        }
    }

    pub(crate) fn is_verified(&self) -> bool {
        self.state() == State::Verified
    }

    /// Waits for the turn of a request. While a guard is held, the others wait.
    pub(crate) async fn enter(&self) -> Result<Option<MutexGuard<'_, ()>>> {
        if self.may_pass()? {
            return Ok(None);
        }
        let lockouts = self.lockouts.load(Ordering::Acquire);
        let guard = self.first.lock().await;
        if self.may_pass()? {
            return Ok(None);
        }
        if self.lockouts.load(Ordering::Acquire) != lockouts {
            return Err(login_locked());
        }
        Ok(Some(guard))
    }

    pub(crate) fn accept(&self) {
        self.set(State::Verified);
    }

    pub(crate) fn refuse(&self) {
        self.set(State::Refused);
    }

    pub(crate) fn lock_out(&self) {
        self.lockouts.fetch_add(1, Ordering::AcqRel);
    }

    fn may_pass(&self) -> Result<bool, Error> {
        match self.state() {
            State::Unverified => Ok(false),
            State::Verified => Ok(true),
            State::Refused => Err(refused()),
        }
    }

    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: State) {
        let mut current = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A late answer to a request that was let through before does not revive refused credentials.
        if *current != State::Refused {
            *current = state;
        }
    }
}
