//! Copies and renames whose first answer is lost, with something at the target that was there before.
//!
//! Cases, each with the answer lost after and before the request was carried out:
//!
//! * the source was never there: "not found", and the target is left alone;
//! * the source goes away while the answer is looked for: no success, since the target is another entry; the same for directories;
//! * the request is carried out only after the look, so that its repetition finds the target made: success.
//!
//! A target with the content and time that a copy gives it counts as copied.

use std::time::Duration;

use remote_core::{
    error::{Effect, ErrorKind},
    operation::{CopyOptions, RenameOptions, TargetMode},
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::fault::{Fault, FaultAction, FaultAnswer};
use tests::{
    changes::{Change, tree},
    koofr::{Bench, path},
};

fn losses() -> [FaultAction; 3] {
    [
        FaultAction::CommitThenClose,
        FaultAction::CommitThenAnswer(FaultAnswer::new(504)),
        FaultAction::Close,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_was_never_there_is_not_found_whatever_is_at_the_target() {
    for loss in losses() {
        for target in [TargetMode::CreateNew, TargetMode::Replace] {
            for there in ["d/other", "d/tree"] {
                let bench = Bench::start().await;
                let service = bench.service();
                Change::RenameOver.prepare(service);
                let before = tree(service);
                let remote = bench.remote();
                for endpoint in ["files/move", "files/copy"] {
                    service.faults().push(Fault::new(loss.clone()).on(endpoint));
                }
                let (from, to) = (path("d/missing"), path(there));
                let options = RenameOptions::default().with_target(target);
                let error = remote.rename(&from, &to, options).await.unwrap_err();
                assert_eq!(
                    (error.kind(), error.effect()),
                    (ErrorKind::NotFound, Effect::NotMade),
                    "{loss:?} {target:?}: {error:?}"
                );
                let options = CopyOptions::default().with_target(target);
                let error = remote.copy(&from, &to, options).await.unwrap_err();
                assert_ne!(error.effect(), Effect::Made, "{error:?}");
                assert_eq!(tree(service), before, "{loss:?} {target:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_goes_away_while_the_answer_is_looked_for_is_not_taken_for_moved() {
    for (from, to) in [("d/old", "d/other"), ("d/tree", "d/empty")] {
        let bench = Bench::start().await;
        let service = bench.service();
        Change::RenameOver.prepare(service);
        // Two folders that were made at the same moment cannot be told apart.
        service.clock().advance(Duration::from_secs(1));
        let later = format!("/{to}");
        bench
            .remote()
            .remove_dir_all(&path("d/empty"))
            .await
            .unwrap();
        service.create_dir("primary", "/d/empty").unwrap();
        let target = service.entry("primary", &later).unwrap();
        let remote = bench.remote();
        remote.mount_id().await.unwrap();
        service
            .faults()
            .push(Fault::new(FaultAction::Close).on("files/move"));
        let look = Fault::new(FaultAction::Hold).on("files/info");
        let hold = service
            .faults()
            .hold(look.query_contains(format!("path={later}")));
        let (from, to) = (path(from), path(to));
        let renaming = remote.rename(&from, &to, RenameOptions::default());
        let somebody = bench.remote();
        let meddling = async {
            hold.wait_for(1).await;
            somebody.remove_dir_all(&from).await.ok();
            somebody.remove_file(&from).await.ok();
            hold.release_all();
        };
        let (renamed, ()) = futures::join!(renaming, meddling);
        let error = renamed.unwrap_err();
        assert_ne!(error.effect(), Effect::Made, "{error:?}");
        assert!(!somebody.exists(&from).await.unwrap());
        assert_eq!(service.entry("primary", &later).unwrap(), target);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_that_replaces_takes_six_requests_and_a_plain_one_two() {
    for (change, expected) in [
        (Change::RenameFile, 2),
        (Change::RenameDir, 2),
        (Change::RenameCase, 3),
        (Change::RenameOver, 6),
        (Change::CopyFile, 2),
        (Change::CopyOver, 7),
        (Change::SetModified, 6),
    ] {
        let bench = Bench::start().await;
        change.prepare(bench.service());
        let remote = bench.remote();
        remote.mount_id().await.unwrap();
        let (made, requests) = bench.counted(change.make(&remote)).await;
        made.unwrap();
        assert_eq!(requests, expected, "{change:?}");
    }
}
