//! From a remote to a local folder.

use std::fs;

use crate::support::{at, fill, local_tree, options, time};
use remote_core::memory::MemoryRemote;
use remote_transfer::{Location, Summary, copy};

async fn restore(remote: &MemoryRemote, dir: &tempfile::TempDir) -> Summary {
    let to = Location::local(dir.path().join("restored/here"));
    copy(&at("backup", remote), &to, &options()).await.unwrap()
}

#[tokio::test]
async fn a_tree_is_restored_with_contents_and_times_and_a_second_run_does_nothing() {
    let remote = MemoryRemote::new();
    fill(
        &remote,
        &[
            ("backup/a", "one"),
            ("backup/sub/b", "two"),
            ("backup/sub/empty/", ""),
        ],
    )
    .await;
    let dir = tempfile::tempdir().unwrap();
    let summary = restore(&remote, &dir).await;
    let root = dir.path().join("restored/here");
    assert_eq!(
        local_tree(&root).into_iter().collect::<Vec<_>>(),
        [
            ("a".into(), Some(b"one".to_vec())),
            ("sub".into(), None),
            ("sub/b".into(), Some(b"two".to_vec())),
            ("sub/empty".into(), None),
        ]
    );
    let modified = fs::metadata(root.join("sub/b"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(
        modified,
        time(1_600_000_001) - std::time::Duration::from_nanos(456_789)
    );
    assert_eq!((summary.files_transferred, summary.files_verified), (2, 2));
    assert_eq!(
        (summary.bytes_transferred, summary.directories_created),
        (6, 3)
    );
    assert_eq!(summary.requests, 3);

    let again = restore(&remote, &dir).await;
    assert_eq!((again.files_unchanged, again.files_transferred), (2, 0));
    assert_eq!((again.requests, again.directories_created), (1, 0));
}
