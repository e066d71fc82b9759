//! Changes that take several requests and whose caller goes away in the middle.
//!
//! Cases, for every request from the first change on: the future is dropped while the request is held back, and the service goes on afterwards. The change is
//! brought to its end, and nothing temporary is left; a link that is to be protected does not stay open. A copy that is cancelled waits for it.
//!
//! Not simulated: the end of the runtime or the process, which leaves a file with a temporary name.

use std::time::{Duration, Instant, SystemTime};

use remote_core::{error::ErrorKind, operation::WriteOptions, remote::RemoteExt as _};
use remote_emulator::fault::{Fault, FaultAction};
use remote_transfer::{Cancel, Location, TransferOptions, copy};
use tests::{
    changes::{Change, TEMPORARY, Tree, links, tree},
    koofr::{Bench, path},
};

/// How many requests of a change pass before the first one that has to be followed by others.
fn requests_before(change: Change) -> u64 {
    match change {
        Change::CopyOver | Change::RenameOver => 3,
        _ => 1,
    }
}

/// How many requests follow one upon another until the change is made and tidied up after.
fn requests_within(change: Change) -> u64 {
    match change {
        Change::SetModified => 4,
        Change::CopyOver | Change::RenameOver => 3,
        _ => 2,
    }
}

async fn until(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_true().await {
        assert!(Instant::now() < deadline, "{what} does not come");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn temporary(tree: &Tree) -> Vec<&String> {
    tree.keys()
        .filter(|path| path.contains(TEMPORARY))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_has_begun_is_brought_to_its_end() {
    for change in Change::IN_STEPS {
        let first = requests_before(change);
        for step in first..first + requests_within(change) {
            let bench = Bench::start().await;
            let service = bench.service();
            change.prepare(service);
            let before = tree(service);
            let remote = bench.remote();
            remote.mount_id().await.unwrap();
            let hold = service
                .faults()
                .hold(Fault::new(FaultAction::Hold).skip(step));
            let changing = tokio::spawn(async move { change.make(&remote).await });
            hold.wait_for(1).await;
            changing.abort();
            assert!(changing.await.unwrap_err().is_cancelled());
            hold.release_all();
            let what = format!("{change:?}, dropped in request {step}");
            until(&what, async || {
                temporary(&tree(service)).is_empty() && change.was_made(&bench, &before).await
            })
            .await;
            assert_eq!(tree(service), change.after(before), "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_to_be_protected_does_not_stay_open() {
    // Held: the making of the link, and its protection.
    for step in 1..=2 {
        let bench = Bench::start().await;
        Change::ProtectedLink.prepare(bench.service());
        let remote = bench.remote();
        remote.mount_id().await.unwrap();
        let hold = bench
            .service()
            .faults()
            .hold(Fault::new(FaultAction::Hold).skip(step));
        let linking = tokio::spawn(async move { Change::ProtectedLink.make(&remote).await });
        hold.wait_for(1).await;
        linking.abort();
        assert!(linking.await.unwrap_err().is_cancelled());
        hold.release_all();
        until("the protection", async || {
            let links = links(&bench).await;
            !links.is_empty() && links.iter().all(|link| link.common.has_password)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_cancelled_leaves_no_file_without_its_place() {
    let bench = Bench::start().await;
    let service = bench.service();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("f"), "content").unwrap();
    let options = WriteOptions::default().with_modified(SystemTime::UNIX_EPOCH);
    let remote = bench.remote();
    remote
        .write_bytes(&path("b/f"), "content", options)
        .await
        .unwrap();
    // Held: the file under its temporary name is about to take its place.
    let hold = service
        .faults()
        .hold(Fault::new(FaultAction::Hold).on("files/move").skip(1));
    let cancel = Cancel::new();
    let options = TransferOptions::default().with_cancel(cancel.clone());
    let (from, to) = (
        Location::local(folder.path()),
        Location::remote(bench.shared(), path("b")),
    );
    let copying = copy(&from, &to, &options);
    let cancelling = async {
        hold.wait_for(1).await;
        cancel.cancel();
        hold.release_all();
    };
    let (stopped, ()) = futures::join!(copying, cancelling);
    assert_eq!(stopped.unwrap_err().error().kind(), ErrorKind::Cancelled);
    let tree = tree(service);
    assert_eq!(temporary(&tree), Vec::<&String>::new());
    assert_eq!(tree.get("/b/f"), Some(&Some("content".to_owned())));
    let entry = service.entry("primary", "/b/f").unwrap().unwrap();
    assert_ne!(entry.modified, 0, "the time is that of the source");
}
