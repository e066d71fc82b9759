//! Everything a Jottacloud emulator knows, behind one lock, and how it is found and saved.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path as FsPath;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::broadcast;

use crate::identity::IdentityUser;
use crate::ids;
use crate::jotta::BUILT_IN_DEVICE;
use crate::jotta::config::{JottaConfig, JottaSettings};
use crate::jotta::file::{ContentKey, Revision, RevisionState};
use crate::jotta::nodes::{Kind, MountKind, NOWHERE, Node, NodeId, Nodes};
use crate::jotta::problem::Problem;
use crate::jotta::saved::{Known, Opened, Record, SavedNode, object};
use crate::journal::Journal;
use crate::names::fold;
use crate::store::{Content, ContentStore};
use crate::tree::{TREE_NAME, Tree, TreeEntry};

/// Changes a slow listener of the event stream may lag behind before it loses some.
const EVENT_BACKLOG: usize = 4096;

const DAY_MS: i64 = 86_400_000;

/// An account as the customer information describes it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Account {
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) root: NodeId,
    pub(crate) capacity: i64,
    pub(crate) write_locked: bool,
    pub(crate) read_locked: bool,
}

/// Where a path leads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Entry {
    Node(NodeId),
    Tree(TreeEntry),
}

/// A change as the event stream tells it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) user: String,
    pub(crate) text: Value,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) nodes: Nodes,
    accounts: Vec<Account>,
    pool: HashMap<ContentKey, Content>,
    tree: Option<Tree>,
    pub(crate) settings: JottaSettings,
    pub(crate) events: broadcast::Sender<Event>,
    /// Upload addresses and the file each belongs to.
    pub(crate) uploads: HashMap<String, NodeId>,
    /// Tickets of the event stream.
    pub(crate) tickets: HashMap<String, String>,
    capacity: i64,
    /// When the oldest tombstone is due; nothing is looked for before.
    next_expiry: i64,
    /// Bytes per mount point, counted at this version of the nodes.
    sizes: (u64, HashMap<NodeId, u64>),
    records: Vec<Record>,
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
    fn empty(config: &JottaConfig, track: bool) -> Self {
        Self {
            nodes: Nodes::new(track),
            accounts: Vec::new(),
            pool: HashMap::new(),
            tree: config
                .tree
                .map(|tree| Tree::new(tree.entries, tree.folders)),
            settings: config.settings.clone(),
            events: broadcast::channel(EVENT_BACKLOG).0,
            uploads: HashMap::new(),
            tickets: HashMap::new(),
            capacity: config.capacity,
            next_expiry: i64::MAX,
            sizes: (u64::MAX, HashMap::new()),
            records: Vec::new(),
            released: Vec::new(),
            saved_in: SavedIn::Nothing,
        }
    }

    /// A state that ends with the process.
    pub(crate) fn fresh(config: &JottaConfig, now: i64) -> Self {
        let mut state = Self::empty(config, false);
        state.set_up(config, now);
        state
    }

    fn set_up(&mut self, config: &JottaConfig, now: i64) {
        let default_user = [IdentityUser::default()];
        let users: &[IdentityUser] = if config.identity.users.is_empty() {
            &default_user
        } else {
            &config.identity.users
        };
        for user in users {
            self.account(&user.username, &user.login, now);
        }
    }

    /// The state that was saved in `dir`.
    pub(crate) fn load(
        config: &JottaConfig,
        now: i64,
        dir: &FsPath,
        store: &ContentStore,
    ) -> io::Result<Self> {
        let lock = Journal::lock(dir)?;
        let mut state = Self::empty(config, true);
        let mut saved: HashMap<NodeId, SavedNode> = HashMap::new();
        let mut known: Vec<Known> = Vec::new();
        Journal::read(dir, |records: Vec<Record>| {
            for record in records {
                match record {
                    Record::Account(account) => state.put_account(*account),
                    Record::Gone(id) => drop(saved.remove(&id)),
                    Record::Known(content) => known.push(content),
                    Record::Node(node) => drop(saved.insert(node.id(), *node)),
                    Record::Tree(tombstone) => {
                        state.tree.iter_mut().for_each(|tree| tree.bury(tombstone));
                    }
                }
            }
        })?;
        let mut used: HashSet<String> = saved
            .values()
            .flat_map(|node| node.objects().map(str::to_owned))
            .collect();
        used.extend(known.iter().filter_map(|content| content.object.clone()));
        store.sweep(&used)?;
        let mut opened = Opened::new(store);
        for content in known {
            let bytes = match &content.object {
                Some(object) => opened.get(object)?,
                None => Content::Memory(Bytes::new()),
            };
            state.pool.insert((content.md5, content.size), bytes);
        }
        for (id, node) in saved {
            let node = node.restore(|object| opened.get(object))?;
            let unfinished = node.file().and_then(|file| file.latest());
            if let Some(latest) = unfinished {
                state.uploads.insert(latest.upload_id.clone(), id);
            }
            state.nodes.restore(id, node);
        }
        state.nodes.relink();
        state.set_up(config, now);
        state.find_expiry();
        let journal = Journal::rewrite(dir, lock, state.snapshot())?;
        state.records.clear();
        drop(state.nodes.take_touched());
        state.saved_in = SavedIn::Journal(journal);
        Ok(state)
    }

    fn snapshot(&self) -> impl Iterator<Item = Record> + '_ {
        let accounts = self
            .accounts
            .iter()
            .map(|account| Record::Account(Box::new(account.clone())));
        let pool = self.pool.iter().map(|((md5, size), content)| {
            Record::Known(Known {
                md5: md5.clone(),
                size: *size,
                object: object(content),
            })
        });
        let nodes = self
            .nodes
            .iter()
            .map(|(id, node)| Record::Node(Box::new(SavedNode::new(id, node))));
        let stones = self.tree.as_ref().map(Tree::tombstones).unwrap_or_default();
        accounts
            .chain(pool)
            .chain(nodes)
            .chain(stones.into_iter().map(Record::Tree))
    }

    fn put_account(&mut self, account: Account) {
        match self
            .accounts
            .iter_mut()
            .find(|known| known.username == account.username)
        {
            Some(known) => *known = account,
            None => self.accounts.push(account),
        }
    }

    /// The account of a user, set up with its built-in device when it is new.
    pub(crate) fn account(&mut self, username: &str, email: &str, now: i64) -> Account {
        if let Some(known) = self.find_account(username) {
            return known.clone();
        }
        let root = self.nodes.create(NOWHERE, username, Kind::Account, now);
        let device = Kind::Device {
            kind: "JOTTA".to_owned(),
            sid: ids::uuid(),
        };
        let device = self.nodes.create(root, BUILT_IN_DEVICE, device, now);
        for (name, kind) in [
            ("Archive", MountKind::BuiltIn),
            ("Sync", MountKind::BuiltIn),
            ("Shared", MountKind::View),
            ("Latest", MountKind::View),
            ("Links", MountKind::View),
            ("Trash", MountKind::View),
        ] {
            self.nodes.create(device, name, Kind::Mount(kind), now);
        }
        let account = Account {
            username: username.to_owned(),
            email: email.to_owned(),
            root,
            capacity: self.capacity,
            write_locked: false,
            read_locked: false,
        };
        self.accounts.push(account.clone());
        self.record(Record::Account(Box::new(account.clone())));
        account
    }

    pub(crate) fn find_account(&self, username: &str) -> Option<&Account> {
        self.accounts
            .iter()
            .find(|account| account.username == username)
    }

    /// The account the emulator was started with.
    pub(crate) fn first_account(&self) -> Option<&Account> {
        self.accounts.first()
    }

    /// Changes an account; the change is saved with the rest.
    pub(crate) fn edit_account(&mut self, username: &str, edit: impl FnOnce(&mut Account)) {
        let found = self
            .accounts
            .iter_mut()
            .find(|account| account.username == username);
        if let Some(account) = found {
            edit(account);
            let record = Record::Account(Box::new(account.clone()));
            self.record(record);
        }
    }

    /// Writes what became different since the last call. Call it before the lock is given back.
    ///
    /// What could not be written is tried again with the next change.
    pub(crate) fn save(&mut self) -> io::Result<()> {
        self.save_records()?;
        self.records.clear();
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

    /// A content the service has seen before.
    pub(crate) fn known(&self, key: &ContentKey) -> Option<Content> {
        self.pool.get(key).cloned()
    }

    /// Remembers a content for good and gives the one to be used, which is the older one if it was known.
    pub(crate) fn learn(&mut self, key: ContentKey, content: Content) -> Content {
        if let Some(known) = self.pool.get(&key) {
            let known = known.clone();
            self.released.push(content);
            return known;
        }
        self.record(Record::Known(Known {
            md5: key.0.clone(),
            size: key.1,
            object: object(&content),
        }));
        self.pool.insert(key, content.clone());
        content
    }

    /// Makes a content one that was never seen; files keep it.
    pub(crate) fn forget(&mut self, key: &ContentKey) {
        self.pool.remove(key);
    }

    /// Forgets what was received of uploads.
    pub(crate) fn release(&mut self, contents: impl IntoIterator<Item = Content>) {
        self.released.extend(contents);
    }

    /// Removes a node for good.
    pub(crate) fn erase(&mut self, id: NodeId) {
        for mut node in self.nodes.remove(id) {
            let Some(file) = node.file_mut() else {
                continue;
            };
            for revision in &mut file.revisions {
                self.released.append(&mut revision.parts);
                self.uploads.remove(&revision.upload_id);
            }
        }
    }

    /// Adds a revision to a file.
    pub(crate) fn push_revision(&mut self, id: NodeId, revision: Revision) {
        let unfinished = revision.state != RevisionState::Completed;
        let kept = self.settings.kept_revisions;
        if unfinished {
            self.uploads.insert(revision.upload_id.clone(), id);
        }
        if let Some(file) = self.nodes.get_mut(id).and_then(Node::file_mut) {
            let dropped = file.push(revision, kept);
            self.released.extend(dropped);
        }
    }

    /// Notes when something that goes to the trash at `now` will leave it.
    pub(crate) fn expect_expiry(&mut self, now: i64) {
        let lifetime = i64::from(self.settings.trash_retention_days) * DAY_MS;
        self.next_expiry = self.next_expiry.min(now.saturating_add(lifetime));
    }

    fn find_expiry(&mut self) {
        self.next_expiry = i64::MAX;
        let oldest = self.nodes.iter().filter_map(|(_, node)| node.deleted).min();
        if let Some(oldest) = oldest {
            self.expect_expiry(oldest);
        }
    }

    /// Removes tombstones that are older than the trash keeps them.
    pub(crate) fn expire(&mut self, now: i64) {
        if now < self.next_expiry {
            return;
        }
        let lifetime = i64::from(self.settings.trash_retention_days) * DAY_MS;
        let due = |node: &Node| {
            let end = |deleted: i64| deleted.saturating_add(lifetime);
            node.deleted.is_some_and(|deleted| end(deleted) <= now)
        };
        let ids: Vec<NodeId> = self
            .nodes
            .iter()
            .filter_map(|(id, node)| due(node).then_some(id))
            .collect();
        for id in ids {
            if self.nodes.get(id).is_some() {
                self.erase(id);
            }
        }
        self.find_expiry();
    }

    /// The synthetic tree, if `mount` is where it lies, no real entry has its name, and it was not removed.
    pub(crate) fn tree_in(&self, mount: NodeId) -> Option<&Tree> {
        let tree = self.tree.as_ref()?;
        let node = self.nodes.get(mount)?;
        let device = self.nodes.get(node.parent)?;
        let first = self.accounts.first()?;
        let here = node.name == "Archive"
            && device.name == BUILT_IN_DEVICE
            && device.parent == first.root
            && self.nodes.child(mount, TREE_NAME).is_none()
            && tree.find(&[TREE_NAME.to_owned()]).is_some();
        here.then_some(tree)
    }

    pub(crate) fn tree(&self) -> Option<&Tree> {
        self.tree.as_ref()
    }

    /// Removes something of the synthetic tree for good.
    pub(crate) fn remove_from_tree(&mut self, entry: TreeEntry) {
        if let Some(tree) = &mut self.tree {
            tree.remove(entry);
        }
        self.record(Record::Tree(entry.into()));
    }

    /// Where the segments of a path lead, tombstones and hidden entries included.
    pub(crate) fn find(&self, account: &Account, segments: &[String]) -> Option<Entry> {
        if let Some(id) = self.nodes.find(account.root, segments) {
            return Some(Entry::Node(id));
        }
        let (mount, rest) = segments.split_at_checked(2)?;
        let mount = self.nodes.find(account.root, mount)?;
        self.tree_in(mount)?.find(rest).map(Entry::Tree)
    }

    /// Where a path leads for somebody who reads at `now`.
    pub(crate) fn look_up(
        &self,
        account: &Account,
        segments: &[String],
        now: i64,
    ) -> Result<Entry, Problem> {
        let entry = self.find(account, segments);
        entry
            .filter(|entry| match entry {
                Entry::Node(id) => self.is_visible(*id, now),
                Entry::Tree(_) => true,
            })
            .ok_or_else(|| self.missing(account, segments))
    }

    /// Whether neither the node nor one above it is hidden.
    pub(crate) fn is_visible(&self, id: NodeId, now: i64) -> bool {
        self.nodes
            .line(id)
            .all(|(_, node)| node.hidden_until <= now)
    }

    /// The refusal for a path that leads nowhere.
    pub(crate) fn missing(&self, account: &Account, segments: &[String]) -> Problem {
        let path = format!("/{}/{}", account.username, segments.join("/"));
        match segments.len() {
            2 => Problem::no_mount(&path),
            0 | 1 => Problem::no_path(&path),
            length => {
                let parent = segments.get(..length - 1).unwrap_or_default();
                match self.find(account, parent) {
                    Some(_) => Problem::no_file(&path),
                    None => Problem::no_path(&path),
                }
            }
        }
    }

    /// The mount point a node lies in; the node itself when it is one.
    pub(crate) fn mount_of(&self, id: NodeId) -> Option<NodeId> {
        self.nodes
            .line(id)
            .find(|(_, node)| matches!(node.kind, Kind::Mount(_)))
            .map(|(id, _)| id)
    }

    /// Counts what is stored, for [`counted`](Self::counted).
    pub(crate) fn count(&mut self) {
        if self.sizes.0 == self.nodes.version {
            return;
        }
        let mut sizes = HashMap::new();
        for (id, node) in self.nodes.iter() {
            let counted = node.is_live() || self.settings.trash_uses_space;
            let current = node.file().and_then(|file| file.current());
            if let (Some(current), true) = (current, counted)
                && let Some(mount) = self.mount_of(id)
            {
                *sizes.entry(mount).or_default() += current.about.size;
            }
        }
        self.sizes = (self.nodes.version, sizes);
    }

    /// Bytes stored in an account, device or mount point at the last [`count`](Self::count).
    pub(crate) fn counted(&self, id: NodeId) -> u64 {
        let inside = |mount: NodeId| self.nodes.line(mount).any(|(above, _)| above == id);
        let sizes = self.sizes.1.iter();
        sizes
            .filter(|(mount, _)| inside(**mount))
            .map(|(_, size)| size)
            .sum()
    }

    /// Refuses what would not fit into the account, or an account that must not be written to.
    pub(crate) fn check_space(&mut self, username: &str, more: u64) -> Result<(), Problem> {
        let Some(account) = self.find_account(username).cloned() else {
            return Err(Problem::no_path(&format!("/{username}")));
        };
        if account.write_locked {
            return Err(Problem::over_quota());
        }
        let Ok(capacity) = u64::try_from(account.capacity) else {
            return Ok(());
        };
        self.count();
        let used = self.counted(account.root);
        if self.settings.enforce_capacity && used.saturating_add(more) > capacity {
            return Err(Problem::over_quota());
        }
        Ok(())
    }

    /// Tells the event stream about a change.
    pub(crate) fn announce(&self, user: &str, kind: &str, data: Value, now: i64) {
        let mut event = serde_json::json!({
            "U": user, "A": user, "T": "PATH", "ST": kind, "TS": now, "uuid": ids::uuid(),
        });
        event["D"] = data;
        let text = serde_json::json!({ "EVENT": event });
        // Nobody listening is fine.
        drop(self.events.send(Event {
            user: user.to_owned(),
            text,
        }));
    }

    /// Whether a name is the same as another one up to its letter case.
    pub(crate) fn same_name(a: &str, b: &str) -> bool {
        fold(a) == fold(b)
    }
}
