//! What is left out.

use std::sync::Arc;

use remote_core::{memory::MemoryRemote, path::RemotePath};
use remote_transfer::{Filter, Location, copy};

use crate::support::{at, fill, folder, local_tree, options, remote_tree, tree};

/// Leaves out every file and directory of this name.
#[derive(Debug)]
struct Without(&'static str);

impl Filter for Without {
    fn includes(&self, path: &RemotePath) -> bool {
        path.name() != Some(self.0.as_bytes())
    }
}

#[tokio::test]
async fn what_is_left_out_of_a_backup_is_neither_copied_nor_counted_nor_a_problem() {
    let dir = folder(&[("a", "one"), ("target/x", "two"), ("sub/target", "three")]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("a", dir.path().join("target/link")).unwrap();
    let remote = MemoryRemote::new();
    let filtered = options().with_filter(Arc::new(Without("target")));
    let from = Location::local(dir.path());
    let summary = copy(&from, &at("b", &remote), &filtered).await.unwrap();
    assert!(summary.is_complete());
    assert_eq!((summary.files_transferred, summary.requests), (1, 4));
    let expected = tree([("a", Some("one")), ("sub", None)]);
    assert_eq!(remote_tree(&remote, "b").await, expected);
}

#[tokio::test]
async fn what_is_left_out_of_a_restore_takes_along_what_is_below_it() {
    let remote = MemoryRemote::new();
    fill(
        &remote,
        &[
            ("b/a", "one"),
            ("b/target/x/y", "two"),
            ("b/sub/target", "three"),
        ],
    )
    .await;
    let dir = tempfile::tempdir().unwrap();
    let filtered = options().with_filter(Arc::new(Without("target")));
    let to = Location::local(dir.path());
    let summary = copy(&at("b", &remote), &to, &filtered).await.unwrap();
    assert_eq!((summary.files_transferred, summary.requests), (1, 2));
    let names: Vec<_> = local_tree(dir.path()).into_keys().collect();
    assert_eq!(names, ["a", "sub"].map(std::path::PathBuf::from));
}
