//! What a line of the journal says.

use std::io;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::acd::node::{Blob, Data, FileContent, Key, Kind, Node, Parent, Properties, Trashed};
use crate::store::{Content, ContentStore};
use crate::tree::Tombstone;

/// One thing that became different.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    Node(Box<SavedNode>),
    Purged {
        key: Key,
        id: String,
        sequence: u64,
        /// Keys below this one were given out.
        next_key: Key,
    },
    Tree(Tombstone),
}

/// A node. Delays of visibility end with the process.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct SavedNode {
    key: Key,
    id: String,
    kind: Kind,
    created: i64,
    created_by: String,
    changed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default)]
    parents: Vec<Parent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trashed: Option<Trashed>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    #[serde(default, skip_serializing_if = "Properties::is_empty")]
    properties: Properties,
    modified: i64,
    version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<SavedContent>,
}

#[derive(Debug, Deserialize, Serialize)]
struct SavedContent {
    /// The file of the store; none for generated and for empty contents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    /// How many zeros a generated content has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zeros: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    md5: Option<String>,
    version: u64,
    #[serde(default)]
    ready_at: i64,
}

impl SavedNode {
    pub(crate) fn new(key: Key, node: &Node) -> Self {
        let data = &node.data;
        Self {
            key,
            id: node.id.clone(),
            kind: node.kind,
            created: node.created,
            created_by: node.created_by.clone(),
            changed: node.changed,
            name: data.name.clone(),
            parents: data.parents.clone(),
            trashed: data.trashed,
            description: data.description.clone(),
            labels: data.labels.clone(),
            properties: data.properties.clone(),
            modified: data.modified,
            version: data.version,
            content: data.content.as_ref().map(|content| SavedContent {
                object: match &content.blob {
                    Blob::Stored(Content::Disk(disk)) => Some(disk.id.clone()),
                    Blob::Stored(Content::Memory(_)) | Blob::Zeros(_) => None,
                },
                zeros: match &content.blob {
                    Blob::Zeros(size) => Some(*size),
                    Blob::Stored(_) => None,
                },
                md5: content.md5.clone(),
                version: content.version,
                ready_at: content.ready_at,
            }),
        }
    }

    pub(crate) fn key(&self) -> Key {
        self.key
    }

    /// The name of its content in the store.
    pub(crate) fn object(&self) -> Option<&str> {
        self.content.as_ref()?.object.as_deref()
    }

    pub(crate) fn restore(self, store: &ContentStore) -> io::Result<Node> {
        let content = match self.content {
            None => None,
            Some(saved) => Some(FileContent {
                blob: match (saved.object, saved.zeros) {
                    (Some(object), _) => Blob::Stored(store.open(&object)?),
                    (None, Some(size)) => Blob::Zeros(size),
                    (None, None) => Blob::Stored(Content::Memory(Bytes::new())),
                },
                md5: saved.md5,
                version: saved.version,
                ready_at: saved.ready_at,
            }),
        };
        Ok(Node {
            id: self.id,
            kind: self.kind,
            created: self.created,
            created_by: self.created_by,
            changed: self.changed,
            lag: None,
            data: Data {
                name: self.name,
                parents: self.parents,
                trashed: self.trashed,
                description: self.description,
                labels: self.labels,
                properties: self.properties,
                modified: self.modified,
                version: self.version,
                content,
            },
        })
    }
}
