//! Moving, renaming and copying.

use bytes::Bytes;
use serde_json::json;

use crate::jotta::config::OntoLive;
use crate::jotta::file::Described;
use crate::jotta::nodes::{Node, NodeId};
use crate::jotta::ops::By;
use crate::jotta::path::check_name;
use crate::jotta::problem::Problem;
use crate::jotta::state::{Entry, State};
use crate::store::{Content, md5_hex};
use crate::tree::TreeEntry;

/// What a move moves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Moved {
    File,
    Folder,
}

impl State {
    fn source_missing(by: &By, segments: &[String], what: Moved) -> Problem {
        let path = by.path(segments);
        match what {
            Moved::File => Problem::new(
                404,
                "NoSuchFileException",
                format!("source file {path} does not exist"),
            ),
            Moved::Folder => Problem::new(
                404,
                "NoSuchPathException",
                format!("source folder {path} does not exist"),
            ),
        }
    }

    /// The live node a move starts from.
    fn moved_node(&self, by: &By, from: &[String], what: Moved) -> Result<NodeId, Problem> {
        if from.len() < 3 {
            let text = "devices and mount points cannot be moved";
            return Err(Problem::new(500, "IllegalStateException", text));
        }
        let entry = self.find(&by.account, from);
        if let Some(Entry::Tree(_)) = entry {
            return Err(Problem::forbidden("the synthetic tree cannot be changed"));
        }
        let Some(Entry::Node(id)) = entry else {
            return Err(Self::source_missing(by, from, what));
        };
        let fits = self.nodes.get(id).is_some_and(|node| match what {
            Moved::File => node.is_complete(),
            Moved::Folder => node.is_folder() && node.is_live(),
        });
        if fits {
            Ok(id)
        } else {
            Err(Self::source_missing(by, from, what))
        }
    }

    /// `mv` and `mvDir`.
    pub(crate) fn relocate(
        &mut self,
        by: &By,
        from: &[String],
        to: &[String],
        what: Moved,
    ) -> Result<NodeId, Problem> {
        let id = self.moved_node(by, from, what)?;
        let (name, above) = to
            .split_last()
            .filter(|(_, above)| above.len() >= 2)
            .ok_or_else(|| Problem::invalid("the destination names no entry"))?;
        check_name(name, &self.settings)?;
        let target = self.node_at(by, to);
        if target == Some(id) && self.settings.case_rename_conflicts {
            return Err(self.conflict(&by.path(to)));
        }
        let target = target.filter(|target| *target != id);
        if self.leads_through(by, above, id) {
            return Err(Problem::invalid("a folder cannot move into itself"));
        }
        if let Some(target) = target {
            self.make_way(by, target, to)?;
        }
        let before = self.nodes.path(id);
        let parent = self.make_folder(by, above)?;
        self.changed(by, id);
        self.nodes.relocate(id, parent, name);
        self.set_hidden(by, id);
        self.changed(by, id);
        let kind = match what {
            Moved::File => "MOVE",
            Moved::Folder => "MOVE_DIR",
        };
        let mut data = self.event_data(id);
        data["TO"] = json!(self.nodes.path(id));
        data["FROM"] = json!(before);
        self.announce(by.user(), kind, data, by.now);
        Ok(id)
    }

    /// Whether a path, as far as it exists, leads through a node.
    fn leads_through(&self, by: &By, segments: &[String], id: NodeId) -> bool {
        let mut here = by.account.root;
        for segment in segments {
            match self.nodes.child(here, segment) {
                Some(next) if next == id => return true,
                Some(next) => here = next,
                None => return false,
            }
        }
        false
    }

    /// Frees the name of an entry that stands where something moves to.
    fn make_way(&mut self, by: &By, target: NodeId, to: &[String]) -> Result<(), Problem> {
        let Some(node) = self.nodes.get(target) else {
            return Ok(());
        };
        if !node.is_live() {
            if self.settings.move_onto_trashed_fails {
                let text = format!("{} is in the trash", by.path(to));
                return Err(Problem::new(500, "IllegalStateException", text));
            }
            self.nodes.bury(target);
            return Ok(());
        }
        // Only promised so far: nothing is lost with it.
        let promised = node.file().is_some_and(|file| file.current().is_none());
        if promised {
            self.erase(target);
            return Ok(());
        }
        match self.settings.move_onto_live {
            OntoLive::Conflict => Err(self.conflict(&by.path(to))),
            OntoLive::Replace => {
                self.stamp_tree(by, target);
                self.nodes.bury(target);
                Ok(())
            }
        }
    }

    fn stamp_tree(&mut self, by: &By, id: NodeId) {
        for below in self.nodes.subtree(id) {
            if let Some(node) = self.nodes.get_mut(below) {
                node.deleted.get_or_insert(by.now);
            }
        }
        self.expect_expiry(by.now);
    }

    /// `cp`: a new revision of the destination, which stays in the trash if it is there.
    pub(crate) fn copy(
        &mut self,
        by: &By,
        from: &[String],
        to: &[String],
    ) -> Result<NodeId, Problem> {
        let (about, content) = self.copied(by, from)?;
        if to.len() < 3 {
            return Err(Problem::invalid("the destination names no file"));
        }
        self.check_space(by.user(), about.size)?;
        let slot = self.slot(by, to)?;
        let id = self.file_in(by, slot);
        self.add_content(by, id, about, content);
        self.set_hidden(by, id);
        self.changed(by, id);
        self.announce(by.user(), "NEW_UPLOAD", self.event_data(id), by.now);
        Ok(id)
    }

    /// What a copy takes along.
    fn copied(&self, by: &By, from: &[String]) -> Result<(Described, Content), Problem> {
        let found = match self.find(&by.account, from) {
            Some(Entry::Node(id)) => self
                .nodes
                .get(id)
                .filter(|node| node.is_complete())
                .and_then(Node::file)
                .and_then(|file| file.current())
                .and_then(|current| Some((current.about.clone(), current.content.clone()?))),
            Some(Entry::Tree(_)) => {
                return Err(Problem::forbidden("the synthetic tree cannot be copied"));
            }
            None => None,
        };
        found.ok_or_else(|| Self::source_missing(by, from, Moved::File))
    }

    /// A file of the synthetic tree.
    pub(crate) fn tree_file(&self, entry: TreeEntry) -> Option<(Described, Bytes)> {
        let tree = self.tree()?;
        let TreeEntry::File(folder, file) = entry else {
            return None;
        };
        let bytes = Bytes::from(tree.content(folder, file));
        let modified = tree.modified(entry).div_euclid(1000) * 1000;
        let about = Described {
            size: bytes.len() as u64,
            md5: md5_hex(&bytes),
            created: modified,
            modified,
        };
        Some((about, bytes))
    }
}
