//! The conformance suite on an Amazon Drive remote: at the root of a drive and in a folder that is not there yet, with small pages, and with queries that show
//! changes late.

use std::sync::Arc;

use acd_api::AcdRemote;
use remote_core::{
    remote::Remote,
    testkit::conformance::{self, Settings},
};
use tests::acd::{Bench, unreachable};

async fn passes(remote: Arc<dyn Remote>, settings: Settings) {
    let new_remote = || {
        let remote = Arc::clone(&remote);
        async move { Ok(remote) }
    };
    let settings = settings.with_unreachable(Arc::new(AcdRemote::builder(unreachable()).build()));
    match conformance::run(new_remote, &settings).await {
        Ok(passed) => assert!(passed.len() > 50, "only {} checks ran", passed.len()),
        Err(failures) => panic!("{failures}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_of_a_drive_keeps_the_contract() {
    let bench = Bench::start().await;
    passes(bench.shared(), Settings::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_yet_keeps_the_contract() {
    let bench = Bench::with_settings(|settings| {
        settings.page_size = 3;
        settings.strict_filters = true;
        settings.bogus_children = true;
    })
    .await;
    passes(
        Arc::new(bench.remote_at("Backup/with space/ünï")),
        Settings::default(),
    )
    .await;
}

/// Queries show every change a minute late; the remote knows what it has done itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_drive_whose_queries_lag_keeps_the_contract_for_its_own_changes() {
    let bench = Bench::with_settings(|settings| {
        settings.index_lag_ms = 60_000;
        settings.stale_documents = true;
    })
    .await;
    passes(bench.shared(), Settings::default()).await;
}
