//! Descriptions of entries as they stand in answers.

use serde::Serialize;

use crate::koofr::nodes::{Kind, Node, Tags};
use crate::store::md5_hex;
use crate::tree::{Tree, TreeEntry};

/// The `File` object of the API.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileInfo {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) modified: i64,
    pub(crate) size: u64,
    pub(crate) content_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hash: Option<String>,
    pub(crate) tags: Tags,
}

impl FileInfo {
    /// Describes a node; the root of a mount has no name.
    pub(crate) fn of(node: &Node, is_root: bool, hashes: bool) -> Self {
        let name = if is_root {
            String::new()
        } else {
            node.name.clone()
        };
        let (kind, size, content_type, hash) = match &node.kind {
            Kind::Dir(_) => ("dir", 0, String::new(), None),
            Kind::File(file) => (
                "file",
                file.size,
                file.content_type.clone(),
                hashes.then(|| file.hash.clone()),
            ),
        };
        Self {
            name,
            kind,
            modified: node.modified,
            size,
            content_type,
            hash,
            tags: node.tags.clone(),
        }
    }

    pub(crate) fn of_tree(tree: &Tree, entry: TreeEntry) -> Self {
        let content = match entry {
            TreeEntry::File(folder, file) => Some(tree.content(folder, file)),
            TreeEntry::Root | TreeEntry::Folder(_) => None,
        };
        Self {
            name: Tree::name(entry),
            kind: if content.is_some() { "file" } else { "dir" },
            modified: tree.modified(entry),
            size: content.as_ref().map_or(0, |text| text.len() as u64),
            content_type: content.as_ref().map_or("", |_| "text/plain").to_owned(),
            hash: content.as_ref().map(|text| md5_hex(text.as_bytes())),
            tags: Tags::new(),
        }
    }

    pub(crate) fn is_dir(&self) -> bool {
        self.kind == "dir"
    }
}
