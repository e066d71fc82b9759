//! Every call that changes something, against the ways in which its answer can be lost.
//!
//! For each call and each of its requests: the change is made and the connection closes without an answer; the change is made and a 500 comes (seen with moves);
//! the connection closes before; a 500. Once, the call succeeds and the tree is the right one, as if nothing had happened. Always, it fails, and what it says
//! about its effect is true.

use std::{collections::BTreeMap, fmt};

use jotta_api::JottaRemote;
use remote_core::{
    error::{Effect, Error},
    operation::{CopyOptions, RenameOptions, TargetMode, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::{
    fault::{Fault, FaultAction, FaultAnswer},
    jotta::{JottaSettings, OntoLive},
};
use tests::{
    jotta::JottaBench,
    koofr::path,
    matrix::{self, Cell},
};

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

/// The trees before a call that nothing disturbs, and after it.
async fn undisturbed(change: Change) -> (Tree, Tree) {
    let (bench, remote) = start().await;
    let before = tree(&bench);
    change.make(&remote).await.unwrap();
    (before, tree(&bench))
}

/// A call, and the one of its requests that meets the fault.
#[derive(Clone, Copy)]
struct Step {
    change: Change,
    endpoint: &'static str,
}

impl Step {
    fn all() -> Vec<Self> {
        let steps = |change: Change| {
            let endpoints = change.endpoints().iter();
            endpoints.map(move |endpoint| Self { change, endpoint })
        };
        Change::ALL.into_iter().flat_map(steps).collect()
    }

    fn fault(self, loss: Loss) -> Fault {
        Fault::new(loss.action()).on(self.endpoint)
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.change, self.endpoint)
    }
}

async fn once(step: Step, loss: Loss) -> Cell {
    let (_, expected) = undisturbed(step.change).await;
    let (bench, remote) = start().await;
    bench.service().log().clear();
    bench.service().faults().push(step.fault(loss));
    let result = step.change.make(&remote).await;
    let mut cell = Cell::once(&result, bench.requests());
    cell.check(bench.service().faults().pending().is_empty(), || {
        "the fault was not met".to_owned()
    });
    let now = tree(&bench);
    cell.check(now == expected, || format!("the tree is {now:#?}"));
    cell
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_once_changes_nothing_about_the_result() {
    matrix::try_all(&Step::all(), &Loss::ALL, once).await;
}

async fn lasting(step: Step, loss: Loss) -> Cell {
    let (before, after) = undisturbed(step.change).await;
    let (bench, remote) = start().await;
    let faults = bench.service().faults();
    faults.push(step.fault(loss).always());
    // From then on nothing can be looked at either.
    let dark = Fault::new(FaultAction::Answer(FaultAnswer::new(500))).on("jfs/info");
    faults.push(dark.skip(3).always());
    let result = step.change.make(&remote).await;
    faults.clear();
    let now = tree(&bench);
    // An error of a call of several changes may come behind some of them.
    let was_made = match result {
        Ok(()) => now == after,
        Err(_) => now != before,
    };
    Cell::lasting(&result, was_made, now == before)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_failed_call_says_about_its_effect_is_true() {
    matrix::try_all(&Step::all(), &Loss::ALL, lasting).await;
}

#[tokio::test]
async fn what_was_set_aside_is_never_put_over_what_may_have_arrived() {
    let lost = [
        (FaultAction::CommitThenClose, true),
        (FaultAction::Close, false),
    ];
    for (action, has_arrived) in lost {
        let (bench, _) = start().await;
        let settings = |settings: &mut JottaSettings| settings.move_onto_live = OntoLive::Replace;
        bench.service().change_settings(settings);
        let remote = bench.remote();
        let faults = bench.service().faults();
        faults.push(Fault::new(action).on("jfs/mv").skip(1));
        // One round of looks finds nothing out; then everything works again.
        let dark = Fault::new(FaultAction::Answer(FaultAnswer::new(500))).on("jfs/info");
        faults.push(dark.skip(2).times(4));
        let error = Change::RenameReplacing.make(&remote).await.unwrap_err();
        assert!(faults.pending().is_empty());
        let content = |path: &str| bench.service().read(path).unwrap().unwrap();
        if has_arrived {
            assert_eq!(error.effect(), Effect::Unknown, "{error:?}");
            assert_eq!(content("/Jotta/Archive/dir/inner"), "the file");
            let mut left = bench.service().entries("/Jotta/Archive/dir");
            left.retain(|entry| entry.path.contains(".remote-tmp-") && entry.deleted.is_none());
            assert_eq!(content(&left[0].path), "the inner file");
        } else {
            assert_eq!(error.effect(), Effect::NotMade, "{error:?}");
            assert_eq!(content("/Jotta/Archive/dir/inner"), "the inner file");
            assert_eq!(content("/Jotta/Archive/file"), "the file");
        }
    }
}
