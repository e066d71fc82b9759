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

/// The right to change the token of a [`TokenStore`]; given back when dropped.
#[async_trait]
pub trait TokenLock: fmt::Debug + Send + Sync {
    /// The token as it is now, read again under the lock.
    ///
    /// # Errors
    ///
    /// Like [`TokenStore::load`].
    async fn load(&mut self) -> Result<Option<Token>>;

    /// Replaces the token. When this returns, the token survives a crash, as far as the store survives one at all.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the old token is still there then.
    async fn save(&mut self, token: &Token) -> Result<()>;
}

/// Keeps a token in memory; clones are the same store.
#[derive(Clone, Debug, Default)]
pub struct MemoryTokenStore {
    token: Arc<Mutex<Option<Token>>>,
}

impl MemoryTokenStore {
    /// A store with or without a token.
    #[must_use]
    pub fn new(token: impl Into<Option<Token>>) -> Self {
        Self {
            token: Arc::new(Mutex::new(token.into())),
        }
    }
}

#[async_trait]
impl TokenStore for MemoryTokenStore {
    async fn load(&self) -> Result<Option<Token>> {
        Ok(self.token.lock().await.clone())
    }

    async fn lock(&self) -> Result<Box<dyn TokenLock>> {
        let guard = Arc::clone(&self.token).lock_owned().await;
        Ok(Box::new(MemoryTokenLock(guard)))
    }
}

#[derive(Debug)]
struct MemoryTokenLock(OwnedMutexGuard<Option<Token>>);

#[async_trait]
impl TokenLock for MemoryTokenLock {
    async fn load(&mut self) -> Result<Option<Token>> {
        Ok(self.0.clone())
    }

    async fn save(&mut self, token: &Token) -> Result<()> {
        *self.0 = Some(token.clone());
        Ok(())
    }
}
