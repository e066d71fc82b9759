//! Changes whose answer says less than it should: that they were made, and then it breaks off, so that the result itself is lost; or that they were
//! refused, without a reason.

use koofr_api::KoofrRemote;
use remote_core::{
    error::{Effect, ErrorKind},
    operation::{CopyOptions, RenameOptions, TargetMode, WriteMode, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::fault::{Fault, FaultAction, FaultAnswer};
use tests::{
    changes::TEMPORARY,
    koofr::{Bench, path},
};

async fn bench() -> (Bench, KoofrRemote) {
    let bench = Bench::start().await;
    let remote = bench.remote();
    remote
        .write_bytes(&path("d/old"), "old content", WriteOptions::default())
        .await
        .unwrap();
    (bench, remote)
}

/// The next request to an endpoint is carried out, and the answer ends after its head and a few bytes.
fn half_answered(bench: &Bench, endpoint: &str) {
    bench
        .service()
        .faults()
        .push(Fault::new(FaultAction::CutResponse { after: 3 }).on(endpoint));
}

async fn names(remote: &KoofrRemote) -> Vec<String> {
    let entries = remote.list_all(&path("d")).await.unwrap();
    entries.iter().map(|entry| entry.path.to_string()).collect()
}

#[tokio::test]
async fn a_new_file_is_ours_although_the_answer_broke_off() {
    let (bench, remote) = bench().await;
    half_answered(&bench, "files/put");
    let lock = WriteOptions::default().with_mode(WriteMode::CreateNew);
    let entry = remote
        .write_bytes(&path("d/lock"), "mine", lock)
        .await
        .unwrap();
    assert_eq!(entry.size, Some(4));
}

#[tokio::test]
async fn a_file_is_moved_once_although_the_answer_broke_off() {
    let (bench, remote) = bench().await;
    half_answered(&bench, "files/move");
    let options = RenameOptions::default();
    let moved = remote.rename(&path("d/old"), &path("d/new"), options).await;
    assert_eq!(moved.unwrap().size, Some(11));
    assert_eq!(names(&remote).await, ["d/new"]);
}

#[tokio::test]
async fn a_file_is_copied_once_although_the_answer_broke_off() {
    let (bench, remote) = bench().await;
    half_answered(&bench, "files/copy");
    let options = CopyOptions::default();
    let copied = remote.copy(&path("d/old"), &path("d/new"), options).await;
    assert_eq!(copied.unwrap().size, Some(11));
}

#[tokio::test]
async fn a_replaced_file_is_not_left_aside_although_the_answer_broke_off() {
    let (bench, remote) = bench().await;
    remote
        .write_bytes(&path("d/new"), "new", WriteOptions::default())
        .await
        .unwrap();
    half_answered(&bench, "files/move");
    let options = RenameOptions::default().with_target(TargetMode::Replace);
    let moved = remote.rename(&path("d/new"), &path("d/old"), options).await;
    assert_eq!(moved.unwrap().size, Some(3));
    let names = names(&remote).await;
    assert!(
        names.iter().all(|name| !name.contains(TEMPORARY)),
        "{names:?}"
    );
    assert_eq!(names, ["d/old"]);
}

#[tokio::test]
async fn a_directory_that_is_refused_without_a_reason_is_not_reported_as_missing() {
    let (bench, remote) = bench().await;
    let bare = FaultAction::Answer(FaultAnswer::new(400));
    bench
        .service()
        .faults()
        .push(Fault::new(bare).on("files/folder"));
    let error = remote.create_dir(&path("d/odd")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::InvalidName, Effect::NotMade)
    );
}

#[tokio::test]
async fn a_rename_of_nothing_to_itself_changes_nothing() {
    let (_bench, remote) = bench().await;
    let nothing = path("d/nothing");
    let error = remote
        .rename(&nothing, &nothing, RenameOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::NotFound, Effect::NotMade)
    );
}
