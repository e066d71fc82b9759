//! Files of a local folder that cannot be copied: each is a problem of its own, and the others are copied.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use remote_core::{
    capabilities::CaseRule,
    memory::MemoryRemote,
    testkit::{Fault, FaultyRemote},
};
use remote_transfer::{Event, LinkRule, Location, Observer, ProblemKind, copy};

use crate::support::{
    at, fill, folder, on, options, problem, problems, put, remote_tree, time, tree,
};

#[cfg(unix)]
#[tokio::test]
async fn links_are_reported_and_not_copied() {
    let dir = folder(&[("file", "one"), ("sub/x", "two")]);
    for (target, link) in [
        ("file", "to_file"),
        ("sub", "to_dir"),
        ("nothing", "to_nothing"),
    ] {
        std::os::unix::fs::symlink(target, dir.path().join(link)).unwrap();
    }
    let remote = MemoryRemote::new();
    let from = Location::local(dir.path());
    let summary = copy(&from, &at("b", &remote), &options()).await.unwrap();
    assert_eq!(
        problems(&summary),
        ["to_dir", "to_file", "to_nothing"].map(|name| (name.into(), ProblemKind::SymbolicLink))
    );
    assert_eq!(summary.files_transferred, 2);
    assert!(!summary.is_complete());
}

#[cfg(unix)]
#[tokio::test]
async fn followed_links_are_copied_as_what_they_lead_to_but_never_in_circles() {
    let dir = folder(&[("file", "one"), ("sub/x", "two")]);
    for (target, link) in [
        ("file", "to_file"),
        ("sub", "to_dir"),
        ("nothing", "to_nothing"),
        ("..", "sub/up"),
        (".", "here"),
    ] {
        std::os::unix::fs::symlink(target, dir.path().join(link)).unwrap();
    }
    let remote = MemoryRemote::new();
    let from = Location::local(dir.path());
    let follow = options().with_links(LinkRule::Follow);
    let summary = copy(&from, &at("b", &remote), &follow).await.unwrap();
    assert_eq!(
        problems(&summary),
        ["here", "sub/up", "to_dir/up", "to_nothing"]
            .map(|name| (name.into(), ProblemKind::SymbolicLink))
    );
    assert_eq!(
        remote_tree(&remote, "b").await,
        tree([
            ("file", Some("one")),
            ("sub", None),
            ("sub/x", Some("two")),
            ("to_dir", None),
            ("to_dir/x", Some("two")),
            ("to_file", Some("one")),
        ])
    );
}

#[cfg(unix)]
#[tokio::test]
async fn sockets_are_reported() {
    let dir = folder(&[("file", "one")]);
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    let remote = MemoryRemote::new();
    let from = Location::local(dir.path());
    let summary = copy(&from, &at("b", &remote), &options()).await.unwrap();
    assert_eq!(
        problems(&summary),
        [("socket".into(), ProblemKind::SpecialFile)]
    );
    assert_eq!(summary.files_transferred, 1);
}

/// Removes files and directories when the first file is found.
#[derive(Debug)]
struct Remover(Vec<PathBuf>);

impl Observer for Remover {
    fn event(&self, event: &Event) {
        if let Event::FileFound { .. } = event {
            for path in &self.0 {
                // Only the first call finds them.
                let _gone = fs::remove_dir_all(path).or_else(|_| fs::remove_file(path));
            }
        }
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_reported() {
    let dir = folder(&[
        ("a", "one"),
        ("b", "two"),
        ("sub/x", "three"),
        ("sub2/y", "four"),
    ]);
    let remover = Remover(vec![dir.path().join("b"), dir.path().join("sub")]);
    let remote = MemoryRemote::new();
    let from = Location::local(dir.path());
    let watched = options().with_observer(Arc::new(remover));
    let summary = copy(&from, &at("b", &remote), &watched).await.unwrap();
    assert_eq!(
        problems(&summary),
        ["b", "sub"].map(|name| (name.into(), ProblemKind::Unreadable))
    );
    assert_eq!(summary.files_transferred, 2);
    let report = problem(&summary, "b").to_string();
    assert!(report.contains("cannot be read"), "{report}");
}

/// A remote before which a local file changes each time it is about to be written, so many times.
fn changing(file: &Path, times: u64) -> (MemoryRemote, FaultyRemote) {
    let memory = MemoryRemote::new();
    let remote = FaultyRemote::new(Arc::new(memory.clone()));
    let (file, count) = (file.to_owned(), AtomicU64::new(0));
    let change = Fault::before(remote_core::error::ErrorKind::Other)
        .on("write")
        .when(move |call| {
            let is_it = call.path.raw_name().as_ref() == b"changing";
            if is_it && count.fetch_add(1, Ordering::Relaxed) < times {
                let longer = "x".repeat(usize::try_from(count.load(Ordering::Relaxed)).unwrap());
                fs::write(&file, longer).unwrap();
            }
            false
        });
    remote.order(change);
    (memory, remote)
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_sent_as_it_is_afterwards() {
    let dir = folder(&[("changing", "original"), ("other", "one")]);
    let (memory, remote) = changing(&dir.path().join("changing"), 2);
    let to = on(&(Arc::new(remote) as _), "b");
    let from = Location::local(dir.path());
    let summary = copy(&from, &to, &options()).await.unwrap();
    assert!(summary.is_complete());
    assert_eq!(
        remote_tree(&memory, "b").await,
        tree([("changing", Some("xx")), ("other", Some("one"))])
    );
}

#[tokio::test]
async fn a_file_that_never_stops_changing_is_reported_and_not_copied() {
    let dir = folder(&[("changing", "original"), ("other", "one")]);
    let (memory, remote) = changing(&dir.path().join("changing"), u64::MAX);
    let to = on(&(Arc::new(remote) as _), "b");
    let from = Location::local(dir.path());
    let summary = copy(&from, &to, &options()).await.unwrap();
    assert_eq!(
        problems(&summary),
        [("changing".into(), ProblemKind::ChangedWhileRead)]
    );
    assert_eq!(
        remote_tree(&memory, "b").await,
        tree([("other", Some("one"))])
    );
}

#[tokio::test]
async fn of_names_that_are_the_same_to_the_target_the_first_is_copied_each_time() {
    let dir = folder(&[
        ("A", "upper"),
        ("a", "lower"),
        ("Dir/x", "1"),
        ("dir/x", "2"),
        ("dir/y", "3"),
        ("kind", "file"),
        ("KIND/z", "4"),
    ]);
    let remote = MemoryRemote::builder().case(CaseRule::Insensitive).build();
    let from = Location::local(dir.path());
    let expected = tree([
        ("A", Some("upper")),
        ("Dir", None),
        ("Dir/x", Some("1")),
        ("KIND", None),
        ("KIND/z", Some("4")),
    ]);
    for transferred in [3, 0] {
        let summary = copy(&from, &at("b", &remote), &options()).await.unwrap();
        assert_eq!(
            problems(&summary),
            ["a", "dir", "kind"].map(|name| (name.into(), ProblemKind::NameCollision))
        );
        assert_eq!(summary.files_transferred, transferred);
        assert_eq!(remote_tree(&remote, "b").await, expected);
    }
}

#[tokio::test]
async fn the_spelling_that_is_at_the_target_goes_ahead() {
    let dir = folder(&[("A", "upper"), ("a", "lower")]);
    let remote = MemoryRemote::builder().case(CaseRule::Insensitive).build();
    fill(&remote, &[("b/a", "old")]).await;
    let from = Location::local(dir.path());
    let summary = copy(&from, &at("b", &remote), &options()).await.unwrap();
    assert_eq!(
        problems(&summary),
        [("A".into(), ProblemKind::NameCollision)]
    );
    assert_eq!(
        remote_tree(&remote, "b").await,
        tree([("a", Some("lower"))])
    );
}

#[tokio::test]
async fn a_single_file_in_another_case_is_the_same_file() {
    let dir = folder(&[("photos/a.jpg", "new content")]);
    let remote = MemoryRemote::builder().case(CaseRule::Insensitive).build();
    fill(&remote, &[("b/Photos/A.JPG", "old")]).await;
    let from = Location::local(dir.path());
    let summary = copy(&from, &at("B", &remote), &options()).await.unwrap();
    assert_eq!(
        (summary.files_transferred, summary.directories_created),
        (1, 0)
    );
    let tree = remote_tree(&remote, "b").await;
    assert_eq!(tree.len(), 2);
    assert!(
        tree.values()
            .any(|content| content.as_deref() == Some("new content"))
    );
    let again = copy(&from, &at("b", &remote), &options()).await.unwrap();
    assert_eq!((again.files_unchanged, again.requests), (1, 1));
}

#[cfg(unix)]
#[tokio::test]
async fn local_names_that_stand_for_one_name_collide() {
    // Both are decoded to the same name, as rclone does it: a quote that quotes nothing, beside something that stands for something else.
    let dir = folder(&[("‛x／", "one"), ("‛‛x／", "two")]);
    let remote = MemoryRemote::new();
    let from = Location::local(dir.path());
    let summary = copy(&from, &at("b", &remote), &options()).await.unwrap();
    assert_eq!((summary.files_transferred, summary.problem_count), (1, 1));
    assert_eq!(summary.problems[0].kind, ProblemKind::NameCollision);
}

#[tokio::test]
async fn the_summary_keeps_as_many_problems_as_it_may_and_counts_all() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..10 {
        put(dir.path(), &format!("a{number}"), "x", time(1));
        put(dir.path(), &format!("A{number}"), "x", time(1));
    }
    let remote = MemoryRemote::builder().case(CaseRule::Insensitive).build();
    let few = options().with_max_problems(3);
    let from = Location::local(dir.path());
    let summary = copy(&from, &at("b", &remote), &few).await.unwrap();
    assert_eq!((summary.problems.len(), summary.problem_count), (3, 10));
}
