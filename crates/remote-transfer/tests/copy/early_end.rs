//! What concerns everything ends the copy, with the account of what was done; and so do cancelling and dropping. A copy that is started again
//! goes on where the last one ended.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use remote_core::{
    error::{Error, ErrorKind},
    memory::MemoryRemote,
    remote::Remote,
    testkit::{Fault, FaultyRemote},
};
use remote_transfer::{Cancel, Event, Location, Observer, ProblemKind, TransferOptions, copy};
use tokio::sync::Notify;

use crate::support::{at, fill, folder, local_tree, on, options, problems, put, remote_tree, time};

fn twenty_files() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..20 {
        put(
            dir.path(),
            &format!("d{}/f{number}", number % 3),
            "x",
            time(1_700_000_000),
        );
    }
    dir
}

fn one_at_a_time() -> TransferOptions {
    options().with_transfers(1)
}

#[tokio::test]
async fn a_refused_sign_in_ends_the_copy_and_the_next_one_does_the_rest() {
    let dir = twenty_files();
    let memory = MemoryRemote::new();
    let faulty = FaultyRemote::new(Arc::new(memory.clone()));
    faulty.order(Fault::before(ErrorKind::Authentication).on("write").skip(5));
    let remote: Arc<dyn Remote> = Arc::new(faulty.clone());
    let from = Location::local(dir.path());
    let failure = copy(&from, &on(&remote, "b"), &one_at_a_time())
        .await
        .unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::Authentication);
    assert_eq!(failure.summary().files_transferred, 5);
    assert_eq!(failure.summary().problem_count, 0);

    faulty.repair();
    let summary = copy(&from, &on(&remote, "b"), &one_at_a_time())
        .await
        .unwrap();
    assert_eq!(
        (summary.files_transferred, summary.files_unchanged),
        (15, 5)
    );
    assert_eq!(remote_tree(&memory, "b").await.len(), 23);
}

#[tokio::test]
async fn a_full_account_ends_the_copy() {
    let dir = folder(&[("a", "1234"), ("b", "1234"), ("c", "1234")]);
    let remote = MemoryRemote::builder().capacity_bytes(Some(10)).build();
    let from = Location::local(dir.path());
    let failure = copy(&from, &at("t", &remote), &options())
        .await
        .unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::QuotaExceeded);
    assert_eq!(failure.summary().files_transferred, 2);
    assert_eq!(Error::from(failure).kind(), ErrorKind::QuotaExceeded);
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_for_a_reason_that_concerns_everything_ends_the_copy() {
    let dir = twenty_files();
    let faulty = FaultyRemote::new(Arc::new(MemoryRemote::new()));
    faulty.order(Fault::before(ErrorKind::StorageOffline).on("create_dir"));
    let remote: Arc<dyn Remote> = Arc::new(faulty);
    let from = Location::local(dir.path());
    let failure = copy(&from, &on(&remote, "b"), &options())
        .await
        .unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::StorageOffline);
    assert_eq!(failure.summary().problem_count, 0);
}

fn many_files(count: u32) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..count {
        fs::write(dir.path().join(format!("f{number:03}")), "x").unwrap();
    }
    dir
}

#[tokio::test]
async fn after_a_failure_that_concerns_everything_no_other_file_is_begun() {
    let dir = many_files(100);
    for transfers in [1, 4] {
        let memory = MemoryRemote::new();
        let faulty = FaultyRemote::new(Arc::new(memory.clone()));
        let fault = Fault::before(ErrorKind::QuotaExceeded).on("write");
        faulty.order(fault.skip(5).times(1));
        let remote: Arc<dyn Remote> = Arc::new(faulty);
        let from = Location::local(dir.path());
        let options = options().with_transfers(transfers);
        let failure = copy(&from, &on(&remote, "b"), &options).await.unwrap_err();
        assert_eq!(failure.error().kind(), ErrorKind::QuotaExceeded);
        let stored = remote_tree(&memory, "b").await.len();
        assert!((5..5 + transfers).contains(&stored), "{stored} files");
        assert_eq!(failure.summary().files_transferred, stored as u64);
    }
}

#[tokio::test]
async fn a_copy_ends_when_the_service_does_not_work_any_more() {
    let dir = many_files(400);
    for kind in [
        ErrorKind::RateLimited,
        ErrorKind::Service,
        ErrorKind::Timeout,
        ErrorKind::Transport,
    ] {
        let faulty = FaultyRemote::new(Arc::new(MemoryRemote::new()));
        faulty.order(Fault::before(kind).on("write").skip(5));
        faulty.order(Fault::before(kind).on("stat"));
        let remote: Arc<dyn Remote> = Arc::new(faulty.clone());
        let from = Location::local(dir.path());
        let failure = copy(&from, &on(&remote, "b"), &options())
            .await
            .unwrap_err();
        assert_eq!(failure.error().kind(), kind);
        assert_eq!(failure.summary().files_transferred, 5);
        // Here they fail at once, and so do all that were begun.
        assert!(failure.summary().problem_count < 200);
        faulty.repair();
        let again = copy(&from, &on(&remote, "b"), &options()).await.unwrap();
        assert_eq!((again.files_transferred, again.files_unchanged), (395, 5));
    }
}

#[tokio::test]
async fn files_that_fail_stop_no_others_while_the_service_works() {
    let dir = many_files(200);
    let faulty = FaultyRemote::new(Arc::new(MemoryRemote::new()));
    let first_hundred = |path: &remote_core::path::RemotePath| path.as_bytes().starts_with(b"b/f0");
    faulty.order(
        Fault::before(ErrorKind::Transport)
            .on("write")
            .when(move |call| first_hundred(&call.path)),
    );
    let remote: Arc<dyn Remote> = Arc::new(faulty);
    let from = Location::local(dir.path());
    let summary = copy(&from, &on(&remote, "b"), &options()).await.unwrap();
    assert_eq!(
        (summary.files_transferred, summary.problem_count),
        (100, 100)
    );
}

#[tokio::test]
async fn a_failed_file_does_not_stop_the_others() {
    let dir = twenty_files();
    let faulty = FaultyRemote::new(Arc::new(MemoryRemote::new()));
    faulty.order(
        Fault::before(ErrorKind::Service)
            .on("write")
            .skip(3)
            .times(2),
    );
    let remote: Arc<dyn Remote> = Arc::new(faulty);
    let from = Location::local(dir.path());
    let summary = copy(&from, &on(&remote, "b"), &options()).await.unwrap();
    assert_eq!((summary.files_transferred, summary.problem_count), (18, 2));
    assert_eq!(summary.problems[0].kind, ProblemKind::TransferFailed);
    assert_eq!(summary.problems[0].error.kind(), ErrorKind::Service);
    let again = copy(&from, &on(&remote, "b"), &options()).await.unwrap();
    assert_eq!((again.files_transferred, again.files_unchanged), (2, 18));
}

#[tokio::test]
async fn a_broken_listing_of_the_target_ends_the_copy_before_anything_is_written() {
    let dir = twenty_files();
    let memory = MemoryRemote::new();
    let from = Location::local(dir.path());
    copy(&from, &at("b", &memory), &options()).await.unwrap();
    let faulty = FaultyRemote::new(Arc::new(memory));
    // Not even "not found" in the middle is taken for an empty folder.
    for (entries, kind) in [
        (0, ErrorKind::Transport),
        (7, ErrorKind::Transport),
        (7, ErrorKind::NotFound),
    ] {
        faulty.order(
            Fault::break_listing(entries, kind)
                .on("list_recursive")
                .times(1),
        );
        let remote: Arc<dyn Remote> = Arc::new(faulty.clone());
        let failure = copy(&from, &on(&remote, "b"), &options())
            .await
            .unwrap_err();
        assert_eq!(failure.error().kind(), kind);
        assert!(failure.summary().requests <= 1);
    }
}

#[tokio::test]
async fn a_broken_listing_of_the_source_is_a_failure_after_what_was_listed() {
    let memory = MemoryRemote::new();
    fill(
        &memory,
        &[("b/1", "x"), ("b/2", "x"), ("b/3", "x"), ("b/4", "x")],
    )
    .await;
    let faulty = FaultyRemote::new(Arc::new(memory));
    faulty.order(
        Fault::break_listing(2, ErrorKind::Transport)
            .on("list_recursive")
            .times(1),
    );
    let remote: Arc<dyn Remote> = Arc::new(faulty);
    let dir = tempfile::tempdir().unwrap();
    let to = Location::local(dir.path());
    let failure = copy(&on(&remote, "b"), &to, &options()).await.unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::Transport);
    assert_eq!(failure.summary().files_transferred, 2);
    let summary = copy(&on(&remote, "b"), &to, &options()).await.unwrap();
    assert_eq!((summary.files_transferred, summary.files_unchanged), (2, 2));
}

#[tokio::test]
async fn a_missing_source_is_an_error_and_nothing_is_made() {
    let remote = MemoryRemote::new();
    let dir = tempfile::tempdir().unwrap();
    let (missing, to) = (dir.path().join("missing"), dir.path().join("to"));
    let failure = copy(&Location::local(missing), &at("b", &remote), &options())
        .await
        .unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::NotFound);
    assert_eq!(failure.summary().requests, 0);
    let failure = copy(&at("missing", &remote), &Location::local(&to), &options())
        .await
        .unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::NotFound);
    assert!(!to.exists());
}

#[tokio::test]
async fn a_file_in_place_of_the_target_folder_is_an_error() {
    let dir = folder(&[("a", "one")]);
    let remote = MemoryRemote::new();
    fill(&remote, &[("b", "file"), ("c/x", "two")]).await;
    let here = Location::local(dir.path());
    let failure = copy(&here, &at("b", &remote), &options())
        .await
        .unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::NotADirectory);
    let file = Location::local(dir.path().join("a"));
    let failure = copy(&at("c", &remote), &file, &options())
        .await
        .unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::NotADirectory);
}

#[tokio::test]
async fn two_local_folders_are_refused() {
    let dir = folder(&[("a", "one")]);
    let (from, to) = (
        Location::local(dir.path()),
        Location::local(dir.path().join("x")),
    );
    let failure = copy(&from, &to, &options()).await.unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::Unsupported);
}

/// Cancels, notifies or panics when bytes of a file move.
#[derive(Debug)]
enum OnMove {
    Cancel(Cancel),
    Notify(Arc<Notify>),
    Panic(&'static str),
}

impl Observer for OnMove {
    fn event(&self, event: &Event) {
        let Event::Moved { path, .. } = event else {
            return;
        };
        match self {
            Self::Cancel(cancel) => cancel.cancel(),
            Self::Notify(notify) => notify.notify_one(),
            Self::Panic(name) => assert_ne!(&path.to_string(), name),
        }
    }
}

async fn large_files() -> MemoryRemote {
    let remote = MemoryRemote::new();
    let large = "x".repeat(8 << 20);
    fill(
        &remote,
        &[("b/1", &large), ("b/2", &large), ("b/sub/3", &large)],
    )
    .await;
    remote
}

fn files_in(dir: &Path) -> usize {
    local_tree(dir)
        .values()
        .filter(|content| content.is_some())
        .count()
}

#[tokio::test]
async fn a_cancelled_restore_leaves_no_hidden_file_and_goes_on_later() {
    let remote = large_files().await;
    let dir = tempfile::tempdir().unwrap();
    let to = Location::local(dir.path());
    let cancel = Cancel::new();
    let watched = one_at_a_time()
        .with_observer(Arc::new(OnMove::Cancel(cancel.clone())))
        .with_cancel(cancel);
    let failure = copy(&at("b", &remote), &to, &watched).await.unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::Cancelled);
    // The first file may have been about to take its name.
    assert!(failure.summary().files_transferred <= files_in(dir.path()) as u64);
    assert!(files_in(dir.path()) <= 1);
    assert_eq!(hidden_files(dir.path()), 0);

    let summary = copy(&at("b", &remote), &to, &options()).await.unwrap();
    assert_eq!(summary.files_transferred + summary.files_unchanged, 3);
    assert!(
        local_tree(dir.path())
            .values()
            .flatten()
            .all(|content| content.len() == 8 << 20)
    );
}

#[tokio::test]
async fn a_cancelled_backup_tells_what_was_done() {
    let dir = twenty_files();
    let remote = MemoryRemote::new();
    let cancel = Cancel::new();
    let watched = one_at_a_time()
        .with_observer(Arc::new(OnMove::Cancel(cancel.clone())))
        .with_cancel(cancel);
    let from = Location::local(dir.path());
    let failure = copy(&from, &at("b", &remote), &watched).await.unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::Cancelled);
    assert!(failure.summary().files_transferred < 20);
}

#[tokio::test]
async fn a_copy_that_is_cancelled_before_it_begins_makes_no_request() {
    let dir = twenty_files();
    let remote = MemoryRemote::new();
    let cancel = Cancel::new();
    cancel.cancel();
    let from = Location::local(dir.path());
    let failure = copy(&from, &at("b", &remote), &options().with_cancel(cancel))
        .await
        .unwrap_err();
    assert_eq!(
        (failure.error().kind(), failure.summary().requests),
        (ErrorKind::Cancelled, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_restore_leaves_no_hidden_file() {
    let remote = large_files().await;
    let dir = tempfile::tempdir().unwrap();
    let moved = Arc::new(Notify::new());
    let watched = options().with_observer(Arc::new(OnMove::Notify(Arc::clone(&moved))));
    let (from, to) = (at("b", &remote), Location::local(dir.path()));
    let copying = tokio::spawn(async move { copy(&from, &to, &watched).await });
    moved.notified().await;
    copying.abort();
    let _cancelled = copying.await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while hidden_files(dir.path()) > 0 {
        assert!(Instant::now() < deadline, "hidden files stay");
        tokio::task::yield_now().await;
    }
}

fn hidden_files(dir: &Path) -> usize {
    fs::read_dir(dir)
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with('.')
        })
        .count()
}

#[tokio::test]
async fn a_panic_is_a_problem_of_one_file() {
    let remote = MemoryRemote::new();
    fill(&remote, &[("b/1", "one"), ("b/2", "two"), ("b/3", "three")]).await;
    let dir = tempfile::tempdir().unwrap();
    let watched = options().with_observer(Arc::new(OnMove::Panic("2")));
    let to = Location::local(dir.path());
    let summary = copy(&at("b", &remote), &to, &watched).await.unwrap();
    assert_eq!(
        problems(&summary),
        [("2".into(), ProblemKind::TransferFailed)]
    );
    assert_eq!(local_tree(dir.path()).len(), 2);
}
