//! Everything an Amazon Drive emulator knows, behind one lock.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::io;
use std::path::Path as FsPath;

use crate::acd::config::{AcdConfig, AcdSettings, LateUpload};
use crate::acd::links::Links;
use crate::acd::listing::Pages;
use crate::acd::node::{Data, FileContent, Key, Kind, Lag, Node, Parent, ROOT, new_id};
use crate::acd::problem::Problem;
use crate::acd::saved::{Record, SavedNode};
use crate::journal::Journal;
use crate::names::fold;
use crate::store::{Content, ContentStore};
use crate::tree::Tree;

/// Every so many nodes one has an id that begins with a minus sign.
const MINUS_EVERY: u64 = 16;

/// When a change happens and when who will see it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment {
    pub(crate) now: i64,
    pub(crate) index_until: i64,
    pub(crate) id_until: i64,
}

#[derive(Debug)]
pub(crate) struct State {
    nodes: BTreeMap<Key, Node>,
    by_id: HashMap<String, Key>,
    children: HashMap<Key, BTreeSet<Key>>,
    names: HashMap<(Key, String), BTreeSet<Key>>,
    md5s: HashMap<String, BTreeSet<Key>>,
    /// Nodes that some readers see as they were.
    lagging: BTreeSet<Key>,
    /// The last change of every node.
    changes: BTreeMap<u64, Key>,
    purged: BTreeMap<u64, String>,
    sequence: u64,
    trash_calls: u64,
    next_key: Key,
    used: u64,
    /// When something becomes different by itself.
    next_due: i64,
    pub(crate) local_ids: HashMap<String, Key>,
    pub(crate) pages: Pages,
    pub(crate) links: Links,
    pub(crate) late_uploads: VecDeque<LateUpload>,
    pub(crate) settings: AcdSettings,
    pub(crate) tree: Option<Tree>,
    touched: BTreeSet<Key>,
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
    fn empty(config: &AcdConfig) -> Self {
        Self {
            nodes: BTreeMap::new(),
            by_id: HashMap::new(),
            children: HashMap::new(),
            names: HashMap::new(),
            md5s: HashMap::new(),
            lagging: BTreeSet::new(),
            changes: BTreeMap::new(),
            purged: BTreeMap::new(),
            sequence: 0,
            trash_calls: 0,
            next_key: ROOT,
            used: 0,
            next_due: i64::MAX,
            local_ids: HashMap::new(),
            pages: Pages::default(),
            links: Links::default(),
            late_uploads: VecDeque::new(),
            settings: config.settings.clone(),
            tree: config
                .tree
                .map(|tree| Tree::new(tree.entries, tree.folders)),
            touched: BTreeSet::new(),
            records: Vec::new(),
            released: Vec::new(),
            saved_in: SavedIn::Nothing,
        }
    }

    /// A state that ends with the process.
    pub(crate) fn fresh(config: &AcdConfig, now: i64) -> Self {
        let mut state = Self::empty(config);
        state.set_up(now);
        state
    }

    /// Makes the root unless there is one.
    fn set_up(&mut self, now: i64) {
        if self.nodes.is_empty() {
            let moment = Moment {
                now,
                ..Moment::default()
            };
            self.create(moment, Kind::Folder, Data::new(now));
        }
    }

    /// The state that was saved in `dir`.
    pub(crate) fn load(
        config: &AcdConfig,
        now: i64,
        dir: &FsPath,
        store: &ContentStore,
    ) -> io::Result<Self> {
        let lock = Journal::lock(dir)?;
        let mut state = Self::empty(config);
        let mut saved: BTreeMap<Key, SavedNode> = BTreeMap::new();
        Journal::read(dir, |records: Vec<Record>| {
            for record in records {
                match record {
                    Record::Node(node) => drop(saved.insert(node.key(), *node)),
                    Record::Purged {
                        key,
                        id,
                        sequence,
                        next_key,
                    } => {
                        saved.remove(&key);
                        state.next_key = state.next_key.max(next_key);
                        state.sequence = state.sequence.max(sequence);
                        state.purged.insert(sequence, id);
                    }
                    Record::Tree(stone) => {
                        state.tree.iter_mut().for_each(|tree| tree.bury(stone));
                    }
                }
            }
        })?;
        let used: HashSet<String> = saved
            .values()
            .filter_map(SavedNode::object)
            .map(str::to_owned)
            .collect();
        store.sweep(&used)?;
        for (key, node) in saved {
            let node = node.restore(store)?;
            state.next_key = state.next_key.max(key + 1);
            state.sequence = state.sequence.max(node.changed);
            if let Some(trashed) = node.data.trashed {
                state.trash_calls = state.trash_calls.max(trashed.call);
            }
            state.by_id.insert(node.id.clone(), key);
            state.nodes.insert(key, node);
            state.link(key);
        }
        state.set_up(now);
        state.next_due = now;
        let journal = Journal::rewrite(dir, lock, state.snapshot())?;
        state.records.clear();
        state.touched.clear();
        state.saved_in = SavedIn::Journal(journal);
        Ok(state)
    }

    fn snapshot(&self) -> impl Iterator<Item = Record> + '_ {
        let nodes = self
            .nodes
            .iter()
            .map(|(key, node)| Record::Node(Box::new(SavedNode::new(*key, node))));
        let purged = self.purged.iter().map(|(sequence, id)| Record::Purged {
            key: Key::MAX,
            id: id.clone(),
            sequence: *sequence,
            next_key: self.next_key,
        });
        let stones = self.tree.as_ref().map(Tree::tombstones).unwrap_or_default();
        nodes
            .chain(purged)
            .chain(stones.into_iter().map(Record::Tree))
    }

    /// Writes what became different since the last call. Call it before the lock is given back.
    pub(crate) fn save(&mut self) -> io::Result<()> {
        match &mut self.saved_in {
            SavedIn::Nothing => self.touched.clear(),
            SavedIn::Closed => return Err(io::Error::other("the emulator was stopped")),
            SavedIn::Journal(journal) => {
                for key in std::mem::take(&mut self.touched) {
                    if let Some(node) = self.nodes.get(&key) {
                        let saved = SavedNode::new(key, node);
                        self.records.push(Record::Node(Box::new(saved)));
                    }
                }
                if !self.records.is_empty() {
                    journal.append(&self.records)?;
                }
            }
        }
        self.records.clear();
        for content in self.released.drain(..) {
            ContentStore::release(content);
        }
        Ok(())
    }

    /// Gives the directory back. Changes that are still to come fail instead of being lost.
    pub(crate) fn close(&mut self) {
        if let SavedIn::Journal(_) = self.saved_in {
            self.saved_in = SavedIn::Closed;
        }
    }

    pub(crate) fn record(&mut self, record: Record) {
        if let SavedIn::Journal(_) = self.saved_in {
            self.records.push(record);
        }
    }

    /// Gives a content back once the change is saved.
    pub(crate) fn release(&mut self, content: Content) {
        self.released.push(content);
    }

    pub(crate) fn node(&self, key: Key) -> Option<&Node> {
        self.nodes.get(&key)
    }

    pub(crate) fn nodes(&self) -> &BTreeMap<Key, Node> {
        &self.nodes
    }

    pub(crate) fn key_of(&self, id: &str) -> Option<Key> {
        self.by_id.get(id).copied()
    }

    /// The node of an id, whatever its status.
    pub(crate) fn find(&self, id: &str) -> Result<Key, Problem> {
        self.key_of(id).ok_or_else(Problem::no_node)
    }

    /// The node of a key that was looked up under the same lock.
    pub(crate) fn get(&self, key: Key) -> Result<&Node, Problem> {
        self.nodes.get(&key).ok_or_else(Problem::no_node)
    }

    pub(crate) fn id_of(&self, parent: &Parent) -> String {
        match parent {
            Parent::Id(id) => id.clone(),
            Parent::Node(key) => self
                .nodes
                .get(key)
                .map(|node| node.id.clone())
                .unwrap_or_default(),
        }
    }

    pub(crate) fn root_id(&self) -> String {
        self.id_of(&Parent::Node(ROOT))
    }

    /// The children of a folder, in the trash or not.
    pub(crate) fn children(&self, key: Key) -> impl Iterator<Item = Key> + '_ {
        self.children.get(&key).into_iter().flatten().copied()
    }

    /// The same as a set.
    pub(crate) fn children_set(&self, key: Key) -> Option<&BTreeSet<Key>> {
        self.children.get(&key)
    }

    /// The children of a folder with a name, in any case, in the trash or not.
    pub(crate) fn named(&self, parent: Key, name: &str) -> impl Iterator<Item = Key> + '_ {
        let found = self.names.get(&(parent, fold(name)));
        found.into_iter().flatten().copied()
    }

    pub(crate) fn lagging(&self) -> &BTreeSet<Key> {
        &self.lagging
    }

    pub(crate) fn with_md5(&self, md5: &str) -> impl Iterator<Item = Key> + '_ {
        self.md5s.get(md5).into_iter().flatten().copied()
    }

    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The nodes that changed after a checkpoint, oldest change first.
    pub(crate) fn changed_after(&self, sequence: u64) -> impl Iterator<Item = (u64, Key)> + '_ {
        self.changes
            .range(sequence.saturating_add(1)..)
            .map(|(sequence, key)| (*sequence, *key))
    }

    /// The nodes that were purged after a checkpoint.
    pub(crate) fn purged_after(&self, sequence: u64) -> impl Iterator<Item = (u64, &str)> + '_ {
        self.purged
            .range(sequence.saturating_add(1)..)
            .map(|(sequence, id)| (*sequence, id.as_str()))
    }

    /// The number of the next call that fills the trash.
    pub(crate) fn next_trash_call(&mut self) -> u64 {
        self.trash_calls += 1;
        self.trash_calls
    }

    /// Notes that something will become different by itself.
    pub(crate) fn expect(&mut self, at: i64) {
        self.next_due = self.next_due.min(at);
    }

    /// Puts a node into the drive without looking at anything.
    pub(crate) fn create(&mut self, moment: Moment, kind: Kind, data: Data) -> Key {
        let key = self.next_key;
        self.next_key += 1;
        self.sequence += 1;
        let lags = moment.index_until.max(moment.id_until) > moment.now;
        let with_minus = key % MINUS_EVERY == MINUS_EVERY - 1;
        let node = Node {
            id: new_id(with_minus),
            kind,
            created: moment.now,
            created_by: self.settings.application.clone(),
            changed: self.sequence,
            lag: lags.then_some(Lag {
                index_until: moment.index_until,
                id_until: moment.id_until,
                old: None,
            }),
            data,
        };
        if lags {
            self.lagging.insert(key);
            self.expect(moment.index_until.max(moment.id_until));
        }
        if let Some(content) = &node.data.content
            && content.ready_at > moment.now
        {
            self.next_due = self.next_due.min(content.ready_at);
        }
        self.by_id.insert(node.id.clone(), key);
        self.nodes.insert(key, node);
        self.link(key);
        self.touched.insert(key);
        key
    }

    /// Changes a node: its version rises and the change feed has it.
    pub(crate) fn edit(&mut self, moment: Moment, key: Key, change: impl FnOnce(&mut Data)) {
        self.unlink(key);
        self.sequence += 1;
        if let Some(node) = self.nodes.get_mut(&key) {
            let index_until = moment.index_until.max(moment.now);
            let id_until = moment.id_until.max(moment.now);
            let lags = index_until.max(id_until) > moment.now;
            let (seen, until) = match &node.lag {
                Some(lag) => (
                    node.indexed(moment.now).cloned().map(Box::new),
                    (lag.index_until, lag.id_until),
                ),
                None => (Some(Box::new(node.data.clone())), (0, 0)),
            };
            if lags || node.lag.is_some() {
                node.lag = Some(Lag {
                    index_until: index_until.max(until.0),
                    id_until: id_until.max(until.1),
                    old: seen,
                });
                self.lagging.insert(key);
                self.next_due = self.next_due.min(index_until.max(id_until));
            }
            change(&mut node.data);
            node.data.version += 1;
            node.data.modified = moment.now;
            node.changed = self.sequence;
            let ready_at = node.data.content.as_ref().map(|content| content.ready_at);
            if let Some(ready_at) = ready_at.filter(|at| *at > moment.now) {
                self.next_due = self.next_due.min(ready_at);
            }
        }
        self.link(key);
        self.touched.insert(key);
    }

    /// Lets the change feed have a node that did not change itself.
    pub(crate) fn announce(&mut self, key: Key) {
        let Some(node) = self.nodes.get_mut(&key) else {
            return;
        };
        self.sequence += 1;
        self.changes.remove(&node.changed);
        node.changed = self.sequence;
        self.changes.insert(self.sequence, key);
        self.touched.insert(key);
    }

    /// Removes a node for good. Its children lose this parent.
    pub(crate) fn erase(&mut self, key: Key) {
        self.unlink(key);
        self.lagging.remove(&key);
        self.touched.remove(&key);
        let Some(node) = self.nodes.remove(&key) else {
            return;
        };
        self.by_id.remove(&node.id);
        if let Some(content) = node.data.content
            && let crate::acd::node::Blob::Stored(content) = content.blob
        {
            self.released.push(content);
        }
        let children: Vec<Key> = self.children(key).collect();
        for child in children {
            self.unlink(child);
            if let Some(child) = self.nodes.get_mut(&child) {
                child
                    .data
                    .parents
                    .retain(|parent| *parent != Parent::Node(key));
            }
            self.link(child);
            self.touched.insert(child);
        }
        self.children.remove(&key);
        self.sequence += 1;
        self.purged.insert(self.sequence, node.id.clone());
        self.record(Record::Purged {
            key,
            id: node.id,
            sequence: self.sequence,
            next_key: self.next_key,
        });
    }

    /// Does what is due by now: purges the trash, ends delays and processing.
    pub(crate) fn expire(&mut self, now: i64) {
        if now < self.next_due {
            return;
        }
        let retention = i64::from(self.settings.trash_days) * 86_400_000;
        let mut purge = Vec::new();
        let mut ready = Vec::new();
        let mut next_due = i64::MAX;
        for (key, node) in &mut self.nodes {
            let mut due = |at: i64| {
                let is_due = at <= now;
                if !is_due {
                    next_due = next_due.min(at);
                }
                is_due
            };
            if let Some(trashed) = node.data.trashed
                && due(trashed.at.saturating_add(retention))
            {
                purge.push(*key);
            }
            if let Some(lag) = &node.lag
                && due(lag.index_until.max(lag.id_until))
            {
                if lag.id_until > node.data.modified {
                    // The change feed left out what could not be seen.
                    ready.push(*key);
                }
                node.lag = None;
                self.lagging.remove(key);
            }
            if let Some(content) = &mut node.data.content
                && content.ready_at != 0
                && due(content.ready_at)
            {
                content.ready_at = 0;
                ready.push(*key);
            }
        }
        self.next_due = next_due;
        ready.into_iter().for_each(|key| self.announce(key));
        purge.into_iter().for_each(|key| self.erase(key));
    }

    fn link(&mut self, key: Key) {
        let Some(node) = self.nodes.get(&key) else {
            return;
        };
        self.changes.insert(node.changed, key);
        for parent in node.data.parent_keys() {
            self.children.entry(parent).or_default().insert(key);
            if let Some(name) = &node.data.name {
                let place = (parent, fold(name));
                self.names.entry(place).or_default().insert(key);
            }
        }
        if let Some(content) = &node.data.content {
            self.used = self.used.saturating_add(content.blob.len());
            if let Some(md5) = &content.md5 {
                self.md5s.entry(md5.clone()).or_default().insert(key);
            }
        }
    }

    fn unlink(&mut self, key: Key) {
        let Some(node) = self.nodes.get(&key) else {
            return;
        };
        self.changes.remove(&node.changed);
        for parent in node.data.parent_keys() {
            take(&mut self.children, &parent, key);
            if let Some(name) = &node.data.name {
                take(&mut self.names, &(parent, fold(name)), key);
            }
        }
        if let Some(content) = &node.data.content {
            self.used = self.used.saturating_sub(content.blob.len());
            if let Some(md5) = &content.md5 {
                take(&mut self.md5s, md5, key);
            }
        }
    }

    /// Gives a file another content.
    pub(crate) fn set_content(&mut self, moment: Moment, key: Key, content: FileContent) {
        let mut old = None;
        self.edit(moment, key, |data| old = data.content.replace(content));
        if let Some(FileContent {
            blob: crate::acd::node::Blob::Stored(content),
            ..
        }) = old
        {
            self.release(content);
        }
    }
}

/// Takes a node out of an index, with the entry if it was the last.
fn take<K: Eq + std::hash::Hash>(index: &mut HashMap<K, BTreeSet<Key>>, place: &K, key: Key) {
    if let Some(keys) = index.get_mut(place) {
        keys.remove(&key);
        if keys.is_empty() {
            index.remove(place);
        }
    }
}
