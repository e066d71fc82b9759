//! The token that stands for a password: made before the first call, replaced once when it is refused.

use remote_core::{
    error::{ErrorKind, Result},
    secret::Secret,
};
use tokio::sync::Mutex;

use super::ticket::{login_locked, refused};
use crate::client::Client;

#[derive(Debug, Default)]
struct State {
    token: Option<Secret>,
    refused: bool,
    lockouts: u64,
}

/// A password and the token that was made of it.
#[derive(Debug)]
pub(crate) struct LoginSession {
    email: String,
    password: Secret,
    state: Mutex<State>,
    /// Copy of the count in the state that can be read while somebody holds the lock.
    lockouts: std::sync::atomic::AtomicU64,
}

impl LoginSession {
    pub(crate) fn new(email: String, password: Secret) -> Self {
        Self {
            email,
            password,
            state: Mutex::default(),
            lockouts: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// The token; a new one if there is none, or if the one there is was `rejected`.
    ///
    /// One exchange at a time: the others wait for its token, and fail with it.
    pub(crate) async fn token(&self, client: &Client, rejected: Option<&Secret>) -> Result<Secret> {
        use std::sync::atomic::Ordering;

        let lockouts = self.lockouts.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        if state.refused {
            return Err(refused());
        }
        if state.lockouts != lockouts {
            return Err(login_locked());
        }
        if let Some(token) = state
            .token
            .as_ref()
            .filter(|token| Some(*token) != rejected)
        {
            return Ok(token.clone());
        }
        state.token = None;
        match client.exchange(&self.email, &self.password).await {
            Ok(login) => {
                state.token = Some(login.token.clone());
                Ok(login.token)
            }
            Err(error) => {
                state.refused |= error.kind() == ErrorKind::Authentication;
                if error.kind() == ErrorKind::LoginLocked {
                    state.lockouts += 1;
                    self.lockouts.store(state.lockouts, Ordering::Release);
                }
                Err(error)
            }
        }
    }
}
