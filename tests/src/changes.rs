//! The calls that change something, as rows of a matrix: what is there before, what is done, and what is there afterwards.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use koofr_api::{KoofrRemote, model::link::Link};
use remote_core::{
    error::Result,
    operation::{
        CopyOptions, LinkOptions, RemoveOutcome, RenameOptions, TargetMode, WriteMode, WriteOptions,
    },
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::koofr::KoofrHandle;

use crate::koofr::{Bench, path};

/// The name that temporary files of the library begin with.
pub const TEMPORARY: &str = ".remote-tmp-";

/// The contents of files and `None` for folders, by path.
pub type Tree = BTreeMap<String, Option<String>>;

/// A call that changes something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "used by tests only")]
pub enum Change {
    /// A file over an older one.
    WriteOver,
    /// A file where nothing is.
    WriteNew,
    /// A file over the one that was seen.
    WriteMatching,
    /// A file without content.
    WriteEmpty,
    /// Three directories at once.
    CreateDeep,
    /// A file away.
    RemoveFile,
    /// An empty directory away.
    RemoveDir,
    /// A tree away.
    RemoveTree,
    /// A second file.
    CopyFile,
    /// A second tree.
    CopyDir,
    /// A file to another directory.
    RenameFile,
    /// A directory to another place.
    RenameDir,
    /// A file to another spelling of its name.
    RenameCase,
    /// A directory to another spelling of its name.
    RenameDirCase,
    /// A second file in the place of another one.
    CopyOver,
    /// A file to the place of another one.
    RenameOver,
    /// Another time.
    SetModified,
    /// An address for everybody.
    PublicLink,
    /// An address for those who have the password.
    ProtectedLink,
    /// What was removed is gone for good.
    EmptyTrash,
}

impl Change {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::WriteOver,
        Self::WriteNew,
        Self::WriteMatching,
        Self::WriteEmpty,
        Self::CreateDeep,
        Self::RemoveFile,
        Self::RemoveDir,
        Self::RemoveTree,
        Self::CopyFile,
        Self::CopyDir,
        Self::RenameFile,
        Self::RenameDir,
        Self::RenameCase,
        Self::RenameDirCase,
        Self::CopyOver,
        Self::RenameOver,
        Self::SetModified,
        Self::PublicLink,
        Self::ProtectedLink,
        Self::EmptyTrash,
    ];

    /// Those that take several requests which change something.
    pub const IN_STEPS: [Self; 5] = [
        Self::RenameCase,
        Self::RenameDirCase,
        Self::CopyOver,
        Self::RenameOver,
        Self::SetModified,
    ];

    /// The request that makes the change; the first of them where there are several.
    #[must_use]
    pub fn endpoint(self) -> &'static str {
        match self {
            Self::WriteOver | Self::WriteNew | Self::WriteMatching | Self::WriteEmpty => {
                "files/put"
            }
            Self::CreateDeep => "files/folder",
            Self::RemoveFile | Self::RemoveDir | Self::RemoveTree => "files/remove",
            Self::CopyFile | Self::CopyDir | Self::CopyOver | Self::SetModified => "files/copy",
            Self::RenameFile
            | Self::RenameDir
            | Self::RenameCase
            | Self::RenameDirCase
            | Self::RenameOver => "files/move",
            Self::PublicLink | Self::ProtectedLink => "links",
            Self::EmptyTrash => "trash",
        }
    }

    /// The method of [`endpoint`](Self::endpoint).
    #[must_use]
    pub fn method(self) -> &'static str {
        match self.endpoint() {
            "files/put" | "files/folder" | "links" => "POST",
            "files/remove" | "trash" => "DELETE",
            _ => "PUT",
        }
    }

    /// What an upload of this change stores.
    #[must_use]
    pub fn content(self) -> Option<&'static str> {
        match self {
            Self::WriteOver | Self::WriteNew | Self::WriteMatching => Some("the new content"),
            Self::WriteEmpty => Some(""),
            _ => None,
        }
    }

    /// Puts the beginning in place, behind the back of all clients.
    ///
    /// # Panics
    ///
    /// If the emulator does not take it.
    pub fn prepare(self, service: &KoofrHandle) {
        for (dir, file, content) in [
            ("/d", "/d/old", "old content"),
            ("/d", "/d/other", "another content"),
            ("/d/empty", "", ""),
            ("/d/tree/below", "/d/tree/below/f", "deep"),
            ("/d/tree", "/d/tree/g", "less deep"),
        ] {
            service.create_dir("primary", dir).expect("a folder");
            if !file.is_empty() {
                service.write("primary", file, content).expect("a file");
            }
        }
    }

    /// Makes the change. The result tells in a word what came back.
    ///
    /// # Errors
    ///
    /// That of the remote.
    ///
    /// # Panics
    ///
    /// If what comes back is not what was asked for.
    pub async fn make(self, remote: &KoofrRemote) -> Result<String> {
        let replace = TargetMode::Replace;
        let removed = |outcome: RemoveOutcome| format!("{outcome:?}");
        Ok(match self {
            Self::WriteOver => self.write(remote, "d/old", WriteMode::Overwrite).await?,
            Self::WriteNew => self.write(remote, "d/new", WriteMode::CreateNew).await?,
            Self::WriteEmpty => self.write(remote, "d/new", WriteMode::Overwrite).await?,
            Self::WriteMatching => {
                let seen = remote.stat(&path("d/old")).await?;
                let mode = seen.tag.map_or(WriteMode::Overwrite, WriteMode::IfMatch);
                self.write(remote, "d/old", mode).await?
            }
            Self::CreateDeep => {
                remote.create_dir(&path("d/x/y/z")).await?;
                "made".to_owned()
            }
            Self::RemoveFile => removed(remote.remove_file(&path("d/old")).await?),
            Self::RemoveDir => removed(remote.remove_dir(&path("d/empty")).await?),
            Self::RemoveTree => removed(remote.remove_dir_all(&path("d/tree")).await?),
            Self::CopyFile => copy(remote, "d/old", "d/tree/new", TargetMode::CreateNew).await?,
            Self::CopyDir => copy(remote, "d/tree", "d/tree2", TargetMode::CreateNew).await?,
            Self::CopyOver => copy(remote, "d/old", "d/other", replace).await?,
            Self::RenameFile => {
                rename(remote, "d/old", "d/tree/new", TargetMode::CreateNew).await?
            }
            Self::RenameDir => {
                rename(remote, "d/tree", "d/empty/tree", TargetMode::CreateNew).await?
            }
            Self::RenameCase => rename(remote, "d/old", "d/OLD", TargetMode::CreateNew).await?,
            Self::RenameDirCase => {
                rename(remote, "d/tree", "d/Tree", TargetMode::CreateNew).await?
            }
            Self::RenameOver => rename(remote, "d/old", "d/other", replace).await?,
            Self::SetModified => {
                let entry = remote.set_modified(&path("d/old"), a_time()).await?;
                assert_eq!(entry.modified, Some(a_time()), "the time that came back");
                entry.path.to_string()
            }
            Self::PublicLink => {
                let link = remote
                    .public_link(&path("d/old"), LinkOptions::default())
                    .await?;
                assert!(link.url.starts_with("http"), "{link:?}");
                "link".to_owned()
            }
            Self::ProtectedLink => {
                let options = LinkOptions::default().with_password("opens it".into());
                remote.public_link(&path("d/old"), options).await?;
                "link".to_owned()
            }
            Self::EmptyTrash => {
                remote.empty_trash().await?;
                "emptied".to_owned()
            }
        })
    }

    async fn write(self, remote: &KoofrRemote, to: &str, mode: WriteMode) -> Result<String> {
        let content = self.content().unwrap_or_default();
        let options = WriteOptions::default().with_mode(mode);
        let entry = remote.write_bytes(&path(to), content, options).await?;
        assert_eq!(
            entry.size,
            Some(content.len() as u64),
            "the size that came back"
        );
        Ok(entry.path.to_string())
    }

    /// What is there in the end.
    #[must_use]
    pub fn after(self, mut tree: Tree) -> Tree {
        let mut put = |path: &str, content: &str| {
            tree.insert(path.to_owned(), Some(content.to_owned()));
        };
        match self {
            Self::WriteOver | Self::WriteMatching => put("/d/old", "the new content"),
            Self::WriteNew => put("/d/new", "the new content"),
            Self::WriteEmpty => put("/d/new", ""),
            Self::CopyFile => put("/d/tree/new", "old content"),
            Self::CopyOver => put("/d/other", "old content"),
            Self::CreateDeep => {
                for dir in ["/d/x", "/d/x/y", "/d/x/y/z"] {
                    tree.insert(dir.to_owned(), None);
                }
            }
            Self::RemoveFile => {
                tree.remove("/d/old");
            }
            Self::RemoveDir => {
                tree.remove("/d/empty");
            }
            Self::RemoveTree => tree.retain(|path, _| !path.starts_with("/d/tree")),
            Self::CopyDir => relocate(&mut tree, "/d/tree", "/d/tree2", true),
            Self::RenameFile => relocate(&mut tree, "/d/old", "/d/tree/new", false),
            Self::RenameDir => relocate(&mut tree, "/d/tree", "/d/empty/tree", false),
            Self::RenameCase => relocate(&mut tree, "/d/old", "/d/OLD", false),
            Self::RenameDirCase => relocate(&mut tree, "/d/tree", "/d/Tree", false),
            Self::RenameOver => relocate(&mut tree, "/d/old", "/d/other", false),
            Self::SetModified | Self::PublicLink | Self::ProtectedLink | Self::EmptyTrash => {}
        }
        tree
    }

    /// Whether the change shows on the service: in the tree, the time, the links or the trash.
    pub async fn was_made(self, bench: &Bench, before: &Tree) -> bool {
        let service = bench.service();
        match self {
            Self::SetModified => {
                let entry = service.entry("primary", "/d/old").ok().flatten();
                entry.is_some_and(|entry| entry.modified == A_TIME_MILLIS)
            }
            Self::EmptyTrash => service.trash_count() == 0,
            Self::PublicLink | Self::ProtectedLink => !links(bench).await.is_empty(),
            _ => {
                let mut now = tree(service);
                now.retain(|path, _| !path.contains(TEMPORARY));
                now == self.after(before.clone())
            }
        }
    }
}

const A_TIME_MILLIS: i64 = 1_600_000_000_123;

fn a_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_600_000_000_123)
}

async fn copy(remote: &KoofrRemote, from: &str, to: &str, target: TargetMode) -> Result<String> {
    let options = CopyOptions::default().with_target(target);
    let entry = remote.copy(&path(from), &path(to), options).await?;
    Ok(entry.path.to_string())
}

async fn rename(remote: &KoofrRemote, from: &str, to: &str, target: TargetMode) -> Result<String> {
    let options = RenameOptions::default().with_target(target);
    let entry = remote.rename(&path(from), &path(to), options).await?;
    Ok(entry.path.to_string())
}

fn relocate(tree: &mut Tree, from: &str, to: &str, keep: bool) {
    let moved: Vec<(String, String)> = tree
        .keys()
        .filter_map(|path| {
            let rest = path.strip_prefix(from)?;
            (rest.is_empty() || rest.starts_with('/'))
                .then(|| (path.clone(), format!("{to}{rest}")))
        })
        .collect();
    for (old, new) in moved {
        let content = if keep {
            tree.get(&old).cloned()
        } else {
            tree.remove(&old)
        };
        tree.insert(new, content.flatten());
    }
}

/// The links of the account's own storage.
///
/// # Panics
///
/// If the emulator cannot tell.
pub async fn links(bench: &Bench) -> Vec<Link> {
    let mount = bench.service().mount_id("primary").expect("a mount");
    bench.client().links(&mount).await.expect("the links")
}

/// Everything on the primary storage.
///
/// # Panics
///
/// If the emulator cannot tell.
#[must_use]
pub fn tree(service: &KoofrHandle) -> Tree {
    let entries = service.entries("primary").expect("a mount");
    entries
        .into_iter()
        .map(|entry| {
            let content = (!entry.is_dir).then(|| {
                let bytes = service.read("primary", &entry.path).expect("the content");
                String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
            });
            (entry.path, content)
        })
        .collect()
}
