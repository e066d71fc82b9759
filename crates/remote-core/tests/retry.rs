//! The retry loop and the pacer, in paused time.
//!
//! Covered: what is repeated and what is not; delays, floors and budgets; the last real error; the pace shared by clones.
//! Not covered here: where errors come from (`http.rs`).
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use remote_core::{
    error::{Effect, Error, ErrorKind, Result, RetryAdvice},
    retry::{Attempt, Idempotency, Pacer, Retry, RetryPolicy},
};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// Full delays, so that sums of them are known.
fn retry(policy: RetryPolicy) -> Retry {
    Retry::new(policy, Pacer::new()).with_jitter(|upper| upper)
}

fn error(advice: RetryAdvice) -> Error {
    Error::new(ErrorKind::Transport).with_retry_advice(advice)
}

/// Fails with the errors in turn, then succeeds; returns the outcome and the attempts that were made.
async fn run(
    retry: &Retry,
    idempotency: Idempotency,
    failures: Vec<Error>,
) -> (Result<u32>, Vec<Attempt>) {
    let failures = Mutex::new(failures.into_iter());
    let attempts = Mutex::new(Vec::new());
    let outcome = retry
        .run(idempotency, |attempt| {
            attempts.lock().unwrap().push(attempt);
            let failure = failures.lock().unwrap().next();
            async move {
                match failure {
                    Some(error) => Err(error),
                    None => Ok(attempt.number),
                }
            }
        })
        .await;
    (outcome, attempts.into_inner().unwrap())
}

fn times(number: usize, advice: RetryAdvice) -> Vec<Error> {
    (0..number).map(|_| error(advice)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_safe_failure_is_repeated_even_if_the_call_is_not_idempotent() {
    let retry = retry(RetryPolicy::default());
    let failures = times(3, RetryAdvice::Safe(None));
    let (outcome, _) = run(&retry, Idempotency::NotIdempotent, failures).await;
    assert_eq!(outcome.unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_doubtful_failure_is_repeated_only_if_the_call_is_idempotent() {
    let retry = retry(RetryPolicy::default());
    let doubtful = || times(1, RetryAdvice::IfIdempotent(None));
    let (outcome, _) = run(&retry, Idempotency::Idempotent, doubtful()).await;
    assert_eq!(outcome.unwrap(), 2);
    let (outcome, _) = run(&retry, Idempotency::NotIdempotent, doubtful()).await;
    assert_eq!(outcome.unwrap_err().attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_final_answer_is_never_repeated() {
    let retry = retry(RetryPolicy::default());
    let failures = times(1, RetryAdvice::Never);
    let (outcome, _) = run(&retry, Idempotency::Idempotent, failures).await;
    assert_eq!(outcome.unwrap_err().attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn refused_sign_ins_are_never_repeated_whatever_their_advice() {
    let retry = retry(RetryPolicy::default());
    for kind in [ErrorKind::Authentication, ErrorKind::LoginLocked] {
        let failure = Error::new(kind).with_retry_advice(RetryAdvice::Safe(None));
        let (outcome, _) = run(&retry, Idempotency::Idempotent, vec![failure]).await;
        assert_eq!(outcome.unwrap_err().attempts(), 1, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_error_is_returned_with_the_number_of_attempts() {
    let retry = retry(RetryPolicy::default().with_max_attempts(3));
    let mut failures = times(2, RetryAdvice::Safe(None));
    failures.push(
        Error::with_message(ErrorKind::Service, "the third one")
            .with_retry_advice(RetryAdvice::Safe(None)),
    );
    let (outcome, attempts) = run(&retry, Idempotency::Idempotent, failures).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.to_string(), "the third one");
    assert_eq!(error.attempts(), 3);
    assert_eq!(attempts.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn delays_double_up_to_their_limit() {
    let policy = RetryPolicy::default()
        .with_base_delay(SECOND)
        .with_max_delay(3 * SECOND);
    let started = Instant::now();
    let failures = times(4, RetryAdvice::Safe(None));
    let (outcome, _) = run(&retry(policy), Idempotency::Idempotent, failures).await;
    outcome.unwrap();
    assert_eq!(started.elapsed().as_secs(), 1 + 2 + 3 + 3);
}

#[tokio::test(start_paused = true)]
async fn delays_are_drawn_between_zero_and_their_upper_end() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let uppers = Arc::clone(&seen);
    let retry = Retry::default().with_jitter(move |upper| {
        uppers.lock().unwrap().push(upper);
        Duration::ZERO
    });
    let started = Instant::now();
    let failures = times(3, RetryAdvice::Safe(None));
    run(&retry, Idempotency::Idempotent, failures)
        .await
        .0
        .unwrap();
    assert!(started.elapsed() < SECOND);
    let base = retry.policy().base_delay;
    assert_eq!(*seen.lock().unwrap(), [base, base * 2, base * 4]);
}

#[tokio::test(start_paused = true)]
async fn the_pause_a_service_names_is_a_floor() {
    let retry = Retry::default().with_jitter(|_| Duration::ZERO);
    let started = Instant::now();
    let failures = times(1, RetryAdvice::Safe(Some(7 * SECOND)));
    run(&retry, Idempotency::Idempotent, failures)
        .await
        .0
        .unwrap();
    assert_eq!(started.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_does_not_fit_into_the_budget_ends_the_call_at_once() {
    let retry = retry(RetryPolicy::default().with_max_elapsed(5 * SECOND));
    let started = Instant::now();
    let failures = times(1, RetryAdvice::Safe(Some(6 * SECOND)));
    let (outcome, _) = run(&retry, Idempotency::Idempotent, failures).await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Transport);
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_pause_beyond_the_longest_acceptable_one_ends_the_call_at_once() {
    let retry = retry(RetryPolicy::default().with_max_retry_after(5 * SECOND));
    let started = Instant::now();
    let failures = times(1, RetryAdvice::Safe(Some(6 * SECOND)));
    let (outcome, _) = run(&retry, Idempotency::Idempotent, failures).await;
    outcome.unwrap_err();
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn attempts_are_told_what_is_left_of_the_budget() {
    let policy = RetryPolicy::default()
        .with_base_delay(SECOND)
        .with_max_elapsed(10 * SECOND);
    let failures = times(2, RetryAdvice::Safe(None));
    let (_, attempts) = run(&retry(policy), Idempotency::Idempotent, failures).await;
    let remaining: Vec<_> = attempts
        .iter()
        .map(|attempt| attempt.remaining.unwrap().as_secs_f32().round())
        .collect();
    assert_eq!(remaining, [10.0, 9.0, 7.0]);
}

#[tokio::test(start_paused = true)]
async fn the_budget_does_not_cut_off_an_attempt_that_runs() {
    let retry = retry(RetryPolicy::default().with_max_elapsed(SECOND));
    let outcome = retry
        .run(Idempotency::Idempotent, |_| async {
            tokio::time::sleep(60 * SECOND).await;
            Ok("slow")
        })
        .await;
    assert_eq!(outcome.unwrap(), "slow");
}

#[tokio::test(start_paused = true)]
async fn a_named_pause_holds_for_every_clone_of_the_pacer() {
    let first = retry(RetryPolicy::default().with_max_attempts(1));
    let second = first.clone().with_policy(RetryPolicy::default());
    let failures = times(1, RetryAdvice::Safe(Some(9 * SECOND)));
    let (outcome, _) = run(&first, Idempotency::Idempotent, failures).await;
    outcome.unwrap_err();
    let started = Instant::now();
    run(&second, Idempotency::Idempotent, Vec::new())
        .await
        .0
        .unwrap();
    assert_eq!(started.elapsed().as_secs(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_first_attempt_is_forbidden_says_so() {
    let retry = retry(RetryPolicy::default().with_max_attempts(1));
    let failures = times(1, RetryAdvice::Safe(Some(9 * SECOND)));
    run(&retry, Idempotency::Idempotent, failures)
        .await
        .0
        .unwrap_err();
    let hurried = retry.with_policy(RetryPolicy::default().with_max_elapsed(SECOND));
    let started = Instant::now();
    let (outcome, attempts) = run(&hurried, Idempotency::Idempotent, Vec::new()).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(error.to_string().contains("pause"), "{error}");
    assert!(attempts.is_empty());
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn parallel_attempts_keep_a_distance_after_overload_and_none_before() {
    let pacer = Pacer::new();
    let started = Instant::now();
    for _ in 0..100 {
        pacer.ready(SECOND).await.unwrap();
    }
    assert_eq!(started.elapsed(), Duration::ZERO);

    pacer.failed(&Error::new(ErrorKind::RateLimited), Instant::now());
    let spacing = pacer.spacing();
    assert!(!spacing.is_zero());
    let started = Instant::now();
    let ready = (0..5).map(|_| pacer.ready(60 * SECOND));
    futures::future::try_join_all(ready).await.unwrap();
    assert!(started.elapsed() >= spacing * 4);
}

#[tokio::test(start_paused = true)]
async fn answers_to_attempts_of_the_same_moment_slow_down_once() {
    let pacer = Pacer::new();
    let started = Instant::now();
    tokio::time::advance(SECOND).await;
    let overload = Error::new(ErrorKind::Service).with_http_status(503);
    for _ in 0..32 {
        pacer.failed(&overload, started);
    }
    let once = pacer.spacing();
    pacer.failed(&overload, Instant::now());
    assert_eq!(pacer.spacing(), once * 2);
}

#[tokio::test(start_paused = true)]
async fn success_ends_the_distance_again() {
    let pacer = Pacer::new();
    pacer.failed(&Error::new(ErrorKind::RateLimited), Instant::now());
    for _ in 0..20 {
        pacer.succeeded();
    }
    assert_eq!(pacer.spacing(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn failures_that_say_nothing_about_load_do_not_slow_down() {
    let pacer = Pacer::new();
    for kind in [
        ErrorKind::NotFound,
        ErrorKind::Transport,
        ErrorKind::Timeout,
    ] {
        pacer.failed(&Error::new(kind), Instant::now());
    }
    assert_eq!(pacer.spacing(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_makes_no_further_attempt() {
    let attempts = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&attempts);
    let retry = retry(RetryPolicy::default().with_base_delay(SECOND));
    let call = retry.run(Idempotency::Idempotent, move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        async { Err::<(), _>(error(RetryAdvice::Safe(None))) }
    });
    tokio::time::timeout(SECOND / 2, call).await.unwrap_err();
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
}

#[test]
fn retries_can_be_shared_between_tasks() {
    fn shared<T: Clone + std::fmt::Debug + Send + Sync + 'static>() {}
    shared::<Retry>();
    shared::<Pacer>();
}

#[tokio::test(start_paused = true)]
async fn a_last_attempt_that_was_turned_away_does_not_hide_that_an_earlier_one_may_have_worked() {
    let retry = retry(RetryPolicy::default().with_max_attempts(2));
    let lost = error(RetryAdvice::IfIdempotent(None)).with_effect(Effect::Unknown);
    let turned_away = || Error::new(ErrorKind::RateLimited);
    let (outcome, _) = run(&retry, Idempotency::Idempotent, vec![lost, turned_away()]).await;
    assert_eq!(outcome.unwrap_err().effect(), Effect::Unknown);
    let (outcome, _) = run(&retry, Idempotency::Idempotent, vec![turned_away()]).await;
    assert_eq!(outcome.unwrap_err().effect(), Effect::NotMade);
}

#[tokio::test(start_paused = true)]
async fn what_was_never_reached_is_tried_a_few_times_and_what_was_is_waited_for() {
    let unreached = |never: bool| error(RetryAdvice::Safe(None)).with_no_contact(never);
    let attempts = |policy: RetryPolicy, never: bool| async move {
        let failures = (0..20).map(|_| unreached(never)).collect();
        let (outcome, attempts) = run(&retry(policy), Idempotency::NotIdempotent, failures).await;
        assert_eq!(outcome.unwrap_err().attempts() as usize, attempts.len());
        attempts.len()
    };
    let few = RetryPolicy::default().with_max_contact_attempts(3);
    assert_eq!(attempts(few.clone(), true).await, 3);
    assert_eq!(attempts(few.clone(), false).await, 10);
    assert_eq!(attempts(few.with_max_attempts(2), true).await, 2);
}

#[tokio::test(start_paused = true)]
async fn attempts_within_attempts_count_and_do_not_multiply() {
    let retry = retry(RetryPolicy::default().with_max_attempts(4));
    for (failures_before, expected) in [(0, 4), (2, 6)] {
        let calls = AtomicU32::new(0);
        let outcome: Result<()> = retry
            .run(Idempotency::Idempotent, |attempt| {
                let (calls, retry) = (&calls, &retry);
                async move {
                    if attempt.number <= failures_before {
                        calls.fetch_add(1, Ordering::Relaxed);
                        return Err(error(RetryAdvice::Safe(None)));
                    }
                    retry
                        .run(Idempotency::Idempotent, |_| async {
                            calls.fetch_add(1, Ordering::Relaxed);
                            Err(error(RetryAdvice::Safe(None)))
                        })
                        .await
                }
            })
            .await;
        assert_eq!(outcome.unwrap_err().attempts(), expected);
        assert_eq!(calls.into_inner(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_distance_is_kept_while_all_is_well_and_after_a_busy_time() {
    let least = Duration::from_millis(20);
    let pacer = Pacer::new();
    pacer.set_min_spacing(least);
    let begun = async |pacer: &Pacer, number: u32| {
        let started = Instant::now();
        for _ in 0..number {
            pacer.ready(SECOND).await.unwrap();
        }
        started.elapsed()
    };
    let taken = begun(&pacer, 6).await;
    assert!(taken >= least * 5 && taken < least * 6, "{taken:?}");
    pacer.failed(&Error::new(ErrorKind::RateLimited), Instant::now());
    assert!(pacer.spacing() > least);
    for _ in 0..20 {
        pacer.succeeded();
    }
    assert_eq!(pacer.spacing(), least);
    let taken = begun(&pacer.clone(), 6).await;
    assert!(taken >= least * 5, "{taken:?}");
}
