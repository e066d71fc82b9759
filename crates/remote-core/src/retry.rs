//! Repeating what failed: policy, delays, and the pace that all calls of one account share.
//!
//! [`Retry::run`] hands out attempts and decides what happens between them. It knows no protocol: an attempt is a closure
//! that builds its request anew (a fresh token, a freshly opened body) and returns this crate's [`Error`], whose
//! [`RetryAdvice`] and the caller's [`Idempotency`] are all the decision needs.
//!
//! ```
//! use remote_core::error::{Error, ErrorKind, RetryAdvice};
//! use remote_core::retry::{Idempotency, Pacer, Retry, RetryPolicy};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> remote_core::error::Result<()> {
//! let retry = Retry::new(RetryPolicy::default(), Pacer::new());
//! let answer = retry
//!     .run(Idempotency::Idempotent, |attempt| async move {
//!         if attempt.number == 1 {
//!             return Err(Error::new(ErrorKind::Transport).with_retry_advice(RetryAdvice::Safe(None)));
//!         }
//!         Ok(attempt.number)
//!     })
//!     .await?;
//! assert_eq!(answer, 2);
//! # Ok(())
//! # }
//! ```

use std::{fmt, future::Future, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::error::{Effect, Error, ErrorKind, Result, RetryAdvice};

pub use self::pacer::Pacer;

mod pacer;

/// Attempts of [`RetryPolicy::default`].
///
/// Ten, the number of low-level retries that rclone's users are used to. With the default delays they span some
/// forty seconds on average, which outlasts a restart of a service or of a router, and ends while somebody who watches still
/// believes in it.
pub const DEFAULT_MAX_ATTEMPTS: u32 = 10;

/// [`RetryPolicy::max_contact_attempts`] of the default.
///
/// Three: a lost packet or a listener that is being replaced is survived, and whoever mistyped an address, or has no network, is told within a
/// second where the connection is refused.
pub const DEFAULT_MAX_CONTACT_ATTEMPTS: u32 = 3;

/// [`RetryPolicy::base_delay`] of the default: a lost packet or a worker that restarts is over by then.
pub const DEFAULT_BASE_DELAY: Duration = Duration::from_millis(200);

/// [`RetryPolicy::max_delay`] of the default: waiting longer helps no service and looks like a hang.
pub const DEFAULT_MAX_DELAY: Duration = Duration::from_secs(30);

/// [`RetryPolicy::max_retry_after`] of the default: the longest pause a person takes for a slow service and not for a broken one.
pub const DEFAULT_MAX_RETRY_AFTER: Duration = Duration::from_secs(5 * 60);

/// How often and for how long a failed call is repeated.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in all, the first one included; [`DEFAULT_MAX_ATTEMPTS`] unless set. Zero counts as one.
    pub max_attempts: u32,
    /// Attempts in all as long as the client has never been answered and cannot connect ([`Error::is_no_contact`]: connection refused, name unknown,
    /// nobody there); [`DEFAULT_MAX_CONTACT_ATTEMPTS`] unless set, and never more than [`max_attempts`](Self::max_attempts).
    ///
    /// After the first answer an outage gets all attempts: a restart of the service in the middle of a backup is waited for. To wait for a
    /// network that is still coming up, set it to the same number.
    pub max_contact_attempts: u32,
    /// Time from the start of the first attempt after which no attempt begins; unlimited unless set.
    ///
    /// An attempt that is running is not cut off by it; attempts see what is left as [`Attempt::remaining`].
    pub max_elapsed: Option<Duration>,
    /// Upper end of the random delay before the second attempt; it doubles with each further one. [`DEFAULT_BASE_DELAY`] unless set.
    pub base_delay: Duration,
    /// What the upper end of the random delay grows to; [`DEFAULT_MAX_DELAY`] unless set.
    pub max_delay: Duration,
    /// The longest pause named by the service that is waited for; a longer one ends the call at once.
    /// [`DEFAULT_MAX_RETRY_AFTER`] unless set.
    pub max_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: DEFAULT_MAX_ATTEMPTS,
            max_contact_attempts: DEFAULT_MAX_CONTACT_ATTEMPTS,
            max_elapsed: None,
            base_delay: DEFAULT_BASE_DELAY,
            max_delay: DEFAULT_MAX_DELAY,
            max_retry_after: DEFAULT_MAX_RETRY_AFTER,
        }
    }
}

impl RetryPolicy {
    /// A policy that makes one attempt only.
    #[must_use]
    pub fn never() -> Self {
        Self::default().with_max_attempts(1)
    }

    /// Sets [`RetryPolicy::max_attempts`].
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets [`RetryPolicy::max_contact_attempts`].
    #[must_use]
    pub fn with_max_contact_attempts(mut self, attempts: u32) -> Self {
        self.max_contact_attempts = attempts;
        self
    }

    /// Sets [`RetryPolicy::max_elapsed`].
    #[must_use]
    pub fn with_max_elapsed(mut self, elapsed: impl Into<Option<Duration>>) -> Self {
        self.max_elapsed = elapsed.into();
        self
    }

    /// Sets [`RetryPolicy::base_delay`].
    #[must_use]
    pub fn with_base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// Sets [`RetryPolicy::max_delay`].
    #[must_use]
    pub fn with_max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Sets [`RetryPolicy::max_retry_after`].
    #[must_use]
    pub fn with_max_retry_after(mut self, delay: Duration) -> Self {
        self.max_retry_after = delay;
        self
    }

    /// How many attempts are made when they fail like this.
    fn attempts_for(&self, error: &Error) -> u32 {
        match error.is_no_contact() {
            true => self.max_attempts.min(self.max_contact_attempts),
            false => self.max_attempts,
        }
    }

    /// The upper end of the random delay after this many attempts.
    fn backoff(&self, attempts: u32) -> Duration {
        let doubled = 1_u32
            .checked_shl(attempts.saturating_sub(1))
            .unwrap_or(u32::MAX);
        self.base_delay.saturating_mul(doubled).min(self.max_delay)
    }
}

/// Whether a call may be made twice without harm, as its caller knows; nothing is inferred from an HTTP method.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a call is harmless to repeat or it is not"
)]
pub enum Idempotency {
    /// Making the call twice is as good as making it once.
    Idempotent,
    /// The call is repeated only when the failed attempt certainly had no effect.
    NotIdempotent,
}

/// One attempt, as handed to the closure of [`Retry::run`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attempt {
    /// Counted from one.
    pub number: u32,
    /// What is left of [`RetryPolicy::max_elapsed`] when the attempt begins; absent without such a limit.
    pub remaining: Option<Duration>,
}

/// Picks the actual delay from its upper end.
type Jitter = Arc<dyn Fn(Duration) -> Duration + Send + Sync>;

/// A policy and the pacer of an account: what a client needs to make calls that survive failures.
///
/// Clones share the pacer. Time is tokio's, so tests run in paused time.
#[derive(Clone)]
pub struct Retry {
    policy: RetryPolicy,
    pacer: Pacer,
    jitter: Jitter,
}

impl Retry {
    /// Joins a policy and a pacer; delays are drawn evenly from zero to their upper end.
    #[must_use]
    pub fn new(policy: RetryPolicy, pacer: Pacer) -> Self {
        Self {
            policy,
            pacer,
            jitter: Arc::new(full_jitter),
        }
    }

    /// The same pacer with another policy, for one call or a group of calls.
    #[must_use]
    pub fn with_policy(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Replaces the source of chance: it gets the upper end of a delay and returns the delay.
    #[must_use]
    pub fn with_jitter(
        mut self,
        jitter: impl Fn(Duration) -> Duration + Send + Sync + 'static,
    ) -> Self {
        self.jitter = Arc::new(jitter);
        self
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &RetryPolicy {
        &self.policy
    }

    /// The pacer, shared by all clones.
    #[must_use]
    pub fn pacer(&self) -> &Pacer {
        &self.pacer
    }

    /// Makes attempts until one succeeds, one fails for good, or the policy's limits are reached.
    ///
    /// Each attempt waits for the [`Pacer`] first. After a failure the next one follows if the error says
    /// [`RetryAdvice::Safe`], or [`RetryAdvice::IfIdempotent`] and the call is [`Idempotency::Idempotent`], after a random delay
    /// on top of the pause the service named. [`ErrorKind::Authentication`] and [`ErrorKind::LoginLocked`] are never repeated.
    ///
    /// # Errors
    ///
    /// The error of the last attempt that was made, with their number as [`Error::attempts`]. Those that an attempt made in a loop of its own
    /// count as well, so that loops within loops do not multiply: what has failed ten times is not tried ten times ten times. Its effect
    /// is unknown if that of an earlier attempt is: a last attempt that was turned away says nothing about the one before. Only when the pacer
    /// forbids the very first attempt within the limits is it an [`ErrorKind::RateLimited`] error of this function.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the running attempt; nothing goes on in the background.
    pub async fn run<T, F, Fut>(&self, idempotency: Idempotency, mut attempt: F) -> Result<T>
    where
        T: Send,
        F: FnMut(Attempt) -> Fut + Send,
        Fut: Future<Output = Result<T>> + Send,
    {
        let deadline = self
            .policy
            .max_elapsed
            .and_then(|elapsed| Instant::now().checked_add(elapsed));
        let mut number = 1;
        let mut made = 0_u32;
        let mut last = None;
        let mut may_be_made = false;
        loop {
            if let Err(wait) = self.pacer.ready(self.longest_wait(deadline)).await {
                return Err(last.unwrap_or_else(|| still_paused(wait)));
            }
            let started = Instant::now();
            let next = attempt(Attempt {
                number,
                remaining: deadline.map(|deadline| deadline.duration_since(started)),
            });
            let error = match next.await {
                Ok(value) => {
                    self.pacer.succeeded();
                    return Ok(value);
                }
                Err(error) => {
                    made = made.saturating_add(error.attempts());
                    error.with_attempts(made)
                }
            };
            may_be_made |= error.effect() == Effect::Unknown;
            let error = match error.effect() {
                Effect::NotMade if may_be_made => error.with_effect(Effect::Unknown),
                _ => error,
            };
            self.pacer.failed(&error, started);
            let Some(delay) = self.delay(&error, idempotency, deadline) else {
                return Err(error);
            };
            tracing::debug!(
                attempt = number,
                kind = ?error.kind(),
                status = error.http_status(),
                delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
                "attempt failed, trying again"
            );
            last = Some(error);
            tokio::time::sleep(delay).await;
            number += 1;
        }
    }

    /// The random pause after so many failures in a row, or nothing if there is to be no further attempt: for failures that only
    /// the caller can tell from successes.
    pub(crate) fn pause_after(&self, failures: u32) -> Option<Duration> {
        (failures < self.policy.max_attempts).then(|| (self.jitter)(self.policy.backoff(failures)))
    }

    /// The pause before the next attempt, or nothing if there is to be none.
    fn delay(
        &self,
        error: &Error,
        idempotency: Idempotency,
        deadline: Option<Instant>,
    ) -> Option<Duration> {
        let named = named_delay(error, idempotency)?.unwrap_or_default();
        if error.attempts() >= self.policy.attempts_for(error)
            || named > self.policy.max_retry_after
        {
            return None;
        }
        // The random part comes on top, or everybody who was sent away comes back at the same moment.
        let delay = named.saturating_add((self.jitter)(self.policy.backoff(error.attempts())));
        let fits = match deadline {
            Some(deadline) => delay <= deadline.duration_since(Instant::now()),
            None => true,
        };
        fits.then_some(delay)
    }

    fn longest_wait(&self, deadline: Option<Instant>) -> Duration {
        let limit = self.policy.max_retry_after.max(self.policy.max_delay);
        match deadline {
            Some(deadline) => limit.min(deadline.duration_since(Instant::now())),
            None => limit,
        }
    }
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("policy", &self.policy)
            .field("pacer", &self.pacer)
            .finish_non_exhaustive()
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self::new(RetryPolicy::default(), Pacer::new())
    }
}

/// The pause the service asked for, if the call may be repeated at all.
fn named_delay(error: &Error, idempotency: Idempotency) -> Option<Option<Duration>> {
    if matches!(
        error.kind(),
        ErrorKind::Authentication | ErrorKind::LoginLocked
    ) {
        return None;
    }
    match error.retry_advice() {
        RetryAdvice::Safe(delay) => Some(delay),
        RetryAdvice::IfIdempotent(delay) if idempotency == Idempotency::Idempotent => Some(delay),
        RetryAdvice::IfIdempotent(_) | RetryAdvice::Never => None,
    }
}

fn still_paused(wait: Duration) -> Error {
    Error::with_message(
        ErrorKind::RateLimited,
        format!(
            "the service asked for a pause that lasts {} s more",
            wait.as_secs().saturating_add(1)
        ),
    )
    .with_retry_advice(RetryAdvice::Safe(Some(wait)))
    .with_help("try again later, or allow fewer requests at once")
}

fn full_jitter(upper: Duration) -> Duration {
    // The upper end may be as long as a duration can be, where rounding would overflow.
    Duration::try_from_secs_f64(upper.as_secs_f64() * rand::random::<f64>()).unwrap_or(upper)
}
