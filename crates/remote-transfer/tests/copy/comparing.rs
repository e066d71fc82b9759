//! What tells that a file need not be transferred, and what happens if only its time differs.

use std::fs;

use remote_core::memory::MemoryRemote;
use remote_transfer::{Compare, Location, Summary, TransferOptions, copy};
use tempfile::TempDir;

use crate::support::{self, at, fill, folder, options, put, remote_tree, time, touch};

async fn backup(dir: &TempDir, remote: &MemoryRemote, options: &TransferOptions) -> Summary {
    let from = Location::local(dir.path());
    copy(&from, &at("backup", remote), options).await.unwrap()
}

#[tokio::test]
async fn a_touched_file_gets_its_time_and_is_not_sent() {
    let dir = folder(&[("a", "one"), ("b", "two")]);
    let remote = MemoryRemote::new();
    backup(&dir, &remote, &options()).await;
    touch(&dir.path().join("a"), time(1_800_000_000));
    let summary = backup(&dir, &remote, &options()).await;
    assert_eq!((summary.files_transferred, summary.times_updated), (0, 1));
    assert_eq!((summary.files_unchanged, summary.files_verified), (2, 1));
    assert_eq!(summary.requests, 2);
    assert_eq!(backup(&dir, &remote, &options()).await.requests, 1);
}

#[tokio::test]
async fn a_file_that_differs_is_sent() {
    let dir = folder(&[("size", "one"), ("content", "two")]);
    let remote = MemoryRemote::new();
    backup(&dir, &remote, &options()).await;
    put(dir.path(), "size", "longer", time(1_700_000_000));
    put(dir.path(), "content", "six", time(1_800_000_000));
    let summary = backup(&dir, &remote, &options()).await;
    assert_eq!((summary.files_transferred, summary.files_verified), (2, 2));
    let tree = remote_tree(&remote, "backup").await;
    assert_eq!(
        tree,
        support::tree([("content", Some("six")), ("size", Some("longer"))])
    );
    assert_eq!(backup(&dir, &remote, &options()).await.files_unchanged, 2);
}

#[tokio::test]
async fn equal_size_and_time_hide_another_content_only_from_size_and_time() {
    let dir = folder(&[("a", "one")]);
    let remote = MemoryRemote::new();
    backup(&dir, &remote, &options()).await;
    put(dir.path(), "a", "two", time(1_700_000_000));
    assert_eq!(backup(&dir, &remote, &options()).await.files_unchanged, 1);
    let by_hash = options().with_compare(Compare::Hash);
    assert_eq!(backup(&dir, &remote, &by_hash).await.files_transferred, 1);
    assert_eq!(backup(&dir, &remote, &by_hash).await.files_verified, 1);
}

#[tokio::test]
async fn comparing_by_size_sends_nothing_of_the_same_size() {
    let dir = folder(&[("a", "one")]);
    let remote = MemoryRemote::new();
    backup(&dir, &remote, &options()).await;
    put(dir.path(), "a", "two", time(1_800_000_000));
    let by_size = options().with_compare(Compare::SizeOnly);
    let summary = backup(&dir, &remote, &by_size).await;
    assert_eq!((summary.files_unchanged, summary.times_updated), (1, 0));
}

#[tokio::test]
async fn without_times_the_hash_tells() {
    let dir = folder(&[("a", "one"), ("b", "two")]);
    let remote = MemoryRemote::builder().time_precision(None).build();
    backup(&dir, &remote, &options()).await;
    put(dir.path(), "b", "six", time(1_700_000_001));
    let summary = backup(&dir, &remote, &options()).await;
    assert_eq!((summary.files_unchanged, summary.files_transferred), (1, 1));
    assert_eq!((summary.times_updated, summary.requests), (0, 2));
}

#[tokio::test]
async fn without_times_and_hashes_the_size_tells() {
    let dir = folder(&[("a", "one"), ("b", "two")]);
    let builder = MemoryRemote::builder().time_precision(None);
    let remote = builder.hashes(false).build();
    let first = backup(&dir, &remote, &options()).await;
    assert_eq!((first.files_transferred, first.files_verified), (2, 0));
    put(dir.path(), "b", "longer", time(1_700_000_001));
    let summary = backup(&dir, &remote, &options()).await;
    assert_eq!((summary.files_unchanged, summary.files_transferred), (1, 1));
}

#[tokio::test]
async fn a_restored_file_that_was_touched_gets_its_time_and_is_not_fetched() {
    let remote = MemoryRemote::new();
    fill(&remote, &[("backup/a", "one")]).await;
    let dir = tempfile::tempdir().unwrap();
    let to = Location::local(dir.path());
    let from = at("backup", &remote);
    copy(&from, &to, &options()).await.unwrap();
    let before = fs::metadata(dir.path().join("a"))
        .unwrap()
        .modified()
        .unwrap();
    touch(&dir.path().join("a"), time(1_800_000_000));
    let summary = copy(&from, &to, &options()).await.unwrap();
    assert_eq!((summary.files_transferred, summary.times_updated), (0, 1));
    let after = fs::metadata(dir.path().join("a"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!((after, summary.requests), (before, 1));
}

#[tokio::test]
async fn a_restore_without_times_of_its_own_is_not_repeated() {
    let remote = MemoryRemote::builder().time_precision(None).build();
    fill(&remote, &[("backup/a", "one")]).await;
    let dir = tempfile::tempdir().unwrap();
    let to = Location::local(dir.path());
    copy(&at("backup", &remote), &to, &options()).await.unwrap();
    let again = copy(&at("backup", &remote), &to, &options()).await.unwrap();
    assert_eq!((again.files_unchanged, again.requests), (1, 1));
}
