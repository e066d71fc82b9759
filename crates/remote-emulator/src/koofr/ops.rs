//! Operations on entries, in the order of checks the service has.

use crate::koofr::change::{Change, ChangeKind};
use crate::koofr::config::KoofrSettings;
use crate::koofr::content_type;
use crate::koofr::error::Problem;
use crate::koofr::model::Mount;
use crate::koofr::nodes::{Dir, FileData, Kind, Node, NodeId, Tags};
use crate::koofr::path::{Path, check_name, free_name};
use crate::koofr::state::{By, Entry, State};
use crate::store::Written;

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
        let size = node.file().map_or(0, |file| file.size);
        let hash = node.file().map(|file| file.hash.as_str());
        self.modified.is_none_or(|wanted| wanted == node.modified)
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

/// Where an upload would go.
enum Slot {
    Free(String),
    Taken(NodeId),
}

impl State {
    /// Checks an upload before its body is read; `bytes` is its length when known.
    pub(crate) fn check_put(
        &self,
        by: &By,
        put: &PutRequest,
        bytes: Option<u64>,
        settings: &KoofrSettings,
    ) -> Result<(), Problem> {
        self.slot(by, put)?;
        let mount = self.online_mount(&by.user, &put.mount)?;
        match (bytes, self.free(mount, settings.trash_uses_space)) {
            (Some(bytes), Some(free))
                if bytes > free.saturating_add(self.freed_by(mount, put, settings)) =>
            {
                Err(Problem::QuotaExceeded)
            }
            _ => Ok(()),
        }
    }

    /// Bytes an overwrite gives back.
    fn freed_by(&self, mount: &Mount, put: &PutRequest, settings: &KoofrSettings) -> u64 {
        if !matches!(put.mode, PutMode::Overwrite { .. })
            || (settings.trash && settings.trash_uses_space)
        {
            return 0;
        }
        self.nodes
            .find(mount.root, &put.parent.join(&put.name))
            .and_then(|id| self.nodes.get(id)?.file())
            .map_or(0, |file| file.size)
    }

    fn slot(&self, by: &By, put: &PutRequest) -> Result<(Slot, NodeId), Problem> {
        let mount = self.online_mount(&by.user, &put.mount)?;
        if !mount.may_upload(&by.user) {
            return Err(Problem::Forbidden);
        }
        let found = self.find(mount, &put.parent.join(&put.name));
        let slot = match (&put.mode, found) {
            (PutMode::AutoRename, Some(_)) => {
                let taken = |name: &str| self.find(mount, &put.parent.join(name)).is_some();
                Slot::Free(free_name(&put.name, taken))
            }
            (PutMode::CreateOnly, Some(_)) => return Err(Problem::CreateConflict),
            (
                PutMode::Overwrite {
                    conditions,
                    ignore_missing,
                },
                None,
            ) => {
                if !conditions.is_empty() && !ignore_missing {
                    return Err(Problem::Conflict);
                }
                Slot::Free(put.name.clone())
            }
            (PutMode::Overwrite { .. }, Some(Entry::Tree(_))) => return Err(Problem::Forbidden),
            (PutMode::Overwrite { conditions, .. }, Some(Entry::Node(id))) => {
                let node = self.nodes.get(id).ok_or(Problem::NotFound)?;
                if !conditions.hold_for(node) {
                    return Err(Problem::Conflict);
                }
                if node.is_dir() {
                    return Err(Problem::NotFile);
                }
                Slot::Taken(id)
            }
            (PutMode::AutoRename | PutMode::CreateOnly, None) => Slot::Free(put.name.clone()),
        };
        Ok((slot, self.folder(mount, &put.parent)?))
    }

    /// The folder at a path, as the place for a new entry.
    fn folder(&self, mount: &Mount, path: &Path) -> Result<NodeId, Problem> {
        match self.find(mount, path).ok_or(Problem::NotFound)? {
            Entry::Tree(_) => Err(Problem::Forbidden),
            Entry::Node(id) if self.nodes.get(id).is_some_and(Node::is_dir) => Ok(id),
            Entry::Node(_) => Err(Problem::NotDir),
        }
    }

    /// Stores a received file; everything is checked again, since the body took its time.
    pub(crate) fn put(
        &mut self,
        by: &By,
        put: PutRequest,
        written: Written,
        settings: &KoofrSettings,
    ) -> Result<NodeId, Problem> {
        let size = written.content.len();
        self.check_put(by, &put, Some(size), settings)?;
        let (slot, parent) = self.slot(by, &put)?;
        let mount = self.online_mount(&by.user, &put.mount)?;
        let (mount_id, root) = (mount.id.clone(), mount.root);
        let storage = self.storage(mount);
        let (storage_id, storage_root) = (storage.id.clone(), storage.root);
        let modified = put
            .modified
            .filter(|_| storage.keeps_modified)
            .unwrap_or(by.now);
        let mut tags = Tags::new();
        let name = match slot {
            Slot::Free(name) => name,
            Slot::Taken(old) => {
                tags = self
                    .nodes
                    .get(old)
                    .map(|node| node.tags.clone())
                    .unwrap_or_default();
                let path = self.nodes.path(storage_root, old).unwrap_or_default();
                self.sub_used(&storage_id, self.nodes.bytes(old));
                self.nodes.detach(old);
                self.bury(&storage_id, path, old, true, by, settings);
                put.name.clone()
            }
        };
        for (key, values) in put.tags {
            tags.entry(key).or_default().extend(values);
        }
        let id = self.nodes.create(
            &name,
            modified,
            Kind::File(FileData {
                size,
                hash: written.md5,
                content_type: content_type::of(&name).to_owned(),
                content: written.content,
            }),
        );
        self.nodes.edit(id, |node| {
            node.tags = tags;
            node.hidden_until = by.hidden_until;
        });
        self.nodes.attach(id, parent, &name);
        self.add_used(&storage_id, size);
        let path = self.nodes.path(root, id).unwrap_or_default();
        tracing::debug!(size, depth = path.len(), "stored");
        self.report(
            by,
            ChangeKind::Created,
            &mount_id,
            put.parent.join(&name),
            None,
            Some(Entry::Node(id)),
        );
        Ok(id)
    }

    /// Trash, or nowhere.
    fn bury(
        &mut self,
        mount: &str,
        path: String,
        node: NodeId,
        overwritten: bool,
        by: &By,
        settings: &KoofrSettings,
    ) -> Option<String> {
        if settings.trash {
            Some(self.discard(mount, path, node, overwritten, by.now))
        } else {
            self.destroy(node);
            None
        }
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
        let (storage_id, storage_root) = {
            let storage = self.storage(mount);
            (storage.id.clone(), storage.root)
        };
        let version = match entry {
            Entry::Tree(entry) => {
                if conditions.empty
                    && self.tree.as_ref().is_some_and(|tree| !tree.is_empty(entry))
                    && info.is_dir()
                {
                    return Err(Problem::Conflict);
                }
                self.remove_from_tree(entry);
                None
            }
            Entry::Node(id) => {
                let node = self.nodes.get(id).ok_or(Problem::NotFound)?;
                if !conditions.entry.hold_for(node) {
                    return Err(Problem::Conflict);
                }
                if conditions.empty && node.dir().is_some_and(|dir| !dir.is_empty()) {
                    return Err(Problem::Conflict);
                }
                let stored = self.nodes.path(storage_root, id).unwrap_or_default();
                self.drop_shares_below(id);
                self.drop_vaults(&storage_id, &stored);
                self.sub_used(&storage_id, self.nodes.bytes(id));
                self.nodes.detach(id);
                self.bury(&storage_id, stored, id, false, by, settings)
            }
        };
        self.report_info(
            by,
            ChangeKind::Removed,
            &mount_id,
            path.clone(),
            None,
            Some(info),
        );
        Ok(version)
    }

    /// Removing the folder of a safe box removes its registration.
    fn drop_vaults(&mut self, mount_id: &str, path: &str) {
        let Ok(top) = Path::parse(path) else { return };
        let gone = |repo: &crate::koofr::model::VaultRepo| {
            repo.mount_id == mount_id
                && Path::parse(&repo.path).is_ok_and(|path| path.is_inside(&top))
        };
        if self.account.vault_repos.iter().any(gone) {
            self.account_mut().vault_repos.retain(|repo| !gone(repo));
        }
    }

    /// Copies or moves; returns the new entry.
    pub(crate) fn transfer(&mut self, by: &By, transfer: &Transfer) -> Result<NodeId, Problem> {
        let copy = transfer.kind == TransferKind::Copy;
        let from_mount = self.online_mount(&by.user, &transfer.from_mount)?.clone();
        let to_mount = self.online_mount(&by.user, &transfer.to_mount)?.clone();
        if !to_mount.may_write(&by.user) || (!copy && !from_mount.may_write(&by.user)) {
            return Err(Problem::Forbidden);
        }
        let into_self = if copy {
            Problem::CopyIntoSelf
        } else {
            Problem::MoveIntoSelf
        };
        let same_mount = from_mount.id == to_mount.id;
        if transfer.from.is_root() || (same_mount && transfer.to.is_inside(&transfer.from)) {
            return Err(into_self);
        }
        if self.find(&to_mount, &transfer.to).is_some() {
            return Err(Problem::AlreadyExists);
        }
        let source = match self
            .find(&from_mount, &transfer.from)
            .ok_or(Problem::NotFound)?
        {
            Entry::Node(id) => id,
            Entry::Tree(_) => return Err(Problem::Forbidden),
        };
        let node = self.nodes.get(source).ok_or(Problem::NotFound)?;
        if !transfer.conditions.hold_for(node) {
            return Err(Problem::Conflict);
        }
        let folder = self.folder(&to_mount, &transfer.to.parent())?;
        // Two mounts can show the same folder, so that paths alone do not tell.
        if self.lies_below(folder, source) {
            return Err(into_self);
        }
        let bytes = self.nodes.bytes(source);
        let from_storage = self.storage(&from_mount).id.clone();
        let to_storage = self.storage(&to_mount).id.clone();
        if (copy || from_storage != to_storage)
            && self.free(&to_mount, false).is_some_and(|free| bytes > free)
        {
            return Err(Problem::QuotaExceeded);
        }
        let target = if copy {
            self.nodes.copy(source).ok_or(Problem::NotFound)?
        } else {
            self.nodes.detach(source);
            self.sub_used(&from_storage, bytes);
            source
        };
        self.add_used(&to_storage, bytes);
        if copy {
            self.stamp(target, &to_mount, transfer.modified, by);
        }
        self.nodes.attach(target, folder, transfer.to.name());
        let kind = if copy {
            ChangeKind::Copied
        } else {
            ChangeKind::Moved
        };
        let to = Some((to_mount.id.clone(), transfer.to.clone()));
        self.report(
            by,
            kind,
            &from_mount.id,
            transfer.from.clone(),
            to,
            Some(Entry::Node(target)),
        );
        Ok(target)
    }

    fn stamp(&mut self, target: NodeId, mount: &Mount, modified: Option<i64>, by: &By) {
        let keeps = self.storage(mount).keeps_modified;
        self.nodes.edit(target, |node| {
            node.hidden_until = by.hidden_until;
            if !keeps {
                node.modified = by.now;
            } else if let Some(modified) = modified {
                node.modified = modified;
            }
        });
    }

    fn lies_below(&self, mut id: NodeId, top: NodeId) -> bool {
        while let Some(node) = self.nodes.get(id) {
            if id == top {
                return true;
            }
            id = node.parent;
        }
        false
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
        file: Option<crate::koofr::files::FileInfo>,
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
