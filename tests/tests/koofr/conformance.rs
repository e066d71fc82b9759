//! The conformance suite on a Koofr remote: at both levels of the interface, at the root of a storage and in a folder of it, and on
//! a storage that knows no hashes.

use std::sync::Arc;

use koofr_api::{Client, KoofrRemote, auth::Credentials, level::ApiLevel, provider::Provider};
use remote_core::{
    remote::Remote,
    testkit::conformance::{self, Settings},
};
use remote_emulator::koofr::{KoofrConfig, MountConfig};
use tests::koofr::{Bench, client_of, path};

async fn passes(remote: Arc<dyn Remote>, settings: Settings) {
    let new_remote = || {
        let remote = Arc::clone(&remote);
        async move { Ok(remote) }
    };
    let unreachable = client_of("http://127.0.0.1:1", Credentials::basic("u", "p"));
    let settings = settings.with_unreachable(Arc::new(KoofrRemote::builder(unreachable).build()));
    match conformance::run(new_remote, &settings).await {
        Ok(passed) => assert!(passed.len() > 50, "only {} checks ran", passed.len()),
        Err(failures) => panic!("{failures}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_of_a_storage_keeps_the_contract() {
    let bench = Bench::start().await;
    passes(
        bench.shared(),
        Settings::default().with_may_empty_trash(true),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_yet_keeps_the_contract() {
    let bench = Bench::start().await;
    passes(
        Arc::new(bench.remote_at("Backup/with space/ünï")),
        Settings::default(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_without_hashes_keeps_the_contract() {
    let bench =
        Bench::with(KoofrConfig::default().primary(MountConfig::new("Dropbox").without_hashes()))
            .await;
    let settings = Settings::default().with_skip(hashless_checks());
    passes(bench.shared(), settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_level_of_the_interface_keeps_the_contract() {
    let bench = Bench::start().await;
    let client = Client::builder(Provider::Other(
        bench.service().url().parse().expect("an address"),
    ))
    .credentials(Credentials::basic(
        bench.service().user(),
        bench.service().password(),
    ))
    .level(ApiLevel::V2_0)
    .build()
    .expect("the settings are right");
    passes(
        Arc::new(
            KoofrRemote::builder(client)
                .root(path("old"))
                .poll_interval(std::time::Duration::from_millis(20))
                .build(),
        ),
        Settings::default(),
    )
    .await;
}

/// The capability says that files have hashes, as those on the service's own storage do; a connected cloud may not tell them, and
/// then there is nothing to compare with.
fn hashless_checks() -> Vec<&'static str> {
    vec![
        "a_source_that_lies_about_its_hash_is_refused",
        "a_write_returns_what_a_look_returns",
        "entries_have_what_capabilities_promise",
        "hashes_are_those_of_the_content",
    ]
}
