//! Going to the trash and being gone.

use crate::jotta::nodes::{Kind, MountKind, Node, NodeId};
use crate::jotta::ops::By;
use crate::jotta::problem::Problem;
use crate::jotta::state::{Entry, State};
use crate::tree::TreeEntry;

/// How many of the top-most entries of the trash were removed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Purged {
    pub(crate) folders: u64,
    pub(crate) files: u64,
}

/// What a removing request expects to find.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    File,
    Folder,
}

impl State {
    /// The entry a removing request means, if it is of the wanted kind.
    fn removable(&self, by: &By, segments: &[String], wanted: Wanted) -> Option<Entry> {
        let entry = self.find(&by.account, segments)?;
        let matches = match entry {
            Entry::Node(id) => self.nodes.get(id).is_some_and(|node| match wanted {
                Wanted::File => node.file().is_some(),
                Wanted::Folder => node.is_folder(),
            }),
            Entry::Tree(entry) => matches!(entry, TreeEntry::File(..)) == (wanted == Wanted::File),
        };
        matches.then_some(entry)
    }

    /// `dl` and `dlDir`: to the trash. What is there already keeps its older stamp. `None` for the synthetic tree,
    /// which has no trash.
    pub(crate) fn trash(
        &mut self,
        by: &By,
        segments: &[String],
        wanted: Wanted,
    ) -> Result<Option<NodeId>, Problem> {
        let Some(entry) = self.removable(by, segments, wanted) else {
            return Err(self.missing(&by.account, segments));
        };
        match entry {
            Entry::Tree(entry) => {
                self.remove_from_tree(entry);
                Ok(None)
            }
            Entry::Node(id) => {
                let live = self.nodes.get(id).is_some_and(Node::is_live);
                if live {
                    self.stamp(by, id);
                    let kind = match wanted {
                        Wanted::File => "DELETE",
                        Wanted::Folder => "DELETE_DIR",
                    };
                    self.announce(by.user(), kind, self.event_data(id), by.now);
                }
                Ok(Some(id))
            }
        }
    }

    fn stamp(&mut self, by: &By, id: NodeId) {
        for below in self.nodes.subtree(id) {
            if let Some(node) = self.nodes.get_mut(below)
                && node.is_live()
            {
                node.deleted = Some(by.now);
            }
        }
        self.expect_expiry(by.now);
        self.changed(by, id);
    }

    /// `rm` and `rmDir`: gone for good, from the trash as well. Gives the folder above; the synthetic tree gives the
    /// mount point it lies in.
    pub(crate) fn destroy(
        &mut self,
        by: &By,
        segments: &[String],
        wanted: Wanted,
    ) -> Result<NodeId, Problem> {
        let found = self.removable(by, segments, wanted).or_else(|| {
            let files_too = wanted == Wanted::Folder && self.settings.rm_dir_takes_files;
            files_too
                .then(|| self.removable(by, segments, Wanted::File))
                .flatten()
        });
        let Some(entry) = found else {
            return Err(self.missing(&by.account, segments));
        };
        match entry {
            Entry::Tree(entry) => {
                self.remove_from_tree(entry);
                let mount = segments.get(..2).unwrap_or_default();
                self.node_at(by, mount)
                    .ok_or_else(|| self.missing(&by.account, mount))
            }
            Entry::Node(id) => {
                let parent = self
                    .nodes
                    .get(id)
                    .map_or(by.account.root, |node| node.parent);
                let kind = match wanted {
                    Wanted::File => "HARD_DELETE_FILE",
                    Wanted::Folder => "HARD_DELETE_DIR",
                };
                let data = self.event_data(id);
                self.changed(by, id);
                self.erase(id);
                self.announce(by.user(), kind, data, by.now);
                Ok(parent)
            }
        }
    }

    /// `dl` on a mount point.
    pub(crate) fn trash_mount(&mut self, by: &By, segments: &[String]) -> Result<NodeId, Problem> {
        let id = self.own_mount(by, segments)?;
        self.stamp(by, id);
        self.announce(by.user(), "DELETE_MP", self.event_data(id), by.now);
        Ok(id)
    }

    /// `rm` on a mount point; gives the device.
    pub(crate) fn destroy_mount(
        &mut self,
        by: &By,
        segments: &[String],
    ) -> Result<NodeId, Problem> {
        let id = self.own_mount(by, segments)?;
        let device = self
            .nodes
            .get(id)
            .map_or(by.account.root, |node| node.parent);
        let data = self.event_data(id);
        self.erase(id);
        self.announce(by.user(), "DELETE_MP", data, by.now);
        Ok(device)
    }

    /// A mount point a client made; the others cannot be removed.
    fn own_mount(&self, by: &By, segments: &[String]) -> Result<NodeId, Problem> {
        let found = self.node_at(by, segments);
        let Some((id, node)) = found.and_then(|id| Some((id, self.nodes.get(id)?))) else {
            return Err(self.missing(&by.account, segments));
        };
        if matches!(node.kind, Kind::Mount(MountKind::Custom)) {
            Ok(id)
        } else {
            let text = format!("{} cannot be removed", by.path(segments));
            Err(Problem::forbidden(text))
        }
    }

    /// `rm` on a device.
    pub(crate) fn destroy_device(&mut self, by: &By, name: &str) -> Result<(), Problem> {
        let segments = [name.to_owned()];
        let id = self
            .node_at(by, &segments)
            .ok_or_else(|| self.missing(&by.account, &segments))?;
        let built_in = self
            .nodes
            .get(id)
            .is_some_and(|node| matches!(&node.kind, Kind::Device { kind, .. } if kind == "JOTTA"));
        if built_in {
            return Err(Problem::forbidden("the built-in device cannot be removed"));
        }
        let data = self.event_data(id);
        self.erase(id);
        self.announce(by.user(), "DELETE_DEVICE", data, by.now);
        Ok(())
    }

    /// The tombstones of an account whose parents are not in the trash themselves.
    pub(crate) fn top_tombstones(&self, account: NodeId) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut left = vec![account];
        while let Some(id) = left.pop() {
            let Some(node) = self.nodes.get(id) else {
                continue;
            };
            for child in node.children() {
                match self.nodes.get(child) {
                    Some(node) if node.is_live() => left.push(child),
                    Some(_) => found.push(child),
                    None => {}
                }
            }
        }
        found
    }

    /// `purge_trash`: everything in the trash of the account is gone.
    pub(crate) fn purge(&mut self, by: &By) -> Purged {
        let mut purged = Purged::default();
        for id in self.top_tombstones(by.account.root) {
            let file = self.nodes.get(id).is_some_and(|node| node.file().is_some());
            if file {
                purged.files += 1;
            } else {
                purged.folders += 1;
            }
            self.erase(id);
        }
        purged
    }
}
