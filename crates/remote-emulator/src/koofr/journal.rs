//! What a line of the journal says.

use std::io;

use serde::{Deserialize, Serialize};

use crate::koofr::model::{Account, TrashItem};
use crate::koofr::nodes::{Dir, FileData, Kind, Node, NodeId, Tags};
use crate::store::{Content, ContentStore};
use crate::tree::Tombstone;

/// One thing that became different.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    Account(Box<Account>),
    Gone(NodeId),
    Node(Box<SavedNode>),
    Trash(u64, Box<TrashItem>),
    Tree(Tombstone),
    Untrash(u64),
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct SavedNode {
    id: NodeId,
    parent: NodeId,
    seq: u64,
    name: String,
    modified: i64,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    tags: Tags,
    #[serde(default, skip_serializing_if = "is_zero")]
    hidden_until: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<SavedFile>,
}

#[derive(Debug, Deserialize, Serialize)]
struct SavedFile {
    size: u64,
    hash: String,
    content_type: String,
    /// Absent for an empty file, which needs no content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde calls"
)]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

impl SavedNode {
    pub(crate) fn new(id: NodeId, node: &Node) -> Self {
        Self {
            id,
            parent: node.parent,
            seq: node.seq,
            name: node.name.clone(),
            modified: node.modified,
            tags: node.tags.clone(),
            hidden_until: node.hidden_until,
            file: node.file().map(|file| SavedFile {
                size: file.size,
                hash: file.hash.clone(),
                content_type: file.content_type.clone(),
                object: match &file.content {
                    Content::Disk(disk) => Some(disk.id.clone()),
                    Content::Memory(_) => None,
                },
            }),
        }
    }

    pub(crate) fn id(&self) -> NodeId {
        self.id
    }

    /// The content's name in the store.
    pub(crate) fn object(&self) -> Option<&str> {
        self.file.as_ref()?.object.as_deref()
    }

    pub(crate) fn restore(self, store: &ContentStore) -> io::Result<Node> {
        let kind = match self.file {
            None => Kind::Dir(Dir::default()),
            Some(file) => Kind::File(FileData {
                size: file.size,
                hash: file.hash,
                content_type: file.content_type,
                content: match &file.object {
                    Some(object) => store.open(object)?,
                    None => Content::Memory(bytes::Bytes::new()),
                },
            }),
        };
        Ok(Node {
            parent: self.parent,
            seq: self.seq,
            name: self.name,
            modified: self.modified,
            tags: self.tags,
            hidden_until: self.hidden_until,
            kind,
        })
    }
}
