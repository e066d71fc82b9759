//! Nodes: files, folders and what is made of them.

use std::{collections::BTreeMap, time::SystemTime};

use remote_core::{hash::HashValue, lenient, secret::Secret, text_enum};
use serde::{Deserialize, Deserializer};

use super::flag;
use crate::time;

text_enum! {
    /// What a node is.
    pub enum NodeKind {
        /// A rendition of a file, made by the service.
        Asset = "ASSET",
        /// A file.
        File = "FILE",
        /// A folder.
        Folder = "FOLDER",
        /// Several nodes; seen in one client.
        Group = "GROUP",
    }
}

impl Default for NodeKind {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

text_enum! {
    /// Whether a node is there.
    pub enum NodeStatus {
        /// It is there.
        Available = "AVAILABLE",
        /// It is still being processed; size and hash may be missing.
        Pending = "PENDING",
        /// It is gone for good.
        Purged = "PURGED",
        /// It is in the trash.
        Trash = "TRASH",
    }
}

/// A node that does not say is there.
impl Default for NodeStatus {
    fn default() -> Self {
        Self::Available
    }
}

/// A file, folder or rendition.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Node {
    /// The id: 22 characters as a rule, of which any may be the first, also a hyphen. Opaque.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// The name as it is stored; absent for the root, and for some nodes of the service's own.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
    /// What it is.
    pub kind: NodeKind,
    /// Whether it is there.
    pub status: NodeStatus,
    /// The folders it is in: one as a rule, none for the root and for orphans, several for hard links.
    #[serde(deserialize_with = "lenient::or_default")]
    pub parents: Vec<String>,
    /// Goes up with every change of the node or its content.
    #[serde(deserialize_with = "lenient::opt_u64")]
    pub version: Option<u64>,
    /// Whether it is the root.
    #[serde(deserialize_with = "flag")]
    pub is_root: bool,
    /// Whether the service takes it for shared.
    #[serde(deserialize_with = "flag")]
    pub is_shared: bool,
    /// Whether only the application that made it sees it.
    #[serde(deserialize_with = "flag")]
    pub restricted: bool,
    /// At most 10 words, each of at most 256 characters.
    #[serde(deserialize_with = "lenient::or_default")]
    pub labels: Vec<String>,
    /// At most 500 characters.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub description: Option<String>,
    /// The application that made it.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub created_by: Option<String>,
    /// When it was made.
    #[serde(deserialize_with = "time::lenient")]
    pub created_date: Option<SystemTime>,
    /// When it or its content was changed last; assigned by the service.
    #[serde(deserialize_with = "time::lenient")]
    pub modified_date: Option<SystemTime>,
    /// An opaque mark of the state of the node.
    #[serde(
        rename = "eTagResponse",
        alias = "ETagResponse",
        deserialize_with = "lenient::opt_text"
    )]
    pub etag: Option<String>,
    /// What is known of the content; absent for folders.
    #[serde(rename = "contentProperties")]
    pub content: Option<ContentProperties>,
    /// Properties of this application, by owner and key.
    #[serde(deserialize_with = "properties")]
    pub properties: BTreeMap<String, BTreeMap<String, String>>,
    /// An address that gives the content to everybody who has it, for a limited time; only where it was asked for.
    pub temp_link: Option<Secret>,
    /// Renditions; only where they were asked for.
    #[serde(deserialize_with = "lenient::or_default")]
    pub assets: Vec<Self>,
}

impl Node {
    /// Whether it is a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.kind == NodeKind::Folder
    }

    /// Whether it is a file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.kind == NodeKind::File
    }

    /// Whether it is there and not in the trash or still being processed.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.status == NodeStatus::Available
    }

    /// Whether it is in a folder.
    #[must_use]
    pub fn is_in(&self, folder: &str) -> bool {
        self.parents.iter().any(|parent| parent == folder)
    }

    /// The size of the content in bytes, where it is known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.content.as_ref()?.size
    }

    /// The hash of the content, where it is known.
    #[must_use]
    pub fn md5(&self) -> Option<HashValue> {
        self.content.as_ref()?.md5.as_deref()?.parse().ok()
    }
}

/// What is known of the content of a file. A client cannot change it.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContentProperties {
    /// Number of bytes; missing while the file is being processed.
    #[serde(deserialize_with = "lenient::opt_u64")]
    pub size: Option<u64>,
    /// 32 hexadecimal digits; missing while the file is being processed.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub md5: Option<String>,
    /// 1 after the first upload, one more after each overwriting.
    #[serde(deserialize_with = "lenient::opt_u64")]
    pub version: Option<u64>,
    /// Media type, found out by the service.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub content_type: Option<String>,
    /// The extension of the name, without the dot.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub extension: Option<String>,
    /// When a picture or film was taken.
    #[serde(deserialize_with = "time::lenient")]
    pub content_date: Option<SystemTime>,
}

/// A page of nodes.
#[non_exhaustive]
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "RawPage")]
pub struct NodePage {
    /// How many nodes all pages have, as far as the service knows; not to be relied on.
    pub count: Option<u64>,
    /// Asks for the next page; good for ten minutes. Absent on the last page.
    pub next_token: Option<String>,
    /// The nodes; may be empty on any page.
    pub data: Vec<Node>,
}

/// A page as it is sent.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawPage {
    #[serde(deserialize_with = "lenient::opt_u64")]
    count: Option<u64>,
    #[serde(deserialize_with = "lenient::opt_text")]
    next_token: Option<String>,
    data: Option<Vec<Node>>,
}

/// An answer of another kind must not be taken for the end of a listing.
#[derive(Debug, thiserror::Error)]
#[error("the answer has no nodes, and does not say that there are none")]
struct NoNodes;

impl TryFrom<RawPage> for NodePage {
    type Error = NoNodes;

    fn try_from(raw: RawPage) -> Result<Self, NoNodes> {
        let data = match (raw.data, raw.count, &raw.next_token) {
            (Some(data), _, _) => data,
            (None, Some(0), None) => Vec::new(),
            _ => return Err(NoNodes),
        };
        Ok(Self {
            count: raw.count,
            next_token: raw.next_token,
            data,
        })
    }
}

/// Owner, key and value; whatever has another shape is skipped.
fn properties<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, BTreeMap<String, String>>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    let Some(owners) = value.as_object() else {
        return Ok(BTreeMap::new());
    };
    let texts = |keys: &serde_json::Map<String, serde_json::Value>| {
        keys.iter()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect()
    };
    Ok(owners
        .iter()
        .filter_map(|(owner, keys)| Some((owner.clone(), texts(keys.as_object()?))))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of the specification of the service, section 5.1.
    const FILE: &str = r#"{ "id": "Qm3xT0vRSb2kZ1yH9aLw4g", "name": "report.pdf", "kind": "FILE", "version": 4, "labels": [],
        "description": "", "createdBy": "CloudDriveFiles", "createdDate": "2016-05-15T20:07:10.418Z", "modifiedDate": "2016-05-15T20:29:17.466Z",
        "parents": ["Ab3dEf6hIj9lMn2pQr5tUw"], "status": "AVAILABLE", "restricted": false, "isShared": false, "eTagResponse": "AbCdEfGhI01",
        "contentProperties": { "version": 2, "size": 10485, "md5": "6df23dc03f9b54cc38a0fc1483df6e21", "contentType": "application/pdf",
        "extension": "pdf", "contentDate": "2016-05-15T20:07:10.000Z" }, "properties": { "CloudDriveFiles": { "key": "value" } }, "transforms": [] }"#;

    #[test]
    fn a_file_is_read_with_all_it_tells() {
        let node: Node = serde_json::from_str(FILE).unwrap();
        assert!(node.is_file() && node.is_available() && node.is_in("Ab3dEf6hIj9lMn2pQr5tUw"));
        assert_eq!((node.size(), node.version), (Some(10485), Some(4)));
        assert_eq!(
            node.md5().unwrap().to_string(),
            "6df23dc03f9b54cc38a0fc1483df6e21"
        );
        assert_eq!(node.etag.as_deref(), Some("AbCdEfGhI01"));
        assert_eq!(node.properties["CloudDriveFiles"]["key"], "value");
        assert!(node.modified_date > node.created_date);
    }

    #[test]
    fn what_is_missing_or_unknown_is_no_failure() {
        let node: Node = serde_json::from_str("{}").unwrap();
        assert!(node.name.is_none() && node.is_available() && !node.is_folder());
        let odd = r#"{"id":"x","kind":"VISUAL_COLLECTION","status":"SLEEPING","name":null,"parents":null,"isRoot":"true","modifiedDate":"soon",
            "properties":[1],"contentProperties":{"size":"7","md5":""},"more":{"a":[]}}"#;
        let node: Node = serde_json::from_str(odd).unwrap();
        assert_eq!(node.kind.as_str(), "VISUAL_COLLECTION");
        assert!(node.is_root && !node.is_available() && node.modified_date.is_none());
        assert_eq!((node.size(), node.md5()), (Some(7), None));
    }

    #[test]
    fn an_empty_token_is_the_end() {
        let page: NodePage = serde_json::from_str(r#"{"nextToken":"","data":[]}"#).unwrap();
        assert!(page.next_token.is_none() && page.data.is_empty());
    }

    #[test]
    fn a_temporary_link_is_not_shown() {
        let node: Node =
            serde_json::from_str(r#"{"tempLink":"https://c.example/t/s3cr3t"}"#).unwrap();
        assert!(!format!("{node:?}").contains("s3cr3t"));
    }
}
