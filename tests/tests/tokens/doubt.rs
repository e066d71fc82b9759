//! Answers that are lost, and refusals.

use remote_emulator::fault::{Fault, FaultAction};
use tests::token_workers::Outcome;

use crate::shared;

#[tokio::test]
async fn a_lost_answer_is_not_followed_by_a_second_presentation_by_anybody() {
    let mut shared = shared(4).await;
    let lost = Fault::new(FaultAction::CommitThenClose).on("identity/token");
    shared.identity().faults().push(lost);
    shared.expire();
    let mut workers: Vec<_> = (0..3).map(|_| shared.start()).collect();
    for name in ["a", "b"] {
        for worker in &mut workers {
            shared.begin(worker, name).await;
            let outcome = worker.outcome(name).await;
            assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
        }
    }
    let totals = shared.identity().stats().totals;
    assert_eq!((totals.refreshes, totals.reuse_detected), (1, 0));
    assert_eq!(shared.identity().log().count("POST", "identity/token"), 1);
}

#[tokio::test]
async fn a_sign_in_that_was_ended_is_asked_about_once_by_all() {
    let mut shared = shared(4).await;
    shared.identity().revoke_all().unwrap();
    shared.expire();
    let mut workers: Vec<_> = (0..3).map(|_| shared.start()).collect();
    for name in ["a", "b"] {
        for worker in &mut workers {
            shared.begin(worker, name).await;
            let Outcome::Failed(text) = worker.outcome(name).await else {
                panic!("a token that was revoked was renewed");
            };
            assert!(
                text.contains("refused") && text.contains("sign in again"),
                "{text}"
            );
        }
    }
    assert_eq!(shared.identity().log().count("POST", "identity/token"), 1);
    shared.sign_in().await;
    for worker in &mut workers {
        shared.begin(worker, "c").await;
        assert_eq!(worker.outcome("c").await, Outcome::Done);
    }
}

#[tokio::test]
async fn a_service_that_is_down_for_a_moment_costs_nobody_the_sign_in() {
    let mut shared = shared(4).await;
    let down = Fault::new(FaultAction::status(503)).on("identity/token");
    shared.identity().faults().push(down.always());
    shared.expire();
    let mut workers: Vec<_> = (0..2).map(|_| shared.start()).collect();
    for worker in &mut workers {
        shared.begin(worker, "a").await;
        assert!(matches!(worker.outcome("a").await, Outcome::Failed(_)));
    }
    shared.identity().faults().clear();
    for worker in &mut workers {
        shared.begin(worker, "b").await;
        assert_eq!(worker.outcome("b").await, Outcome::Done);
    }
    let totals = shared.identity().stats().totals;
    assert_eq!((totals.refreshes, totals.reuse_detected), (1, 0));
}
