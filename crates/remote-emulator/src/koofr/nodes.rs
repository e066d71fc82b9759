//! Files and folders as a tree of nodes: names compared without case, children in the order they arrived.

use std::collections::{BTreeMap, HashMap};

use crate::koofr::path::{Path, fold};
use crate::store::Content;

pub(crate) type NodeId = u64;
pub(crate) type Tags = BTreeMap<String, Vec<String>>;

/// The parent of mount roots and of what lies in the trash.
pub(crate) const DETACHED: NodeId = 0;

/// A file or a folder.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) parent: NodeId,
    /// Grows with every attachment; children are listed in this order.
    pub(crate) seq: u64,
    pub(crate) name: String,
    pub(crate) modified: i64,
    pub(crate) tags: Tags,
    /// Readers do not see the entry before this time of the emulator's clock.
    pub(crate) hidden_until: i64,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Dir(Dir),
    File(FileData),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Dir {
    order: BTreeMap<u64, NodeId>,
    names: HashMap<String, NodeId>,
}

impl Dir {
    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The children after `seq`, in stored order.
    pub(crate) fn after(&self, seq: u64) -> impl Iterator<Item = (u64, NodeId)> + '_ {
        self.order
            .range(seq.saturating_add(1)..)
            .map(|(seq, id)| (*seq, *id))
    }

    pub(crate) fn children(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.order.values().copied()
    }
}

/// What a file has beyond a name.
#[derive(Clone, Debug)]
pub(crate) struct FileData {
    pub(crate) size: u64,
    /// Lower-case hexadecimal MD5.
    pub(crate) hash: String,
    pub(crate) content_type: String,
    pub(crate) content: Content,
}

impl Node {
    pub(crate) fn file(&self) -> Option<&FileData> {
        match &self.kind {
            Kind::File(file) => Some(file),
            Kind::Dir(_) => None,
        }
    }

    pub(crate) fn dir(&self) -> Option<&Dir> {
        match &self.kind {
            Kind::Dir(dir) => Some(dir),
            Kind::File(_) => None,
        }
    }

    pub(crate) fn is_dir(&self) -> bool {
        matches!(self.kind, Kind::Dir(_))
    }
}

/// All nodes of all mounts.
#[derive(Debug)]
pub(crate) struct Nodes {
    map: HashMap<NodeId, Node>,
    next_id: NodeId,
    next_seq: u64,
    /// Nodes that were created, changed or removed since they were last saved; empty when nothing is saved.
    touched: Vec<NodeId>,
    track: bool,
}

impl Nodes {
    pub(crate) fn new(track: bool) -> Self {
        Self {
            map: HashMap::new(),
            next_id: 1,
            next_seq: 1,
            touched: Vec::new(),
            track,
        }
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Node> {
        self.map.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.map.iter().map(|(id, node)| (*id, node))
    }

    /// The nodes that have to be saved.
    pub(crate) fn take_touched(&mut self) -> Vec<NodeId> {
        std::mem::take(&mut self.touched)
    }

    /// A new node that hangs nowhere.
    pub(crate) fn create(&mut self, name: &str, modified: i64, kind: Kind) -> NodeId {
        let id = self.next_id;
        self.next_id += 1;
        let node = Node {
            parent: DETACHED,
            seq: 0,
            name: name.to_owned(),
            modified,
            tags: Tags::new(),
            hidden_until: 0,
            kind,
        };
        self.map.insert(id, node);
        self.touch(id);
        id
    }

    /// Puts back a node that was saved; [`relink`](Self::relink) completes the tree afterwards.
    pub(crate) fn restore(&mut self, id: NodeId, node: Node) {
        self.next_id = self.next_id.max(id + 1);
        self.next_seq = self.next_seq.max(node.seq + 1);
        self.map.insert(id, node);
    }

    /// Rebuilds the children of all folders and drops nodes whose parent is gone.
    pub(crate) fn relink(&mut self) {
        let mut links: Vec<_> = self
            .map
            .iter()
            .filter(|(_, node)| node.parent != DETACHED)
            .map(|(id, node)| (*id, node.parent, node.seq, fold(&node.name)))
            .collect();
        links.sort_unstable_by_key(|(id, ..)| *id);
        for (id, parent, seq, name) in links {
            if let Some(Kind::Dir(dir)) = self.map.get_mut(&parent).map(|node| &mut node.kind) {
                dir.order.insert(seq, id);
                dir.names.insert(name, id);
            }
        }
        loop {
            let lost = self.orphans();
            if lost.is_empty() {
                return;
            }
            for id in lost {
                self.map.remove(&id);
            }
        }
    }

    fn orphans(&self) -> Vec<NodeId> {
        self.map
            .iter()
            .filter(|(_, node)| node.parent != DETACHED && !self.map.contains_key(&node.parent))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Changes what a node carries; not its place.
    pub(crate) fn edit(&mut self, id: NodeId, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.map.get_mut(&id) {
            change(node);
            self.touch(id);
        }
    }

    /// The child of a folder with this name in any case.
    pub(crate) fn child(&self, dir: NodeId, name: &str) -> Option<NodeId> {
        self.get(dir)?.dir()?.names.get(&fold(name)).copied()
    }

    /// The node at `path` below `root`.
    pub(crate) fn find(&self, root: NodeId, path: &Path) -> Option<NodeId> {
        path.segments()
            .iter()
            .try_fold(root, |dir, name| self.child(dir, name))
    }

    /// Whether readers see the node: neither it nor a folder above it is hidden at `now`.
    pub(crate) fn is_visible(&self, mut id: NodeId, now: i64) -> bool {
        while let Some(node) = self.get(id) {
            if node.hidden_until > now {
                return false;
            }
            id = node.parent;
        }
        true
    }

    /// The stored path of a node below `root`; `None` when it does not lie there.
    pub(crate) fn path(&self, root: NodeId, mut id: NodeId) -> Option<String> {
        let mut names = Vec::new();
        while id != root {
            let node = self.get(id)?;
            names.push(node.name.as_str());
            id = node.parent;
        }
        names.reverse();
        Some(format!("/{}", names.join("/")))
    }

    /// Hangs a detached node into a folder under a name that is free there, behind the other children.
    pub(crate) fn attach(&mut self, id: NodeId, parent: NodeId, name: &str) {
        let seq = self.next_seq;
        self.next_seq += 1;
        if let Some(Kind::Dir(dir)) = self.map.get_mut(&parent).map(|node| &mut node.kind) {
            dir.order.insert(seq, id);
            dir.names.insert(fold(name), id);
        }
        self.edit(id, |node| {
            node.parent = parent;
            node.seq = seq;
            name.clone_into(&mut node.name);
        });
    }

    /// Takes a node out of its folder, with everything below it.
    pub(crate) fn detach(&mut self, id: NodeId) {
        let Some(node) = self.map.get_mut(&id) else {
            return;
        };
        let (parent, seq, name) = (node.parent, node.seq, fold(&node.name));
        node.parent = DETACHED;
        self.touch(id);
        if let Some(Kind::Dir(dir)) = self.map.get_mut(&parent).map(|node| &mut node.kind) {
            dir.order.remove(&seq);
            dir.names.remove(&name);
        }
    }

    /// A detached copy of a node and everything below it; contents are shared.
    pub(crate) fn copy(&mut self, id: NodeId) -> Option<NodeId> {
        let node = self.get(id)?.clone();
        let top = self.copy_one(&node);
        let mut left = vec![(id, top)];
        while let Some((from, to)) = left.pop() {
            let children: Vec<NodeId> = self
                .get(from)
                .and_then(Node::dir)
                .map(|dir| dir.children().collect())
                .unwrap_or_default();
            for child in children {
                if let Some(node) = self.get(child).cloned() {
                    let copy = self.copy_one(&node);
                    self.attach(copy, to, &node.name);
                    left.push((child, copy));
                }
            }
        }
        Some(top)
    }

    fn copy_one(&mut self, node: &Node) -> NodeId {
        let kind = match &node.kind {
            Kind::Dir(_) => Kind::Dir(Dir::default()),
            Kind::File(file) => Kind::File(file.clone()),
        };
        let id = self.create(&node.name, node.modified, kind);
        self.edit(id, |copy| copy.tags = node.tags.clone());
        id
    }

    /// Forgets a detached node and everything below it; returns the contents they had.
    pub(crate) fn forget(&mut self, id: NodeId) -> Vec<Content> {
        let mut contents = Vec::new();
        for id in self.subtree(id) {
            self.touch(id);
            if let Some(Node {
                kind: Kind::File(file),
                ..
            }) = self.map.remove(&id)
            {
                contents.push(file.content);
            }
        }
        contents
    }

    /// The node and everything below it, folders before their content.
    pub(crate) fn subtree(&self, id: NodeId) -> Vec<NodeId> {
        let mut all = Vec::new();
        let mut left = vec![id];
        while let Some(id) = left.pop() {
            all.push(id);
            if let Some(dir) = self.get(id).and_then(Node::dir) {
                left.extend(dir.order.values().rev());
            }
        }
        all
    }

    /// Bytes of all files at and below a node.
    pub(crate) fn bytes(&self, id: NodeId) -> u64 {
        self.subtree(id)
            .into_iter()
            .filter_map(|id| self.get(id)?.file())
            .map(|file| file.size)
            .sum()
    }

    fn touch(&mut self, id: NodeId) {
        if self.track {
            self.touched.push(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn file() -> Kind {
        Kind::File(FileData {
            size: 3,
            hash: String::new(),
            content_type: String::new(),
            content: Content::Memory(Bytes::from_static(b"abc")),
        })
    }

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    fn sample() -> (Nodes, NodeId, NodeId) {
        let mut nodes = Nodes::new(true);
        let root = nodes.create("", 0, Kind::Dir(Dir::default()));
        let dir = nodes.create("Dir", 1, Kind::Dir(Dir::default()));
        nodes.attach(dir, root, "Dir");
        let leaf = nodes.create("leaf", 2, file());
        nodes.attach(leaf, dir, "Leaf.txt");
        (nodes, root, dir)
    }

    #[test]
    fn lookup_ignores_case_and_paths_have_the_stored_spelling() {
        let (nodes, root, _) = sample();
        let leaf = nodes.find(root, &path("/DIR/LEAF.TXT")).unwrap();
        assert_eq!(nodes.path(root, leaf).unwrap(), "/Dir/Leaf.txt");
        assert_eq!(nodes.bytes(root), 3);
    }

    #[test]
    fn a_copy_is_independent() {
        let (mut nodes, root, dir) = sample();
        let copy = nodes.copy(dir).unwrap();
        nodes.attach(copy, root, "Copy");
        nodes.detach(dir);
        assert_eq!(nodes.forget(dir).len(), 1);
        assert!(nodes.find(root, &path("/dir")).is_none());
        assert!(nodes.find(root, &path("/copy/leaf.txt")).is_some());
    }

    #[test]
    fn restored_nodes_find_their_places() {
        let (nodes, root, dir) = sample();
        let mut again = Nodes::new(false);
        for (id, node) in nodes.iter() {
            let mut node = node.clone();
            if let Kind::Dir(dir) = &mut node.kind {
                *dir = Dir::default();
            }
            again.restore(id, node);
        }
        again.restore(
            99,
            Node {
                parent: 77,
                ..nodes.get(dir).unwrap().clone()
            },
        );
        again.relink();
        assert!(again.find(root, &path("/dir/leaf.txt")).is_some());
        assert!(again.get(99).is_none());
    }
}
