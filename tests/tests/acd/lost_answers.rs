//! Every call that changes something, against every way in which its answer can be lost, late or refused.
//!
//! One request meets the fault and all others are served:
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

use std::collections::BTreeMap;

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
    Restore,
}

impl Change {
    const ALL: [Self; 17] = [
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
        Self::Restore,
    ];

    /// The request that meets the fault, by method and endpoint.
    fn endpoint(self) -> (&'static str, &'static str) {
        match self {
            Self::WriteOver => ("PUT", "content/overwrite"),
            Self::WriteNew | Self::WriteCreate | Self::WriteEmpty => ("POST", "content/upload"),
            Self::CreateDeep => ("POST", "nodes/create"),
            Self::RemoveFile | Self::RemoveDir | Self::RemoveTree | Self::RenameOver => {
                ("PUT", "trash/add")
            }
            Self::RenameSame | Self::RenameCase => ("PATCH", "nodes/patch"),
            Self::RenameMove | Self::RenameBoth | Self::RenameDir | Self::RenameBlocked => {
                ("POST", "children/move")
            }
            Self::RenameTrashWay => ("PUT", "children/add"),
            Self::Restore => ("POST", "trash/restore"),
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
            Self::Restore => Ok(remote.restore(&path("d/gone")).await?.path.to_string()),
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
            _ => {}
        }
        tree
    }

    /// How many things are in the trash afterwards.
    fn trashed(self) -> usize {
        match self {
            Self::RemoveFile | Self::RemoveDir | Self::RemoveTree | Self::RenameOver => 2,
            Self::Restore => 0,
            _ => 1,
        }
    }
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
    service
        .trash(&service.entry("/d/gone").unwrap().id)
        .unwrap();
}

fn tree(service: &AcdHandle) -> Tree {
    let entries = service.entries("/").into_iter().map(|(path, node)| {
        let content = (node.kind == "FILE").then(|| {
            let bytes = service.read(&format!("/{}", path.trim_start_matches('/')));
            String::from_utf8(bytes.unwrap().unwrap().to_vec()).unwrap()
        });
        (path.trim_start_matches('/').to_owned(), content)
    });
    entries.collect()
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

fn fault(change: Change, action: FaultAction) -> Fault {
    let (method, endpoint) = change.endpoint();
    Fault::new(action).on(endpoint).method(method)
}

fn bodies(service: &AcdHandle) -> u64 {
    service.log().count("POST", "content/upload") + service.log().count("PUT", "content/overwrite")
}

async fn once(change: Change, loss: Loss) -> Cell {
    let (bench, remote) = scene().await;
    let service = bench.service();
    let before = tree(service);
    if loss == Loss::LostLate {
        service.change_settings(|settings| settings.index_lag_ms = 30);
    }
    service.faults().push(fault(change, loss.action()));
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
    matrix::try_all(&Change::ALL, &Loss::ALL, once).await;
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

    fn order(self, change: Change, service: &AcdHandle) {
        let faults = service.faults();
        let then = match self {
            Self::AlwaysLost => {
                return faults.push(fault(change, FaultAction::CommitThenClose).always());
            }
            Self::AlwaysClosed => return faults.push(fault(change, FaultAction::Close).always()),
            Self::Always500 => {
                return faults.push(fault(change, FaultAction::status(500)).always());
            }
            Self::LostThenClosed => FaultAction::Close,
            Self::LostThenUnauthorized => FaultAction::status(401),
        };
        faults.push(fault(change, FaultAction::CommitThenClose));
        let (method, endpoint) = change.endpoint();
        faults.push(
            Fault::new(then.clone())
                .on(endpoint)
                .method(method)
                .always(),
        );
        // Moves begin with a look at the node, and some with another change.
        let looks = match change {
            Change::RenameSame
            | Change::RenameMove
            | Change::RenameBoth
            | Change::RenameDir
            | Change::RenameCase
            | Change::RenameBlocked
            | Change::RenameTrashWay
            | Change::RenameOver => 1,
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

async fn lasting(change: Change, outage: Outage) -> Cell {
    let (bench, remote) = scene().await;
    let service = bench.service();
    let before = tree(service);
    outage.order(change, service);
    let result = change.make(&remote).await;
    service.faults().clear();
    let now = tree(service);
    let was_made = now == change.after(before.clone());
    Cell::lasting(&result, was_made, now == before)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lasts_is_told_truthfully() {
    matrix::try_all(&Change::ALL, &Outage::ALL, lasting).await;
}
