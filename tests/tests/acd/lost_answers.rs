//! Every call that changes something, against every way in which its answer can be lost, late or refused.
//!
//! One request meets the fault and all others are served; of a change that takes several steps, each in its turn:
//!
//! * the change is made and the connection closes without an answer, or a 504 comes in place of it;
//! * the change is made, the answer is lost, and queries show it late;
//! * the connection closes before the change is made; the request is held back until time is up and not carried out;
//! * a bare 500 or 503 before any effect, or 429 without effect.
//!
//! In each cell the call succeeds, the tree is the right one, nothing is in the trash that should not be, and a body is sent once if the change was made the
//! first time and twice if it was not.
//!
//! A second matrix has what lasts: every attempt fails, or the answer is lost and from then on nothing answers. There the error's effect is true: "not made" only
//! if nothing changed, "made" only if everything did.
//!
//! In a third one the caller goes away in the middle of a change of several steps, which is brought to its end.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

use acd_api::AcdRemote;
use remote_core::{
    error::Result,
    operation::{RenameOptions, TargetMode, WriteMode, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::{
    acd::AcdHandle,
    fault::{Fault, FaultAction, FaultAnswer},
};
use tests::{
    acd::{Bench, path, quick_remote},
    matrix::{self, Cell},
};

/// The contents of files and `None` for folders, by path.
type Tree = BTreeMap<String, Option<String>>;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Change {
    WriteOver,
    WriteNew,
    WriteCreate,
    WriteEmpty,
    CreateDeep,
    RemoveFile,
    RemoveDir,
    RemoveTree,
    RenameSame,
    RenameMove,
    RenameBoth,
    RenameDir,
    RenameCase,
    RenameBlocked,
    RenameTrashWay,
    RenameOver,
    RenameOverElsewhere,
    RemoveLink,
    Restore,
    RestoreAs,
}

impl Change {
    const ALL: [Self; 20] = [
        Self::WriteOver,
        Self::WriteNew,
        Self::WriteCreate,
        Self::WriteEmpty,
        Self::CreateDeep,
        Self::RemoveFile,
        Self::RemoveDir,
        Self::RemoveTree,
        Self::RenameSame,
        Self::RenameMove,
        Self::RenameBoth,
        Self::RenameDir,
        Self::RenameCase,
        Self::RenameBlocked,
        Self::RenameTrashWay,
        Self::RenameOver,
        Self::RenameOverElsewhere,
        Self::RemoveLink,
        Self::Restore,
        Self::RestoreAs,
    ];

    /// The requests that can meet the fault, the telling one first.
    fn steps(self) -> Vec<Step> {
        const CREATE: Step = Step("POST", "nodes/create", 0);
        const MOVE: Step = Step("POST", "children/move", 0);
        const OVERWRITE: Step = Step("PUT", "content/overwrite", 0);
        const PATCH: Step = Step("PATCH", "nodes/patch", 0);
        const RESTORE: Step = Step("POST", "trash/restore", 0);
        const TRASH: Step = Step("PUT", "trash/add", 0);
        const UNLINK: Step = Step("DELETE", "children/remove", 0);
        const UPLOAD: Step = Step("POST", "content/upload", 0);
        match self {
            Self::WriteOver => vec![OVERWRITE],
            Self::WriteNew | Self::WriteCreate | Self::WriteEmpty => vec![UPLOAD],
            Self::CreateDeep => vec![CREATE, CREATE.after(1), CREATE.after(2)],
            Self::RemoveFile | Self::RemoveDir | Self::RemoveTree => vec![TRASH],
            Self::RemoveLink => vec![UNLINK],
            Self::RenameSame | Self::RenameCase => vec![PATCH],
            Self::RenameMove | Self::RenameDir => vec![MOVE],
            Self::RenameBoth => vec![MOVE, PATCH],
            // The first of the new names is refused.
            Self::RenameBlocked => vec![MOVE, PATCH, PATCH.after(1)],
            Self::RenameTrashWay => vec![
                Step("PUT", "children/add", 0),
                PATCH,
                MOVE,
                TRASH,
                PATCH.after(1),
                UNLINK,
                RESTORE,
            ],
            Self::RenameOver => vec![TRASH, PATCH],
            Self::RenameOverElsewhere => vec![TRASH, PATCH, MOVE],
            Self::Restore => vec![RESTORE],
            Self::RestoreAs => vec![RESTORE, PATCH],
        }
    }

    fn content(self) -> Option<&'static str> {
        match self {
            Self::WriteOver | Self::WriteNew | Self::WriteCreate => Some("the new content"),
            Self::WriteEmpty => Some(""),
            _ => None,
        }
    }

    async fn make(self, remote: &AcdRemote) -> Result<String> {
        match self {
            Self::WriteOver => {
                write(remote, "d/old", "the new content", WriteMode::Overwrite).await
            }
            Self::WriteNew => write(remote, "d/new", "the new content", WriteMode::Overwrite).await,
            Self::WriteCreate => {
                write(remote, "d/new", "the new content", WriteMode::CreateNew).await
            }
            Self::WriteEmpty => write(remote, "d/new", "", WriteMode::Overwrite).await,
            Self::CreateDeep => {
                remote.create_dir(&path("d/x/y/z")).await?;
                Ok("made".to_owned())
            }
            Self::RemoveFile => Ok(format!("{:?}", remote.remove_file(&path("d/old")).await?)),
            Self::RemoveDir => Ok(format!("{:?}", remote.remove_dir(&path("d/empty")).await?)),
            Self::RemoveTree => Ok(format!(
                "{:?}",
                remote.remove_dir_all(&path("d/tree")).await?
            )),
            Self::RenameSame => rename(remote, "d/old", "d/newer", TargetMode::CreateNew).await,
            Self::RenameMove => rename(remote, "d/old", "d/tree/old", TargetMode::CreateNew).await,
            Self::RenameBoth => rename(remote, "d/old", "d/tree/new", TargetMode::CreateNew).await,
            Self::RenameDir => {
                rename(remote, "d/tree", "d/empty/tree", TargetMode::CreateNew).await
            }
            Self::RenameCase => rename(remote, "d/old", "d/OLD", TargetMode::CreateNew).await,
            // The old folder has something of the new name.
            Self::RenameBlocked => {
                rename(remote, "d/old", "d/tree/other", TargetMode::CreateNew).await
            }
            // And the new folder has something of the old name.
            Self::RenameTrashWay => {
                rename(remote, "d/old", "both/other", TargetMode::CreateNew).await
            }
            Self::RenameOver => rename(remote, "d/old", "d/other", TargetMode::Replace).await,
            Self::RenameOverElsewhere => {
                rename(remote, "d/old", "d/tree/g", TargetMode::Replace).await
            }
            Self::RemoveLink => Ok(format!(
                "{:?}",
                remote.remove_file(&path("d/linked")).await?
            )),
            Self::Restore => Ok(remote.restore(&path("d/gone")).await?.path.to_string()),
            Self::RestoreAs => {
                let restored = remote.restore_as(&path("d/gone"), &path("d/back")).await?;
                Ok(restored.path.to_string())
            }
        }
    }

    /// The tree after the change.
    fn after(self, mut tree: Tree) -> Tree {
        let mut go = |from: &str, to: &str| {
            let moved: Vec<String> = tree
                .keys()
                .filter(|path| *path == from || path.starts_with(&format!("{from}/")))
                .cloned()
                .collect();
            for path in moved {
                let content = tree.remove(&path).unwrap();
                if !to.is_empty() {
                    tree.insert(path.replacen(from, to, 1), content);
                }
            }
        };
        match self {
            Self::RemoveFile => go("d/old", ""),
            Self::RemoveDir => go("d/empty", ""),
            Self::RemoveTree => go("d/tree", ""),
            Self::RenameSame => go("d/old", "d/newer"),
            Self::RenameMove => go("d/old", "d/tree/old"),
            Self::RenameBoth => go("d/old", "d/tree/new"),
            Self::RenameDir => go("d/tree", "d/empty/tree"),
            Self::RenameCase => go("d/old", "d/OLD"),
            Self::RenameBlocked => go("d/old", "d/tree/other"),
            Self::RenameTrashWay => go("d/old", "both/other"),
            Self::RenameOver => {
                go("d/other", "");
                go("d/old", "d/other");
            }
            Self::RenameOverElsewhere => {
                go("d/tree/g", "");
                go("d/old", "d/tree/g");
            }
            Self::RemoveLink => go("d/linked", ""),
            _ => {}
        }
        match self {
            Self::WriteOver => {
                tree.insert("d/old".into(), Some("the new content".into()));
            }
            Self::WriteNew | Self::WriteCreate => {
                tree.insert("d/new".into(), Some("the new content".into()));
            }
            Self::WriteEmpty => {
                tree.insert("d/new".into(), Some(String::new()));
            }
            Self::CreateDeep => {
                for dir in ["d/x", "d/x/y", "d/x/y/z"] {
                    tree.insert(dir.into(), None);
                }
            }
            Self::Restore => {
                tree.insert("d/gone".into(), Some("gone".into()));
            }
            Self::RestoreAs => {
                tree.insert("d/back".into(), Some("gone".into()));
            }
            _ => {}
        }
        tree
    }

    /// How many things are in the trash afterwards.
    fn trashed(self) -> usize {
        match self {
            Self::RemoveFile
            | Self::RemoveDir
            | Self::RemoveTree
            | Self::RenameOver
            | Self::RenameOverElsewhere => 2,
            Self::Restore | Self::RestoreAs => 0,
            _ => 1,
        }
    }
}

/// A request by method and endpoint, and how many like it come before.
#[derive(Clone, Copy, Debug)]
struct Step(&'static str, &'static str, u64);

impl Step {
    const fn after(self, count: u64) -> Self {
        Self(self.0, self.1, count)
    }

    fn fault(self, action: FaultAction) -> Fault {
        Fault::new(action).on(self.1).method(self.0).skip(self.2)
    }
}

/// A change, and the one of its steps that meets the fault.
#[derive(Clone, Copy)]
struct Row(Change, Step);

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(change, Step(method, endpoint, before)) = self;
        write!(f, "{change:?} {method} {endpoint} {before}")
    }
}

/// The rows of the telling steps, and those of the other ones.
fn rows() -> (Vec<Row>, Vec<Row>) {
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for change in Change::ALL {
        let mut rows = change.steps().into_iter().map(|step| Row(change, step));
        first.extend(rows.next());
        later.extend(rows);
    }
    (first, later)
}

async fn write(
    remote: &AcdRemote,
    at: &str,
    content: &'static str,
    mode: WriteMode,
) -> Result<String> {
    let options = WriteOptions::default().with_mode(mode);
    let entry = remote.write_bytes(&path(at), content, options).await?;
    assert_eq!(entry.size, Some(content.len() as u64));
    Ok(entry.path.to_string())
}

async fn rename(remote: &AcdRemote, from: &str, to: &str, target: TargetMode) -> Result<String> {
    let options = RenameOptions::default().with_target(target);
    let entry = remote.rename(&path(from), &path(to), options).await?;
    Ok(entry.path.to_string())
}

fn prepare(service: &AcdHandle) {
    for (file, content) in [
        ("/d/old", "old content"),
        ("/d/other", "another content"),
        ("/d/tree/below/f", "deep"),
        ("/d/tree/g", "less deep"),
        ("/both/old", "in the way"),
        ("/d/gone", "gone"),
    ] {
        service.write(file, content).unwrap();
    }
    service.create_dir("/d/empty").unwrap();
    let linked = service.write("/d/linked", "in two folders").unwrap();
    let both = service.entry("/both").unwrap().id;
    service.add_parent(&linked, &both).unwrap();
    service
        .trash(&service.entry("/d/gone").unwrap().id)
        .unwrap();
}

fn tree(service: &AcdHandle) -> Tree {
    let entries = service.entries("/").into_iter().map(|(path, node)| {
        let content = (node.kind == "FILE").then(|| {
            let bytes = service.read(&format!("/{}", path.trim_start_matches('/')));
            // It may be moved at this moment.
            String::from_utf8(bytes.unwrap().unwrap_or_default().to_vec()).unwrap()
        });
        (path.trim_start_matches('/').to_owned(), content)
    });
    entries.collect()
}

/// The names in the trash.
fn trash(service: &AcdHandle) -> Vec<Option<String>> {
    let names = service.trash_list().into_iter().map(|node| node.name);
    names.collect()
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Loss {
    Lost,
    LostLate,
    Answered504,
    Closed,
    HeldBack,
    Answered500,
    Answered503,
    Busy,
}

impl Loss {
    const ALL: [Self; 8] = [
        Self::Lost,
        Self::LostLate,
        Self::Answered504,
        Self::Closed,
        Self::HeldBack,
        Self::Answered500,
        Self::Answered503,
        Self::Busy,
    ];

    /// Those that the later steps of a change meet.
    const SOME: [Self; 4] = [
        Self::Lost,
        Self::Answered504,
        Self::Closed,
        Self::Answered500,
    ];

    fn is_carried_out(self) -> bool {
        matches!(self, Self::Lost | Self::LostLate | Self::Answered504)
    }

    fn action(self) -> FaultAction {
        match self {
            Self::Lost | Self::LostLate => FaultAction::CommitThenClose,
            Self::Answered504 => FaultAction::CommitThenAnswer(FaultAnswer::new(504)),
            Self::Closed => FaultAction::Close,
            Self::HeldBack => FaultAction::NoAnswer,
            Self::Answered500 => FaultAction::status(500),
            Self::Answered503 => FaultAction::status(503),
            Self::Busy => FaultAction::RateLimit { retry_after: None },
        }
    }
}

/// A drive with the beginning in place, and a remote that has seen all of it.
async fn scene() -> (Bench, AcdRemote) {
    let bench = Bench::start().await;
    prepare(bench.service());
    let remote = quick_remote(bench.impatient_client()).build();
    for dir in ["", "d", "d/empty", "d/tree", "both"] {
        remote.list_all(&path(dir)).await.unwrap();
    }
    bench.service().log().clear();
    (bench, remote)
}

fn bodies(service: &AcdHandle) -> u64 {
    service.log().count("POST", "content/upload") + service.log().count("PUT", "content/overwrite")
}

async fn once(row: Row, loss: Loss) -> Cell {
    let Row(change, step) = row;
    let (bench, remote) = scene().await;
    let service = bench.service();
    let before = tree(service);
    if loss == Loss::LostLate {
        service.change_settings(|settings| settings.index_lag_ms = 30);
    }
    service.faults().push(step.fault(loss.action()));
    let result = change.make(&remote).await;
    let requests = bench.requests();
    let mut cell = Cell::once(&result, requests);
    cell.check(service.faults().pending().is_empty(), || {
        "the fault was not met".to_owned()
    });
    let now = tree(service);
    cell.check(now == change.after(before), || {
        format!("the tree is {now:#?}")
    });
    let trashed = service.trash_list().len();
    cell.check(trashed == change.trashed(), || {
        format!("{trashed} things are in the trash")
    });
    let expected = match (change.content(), loss.is_carried_out()) {
        (None, _) => 0,
        (Some(_), true) => 1,
        (Some(_), false) => 2,
    };
    let sent = bodies(service);
    cell.check(sent == expected, || format!("{sent} bodies were sent"));
    cell
}

#[tokio::test(flavor = "multi_thread")]
async fn one_lost_answer_changes_neither_result_nor_tree() {
    let (first, later) = rows();
    matrix::try_all(&first, &Loss::ALL, once).await;
    matrix::try_all(&later, &Loss::SOME, once).await;
}

#[derive(Clone, Copy, Debug)]
enum Outage {
    AlwaysLost,
    AlwaysClosed,
    Always500,
    LostThenClosed,
    LostThenUnauthorized,
}

impl Outage {
    const ALL: [Self; 5] = [
        Self::AlwaysLost,
        Self::AlwaysClosed,
        Self::Always500,
        Self::LostThenClosed,
        Self::LostThenUnauthorized,
    ];

    fn order(self, change: Change, step: Step, service: &AcdHandle) {
        let faults = service.faults();
        let then = match self {
            Self::AlwaysLost => {
                return faults.push(step.fault(FaultAction::CommitThenClose).always());
            }
            Self::AlwaysClosed => return faults.push(step.fault(FaultAction::Close).always()),
            Self::Always500 => {
                return faults.push(step.fault(FaultAction::status(500)).always());
            }
            Self::LostThenClosed => FaultAction::Close,
            Self::LostThenUnauthorized => FaultAction::status(401),
        };
        faults.push(step.fault(FaultAction::CommitThenClose));
        faults.push(step.after(step.2 + 1).fault(then.clone()).always());
        // Some changes begin with a look at the node.
        let looks = match change {
            Change::RemoveLink
            | Change::RenameSame
            | Change::RenameMove
            | Change::RenameBoth
            | Change::RenameDir
            | Change::RenameCase
            | Change::RenameBlocked
            | Change::RenameTrashWay
            | Change::RenameOver
            | Change::RenameOverElsewhere => 1,
            _ => 0,
        };
        faults.push(
            Fault::new(then.clone())
                .on("nodes/get")
                .skip(looks)
                .always(),
        );
        let lists = u64::from(change == Change::RemoveDir);
        faults.push(Fault::new(then).on("nodes/list").skip(lists).always());
    }
}

async fn lasting(row: Row, outage: Outage) -> Cell {
    let Row(change, step) = row;
    let (bench, remote) = scene().await;
    let service = bench.service();
    let before = (tree(service), trash(service));
    outage.order(change, step, service);
    let result = change.make(&remote).await;
    service.faults().clear();
    let now = (tree(service), trash(service));
    let was_made = now.0 == change.after(before.0.clone());
    Cell::lasting(&result, was_made, now == before)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lasts_is_told_truthfully() {
    let (first, later) = rows();
    matrix::try_all(&[first, later].concat(), &Outage::ALL, lasting).await;
}

/// The caller goes away while a step is held back.
async fn dropped(row: Row, _once: ()) -> Cell {
    let Row(change, step) = row;
    let (bench, remote) = scene().await;
    let service = bench.service();
    let expected = change.after(tree(service));
    let hold = service.faults().hold(step.fault(FaultAction::Hold));
    let changing = tokio::spawn(async move { change.make(&remote).await });
    hold.wait_for(1).await;
    changing.abort();
    let was_dropped = changing.await.is_err_and(|error| error.is_cancelled());
    hold.release_all();
    let deadline = Instant::now() + Duration::from_secs(30);
    let is_done = || tree(service) == expected && service.trash_list().len() == change.trashed();
    while !is_done() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut cell = Cell::once(&Ok(()), bench.requests());
    cell.check(was_dropped, || "it had ended before".to_owned());
    cell.check(is_done(), || format!("the tree is {:#?}", tree(service)));
    cell
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_several_steps_is_brought_to_its_end_without_its_caller() {
    let (first, later) = rows();
    let several = |row: &Row| row.0 != Change::CreateDeep && row.0.steps().len() > 1;
    let rows: Vec<Row> = [first, later]
        .concat()
        .into_iter()
        .filter(several)
        .collect();
    assert!(rows.len() > 15);
    matrix::try_all(&rows, &[()], dropped).await;
}
