//! Entries as XML.

use crate::content_type;
use crate::jotta::HOST_NAME;
use crate::jotta::dates;
use crate::jotta::file::{FileData, Revision, RevisionState};
use crate::jotta::nodes::{Kind, Node, NodeId};
use crate::jotta::problem::XML;
use crate::jotta::state::{Account, State};
use crate::jotta::xml::Xml;
use crate::reply::Reply;
use crate::tree::{TREE_NAME, Tree, TreeEntry};
use hyper::StatusCode;

/// How much of an entry is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Detail {
    /// One of many in a folder.
    #[default]
    Child,
    /// One of many in the view of the trash.
    InTrash,
    /// One of many in a search result.
    Found,
    /// The root of the answer, with its children or revisions.
    Root,
    /// The root of the answer to a change, without its children.
    Made,
}

impl Detail {
    fn is_root(self) -> bool {
        matches!(self, Self::Root | Self::Made)
    }
}

/// Renders for a reader at a time.
#[derive(Debug)]
pub(crate) struct Renderer<'s> {
    pub(crate) state: &'s State,
    pub(crate) now: i64,
}

pub(crate) fn reply(status: StatusCode, xml: Xml) -> Reply {
    Reply::bytes(status, XML, xml.finish())
}

impl Renderer<'_> {
    /// The attributes of a root element.
    pub(crate) fn time(&self) -> String {
        dates::jfs(self.now)
    }

    fn open(&self, xml: &mut Xml, element: &str, attributes: &[(&str, &str)], detail: Detail) {
        let time = self.time();
        let mut all = attributes.to_vec();
        if detail.is_root() {
            all.extend([("time", time.as_str()), ("host", HOST_NAME)]);
        }
        xml.open(element, &all);
    }

    /// An entry of any kind.
    pub(crate) fn node(&self, xml: &mut Xml, id: NodeId, detail: Detail) {
        let Some(node) = self.state.nodes.get(id) else {
            return;
        };
        match &node.kind {
            Kind::Account => {}
            Kind::Device { .. } => self.device(xml, id, detail),
            Kind::Mount(_) => self.mount(xml, id, node, detail),
            Kind::Folder => self.folder(xml, id, node, detail),
            Kind::File(file) => self.file(xml, id, node, file, detail),
        }
    }

    fn visible(&self, id: NodeId) -> Option<(NodeId, &Node)> {
        let node = self.state.nodes.get(id)?;
        (node.hidden_until <= self.now).then_some((id, node))
    }

    fn paths(&self, xml: &mut Xml, id: NodeId, node: &Node, detail: Detail) {
        let parent = self.state.nodes.parent_path(id);
        if matches!(detail, Detail::Root | Detail::Made | Detail::Found) {
            xml.spaced("path", &parent);
            xml.spaced("abspath", &parent);
        } else if !node.is_live() {
            xml.spaced("abspath", &parent);
        }
    }

    fn share(xml: &mut Xml, node: &Node) {
        if let Some(share) = &node.share {
            xml.text("publicURI", &share.uri);
            xml.text("publicSharePath", &share.path);
        }
    }

    fn folder(&self, xml: &mut Xml, id: NodeId, node: &Node, detail: Detail) {
        let deleted = node.deleted.map(dates::jfs);
        let mut attributes = vec![("name", node.name.as_str())];
        attributes.extend(deleted.as_deref().map(|deleted| ("deleted", deleted)));
        if detail == Detail::InTrash {
            attributes.push(("contextType", "TRASH"));
        }
        let settings = &self.state.settings;
        if !detail.is_root() && node.is_live() && !settings.folder_modified {
            xml.empty("folder", &attributes);
            return;
        }
        self.open(xml, "folder", &attributes, detail);
        self.paths(xml, id, node, detail);
        if detail.is_root() {
            Self::share(xml, node);
        }
        if settings.folder_modified {
            xml.text("modified", &dates::jfs(node.changed));
        }
        if detail == Detail::Root {
            self.children(xml, node, false);
        }
        xml.close("folder");
    }

    /// The children of a folder or mount point, with their counts.
    fn children(&self, xml: &mut Xml, node: &Node, synthetic: bool) {
        let all: Vec<(NodeId, &Node)> = node
            .children()
            .filter_map(|child| self.visible(child))
            .collect();
        let (files, folders): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|(_, child)| child.file().is_some());
        let folder_count = folders.len() + usize::from(synthetic);
        if folder_count > 0 {
            xml.open("folders", &[]);
            for (id, child) in folders {
                self.folder(xml, id, child, Detail::Child);
            }
            if synthetic {
                xml.empty("folder", &[("name", TREE_NAME)]);
            }
            xml.close("folders");
        }
        if !files.is_empty() {
            xml.open("files", &[]);
            for (id, _) in &files {
                self.node(xml, *id, Detail::Child);
            }
            xml.close("files");
        }
        counts(xml, folder_count, files.len());
    }

    fn mount(&self, xml: &mut Xml, id: NodeId, node: &Node, detail: Detail) {
        self.open(xml, "mountPoint", &[], detail);
        xml.spaced("name", &node.name);
        let deleted = node.deleted.map(dates::jfs);
        if let Some(deleted) = &deleted {
            xml.text("deleted", deleted);
        }
        self.paths(xml, id, node, detail);
        if detail.is_root() {
            Self::share(xml, node);
        }
        let used = node.has_children() || !self.state.settings.empty_dates;
        self.size(xml, id);
        let modified = if used {
            dates::jfs(node.changed)
        } else {
            String::new()
        };
        xml.text("modified", &modified);
        if detail.is_root() {
            let above: Vec<&str> = self
                .state
                .nodes
                .line(id)
                .skip(1)
                .map(|(_, node)| node.name.as_str())
                .collect();
            xml.text("device", above.first().unwrap_or(&""));
            xml.text("user", above.get(1).unwrap_or(&""));
        }
        if detail == Detail::Root {
            self.children(xml, node, self.state.tree_in(id).is_some());
        }
        xml.close("mountPoint");
    }

    fn size(&self, xml: &mut Xml, id: NodeId) {
        if self.state.settings.empty_sizes {
            xml.text("size", "");
        } else {
            xml.number("size", self.state.counted(id));
        }
    }

    /// A device; as the answer to its making without its mount points.
    fn device(&self, xml: &mut Xml, id: NodeId, detail: Detail) {
        let Some(node) = self.state.nodes.get(id) else {
            return;
        };
        let Kind::Device { kind, sid } = &node.kind else {
            return;
        };
        self.open(xml, "device", &[], detail);
        xml.spaced("name", &node.name);
        xml.spaced("display_name", &node.name);
        xml.text("type", kind);
        xml.text("sid", sid);
        self.size(xml, id);
        xml.text("modified", &dates::jfs(node.changed));
        if detail.is_root() {
            let user = self.state.nodes.get(node.parent);
            xml.text("user", user.map_or("", |user| user.name.as_str()));
        }
        if detail == Detail::Root {
            self.mounts(xml, kind == "JOTTA", node);
        }
        xml.close("device");
    }

    fn mounts(&self, xml: &mut Xml, built_in: bool, device: &Node) {
        let listed = &self.state.settings.listed_mounts;
        let shown: Vec<(NodeId, &Node)> = device
            .children()
            .filter_map(|child| self.visible(child))
            .filter(|(_, mount)| {
                let custom = matches!(mount.kind, Kind::Mount(super::nodes::MountKind::Custom));
                !built_in || custom || listed.contains(&mount.name)
            })
            .collect();
        if !shown.is_empty() {
            xml.open("mountPoints", &[]);
            for (id, mount) in &shown {
                self.mount(xml, *id, mount, Detail::Child);
            }
            xml.close("mountPoints");
        }
        let total = shown.len().to_string();
        let counted = [
            ("first", ""),
            ("max", ""),
            ("total", total.as_str()),
            ("num_mountpoints", total.as_str()),
        ];
        xml.empty("metadata", &counted);
    }

    fn file(&self, xml: &mut Xml, id: NodeId, node: &Node, file: &FileData, detail: Detail) {
        let deleted = node.deleted.map(dates::jfs);
        let mut attributes = vec![("name", node.name.as_str()), ("uuid", file.uuid.as_str())];
        attributes.extend(deleted.as_deref().map(|deleted| ("deleted", deleted)));
        if detail == Detail::InTrash {
            attributes.push(("contextType", "TRASH"));
        }
        self.open(xml, "file", &attributes, detail);
        self.paths(xml, id, node, detail);
        Self::share(xml, node);
        let direct = detail.is_root();
        if let Some(current) = file.current() {
            self.revision(xml, "currentRevision", &node.name, current, direct);
        }
        if let Some(latest) = file.latest() {
            self.revision(xml, "latestRevision", &node.name, latest, direct);
        }
        if detail == Detail::Root && file.older().next().is_some() {
            xml.open("revisions", &[]);
            for revision in file.older() {
                self.revision(xml, "revision", &node.name, revision, true);
            }
            xml.close("revisions");
        }
        xml.close("file");
    }

    /// `direct`: in an answer about this file alone, where an unfinished upload tells how much has arrived.
    fn revision(
        &self,
        xml: &mut Xml,
        element: &str,
        name: &str,
        revision: &Revision,
        direct: bool,
    ) {
        let mime = content_type::of(name);
        let about = &revision.about;
        xml.open(element, &[]);
        xml.number("number", revision.number);
        xml.text("state", revision.state.name());
        xml.text("created", &dates::jfs(about.created));
        xml.text("modified", &dates::jfs(about.modified));
        xml.text("mime", mime);
        xml.text(
            "mstyle",
            &mime.to_ascii_uppercase().replace(['/', '-', '.', '+'], "_"),
        );
        match revision.state {
            RevisionState::Completed => xml.number("size", about.size),
            RevisionState::Incomplete if direct => xml.number("size", revision.received()),
            _ => {}
        }
        if self.state.settings.keep_md5_case {
            xml.text("md5", &about.md5);
        } else {
            xml.text("md5", &about.md5.to_ascii_uppercase());
        }
        xml.text("updated", &dates::jfs(revision.updated));
        xml.close(element);
    }

    /// The account with its devices.
    pub(crate) fn account(&self, xml: &mut Xml, account: &Account) {
        self.open(xml, "user", &[], Detail::Root);
        let limited = account.capacity >= 0;
        let used = self.state.counted(account.root);
        let full = limited && i64::try_from(used).unwrap_or(i64::MAX) >= account.capacity;
        let (locked, write) = (
            account.read_locked.to_string(),
            account.write_locked.to_string(),
        );
        let full = (full || account.write_locked).to_string();
        xml.text("username", &account.username);
        xml.text("account-type", if limited { "free" } else { "unlimited" });
        xml.text("locked", &locked);
        xml.number("capacity", account.capacity);
        xml.number("max-devices", -1);
        xml.number("max-mobile-devices", -1);
        xml.number("usage", used);
        xml.text("read-locked", &locked);
        xml.text("write-locked", &write);
        xml.text("quota-write-locked", &full);
        xml.text("enable-sync", "true");
        xml.text("enable-foldershare", "true");
        xml.open("devices", &[]);
        if let Some(root) = self.state.nodes.get(account.root) {
            for device in root.children() {
                self.device(xml, device, Detail::Child);
            }
        }
        xml.close("devices");
        xml.close("user");
    }

    /// A file of the synthetic tree.
    pub(crate) fn tree_file(
        &self,
        xml: &mut Xml,
        tree: &Tree,
        entry: TreeEntry,
        root: Option<&str>,
    ) {
        let Some((about, _)) = self.state.tree_file(entry) else {
            return;
        };
        let name = Tree::name(entry);
        let uuid = tree_uuid(tree.modified(entry));
        let attributes = [("name", name.as_str()), ("uuid", uuid.as_str())];
        let detail = if root.is_some() {
            Detail::Root
        } else {
            Detail::Child
        };
        self.open(xml, "file", &attributes, detail);
        if let Some(parent) = root {
            xml.spaced("path", parent);
            xml.spaced("abspath", parent);
        }
        let updated = about.modified;
        let revision = Revision {
            number: 1,
            state: RevisionState::Completed,
            about,
            updated,
            content: None,
            parts: Vec::new(),
            upload_id: String::new(),
        };
        self.revision(xml, "currentRevision", &name, &revision, root.is_some());
        xml.close("file");
    }
}

/// A stable identifier for a file of the synthetic tree.
fn tree_uuid(number: i64) -> String {
    format!("22222222-0000-4000-8000-{number:012x}")
}

pub(crate) fn counts(xml: &mut Xml, folders: usize, files: usize) {
    let (total, folders, files) = (
        (folders + files).to_string(),
        folders.to_string(),
        files.to_string(),
    );
    let counted = [
        ("first", ""),
        ("max", ""),
        ("total", total.as_str()),
        ("num_folders", folders.as_str()),
        ("num_files", files.as_str()),
    ];
    xml.empty("metadata", &counted);
}
