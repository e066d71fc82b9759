//! The request budgets of the design, counted by the emulator.
//!
//! | operation | Amazon Drive |
//! | --- | --- |
//! | open a remote | 0 until first use, then ≤ 2 (+1 renewal of the token) |
//! | write a file into a known directory | 1 |
//! | write N files into D new directories | ≤ N + 2D + 2 |
//! | list a whole tree of D directories | ≤ D + pages |
//! | read a file | 1 when the id is known |
//! | copy again with nothing changed | ≤ D + pages + 1 |
//! | remove a tree | 1 when the id is known |

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::TryStreamExt as _;
use remote_core::{
    operation::{ListOptions, ReadOptions, WriteMode, WriteOptions},
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
};
use remote_transfer::{Location, TransferOptions, copy};
use tests::{
    acd::{Bench, path},
    folders::fill,
};

#[tokio::test]
async fn opening_costs_nothing_until_the_first_use_and_two_requests_then() {
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
async fn a_token_that_has_ended_costs_one_renewal_and_one_repetition() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    remote.stat(&RemotePath::root()).await.unwrap();
    bench.service().clock().advance(Duration::from_secs(4000));
    let (usage, requests) = bench.counted(remote.usage()).await;
    usage.unwrap();
    assert_eq!(requests, 3);
    let log = bench.service().log();
    assert_eq!(log.count("POST", "identity/token"), 1);
}

#[tokio::test]
async fn writing_into_a_known_directory_costs_one_request() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    remote.create_dir(&path("a/b")).await.unwrap();
    for content in ["x", "xy"] {
        let at = path("a/b/f");
        let write = remote.write_bytes(&at, content, WriteOptions::default());
        let (entry, requests) = bench.counted(write).await;
        assert_eq!(entry.unwrap().size, Some(content.len() as u64));
        assert_eq!(requests, 1);
    }
    bench.service().write("/seen/old", "x").unwrap();
    remote.list_all(&path("seen")).await.unwrap();
    for name in ["seen/old", "seen/new"] {
        let at = path(name);
        let write = remote.write_bytes(&at, "y", WriteOptions::default());
        assert_eq!(bench.counted(write).await.1, 1, "{name}");
    }
}

#[tokio::test]
async fn a_new_file_in_a_directory_that_was_only_found_costs_no_look() {
    let bench = Bench::start().await;
    bench.service().create_dir("/found").unwrap();
    let remote = bench.remote();
    remote.stat(&path("found")).await.unwrap();
    let options = WriteOptions::default().with_mode(WriteMode::CreateNew);
    let at = path("found/new");
    let write = remote.write_bytes(&at, "y", options);
    assert_eq!(bench.counted(write).await.1, 1);
    let at = path("found/other");
    let write = remote.write_bytes(&at, "y", WriteOptions::default());
    assert_eq!(bench.counted(write).await.1, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_into_new_directories_keep_the_budget() {
    const DIRS: u64 = 5;
    const FILES: u64 = 40;
    let bench = Bench::start().await;
    let remote = bench.remote_at("new");
    let writes = (0..FILES).map(|index| {
        let remote = remote.clone();
        async move {
            let path = path(&format!("d{}/f{index}", index % DIRS));
            remote
                .write_bytes(&path, Bytes::from("x"), WriteOptions::default())
                .await
        }
    });
    let (written, requests) = bench.counted(futures::future::try_join_all(writes)).await;
    written.unwrap();
    // One more directory than the five: the root of the remote.
    assert!(
        requests <= FILES + 2 * (DIRS + 1) + 2,
        "{requests} requests"
    );
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
    assert!(
        requests <= (FILES + 2 * (DIRS + 1) + 2) as u64,
        "{requests} requests"
    );

    // One page for each directory; the two to open the remote are part of it.
    let to = Location::remote(Arc::new(bench.remote()), path("backup"));
    let (summary, requests) = bench.counted(copy(&from, &to, &options)).await;
    assert_eq!(summary.unwrap().files_unchanged, FILES as u64);
    assert!(
        requests <= (2 * (DIRS + 1) + 1) as u64,
        "{requests} requests"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn restoring_costs_one_request_per_file_besides_the_listing() {
    const FILES: usize = 30;
    const DIRS: usize = 3;
    let bench = Bench::start().await;
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(source.path(), DIRS, FILES);
    let remote = Location::remote(bench.shared(), RemotePath::root());
    let options = TransferOptions::default();
    copy(&Location::local(source.path()), &remote, &options)
        .await
        .unwrap();
    let local = Location::local(target.path());
    let restore = copy(&remote, &local, &options);
    let (summary, requests) = bench.counted(restore).await;
    assert_eq!(summary.unwrap().files_transferred, FILES as u64);
    assert_eq!(requests, (FILES + DIRS + 1) as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_is_listed_by_one_request_per_directory_and_page() {
    let bench = Bench::start().await;
    bench
        .service()
        .change_settings(|settings| settings.page_size = 4);
    for dir in 0..6 {
        for file in 0..9 {
            bench
                .service()
                .write(&format!("/tree/d{dir}/f{file}"), "x")
                .unwrap();
        }
    }
    let remote = bench.remote();
    remote.stat(&path("tree")).await.unwrap();
    let listing = remote.list_recursive(&path("tree"), ListOptions::default());
    let (entries, requests) = bench.counted(listing.try_collect::<Vec<_>>()).await;
    // Two pages with the folders, three in each of them.
    assert_eq!((entries.unwrap().len(), requests), (60, 2 + 6 * 3));
}

#[tokio::test]
async fn reading_costs_one_request_when_the_id_is_known() {
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
    let whole = ReadOptions::default().with_if_match(entry.tag.unwrap());
    let (content, requests) = bench
        .counted(async { remote.read(&path("f"), whole).await?.bytes(100).await })
        .await;
    assert_eq!((content.unwrap().len(), requests), (11, 1));
    let part = ReadOptions::default().with_range(6..100);
    let (content, requests) = bench
        .counted(async { remote.read(&path("f"), part).await?.bytes(100).await })
        .await;
    assert_eq!((content.unwrap(), requests), (Bytes::from("world"), 1));
}

#[tokio::test]
async fn a_known_tree_is_removed_by_one_request() {
    let bench = Bench::start().await;
    bench.service().write("/known/a/f", "x").unwrap();
    bench.service().write("/unknown/f", "x").unwrap();
    let remote = bench.remote();
    remote.stat(&path("known")).await.unwrap();
    for (dir, expected) in [("known", 1), ("unknown", 2)] {
        let (removed, requests) = bench.counted(remote.remove_dir_all(&path(dir))).await;
        removed.unwrap();
        assert_eq!(requests, expected, "{dir}");
    }
    assert_eq!(bench.service().counts("/"), (0, 0));
}
