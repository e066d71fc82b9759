//! Listings of whole trees, produced while they are sent.

use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, stream};
use serde_json::Value;

use crate::koofr::Koofr;
use crate::koofr::context::Context;
use crate::koofr::error::{Answer, Problem};
use crate::koofr::files::FileInfo;
use crate::koofr::model::Mount;
use crate::koofr::nodes::NodeId;
use crate::koofr::path::Path;
use crate::koofr::state::{Entry, State};
use crate::reply::{JSON, NDJSON, Reply};
use crate::tree::{TREE_NAME, Tree, TreeEntry};

/// Bytes of lines made at once, under one hold of the lock.
const PIECE_BYTES: usize = 64 * 1024;

/// The place of the synthetic tree.
pub(crate) fn tree_path() -> Path {
    Path::default().join(TREE_NAME)
}

/// A folder that is being walked through.
#[derive(Debug)]
struct Frame {
    place: Place,
    /// The length of the path of this folder within [`Walk::path`].
    path_len: usize,
}

#[derive(Debug)]
enum Place {
    /// A folder of nodes, after the child with this sequence number.
    Node(NodeId, u64),
    /// A folder of the synthetic tree, from this child on.
    Tree(TreeEntry, u64),
}

/// A depth-first walk that can be interrupted after any entry, while the tree changes.
#[derive(Debug)]
pub(crate) struct Walk {
    mount: Mount,
    now: i64,
    hashes: bool,
    path: String,
    frames: Vec<Frame>,
    /// The folder the walk began at, until its line is written.
    top: Option<Entry>,
}

impl Walk {
    pub(crate) fn new(state: &State, mount: &Mount, top: Entry, now: i64) -> Self {
        Self {
            mount: mount.clone(),
            now,
            hashes: state.storage(mount).hashes,
            path: String::new(),
            frames: Vec::new(),
            top: Some(top),
        }
    }

    /// Appends lines until there are enough of them; false when there are no more.
    fn fill(&mut self, state: &State, out: &mut Vec<u8>) -> bool {
        if let Some(top) = self.top.take() {
            self.write(state, top, out);
            self.enter(top);
        }
        while out.len() < PIECE_BYTES {
            if !self.step(state, out) {
                return false;
            }
        }
        true
    }

    /// The next entry, or one folder less; false at the end.
    fn step(&mut self, state: &State, out: &mut Vec<u8>) -> bool {
        let Some(frame) = self.frames.last_mut() else {
            return false;
        };
        self.path.truncate(frame.path_len);
        let Some(entry) = frame.place.next(state, self.now) else {
            let ended = self.frames.pop();
            self.merge_tree(state, ended.as_ref());
            return true;
        };
        self.path.push('/');
        match entry {
            Entry::Node(id) => {
                if let Some(node) = state.nodes.get(id) {
                    self.path.push_str(&node.name);
                }
            }
            Entry::Tree(entry) => self.path.push_str(&Tree::name(entry)),
        }
        self.write(state, entry, out);
        self.enter(entry);
        true
    }

    /// The synthetic tree comes behind the children of the root.
    fn merge_tree(&mut self, state: &State, ended: Option<&Frame>) {
        let Some(Frame {
            place: Place::Node(id, _),
            path_len,
        }) = ended
        else {
            return;
        };
        if *id == self.mount.root
            && let Some(tree) = state.tree_of(&self.mount)
            && tree.find(tree_path().segments()).is_some()
        {
            self.frames.push(Frame {
                place: Place::Tree(TreeEntry::Root, TREE_ITSELF),
                path_len: *path_len,
            });
        }
    }

    fn enter(&mut self, entry: Entry) {
        let place = match entry {
            Entry::Node(id) => Place::Node(id, 0),
            Entry::Tree(TreeEntry::File(..)) => return,
            Entry::Tree(entry) => Place::Tree(entry, 0),
        };
        self.frames.push(Frame {
            place,
            path_len: self.path.len(),
        });
    }

    fn write(&self, state: &State, entry: Entry, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"type":"file","path":"#);
        let path = if self.path.is_empty() {
            "/"
        } else {
            &self.path
        };
        let mut written = serde_json::to_writer(&mut *out, path);
        out.extend_from_slice(br#","file":"#);
        match (entry, &state.tree) {
            (Entry::Tree(entry), Some(tree)) => tree.write_json(entry, &Tree::name(entry), out),
            (Entry::Node(id), _) => {
                let info = state
                    .nodes
                    .get(id)
                    .map(|node| FileInfo::of(node, id == self.mount.root, self.hashes));
                written = written.and_then(|()| serde_json::to_writer(&mut *out, &info));
            }
            (Entry::Tree(_), None) => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b"}\n");
        // Writing to a vector cannot fail.
        drop(written);
    }
}

/// Marks a frame that still has to deliver the synthetic tree's own folder.
const TREE_ITSELF: u64 = u64::MAX;

impl Place {
    fn next(&mut self, state: &State, now: i64) -> Option<Entry> {
        match self {
            Self::Node(id, seen) => {
                let dir = state.nodes.get(*id)?.dir()?;
                let visible = |id: &NodeId| {
                    state
                        .nodes
                        .get(*id)
                        .is_some_and(|node| node.hidden_until <= now)
                };
                let (seq, child) = dir.after(*seen).find(|(_, child)| visible(child))?;
                *seen = seq;
                Some(Entry::Node(child))
            }
            Self::Tree(entry, place) if *place == TREE_ITSELF => {
                *place -= 1;
                Some(Entry::Tree(*entry))
            }
            Self::Tree(entry, place) => {
                let (child, next) = state.tree.as_ref()?.next_child(*entry, *place)?;
                *place = next;
                Some(Entry::Tree(child))
            }
        }
    }
}

/// `GET files/listrecursive`
pub(crate) fn recursive(context: &Context<'_>) -> Answer {
    let path = context.query.path("path")?;
    let now = context.now();
    let walk = context.read(|state| {
        let mount = state.online_mount(&context.user, context.param(0))?;
        let top = state.look_up(mount, &path, now)?;
        if !state.is_dir(top) {
            return Err(Problem::NotDir);
        }
        if !state.storage(mount).synced {
            return Err(Problem::NotSynced);
        }
        Ok(Walk::new(state, mount, top, now))
    })?;
    let koofr = context.koofr.handle();
    let lines = stream::unfold((koofr, Some(walk)), |(koofr, walk)| async move {
        let mut walk = walk?;
        let (bytes, more) = piece(&koofr, &mut walk);
        Some((Ok(bytes), (koofr, more.then_some(walk))))
    });
    Ok(Reply::stream(NDJSON, lines.boxed()))
}

fn piece(koofr: &Arc<Koofr>, walk: &mut Walk) -> (Bytes, bool) {
    let state = koofr.lock();
    let mut out = Vec::with_capacity(PIECE_BYTES + 4096);
    let connected = state
        .account
        .mounts
        .iter()
        .find(|mount| mount.id == walk.mount.id)
        .is_some_and(|mount| mount.online && state.storage(mount).online);
    if !connected {
        let line = br#"{"type":"error","error":{"code":"DeviceOffline","message":"the storage went away during the listing"}}"#;
        // Writing to a vector cannot fail.
        drop(out.write_all(line));
        out.push(b'\n');
        return (out.into(), false);
    }
    let more = walk.fill(&state, &mut out);
    (out.into(), more)
}

/// The answer of `files/list` for a folder of the synthetic tree, which may have any number of entries.
pub(crate) fn synthetic_folder(koofr: Arc<Koofr>, parent: TreeEntry) -> Reply {
    let pieces = stream::unfold((koofr, Some(0)), move |(koofr, place)| async move {
        let (bytes, next) = synthetic_piece(&koofr, parent, place?);
        Some((Ok(bytes), (koofr, next)))
    });
    Reply::stream(JSON, pieces.boxed())
}

/// Entries from `place` on as a part of the document, and where it goes on.
fn synthetic_piece(koofr: &Koofr, parent: TreeEntry, mut place: u64) -> (Bytes, Option<u64>) {
    let state = koofr.lock();
    let mut out = Vec::with_capacity(PIECE_BYTES + 4096);
    let mut first = place == 0;
    if first {
        out.extend_from_slice(br#"{"files":["#);
    }
    while let Some((tree, (entry, next))) = state
        .tree
        .as_ref()
        .and_then(|tree| Some((tree, tree.next_child(parent, place)?)))
    {
        if !first {
            out.push(b',');
        }
        first = false;
        tree.write_json(entry, &Tree::name(entry), &mut out);
        place = next;
        if out.len() >= PIECE_BYTES {
            return (out.into(), Some(place));
        }
    }
    out.extend_from_slice(b"]}");
    (out.into(), None)
}

/// `GET files/tree`: the whole subtree in one document.
pub(crate) fn tree(context: &Context<'_>) -> Answer {
    let path = context.query.path("path")?;
    let now = context.now();
    context.read(|state| {
        let mount = state.online_mount(&context.user, context.param(0))?;
        let top = state.look_up(mount, &path, now)?;
        if !state.is_dir(top) {
            return Err(Problem::NotDir);
        }
        Ok(Reply::json(&nested(state, mount, top, now)))
    })
}

/// The nesting that is still followed; JSON readers commonly stop at 128 levels.
const NESTING_LIMIT: usize = 100;

fn nested(state: &State, mount: &Mount, top: Entry, now: i64) -> Value {
    nested_at(state, mount, top, now, 0)
}

fn nested_at(state: &State, mount: &Mount, entry: Entry, now: i64, depth: usize) -> Value {
    let mut value = serde_json::json!(state.info(mount, entry));
    if !state.is_dir(entry) || depth == NESTING_LIMIT {
        return value;
    }
    let mut place = match entry {
        Entry::Node(id) => Place::Node(id, 0),
        Entry::Tree(entry) => Place::Tree(entry, 0),
    };
    let mut children = Vec::new();
    while let Some(child) = place.next(state, now) {
        children.push(nested_at(state, mount, child, now, depth + 1));
    }
    value["children"] = children.into();
    value
}
