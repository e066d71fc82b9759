//! Accounts, devices, mount points, folders and files as one tree of nodes, tombstones included.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::ids;
use crate::jotta::file::FileData;
use crate::names::fold;

pub(crate) type NodeId = u64;

/// The parent of accounts.
pub(crate) const NOWHERE: NodeId = 0;

/// What a mount point is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MountKind {
    /// Always there: `Archive` and `Sync` of the built-in device.
    BuiltIn,
    /// Made by a client.
    Custom,
    /// `Latest`, `Links`, `Shared`, `Trash`: stores nothing.
    View,
}

/// A public link.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Share {
    pub(crate) uri: String,
    pub(crate) path: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Account,
    Device { kind: String, sid: String },
    Mount(MountKind),
    Folder,
    File(Box<FileData>),
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) parent: NodeId,
    pub(crate) name: String,
    /// When it went to the trash.
    pub(crate) deleted: Option<i64>,
    /// Another entry has taken its name; it can only be seen in listings.
    pub(crate) buried: bool,
    /// Readers do not see the entry before this time of the emulator's clock.
    pub(crate) hidden_until: i64,
    /// When the entry, or something in it, last changed.
    pub(crate) changed: i64,
    pub(crate) share: Option<Share>,
    pub(crate) kind: Kind,
    children: Children,
}

#[derive(Clone, Debug, Default)]
struct Children {
    names: BTreeMap<String, NodeId>,
    buried: Vec<NodeId>,
}

impl Node {
    pub(crate) fn new(parent: NodeId, name: &str, kind: Kind, now: i64) -> Self {
        Self {
            parent,
            name: name.to_owned(),
            deleted: None,
            buried: false,
            hidden_until: 0,
            changed: now,
            share: None,
            kind,
            children: Children::default(),
        }
    }

    pub(crate) fn file(&self) -> Option<&FileData> {
        match &self.kind {
            Kind::File(file) => Some(file),
            _ => None,
        }
    }

    pub(crate) fn file_mut(&mut self) -> Option<&mut FileData> {
        match &mut self.kind {
            Kind::File(file) => Some(file),
            _ => None,
        }
    }

    pub(crate) fn is_folder(&self) -> bool {
        matches!(self.kind, Kind::Folder)
    }

    pub(crate) fn is_live(&self) -> bool {
        self.deleted.is_none()
    }

    /// Whether it is a live file with a good content.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_live() && self.file().is_some_and(|file| file.current().is_some())
    }

    /// Children by name first, then tombstones that lost theirs.
    pub(crate) fn children(&self) -> impl Iterator<Item = NodeId> + '_ {
        let named = self.children.names.values();
        named.chain(&self.children.buried).copied()
    }

    pub(crate) fn has_children(&self) -> bool {
        self.children().next().is_some()
    }
}

/// All nodes of all accounts.
#[derive(Debug)]
pub(crate) struct Nodes {
    map: HashMap<NodeId, Node>,
    next_id: NodeId,
    /// Nodes that were created, changed or removed since they were last saved; empty when nothing is saved.
    touched: Vec<NodeId>,
    track: bool,
    /// Counts the changes.
    pub(crate) version: u64,
}

impl Nodes {
    pub(crate) fn new(track: bool) -> Self {
        Self {
            map: HashMap::new(),
            next_id: 1,
            touched: Vec::new(),
            track,
            version: 0,
        }
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Node> {
        self.map.get(&id)
    }

    /// A node to be changed; the change is saved with the rest.
    pub(crate) fn get_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.touch(id);
        self.map.get_mut(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.map.iter().map(|(id, node)| (*id, node))
    }

    /// The nodes that have to be saved.
    pub(crate) fn take_touched(&mut self) -> Vec<NodeId> {
        std::mem::take(&mut self.touched)
    }

    fn touch(&mut self, id: NodeId) {
        self.version += 1;
        if self.track {
            self.touched.push(id);
        }
    }

    /// Adds a node below `parent`. The name must be free.
    pub(crate) fn create(&mut self, parent: NodeId, name: &str, kind: Kind, now: i64) -> NodeId {
        let id = self.next_id;
        self.next_id += 1;
        self.map.insert(id, Node::new(parent, name, kind, now));
        self.touch(id);
        self.link(id);
        id
    }

    /// Puts back a node that was saved; [`relink`](Self::relink) completes the tree afterwards.
    pub(crate) fn restore(&mut self, id: NodeId, node: Node) {
        self.next_id = self.next_id.max(id + 1);
        self.map.insert(id, node);
    }

    /// Rebuilds the children of all nodes.
    pub(crate) fn relink(&mut self) {
        let mut ids: Vec<NodeId> = self.map.keys().copied().collect();
        ids.sort_unstable();
        ids.into_iter().for_each(|id| self.link(id));
    }

    fn link(&mut self, id: NodeId) {
        let Some(node) = self.map.get(&id) else {
            return;
        };
        let (parent, buried, name) = (node.parent, node.buried, fold(&node.name));
        if let Some(parent) = self.map.get_mut(&parent) {
            if buried {
                parent.children.buried.push(id);
            } else {
                parent.children.names.insert(name, id);
            }
        }
    }

    fn unlink(&mut self, id: NodeId) {
        let Some(node) = self.map.get(&id) else {
            return;
        };
        let (parent, buried, name) = (node.parent, node.buried, fold(&node.name));
        if let Some(parent) = self.map.get_mut(&parent) {
            if buried {
                parent.children.buried.retain(|child| *child != id);
            } else {
                parent.children.names.remove(&name);
            }
        }
    }

    /// Takes the name of a tombstone away, so that something else can have it.
    pub(crate) fn bury(&mut self, id: NodeId) {
        self.unlink(id);
        if let Some(node) = self.get_mut(id) {
            node.buried = true;
        }
        self.link(id);
    }

    /// Gives a node another place and name. The name must be free.
    pub(crate) fn relocate(&mut self, id: NodeId, parent: NodeId, name: &str) {
        self.unlink(id);
        if let Some(node) = self.get_mut(id) {
            node.parent = parent;
            node.name = name.to_owned();
        }
        self.link(id);
    }

    /// Removes a node with everything below it and gives the removed ones.
    pub(crate) fn remove(&mut self, id: NodeId) -> Vec<Node> {
        self.unlink(id);
        let mut removed = Vec::new();
        for id in self.subtree(id) {
            self.touch(id);
            removed.extend(self.map.remove(&id));
        }
        removed
    }

    /// The child of this name that an address reaches, without regard to case.
    pub(crate) fn child(&self, parent: NodeId, name: &str) -> Option<NodeId> {
        let parent = self.map.get(&parent)?;
        parent.children.names.get(&fold(name)).copied()
    }

    /// Where a path below `start` leads, tombstones included.
    pub(crate) fn find(&self, start: NodeId, segments: &[String]) -> Option<NodeId> {
        segments
            .iter()
            .try_fold(start, |id, segment| self.child(id, segment))
    }

    /// The node and everything below it, parents before their children.
    pub(crate) fn subtree(&self, id: NodeId) -> Vec<NodeId> {
        let mut all = vec![id];
        let mut next = 0;
        while let Some(id) = all.get(next) {
            if let Some(node) = self.map.get(id) {
                all.extend(node.children());
            }
            next += 1;
        }
        all
    }

    /// The node and those above it, nearest first.
    pub(crate) fn line(&self, id: NodeId) -> impl Iterator<Item = (NodeId, &Node)> {
        let mut next = id;
        std::iter::from_fn(move || {
            let id = next;
            let node = self.map.get(&id)?;
            next = node.parent;
            Some((id, node))
        })
    }

    /// `/{user}/{device}/{mount}/…` with the stored spelling.
    pub(crate) fn path(&self, id: NodeId) -> String {
        let mut names: Vec<&str> = self.line(id).map(|(_, node)| node.name.as_str()).collect();
        names.reverse();
        format!("/{}", names.join("/"))
    }

    /// The path of the node above.
    pub(crate) fn parent_path(&self, id: NodeId) -> String {
        let parent = self.get(id).map_or(NOWHERE, |node| node.parent);
        if parent == NOWHERE {
            return String::new();
        }
        self.path(parent)
    }
}

/// A public link with the identifiers the service makes up.
pub(crate) fn new_share() -> Share {
    let uri = ids::token();
    Share {
        path: format!("s/290{uri}"),
        uri,
    }
}
