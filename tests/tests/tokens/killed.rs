//! Processes that are killed.

use std::time::Duration;

use futures::future::join_all;
use remote_emulator::fault::{Fault, FaultAction};
use tests::token_workers::{Outcome, SharedToken, Worker};

use crate::shared;

/// What a process says that finds an unfinished renewal.
fn is_in_doubt(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(text) if text.contains("was interrupted"))
}

async fn outcome_of(shared: &SharedToken, worker: &mut Worker, name: &str) -> Outcome {
    shared.begin(worker, name).await;
    worker.outcome(name).await
}

async fn wait_until(condition: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "what was waited for did not happen"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn note(shared: &SharedToken) -> String {
    let path = shared.store().lock_path().unwrap().unwrap();
    std::fs::read_to_string(path).unwrap_or_default()
}

#[tokio::test]
async fn whoever_is_killed_before_the_service_looks_leaves_a_clear_error_and_no_second_try() {
    let mut shared = shared(2).await;
    let hold = shared
        .identity()
        .faults()
        .hold(Fault::delay(Duration::ZERO).on("identity/token"));
    shared.expire();
    let mut first = shared.start();
    shared.begin(&mut first, "a").await;
    wait_until(|| hold.waiting() == 1).await;
    first.kill().await;
    hold.release_all();

    let mut second = shared.start();
    let outcome = outcome_of(&shared, &mut second, "b").await;
    assert!(is_in_doubt(&outcome), "{outcome:?}");
    assert_eq!(shared.identity().log().count("POST", "identity/token"), 1);
    assert_eq!(shared.identity().stats().totals.reuse_detected, 0);
    // Signing in anew is all it takes, for processes that run and for new ones.
    shared.sign_in().await;
    assert_eq!(outcome_of(&shared, &mut second, "c").await, Outcome::Done);
    shared.expire();
    assert_eq!(outcome_of(&shared, &mut second, "d").await, Outcome::Done);
    assert!(shared.is_current().await);
}

#[tokio::test]
async fn whoever_is_killed_after_the_token_was_spent_leaves_a_clear_error_and_no_reuse() {
    let mut shared = shared(2).await;
    let stall = Fault::new(FaultAction::StallBody { after: 0 }).on("identity/token");
    shared.identity().faults().push(stall);
    shared.expire();
    let mut first = shared.start();
    shared.begin(&mut first, "a").await;
    wait_until(|| shared.identity().stats().totals.refreshes == 1).await;
    assert!(note(&shared).starts_with("presenting "));
    first.kill().await;

    let mut workers: Vec<_> = (0..3).map(|_| shared.start()).collect();
    for worker in &mut workers {
        let outcome = outcome_of(&shared, worker, "b").await;
        assert!(is_in_doubt(&outcome), "{outcome:?}");
    }
    let totals = shared.identity().stats().totals;
    assert_eq!(
        (
            totals.refreshes,
            totals.reuse_detected,
            totals.families_revoked
        ),
        (1, 0, 0)
    );
    assert_eq!(shared.identity().log().count("POST", "identity/token"), 1);
}

#[tokio::test]
async fn whoever_is_killed_while_waiting_for_the_lock_disturbs_nobody() {
    let mut shared = shared(2).await;
    let hold = shared
        .identity()
        .faults()
        .hold(Fault::delay(Duration::ZERO).on("identity/token"));
    shared.expire();
    let (mut holder, mut waiting) = (shared.start(), shared.start());
    shared.begin(&mut holder, "a").await;
    wait_until(|| hold.waiting() == 1).await;
    shared.begin(&mut waiting, "a").await;
    waiting.kill().await;
    hold.release_all();
    assert_eq!(holder.outcome("a").await, Outcome::Done);
    assert_eq!(note(&shared), "");
    assert!(shared.is_current().await);
    assert_eq!(shared.identity().stats().totals.refreshes, 1);
}

#[tokio::test]
async fn whoever_is_killed_after_the_saving_has_lost_nothing() {
    let mut shared = shared(2).await;
    shared.expire();
    let mut first = shared.start();
    assert_eq!(outcome_of(&shared, &mut first, "a").await, Outcome::Done);
    first.kill().await;
    let mut second = shared.start();
    assert_eq!(outcome_of(&shared, &mut second, "b").await, Outcome::Done);
    assert_eq!(shared.identity().stats().totals.refreshes, 1);
    assert!(shared.is_current().await);
}

/// Some processes are killed at a random moment of each round, and started again. In every round one of two things is true: the token in the file is the
/// service's newest, and everybody who was not killed has used a valid one; or somebody was killed during the renewal, and everybody says so.
#[tokio::test]
async fn processes_killed_at_random_never_present_a_token_twice_and_lose_it_in_the_exchange_only() {
    const ROUNDS: u32 = 40;
    const PROCESSES: usize = 8;
    let mut shared = shared(8).await;
    // So that the exchange is long enough to be met.
    let slow = Fault::delay(Duration::from_millis(4)).on("identity/token");
    shared.identity().faults().push(slow.always());
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| shared.start()).collect();
    let (mut kills, mut lost) = (0, 0);
    for number in 0..ROUNDS {
        shared.expire();
        let name = number.to_string();
        for worker in &mut workers {
            shared.begin(worker, &name).await;
        }
        for victim in &mut workers[..3] {
            tokio::time::sleep(Duration::from_micros(rand::random_range(0..8_000))).await;
            victim.kill().await;
            kills += 1;
        }
        let survivors = workers[3..].iter_mut();
        let outcomes = join_all(survivors.map(|worker| worker.outcome(&name))).await;
        if outcomes.iter().any(is_in_doubt) {
            lost += 1;
            // Nobody who came later has tried.
            assert!(note(&shared).starts_with("presenting "), "{outcomes:?}");
            shared.sign_in().await;
            for worker in &mut workers[3..] {
                let outcome = outcome_of(&shared, worker, "again").await;
                assert_eq!(outcome, Outcome::Done, "round {name}");
            }
        } else {
            assert!(
                outcomes.iter().all(|outcome| *outcome == Outcome::Done),
                "{outcomes:?}"
            );
        }
        assert!(shared.is_current().await, "round {name}");
        let totals = shared.identity().stats().totals;
        assert_eq!(
            (totals.reuse_detected, totals.families_revoked),
            (0, 0),
            "round {name}"
        );
        // The next victims are others.
        workers.drain(..3);
        workers.extend((0..3).map(|_| shared.start()));
    }
    let totals = shared.identity().stats().totals;
    assert_eq!(totals.refused_grants, 0);
    assert_eq!(totals.sign_ins, 1 + lost);
    println!("{kills} processes killed in {ROUNDS} rounds, {lost} of them during the exchange");
}
