//! Files and their revisions.

use std::time::SystemTime;

use remote_core::{hash::HashValue, text_enum};

use crate::{time, xml::Node};

text_enum! {
    /// How far a revision has come.
    pub enum RevisionState {
        /// Registered, nothing stored yet.
        Added = "ADDED",
        /// Stored and verified.
        Completed = "COMPLETED",
        /// All bytes came, and they were not those that were announced.
        Corrupt = "CORRUPT",
        /// Announced, bytes are missing.
        Incomplete = "INCOMPLETE",
        /// The service is at work.
        Processing = "PROCESSING",
    }
}

/// One content of a file.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// Counted from one; grows with every upload, failed ones included.
    pub number: Option<u64>,
    /// How far it has come.
    pub state: RevisionState,
    /// Creation time as the uploader gave it.
    pub created: Option<SystemTime>,
    /// Modification time as the uploader gave it.
    pub modified: Option<SystemTime>,
    /// When the service stored it.
    pub updated: Option<SystemTime>,
    /// Media type, which the service derives from the name.
    pub mime: Option<String>,
    /// Number of bytes; what has arrived so far for one that is incomplete. Often absent for those that are not completed.
    pub size: Option<u64>,
    /// MD5 of the content, which may be missing for damaged ones. Read whatever its case is.
    pub md5: Option<HashValue>,
}

impl Revision {
    pub(crate) fn of(node: &Node) -> Self {
        Self {
            number: node.number_of("number"),
            state: RevisionState::from(node.word_of("state").unwrap_or_default()),
            created: node.time_of("created"),
            modified: node.time_of("modified"),
            updated: node.time_of("updated"),
            mime: node.string_of("mime"),
            size: node.number_of("size"),
            md5: node.word_of("md5").and_then(|text| text.parse().ok()),
        }
    }

    /// Whether it can be read.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.state == RevisionState::Completed
    }
}

/// When something went into the trash. That it is there matters, the moment may be unknown.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Deleted {
    /// The moment as the service wrote it: what was trashed together has the same.
    pub stamp: String,
    /// The moment.
    pub time: Option<SystemTime>,
}

impl Deleted {
    pub(crate) fn of_stamp(stamp: &str) -> Self {
        Self {
            stamp: stamp.to_owned(),
            time: time::parse(stamp),
        }
    }
}

/// Under which names something is shared; both absent when it is not.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Share {
    /// The id in the addresses for downloads.
    pub public_uri: Option<String>,
    /// The path of the landing page.
    pub public_path: Option<String>,
}

impl Share {
    pub(crate) fn of(node: &Node) -> Self {
        Self {
            public_uri: node.string_of("publicURI"),
            public_path: node.string_of("publicSharePath"),
        }
    }

    /// Whether it is shared.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.public_uri.is_some()
    }
}

/// A file.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct FileInfo {
    /// Its name as the service stores it.
    pub name: String,
    /// Its id.
    pub uuid: Option<String>,
    /// The folder it is in, as `/user/device/mount point/…`; not always told.
    pub parent: Option<String>,
    /// Set while it is in the trash.
    pub deleted: Option<Deleted>,
    /// Set while it is shared.
    pub share: Share,
    /// The content; absent when no upload has succeeded yet.
    pub current: Option<Revision>,
    /// A newer upload that has not succeeded.
    pub latest: Option<Revision>,
    /// Older contents, newest first; told for single files only.
    pub revisions: Vec<Revision>,
}

impl FileInfo {
    pub(crate) fn of(node: &Node) -> Self {
        let revisions = node.child("revisions").map(|list| &list.children);
        Self {
            name: node.attribute("name").unwrap_or_default().to_owned(),
            uuid: node.attribute("uuid").map(str::to_owned),
            parent: parent_of(node),
            deleted: node.attribute("deleted").map(Deleted::of_stamp),
            share: Share::of(node),
            current: node.child("currentRevision").map(Revision::of),
            latest: node.child("latestRevision").map(Revision::of),
            revisions: revisions
                .into_iter()
                .flatten()
                .filter(|child| child.name == "revision")
                .map(Revision::of)
                .collect(),
        }
    }

    /// The content, if there is one that can be read.
    #[must_use]
    pub fn content(&self) -> Option<&Revision> {
        self.current
            .as_ref()
            .filter(|revision| revision.is_completed())
    }

    /// Whether it is in the trash.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.deleted.is_some()
    }

    /// Whether it is there for everybody to read: not in the trash, and with a content.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !self.is_deleted() && self.content().is_some()
    }
}

/// The parent of an entry. In the trash `abspath` is the true one; elsewhere both are the same.
pub(crate) fn parent_of(node: &Node) -> Option<String> {
    let text = node.text_of("abspath").or_else(|| node.text_of("path"))?;
    Some(text.to_owned()).filter(|text| !text.is_empty())
}
