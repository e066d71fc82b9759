//! Replacing files with `no_versions`: the content that is removed for good is never the only one.
//!
//! Cases: each step fails; each answer is lost while nothing can be looked at, and everything works again afterwards.

use bytes::Bytes;
use remote_core::{
    error::{Effect, report},
    operation::WriteOptions,
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::fault::{Fault, FaultAction, FaultAnswer};
use tests::{jotta::JottaBench, koofr::path};

/// The contents of the live files of a folder.
fn contents(bench: &JottaBench, folder: &str) -> Vec<Bytes> {
    let all = bench.service().entries(folder);
    all.iter()
        .filter(|entry| entry.deleted.is_none() && entry.current().is_some())
        .filter_map(|entry| bench.service().read(&entry.path).unwrap())
        .collect()
}

#[tokio::test]
async fn without_versions_there_is_always_one_content() {
    let bench = JottaBench::start().await;
    let remote = bench.builder().no_versions(true).build();
    let file = path("dir/a");
    remote
        .write_bytes(&file, "first", WriteOptions::default())
        .await
        .unwrap();
    remote
        .write_bytes(&file, "second", WriteOptions::default())
        .await
        .unwrap();
    let entry = bench.service().entry("/Jotta/Archive/dir/a").unwrap();
    assert_eq!(entry.revisions.len(), 1);
    assert_eq!(bench.service().trash_count(), 0);
    // Whatever step fails, one of the two contents is there.
    for endpoint in ["files/allocate", "upload", "jfs/rm", "jfs/mv"] {
        let new = format!("new by {endpoint}");
        let broken = Fault::new(FaultAction::Answer(FaultAnswer::new(500))).on(endpoint);
        bench.service().faults().push(broken.always());
        let outcome = remote
            .write_bytes(&file, new.clone(), WriteOptions::default())
            .await;
        bench.service().faults().clear();
        assert!(outcome.is_err(), "{endpoint}");
        assert!(
            !contents(&bench, "/Jotta/Archive/dir").is_empty(),
            "{endpoint}: nothing is left"
        );
        // Tidy up for the next round.
        remote.remove_dir_all(&path("dir")).await.unwrap();
        remote
            .write_bytes(&file, "second", WriteOptions::default())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_removal_whose_answer_is_lost_never_takes_the_last_content_with_it() {
    for action in [
        FaultAction::CommitThenClose,
        FaultAction::CommitThenAnswer(FaultAnswer::new(500)),
        FaultAction::Close,
    ] {
        let was_made = action != FaultAction::Close;
        let bench = JottaBench::start().await;
        let remote = bench.builder().no_versions(true).build();
        bench
            .service()
            .write("/Jotta/Archive/dir/a", "old")
            .unwrap();
        let faults = bench.service().faults();
        faults.push(Fault::new(action).on("jfs/rm"));
        // One round of looks finds nothing out; then everything works again.
        let dark = Fault::new(FaultAction::Answer(FaultAnswer::new(500))).on("jfs/info");
        faults.push(dark.skip(1).times(4));
        let error = remote
            .write_bytes(&path("dir/a"), "new", WriteOptions::default())
            .await
            .unwrap_err();
        assert!(faults.pending().is_empty());
        let left = contents(&bench, "/Jotta/Archive/dir");
        assert!(left.contains(&Bytes::from("new")), "{left:?}");
        assert_eq!(left.contains(&Bytes::from("old")), !was_made, "{left:?}");
        assert_eq!(error.effect(), Effect::Unknown);
        assert!(
            report(&error).contains(".remote-tmp-"),
            "{}",
            report(&error)
        );
    }
}
