//! The request budgets of the design, counted by the emulator.
//!
//! | operation | Jottacloud |
//! | --- | --- |
//! | open a remote | 0 until first use, then 1, and 1 more if the token has to be renewed |
//! | write a file | 2 (announce, send); 1 when the service has the content |
//! | write N files into D new directories | 2N + 2, opening included |
//! | list a whole tree | 1 |
//! | read a file | 1 if it was listed, looked at or written, or the caller names its content; else 2, because the service sends what is in the trash as well, and no hash; 1 for what is sent without these checks |
//! | copy again with nothing changed | 2 |
//! | remove a tree | 1, whether it is known or not; 2 if there is none, or for good one that is not known |

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::TryStreamExt as _;
use jotta_api::{JottaRemote, auth::Credentials};
use remote_core::{
    auth::MemoryTokenStore,
    entry::Entry,
    error::ErrorKind,
    operation::{ListOptions, ReadOptions, RemoveOutcome, WriteOptions},
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
};
use remote_transfer::{Location, TransferOptions, copy};
use tests::{folders::fill, jotta::JottaBench, koofr::path};

#[tokio::test]
async fn opening_costs_nothing_until_the_first_use() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    let list = remote.list(&RemotePath::root(), ListOptions::default());
    assert_eq!(bench.requests(), 0);
    drop(list);
    let _root = remote.stat(&RemotePath::root()).await.unwrap();
    assert_eq!((bench.requests(), remote.request_count()), (2, 2));
    let (_root, requests) = bench.counted(remote.stat(&RemotePath::root())).await;
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn a_token_that_has_ended_costs_one_more() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    bench.service().identity().expire_access_tokens();
    remote.stat(&RemotePath::root()).await.unwrap();
    // A refused request, the renewal, the name of the user, the look.
    assert_eq!(bench.requests(), 4);
    assert_eq!(bench.service().identity().stats().totals.refreshes, 1);
}

#[tokio::test]
async fn a_token_that_is_known_to_have_ended_costs_its_renewal_only() {
    let bench = JottaBench::start().await;
    let ended = bench.token().with_expires(SystemTime::UNIX_EPOCH);
    let store = Arc::new(MemoryTokenStore::new(ended));
    let tokens = Credentials::Tokens(bench.session().tokens(store));
    let client = bench.client_builder(tokens).build().unwrap();
    let remote = JottaRemote::builder(client).build();
    bench.service().log().clear();
    remote.stat(&RemotePath::root()).await.unwrap();
    // The renewal, the name of the user, the look.
    assert_eq!(bench.requests(), 3);
}

#[tokio::test]
async fn writing_costs_two_requests_and_one_for_a_known_content() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    remote.stat(&RemotePath::root()).await.unwrap();
    for (name, content, expected) in [
        ("new/dir/a", "one", 2),
        ("new/dir/b", "two", 2),
        ("another/c", "one", 1),
        ("new/dir/a", "two", 1),
        ("empty", "", 2),
    ] {
        let file = path(name);
        let write = remote.write_bytes(&file, content, WriteOptions::default());
        let (entry, requests) = bench.counted(write).await;
        assert_eq!(entry.unwrap().size, Some(content.len() as u64));
        assert_eq!(requests, expected, "{name} {content}");
    }
}

#[tokio::test]
async fn a_tree_is_copied_listed_compared_and_removed_within_the_budget() {
    let bench = JottaBench::start().await;
    let local = tempfile::tempdir().unwrap();
    fill(local.path(), 5, 40);
    let source = || Location::Local(local.path().to_owned());
    let target = || Location::remote(Arc::new(bench.remote()), path("backup"));

    let first = copy(&source(), &target(), &TransferOptions::default())
        .await
        .unwrap();
    assert_eq!(first.files_transferred, 40);
    assert_eq!(bench.requests(), 2 * 40 + 2);

    let (from, to, options) = (source(), target(), TransferOptions::default());
    let again = copy(&from, &to, &options);
    let (again, requests) = bench.counted(again).await;
    assert_eq!((again.unwrap().files_transferred, requests), (0, 2));

    let remote = bench.remote();
    remote.stat(&path("backup")).await.unwrap();
    let all = remote.list_recursive(&path("backup"), ListOptions::default());
    let (all, requests) = bench.counted(all.try_collect::<Vec<Entry>>()).await;
    assert_eq!((all.unwrap().len(), requests), (45, 1));

    let (outcome, requests) = bench.counted(remote.remove_dir_all(&path("backup"))).await;
    assert_eq!((outcome.unwrap(), requests), (RemoveOutcome::Removed, 1));
}

#[tokio::test]
async fn removing_a_tree_costs_one_request_whether_it_is_known_or_not() {
    let bench = JottaBench::start().await;
    let opened = || async {
        let remote = bench.remote();
        remote.client().username().await.unwrap();
        remote
    };
    for (known, dir) in [(false, "new"), (true, "known")] {
        let file = format!("/Jotta/Archive/{dir}/sub/a");
        bench.service().write(&file, "content").unwrap();
        let remote = opened().await;
        if known {
            remote.stat(&path(dir)).await.unwrap();
        }
        let removed = bench.counted(remote.remove_dir_all(&path(dir))).await;
        assert_eq!(
            (removed.0.unwrap(), removed.1),
            (RemoveOutcome::Removed, 1),
            "{dir}"
        );
        // By the remote that removed it, by another one a while later, and what was never there.
        let again = bench.counted(remote.remove_dir_all(&path(dir))).await;
        assert_eq!((again.0.unwrap(), again.1), (RemoveOutcome::Missing, 1));
        bench.service().clock().advance(Duration::from_secs(60));
        let other = opened().await;
        let again = bench.counted(other.remove_dir_all(&path(dir))).await;
        assert_eq!((again.0.unwrap(), again.1), (RemoveOutcome::Missing, 1));
        let missing = bench.counted(other.remove_dir_all(&path("missing"))).await;
        assert_eq!((missing.0.unwrap(), missing.1), (RemoveOutcome::Missing, 2));
    }
    // A file is spared.
    bench
        .service()
        .write("/Jotta/Archive/file", "content")
        .unwrap();
    let remote = opened().await;
    let error = remote.remove_dir_all(&path("file")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotADirectory);
    assert_eq!(bench.service().counts("/Jotta/Archive").0, 1);
}

#[tokio::test]
async fn removing_a_tree_for_good_costs_a_look_if_it_is_not_known() {
    let bench = JottaBench::start().await;
    for (known, expected) in [(false, 2), (true, 1)] {
        bench.service().write("/Jotta/Archive/d/a", "x").unwrap();
        let remote = bench.builder().hard_delete(true).build();
        remote.stat(&RemotePath::root()).await.unwrap();
        if known {
            remote.stat(&path("d")).await.unwrap();
        }
        let (outcome, requests) = bench.counted(remote.remove_dir_all(&path("d"))).await;
        assert_eq!(
            (outcome.unwrap(), requests),
            (RemoveOutcome::Removed, expected)
        );
        assert_eq!(bench.service().trash_count(), 0);
    }
}

#[tokio::test]
async fn a_tree_that_was_just_written_is_known() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    remote.client().username().await.unwrap();
    let file = path("a/b/c");
    for _ in 0..2 {
        let write = remote.write_bytes(&file, "content", WriteOptions::default());
        write.await.unwrap();
        let (outcome, requests) = bench.counted(remote.remove_dir_all(&path("a"))).await;
        assert_eq!((outcome.unwrap(), requests), (RemoveOutcome::Removed, 1));
    }
}

#[tokio::test]
async fn a_target_that_is_a_file_is_left_alone() {
    let bench = JottaBench::start().await;
    bench
        .service()
        .write("/Jotta/Archive/backup", "precious")
        .unwrap();
    let local = tempfile::tempdir().unwrap();
    fill(local.path(), 2, 3);
    let source = Location::Local(local.path().to_owned());
    let target = Location::remote(Arc::new(bench.remote()), path("backup"));
    let outcome = copy(&source, &target, &TransferOptions::default()).await;
    let kinds: Vec<ErrorKind> = match outcome {
        Ok(summary) => summary
            .problems
            .iter()
            .map(|problem| problem.error.kind())
            .collect(),
        Err(error) => vec![error.error().kind()],
    };
    assert!(
        !kinds.is_empty() && kinds.iter().all(|kind| *kind == ErrorKind::NotADirectory),
        "{kinds:?}"
    );
    let kept = bench.service().read("/Jotta/Archive/backup").unwrap();
    assert_eq!(kept.unwrap(), "precious");
}

#[tokio::test]
async fn reading_a_known_file_costs_one_request_and_an_unknown_one_two() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    remote.stat(&RemotePath::root()).await.unwrap();
    let file = path("a");
    let written = remote
        .write_bytes(&file, "content", WriteOptions::default())
        .await
        .unwrap();
    let read = remote.read_bytes(&file, 100);
    assert_eq!(bench.counted(read).await.1, 1);
    let options = ReadOptions::default().with_range(2..5);
    let (part, requests) = bench.counted(remote.read(&file, options)).await;
    assert_eq!(part.unwrap().bytes(10).await.unwrap(), "nte");
    assert_eq!(requests, 1);

    let stranger = bench.remote();
    stranger.stat(&RemotePath::root()).await.unwrap();
    let (_, requests) = bench.counted(stranger.read_bytes(&file, 100)).await;
    assert_eq!(requests, 2);
    let careless = bench.remote();
    careless.stat(&RemotePath::root()).await.unwrap();
    let (as_sent, requests) = bench.counted(careless.read_as_sent(&file)).await;
    assert_eq!(as_sent.unwrap().bytes(100).await.unwrap(), "content");
    assert_eq!(requests, 1);
    // The caller knows which content it wants: that is enough to verify it.
    let by_tag = bench.remote();
    by_tag.stat(&RemotePath::root()).await.unwrap();
    let options = ReadOptions::default().with_if_match(written.tag.unwrap());
    let (download, requests) = bench.counted(by_tag.read(&file, options)).await;
    assert_eq!(download.unwrap().bytes(100).await.unwrap(), "content");
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn reading_a_file_of_a_listed_tree_costs_one_request() {
    let bench = JottaBench::start().await;
    bench
        .service()
        .write("/Jotta/Archive/d/e/a", "content")
        .unwrap();
    let remote = bench.remote_at("D");
    let entries = remote.list_recursive(&RemotePath::root(), ListOptions::default());
    let entries: Vec<Entry> = entries.try_collect().await.unwrap();
    let file = entries.iter().find(|entry| !entry.is_directory()).unwrap();
    let (content, requests) = bench.counted(remote.read_bytes(&file.path, 100)).await;
    assert_eq!((content.unwrap(), requests), ("content".into(), 1));
}
