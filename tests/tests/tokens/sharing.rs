//! Many processes through many expiries.

use futures::future::join_all;
use tests::token_workers::{Outcome, SharedToken, Worker};

use crate::shared;

async fn round(shared: &SharedToken, workers: &mut [Worker], name: &str) {
    for worker in &mut *workers {
        shared.begin(worker, name).await;
    }
    let outcomes = join_all(workers.iter_mut().map(|worker| worker.outcome(name))).await;
    assert!(
        outcomes.iter().all(|outcome| *outcome == Outcome::Done),
        "{name}: {outcomes:?}"
    );
}

#[tokio::test]
async fn eight_processes_with_eight_tasks_refresh_once_per_expiry() {
    const EXPIRIES: u64 = 50;
    let mut shared = shared(8).await;
    let mut workers: Vec<_> = (0..8).map(|_| shared.start()).collect();
    round(&shared, &mut workers, "first").await;
    assert_eq!(shared.identity().stats().totals.refreshes, 0);
    for number in 1..=EXPIRIES {
        shared.expire();
        round(&shared, &mut workers, &number.to_string()).await;
        assert_eq!(shared.identity().stats().totals.refreshes, number);
    }
    let stats = shared.identity().stats();
    assert_eq!(stats.totals.refreshes, EXPIRIES);
    assert_eq!(stats.totals.reuse_detected, 0);
    assert_eq!(stats.totals.refused_grants, 0);
    assert!(
        stats.families.iter().all(|family| family.alive),
        "{stats:?}"
    );
    assert_eq!(
        shared.identity().log().count("POST", "identity/token"),
        EXPIRIES
    );
    assert!(shared.is_current().await);
    let text = std::fs::read_to_string(shared.config()).unwrap();
    assert!(
        text.starts_with("# shared\n[other]\nx = 1\n\n[jotta]\ntype = jottacloud\ntoken = {"),
        "{text}"
    );
}

#[tokio::test]
async fn a_token_that_ends_before_its_time_is_refreshed_once_by_all() {
    const ENDS: u64 = 10;
    let shared = shared(8).await;
    let mut workers: Vec<_> = (0..4).map(|_| shared.start()).collect();
    for number in 1..=ENDS {
        // The clocks of the workers say that it is good; the service does not.
        shared.identity().expire_access_tokens();
        round(&shared, &mut workers, &number.to_string()).await;
        assert_eq!(shared.identity().stats().totals.refreshes, number);
    }
    assert_eq!(shared.identity().stats().totals.reuse_detected, 0);
    assert!(shared.is_current().await);
}
