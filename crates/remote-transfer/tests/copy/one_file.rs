//! One file to a path, or into a folder.

use std::fs;

use remote_core::{error::ErrorKind, memory::MemoryRemote};
use remote_transfer::{Location, copy, copy_file};

use crate::support::{at, fill, folder, local_tree, options, remote_tree, tree};

#[tokio::test]
async fn a_local_file_goes_to_a_path_and_again_takes_one_request() {
    let dir = folder(&[("a", "one")]);
    let remote = MemoryRemote::new();
    let from = Location::local(dir.path().join("a"));
    let summary = copy_file(&from, &at("new/b", &remote), &options())
        .await
        .unwrap();
    assert_eq!((summary.files_transferred, summary.requests), (1, 2));
    assert_eq!(
        remote_tree(&remote, "").await,
        tree([("new", None), ("new/b", Some("one"))])
    );
    let again = copy_file(&from, &at("new/b", &remote), &options())
        .await
        .unwrap();
    assert_eq!((again.files_unchanged, again.requests), (1, 1));
}

#[tokio::test]
async fn a_file_as_the_source_of_a_copy_goes_into_the_folder() {
    let dir = folder(&[("a", "one")]);
    let remote = MemoryRemote::new();
    let from = Location::local(dir.path().join("a"));
    let summary = copy(&from, &at("folder", &remote), &options())
        .await
        .unwrap();
    assert_eq!(summary.files_transferred, 1);
    assert_eq!(
        remote_tree(&remote, "folder").await,
        tree([("a", Some("one"))])
    );
    let back = dir.path().join("back");
    let summary = copy(
        &at("folder/a", &remote),
        &Location::local(&back),
        &options(),
    )
    .await
    .unwrap();
    assert_eq!((summary.files_transferred, summary.requests), (1, 3));
    assert_eq!(fs::read(back.join("a")).unwrap(), b"one");
}

#[tokio::test]
async fn a_remote_file_goes_to_a_local_path_and_replaces_what_is_there() {
    let remote = MemoryRemote::new();
    fill(&remote, &[("s/a", "one")]).await;
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("deep/down/b");
    for _ in 0..2 {
        let summary = copy_file(&at("s/a", &remote), &Location::local(&to), &options())
            .await
            .unwrap();
        assert_eq!((summary.files_transferred, summary.requests), (1, 2));
        assert_eq!(fs::read(&to).unwrap(), b"one");
        fs::write(&to, "something else").unwrap();
    }
    assert_eq!(local_tree(dir.path()).len(), 3);
}

#[tokio::test]
async fn one_file_from_remote_to_remote() {
    let (from, to) = (MemoryRemote::new(), MemoryRemote::new());
    fill(&from, &[("s/a", "one")]).await;
    let summary = copy_file(&at("s/a", &from), &at("x/y/b", &to), &options())
        .await
        .unwrap();
    assert_eq!(summary.files_transferred, 1);
    assert_eq!(
        remote_tree(&to, "x").await,
        tree([("y", None), ("y/b", Some("one"))])
    );
}

#[tokio::test]
async fn folders_are_refused_on_both_sides() {
    let dir = folder(&[("a", "one"), ("d/x", "two")]);
    let remote = MemoryRemote::new();
    fill(&remote, &[("s/a", "one")]).await;
    let (file, folder) = (dir.path().join("a"), dir.path().join("d"));
    for (from, to) in [
        (Location::local(&folder), at("new", &remote)),
        (Location::local(&file), at("s", &remote)),
        (Location::local(&file), at("", &remote)),
        (at("s", &remote), Location::local(dir.path().join("new"))),
        (at("s/a", &remote), Location::local(&folder)),
    ] {
        let failure = copy_file(&from, &to, &options()).await.unwrap_err();
        assert_eq!(
            failure.error().kind(),
            ErrorKind::IsADirectory,
            "{from} to {to}"
        );
    }
    assert_eq!(local_tree(dir.path()).len(), 3);
}

#[tokio::test]
async fn a_missing_file_is_an_error() {
    let remote = MemoryRemote::new();
    let dir = tempfile::tempdir().unwrap();
    let to = Location::local(dir.path().join("x"));
    let failure = copy_file(&at("missing", &remote), &to, &options())
        .await
        .unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::NotFound);
}
