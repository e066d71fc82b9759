//! Folders of more entries than are held until all pages are there: told page by page, complete whatever happens to a page.

use std::collections::BTreeSet;

use futures::{StreamExt as _, TryStreamExt as _};
use remote_core::{
    entry::Entry,
    error::{ErrorKind, Result},
    operation::{ListOptions, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::{
    acd::{AcdConfig, PlantedNode},
    fault::{Fault, FaultAction},
    koofr::TreeConfig,
};
use tests::acd::{Bench, path};

const FILES: usize = 3_000;
const FOLDER: &str = "tree/folder-000000";

/// One folder of so many files.
async fn bench() -> Bench {
    Bench::with(AcdConfig::default().tree(TreeConfig::new(FILES as u64 + 1).folders(1))).await
}

fn names(entries: &[Entry]) -> BTreeSet<String> {
    entries.iter().map(|entry| entry.path.to_string()).collect()
}

#[tokio::test]
async fn a_large_folder_is_told_before_all_of_it_is_asked_for() {
    let bench = bench().await;
    let remote = bench.remote();
    remote.stat(&path(FOLDER)).await.unwrap();
    for recursive in [false, true] {
        let options = ListOptions::default();
        let mut listing = match recursive {
            true => remote.list_recursive(&path(FOLDER), options),
            false => remote.list(&path(FOLDER), options),
        };
        let (first, requests) = bench.counted(listing.next()).await;
        first.unwrap().unwrap();
        // Five pages are held back, and with the sixth it is clear that there are many. A tree asks ahead by one.
        assert!((6..=7).contains(&requests), "{requests} requests");
        let rest: Vec<_> = listing.try_collect().await.unwrap();
        assert_eq!(names(&rest).len(), FILES - 1);
        assert_eq!(bench.requests(), FILES as u64 / 200);
    }
}

#[tokio::test]
async fn a_page_that_fails_makes_a_large_folder_neither_short_nor_longer() {
    let bench = bench().await;
    let remote = bench.remote();
    for skipped in [0, 3, 5, 9, 13] {
        let fault = Fault::new(FaultAction::status(500)).query_contains("startToken");
        bench.service().faults().push(fault.skip(skipped));
        let listed = remote.list_all(&path(FOLDER)).await.unwrap();
        assert_eq!((listed.len(), names(&listed).len()), (FILES, FILES));
    }
    // Asked for again, the service would leave these pages out.
    let mut listing = remote.list(&path(FOLDER), ListOptions::default());
    let first = listing.next().await.unwrap().unwrap();
    bench
        .service()
        .change_settings(|settings| settings.drop_pages = 2);
    let mut listed: Vec<_> = listing.try_collect().await.unwrap();
    listed.push(first);
    assert_eq!((listed.len(), names(&listed).len()), (FILES, FILES));
}

#[tokio::test]
async fn whoever_takes_long_with_a_large_folder_gets_all_of_it() {
    let bench = bench().await;
    let remote = bench.remote();
    let mut listing = remote.list(&path(FOLDER), ListOptions::default());
    let mut listed = Vec::new();
    // More often than a page may fail.
    while let Some(entry) = listing.next().await {
        if listed.len() % 100 == 0 {
            bench.service().expire_page_tokens();
        }
        listed.push(entry.unwrap());
    }
    assert_eq!((listed.len(), names(&listed).len()), (FILES, FILES));
}

#[tokio::test]
async fn a_large_folder_with_a_page_that_never_comes_ends_with_an_error() {
    let bench = bench().await;
    let remote = bench.remote();
    for (fault, kind) in [
        (FaultAction::status(500), ErrorKind::Service),
        (FaultAction::status(404), ErrorKind::Protocol),
    ] {
        let mut listing = remote.list(&path(FOLDER), ListOptions::default());
        let listed: Vec<Entry> = listing.by_ref().take(2_000).try_collect().await.unwrap();
        assert_eq!(listed.len(), 2_000);
        bench
            .service()
            .faults()
            .push(Fault::new(fault).query_contains("startToken").always());
        let (rest, requests) = bench.counted(listing.collect::<Vec<_>>()).await;
        let (last, entries) = rest.split_last().unwrap();
        assert_eq!(last.as_ref().unwrap_err().kind(), kind);
        assert!(entries.iter().all(Result::is_ok));
        assert!(listed.len() + entries.len() < FILES);
        assert!(requests <= 10, "{requests} requests");
        bench.service().faults().clear();
    }
}

#[tokio::test]
async fn two_things_of_one_name_in_a_large_folder_are_an_error() {
    let bench = bench().await;
    let remote = bench.remote();
    let folder = remote.node_id(&path(FOLDER)).await.unwrap();
    let twin = PlantedNode::file(Some("file-002500.txt"), &[&folder], "other");
    bench.service().plant(twin).unwrap();
    for listing in [
        remote.list(&path(FOLDER), ListOptions::default()),
        remote.list_recursive(&path("tree"), ListOptions::default()),
    ] {
        let error = listing.try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains("file-002500.txt"), "{error}");
    }
}

#[tokio::test]
async fn what_we_did_in_a_large_folder_shows_at_once() {
    const FILES: usize = 1_300;
    let bench = Bench::start().await;
    for number in 0..FILES {
        let file = format!("/d/{number}");
        bench.service().write(&file, "x").unwrap();
    }
    let remote = bench.remote();
    bench
        .service()
        .faults()
        .push(Fault::new(FaultAction::DelayVisibility { ms: 60_000 }).on("content/upload"));
    let new = path("d/new");
    let write = remote.write_bytes(&new, "x", WriteOptions::default());
    write.await.unwrap();
    bench
        .service()
        .change_settings(|settings| settings.index_lag_ms = 60_000);
    remote.remove_file(&path("d/1200")).await.unwrap();
    let listed = remote.list_all(&path("d")).await.unwrap();
    let names = names(&listed);
    assert_eq!(names.len(), FILES);
    assert!(names.contains("d/new") && !names.contains("d/1200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn few_calls_that_are_not_about_contents_are_under_way_at_the_same_time() {
    const LIMIT: usize = acd_api::builder::DEFAULT_METADATA_CALLS;
    let bench = bench().await;
    let remote = bench.remote();
    remote.stat(&path(FOLDER)).await.unwrap();
    bench.service().log().clear();
    let hold = bench
        .service()
        .faults()
        .hold(Fault::new(FaultAction::Hold).on("nodes/list"));
    let looks = (0..3 * LIMIT).map(|number| {
        let remote = remote.clone();
        tokio::spawn(async move {
            let file = path(&format!("{FOLDER}/file-{number:06}.txt"));
            remote.stat(&file).await
        })
    });
    let looks: Vec<_> = looks.collect();
    hold.wait_for(LIMIT as u64).await;
    // Another client comes through, so that one more of these would have come as well.
    bench.client().quota().await.unwrap();
    assert_eq!(
        bench.service().log().count("GET", "nodes/list"),
        LIMIT as u64
    );
    drop(hold);
    for look in looks {
        look.await.unwrap().unwrap();
    }
}
