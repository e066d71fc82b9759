//! Contents that become files.

use crate::ids;
use crate::jotta::file::{Described, Revision, RevisionState};
use crate::jotta::nodes::{Node, NodeId};
use crate::jotta::ops::By;
use crate::jotta::problem::Problem;
use crate::jotta::state::State;
use crate::store::Content;

/// What an `allocate` leads to.
#[derive(Clone, Debug)]
pub(crate) enum Allocated {
    /// The content was known; there is nothing to send.
    Done(NodeId),
    /// Bytes are missing from this offset on.
    Open {
        file: NodeId,
        upload_id: String,
        received: u64,
        state: RevisionState,
    },
}

impl State {
    /// A good content for a file: its times are set when it has the content already, otherwise it gets a revision.
    /// The file leaves the trash.
    pub(crate) fn complete(&mut self, by: &By, id: NodeId, about: Described, content: Content) {
        self.add_content(by, id, about, content);
        self.stored(by, id);
    }

    /// A file has a new content or new times: it is live, and so is everything above it.
    fn stored(&mut self, by: &By, id: NodeId) {
        let kind = match self.nodes.get(id) {
            Some(node) if !node.is_live() => "RESTORE",
            _ => "NEW_UPLOAD",
        };
        self.revive(by, id);
        self.revive_above(by, id);
        self.set_hidden(by, id);
        self.changed(by, id);
        self.announce(by.user(), kind, self.event_data(id), by.now);
    }

    /// The same without taking the file out of the trash.
    pub(super) fn add_content(&mut self, by: &By, id: NodeId, about: Described, content: Content) {
        let touch = !self.settings.touch_adds_revision;
        let file = self.nodes.get_mut(id).and_then(Node::file_mut);
        if let Some(file) = file
            && file.latest().is_none()
            && touch
            && let Some(current) = file.current_mut()
            && current.about.key() == about.key()
        {
            current.about.created = about.created;
            current.about.modified = about.modified;
            return;
        }
        self.drop_unfinished(id);
        self.push_revision(
            id,
            Revision {
                number: 0,
                state: RevisionState::Completed,
                about,
                updated: by.now,
                content: Some(content),
                parts: Vec::new(),
                upload_id: String::new(),
            },
        );
    }

    fn revive_above(&mut self, by: &By, id: NodeId) {
        let trashed: Vec<NodeId> = self
            .nodes
            .line(id)
            .filter(|(_, node)| !node.is_live())
            .map(|(id, _)| id)
            .collect();
        for id in trashed {
            self.revive(by, id);
        }
    }

    /// Ends the upload a file waits for; what was received of it is forgotten.
    fn drop_unfinished(&mut self, id: NodeId) {
        let file = self.nodes.get_mut(id).and_then(Node::file_mut);
        if let Some(latest) = file.and_then(|file| file.latest_mut()) {
            let parts = std::mem::take(&mut latest.parts);
            let upload_id = std::mem::take(&mut latest.upload_id);
            self.uploads.remove(&upload_id);
            self.release(parts);
        }
    }

    /// `allocate`, and the first half of a direct upload.
    pub(crate) fn allocate(
        &mut self,
        by: &By,
        segments: &[String],
        about: &Described,
        reject_conflicts: bool,
    ) -> Result<Allocated, Problem> {
        let taken = self.node_at(by, segments).and_then(|id| self.nodes.get(id));
        if reject_conflicts && taken.is_some_and(Node::is_complete) {
            return Err(self.conflict(&by.path(segments)));
        }
        let replaced = taken.and_then(Node::file).and_then(|file| file.current());
        let replaced = replaced.map_or(0, |current| current.about.size);
        self.check_space(by.user(), about.size.saturating_sub(replaced))?;
        let slot = self.slot(by, segments)?;
        let file = self.file_in(by, slot);
        if let Some(content) = self.known(&about.key()) {
            self.complete(by, file, about.clone(), content);
            return Ok(Allocated::Done(file));
        }
        if let Some(open) = self.reopen(file, about) {
            return Ok(open);
        }
        self.drop_unfinished(file);
        let upload_id = ids::token();
        self.push_revision(
            file,
            Revision {
                number: 0,
                state: RevisionState::Incomplete,
                about: about.clone(),
                updated: by.now,
                content: None,
                parts: Vec::new(),
                upload_id: upload_id.clone(),
            },
        );
        Ok(Allocated::Open {
            file,
            upload_id,
            received: 0,
            state: RevisionState::Incomplete,
        })
    }

    /// The unfinished upload of the same content, with the new times.
    fn reopen(&mut self, file: NodeId, about: &Described) -> Option<Allocated> {
        let data = self.nodes.get_mut(file).and_then(Node::file_mut);
        let latest = data?.latest_mut()?;
        if latest.about.key() != about.key() || latest.upload_id.is_empty() {
            return None;
        }
        latest.about = about.clone();
        Some(Allocated::Open {
            file,
            upload_id: latest.upload_id.clone(),
            received: latest.received(),
            state: latest.state,
        })
    }

    /// `cphash`: new times for a file that has the content, or a known content put into place.
    pub(crate) fn hash_copy(
        &mut self,
        by: &By,
        segments: &[String],
        about: Described,
    ) -> Result<NodeId, Problem> {
        let Some(content) = self.known(&about.key()) else {
            return Err(Problem::no_file(&by.path(segments)));
        };
        let found = self.node_at(by, segments).and_then(|id| self.nodes.get(id));
        let has_it = found.and_then(Node::file).and_then(|file| file.current());
        let has_it = has_it.is_some_and(|current| current.about.key() == about.key());
        if !has_it {
            self.check_space(by.user(), about.size)?;
        }
        let slot = self.slot(by, segments)?;
        let file = self.file_in(by, slot);
        self.complete(by, file, about, content);
        Ok(file)
    }

    /// The upload address of the file at a place, if it waits for bytes.
    pub(crate) fn waiting_upload(&self, by: &By, segments: &[String]) -> Option<String> {
        let id = self.node_at(by, segments)?;
        let latest = self.nodes.get(id)?.file()?.latest()?;
        (!latest.upload_id.is_empty()).then(|| latest.upload_id.clone())
    }

    /// The unfinished revision an upload address belongs to.
    pub(crate) fn unfinished(&self, upload_id: &str) -> Option<(NodeId, &Revision)> {
        let file = *self.uploads.get(upload_id)?;
        let latest = self.nodes.get(file)?.file()?.latest()?;
        (latest.upload_id == upload_id).then_some((file, latest))
    }

    fn unfinished_mut(&mut self, upload_id: &str) -> Option<(NodeId, &mut Revision)> {
        let file = *self.uploads.get(upload_id)?;
        let latest = self.nodes.get_mut(file)?.file_mut()?.latest_mut()?;
        (latest.upload_id == upload_id).then_some((file, latest))
    }

    /// Keeps what an upload has delivered from an offset on; what was there before is dropped when that is 0. A part
    /// that does not fit, because another one came first, is dropped.
    pub(crate) fn add_part(&mut self, upload_id: &str, part: Content, offset: u64) {
        let mut dropped = Vec::new();
        match self.unfinished_mut(upload_id) {
            Some((_, revision)) if offset == 0 || offset == revision.received() => {
                if offset == 0 {
                    dropped = std::mem::take(&mut revision.parts);
                }
                revision.state = RevisionState::Incomplete;
                if part.len() > 0 {
                    revision.parts.push(part);
                }
            }
            _ => dropped.push(part),
        }
        self.release(dropped);
    }

    /// All bytes have arrived and are the promised ones.
    pub(crate) fn finish_upload(
        &mut self,
        by: &By,
        upload_id: &str,
        content: Content,
    ) -> Option<NodeId> {
        let key = self.unfinished(upload_id)?.1.about.key();
        let content = self.learn(key, content);
        let (file, revision) = self.unfinished_mut(upload_id)?;
        revision.state = RevisionState::Completed;
        revision.updated = by.now;
        revision.content = Some(content);
        revision.upload_id = String::new();
        let parts = std::mem::take(&mut revision.parts);
        self.release(parts);
        self.uploads.remove(upload_id);
        let kept = self.settings.kept_revisions;
        if let Some(data) = self.nodes.get_mut(file).and_then(Node::file_mut) {
            let dropped = data.trim(kept);
            self.release(dropped);
        }
        self.stored(by, file);
        Some(file)
    }

    /// The bytes that arrived are not the promised ones; they are dropped.
    pub(crate) fn spoil_upload(&mut self, upload_id: &str) {
        if let Some((_, revision)) = self.unfinished_mut(upload_id) {
            revision.state = RevisionState::Corrupt;
            let parts = std::mem::take(&mut revision.parts);
            self.release(parts);
        }
    }
}
