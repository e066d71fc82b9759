//! Changes that take several requests and whose caller goes away in the middle.
//!
//! Cases: for each request of the change, the future is dropped while the request is held back, and the service goes on afterwards. The change is brought to its
//! end, and nothing temporary is left.
//!
//! Not simulated: the end of the runtime or the process, which leaves a file with a temporary name.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime},
};

use jotta_api::JottaRemote;
use remote_core::{
    error::Error,
    operation::{CopyOptions, RenameOptions, TargetMode, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::fault::{Fault, FaultAction};
use tests::{jotta::JottaBench, koofr::path};

#[derive(Clone, Copy, Debug)]
enum Change {
    CopyWithTime,
    RenameCase,
    RenameReplacing,
    WriteWithoutVersions,
}

impl Change {
    /// The requests that change something, in order: endpoint, and how many of it come before.
    fn requests(self) -> &'static [(&'static str, u64)] {
        match self {
            Self::CopyWithTime => &[("jfs/cp", 0), ("jfs/cphash", 0)],
            Self::RenameCase => &[("jfs/mv", 0), ("jfs/mv", 1)],
            Self::RenameReplacing => &[("jfs/mv", 0), ("jfs/mv", 1), ("jfs/dl", 0)],
            Self::WriteWithoutVersions => &[("jfs/rm", 0), ("jfs/mv", 0)],
        }
    }

    async fn make(self, remote: &JottaRemote) -> Result<(), Error> {
        let (one, other) = (path("d/one"), path("d/other"));
        let replace = RenameOptions::default().with_target(TargetMode::Replace);
        match self {
            Self::CopyWithTime => {
                let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000);
                let options = CopyOptions::default().with_modified(time);
                remote.copy(&one, &path("copy"), options).await.map(drop)
            }
            Self::RenameCase => remote.rename(&one, &path("d/ONE"), replace).await.map(drop),
            Self::RenameReplacing => remote.rename(&one, &other, replace).await.map(drop),
            Self::WriteWithoutVersions => {
                let options = WriteOptions::default();
                remote.write_bytes(&one, "new", options).await.map(drop)
            }
        }
    }
}

async fn start() -> (JottaBench, JottaRemote) {
    let bench = JottaBench::start().await;
    for (file, content) in [("d/one", "1"), ("d/other", "2")] {
        let file = format!("/Jotta/Archive/{file}");
        bench.service().write(&file, content).unwrap();
    }
    let remote = bench.builder().no_versions(true).build();
    (bench, remote)
}

/// The live files with content and, where it is an old one, time.
fn tree(bench: &JottaBench) -> BTreeMap<String, String> {
    let entries = bench.service().entries("/Jotta/Archive");
    let live = entries.iter().filter(|entry| entry.deleted.is_none());
    live.filter_map(|entry| {
        let content = entry.current()?;
        let time = Some(content.modified).filter(|time| *time < 1_600_000_000_000);
        Some((entry.path.clone(), format!("{} {time:?}", content.md5)))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_has_begun_is_brought_to_its_end() {
    for change in [
        Change::CopyWithTime,
        Change::RenameCase,
        Change::RenameReplacing,
        Change::WriteWithoutVersions,
    ] {
        let (bench, remote) = start().await;
        change.make(&remote).await.unwrap();
        let expected = tree(&bench);
        for (endpoint, before) in change.requests() {
            let (bench, remote) = start().await;
            let held = Fault::new(FaultAction::Hold).on(*endpoint).skip(*before);
            let hold = bench.service().faults().hold(held);
            let changing = tokio::spawn(async move { change.make(&remote).await });
            hold.wait_for(1).await;
            changing.abort();
            assert!(changing.await.unwrap_err().is_cancelled());
            hold.release_all();
            let deadline = Instant::now() + Duration::from_secs(30);
            while tree(&bench) != expected {
                assert!(
                    Instant::now() < deadline,
                    "{change:?}, dropped in {endpoint} {before}: {:?}",
                    tree(&bench)
                );
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}
