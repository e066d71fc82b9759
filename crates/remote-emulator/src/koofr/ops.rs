//! Operations on entries, in the order of checks the service has.

mod put;
mod transfer;

use crate::koofr::change::{Change, ChangeKind};
use crate::koofr::config::KoofrSettings;
use crate::koofr::error::Problem;
use crate::koofr::files::FileInfo;
use crate::koofr::model::{Mount, VaultRepo};
use crate::koofr::nodes::{Dir, Kind, Node, NodeId, Tags};
use crate::koofr::path::{Path, check_name};
use crate::koofr::state::{By, Entry, State};

/// Preconditions on the entry a request changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) modified: Option<i64>,
    pub(crate) size: Option<i64>,
    pub(crate) hash: Option<String>,
}

impl Conditions {
    pub(crate) fn is_empty(&self) -> bool {
        self.modified.is_none() && self.size.is_none() && self.hash.is_none()
    }

    /// A folder has size 0 and matches no hash.
    fn hold_for(&self, node: &Node) -> bool {
        let file = node.file();
        let hash = file.map(|file| file.hash.as_str());
        self.hold(node.modified, file.map_or(0, |file| file.size), hash)
    }

    fn hold_for_info(&self, info: &FileInfo) -> bool {
        self.hold(info.modified, info.size, info.hash.as_deref())
    }

    fn hold(&self, modified: i64, size: u64, hash: Option<&str>) -> bool {
        self.modified.is_none_or(|wanted| wanted == modified)
            && self
                .size
                .is_none_or(|wanted| u64::try_from(wanted) == Ok(size))
            && self
                .hash
                .as_deref()
                .is_none_or(|wanted| hash == Some(wanted))
    }
}

/// What an upload does when the name is taken.
#[derive(Clone, Debug)]
pub(crate) enum PutMode {
    AutoRename,
    CreateOnly,
    Overwrite {
        conditions: Conditions,
        /// Create when nothing is there although there are conditions.
        ignore_missing: bool,
    },
}

/// A file to be stored.
#[derive(Clone, Debug)]
pub(crate) struct PutRequest {
    pub(crate) mount: String,
    pub(crate) parent: Path,
    pub(crate) name: String,
    pub(crate) mode: PutMode,
    pub(crate) modified: Option<i64>,
    pub(crate) tags: Tags,
}

/// What removing depends on.
#[derive(Clone, Debug, Default)]
pub(crate) struct RemoveConditions {
    pub(crate) entry: Conditions,
    pub(crate) empty: bool,
}

/// Copy or move.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TransferKind {
    Copy,
    Move,
    /// A move that was asked for as a new name.
    Rename,
}

/// A copy or move inside or between mounts.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    pub(crate) kind: TransferKind,
    pub(crate) from_mount: String,
    pub(crate) from: Path,
    pub(crate) to_mount: String,
    pub(crate) to: Path,
    pub(crate) conditions: Conditions,
    pub(crate) modified: Option<i64>,
}

impl State {
    /// The folder at a path, as the place for a new entry.
    fn folder(&self, mount: &Mount, path: &Path) -> Result<NodeId, Problem> {
        match self.find(mount, path).ok_or(Problem::NotFound)? {
            Entry::Tree(_) => Err(Problem::Forbidden),
            Entry::Node(id) if self.nodes.get(id).is_some_and(Node::is_dir) => Ok(id),
            Entry::Node(_) => Err(Problem::NotDir),
        }
    }

    /// Detaches a node and puts it into the trash, if there is one; returns its version id there.
    fn take_away(
        &mut self,
        by: &By,
        storage: &str,
        node: NodeId,
        overwritten: bool,
        settings: &KoofrSettings,
    ) -> Option<String> {
        let mount = self.account.mounts.iter().find(|mount| mount.id == storage);
        let path = mount.and_then(|mount| self.nodes.path(mount.root, node));
        self.sub_used(storage, self.nodes.bytes(node));
        self.nodes.detach(node);
        if settings.trash {
            let path = path.unwrap_or_default();
            return Some(self.discard(storage, path, node, overwritten, by.now));
        }
        self.destroy(node);
        None
    }

    pub(crate) fn create_dir(
        &mut self,
        by: &By,
        mount_id: &str,
        parent: &Path,
        name: &str,
    ) -> Result<NodeId, Problem> {
        let mount = self.online_mount(&by.user, mount_id)?;
        let mount_id = mount.id.clone();
        if !mount.may_write(&by.user) {
            return Err(Problem::Forbidden);
        }
        let path = parent.join(name);
        if self.find(mount, &path).is_some() {
            return Err(Problem::AlreadyExists);
        }
        let folder = self.folder(mount, parent)?;
        let id = self.nodes.create(name, by.now, Kind::Dir(Dir::default()));
        self.nodes
            .edit(id, |node| node.hidden_until = by.hidden_until);
        self.nodes.attach(id, folder, name);
        self.report(
            by,
            ChangeKind::Created,
            &mount_id,
            path,
            None,
            Some(Entry::Node(id)),
        );
        Ok(id)
    }

    /// Removes an entry with everything below it; returns the id of what went to the trash.
    pub(crate) fn remove(
        &mut self,
        by: &By,
        mount_id: &str,
        path: &Path,
        conditions: &RemoveConditions,
        settings: &KoofrSettings,
    ) -> Result<Option<String>, Problem> {
        let mount = self.online_mount(&by.user, mount_id)?;
        let mount_id = mount.id.clone();
        if path.is_root() {
            return Err(Problem::NotDir);
        }
        if !mount.may_write(&by.user) {
            return Err(Problem::Forbidden);
        }
        let entry = self.find(mount, path).ok_or(Problem::NotFound)?;
        let info = self.info(mount, entry);
        if !conditions.entry.hold_for_info(&info) || (conditions.empty && self.has_children(entry))
        {
            return Err(Problem::Conflict);
        }
        let storage = self.storage(mount).id.clone();
        let version = match entry {
            Entry::Tree(entry) => {
                self.remove_from_tree(entry);
                None
            }
            Entry::Node(id) => {
                self.drop_shares_below(id);
                self.drop_vaults(&storage, id);
                self.take_away(by, &storage, id, false, settings)
            }
        };
        let path = path.clone();
        self.report_info(by, ChangeKind::Removed, &mount_id, path, None, Some(info));
        Ok(version)
    }

    fn has_children(&self, entry: Entry) -> bool {
        match entry {
            Entry::Node(id) => self
                .nodes
                .get(id)
                .and_then(Node::dir)
                .is_some_and(|dir| !dir.is_empty()),
            Entry::Tree(entry) => self.tree.as_ref().is_some_and(|tree| !tree.is_empty(entry)),
        }
    }

    /// Removing the folder of a safe box removes its registration.
    fn drop_vaults(&mut self, storage: &str, top: NodeId) {
        let mount = self.account.mounts.iter().find(|mount| mount.id == storage);
        let path = mount.and_then(|mount| self.nodes.path(mount.root, top));
        let Some(Ok(top)) = path.as_deref().map(Path::parse) else {
            return;
        };
        let gone = |repo: &VaultRepo| {
            repo.mount_id == storage
                && Path::parse(&repo.path).is_ok_and(|path| path.is_inside(&top))
        };
        if self.account.vault_repos.iter().any(gone) {
            self.account_mut().vault_repos.retain(|repo| !gone(repo));
        }
    }

    /// Checks the conditions of a tag change and makes it.
    pub(crate) fn change_tags(
        &mut self,
        by: &By,
        mount_id: &str,
        path: &Path,
        conditions: &Conditions,
        change: impl FnOnce(&mut Tags) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let mount = self.online_mount(&by.user, mount_id)?;
        let mount_id = mount.id.clone();
        if !mount.may_write(&by.user) {
            return Err(Problem::Forbidden);
        }
        let id = match self.find(mount, path).ok_or(Problem::NotFound)? {
            Entry::Node(id) => id,
            Entry::Tree(_) => return Err(Problem::Forbidden),
        };
        let node = self.nodes.get(id).ok_or(Problem::NotFound)?;
        if !conditions.hold_for(node) {
            return Err(Problem::Conflict);
        }
        let mut tags = node.tags.clone();
        change(&mut tags)?;
        self.nodes.edit(id, |node| node.tags = tags);
        self.report(
            by,
            ChangeKind::TagsUpdated,
            &mount_id,
            path.clone(),
            None,
            Some(Entry::Node(id)),
        );
        Ok(())
    }

    /// Tells a change to the event stream and the activity log.
    pub(crate) fn report(
        &mut self,
        by: &By,
        kind: ChangeKind,
        mount: &str,
        path: Path,
        to: Option<(String, Path)>,
        entry: Option<Entry>,
    ) {
        let shown_in = to.as_ref().map_or(mount, |(mount, _)| mount.as_str());
        let info = self
            .account
            .mounts
            .iter()
            .find(|known| known.id == shown_in)
            .zip(entry)
            .map(|(known, entry)| self.info(known, entry));
        self.report_info(by, kind, mount, path, to, info);
    }

    fn report_info(
        &mut self,
        by: &By,
        kind: ChangeKind,
        mount: &str,
        path: Path,
        to: Option<(String, Path)>,
        file: Option<FileInfo>,
    ) {
        let change = Change {
            kind,
            mount: mount.to_owned(),
            path,
            to,
            file,
            user_agent: by.agent.clone(),
        };
        self.log_activity(by, &change);
        // Nobody listening is fine.
        drop(self.events.send(change));
    }
}

/// The destination path of a copy or move, which needs a valid last component.
pub(crate) fn destination(text: &str) -> Result<Path, Problem> {
    let refused = Problem::BadRequest("the destination is not allowed");
    let path = Path::parse(text).map_err(|_not_allowed| refused)?;
    check_name(path.name()).map_err(|_not_allowed| refused)?;
    Ok(path)
}
