//! The pace of one account.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::error::{Error, ErrorKind, RetryAdvice};

/// Distance between attempts after the first sign of overload: ten requests a second, which every service bears.
const FIRST_SPACING: Duration = Duration::from_millis(100);

/// Distance that repeated overload grows to; beyond it the pauses between the attempts of one call do the rest.
const MAX_SPACING: Duration = Duration::from_secs(4);

/// Distance below which spacing ends: shorter than a round trip, so it no longer holds anybody back.
const MIN_SPACING: Duration = Duration::from_millis(10);

/// Lets all calls of one account slow down together; clones are the same pacer.
///
/// * A pause named by the service (`Retry-After`) holds for every attempt, not only for the call that was sent away.
/// * After [`ErrorKind::RateLimited`], or status 503, attempts keep a distance, which doubles with every further
///   such answer and shrinks with every success until it is gone. While all is well the pacer costs one lock and no waiting, unless a
///   [distance](Self::set_min_spacing) is kept at all times.
#[derive(Clone, Debug, Default)]
pub struct Pacer {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// No attempt begins before.
    not_before: Option<Instant>,
    /// The earliest start of the next attempt while they are spaced.
    next_slot: Option<Instant>,
    spacing: Duration,
    min_spacing: Duration,
    slowed: Option<Instant>,
}

impl Pacer {
    /// A pacer that holds nobody back yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets attempts keep this distance also while all is well, for services that want it; none unless set.
    pub fn set_min_spacing(&self, spacing: Duration) {
        self.state().min_spacing = spacing;
    }

    /// The distance that attempts keep at the moment; while all is well the [least](Self::set_min_spacing).
    #[must_use]
    pub fn spacing(&self) -> Duration {
        self.state().distance()
    }

    /// Waits until an attempt may begin, for at most `limit`.
    ///
    /// # Errors
    ///
    /// The time that would have to be waited, at once, when it exceeds `limit`.
    pub async fn ready(&self, limit: Duration) -> Result<(), Duration> {
        let started = Instant::now();
        let Some(mut at) = self.reserve(started, limit)? else {
            return Ok(());
        };
        loop {
            tokio::time::sleep_until(at).await;
            // The service may have named a pause meanwhile.
            match self.state().not_before {
                Some(later) if later > Instant::now() => at = later,
                _ => return Ok(()),
            }
            let wait = at.duration_since(started);
            if wait > limit {
                return Err(at.duration_since(Instant::now()));
            }
        }
    }

    /// Notes an attempt that succeeded.
    pub fn succeeded(&self) {
        let mut state = self.state();
        if state.spacing.is_zero() {
            return;
        }
        state.spacing = state.spacing * 3 / 4;
        if state.spacing < MIN_SPACING {
            state.spacing = Duration::ZERO;
            state.next_slot = None;
        }
    }

    /// Notes an attempt that began at `started` and failed.
    pub fn failed(&self, error: &Error, started: Instant) {
        let named = match error.retry_advice() {
            RetryAdvice::IfIdempotent(delay) | RetryAdvice::Safe(delay) => delay,
            RetryAdvice::Never => None,
        };
        if let Some(until) = named.and_then(|delay| Instant::now().checked_add(delay)) {
            let mut state = self.state();
            state.not_before = state.not_before.max(Some(until));
        }
        if error.kind() == ErrorKind::RateLimited || error.http_status() == Some(503) {
            self.slow_down(started);
        }
    }

    fn slow_down(&self, started: Instant) {
        let mut state = self.state();
        // Attempts that were under way when the pace changed say nothing about the pace that holds now.
        if state.slowed.is_some_and(|slowed| started < slowed) {
            return;
        }
        state.slowed = Some(Instant::now());
        state.spacing = (state.spacing * 2).clamp(FIRST_SPACING, MAX_SPACING);
    }

    /// When an attempt may begin, or nothing if it may begin at once.
    fn reserve(&self, now: Instant, limit: Duration) -> Result<Option<Instant>, Duration> {
        let mut state = self.state();
        let distance = state.distance();
        if state.not_before.is_none() && distance.is_zero() {
            return Ok(None);
        }
        let at = now
            .max(state.not_before.unwrap_or(now))
            .max(state.next_slot.unwrap_or(now));
        let wait = at.duration_since(now);
        if wait > limit {
            return Err(wait);
        }
        if state.not_before.is_some_and(|until| until <= now) {
            state.not_before = None;
        }
        if !distance.is_zero() {
            state.next_slot = at.checked_add(distance);
        }
        Ok((at > now).then_some(at))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave the few numbers in an unusable state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn distance(&self) -> Duration {
        self.spacing.max(self.min_spacing)
    }
}
