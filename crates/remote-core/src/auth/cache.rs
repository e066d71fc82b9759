//! A token that is always valid, renewed by one task at a time.

use std::{
    error::Error as StdError,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};

use super::{Token, TokenStore};
use crate::error::{Error, ErrorKind, Result};

/// How long before its end a token is renewed: time for clocks that differ and for a request that is on its way. A token that
/// lives for a short time is renewed when a quarter of that is left.
pub const TOKEN_REFRESH_SLACK: Duration = Duration::from_secs(60);

/// How long a token that is still valid is used after its renewal failed, before the next try.
const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// Obtains a new token from the service.
#[async_trait]
pub trait TokenRefresher: fmt::Debug + Send + Sync {
    /// Trades a token for a new one. An answer without a refresh token keeps the old one; the cache sees to that.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Authentication`] when the service refuses, so that only signing in anew helps; any other kind when it may work later.
    async fn refresh(&self, old: &Token) -> Result<Token>;

    /// Obtains the first token where nothing but configured credentials is needed; refused unless implemented.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Authentication`] when there is no way to sign in without a person, or the credentials are wrong.
    async fn sign_in(&self) -> Result<Token> {
        Err(
            Error::with_message(ErrorKind::Authentication, "there is no token")
                .with_help("sign in first"),
        )
    }
}

/// Hands out a valid token of one account; clones are the same cache.
///
/// * All callers wait for the same renewal, and share its failure.
/// * A renewal runs on its own task: it is carried through and saved even if every caller goes away.
/// * It happens under the lock of the [`TokenStore`], after reading the token again: if another process has renewed it, that one is used.
/// * The new token is saved before it is used. If it cannot be saved, the call fails, and the next call saves it instead of
///   presenting the spent refresh token again.
/// * While a token is still valid, a renewal that fails for a reason other than refusal does no harm.
///
/// # Examples
///
/// ```
/// use std::{sync::Arc, time::{Duration, SystemTime}};
/// use async_trait::async_trait;
/// use remote_core::{auth::{MemoryTokenStore, Token, TokenCache, TokenRefresher, TokenStore}, error::Result};
///
/// #[derive(Debug)]
/// struct Service;
///
/// #[async_trait]
/// impl TokenRefresher for Service {
///     async fn refresh(&self, _old: &Token) -> Result<Token> {
///         Ok(Token::new("new").with_expires_in(Duration::from_secs(3600), SystemTime::now()))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
/// let store = MemoryTokenStore::new(Token::new("old").with_expires(SystemTime::UNIX_EPOCH));
/// let cache = TokenCache::new(Arc::new(store.clone()), Arc::new(Service));
/// assert_eq!(cache.token().await?.access_token.expose(), "new");
/// assert_eq!(store.load().await?.map(|token| token.access_token), Some("new".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TokenCache {
    inner: Arc<Inner>,
}

type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;
type Outcome = Result<Token, Arc<Error>>;
type Flight = Shared<BoxFuture<'static, Outcome>>;

struct Inner {
    store: Arc<dyn TokenStore>,
    refresher: Arc<dyn TokenRefresher>,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    current: Option<Token>,
    /// The renewal that is under way.
    flight: Option<Flight>,
    /// A token that was obtained and could not be saved, with the one it replaces.
    unsaved: Option<(Option<Token>, Token)>,
    /// No renewal of a token that is still valid before.
    not_before: Option<SystemTime>,
}

impl TokenCache {
    /// A cache over a store. Nothing is read before the first token is asked for.
    #[must_use]
    pub fn new(store: Arc<dyn TokenStore>, refresher: Arc<dyn TokenRefresher>) -> Self {
        Self::with_clock(store, refresher, SystemTime::now)
    }

    /// Like [`TokenCache::new`] with another clock, which decides whether a token has ended.
    #[must_use]
    pub fn with_clock(
        store: Arc<dyn TokenStore>,
        refresher: Arc<dyn TokenRefresher>,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                refresher,
                clock: Arc::new(clock),
                state: Mutex::default(),
            }),
        }
    }

    /// A token that is valid for some time to come: the one at hand, or after a renewal a new one.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::Authentication`]: the service refuses to renew it, or there is none.
    /// * Any other kind: the renewal or the saving failed; a later call may succeed.
    ///
    /// # Cancellation
    ///
    /// Dropping the future does not stop a renewal that has begun.
    pub async fn token(&self) -> Result<Token> {
        if let Some(token) = self.inner.at_hand() {
            return Ok(token);
        }
        self.inner.renewed(None).await
    }

    /// A token to try again with after the service has answered 401 to one it should have accepted.
    ///
    /// Renews only if that token is still the one at hand; if somebody else has renewed it meanwhile, theirs is returned.
    ///
    /// # Errors
    ///
    /// Like [`TokenCache::token`].
    ///
    /// # Cancellation
    ///
    /// Like [`TokenCache::token`].
    pub async fn refresh_rejected(&self, rejected: &Token) -> Result<Token> {
        if let Some(token) = self.inner.at_hand()
            && token.access_token != rejected.access_token
        {
            return Ok(token);
        }
        let token = self.inner.renewed(Some(rejected)).await?;
        if token.access_token != rejected.access_token {
            return Ok(token);
        }
        // The renewal that was already under way knew nothing of the rejection and found the token good.
        self.inner.renewed(Some(rejected)).await
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("store", &self.inner.store)
            .field("refresher", &self.inner.refresher)
            .finish_non_exhaustive()
    }
}

impl Inner {
    /// The current token, if it need not be renewed now.
    fn at_hand(&self) -> Option<Token> {
        let now = (self.clock)();
        let state = self.state();
        let token = state.current.as_ref()?;
        let paused = state.not_before.is_some_and(|until| now < until);
        let usable = is_fresh(token, now) || (paused && !has_ended(token, now));
        (usable && state.unsaved.is_none()).then(|| token.clone())
    }

    /// Joins the renewal that is under way, or starts one.
    async fn renewed(self: &Arc<Self>, rejected: Option<&Token>) -> Result<Token> {
        let flight = self.flight(rejected.cloned());
        flight.await.map_err(share)
    }

    fn flight(self: &Arc<Self>, rejected: Option<Token>) -> Flight {
        let mut state = self.state();
        if let Some(flight) = &state.flight {
            return flight.clone();
        }
        let inner = Arc::clone(self);
        // A task of its own, so that a token that was obtained is saved whoever loses interest.
        let task = tokio::spawn(async move {
            let outcome = inner.renew(rejected).await;
            inner.state().flight = None;
            outcome.map_err(Arc::new)
        });
        let inner = Arc::clone(self);
        let flight = async move {
            match task.await {
                Ok(outcome) => outcome,
                Err(error) => {
                    inner.state().flight = None;
                    Err(Arc::new(
                        Error::with_message(ErrorKind::Other, "the renewal of the token stopped")
                            .with_source(error),
                    ))
                }
            }
        };
        let flight = flight.boxed().shared();
        state.flight = Some(flight.clone());
        flight
    }

    async fn renew(&self, rejected: Option<Token>) -> Result<Token> {
        let mut lock = self.store.lock().await?;
        let stored = lock.load().await?;
        if let Some((replaced, unsaved)) = self.unsaved() {
            // If the store holds something else by now, somebody has signed in anew, and that counts.
            if replaced == stored {
                lock.save(&unsaved).await?;
                return Ok(self.adopt(unsaved));
            }
            self.state().unsaved = None;
        }
        let now = (self.clock)();
        let is_rejected = |token: &Token| {
            rejected
                .as_ref()
                .is_some_and(|rejected| rejected.access_token == token.access_token)
        };
        if let Some(token) = stored.as_ref()
            && is_fresh(token, now)
            && !is_rejected(token)
        {
            return Ok(self.adopt(token.clone()));
        }
        let renewal = match &stored {
            Some(old) => self
                .refresher
                .refresh(old)
                .await
                .map(|new| new.or_refresh_token_of(old)),
            None => self.refresher.sign_in().await,
        };
        let new = match renewal {
            Ok(new) => new,
            Err(error) => {
                let again = if error.kind() == ErrorKind::Authentication {
                    // A program that knows nothing of the lock may have been faster.
                    lock.load().await?.filter(|token| {
                        Some(token) != stored.as_ref()
                            && !has_ended(token, now)
                            && !is_rejected(token)
                    })
                } else {
                    stored.filter(|token| !has_ended(token, now) && !is_rejected(token))
                };
                let Some(token) = again else {
                    return Err(error);
                };
                tracing::debug!(kind = ?error.kind(), "token not renewed, the present one is still valid");
                self.state().not_before = now.checked_add(RENEWAL_PAUSE);
                self.state().current = Some(token.clone());
                return Ok(token);
            }
        };
        if let Err(error) = lock.save(&new).await {
            self.state().unsaved = Some((stored, new));
            return Err(error);
        }
        Ok(self.adopt(new))
    }

    fn adopt(&self, token: Token) -> Token {
        let mut state = self.state();
        state.unsaved = None;
        state.not_before = None;
        state.current = Some(token.clone());
        token
    }

    fn unsaved(&self) -> Option<(Option<Token>, Token)> {
        self.state().unsaved.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change under the lock is a single assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_fresh(token: &Token, now: SystemTime) -> bool {
    let slack = match token.expires_in {
        Some(lifetime) => TOKEN_REFRESH_SLACK.min(lifetime / 4),
        None => TOKEN_REFRESH_SLACK,
    };
    !token.access_token.is_empty() && !token.expires_within(slack, now)
}

fn has_ended(token: &Token, now: SystemTime) -> bool {
    token.access_token.is_empty() || token.expires_within(Duration::ZERO, now)
}

/// An error of its own for each caller that waited for the same renewal.
fn share(error: Arc<Error>) -> Error {
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
