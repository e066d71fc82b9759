//! From a remote to a remote.

use std::sync::Arc;

use remote_core::{
    capabilities::CaseRule,
    error::ErrorKind,
    memory::MemoryRemote,
    operation::WriteOptions,
    remote::{Remote, RemoteExt as _},
    testkit::{Fault, FaultyRemote, RecordingRemote},
};
use remote_transfer::{Location, ProblemKind, copy, copy_file};

use crate::support::{at, fill, on, options, path, problems, remote_tree, tree};

#[tokio::test]
async fn a_tree_goes_from_one_remote_to_another_and_the_second_run_lists_both() {
    let (from, to) = (MemoryRemote::new(), MemoryRemote::new());
    let large = "x".repeat(3 << 20);
    fill(
        &from,
        &[("s/a", "one"), ("s/sub/b", &large), ("s/empty/", "")],
    )
    .await;
    let summary = copy(&at("s", &from), &at("t", &to), &options())
        .await
        .unwrap();
    assert_eq!(remote_tree(&to, "t").await, remote_tree(&from, "s").await);
    assert_eq!((summary.files_transferred, summary.files_verified), (2, 2));
    assert_eq!(
        (summary.bytes_transferred, summary.directories_created),
        (3 + (3 << 20), 3)
    );
    // Two listings, two reads, two writes and three directories.
    assert_eq!(summary.requests, 9);
    let stored = to.stat(&path("t/a")).await.unwrap();
    assert_eq!(
        stored.modified,
        from.stat(&path("s/a")).await.unwrap().modified
    );

    let again = copy(&at("s", &from), &at("t", &to), &options())
        .await
        .unwrap();
    assert_eq!((again.files_unchanged, again.requests), (2, 2));
}

#[tokio::test]
async fn on_one_remote_the_service_copies() {
    let recording = RecordingRemote::new(Arc::new(MemoryRemote::new()));
    let remote: Arc<dyn Remote> = Arc::new(recording.clone());
    fill(
        &*remote,
        &[("s/a", "one"), ("s/sub/b", "two"), ("t/a", "different")],
    )
    .await;
    let _of_filling = recording.take_calls();
    let summary = copy(&on(&remote, "s"), &on(&remote, "t"), &options())
        .await
        .unwrap();
    assert_eq!(
        (summary.files_transferred, summary.files_copied_by_service),
        (2, 1)
    );
    // What exists is replaced by a write, which is never without the old or the new content.
    assert_eq!((recording.count("copy"), recording.count("write")), (1, 1));
    assert_eq!(
        remote_tree(&*remote, "t").await,
        remote_tree(&*remote, "s").await
    );
    let again = copy(&on(&remote, "s"), &on(&remote, "t"), &options())
        .await
        .unwrap();
    assert_eq!((again.files_unchanged, again.requests), (2, 2));
}

#[tokio::test]
async fn folders_that_lie_in_each_other_are_refused() {
    let remote: Arc<dyn Remote> = Arc::new(MemoryRemote::new());
    fill(&*remote, &[("s/a", "one"), ("s/sub/b", "two")]).await;
    for (from, to) in [("s", "s/sub"), ("s/sub", "s"), ("s", "s"), ("", "s")] {
        let failure = copy(&on(&remote, from), &on(&remote, to), &options())
            .await
            .unwrap_err();
        assert_eq!(
            failure.error().kind(),
            ErrorKind::IntoSelf,
            "{from} to {to}"
        );
    }
    // A file is no folder: it may go into a folder above.
    let summary = copy(&on(&remote, "s/sub/b"), &on(&remote, "s"), &options())
        .await
        .unwrap();
    assert_eq!(summary.files_transferred, 1);
    let same = on(&remote, "s/a");
    let failure = copy_file(&same, &same, &options()).await.unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::IntoSelf);
}

#[tokio::test]
async fn what_is_corrupted_on_the_way_is_not_stored() {
    let (from, to) = (MemoryRemote::new(), MemoryRemote::new());
    fill(&from, &[("s/a", "one"), ("s/b", "two")]).await;
    let faulty = FaultyRemote::new(Arc::new(from));
    let is_a = |call: &remote_core::testkit::Call| call.path == path("s/a");
    faulty.order(Fault::corrupt_byte(1).on("read").when(is_a));
    let from: Arc<dyn Remote> = Arc::new(faulty);
    let summary = copy(&on(&from, "s"), &at("t", &to), &options())
        .await
        .unwrap();
    assert_eq!(problems(&summary), [("a".into(), ProblemKind::Corrupted)]);
    assert_eq!(remote_tree(&to, "t").await, tree([("b", Some("two"))]));
}

#[tokio::test]
async fn what_concerns_the_whole_source_ends_the_copy() {
    let (from, to) = (MemoryRemote::new(), MemoryRemote::new());
    fill(&from, &[("s/a", "one"), ("s/b", "two")]).await;
    let faulty = FaultyRemote::new(Arc::new(from));
    faulty.order(Fault::before(ErrorKind::Authentication).on("read"));
    let from: Arc<dyn Remote> = Arc::new(faulty);
    let failure = copy(&on(&from, "s"), &at("t", &to), &options())
        .await
        .unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::Authentication);
}

#[tokio::test]
async fn a_file_that_changed_since_it_was_listed_is_sent_as_it_is_now() {
    let (from, to) = (MemoryRemote::new(), MemoryRemote::new());
    fill(&from, &[("s/a", "one")]).await;
    let faulty = FaultyRemote::new(Arc::new(from));
    faulty.order(
        Fault::before(ErrorKind::PreconditionFailed)
            .on("read")
            .times(1),
    );
    let from: Arc<dyn Remote> = Arc::new(faulty);
    let summary = copy(&on(&from, "s"), &at("t", &to), &options())
        .await
        .unwrap();
    assert_eq!((summary.files_transferred, summary.problem_count), (1, 0));
    assert_eq!(remote_tree(&to, "t").await, tree([("a", Some("one"))]));
}

#[tokio::test]
async fn a_file_that_changes_before_the_service_copies_it_is_no_damage() {
    let memory = MemoryRemote::new();
    fill(&memory, &[("s/a", "one"), ("s/b", "two")]).await;
    let faulty = FaultyRemote::new(Arc::new(memory.clone()));
    let (change, changed) = (memory.clone(), path("s/a"));
    faulty.order(
        Fault::before(ErrorKind::Other)
            .on("copy")
            .when(move |call| {
                if call.path == changed {
                    let newer = change.write_bytes(&changed, "newer", WriteOptions::default());
                    futures::executor::block_on(newer).unwrap();
                }
                false
            }),
    );
    let remote: Arc<dyn Remote> = Arc::new(faulty);
    let summary = copy(&on(&remote, "s"), &on(&remote, "t"), &options())
        .await
        .unwrap();
    assert!(summary.is_complete(), "{:?}", summary.problems);
    assert_eq!(
        remote_tree(&memory, "t").await,
        tree([("a", Some("newer")), ("b", Some("two"))])
    );
}

#[tokio::test]
async fn names_that_only_the_source_tells_apart_are_settled_before_anything_is_copied() {
    let from = MemoryRemote::new();
    let to = MemoryRemote::builder().case(CaseRule::Insensitive).build();
    fill(
        &from,
        &[
            ("s/a", "lower"),
            ("s/A", "upper"),
            ("s/d/x", "1"),
            ("s/D/y", "2"),
            ("s/D/Y", "3"),
        ],
    )
    .await;
    let expected = tree([("A", Some("upper")), ("D", None), ("D/Y", Some("3"))]);
    for transferred in [2, 0] {
        let summary = copy(&at("s", &from), &at("t", &to), &options())
            .await
            .unwrap();
        assert_eq!(
            problems(&summary),
            ["D/y", "a", "d"].map(|name| (name.into(), ProblemKind::NameCollision))
        );
        assert_eq!(summary.files_transferred, transferred);
        assert_eq!(remote_tree(&to, "t").await, expected);
    }
}

#[tokio::test]
async fn a_source_without_hashes_is_copied_all_the_same() {
    let from = MemoryRemote::builder().hashes(false).build();
    let to = MemoryRemote::new();
    fill(&from, &[("s/a", "one")]).await;
    let summary = copy(&at("s", &from), &at("t", &to), &options())
        .await
        .unwrap();
    assert_eq!((summary.files_transferred, summary.files_verified), (1, 0));
    let location: Location = at("t", &to);
    assert_eq!(location.to_string(), "memory:t");
}
