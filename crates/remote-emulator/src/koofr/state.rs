//! Everything a Koofr emulator knows, behind one lock, and how it is found and saved.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::io;
use std::path::Path as FsPath;

use serde_json::Value;
use tokio::sync::broadcast;

use crate::ids;
use crate::journal::Journal;
use crate::koofr::change::Change;
use crate::koofr::config::{KoofrConfig, MountConfig, UserConfig};
use crate::koofr::error::Problem;
use crate::koofr::files::FileInfo;
use crate::koofr::journal::{Record, SavedNode};
use crate::koofr::model::{
    Account, AppPassword, DirectLink, Mount, SecuritySettings, TrashItem, User,
};
use crate::koofr::nodes::{Dir, Kind, Node, NodeId, Nodes};
use crate::koofr::oauth::Grants;
use crate::koofr::path::{Path, fold};
use crate::koofr::{DEFAULT_PASSWORD, DEFAULT_USER};
use crate::store::{Content, ContentStore};
use crate::tree::{TREE_NAME, Tombstone, Tree, TreeEntry};

/// Changes a slow listener of the event stream may lag behind before it loses some.
const EVENT_BACKLOG: usize = 4096;

/// Entries the activity log keeps.
pub(crate) const ACTIVITY_LIMIT: usize = 10_000;

/// Where a path leads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Entry {
    Node(NodeId),
    Tree(TreeEntry),
}

/// Who causes a change, and when.
#[derive(Clone, Debug)]
pub(crate) struct By {
    pub(crate) user: String,
    pub(crate) agent: String,
    pub(crate) now: i64,
    /// New entries stay hidden from readers until then.
    pub(crate) hidden_until: i64,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) nodes: Nodes,
    pub(crate) account: Account,
    pub(crate) trash: BTreeMap<u64, TrashItem>,
    pub(crate) tree: Option<Tree>,
    pub(crate) grants: Grants,
    pub(crate) direct: HashMap<String, DirectLink>,
    pub(crate) activity: VecDeque<Value>,
    pub(crate) activity_ids: u64,
    pub(crate) jobs: BTreeMap<u64, Value>,
    pub(crate) job_ids: u64,
    pub(crate) failed_logins: u32,
    pub(crate) locked_until: i64,
    pub(crate) events: broadcast::Sender<Change>,
    next_trash: u64,
    /// Bytes in use per storage, without the trash.
    used: HashMap<String, u64>,
    records: Vec<Record>,
    account_changed: bool,
    /// Contents nothing refers to any more, given back after the change is saved.
    released: Vec<Content>,
    saved_in: SavedIn,
}

/// Where changes are written.
#[derive(Debug)]
enum SavedIn {
    /// The state was saved and is not any more.
    Closed,
    Journal(Journal),
    Nothing,
}

impl State {
    fn empty(track: bool) -> Self {
        Self {
            nodes: Nodes::new(track),
            account: Account::default(),
            trash: BTreeMap::new(),
            tree: None,
            grants: Grants::default(),
            direct: HashMap::new(),
            activity: VecDeque::new(),
            activity_ids: 0,
            jobs: BTreeMap::new(),
            job_ids: 0,
            failed_logins: 0,
            locked_until: 0,
            events: broadcast::channel(EVENT_BACKLOG).0,
            next_trash: 1,
            used: HashMap::new(),
            records: Vec::new(),
            account_changed: false,
            released: Vec::new(),
            saved_in: SavedIn::Nothing,
        }
    }

    /// A state that ends with the process.
    pub(crate) fn fresh(config: &KoofrConfig, now: i64) -> Self {
        let mut state = Self::empty(false);
        state.tree = config
            .tree
            .map(|tree| Tree::new(tree.entries, tree.folders));
        state.set_up(config, now);
        state
    }

    /// The state that was saved in `dir`, completed with what the configuration names and it lacks.
    pub(crate) fn load(
        config: &KoofrConfig,
        now: i64,
        dir: &FsPath,
        store: &ContentStore,
    ) -> io::Result<Self> {
        let lock = Journal::lock(dir)?;
        let mut state = Self::empty(true);
        state.tree = config
            .tree
            .map(|tree| Tree::new(tree.entries, tree.folders));
        let mut saved: HashMap<NodeId, SavedNode> = HashMap::new();
        Journal::read(dir, |records: Vec<Record>| {
            for record in records {
                match record {
                    Record::Account(account) => state.account = *account,
                    Record::Gone(id) => drop(saved.remove(&id)),
                    Record::Node(node) => drop(saved.insert(node.id(), *node)),
                    Record::Trash(number, item) => drop(state.trash.insert(number, *item)),
                    Record::Tree(tombstone) => {
                        state.tree.iter_mut().for_each(|tree| tree.bury(tombstone));
                    }
                    Record::Untrash(number) => drop(state.trash.remove(&number)),
                }
            }
        })?;
        let objects: HashSet<String> = saved
            .values()
            .filter_map(|node| node.object().map(str::to_owned))
            .collect();
        store.sweep(&objects)?;
        for (id, node) in saved {
            state.nodes.restore(id, node.restore(store)?);
        }
        state.nodes.relink();
        state.next_trash = state.trash.keys().next_back().map_or(1, |last| last + 1);
        state.count_used();
        state.set_up(config, now);
        let journal = Journal::rewrite(dir, lock, state.snapshot())?;
        state.records.clear();
        state.account_changed = false;
        drop(state.nodes.take_touched());
        state.saved_in = SavedIn::Journal(journal);
        Ok(state)
    }

    fn snapshot(&self) -> impl Iterator<Item = Record> + '_ {
        let account = Record::Account(Box::new(self.account.clone()));
        let nodes = self
            .nodes
            .iter()
            .map(|(id, node)| Record::Node(Box::new(SavedNode::new(id, node))));
        let trash = self
            .trash
            .iter()
            .map(|(number, item)| Record::Trash(*number, Box::new(item.clone())));
        let stones: Vec<Tombstone> = self.tree.as_ref().map(Tree::tombstones).unwrap_or_default();
        std::iter::once(account)
            .chain(nodes)
            .chain(trash)
            .chain(stones.into_iter().map(Record::Tree))
    }

    fn count_used(&mut self) {
        let used: Vec<_> = self
            .account
            .mounts
            .iter()
            .filter(|mount| mount.parent.is_none())
            .map(|mount| (mount.id.clone(), self.nodes.bytes(mount.root)))
            .collect();
        self.used = used.into_iter().collect();
    }

    fn set_up(&mut self, config: &KoofrConfig, now: i64) {
        let default_user = [UserConfig::new(DEFAULT_USER, DEFAULT_PASSWORD)];
        let users: &[UserConfig] = if config.users.is_empty() {
            &default_user
        } else {
            &config.users
        };
        for (index, user) in users.iter().enumerate() {
            let primary = config.primary.clone().filter(|_| index == 0);
            self.add_user(user, primary, now);
        }
        let Some(first) = self.account.users.first().map(|user| user.id.clone()) else {
            return;
        };
        for mount in &config.mounts {
            let known = |known: &Mount| match &mount.id {
                Some(id) => known.id == *id,
                None => known.name == mount.name && known.owner == first,
            };
            if !self.account.mounts.iter().any(known) {
                self.add_mount(&first, mount, false, now);
            }
        }
    }

    /// Adds an account with a primary mount, or the passwords it lacks when the address is known.
    pub(crate) fn add_user(&mut self, config: &UserConfig, primary: Option<MountConfig>, now: i64) {
        self.account_changed = true;
        let known = self
            .account
            .users
            .iter()
            .position(|user| user.email == config.email);
        let index = known.unwrap_or_else(|| {
            self.account.users.push(User {
                id: ids::uuid(),
                email: config.email.clone(),
                first_name: "Test".to_owned(),
                last_name: "User".to_owned(),
                account_password: config.account_password.clone(),
                app_passwords: Vec::new(),
                bookmarks: Vec::new(),
                security: SecuritySettings::default(),
            });
            self.account.users.len() - 1
        });
        let user = &mut self.account.users[index];
        for plain in &config.app_passwords {
            if !user.app_passwords.iter().any(|known| known.plain == *plain) {
                user.app_passwords
                    .push(app_password("emulator", plain.clone(), now));
            }
        }
        let id = user.id.clone();
        if known.is_none() {
            let mount = primary.unwrap_or_else(|| MountConfig::new("Koofr"));
            self.add_mount(&id, &mount, true, now);
        }
    }

    /// Adds an empty mount and returns its id.
    pub(crate) fn add_mount(
        &mut self,
        owner: &str,
        config: &MountConfig,
        primary: bool,
        now: i64,
    ) -> String {
        let root = self.nodes.create("", now, Kind::Dir(Dir::default()));
        let id = config.id.clone().unwrap_or_else(ids::uuid);
        self.account.mounts.push(Mount {
            id: id.clone(),
            name: config.name.clone(),
            origin: config.origin.clone(),
            online: config.online,
            primary,
            owner: owner.to_owned(),
            root,
            space_mib: config.space_mib,
            can_write: config.can_write,
            can_upload: config.can_upload,
            hashes: config.hashes,
            keeps_modified: config.keeps_modified,
            synced: config.synced,
            added: now,
            version: 0,
            parent: None,
            members: Vec::new(),
            groups: Vec::new(),
        });
        self.account_changed = true;
        id
    }

    /// The account's data, to be changed; saved with the change.
    pub(crate) fn account_mut(&mut self) -> &mut Account {
        self.account_changed = true;
        &mut self.account
    }

    /// Writes what became different since the last call. Call it before the lock is given back.
    ///
    /// What could not be written is tried again with the next change.
    pub(crate) fn save(&mut self) -> io::Result<()> {
        self.save_records()?;
        self.records.clear();
        self.account_changed = false;
        for content in self.released.drain(..) {
            ContentStore::release(content);
        }
        Ok(())
    }

    fn save_records(&mut self) -> io::Result<()> {
        let mut touched = self.nodes.take_touched();
        touched.sort_unstable();
        touched.dedup();
        let journal = match &mut self.saved_in {
            SavedIn::Nothing => return Ok(()),
            SavedIn::Journal(journal) => journal,
            SavedIn::Closed => return Err(io::Error::other("the emulator was stopped")),
        };
        for id in touched {
            self.records.push(match self.nodes.get(id) {
                Some(node) => Record::Node(Box::new(SavedNode::new(id, node))),
                None => Record::Gone(id),
            });
        }
        if self.account_changed {
            self.account_changed = false;
            self.records
                .push(Record::Account(Box::new(self.account.clone())));
        }
        if self.records.is_empty() {
            return Ok(());
        }
        journal.append(&self.records)
    }

    /// Gives the directory back. Changes that are still to come fail instead of being lost.
    pub(crate) fn close(&mut self) {
        if let SavedIn::Journal(_) = self.saved_in {
            self.saved_in = SavedIn::Closed;
        }
    }

    fn record(&mut self, record: Record) {
        if let SavedIn::Journal(_) = self.saved_in {
            self.records.push(record);
        }
    }

    pub(crate) fn user(&self, id: &str) -> Option<&User> {
        self.account.users.iter().find(|user| user.id == id)
    }

    /// The mount of this id, or the user's primary one for `primary`, if the user may see it.
    pub(crate) fn mount(&self, user: &str, id: &str) -> Result<&Mount, Problem> {
        self.account
            .mounts
            .iter()
            .find(|mount| match id {
                "primary" => mount.primary && mount.owner == user,
                _ => mount.id == id && mount.is_for(user),
            })
            .ok_or(Problem::NotFound)
    }

    /// The same, refused while the storage is not connected.
    pub(crate) fn online_mount(&self, user: &str, id: &str) -> Result<&Mount, Problem> {
        let mount = self.mount(user, id)?;
        let storage = self.storage(mount);
        if mount.online && storage.online {
            Ok(mount)
        } else {
            Err(Problem::DeviceOffline)
        }
    }

    /// The mount whose space and nodes a shared folder uses; any other mount is its own.
    pub(crate) fn storage<'a>(&'a self, mount: &'a Mount) -> &'a Mount {
        mount
            .parent
            .as_ref()
            .and_then(|parent| self.account.mounts.iter().find(|other| other.id == *parent))
            .unwrap_or(mount)
    }

    /// Where a path leads, hidden entries included.
    pub(crate) fn find(&self, mount: &Mount, path: &Path) -> Option<Entry> {
        if let Some(id) = self.nodes.find(mount.root, path) {
            return Some(Entry::Node(id));
        }
        self.tree_of(mount)?.find(path.segments()).map(Entry::Tree)
    }

    /// Where a path leads for somebody who reads at `now`.
    pub(crate) fn look_up(&self, mount: &Mount, path: &Path, now: i64) -> Result<Entry, Problem> {
        self.find(mount, path)
            .filter(|entry| match entry {
                Entry::Node(id) => self.nodes.is_visible(*id, now),
                Entry::Tree(_) => true,
            })
            .ok_or(Problem::NotFound)
    }

    /// The synthetic tree, if it lies in this mount and no real entry has its name.
    pub(crate) fn tree_of(&self, mount: &Mount) -> Option<&Tree> {
        let first = self.account.users.first()?;
        let here = mount.primary
            && mount.owner == first.id
            && self.nodes.child(mount.root, TREE_NAME).is_none();
        self.tree.as_ref().filter(|_| here)
    }

    pub(crate) fn is_dir(&self, entry: Entry) -> bool {
        match entry {
            Entry::Node(id) => self.nodes.get(id).is_some_and(Node::is_dir),
            Entry::Tree(entry) => !matches!(entry, TreeEntry::File(..)),
        }
    }

    /// The description of an entry.
    pub(crate) fn info(&self, mount: &Mount, entry: Entry) -> FileInfo {
        match entry {
            Entry::Node(id) => match self.nodes.get(id) {
                Some(node) => FileInfo::of(node, id == mount.root, self.storage(mount).hashes),
                None => FileInfo::default(),
            },
            Entry::Tree(entry) => match &self.tree {
                Some(tree) => FileInfo::of_tree(tree, entry),
                None => FileInfo::default(),
            },
        }
    }

    /// Bytes in use on a mount's storage.
    pub(crate) fn used(&self, mount: &Mount, with_trash: bool) -> u64 {
        let storage = self.storage(mount);
        let trash: u64 = self
            .trash
            .values()
            .filter(|item| with_trash && item.mount_id == storage.id)
            .map(|item| item.bytes)
            .sum();
        self.used.get(&storage.id).copied().unwrap_or(0) + trash
    }

    /// Bytes that still fit; `None` when there is no limit.
    pub(crate) fn free(&self, mount: &Mount, with_trash: bool) -> Option<u64> {
        let total = self.storage(mount).space_mib?.saturating_mul(1024 * 1024);
        Some(total.saturating_sub(self.used(mount, with_trash)))
    }

    pub(crate) fn add_used(&mut self, storage: &str, bytes: u64) {
        *self.used.entry(storage.to_owned()).or_default() += bytes;
    }

    pub(crate) fn sub_used(&mut self, storage: &str, bytes: u64) {
        let used = self.used.entry(storage.to_owned()).or_default();
        *used = used.saturating_sub(bytes);
    }

    /// Puts a detached node into the trash and returns its version id.
    pub(crate) fn discard(
        &mut self,
        mount_id: &str,
        path: String,
        node: NodeId,
        overwritten: bool,
        now: i64,
    ) -> String {
        let item = TrashItem {
            version: ids::uuid(),
            mount_id: mount_id.to_owned(),
            path,
            deleted: now,
            node,
            bytes: self.nodes.bytes(node),
            overwritten,
        };
        let version = item.version.clone();
        let number = self.next_trash;
        self.next_trash += 1;
        self.record(Record::Trash(number, Box::new(item.clone())));
        self.trash.insert(number, item);
        version
    }

    /// Takes an item out of the trash.
    pub(crate) fn take_from_trash(&mut self, number: u64) -> Option<TrashItem> {
        let item = self.trash.remove(&number)?;
        self.record(Record::Untrash(number));
        Some(item)
    }

    /// Forgets a detached node for good.
    pub(crate) fn destroy(&mut self, node: NodeId) {
        let contents = self.nodes.forget(node);
        self.released.extend(contents);
    }

    /// Removes an entry of the synthetic tree.
    pub(crate) fn remove_from_tree(&mut self, entry: TreeEntry) {
        if let Some(tree) = &mut self.tree {
            tree.remove(entry);
            self.record(Record::Tree(entry.into()));
        }
    }

    /// The mounts that show the node's storage under other ids go when their folder goes.
    pub(crate) fn drop_shares_below(&mut self, top: NodeId) {
        if !self
            .account
            .mounts
            .iter()
            .any(|mount| mount.parent.is_some())
        {
            return;
        }
        let gone: HashSet<NodeId> = self.nodes.subtree(top).into_iter().collect();
        self.account_mut()
            .mounts
            .retain(|mount| mount.parent.is_none() || !gone.contains(&mount.root));
    }

    /// Whether another path is a vault or a shared folder is told by its folded form.
    pub(crate) fn same_path(a: &str, b: &str) -> bool {
        fold(a.trim_end_matches('/')) == fold(b.trim_end_matches('/'))
    }

    /// Every node of a mount with its stored path, for inspection.
    pub(crate) fn all_paths(&self, mount: &Mount) -> Vec<(String, NodeId)> {
        self.nodes
            .subtree(mount.root)
            .into_iter()
            .filter(|id| *id != mount.root)
            .filter_map(|id| Some((self.nodes.path(mount.root, id)?, id)))
            .collect()
    }
}

impl Mount {
    /// Whether the user owns the mount or it is shared with them.
    pub(crate) fn is_for(&self, user: &str) -> bool {
        self.owner == user || self.members.iter().any(|member| member.id == user)
    }

    /// Whether the user may change entries.
    pub(crate) fn may_write(&self, user: &str) -> bool {
        self.can_write && self.member_may(user, "WRITE")
    }

    /// Whether the user may upload.
    pub(crate) fn may_upload(&self, user: &str) -> bool {
        (self.can_upload || self.can_write) && self.member_may(user, "WRITE")
    }

    fn member_may(&self, user: &str, permission: &str) -> bool {
        self.owner == user
            || self
                .members
                .iter()
                .filter(|member| member.id == user)
                .any(|member| member.permissions.get(permission) == Some(&true))
    }
}

pub(crate) fn app_password(name: &str, plain: String, now: i64) -> AppPassword {
    AppPassword {
        id: ids::uuid(),
        name: name.to_owned(),
        plain,
        created: now,
        last_used: None,
        scopes: Vec::new(),
    }
}
