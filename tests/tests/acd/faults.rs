//! What the service does wrong, and what others do at the same time.
//!
//! Late uploads: stored and answered with an error, visible at once or later, with other bytes or another size. Listings: lost pages, pages that lead in a circle, nodes that do
//! not belong, folders in a circle, two things of one name. Tokens: refused on both hosts, once and for good. Others: renames and moves behind our back. Downloads: redirects,
//! temporary links that end.

use std::time::Duration;

use futures::TryStreamExt as _;
use remote_core::{
    error::{ErrorKind, Result},
    operation::{ListOptions, RemoveOutcome, WriteOptions},
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::{
    acd::{LateUpload, PlantedNode, StoredAs},
    fault::{Fault, FaultAction, FaultAnswer},
};
use tests::acd::{Bench, path};

async fn all(bench: &Bench) -> Result<Vec<String>> {
    let remote = bench.remote();
    let listing = remote.list_recursive(&RemotePath::root(), ListOptions::default());
    let entries: Vec<_> = listing.try_collect().await?;
    let mut paths: Vec<String> = entries.iter().map(|entry| entry.path.to_string()).collect();
    paths.sort();
    Ok(paths)
}

#[tokio::test]
async fn a_file_that_appears_late_is_recognised_and_sent_once() {
    for status in [408, 500, 504] {
        let bench = Bench::start().await;
        let remote = bench
            .builder()
            .upload_wait(Duration::from_secs(5), Duration::from_millis(10))
            .build();
        remote.list_all(&path("")).await.unwrap();
        bench
            .service()
            .order_late_upload(LateUpload::new(status).visible_after_ms(300));
        let at = path("f");
        let entry = remote.write_bytes(&at, "content", WriteOptions::default());
        assert_eq!(entry.await.unwrap().size, Some(7), "{status}");
        assert_eq!(bench.service().log().count("POST", "content/upload"), 1);
    }
}

#[tokio::test]
async fn a_late_file_with_other_content_is_not_taken_for_ours() {
    for stored in [StoredAs::OtherBytes, StoredAs::OtherSize] {
        let bench = Bench::start().await;
        let remote = bench.remote();
        bench
            .service()
            .order_late_upload(LateUpload::new(504).stored(stored));
        let at = path("f");
        let entry = remote.write_bytes(&at, "content", WriteOptions::default());
        assert_eq!(entry.await.unwrap().size, Some(7));
        let stored = bench.service().read("/f").unwrap().unwrap();
        assert_eq!(stored, "content");
    }
}

#[tokio::test]
async fn a_file_that_is_still_processed_is_waited_for() {
    let bench = Bench::with_settings(|settings| {
        settings.processing_ms = 150;
        settings.pending_in_answers = true;
    })
    .await;
    let remote = bench
        .builder()
        .upload_wait(Duration::from_secs(5), Duration::from_millis(10))
        .build();
    let entry = remote
        .write_bytes(&path("f"), "content", WriteOptions::default())
        .await
        .unwrap();
    assert!(entry.hash.is_some());
}

#[tokio::test]
async fn listings_never_end_short() {
    let bench = Bench::start().await;
    let mut expected = vec!["d".to_owned()];
    for number in 0..25 {
        bench
            .service()
            .write(&format!("/d/f{number:02}"), "x")
            .unwrap();
        expected.push(format!("d/f{number:02}"));
    }
    bench.service().change_settings(|settings| {
        settings.page_size = 3;
        settings.drop_pages = 2;
        settings.bogus_children = true;
    });
    assert_eq!(all(&bench).await.unwrap(), expected);

    let expired = FaultAnswer::new(400).with_body(r#"{"message":"Next token is expired"}"#);
    let late = Fault::new(FaultAction::Answer(expired)).query_contains("startToken");
    bench.service().faults().push(late);
    assert_eq!(all(&bench).await.unwrap(), expected);

    bench.service().faults().push(
        Fault::new(FaultAction::status(500))
            .query_contains("startToken")
            .always(),
    );
    assert_eq!(all(&bench).await.unwrap_err().kind(), ErrorKind::Service);
    bench.service().faults().clear();

    bench
        .service()
        .change_settings(|settings| settings.repeat_page_tokens = true);
    assert_eq!(all(&bench).await.unwrap_err().kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn folders_in_a_circle_and_two_things_of_one_name_are_errors() {
    let bench = Bench::start().await;
    let service = bench.service();
    let outer = service.create_dir("/outer").unwrap();
    let inner = service.create_dir("/outer/inner").unwrap();
    service.add_parent(&outer, &inner).unwrap();
    let error = all(&bench).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("contains itself"), "{error}");

    let bench = Bench::start().await;
    let service = bench.service();
    let root = service.root_id();
    for content in ["one", "two"] {
        let file = PlantedNode::file(Some("same"), &[&root], content);
        service.plant(file).unwrap();
    }
    let remote = bench.remote();
    for kind in [
        remote.stat(&path("same")).await.unwrap_err().kind(),
        remote.list_all(&path("")).await.unwrap_err().kind(),
    ] {
        assert_eq!(kind, ErrorKind::Protocol);
    }
}

// A folder below itself is an error, one in two folders is a tree in two places.
#[tokio::test]
async fn a_folder_that_is_reached_twice_is_listed_in_both_places() {
    let bench = Bench::start().await;
    let service = bench.service();
    service.write("/a/shared/deep/f", "x").unwrap();
    let shared = service.entry("/a/shared").unwrap().id;
    let b = service.create_dir("/b").unwrap();
    service.add_parent(&shared, &b).unwrap();
    let expected = [
        "a",
        "a/shared",
        "a/shared/deep",
        "a/shared/deep/f",
        "b",
        "b/shared",
        "b/shared/deep",
        "b/shared/deep/f",
    ];
    assert_eq!(all(&bench).await.unwrap(), expected);
    let remote = bench.remote();
    for at in ["a/shared/deep/f", "b/shared/deep/f"] {
        assert_eq!(remote.read_bytes(&path(at), 10).await.unwrap(), "x");
    }
    remote.remove_dir_all(&path("b/shared")).await.unwrap();
    assert_eq!(
        all(&bench).await.unwrap(),
        [&expected[..4], &["b"]].concat()
    );
}

#[tokio::test]
async fn nodes_without_names_and_orphans_are_left_out() {
    let bench = Bench::start().await;
    let service = bench.service();
    let root = service.root_id();
    service
        .plant(PlantedNode::file(None, &[&root], "x"))
        .unwrap();
    service
        .plant(PlantedNode::file(Some("lost"), &["nowhere"], "x"))
        .unwrap();
    service.write("/f", "x").unwrap();
    assert_eq!(all(&bench).await.unwrap(), ["f"]);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_on_either_host() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    remote.list_all(&path("")).await.unwrap();
    // The content host says it by a 400.
    bench.service().clock().advance(Duration::from_secs(4000));
    let (written, requests) = bench
        .counted(remote.write_bytes(&path("f"), "content", WriteOptions::default()))
        .await;
    written.unwrap();
    let log = bench.service().log();
    assert_eq!(
        (
            requests,
            log.count("POST", "identity/token"),
            log.count("POST", "content/upload")
        ),
        (3, 1, 2)
    );
    bench.service().faults().push(
        Fault::new(FaultAction::status(401))
            .on("account/quota")
            .always(),
    );
    let (usage, requests) = bench.counted(remote.usage()).await;
    assert_eq!(usage.unwrap_err().kind(), ErrorKind::Authentication);
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn an_account_without_addresses_or_drive_is_told() {
    for (missing, kind) in [
        (true, ErrorKind::Protocol),
        (false, ErrorKind::PermissionDenied),
    ] {
        let bench = Bench::with_settings(|settings| {
            settings.endpoints_missing = missing;
            settings.customer_exists = missing;
        })
        .await;
        let error = bench.remote().stat(&path("f")).await.unwrap_err();
        assert_eq!(error.kind(), kind);
    }
}

#[tokio::test]
async fn what_others_have_moved_is_neither_removed_nor_overwritten() {
    let bench = Bench::start().await;
    let service = bench.service();
    let file = service.write("/a/f", "precious").unwrap();
    service.create_dir("/b").unwrap();
    let remote = bench.remote();
    for dir in ["", "a", "b"] {
        remote.list_all(&path(dir)).await.unwrap();
    }
    let (a, b) = (
        service.entry("/a").unwrap().id,
        service.entry("/b").unwrap().id,
    );
    service.move_to(&file, &a, &b).unwrap();
    let removed = remote.remove_file(&path("a/f")).await.unwrap();
    assert_eq!(removed, RemoveOutcome::Missing);
    assert_eq!(service.read("/b/f").unwrap().unwrap(), "precious");
    assert!(service.trash_list().is_empty());

    service.rename(&file, "g").unwrap();
    let error = remote.stat(&path("b/f")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        remote.read_bytes(&path("b/g"), 100).await.unwrap(),
        "precious"
    );
    // A folder that others rename keeps what is known of its inside.
    service.rename(&b, "c").unwrap();
    assert_eq!(remote.list_all(&path("c")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_hard_link_is_removed_from_one_folder_only() {
    let bench = Bench::start().await;
    let service = bench.service();
    let file = service.write("/a/f", "shared").unwrap();
    let b = service.create_dir("/b").unwrap();
    service.add_parent(&file, &b).unwrap();
    let remote = bench.remote();
    remote.remove_file(&path("a/f")).await.unwrap();
    assert!(service.entry("/a/f").is_none());
    assert_eq!(service.read("/b/f").unwrap().unwrap(), "shared");
    let rename = remote.remove_file(&path("b/f")).await.unwrap();
    assert_eq!(rename, RemoveOutcome::Removed);
}

#[tokio::test]
async fn large_files_come_from_the_storage_without_the_token() {
    let bench = Bench::with_settings(|settings| settings.redirect_from = 5).await;
    bench.service().write("/f", "hello world").unwrap();
    let remote = bench.remote();
    let content = remote.read_bytes(&path("f"), 100).await.unwrap();
    assert_eq!(content, "hello world");
    let at_storage = bench.service().requests();
    let at_storage = at_storage
        .iter()
        .find(|request| request.path.contains("/storage/"));
    assert!(at_storage.unwrap().header("authorization").is_none());
}

#[tokio::test]
async fn temporary_links_are_used_from_a_size_on_and_renewed_when_they_end() {
    let bench = Bench::start().await;
    bench.service().write("/f", "hello world").unwrap();
    let remote = bench.builder().templink_threshold(11).build();
    assert_eq!(
        remote.read_bytes(&path("f"), 100).await.unwrap(),
        "hello world"
    );
    assert_eq!(bench.service().log().count("GET", "templink"), 1);
    let ended = FaultAction::status(403);
    bench
        .service()
        .faults()
        .push(Fault::new(ended).on("templink"));
    assert_eq!(
        remote.read_bytes(&path("f"), 100).await.unwrap(),
        "hello world"
    );
    let never = bench.builder().templink_threshold(None).build();
    bench.service().log().clear();
    never.read_bytes(&path("f"), 100).await.unwrap();
    assert_eq!(bench.service().log().count("GET", "templink"), 0);
}
