//! What is in the way at the target, and names and places that a restore must not touch.

use std::{fs, sync::Arc};

use remote_core::{
    capabilities::CaseRule,
    error::ErrorKind,
    memory::MemoryRemote,
    remote::Remote,
    testkit::{Fault, FaultyRemote},
};
use remote_transfer::{Location, ProblemKind, Summary, copy};
use tempfile::TempDir;

use crate::support::{at, fill, folder, local_tree, on, options, problems, remote_tree, tree};

async fn restore(remote: &MemoryRemote, dir: &TempDir) -> Summary {
    copy(&at("b", remote), &Location::local(dir.path()), &options())
        .await
        .unwrap()
}

#[tokio::test]
async fn files_and_directories_on_a_remote_never_take_each_others_place() {
    let dir = folder(&[("a", "file"), ("b/x", "1"), ("b/y", "2"), ("c", "good")]);
    let remote = MemoryRemote::new();
    fill(&remote, &[("t/a/inside", "kept"), ("t/b", "kept too")]).await;
    let from = Location::local(dir.path());
    let summary = copy(&from, &at("t", &remote), &options()).await.unwrap();
    assert_eq!(
        problems(&summary),
        [
            ("a".into(), ProblemKind::InTheWay),
            ("b".into(), ProblemKind::InTheWay),
            ("b/x".into(), ProblemKind::DirectoryFailed),
            ("b/y".into(), ProblemKind::DirectoryFailed),
        ]
    );
    assert_eq!(
        remote_tree(&remote, "t").await,
        tree([
            ("a", None),
            ("a/inside", Some("kept")),
            ("b", Some("kept too")),
            ("c", Some("good")),
        ])
    );
}

#[tokio::test]
async fn files_and_directories_here_never_take_each_others_place() {
    let remote = MemoryRemote::new();
    fill(&remote, &[("b/a", "file"), ("b/d/x", "1"), ("b/good", "2")]).await;
    let dir = folder(&[("a/inside", "kept"), ("d", "kept too")]);
    let summary = restore(&remote, &dir).await;
    assert_eq!(
        problems(&summary),
        [
            ("a".into(), ProblemKind::InTheWay),
            ("d".into(), ProblemKind::InTheWay),
            ("d/x".into(), ProblemKind::DirectoryFailed),
        ]
    );
    assert_eq!(fs::read(dir.path().join("a/inside")).unwrap(), b"kept");
    assert_eq!(fs::read(dir.path().join("d")).unwrap(), b"kept too");
    assert_eq!(fs::read(dir.path().join("good")).unwrap(), b"2");
}

#[tokio::test]
async fn of_names_that_are_the_same_to_the_folder_one_is_restored_each_time() {
    let remote = MemoryRemote::new();
    let files = [
        ("b/A", "upper"),
        ("b/a", "lower"),
        ("b/Dir/x", "1"),
        ("b/dir/x", "2"),
    ];
    fill(&remote, &files).await;
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (at("b", &remote), Location::local(dir.path()));
    for transferred in [2, 0] {
        let alike = options().with_local_case(CaseRule::Insensitive);
        let summary = copy(&from, &to, &alike).await.unwrap();
        assert_eq!(
            problems(&summary),
            ["a", "dir"].map(|name| (name.into(), ProblemKind::NameCollision))
        );
        assert_eq!(summary.files_transferred, transferred);
        let names: Vec<_> = local_tree(dir.path()).into_keys().collect();
        assert_eq!(names, ["A", "Dir", "Dir/x"].map(std::path::PathBuf::from));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_in_the_way_are_not_followed() {
    use std::os::unix::fs::symlink;
    let outside = folder(&[("file", "kept"), ("dir/x", "kept")]);
    let remote = MemoryRemote::new();
    fill(
        &remote,
        &[
            ("b/file", "bad"),
            ("b/dir/x", "bad"),
            ("b/dir/sub/y", "bad"),
        ],
    )
    .await;
    let dir = tempfile::tempdir().unwrap();
    symlink(outside.path().join("file"), dir.path().join("file")).unwrap();
    symlink(outside.path().join("dir"), dir.path().join("dir")).unwrap();
    let before = local_tree(outside.path());
    let summary = restore(&remote, &dir).await;
    assert_eq!(
        problems(&summary),
        [
            ("dir".into(), ProblemKind::InTheWay),
            ("dir/sub".into(), ProblemKind::DirectoryFailed),
            ("dir/sub/y".into(), ProblemKind::DirectoryFailed),
            ("dir/x".into(), ProblemKind::DirectoryFailed),
            ("file".into(), ProblemKind::InTheWay),
        ]
    );
    assert_eq!(local_tree(outside.path()), before);
    assert!(dir.path().join("file").is_symlink());
}

#[cfg(unix)]
#[tokio::test]
async fn the_folder_itself_may_be_a_link() {
    let real = tempfile::tempdir().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(real.path(), &link).unwrap();
    let remote = MemoryRemote::new();
    fill(&remote, &[("b/a", "one")]).await;
    let to = Location::local(link);
    assert!(
        copy(&at("b", &remote), &to, &options())
            .await
            .unwrap()
            .is_complete()
    );
    assert_eq!(fs::read(real.path().join("a")).unwrap(), b"one");
}

#[cfg(unix)]
#[tokio::test]
async fn names_that_would_lead_elsewhere_stay_in_the_folder() {
    let remote = MemoryRemote::new();
    let root = crate::support::path("b");
    for name in [&b".."[..], b".", b"../evil", b"/etc/evil", b"a\0b"] {
        let path = root.child(name).unwrap();
        let content = bytes::Bytes::copy_from_slice(name);
        let options = remote_core::operation::WriteOptions::default();
        let source = Arc::new(remote_core::source::MemorySource::new(content));
        remote.write(&path, source, options).await.unwrap();
    }
    let parent = tempfile::tempdir().unwrap();
    let to = parent.path().join("deep/inside");
    let summary = copy(&at("b", &remote), &Location::local(&to), &options())
        .await
        .unwrap();
    assert!(summary.is_complete());
    assert_eq!(summary.files_transferred, 5);
    let names: Vec<_> = local_tree(&to).into_keys().collect();
    let expected = ["a␀b", "．", "．．", "..／evil", "／etc／evil"];
    assert_eq!(names.len(), 5);
    assert!(
        expected.iter().all(|name| names.contains(&name.into())),
        "{names:?}"
    );
    assert_eq!(local_tree(parent.path()).len(), 7);
}

#[cfg(unix)]
#[tokio::test]
async fn names_that_are_too_long_here_are_reported() {
    let (long_file, long_dir) = ("f".repeat(256), "d".repeat(300));
    let remote = MemoryRemote::new();
    let (file, below) = (format!("b/{long_file}"), format!("b/{long_dir}/x"));
    fill(&remote, &[(&file, "1"), (&below, "2"), ("b/good", "3")]).await;
    let dir = tempfile::tempdir().unwrap();
    let summary = restore(&remote, &dir).await;
    assert_eq!(
        problems(&summary),
        [
            (long_dir.clone(), ProblemKind::NameNotAllowed),
            (format!("{long_dir}/x"), ProblemKind::DirectoryFailed),
            (long_file, ProblemKind::NameNotAllowed),
        ]
    );
    assert_eq!(local_tree(dir.path()).len(), 1);
}

#[tokio::test]
async fn names_that_the_remote_cannot_store_are_reported() {
    let dir = folder(&[("bad", "1"), ("bad_dir/x", "2"), ("good", "3")]);
    let memory = MemoryRemote::new();
    let remote = FaultyRemote::new(Arc::new(memory.clone()));
    let is_bad = |call: &remote_core::testkit::Call| call.path.raw_name().starts_with(b"bad");
    remote.order(
        Fault::before(ErrorKind::InvalidName)
            .on("write")
            .when(is_bad),
    );
    remote.order(
        Fault::before(ErrorKind::InvalidName)
            .on("create_dir")
            .when(is_bad),
    );
    let remote: Arc<dyn Remote> = Arc::new(remote);
    let from = Location::local(dir.path());
    let summary = copy(&from, &on(&remote, "b"), &options()).await.unwrap();
    assert_eq!(
        problems(&summary),
        [
            ("bad".into(), ProblemKind::NameNotAllowed),
            ("bad_dir".into(), ProblemKind::NameNotAllowed),
            ("bad_dir/x".into(), ProblemKind::DirectoryFailed),
        ]
    );
    assert_eq!(remote_tree(&memory, "b").await, tree([("good", Some("3"))]));
}

#[tokio::test]
async fn a_download_that_is_corrupted_leaves_the_old_file_and_no_other() {
    let memory = MemoryRemote::new();
    fill(&memory, &[("b/a", "new content"), ("b/c", "fine")]).await;
    let remote = FaultyRemote::new(Arc::new(memory));
    remote.order(
        Fault::corrupt_byte(3)
            .on("read")
            .when(|call| call.path.raw_name().as_ref() == b"a"),
    );
    let remote: Arc<dyn Remote> = Arc::new(remote);
    let dir = folder(&[("a", "old")]);
    let to = Location::local(dir.path());
    let summary = copy(&on(&remote, "b"), &to, &options()).await.unwrap();
    assert_eq!(problems(&summary), [("a".into(), ProblemKind::Corrupted)]);
    assert_eq!(fs::read(dir.path().join("a")).unwrap(), b"old");
    assert_eq!(local_tree(dir.path()).len(), 2);
}

#[tokio::test]
async fn a_download_that_is_cut_leaves_no_hidden_file() {
    let memory = MemoryRemote::new();
    let large = "x".repeat(3 << 20);
    fill(&memory, &[("b/a", &large), ("b/c", "fine")]).await;
    let remote = FaultyRemote::new(Arc::new(memory));
    remote.order(
        Fault::cut_download(2 << 20, ErrorKind::Transport)
            .on("read")
            .times(1)
            .when(|call| call.path.raw_name().as_ref() == b"a"),
    );
    let remote: Arc<dyn Remote> = Arc::new(remote);
    let dir = tempfile::tempdir().unwrap();
    let to = Location::local(dir.path());
    let summary = copy(&on(&remote, "b"), &to, &options()).await.unwrap();
    assert_eq!(
        problems(&summary),
        [("a".into(), ProblemKind::TransferFailed)]
    );
    assert_eq!(local_tree(dir.path()).len(), 1);

    let again = copy(&on(&remote, "b"), &to, &options()).await.unwrap();
    assert_eq!((again.files_transferred, again.files_unchanged), (1, 1));
    assert_eq!(fs::read(dir.path().join("a")).unwrap().len(), 3 << 20);
}

#[tokio::test]
async fn a_file_that_changed_since_it_was_listed_is_fetched_as_it_is_now() {
    let memory = MemoryRemote::new();
    fill(&memory, &[("b/a", "old")]).await;
    let remote = FaultyRemote::new(Arc::new(memory));
    remote.order(
        Fault::before(ErrorKind::PreconditionFailed)
            .on("read")
            .times(1),
    );
    let remote: Arc<dyn Remote> = Arc::new(remote);
    let dir = tempfile::tempdir().unwrap();
    let to = Location::local(dir.path());
    let summary = copy(&on(&remote, "b"), &to, &options()).await.unwrap();
    assert_eq!((summary.files_transferred, summary.problem_count), (1, 0));

    let remote = FaultyRemote::new(Arc::clone(&remote));
    remote.order(Fault::before(ErrorKind::PreconditionFailed).on("read"));
    let remote: Arc<dyn Remote> = Arc::new(remote);
    let other = tempfile::tempdir().unwrap();
    let to = Location::local(other.path());
    let summary = copy(&on(&remote, "b"), &to, &options()).await.unwrap();
    assert_eq!(
        problems(&summary),
        [("a".into(), ProblemKind::ChangedWhileRead)]
    );
}
