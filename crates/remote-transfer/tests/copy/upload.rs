//! From a local folder to a remote: what is copied, what is left alone, and how many requests it takes.

use crate::support::{at, folder, options, path, put, remote_tree, time, tree};
use remote_core::{memory::MemoryRemote, path::RemotePath, remote::Remote as _};
use remote_transfer::{Location, Summary, copy};

async fn backup(dir: &tempfile::TempDir, remote: &MemoryRemote) -> Summary {
    let from = Location::local(dir.path());
    copy(&from, &at("backup/2026", remote), &options())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_folder_arrives_with_contents_times_and_empty_directories() {
    let dir = folder(&[
        ("a.txt", "one"),
        ("sub/b.txt", "two"),
        ("sub/deep/c", ""),
        ("empty/", ""),
    ]);
    let remote = MemoryRemote::new();
    let summary = backup(&dir, &remote).await;
    assert_eq!(
        remote_tree(&remote, "backup/2026").await,
        tree([
            ("a.txt", Some("one")),
            ("empty", None),
            ("sub", None),
            ("sub/b.txt", Some("two")),
            ("sub/deep", None),
            ("sub/deep/c", Some("")),
        ])
    );
    let entry = remote.stat(&path("backup/2026/sub/b.txt")).await.unwrap();
    let stored = time(1_700_000_001) - std::time::Duration::from_nanos(456_789);
    assert_eq!(entry.modified, Some(stored));
    assert_eq!(
        (summary.files_transferred, summary.bytes_transferred),
        (3, 6)
    );
    assert_eq!(
        (summary.files_verified, summary.directories_created),
        (3, 4)
    );
    assert!(summary.is_complete());
}

#[tokio::test]
async fn the_second_run_lists_once_and_does_nothing_else() {
    let dir = folder(&[("a", "one"), ("sub/b", "two"), ("empty/", "")]);
    let remote = MemoryRemote::new();
    backup(&dir, &remote).await;
    let summary = backup(&dir, &remote).await;
    assert_eq!((summary.files_unchanged, summary.bytes_unchanged), (2, 6));
    assert_eq!(
        (summary.files_transferred, summary.directories_created),
        (0, 0)
    );
    assert_eq!(summary.requests, 1);
}

#[tokio::test]
async fn a_thousand_files_take_a_request_each_and_one_for_each_directory() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..1000 {
        let name = format!("d{}/f{number}", number % 100);
        put(
            dir.path(),
            &name,
            &format!("content {number}"),
            time(1_700_000_000),
        );
    }
    let remote = MemoryRemote::new();
    let summary = backup(&dir, &remote).await;
    assert_eq!(
        (summary.files_transferred, summary.directories_created),
        (1000, 101)
    );
    assert!(summary.requests <= 1000 + 101 + 2, "{}", summary.requests);
    let again = backup(&dir, &remote).await;
    assert_eq!((again.files_unchanged, again.requests), (1000, 1));
}

#[tokio::test]
async fn the_root_of_a_remote_is_never_made() {
    let dir = folder(&[("a", "one")]);
    let remote = MemoryRemote::new();
    let to = Location::remote(std::sync::Arc::new(remote.clone()), RemotePath::root());
    let summary = copy(&Location::local(dir.path()), &to, &options())
        .await
        .unwrap();
    assert_eq!((summary.requests, summary.directories_created), (2, 0));
}
