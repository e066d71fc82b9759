//! Listings that break off or lie, names that another program stored, downloads that are damaged.
//!
//! Cases: a streamed listing cut at every place; one that ends properly within an element; a count that does not match; a folder listing cut; an unreachable
//! service is covered by the conformance suite. A root spelled in another case. A damaged body of a known file; a file that was replaced behind our back.

use futures::TryStreamExt as _;
use remote_core::{
    entry::Entry,
    error::{ErrorKind, Result},
    operation::{ListOptions, ReadOptions, WriteOptions},
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::fault::{Fault, FaultAction};
use tests::{jotta::JottaBench, koofr::path};

async fn all(remote: &jotta_api::JottaRemote, dir: &str) -> Result<Vec<Entry>> {
    let entries = remote.list_recursive(&path(dir), ListOptions::default());
    entries.try_collect().await
}

async fn filled() -> JottaBench {
    let bench = JottaBench::start().await;
    for index in 0..30 {
        let file = format!("/Jotta/Archive/Backup/dir {}/file {index}", index % 4);
        bench
            .service()
            .write(&file, format!("content {index}"))
            .unwrap();
    }
    bench
        .service()
        .create_dir("/Jotta/Archive/Backup/empty/inner")
        .unwrap();
    bench
}

#[tokio::test]
async fn a_tree_that_breaks_off_is_an_error_wherever_it_does() {
    let bench = filled().await;
    let remote = bench.remote();
    assert_eq!(all(&remote, "Backup").await.unwrap().len(), 30 + 4 + 2);
    let mut lengths = Vec::new();
    for after in (1..6000).step_by(397) {
        let cut = FaultAction::CutResponse { after };
        bench
            .service()
            .faults()
            .push(Fault::new(cut).on("jfs/liststream").always());
        let outcome = all(&remote, "Backup").await;
        bench.service().faults().clear();
        match outcome {
            Err(error) => assert!(
                matches!(error.kind(), ErrorKind::Transport | ErrorKind::Protocol),
                "{after}: {error:?}"
            ),
            Ok(entries) => lengths.push(entries.len()),
        }
    }
    // Cuts behind the end cut nothing.
    assert!(lengths.iter().all(|length| *length == 36), "{lengths:?}");
}

#[tokio::test]
async fn a_folder_listing_that_breaks_off_is_an_error() {
    let bench = filled().await;
    let remote = bench.remote();
    remote.stat(&RemotePath::root()).await.unwrap();
    for after in [10, 500, 1500] {
        let cut = FaultAction::CutResponse { after };
        bench
            .service()
            .faults()
            .push(Fault::new(cut).on("jfs/info").always());
        let error = remote.list_all(&path("Backup/dir 1")).await.unwrap_err();
        bench.service().faults().clear();
        assert_eq!(error.kind(), ErrorKind::Transport, "{after}");
    }
    // Once is not enough to fail.
    let cut = FaultAction::CutResponse { after: 500 };
    bench
        .service()
        .faults()
        .push(Fault::new(cut).on("jfs/info"));
    assert!(remote.list_all(&path("Backup/dir 1")).await.is_ok());
}

#[tokio::test]
async fn a_root_in_another_case_finds_its_entries() {
    let bench = filled().await;
    let remote = bench.remote_at("bACKUP/DIR 1");
    let entries = all(&remote, "").await.unwrap();
    assert!(!entries.is_empty() && entries.iter().all(Entry::is_file));
    let listed = remote.list_all(&RemotePath::root()).await.unwrap();
    assert_eq!(listed.len(), entries.len());
}

#[tokio::test]
async fn a_page_instead_of_a_listing_is_no_empty_folder() {
    let bench = filled().await;
    let remote = bench.remote();
    remote.stat(&RemotePath::root()).await.unwrap();
    for endpoint in ["jfs/liststream", "jfs/info"] {
        bench
            .service()
            .faults()
            .push(Fault::new(FaultAction::Html).on(endpoint).always());
        let error = match endpoint {
            "jfs/info" => remote.list_all(&path("Backup")).await.unwrap_err(),
            _ => all(&remote, "Backup").await.unwrap_err(),
        };
        bench.service().faults().clear();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{endpoint}");
    }
}

#[tokio::test]
async fn a_damaged_body_of_a_known_file_is_noticed() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    let file = path("a");
    remote
        .write_bytes(&file, vec![7; 100_000], WriteOptions::default())
        .await
        .unwrap();
    let damage = FaultAction::CorruptBody { at: 50_000 };
    bench
        .service()
        .faults()
        .push(Fault::new(damage).on("jfs/bin"));
    let error = remote.read_bytes(&file, 200_000).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    assert!(remote.read_bytes(&file, 200_000).await.is_ok());
}

#[tokio::test]
async fn a_file_replaced_behind_our_back_is_read_anew() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    let file = path("a");
    let old = remote
        .write_bytes(&file, "first content", WriteOptions::default())
        .await
        .unwrap();
    // Of another size: noticed with the head of the answer.
    bench
        .service()
        .write("/Jotta/Archive/a", "another")
        .unwrap();
    assert_eq!(remote.read_bytes(&file, 100).await.unwrap(), "another");
    // Of the same size: noticed at the end.
    bench
        .service()
        .write("/Jotta/Archive/a", "ANOTHER")
        .unwrap();
    let error = remote.read_bytes(&file, 100).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    assert_eq!(remote.read_bytes(&file, 100).await.unwrap(), "ANOTHER");
    let options = ReadOptions::default().with_if_match(old.tag.unwrap());
    let error = match remote.read(&file, options).await {
        Ok(download) => download.bytes(100).await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_resumed_and_verified() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    let file = path("a");
    let content: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    remote
        .write_bytes(&file, content.clone(), WriteOptions::default())
        .await
        .unwrap();
    for after in [0, 1, 100_000, 299_999] {
        bench
            .service()
            .faults()
            .push(Fault::new(FaultAction::CutResponse { after }).on("jfs/bin"));
        assert_eq!(
            remote.read_bytes(&file, 1 << 20).await.unwrap(),
            content,
            "{after}"
        );
    }
    // A range that is ignored is cut out of the whole.
    bench
        .service()
        .faults()
        .push(Fault::new(FaultAction::IgnoreRange).on("jfs/bin"));
    let options = ReadOptions::default().with_range(1000..2000);
    let part = remote
        .read(&file, options)
        .await
        .unwrap()
        .bytes(2000)
        .await
        .unwrap();
    assert_eq!(part, content[1000..2000]);
}
