//! Files: their revisions, and what an upload has delivered so far.

use crate::ids;
use crate::store::Content;

/// How far a revision got.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum RevisionState {
    Completed,
    Corrupt,
    Incomplete,
}

impl RevisionState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
            Self::Corrupt => "CORRUPT",
            Self::Incomplete => "INCOMPLETE",
        }
    }
}

/// What a client says about a content.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Described {
    pub(crate) size: u64,
    /// In the letter case of the client.
    pub(crate) md5: String,
    pub(crate) created: i64,
    pub(crate) modified: i64,
}

impl Described {
    pub(crate) fn key(&self) -> ContentKey {
        (self.md5.to_ascii_lowercase(), self.size)
    }
}

/// What contents are known by: lower-case MD5 and size.
pub(crate) type ContentKey = (String, u64);

/// One upload attempt.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    pub(crate) number: u32,
    pub(crate) state: RevisionState,
    pub(crate) about: Described,
    /// When it was stored, by the emulator's clock.
    pub(crate) updated: i64,
    /// The content of a completed revision.
    pub(crate) content: Option<Content>,
    /// What was received of an unfinished one, in order.
    pub(crate) parts: Vec<Content>,
    /// The name of its upload address while it is unfinished.
    pub(crate) upload_id: String,
}

impl Revision {
    pub(crate) fn received(&self) -> u64 {
        self.parts.iter().map(Content::len).sum()
    }
}

/// What a file has beyond a name.
#[derive(Clone, Debug)]
pub(crate) struct FileData {
    pub(crate) uuid: String,
    /// Oldest first.
    pub(crate) revisions: Vec<Revision>,
}

impl FileData {
    pub(crate) fn new() -> Self {
        Self {
            uuid: ids::uuid(),
            revisions: Vec::new(),
        }
    }

    /// The newest good revision.
    pub(crate) fn current(&self) -> Option<&Revision> {
        let good = |revision: &&Revision| revision.state == RevisionState::Completed;
        self.revisions.iter().rev().find(good)
    }

    pub(crate) fn current_mut(&mut self) -> Option<&mut Revision> {
        let good = |revision: &&mut Revision| revision.state == RevisionState::Completed;
        self.revisions.iter_mut().rev().find(good)
    }

    /// An unsuccessful upload that is newer than the current revision.
    pub(crate) fn latest(&self) -> Option<&Revision> {
        let last = self.revisions.last();
        last.filter(|revision| revision.state != RevisionState::Completed)
    }

    pub(crate) fn latest_mut(&mut self) -> Option<&mut Revision> {
        let last = self.revisions.last_mut();
        last.filter(|revision| revision.state != RevisionState::Completed)
    }

    /// Everything else, newest first.
    pub(crate) fn older(&self) -> impl Iterator<Item = &Revision> {
        let shown = [self.current(), self.latest()].map(|shown| shown.map(|shown| shown.number));
        self.revisions
            .iter()
            .rev()
            .filter(move |revision| !shown.contains(&Some(revision.number)))
    }

    /// Adds a revision with the next number, and gives the parts of those that are not kept any more.
    #[must_use]
    pub(crate) fn push(&mut self, mut revision: Revision, kept: usize) -> Vec<Content> {
        revision.number = self.revisions.last().map_or(1, |last| last.number + 1);
        self.revisions.push(revision);
        self.trim(kept)
    }

    /// Drops the oldest revisions beyond `kept`, but never the current one, and gives what they had received.
    #[must_use]
    pub(crate) fn trim(&mut self, kept: usize) -> Vec<Content> {
        // An unfinished revision does not push a good one out.
        let kept = kept.max(1) + usize::from(self.latest().is_some());
        let mut dropped = Vec::new();
        while self.revisions.len() > kept {
            let current = self.current().map(|current| current.number);
            let oldest = self
                .revisions
                .iter()
                .position(|revision| Some(revision.number) != current);
            let Some(oldest) = oldest else { break };
            dropped.extend(self.revisions.remove(oldest).parts);
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(state: RevisionState) -> Revision {
        Revision {
            number: 0,
            state,
            about: Described {
                size: 0,
                md5: String::new(),
                created: 0,
                modified: 0,
            },
            updated: 0,
            content: None,
            parts: Vec::new(),
            upload_id: String::new(),
        }
    }

    fn numbers<'a>(revisions: impl Iterator<Item = &'a Revision>) -> Vec<u32> {
        revisions.map(|revision| revision.number).collect()
    }

    #[test]
    fn five_revisions_are_kept_and_the_current_one_always() {
        let mut file = FileData::new();
        for _ in 0..7 {
            drop(file.push(revision(RevisionState::Completed), 5));
        }
        assert_eq!(file.current().map(|current| current.number), Some(7));
        assert_eq!(numbers(file.older()), [6, 5, 4, 3]);
        for _ in 0..9 {
            drop(file.push(revision(RevisionState::Corrupt), 5));
        }
        assert_eq!(file.current().map(|current| current.number), Some(7));
        assert_eq!(file.latest().map(|latest| latest.number), Some(16));
        drop(file.push(revision(RevisionState::Completed), 5));
        assert!(file.latest().is_none());
        assert_eq!(file.current().map(|current| current.number), Some(17));
        assert_eq!(file.revisions.len(), 5);
    }
}
