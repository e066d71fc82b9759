//! The conformance suite on a Jottacloud remote: at the root of a mount point and in a folder of it, removing for good, keeping no versions, on a device of its own,
//! and with a service that does all the other way round that is not known for certain.

use std::sync::Arc;

use jotta_api::{JottaRemote, model::device::DeviceType};
use remote_core::testkit::conformance::{self, Settings};
use remote_emulator::jotta::{JottaConfig, JottaSettings};
use tests::jotta::{JottaBench, unreachable};

fn settings() -> Settings {
    Settings::default()
        // The service refuses this invisible character, which rclone does not encode either.
        .with_refused_names(vec!["\u{feff}mark".as_bytes().to_vec()])
        .with_unreachable(Arc::new(unreachable()))
}

async fn passes(remote: JottaRemote, settings: Settings) {
    let remote = Arc::new(remote);
    let new_remote = || {
        let remote = Arc::clone(&remote);
        async move { Ok(remote as Arc<dyn remote_core::remote::Remote>) }
    };
    match conformance::run(new_remote, &settings).await {
        Ok(passed) => assert!(passed.len() > 50, "only {} checks ran", passed.len()),
        Err(failures) => panic!("{failures}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mount_point_keeps_the_contract() {
    let bench = JottaBench::start().await;
    passes(bench.remote(), settings().with_may_empty_trash(true)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_yet_keeps_the_contract() {
    let bench = JottaBench::start().await;
    passes(bench.remote_at("Backup/with space/ünï"), settings()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_for_good_keeps_the_contract() {
    let bench = JottaBench::start().await;
    passes(bench.builder().hard_delete(true).build(), settings()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeping_no_versions_keeps_the_contract() {
    let bench = JottaBench::start().await;
    passes(bench.builder().no_versions(true).build(), settings()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_its_own_keeps_the_contract() {
    let bench = JottaBench::start().await;
    let client = bench.client();
    client
        .create_device("My PC", &DeviceType::Workstation)
        .await
        .unwrap();
    client.create_mount_point("My PC", "Set + 1").await.unwrap();
    let remote = JottaRemote::builder(client)
        .mount_point("my pc", "set + 1")
        .build();
    passes(remote, settings()).await;
}

/// What the service may do as well: none of it makes a difference to those who keep to the contract.
fn other_choices() -> JottaSettings {
    let mut settings = JottaSettings::default();
    settings.refuse_percent = false;
    settings.trash_missing_is_404 = true;
    settings.rm_dir_takes_files = true;
    settings.conflict_status = 400;
    settings.corrupt_status = 400;
    settings.trash_uses_space = false;
    settings.touch_adds_revision = true;
    settings.year_one_is_now = true;
    settings.keep_md5_case = false;
    "tree".clone_into(&mut settings.stream_root);
    settings.stream_all_folders = false;
    settings.stream_of_trashed_is_empty = true;
    settings.empty_sizes = true;
    settings.folder_modified = true;
    settings.empty_dates = false;
    settings.kept_revisions = 1;
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_chooses_otherwise_keeps_the_contract() {
    let config = || JottaConfig::default().settings(other_choices());
    let bench = JottaBench::with(config()).await;
    passes(bench.remote(), settings()).await;
    let bench = JottaBench::with(config()).await;
    passes(bench.builder().hard_delete(true).build(), settings()).await;
}
