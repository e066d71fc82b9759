//! A token that is always valid, renewed by one task at a time.

mod dead;
mod shared;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};

pub use self::dead::RefreshTokenRefused;
use self::{
    dead::{Dead, Failure},
    shared::share,
};
use super::{Presented, Token, TokenLock, TokenStore};
use crate::{
    error::{Error, ErrorKind, Result},
    secret::Secret,
};

/// How long before its end a token is renewed: time for clocks that differ and for a request that is on its way. A token that
/// lives for a short time is renewed when a quarter of that is left.
pub const TOKEN_REFRESH_SLACK: Duration = Duration::from_secs(60);

/// How long a token that is still valid is used after its renewal failed, before the next try.
const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// How often a token is read again that somebody replaces without the lock while theirs before is being refused.
const MAX_TURNS: u32 = 5;

/// Obtains a new token from the service.
#[async_trait]
pub trait TokenRefresher: fmt::Debug + Send + Sync {
    /// Trades a token for a new one. An answer without a refresh token keeps the old one; the cache sees to that.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Authentication`] when the service refuses, so that only signing in anew helps, with [`RefreshTokenRefused`] as its cause when
    /// it is the refresh token that is refused; any other kind when it may work later. The [effect](Error::effect) has to be
    /// [`Effect::Unknown`](crate::error::Effect::Unknown) when the service may have spent the refresh token.
    async fn refresh(&self, old: &Token) -> Result<Token>;

    /// Whether a refresh token stays good when it is used, so that it may be presented again when an answer was lost; `false` unless implemented.
    fn may_present_again(&self) -> bool {
        false
    }

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
/// * The new token is saved before it is used. If it cannot be saved, the call fails and says so; this process keeps the token in memory, and
///   each later call tries to save it instead of presenting the spent refresh token again.
/// * A refresh token is never presented twice. One that was refused, or whose answer was lost so that nobody knows whether it was
///   spent, is left alone until there is another one in the store: the calls fail with [`ErrorKind::Authentication`] without asking the
///   service. A renewal that certainly did not take place (no connection, an error answer) is tried again. Services that let a refresh
///   token be used again say so by [`TokenRefresher::may_present_again`].
/// * While a token is still valid, a renewal that fails for a reason other than refusal does no harm.
///
/// # What survives a crash
///
/// With a store that keeps its notes (see [`TokenLock::begin_renewal`]), a process may be killed at any time and no refresh token is ever
/// presented twice. Before the request is sent and after the new token is saved, nothing is lost either. Between the two, which is one exchange
/// with the service and the saving of the answer, the new token may have gone with the process. Nobody can get it back then:
/// the calls of the others fail with [`ErrorKind::Authentication`] once the access token has ended, and the person has to sign in again.
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
    /// A refresh token that must not be presented again.
    dead: Option<Dead>,
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
    /// Dropping the future does not stop a renewal that has begun; see [`settled`](Self::settled) for programs that end.
    pub async fn token(&self) -> Result<Token> {
        if let Some(token) = self.inner.at_hand() {
            return Ok(token);
        }
        self.inner.renewed(None).await
    }

    /// Waits until the renewal that is under way, if there is one, has ended, however it ends.
    ///
    /// A renewal ends with the runtime it runs on, and a token that was obtained and not saved yet is lost then. A program that stops early, on
    /// a signal for instance, calls this before it lets go of its runtime.
    pub async fn settled(&self) {
        let flight = self.inner.state().flight.clone();
        if let Some(flight) = flight {
            // Whoever asked for the token is told.
            drop(flight.await);
        }
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
        // Reading needs no lock, which may have to be waited for, or be impossible where nothing can be written.
        let stored = match self.unsaved() {
            None => self.store.load().await?,
            Some(_) => None,
        };
        if let Some(token) = &stored
            && is_fresh(token, (self.clock)())
            && is_accepted(token, rejected.as_ref())
        {
            return Ok(self.adopt(token.clone()));
        }
        match self.store.lock().await {
            Ok(lock) => self.renew_under(lock, rejected.as_ref()).await,
            Err(error) => self.still_valid(stored, rejected.as_ref(), error),
        }
    }

    /// The token at hand where it could not be renewed for now, or the error if it is not good any more.
    fn still_valid(
        &self,
        token: Option<Token>,
        rejected: Option<&Token>,
        error: Error,
    ) -> Result<Token> {
        let now = (self.clock)();
        let usable = token.filter(|token| !has_ended(token, now) && is_accepted(token, rejected));
        let Some(token) = usable else {
            return Err(error);
        };
        tracing::debug!(kind = ?error.kind(), "token not renewed, the present one is still valid");
        let mut state = self.state();
        state.not_before = now.checked_add(RENEWAL_PAUSE);
        state.current = Some(token.clone());
        Ok(token)
    }

    async fn renew_under(
        &self,
        mut lock: Box<dyn TokenLock>,
        rejected: Option<&Token>,
    ) -> Result<Token> {
        let mut refusal: Option<(Option<Token>, Error)> = None;
        for _ in 0..MAX_TURNS {
            let stored = lock.load().await?;
            if let Some(token) = self.save_pending(&mut *lock, stored.as_ref()).await? {
                return Ok(token);
            }
            let now = (self.clock)();
            if let Some(token) = stored.as_ref()
                && is_fresh(token, now)
                && is_accepted(token, rejected)
            {
                return Ok(self.adopt(token.clone()));
            }
            // After a refusal only a token that a program put there meanwhile which knows nothing of the lock is worth a try.
            if let Some((refused, error)) = refusal.take()
                && refresh_token(refused.as_ref()) == refresh_token(stored.as_ref())
                && refused.is_some() == stored.is_some()
            {
                return Err(error);
            }
            match self.obtain(&mut *lock, stored.as_ref(), now).await {
                Ok(new) => return self.keep(&mut *lock, stored, new).await,
                Err(Failure::Refused(error)) => refusal = Some((stored, error)),
                Err(Failure::Passing(error)) => {
                    return self.still_valid(stored, rejected, error);
                }
            }
        }
        Err(refusal.map_or_else(|| Presented::Refused.error(), |(_, error)| error))
    }

    /// Saves a token that could not be saved before, unless somebody has signed in anew since, which counts more.
    async fn save_pending(
        &self,
        lock: &mut dyn TokenLock,
        stored: Option<&Token>,
    ) -> Result<Option<Token>> {
        let Some((replaced, unsaved)) = self.unsaved() else {
            return Ok(None);
        };
        if replaced.as_ref() == stored {
            lock.save(&unsaved).await.map_err(not_saved)?;
            return Ok(Some(self.adopt(unsaved)));
        }
        self.state().unsaved = None;
        Ok(None)
    }

    /// Saves a new token before anybody uses it.
    async fn keep(
        &self,
        lock: &mut dyn TokenLock,
        replaced: Option<Token>,
        new: Token,
    ) -> Result<Token> {
        match lock.save(&new).await {
            Ok(()) => Ok(self.adopt(new)),
            Err(error) => {
                self.state().unsaved = Some((replaced, new));
                Err(not_saved(error))
            }
        }
    }

    /// A new token from the service.
    async fn obtain(
        &self,
        lock: &mut dyn TokenLock,
        stored: Option<&Token>,
        now: SystemTime,
    ) -> Result<Token, Failure> {
        let Some(old) = stored else {
            return self.refresher.sign_in().await.map_err(Failure::of);
        };
        let Some(refresh_token) = &old.refresh_token else {
            return self.refresher.refresh(old).await.map_err(Failure::of);
        };
        if let Some(failure) = self.known_failure(refresh_token, now) {
            return Err(failure);
        }
        let once = !self.refresher.may_present_again();
        if once && let Some(known) = lock.begin_renewal(old).await.map_err(Failure::Passing)? {
            return Err(known.failure());
        }
        let error = match self.refresher.refresh(old).await {
            Ok(new) => return Ok(new.or_refresh_token_of(old)),
            Err(error) => error,
        };
        let dead = Dead::of(refresh_token, error, once, now);
        if once {
            let noted = match &dead {
                Ok(dead) if dead.until.is_none() => Some(dead.presented),
                _ => None,
            };
            if let Err(error) = lock.end_renewal(noted).await {
                tracing::warn!(%error, "what came of a renewal could not be noted");
            }
        }
        match dead {
            Ok(dead) => {
                let failure = dead.first_failure();
                self.state().dead = Some(dead);
                Err(failure)
            }
            Err(error) => Err(Failure::Passing(error)),
        }
    }

    /// Whether this refresh token has to be left alone.
    fn known_failure(&self, refresh_token: &Secret, now: SystemTime) -> Option<Failure> {
        let state = self.state();
        let dead = state.dead.as_ref()?;
        let counts =
            dead.refresh_token == *refresh_token && dead.until.is_none_or(|until| now < until);
        counts.then(|| dead.later_failure())
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

fn refresh_token(token: Option<&Token>) -> Option<&Secret> {
    token?.refresh_token.as_ref()
}

/// Whether the service has not just refused this token.
fn is_accepted(token: &Token, rejected: Option<&Token>) -> bool {
    rejected.is_none_or(|rejected| rejected.access_token != token.access_token)
}

/// Says what is at stake when a new token is in memory only.
fn not_saved(error: Error) -> Error {
    let text = format!("the renewed token could not be saved: {error}");
    Error::with_message(error.kind(), text)
        .with_retry_advice(error.retry_advice())
        .with_help("make the place where tokens are kept writable: this process keeps the token and saves it with the next call; if it ends before, sign in again")
        .with_source(error)
}
