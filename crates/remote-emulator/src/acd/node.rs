//! Nodes: what the service stores of a file or folder, and what readers see of it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::content_type;
use crate::store::Content;

/// The place of a node in order of creation; 0 is the root.
pub(crate) type Key = u64;

/// The key of the root.
pub(crate) const ROOT: Key = 0;

/// What a node is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Kind {
    Asset,
    File,
    Folder,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Asset => "ASSET",
            Self::File => "FILE",
            Self::Folder => "FOLDER",
        }
    }
}

/// The bytes of a file.
#[derive(Clone, Debug)]
pub(crate) enum Blob {
    Stored(Content),
    /// This many zeros, which take no room.
    Zeros(u64),
}

impl Blob {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Stored(content) => content.len(),
            Self::Zeros(size) => *size,
        }
    }
}

/// A file's content with what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct FileContent {
    pub(crate) blob: Blob,
    /// Lower-case hexadecimal; unknown for generated content.
    pub(crate) md5: Option<String>,
    /// Counts overwrites, from 1.
    pub(crate) version: u64,
    /// When the service will have processed it; `PENDING` until then.
    pub(crate) ready_at: i64,
}

/// A stay in the trash.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Trashed {
    pub(crate) at: i64,
    /// The call that did it; what went with one call comes back with one.
    pub(crate) call: u64,
    /// Whether it was what the call named, and not something below it.
    pub(crate) top: bool,
}

pub(crate) type Properties = BTreeMap<String, BTreeMap<String, String>>;

/// Everything of a node that requests can change.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    pub(crate) name: Option<String>,
    pub(crate) parents: Vec<Parent>,
    pub(crate) trashed: Option<Trashed>,
    pub(crate) description: String,
    pub(crate) labels: Vec<String>,
    pub(crate) properties: Properties,
    pub(crate) modified: i64,
    pub(crate) version: u64,
    pub(crate) content: Option<FileContent>,
}

/// A parent: a node, or a bare id. Nodes of the synthetic tree have the latter, and planted ones whose parent is missing.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Parent {
    Node(Key),
    Id(String),
}

/// What lagging readers still see.
#[derive(Clone, Debug)]
pub(crate) struct Lag {
    /// Queries see the old data until then.
    pub(crate) index_until: i64,
    /// Requests by id see it until then.
    pub(crate) id_until: i64,
    /// Nothing when the node did not exist.
    pub(crate) old: Option<Box<Data>>,
}

/// A node.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) created: i64,
    pub(crate) created_by: String,
    pub(crate) data: Data,
    /// The number of the last change of this node in the feed.
    pub(crate) changed: u64,
    pub(crate) lag: Option<Lag>,
}

impl Node {
    /// What queries see at a time.
    pub(crate) fn indexed(&self, now: i64) -> Option<&Data> {
        match &self.lag {
            Some(lag) if now < lag.index_until => lag.old.as_deref(),
            _ => Some(&self.data),
        }
    }

    /// What requests by id see at a time.
    pub(crate) fn by_id(&self, now: i64) -> Option<&Data> {
        match &self.lag {
            Some(lag) if now < lag.id_until => lag.old.as_deref(),
            _ => Some(&self.data),
        }
    }
}

impl Data {
    pub(crate) fn new(now: i64) -> Self {
        Self {
            name: None,
            parents: Vec::new(),
            trashed: None,
            description: String::new(),
            labels: Vec::new(),
            properties: Properties::new(),
            modified: now,
            version: 1,
            content: None,
        }
    }

    pub(crate) fn has_parent(&self, key: Key) -> bool {
        self.parents.contains(&Parent::Node(key))
    }

    /// The parents that are nodes.
    pub(crate) fn parent_keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.parents.iter().filter_map(|parent| match parent {
            Parent::Node(key) => Some(*key),
            Parent::Id(_) => None,
        })
    }

    /// `AVAILABLE`, `PENDING` or `TRASH`.
    pub(crate) fn status(&self, now: i64) -> &'static str {
        if self.trashed.is_some() {
            "TRASH"
        } else if self.pending(now) {
            "PENDING"
        } else {
            "AVAILABLE"
        }
    }

    pub(crate) fn pending(&self, now: i64) -> bool {
        self.content
            .as_ref()
            .is_some_and(|content| now < content.ready_at)
    }

    pub(crate) fn live(&self) -> bool {
        self.trashed.is_none()
    }

    /// The content type the service derives from the name.
    pub(crate) fn content_type(&self) -> &'static str {
        content_type::of(self.name.as_deref().unwrap_or_default())
    }
}

/// A random id; now and then one that begins with a minus sign, as real ones do.
pub(crate) fn new_id(with_minus: bool) -> String {
    let mut bytes: [u8; 16] = rand::random();
    // The sign is number 62 of the alphabet; the first six bits choose the first letter.
    let first = if with_minus { 62 } else { bytes[0] % 62 };
    bytes[0] = (first << 2) | (bytes[0] & 3);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The opaque tag of a version of a node.
pub(crate) fn etag(id: &str, version: u64) -> String {
    let text = crate::store::md5_hex(format!("{id} {version}").as_bytes());
    let mut tag = URL_SAFE_NO_PAD.encode(text);
    tag.truncate(11);
    tag
}

/// RFC 3339 in UTC with milliseconds.
pub(crate) fn date(ms: i64) -> String {
    let text = crate::jotta::rfc3339(ms);
    let whole = text.split('.').next().unwrap_or_default();
    format!("{whole}.{:03}Z", ms.rem_euclid(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_22_characters_and_begin_with_a_minus_sign_when_asked() {
        for with_minus in [false, true] {
            for _ in 0..100 {
                let id = new_id(with_minus);
                assert_eq!(id.len(), 22);
                assert_eq!(id.starts_with('-'), with_minus, "{id}");
                assert!(!id.starts_with('_'));
            }
        }
    }

    #[test]
    fn dates_have_milliseconds() {
        assert_eq!(date(1_430_669_555_394), "2015-05-03T16:12:35.394Z");
        assert_eq!(date(0), "1970-01-01T00:00:00.000Z");
    }
}
