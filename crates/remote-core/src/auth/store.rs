//! Where a token is kept.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::Token;
use crate::error::Result;

/// Keeps the token of one account.
///
/// A token may be renewed by several processes, and a refresh token may be good for one use only. So changes are made under a lock:
/// [`lock`](TokenStore::lock), read again, renew only if nobody else has, [save](TokenLock::save), and only then use. A store
/// that several processes share (a configuration file) must hold the lock against all of them.
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// The token that is kept, if there is one. Does not wait for the lock.
    ///
    /// # Errors
    ///
    /// Whatever makes it impossible to tell: an unreadable store is not an empty one.
    async fn load(&self) -> Result<Option<Token>>;

    /// Waits until nobody else may change the token.
    ///
    /// # Errors
    ///
    /// When the lock cannot be taken.
    async fn lock(&self) -> Result<Box<dyn TokenLock>>;

    /// Replaces the token, whoever renewed it meanwhile: for a new sign-in.
    ///
    /// # Errors
    ///
    /// When the lock cannot be taken or the token cannot be written.
    async fn save(&self, token: &Token) -> Result<()> {
        self.lock().await?.save(token).await
    }
}

/// What became of a refresh token that was presented without bringing a new token.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Presented {
    /// Nobody knows whether the service has spent it: the answer was lost, or the program ended before it could save the new token.
    InDoubt,
    /// The service refused it.
    Refused,
}

/// The right to change the token of a [`TokenStore`]; given back when dropped.
///
/// A refresh token that is good for one use only must not be presented twice: some services take that for theft and end the whole sign-in. So the
/// cache notes with [`begin_renewal`](Self::begin_renewal) what it is about to do. A store that several processes share keeps the note where
/// it survives a crash; then nobody presents the token again after a program was killed between the service's answer and the saving.
#[async_trait]
pub trait TokenLock: fmt::Debug + Send + Sync {
    /// The token as it is now, read again under the lock.
    ///
    /// # Errors
    ///
    /// Like [`TokenStore::load`].
    async fn load(&mut self) -> Result<Option<Token>>;

    /// Replaces the token, and forgets what was noted of the one before. When this returns, the token survives a crash, as far as the store
    /// survives one at all.
    ///
    /// A token that somebody put there without the lock since [`load`](Self::load) is theirs and may stay instead.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the old token is still there then.
    async fn save(&mut self, token: &Token) -> Result<()>;

    /// Notes that the refresh token of `token` is about to be presented, unless something is known of it already: then that is returned, nothing
    /// is noted, and it must not be presented.
    ///
    /// Does nothing unless implemented.
    ///
    /// # Errors
    ///
    /// When the note cannot be written; then the token must not be presented either.
    async fn begin_renewal(&mut self, _token: &Token) -> Result<Option<Presented>> {
        Ok(None)
    }

    /// Notes what came of it where no new token is to be [saved](Self::save): nothing if the refresh token was certainly not spent.
    ///
    /// # Errors
    ///
    /// When the note cannot be written; it says [`Presented::InDoubt`] then.
    async fn end_renewal(&mut self, _outcome: Option<Presented>) -> Result<()> {
        Ok(())
    }
}

/// Keeps a token in memory; clones are the same store.
#[derive(Clone, Debug, Default)]
pub struct MemoryTokenStore {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    token: Option<Token>,
    /// What is known of the refresh token of `token`.
    presented: Option<Presented>,
}

impl MemoryTokenStore {
    /// A store with or without a token.
    #[must_use]
    pub fn new(token: impl Into<Option<Token>>) -> Self {
        let kept = Kept {
            token: token.into(),
            presented: None,
        };
        Self {
            kept: Arc::new(Mutex::new(kept)),
        }
    }
}

#[async_trait]
impl TokenStore for MemoryTokenStore {
    async fn load(&self) -> Result<Option<Token>> {
        Ok(self.kept.lock().await.token.clone())
    }

    async fn lock(&self) -> Result<Box<dyn TokenLock>> {
        let guard = Arc::clone(&self.kept).lock_owned().await;
        Ok(Box::new(MemoryTokenLock(guard)))
    }
}

#[derive(Debug)]
struct MemoryTokenLock(OwnedMutexGuard<Kept>);

#[async_trait]
impl TokenLock for MemoryTokenLock {
    async fn load(&mut self) -> Result<Option<Token>> {
        Ok(self.0.token.clone())
    }

    async fn save(&mut self, token: &Token) -> Result<()> {
        self.0.token = Some(token.clone());
        self.0.presented = None;
        Ok(())
    }

    async fn begin_renewal(&mut self, _token: &Token) -> Result<Option<Presented>> {
        let known = self.0.presented;
        self.0.presented = Some(known.unwrap_or(Presented::InDoubt));
        Ok(known)
    }

    async fn end_renewal(&mut self, outcome: Option<Presented>) -> Result<()> {
        self.0.presented = outcome;
        Ok(())
    }
}
