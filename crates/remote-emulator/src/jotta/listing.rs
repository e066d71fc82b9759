//! Listings that are produced while they are sent: both recursive ones, and folders of the synthetic tree.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, stream};

use crate::jotta::nodes::{Node, NodeId};
use crate::jotta::problem::XML;
use crate::jotta::render::{Detail, Renderer, counts};
use crate::jotta::state::{Entry, State};
use crate::jotta::xml::Xml;
use crate::jotta::{HOST_NAME, Jotta, dates};
use crate::reply::Reply;
use crate::tree::{Tree, TreeEntry};

/// Bytes gathered before they are sent.
const BATCH_BYTES: usize = 64 * 1024;

/// The two recursive listings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    /// `mode=list`: everything, the trash and unfinished uploads included.
    Everything,
    /// `mode=liststream`: what is live and complete.
    Stream,
}

/// How far a recursive listing got.
struct Walk {
    mode: Mode,
    /// The name of the root element.
    root: String,
    /// Whether folders that files in them imply are named as well.
    all_folders: bool,
    now: i64,
    /// Folders still to be listed, the next one last.
    left: Vec<NodeId>,
    /// The mount point the synthetic tree lies in, while the tree is still to be listed.
    tree: Option<(NodeId, TreeWalk)>,
    folders: u64,
    files: u64,
    begun: bool,
    ended: bool,
}

/// A place in the synthetic tree.
#[derive(Clone, Copy, Debug)]
enum TreeWalk {
    /// The tree's own folder is next.
    Root,
    /// The folders from this place on.
    Folders(u64),
    /// The files of a folder from this place on; afterwards the folders from the other place on, unless there is none.
    Files(u64, u64, Option<u64>),
}

/// A recursive listing of what lies at `start`, which has to be a folder or a mount point.
pub(crate) fn recursive(jotta: Arc<Jotta>, mount: NodeId, start: Entry, mode: Mode) -> Reply {
    let (left, tree) = match start {
        Entry::Node(id) => {
            let whole = id == mount && jotta.lock().tree_in(mount).is_some();
            (vec![id], whole.then_some((mount, TreeWalk::Root)))
        }
        Entry::Tree(TreeEntry::Root) => (Vec::new(), Some((mount, TreeWalk::Root))),
        Entry::Tree(TreeEntry::Folder(folder) | TreeEntry::File(folder, _)) => {
            let walk = TreeWalk::Files(folder, 0, None);
            (Vec::new(), Some((mount, walk)))
        }
    };
    let settings = jotta.lock().settings.clone();
    let walk = Walk {
        mode,
        root: match mode {
            Mode::Everything => "filedirlist".to_owned(),
            Mode::Stream => settings.stream_root,
        },
        all_folders: settings.stream_all_folders,
        now: jotta.clock.now_ms(),
        left,
        tree,
        folders: 0,
        files: 0,
        begun: false,
        ended: false,
    };
    let body = stream::unfold((jotta, walk), |(jotta, mut walk)| async move {
        let bytes = walk.next(&jotta.lock())?;
        Some((Ok(bytes), (jotta, walk)))
    });
    Reply::stream(XML, body.boxed())
}

impl Walk {
    /// The next piece of the document.
    fn next(&mut self, state: &State) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let mut xml = self.begin();
        while xml.len() < BATCH_BYTES {
            if let Some(id) = self.left.pop() {
                self.folder(state, id, &mut xml);
            } else if let Some((mount, walk)) = self.tree.take() {
                let more = self.tree_step(state, mount, walk, &mut xml);
                self.tree = more.map(|walk| (mount, walk));
            } else {
                self.end(&mut xml);
                break;
            }
        }
        Some(xml.finish())
    }

    fn begin(&mut self) -> Xml {
        if self.begun {
            return Xml::default();
        }
        self.begun = true;
        let mut xml = Xml::document();
        let time = dates::jfs(self.now);
        xml.open(&self.root, &[("time", &time), ("host", HOST_NAME)]);
        if self.mode == Mode::Everything {
            xml.open("folders", &[]);
        }
        xml
    }

    fn end(&mut self, xml: &mut Xml) {
        match self.mode {
            Mode::Everything => xml.close("folders"),
            Mode::Stream => {
                xml.open("stats", &[]);
                xml.number("folders", self.folders);
                xml.number("files", self.files);
                xml.close("stats");
            }
        }
        xml.close(&self.root);
        self.ended = true;
    }

    fn folder(&mut self, state: &State, id: NodeId, xml: &mut Xml) {
        let Some(node) = state.nodes.get(id) else {
            return;
        };
        let live_only = self.mode == Mode::Stream;
        let shown = |node: &Node| node.hidden_until <= self.now && (node.is_live() || !live_only);
        if !shown(node) {
            return;
        }
        let mut files = Vec::new();
        let mut folders = Vec::new();
        for child in node.children() {
            match state.nodes.get(child) {
                Some(node) if !shown(node) => {}
                Some(node) if node.file().is_some() => files.push((child, node)),
                Some(_) => folders.push(child),
                None => {}
            }
        }
        self.left.extend(folders.into_iter().rev());
        self.folders += 1;
        match self.mode {
            Mode::Everything => list_folder(state, self.now, id, node, &files, xml),
            Mode::Stream => {
                let path = stream_path(state, id);
                files.retain(|(_, file)| file.is_complete());
                if self.all_folders || files.is_empty() {
                    open_folder(xml, &path);
                }
                for (_, file) in &files {
                    self.files += 1;
                    stream_file(xml, &path, file);
                }
            }
        }
    }

    /// Lists something of the synthetic tree; gives the place to go on at.
    fn tree_step(
        &mut self,
        state: &State,
        mount: NodeId,
        walk: TreeWalk,
        xml: &mut Xml,
    ) -> Option<TreeWalk> {
        let tree = state.tree_in(mount)?;
        let at = stream_path(state, mount);
        let place = TreePlace {
            state,
            mount,
            path: &at,
            tree,
        };
        match walk {
            TreeWalk::Root => {
                tree.find(&[Tree::name(TreeEntry::Root)])?;
                self.folders += 1;
                self.open_tree_folder(&place, TreeEntry::Root, xml);
                self.close_tree_folder(xml, true);
                Some(TreeWalk::Folders(0))
            }
            TreeWalk::Folders(from) => {
                let (entry, next) = tree.next_child(TreeEntry::Root, from)?;
                let TreeEntry::Folder(folder) = entry else {
                    return None;
                };
                Some(TreeWalk::Files(folder, 0, Some(next)))
            }
            TreeWalk::Files(folder, from, next) => {
                let parent = TreeEntry::Folder(folder);
                if from == 0 {
                    self.folders += 1;
                    self.open_tree_folder(&place, parent, xml);
                }
                let path = place.parent_of(TreeEntry::File(folder, 0));
                let mut at = from;
                while xml.len() < BATCH_BYTES {
                    let Some((entry, more)) = tree.next_child(parent, at) else {
                        self.close_tree_folder(xml, at == 0);
                        return next.map(TreeWalk::Folders);
                    };
                    self.tree_file(&place, &path, entry, at == 0, xml);
                    at = more;
                }
                Some(TreeWalk::Files(folder, at, next))
            }
        }
    }

    fn open_tree_folder(&self, place: &TreePlace<'_>, entry: TreeEntry, xml: &mut Xml) {
        let (name, parent) = (Tree::name(entry), place.parent_of(entry));
        match self.mode {
            Mode::Stream => open_folder(xml, &format!("{parent}/{name}")),
            Mode::Everything => {
                xml.open("folder", &[("name", &name)]);
                let parent = place.full(&parent);
                xml.spaced("path", &parent);
                xml.spaced("abspath", &parent);
            }
        }
    }

    fn close_tree_folder(&self, xml: &mut Xml, empty: bool) {
        if self.mode == Mode::Everything {
            if !empty {
                xml.close("files");
            }
            xml.close("folder");
        }
    }

    fn tree_file(
        &mut self,
        place: &TreePlace<'_>,
        path: &str,
        entry: TreeEntry,
        first: bool,
        xml: &mut Xml,
    ) {
        self.files += 1;
        match self.mode {
            Mode::Everything => {
                if first {
                    xml.open("files", &[]);
                }
                let renderer = Renderer {
                    state: place.state,
                    now: self.now,
                };
                renderer.tree_file(xml, place.tree, entry, None);
            }
            Mode::Stream => {
                let Some((about, _)) = place.state.tree_file(entry) else {
                    return;
                };
                let dates = (about.modified, about.created);
                let name = Tree::name(entry);
                stream_fields(xml, path, &name, (&about.md5, about.size), dates);
            }
        }
    }
}

/// Where the synthetic tree is.
struct TreePlace<'s> {
    state: &'s State,
    mount: NodeId,
    /// `/{mnt}`
    path: &'s str,
    tree: &'s Tree,
}

impl TreePlace<'_> {
    /// The path of the folder above an entry, from the mount point on.
    fn parent_of(&self, entry: TreeEntry) -> String {
        let (root, path) = (Tree::name(TreeEntry::Root), self.path);
        match entry {
            TreeEntry::Root => path.to_owned(),
            TreeEntry::Folder(_) => format!("{path}/{root}"),
            TreeEntry::File(folder, _) => {
                format!("{path}/{root}/{}", Tree::name(TreeEntry::Folder(folder)))
            }
        }
    }

    /// A path from the mount point on with account and device before it.
    fn full(&self, path: &str) -> String {
        format!("{}{path}", self.state.nodes.parent_path(self.mount))
    }
}

fn open_folder(xml: &mut Xml, path: &str) {
    xml.open("folder", &[]);
    xml.text("path", path);
    xml.close("folder");
}

fn stream_file(xml: &mut Xml, path: &str, node: &Node) {
    let Some(current) = node.file().and_then(|file| file.current()) else {
        return;
    };
    let about = &current.about;
    let dates = (about.modified, about.created);
    stream_fields(xml, path, &node.name, (&about.md5, about.size), dates);
}

fn stream_fields(xml: &mut Xml, path: &str, name: &str, what: (&str, u64), dates: (i64, i64)) {
    xml.open("file", &[]);
    xml.text("path", path);
    xml.text("filename", name);
    xml.text("md5", what.0);
    xml.number("size", what.1);
    xml.text("modified", &dates::rfc3339_millis(dates.0));
    xml.text("created", &dates::rfc3339_millis(dates.1));
    xml.close("file");
}

/// `/{mnt}/…`
fn stream_path(state: &State, id: NodeId) -> String {
    let names: Vec<&str> = state
        .nodes
        .line(id)
        .map(|(_, node)| node.name.as_str())
        .collect();
    let below_device = names.len().saturating_sub(2);
    let names: Vec<&str> = names.into_iter().take(below_device).rev().collect();
    format!("/{}", names.join("/"))
}

fn list_folder(
    state: &State,
    now: i64,
    id: NodeId,
    node: &Node,
    files: &[(NodeId, &Node)],
    xml: &mut Xml,
) {
    let deleted = node.deleted.map(dates::jfs);
    let mut attributes = vec![("name", node.name.as_str())];
    attributes.extend(deleted.as_deref().map(|deleted| ("deleted", deleted)));
    xml.open("folder", &attributes);
    let parent = state.nodes.parent_path(id);
    xml.spaced("path", &parent);
    xml.spaced("abspath", &parent);
    if !files.is_empty() {
        let renderer = Renderer { state, now };
        xml.open("files", &[]);
        for (id, _) in files {
            renderer.node(xml, *id, Detail::Child);
        }
        xml.close("files");
    }
    xml.close("folder");
}

/// One folder of the synthetic tree, or the tree itself, with its children.
pub(crate) fn tree_folder(jotta: Arc<Jotta>, mount: NodeId, entry: TreeEntry) -> Reply {
    let listing = TreeFolder {
        mount,
        entry,
        now: jotta.clock.now_ms(),
        from: None,
        count: 0,
        ended: false,
    };
    let body = stream::unfold((jotta, listing), |(jotta, mut listing)| async move {
        let bytes = listing.next(&jotta.lock())?;
        Some((Ok(bytes), (jotta, listing)))
    });
    Reply::stream(XML, body.boxed())
}

struct TreeFolder {
    mount: NodeId,
    entry: TreeEntry,
    now: i64,
    /// The place of the next child, once the listing has begun.
    from: Option<u64>,
    count: usize,
    ended: bool,
}

impl TreeFolder {
    fn container(&self) -> &'static str {
        if self.entry == TreeEntry::Root {
            "folders"
        } else {
            "files"
        }
    }

    fn next(&mut self, state: &State) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let mut xml = Xml::default();
        let mut from = self.from.unwrap_or_else(|| {
            xml = self.begin(state);
            0
        });
        while xml.len() < BATCH_BYTES {
            let next = state
                .tree_in(self.mount)
                .and_then(|tree| Some((tree, tree.next_child(self.entry, from)?)));
            let Some((tree, (child, after))) = next else {
                self.end(&mut xml);
                break;
            };
            from = after;
            self.count += 1;
            if self.entry == TreeEntry::Root {
                xml.empty("folder", &[("name", &Tree::name(child))]);
            } else {
                let renderer = Renderer {
                    state,
                    now: self.now,
                };
                renderer.tree_file(&mut xml, tree, child, None);
            }
        }
        self.from = Some(from);
        Some(xml.finish())
    }

    fn begin(&self, state: &State) -> Xml {
        let mut xml = Xml::document();
        let (name, time) = (Tree::name(self.entry), dates::jfs(self.now));
        let attributes = [
            ("name", name.as_str()),
            ("time", &time),
            ("host", HOST_NAME),
        ];
        xml.open("folder", &attributes);
        let parent = tree_parent(state, self.mount, self.entry);
        xml.spaced("path", &parent);
        xml.spaced("abspath", &parent);
        xml.open(self.container(), &[]);
        xml
    }

    fn end(&mut self, xml: &mut Xml) {
        xml.close(self.container());
        match self.entry {
            TreeEntry::Root => counts(xml, self.count, 0),
            _ => counts(xml, 0, self.count),
        }
        xml.close("folder");
        self.ended = true;
    }
}

/// `/{user}/{dev}/{mnt}/…`: where an entry of the synthetic tree lies.
pub(crate) fn tree_parent(state: &State, mount: NodeId, entry: TreeEntry) -> String {
    let mount = state.nodes.path(mount);
    let root = Tree::name(TreeEntry::Root);
    match entry {
        TreeEntry::Root => mount,
        TreeEntry::Folder(_) => format!("{mount}/{root}"),
        TreeEntry::File(folder, _) => {
            format!("{mount}/{root}/{}", Tree::name(TreeEntry::Folder(folder)))
        }
    }
}
