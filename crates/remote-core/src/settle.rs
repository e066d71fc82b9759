//! Changes whose answer was lost: look first, repeat only what was not made. And changes of several requests, which are brought to their end.

use std::future::Future;

use tracing::Instrument as _;

use crate::{
    error::{Effect, Error, ErrorKind, Result, RetryAdvice},
    retry::{Attempt, Idempotency, Retry},
};

/// Makes a change until it is made or refused.
///
/// `make` makes one attempt. When it fails with an unknown [effect](Error::effect), `look` finds out: `Some` is the result
/// of a change that was made after all, `None` says that it was not made, and the attempt is repeated as `retry` allows. When looking
/// fails as well, the error of the attempt is returned, its effect unknown.
///
/// An attempt that fails although the change was made, because the service's answer broke off or cannot be read, is looked into for its
/// result and never repeated.
///
/// So a change is never made twice, and an error whose effect is not unknown tells the truth.
///
/// # Errors
///
/// The last error of `make`.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use remote_core::error::{Effect, Error, ErrorKind};
/// use remote_core::retry::{Pacer, Retry, RetryPolicy};
/// use remote_core::settle::settled;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> remote_core::error::Result<()> {
/// let stored = AtomicU32::new(0);
/// let retry = Retry::new(RetryPolicy::default(), Pacer::new());
/// let made = settled(
///     &retry,
///     |_attempt| async {
///         stored.fetch_add(1, Ordering::Relaxed);
///         Err(Error::new(ErrorKind::Transport).with_effect(Effect::Unknown))
///     },
///     || async { Ok(Some(stored.load(Ordering::Relaxed))) },
/// );
/// assert_eq!(made.await?, 1);
/// # Ok(())
/// # }
/// ```
pub async fn settled<T, M, MakeFuture, L, LookFuture>(
    retry: &Retry,
    mut make: M,
    look: L,
) -> Result<T>
where
    T: Send,
    M: FnMut(Attempt) -> MakeFuture + Send,
    MakeFuture: Future<Output = Result<T>> + Send,
    L: Fn() -> LookFuture + Send + Sync,
    LookFuture: Future<Output = Result<Option<T>>> + Send,
{
    let attempts = retry.run(Idempotency::Idempotent, |attempt| {
        let made = make(attempt);
        let look = &look;
        async move {
            match made.await {
                Err(error) => match error.effect() {
                    Effect::NotMade => Err(error),
                    Effect::Unknown => settle(error, look().await),
                    Effect::Made => recover(error, look().await),
                },
                made => made,
            }
        }
    });
    attempts.await
}

/// The result of a change that was made, if it can still be found.
fn recover<T>(error: Error, found: Result<Option<T>>) -> Result<T> {
    match found {
        Ok(Some(made)) => Ok(made),
        Ok(None) | Err(_) => Err(error.with_retry_advice(RetryAdvice::Never)),
    }
}

fn settle<T>(error: Error, found: Result<Option<T>>) -> Result<T> {
    match found {
        Ok(Some(made)) => Ok(made),
        Ok(None) => {
            let delay = match error.retry_advice() {
                RetryAdvice::IfIdempotent(delay) | RetryAdvice::Safe(delay) => delay,
                RetryAdvice::Never => None,
            };
            Err(error
                .with_effect(Effect::NotMade)
                .with_retry_advice(RetryAdvice::Safe(delay)))
        }
        Err(look_failed) => {
            tracing::debug!(kind = ?look_failed.kind(), "a lost answer could not be looked into");
            Err(error.with_retry_advice(RetryAdvice::Never))
        }
    }
}

/// Runs a change of several requests in a task of its own, which ends it also when the caller is dropped; only the end of the runtime or of the process does not
/// let it.
///
/// # Errors
///
/// Those of the change; [`Cancelled`](ErrorKind::Cancelled), its effect unknown, if the runtime ended in the middle.
///
/// # Panics
///
/// Outside a Tokio runtime, and where the change does.
pub async fn to_the_end<T, F>(change: F) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    match tokio::spawn(change.in_current_span()).await {
        Ok(result) => result,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => Err(Error::with_message(
                ErrorKind::Cancelled,
                "the runtime ended in the middle of a change of several requests",
            )
            .with_effect(Effect::Unknown)),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::retry::{Pacer, RetryPolicy};

    fn retry() -> Retry {
        Retry::new(RetryPolicy::default().with_max_attempts(3), Pacer::new())
    }

    fn lost() -> Error {
        Error::new(ErrorKind::Transport)
            .with_effect(Effect::Unknown)
            .with_retry_advice(RetryAdvice::IfIdempotent(None))
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_that_was_not_made_is_repeated() {
        let (attempts, retry) = (AtomicU32::new(0), retry());
        let result = settled(
            &retry,
            |_| {
                let number = attempts.fetch_add(1, Ordering::Relaxed);
                async move { if number == 0 { Err(lost()) } else { Ok(number) } }
            },
            || async { Ok(None) },
        );
        assert_eq!(result.await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_looked_into_stays_unknown_and_is_not_repeated() {
        let attempts = AtomicU32::new(0);
        let result: Result<()> = settled(
            &retry(),
            |_| {
                attempts.fetch_add(1, Ordering::Relaxed);
                async { Err(lost()) }
            },
            || async { Err(Error::new(ErrorKind::Timeout)) },
        )
        .await;
        assert_eq!(result.unwrap_err().effect(), Effect::Unknown);
        assert_eq!(attempts.into_inner(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_that_was_made_is_looked_for_and_never_repeated() {
        for (found, expected) in [(Some(7), Ok(7)), (None, Err(Effect::Made))] {
            let attempts = AtomicU32::new(0);
            let result = settled(
                &retry(),
                |_| {
                    attempts.fetch_add(1, Ordering::Relaxed);
                    async { Err(lost().with_effect(Effect::Made)) }
                },
                || async move { Ok(found) },
            )
            .await;
            assert_eq!(result.map_err(|error| error.effect()), expected);
            assert_eq!(attempts.into_inner(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn giving_up_says_that_nothing_was_made() {
        let result: Result<()> =
            settled(&retry(), |_| async { Err(lost()) }, || async { Ok(None) }).await;
        let error = result.unwrap_err();
        assert_eq!((error.effect(), error.attempts()), (Effect::NotMade, 3));
    }

    #[tokio::test]
    async fn a_change_whose_caller_is_dropped_goes_on() {
        let (begin, begun) = tokio::sync::oneshot::channel();
        let (finish, finished) = tokio::sync::oneshot::channel();
        let change = Box::pin(to_the_end(async move {
            begun.await.ok();
            finish.send(()).ok();
            Ok(())
        }));
        drop(futures::poll!(change));
        begin.send(()).unwrap();
        finished.await.unwrap();
    }
}
