//! Listing with faults; see also `hostile_listings`.
//!
//! Cases:
//!
//! * a recursive listing that ends between two lines, in the middle of a line, or without its end mark; an error line with and without a
//!   path, with and without going on; a storage that is offline or still synchronising; a web page; a 500 and a lost connection before the
//!   first byte; a body that stands still;
//! * a storage that goes offline is never "not found" nor empty, for any operation, nor for a copy from it or onto it;
//! * a million entries: nothing is fetched that is not taken.
//!
//! Cannot be noticed: a listing that ends between two lines with a proper end of the HTTP body; the format has no end mark.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use koofr_api::KoofrRemote;
use remote_core::{
    entry::Entry,
    error::{Error, ErrorKind, Result},
    operation::{CopyOptions, ListOptions, ReadOptions, RenameOptions, WriteOptions},
    path::RemotePath,
    remote::{Remote, RemoteExt as _},
};
use remote_emulator::{
    fault::{Fault, FaultAction},
    koofr::{KoofrConfig, MountConfig, TreeConfig},
};
use remote_transfer::{Location, TransferOptions, copy};
use tests::{
    koofr::{Bench, path},
    patience::remote_by,
};

const ENDPOINT: &str = "files/listrecursive";

async fn bench() -> (Bench, KoofrRemote) {
    let bench = Bench::start().await;
    for dir in ["a", "b", "c"] {
        for file in ["f", "g"] {
            let service = bench.service();
            service
                .write("primary", &format!("/{dir}/{file}"), "x")
                .unwrap();
        }
    }
    let remote = remote_by(bench.service().url(), bench.service());
    remote.mount_id().await.unwrap();
    bench.service().log().clear();
    (bench, remote)
}

fn order(bench: &Bench, action: FaultAction) {
    let fault = Fault::new(action).on(ENDPOINT);
    bench.service().faults().push(fault);
}

pub(crate) async fn items(remote: &dyn Remote, options: ListOptions) -> Vec<Result<Entry>> {
    remote
        .list_recursive(&RemotePath::root(), options)
        .collect()
        .await
}

pub(crate) async fn listed(remote: &dyn Remote) -> Result<Vec<Entry>> {
    remote
        .list_recursive(&RemotePath::root(), ListOptions::default())
        .try_collect()
        .await
}

#[tokio::test]
async fn a_listing_that_breaks_off_is_an_error_and_never_a_short_list() {
    for after_lines in [0, 1, 4, 9] {
        for (mid_line, clean_end) in [(true, true), (true, false), (false, false)] {
            let (bench, remote) = bench().await;
            let cut = FaultAction::TruncateListing {
                after_lines,
                mid_line,
                clean_end,
            };
            order(&bench, cut.clone());
            let mut items = items(&remote, ListOptions::default()).await;
            let error = items.pop().unwrap().unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::Transport | ErrorKind::Protocol),
                "{cut:?}: {error:?}"
            );
            assert!(items.iter().all(Result::is_ok), "{cut:?}");
            let kept = usize::try_from(after_lines).unwrap().saturating_sub(1);
            assert!(items.len() <= kept.min(9), "{cut:?}: {}", items.len());
        }
    }
}

#[tokio::test]
async fn a_listing_without_any_line_is_an_error() {
    let (bench, remote) = bench().await;
    order(
        &bench,
        FaultAction::TruncateListing {
            after_lines: 0,
            mid_line: false,
            clean_end: true,
        },
    );
    assert_eq!(
        listed(&remote).await.unwrap_err().kind(),
        ErrorKind::Protocol
    );
}

fn error_line(code: &str, path: Option<&str>) -> FaultAction {
    FaultAction::ListingError {
        after_lines: 4,
        code: code.to_owned(),
        message: "no".to_owned(),
        path: path.map(str::to_owned),
    }
}

#[tokio::test]
async fn an_error_line_for_one_folder_ends_the_listing_unless_it_goes_on() {
    let (bench, remote) = bench().await;
    order(&bench, error_line("Forbidden", Some("/b")));
    let error = listed(&remote).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(error.path(), Some(&path("b")));

    order(&bench, error_line("Forbidden", Some("/b")));
    let all = items(&remote, ListOptions::default().with_keep_going(true)).await;
    let entries = all.iter().filter(|item| item.is_ok()).count();
    assert_eq!((entries, all.len()), (9, 11));
    let last = all.last().unwrap().as_ref().unwrap_err();
    assert_eq!(last.kind(), ErrorKind::Incomplete);
}

#[tokio::test]
async fn an_error_line_for_everything_ends_the_listing_in_any_case() {
    for keep_going in [false, true] {
        let (bench, remote) = bench().await;
        order(&bench, error_line("DeviceOffline", None));
        let options = ListOptions::default().with_keep_going(keep_going);
        let all = items(&remote, options).await;
        let error = all.last().unwrap().as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageOffline);
        assert_eq!(all.iter().filter(|item| item.is_err()).count(), 1);
    }
}

#[tokio::test]
async fn what_prevents_a_listing_has_its_own_kind() {
    for (action, kind) in [
        (FaultAction::DeviceOffline, ErrorKind::StorageOffline),
        (FaultAction::Html, ErrorKind::Protocol),
        (error_line("FilesNotSynced", None), ErrorKind::NotSynced),
        (error_line("NovelCode", None), ErrorKind::Service),
    ] {
        let (bench, remote) = bench().await;
        order(&bench, action.clone());
        let error = listed(&remote).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{action:?}");
        assert!(error.help().is_some(), "{action:?}");
        assert_eq!(error.operation(), Some("list_recursive"));
    }
    let config = KoofrConfig::default().primary(MountConfig::new("Dropbox").not_synced());
    let bench = Bench::with(config).await;
    let error = listed(&bench.remote()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSynced);
}

#[tokio::test]
async fn what_passes_before_the_first_byte_does_not_show() {
    for action in [
        FaultAction::Close,
        FaultAction::status(500),
        FaultAction::NoAnswer,
        FaultAction::RateLimit { retry_after: None },
    ] {
        let (bench, remote) = bench().await;
        order(&bench, action);
        assert_eq!(listed(&remote).await.unwrap().len(), 9);
    }
}

#[tokio::test]
async fn a_listing_that_stands_still_is_a_timeout() {
    let (bench, remote) = bench().await;
    order(&bench, FaultAction::StallBody { after: 400 });
    let error = listed(&remote).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

/// What every operation says about `f` and `d`.
async fn all_operations(remote: &KoofrRemote) -> Vec<(&'static str, Option<Error>)> {
    let (f, d, to) = (path("a/f"), path("a"), path("b/new"));
    let write = remote.write_bytes(&to, "x", WriteOptions::default());
    let list = remote
        .list(&d, ListOptions::default())
        .try_collect::<Vec<_>>();
    vec![
        ("stat", remote.stat(&f).await.err()),
        ("list", list.await.err()),
        ("list_recursive", listed(remote).await.err()),
        ("read", remote.read(&f, ReadOptions::default()).await.err()),
        (
            "read range",
            remote
                .read(&f, ReadOptions::default().with_range(0..1))
                .await
                .err(),
        ),
        ("write", write.await.err()),
        (
            "set_modified",
            remote
                .set_modified(&f, std::time::SystemTime::UNIX_EPOCH)
                .await
                .err(),
        ),
        ("create_dir", remote.create_dir(&path("new")).await.err()),
        ("remove_file", remote.remove_file(&f).await.err()),
        ("remove_dir", remote.remove_dir(&d).await.err()),
        ("remove_dir_all", remote.remove_dir_all(&d).await.err()),
        (
            "copy",
            remote.copy(&f, &to, CopyOptions::default()).await.err(),
        ),
        (
            "rename",
            remote.rename(&f, &to, RenameOptions::default()).await.err(),
        ),
    ]
}

#[tokio::test]
async fn a_storage_that_goes_offline_is_never_empty_nor_not_found() {
    let (bench, remote) = bench().await;
    bench.service().set_online("primary", false).unwrap();
    for (operation, error) in all_operations(&remote).await {
        let error = error.unwrap_or_else(|| panic!("{operation} succeeds"));
        assert_eq!(error.kind(), ErrorKind::StorageOffline, "{operation}");
        assert!(error.is_fatal(), "{operation}");
    }
    // Not known before: the first look at the mount says it.
    let error = bench.remote().stat(&path("a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageOffline);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_does_not_take_an_offline_storage_for_an_empty_one() {
    let (bench, remote) = bench().await;
    bench.service().set_online("primary", false).unwrap();
    let storage = Location::remote(Arc::new(remote), RemotePath::root());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("local"), "x").unwrap();
    let local = Location::local(folder.path());
    for (from, to) in [(&storage, &local), (&local, &storage)] {
        match copy(from, to, &TransferOptions::default()).await {
            Err(error) => assert_eq!(error.error().kind(), ErrorKind::StorageOffline),
            Ok(summary) => {
                assert!(!summary.is_complete(), "{summary:?}");
                assert_eq!(summary.files_transferred, 0);
            }
        }
    }
    bench.service().set_online("primary", true).unwrap();
    assert_eq!(bench.service().counts("primary").unwrap(), (6, 3));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_from_a_listing_that_breaks_off_is_not_complete() {
    let (bench, remote) = bench().await;
    let storage = Location::remote(Arc::new(remote), RemotePath::root());
    for action in [
        FaultAction::TruncateListing {
            after_lines: 3,
            mid_line: true,
            clean_end: false,
        },
        error_line("Forbidden", Some("/b")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        order(&bench, action.clone());
        let local = Location::local(folder.path());
        match copy(&storage, &local, &TransferOptions::default()).await {
            Err(_) => {}
            Ok(summary) => assert!(!summary.is_complete(), "{action:?}: {summary:?}"),
        }
    }
}

#[tokio::test]
async fn of_a_million_entries_only_those_are_fetched_that_are_taken() {
    let config = KoofrConfig::default().tree(TreeConfig::new(1_000_000));
    let bench = Bench::with(config).await;
    let remote = bench.remote();
    let listing = remote.list_recursive(&path("tree"), ListOptions::default());
    let taken: Vec<Entry> = listing.take(2_000).try_collect().await.unwrap();
    assert_eq!(taken.len(), 2_000);
    assert_eq!(bench.service().log().count("GET", ENDPOINT), 1);
}
