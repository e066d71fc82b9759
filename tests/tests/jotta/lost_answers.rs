//! Every call that changes something, against the ways in which its answer can be lost.
//!
//! For each call and each of its requests: the change is made and the connection closes without an answer; the change is made and a 500 comes (seen with moves);
//! the connection closes before; a 500. Once, the call succeeds and the tree is the right one, as if nothing had happened. Always, it fails, and what it says
//! about its effect is true.

use std::collections::BTreeMap;

use jotta_api::JottaRemote;
use remote_core::{
    error::{Effect, Error},
    operation::{CopyOptions, RenameOptions, TargetMode, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::fault::{Fault, FaultAction, FaultAnswer};
use tests::{jotta::JottaBench, koofr::path};

/// A call that changes something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Change {
    Copy,
    CreateDir,
    Overwrite,
    RemoveDirAll,
    RemoveFile,
    RenameDir,
    RenameFile,
    RenameReplacing,
    SetModified,
    Write,
}

impl Change {
    const ALL: [Self; 10] = [
        Self::Copy,
        Self::CreateDir,
        Self::Overwrite,
        Self::RemoveDirAll,
        Self::RemoveFile,
        Self::RenameDir,
        Self::RenameFile,
        Self::RenameReplacing,
        Self::SetModified,
        Self::Write,
    ];

    /// The requests that change something.
    fn endpoints(self) -> &'static [&'static str] {
        match self {
            Self::Copy => &["jfs/cp"],
            Self::CreateDir => &["jfs/mkDir"],
            Self::Overwrite | Self::Write => &["files/allocate", "upload"],
            Self::RemoveDirAll => &["jfs/dlDir"],
            Self::RemoveFile => &["jfs/dl"],
            Self::RenameDir => &["jfs/mvDir"],
            Self::RenameFile => &["jfs/mv"],
            Self::RenameReplacing => &["jfs/mv", "jfs/dl"],
            Self::SetModified => &["jfs/cphash"],
        }
    }

    async fn make(self, remote: &JottaRemote) -> Result<(), Error> {
        let options = WriteOptions::default;
        let time =
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_500_000_000);
        match self {
            Self::Copy => remote
                .copy(&path("file"), &path("copy"), CopyOptions::default())
                .await
                .map(drop),
            Self::CreateDir => remote.create_dir(&path("made/inner")).await,
            Self::Overwrite => remote
                .write_bytes(&path("file"), "overwritten", options())
                .await
                .map(drop),
            Self::RemoveDirAll => remote.remove_dir_all(&path("dir")).await.map(drop),
            Self::RemoveFile => remote.remove_file(&path("file")).await.map(drop),
            Self::RenameDir => remote
                .rename(&path("dir"), &path("moved"), RenameOptions::default())
                .await
                .map(drop),
            Self::RenameFile => remote
                .rename(&path("file"), &path("moved"), RenameOptions::default())
                .await
                .map(drop),
            Self::RenameReplacing => {
                let replace = RenameOptions::default().with_target(TargetMode::Replace);
                remote
                    .rename(&path("file"), &path("dir/inner"), replace)
                    .await
                    .map(drop)
            }
            Self::SetModified => remote.set_modified(&path("file"), time).await.map(drop),
            Self::Write => remote
                .write_bytes(&path("new/file"), "a new content", options())
                .await
                .map(drop),
        }
    }
}

/// How the answer is lost.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Closed,
    Lost,
    MadeAnd500,
    Failed,
}

impl Loss {
    const ALL: [Self; 4] = [Self::Closed, Self::Failed, Self::Lost, Self::MadeAnd500];

    fn action(self) -> FaultAction {
        match self {
            Self::Closed => FaultAction::Close,
            Self::Lost => FaultAction::CommitThenClose,
            Self::MadeAnd500 => FaultAction::CommitThenAnswer(FaultAnswer::new(500)),
            Self::Failed => FaultAction::Answer(FaultAnswer::new(500)),
        }
    }
}

/// What is there: paths with size, hash and time of live files; times of files that were written by a call are left out, and so is the folder that the
/// announcement of a new file makes.
type Tree = BTreeMap<String, String>;

fn tree(bench: &JottaBench) -> Tree {
    let entries = bench.service().entries("/Jotta/Archive");
    let live = entries.into_iter().filter(|entry| entry.deleted.is_none());
    live.filter(|entry| entry.is_dir || entry.current().is_some())
        .filter(|entry| entry.path != "/Jotta/Archive/new")
        .map(|entry| {
            let about = entry.current().map(|content| {
                let time = if content.modified < 1_600_000_000_000 {
                    content.modified
                } else {
                    0
                };
                format!("{} {} {time}", content.size, content.md5)
            });
            (entry.path, about.unwrap_or_default())
        })
        .collect()
}

async fn start() -> (JottaBench, JottaRemote) {
    let bench = JottaBench::start().await;
    bench
        .service()
        .write("/Jotta/Archive/file", "the file")
        .unwrap();
    bench
        .service()
        .write("/Jotta/Archive/dir/inner", "the inner file")
        .unwrap();
    let remote = bench.remote();
    remote.stat(&path("dir")).await.unwrap();
    (bench, remote)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_once_changes_nothing_about_the_result() {
    for change in Change::ALL {
        let (bench, remote) = start().await;
        change.make(&remote).await.unwrap();
        let expected = tree(&bench);
        for endpoint in change.endpoints() {
            for loss in Loss::ALL {
                let (bench, remote) = start().await;
                bench
                    .service()
                    .faults()
                    .push(Fault::new(loss.action()).on(*endpoint));
                let outcome = change.make(&remote).await;
                assert!(
                    bench.service().faults().pending().is_empty(),
                    "{change:?} {endpoint}"
                );
                assert!(
                    outcome.is_ok(),
                    "{change:?} {endpoint} {loss:?}: {outcome:?}"
                );
                assert_eq!(tree(&bench), expected, "{change:?} {endpoint} {loss:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_failed_call_says_about_its_effect_is_true() {
    for change in Change::ALL {
        let (bench, remote) = start().await;
        let before = tree(&bench);
        change.make(&remote).await.unwrap();
        let after = tree(&bench);
        for endpoint in change.endpoints() {
            for loss in Loss::ALL {
                let (bench, remote) = start().await;
                bench
                    .service()
                    .faults()
                    .push(Fault::new(loss.action()).on(*endpoint).always());
                // From then on nothing can be looked at either.
                let dark = Fault::new(FaultAction::Answer(FaultAnswer::new(500))).on("jfs/info");
                bench.service().faults().push(dark.skip(3).always());
                let outcome = change.make(&remote).await;
                bench.service().faults().clear();
                let now = tree(&bench);
                let Err(error) = outcome else {
                    assert_eq!(now, after, "{change:?} {endpoint} {loss:?} succeeded");
                    continue;
                };
                match error.effect() {
                    Effect::NotMade => {
                        assert_eq!(now, before, "{change:?} {endpoint} {loss:?}: {error:?}");
                    }
                    Effect::Made => {
                        assert_ne!(now, before, "{change:?} {endpoint} {loss:?}: {error:?}");
                    }
                    _ => {}
                }
            }
        }
    }
}
