//! The request budgets of the design, counted by the emulator.
//!
//! | operation | Koofr |
//! | --- | --- |
//! | open a remote | 0 until first use, then 1 |
//! | write a file into a known directory | 1 |
//! | write N files into D new directories | N + D + 2 |
//! | list a whole tree | 1 |
//! | read a file | 1 |
//! | copy again with nothing changed | 2; up to 6 more for each checker where the storage loses the times |
//! | copy a single file to a path, the first use included | 3; 2 if it is there already, 5 into a new directory |
//! | remove a tree | 1 |

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures::TryStreamExt as _;
use remote_core::{
    entry::Entry,
    operation::{ListOptions, ReadOptions, WriteOptions},
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::koofr::{KoofrConfig, MountConfig};
use remote_transfer::{Location, TransferOptions, copy, copy_file};
use tests::{
    folders::fill,
    koofr::{Bench, path},
};

#[tokio::test]
async fn opening_costs_nothing_until_the_first_use() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    let list = remote.list(&RemotePath::root(), ListOptions::default());
    assert_eq!(bench.requests(), 0);
    drop(list);
    remote.stat(&RemotePath::root()).await.unwrap();
    assert_eq!(bench.requests(), 2);
    assert_eq!(remote.request_count(), 2);
}

#[tokio::test]
async fn usage_costs_one_request_also_when_it_is_the_first_use() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    for _ in 0..2 {
        let (usage, requests) = bench.counted(remote.usage()).await;
        assert!(usage.unwrap().total.is_some());
        assert_eq!(requests, 1);
    }
}

#[tokio::test]
async fn writing_into_a_known_directory_costs_one_request() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    remote.create_dir(&path("a/b")).await.unwrap();
    let (entry, requests) = bench
        .counted(remote.write_bytes(&path("a/b/f"), "x", WriteOptions::default()))
        .await;
    assert_eq!((entry.unwrap().size, requests), (Some(1), 1));
    let (_, requests) = bench
        .counted(remote.write_bytes(&path("a/b/f"), "xy", WriteOptions::default()))
        .await;
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn directories_are_known_after_a_listing() {
    let bench = Bench::start().await;
    bench.service().create_dir("primary", "/a").unwrap();
    bench.service().create_dir("primary", "/a/b").unwrap();
    let remote = bench.remote();
    let _entries: Vec<Entry> = remote
        .list_recursive(&RemotePath::root(), ListOptions::default())
        .try_collect()
        .await
        .unwrap();
    let (_, requests) = bench
        .counted(remote.write_bytes(&path("a/b/f"), "x", WriteOptions::default()))
        .await;
    assert_eq!(requests, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_writes_into_new_directories_keep_the_budget() {
    const DIRS: u64 = 5;
    const FILES: u64 = 40;
    let bench = Bench::start().await;
    let remote = bench.remote_at("new");
    let writes = (0..FILES).map(|index| {
        let remote = remote.clone();
        async move {
            remote
                .write_bytes(
                    &path(&format!("d{}/f{index}", index % DIRS)),
                    Bytes::from("x"),
                    WriteOptions::default(),
                )
                .await
        }
    });
    let (written, requests) = bench.counted(futures::future::try_join_all(writes)).await;
    written.unwrap();
    // One more directory than the five: the root of the remote.
    assert!(requests <= FILES + (DIRS + 1) + 2, "{requests} requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn copying_a_tree_up_and_again_keeps_the_budget() {
    const DIRS: usize = 7;
    const FILES: usize = 60;
    let bench = Bench::start().await;
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), DIRS, FILES);
    let (from, options) = (Location::local(folder.path()), TransferOptions::default());

    let to = Location::remote(Arc::new(bench.remote()), path("backup"));
    let (summary, requests) = bench.counted(copy(&from, &to, &options)).await;
    let summary = summary.unwrap();
    assert_eq!(
        (summary.files_transferred, summary.problem_count),
        (FILES as u64, 0)
    );
    assert_eq!(summary.requests, requests);
    assert!(
        requests <= (FILES + DIRS + 1 + 2) as u64,
        "{requests} requests"
    );

    let to = Location::remote(Arc::new(bench.remote()), path("backup"));
    let (summary, requests) = bench.counted(copy(&from, &to, &options)).await;
    assert_eq!(summary.unwrap().files_unchanged, FILES as u64);
    assert_eq!(requests, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_loses_times_is_asked_to_keep_one_and_not_all() {
    const FILES: usize = 30;
    let config = KoofrConfig::default().primary(MountConfig::new("Dropbox").without_modified());
    let bench = Bench::with(config).await;
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 3, FILES);
    let to = Location::remote(bench.shared(), path("backup"));
    let (from, options) = (Location::local(folder.path()), TransferOptions::default());
    copy(&from, &to, &options).await.unwrap();

    let one_by_one = options.with_checkers(1);
    let (summary, requests) = bench.counted(copy(&from, &to, &one_by_one)).await;
    let summary = summary.unwrap();
    assert_eq!(
        (summary.files_unchanged, summary.times_updated),
        (FILES as u64, 0)
    );
    assert!(requests < 10, "{requests} requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn restoring_costs_one_listing_and_one_request_per_file() {
    const FILES: usize = 30;
    let bench = Bench::start().await;
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(source.path(), 3, FILES);
    let remote = Location::remote(bench.shared(), RemotePath::root());
    copy(
        &Location::local(source.path()),
        &remote,
        &TransferOptions::default(),
    )
    .await
    .unwrap();

    let (summary, requests) = bench
        .counted(copy(
            &remote,
            &Location::local(target.path()),
            &TransferOptions::default(),
        ))
        .await;
    assert_eq!(summary.unwrap().files_transferred, FILES as u64);
    assert_eq!(requests, FILES as u64 + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_to_a_path_costs_a_look_and_a_write_behind_the_first_request() {
    const LARGE: usize = 3 << 20;
    let bench = Bench::start().await;
    bench.service().create_dir("primary", "/known").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let local = folder.path().join("f");
    for (content, to, expected, what) in [
        (1, "known/f", 3, "a new file"),
        (2, "known/f", 3, "a changed file"),
        (2, "known/f", 2, "the same file"),
        (2, "f", 3, "a new file at the top"),
        // What is large is not sent before its place is known.
        (LARGE, "known/large", 4, "a new large file"),
        (LARGE + 1, "known/large", 3, "a changed large file"),
        // The attempt that is refused, and the directory.
        (3, "missing/f", 5, "a new file in a new directory"),
    ] {
        std::fs::write(&local, "x".repeat(content)).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(content as u64);
        let file = std::fs::File::options().write(true).open(&local).unwrap();
        file.set_modified(time).unwrap();
        let to = Location::remote(bench.shared(), path(to));
        let (from, options) = (Location::local(&local), TransferOptions::default());
        let (summary, requests) = bench.counted(copy_file(&from, &to, &options)).await;
        assert_eq!(summary.unwrap().requests, requests, "{what}");
        assert_eq!(requests, expected, "{what}");
    }
}

#[tokio::test]
async fn a_tree_is_listed_by_one_request() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    for dir in ["a", "a/b", "a/b/c", "d"] {
        remote.create_dir(&path(dir)).await.unwrap();
    }
    let listing = remote
        .list_recursive(&RemotePath::root(), ListOptions::default())
        .try_collect::<Vec<_>>();
    let (entries, requests) = bench.counted(listing).await;
    assert_eq!((entries.unwrap().len(), requests), (4, 1));
}

#[tokio::test]
async fn reading_costs_one_request() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    let entry = remote
        .write_bytes(&path("f"), "hello world", WriteOptions::default())
        .await
        .unwrap();
    let (content, requests) = bench.counted(remote.read_bytes(&path("f"), 100)).await;
    assert_eq!(
        (content.unwrap(), requests),
        (Bytes::from("hello world"), 1)
    );

    let part = ReadOptions::default()
        .with_range(6..100)
        .with_if_match(entry.tag.unwrap());
    let (content, requests) = bench
        .counted(async { remote.read(&path("f"), part).await?.bytes(100).await })
        .await;
    assert_eq!((content.unwrap(), requests), (Bytes::from("world"), 1));
}

#[tokio::test]
async fn a_tree_is_removed_by_one_request() {
    let bench = Bench::start().await;
    for (dir, file) in [("/known", "/known/f"), ("/unknown", "/unknown/f")] {
        bench.service().create_dir("primary", dir).unwrap();
        bench.service().write("primary", file, "x").unwrap();
    }
    let remote = bench.remote();
    remote.stat(&path("known")).await.unwrap();
    for dir in ["known", "unknown"] {
        let (removed, requests) = bench.counted(remote.remove_dir_all(&path(dir))).await;
        removed.unwrap();
        assert_eq!(requests, 1, "{dir}");
    }
    assert_eq!(bench.service().counts("primary").unwrap(), (0, 0));
}
