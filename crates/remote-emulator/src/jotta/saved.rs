//! What a line of the journal says.

use std::io;

use serde::{Deserialize, Serialize};

use crate::jotta::file::{Described, FileData, Revision, RevisionState};
use crate::jotta::nodes::{Kind, MountKind, Node, NodeId, Share};
use crate::jotta::state::Account;
use crate::store::{Content, ContentStore};
use crate::tree::Tombstone;

/// One thing that became different.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    Account(Box<Account>),
    Gone(NodeId),
    Known(Known),
    Node(Box<SavedNode>),
    Tree(Tombstone),
}

/// A content in the pool.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Known {
    pub(crate) md5: String,
    pub(crate) size: u64,
    /// Absent for the empty content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct SavedNode {
    id: NodeId,
    parent: NodeId,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    buried: bool,
    #[serde(default)]
    hidden_until: i64,
    changed: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<Share>,
    kind: SavedKind,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum SavedKind {
    Account,
    Device {
        kind: String,
        sid: String,
    },
    Mount(MountKind),
    Folder,
    File {
        uuid: String,
        revisions: Vec<SavedRevision>,
    },
}

#[derive(Debug, Deserialize, Serialize)]
struct SavedRevision {
    number: u32,
    state: RevisionState,
    size: u64,
    md5: String,
    created: i64,
    modified: i64,
    updated: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    objects: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    upload_id: String,
}

/// The content's name in the store; an empty content needs none.
pub(crate) fn object(content: &Content) -> Option<String> {
    match content {
        Content::Disk(disk) => Some(disk.id.clone()),
        Content::Memory(_) => None,
    }
}

impl SavedRevision {
    fn new(revision: &Revision) -> Self {
        let contents = revision.content.iter().chain(&revision.parts);
        Self {
            number: revision.number,
            state: revision.state,
            size: revision.about.size,
            md5: revision.about.md5.clone(),
            created: revision.about.created,
            modified: revision.about.modified,
            updated: revision.updated,
            objects: contents.filter_map(object).collect(),
            upload_id: revision.upload_id.clone(),
        }
    }

    fn restore(self, known: &mut impl FnMut(&str) -> io::Result<Content>) -> io::Result<Revision> {
        let mut contents = Vec::new();
        for object in &self.objects {
            contents.push(known(object)?);
        }
        let complete = self.state == RevisionState::Completed;
        let content = complete.then(|| match contents.pop() {
            Some(content) => content,
            None => Content::Memory(bytes::Bytes::new()),
        });
        Ok(Revision {
            number: self.number,
            state: self.state,
            about: Described {
                size: self.size,
                md5: self.md5,
                created: self.created,
                modified: self.modified,
            },
            updated: self.updated,
            content,
            parts: contents,
            upload_id: self.upload_id,
        })
    }
}

impl SavedNode {
    pub(crate) fn new(id: NodeId, node: &Node) -> Self {
        Self {
            id,
            parent: node.parent,
            name: node.name.clone(),
            deleted: node.deleted,
            buried: node.buried,
            hidden_until: node.hidden_until,
            changed: node.changed,
            share: node.share.clone(),
            kind: match &node.kind {
                Kind::Account => SavedKind::Account,
                Kind::Device { kind, sid } => SavedKind::Device {
                    kind: kind.clone(),
                    sid: sid.clone(),
                },
                Kind::Mount(kind) => SavedKind::Mount(*kind),
                Kind::Folder => SavedKind::Folder,
                Kind::File(file) => SavedKind::File {
                    uuid: file.uuid.clone(),
                    revisions: file.revisions.iter().map(SavedRevision::new).collect(),
                },
            },
        }
    }

    pub(crate) fn id(&self) -> NodeId {
        self.id
    }

    /// The names of its contents in the store.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &str> {
        let revisions: &[SavedRevision] = match &self.kind {
            SavedKind::File { revisions, .. } => revisions,
            _ => &[],
        };
        revisions
            .iter()
            .flat_map(|revision| revision.objects.iter().map(String::as_str))
    }

    pub(crate) fn restore(
        self,
        mut known: impl FnMut(&str) -> io::Result<Content>,
    ) -> io::Result<Node> {
        let kind = match self.kind {
            SavedKind::Account => Kind::Account,
            SavedKind::Device { kind, sid } => Kind::Device { kind, sid },
            SavedKind::Mount(kind) => Kind::Mount(kind),
            SavedKind::Folder => Kind::Folder,
            SavedKind::File { uuid, revisions } => {
                let revisions = revisions
                    .into_iter()
                    .map(|revision| revision.restore(&mut known))
                    .collect::<io::Result<_>>()?;
                Kind::File(Box::new(FileData { uuid, revisions }))
            }
        };
        let mut node = Node::new(self.parent, &self.name, kind, self.changed);
        node.deleted = self.deleted;
        node.buried = self.buried;
        node.hidden_until = self.hidden_until;
        node.share = self.share;
        Ok(node)
    }
}

/// Contents that were opened already, so that entries that share one still do.
#[derive(Debug)]
pub(crate) struct Opened<'s> {
    store: &'s ContentStore,
    contents: std::collections::HashMap<String, Content>,
}

impl<'s> Opened<'s> {
    pub(crate) fn new(store: &'s ContentStore) -> Self {
        Self {
            store,
            contents: std::collections::HashMap::new(),
        }
    }

    pub(crate) fn get(&mut self, object: &str) -> io::Result<Content> {
        if let Some(content) = self.contents.get(object) {
            return Ok(content.clone());
        }
        let content = self.store.open(object)?;
        self.contents.insert(object.to_owned(), content.clone());
        Ok(content)
    }
}
