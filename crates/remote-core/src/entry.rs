//! What is stored at a path.

use std::{fmt, str::FromStr, sync::Arc, time::SystemTime};

use crate::{hash::HashValue, path::RemotePath};

/// File or directory.
#[expect(clippy::exhaustive_enums, reason = "the services store nothing else")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A file.
    File,
}

/// A file or directory as a listing, a look or a write reports it.
///
/// What a service does not tell is absent, never invented.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where it is, relative to the root of the remote.
    pub path: RemotePath,
    /// File or directory.
    pub kind: EntryKind,
    /// Number of bytes; absent for directories and where the service does not know it.
    pub size: Option<u64>,
    /// Modification time; see [`Capabilities::time_precision`](crate::capabilities::Capabilities::time_precision).
    pub modified: Option<SystemTime>,
    /// Creation time, where the service keeps one.
    pub created: Option<SystemTime>,
    /// Hash of the content, where the service knows it.
    pub hash: Option<HashValue>,
    /// Media type as the service tells it, such as `image/png`.
    pub content_type: Option<Arc<str>>,
    /// The service's own id, where it has one.
    pub id: Option<Arc<str>>,
    /// Stands for the content: equal from every call as long as the content is the same; absent for directories.
    pub tag: Option<Tag>,
}

impl Entry {
    /// A directory of which nothing else is known.
    #[must_use]
    pub fn directory(path: RemotePath) -> Self {
        Self::new(path, EntryKind::Directory)
    }

    /// A file of a size in bytes of which nothing else is known.
    #[must_use]
    pub fn file(path: RemotePath, size: u64) -> Self {
        Self {
            size: Some(size),
            ..Self::new(path, EntryKind::File)
        }
    }

    fn new(path: RemotePath, kind: EntryKind) -> Self {
        Self {
            path,
            kind,
            size: None,
            modified: None,
            created: None,
            hash: None,
            content_type: None,
            id: None,
            tag: None,
        }
    }

    /// Sets the modification time.
    #[must_use]
    pub fn with_modified(mut self, modified: Option<SystemTime>) -> Self {
        self.modified = modified;
        self
    }

    /// Sets the hash.
    #[must_use]
    pub fn with_hash(mut self, hash: Option<HashValue>) -> Self {
        self.hash = hash;
        self
    }

    /// Sets the tag.
    #[must_use]
    pub fn with_tag(mut self, tag: Option<Tag>) -> Self {
        self.tag = tag;
        self
    }

    /// Whether this is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.kind == EntryKind::Directory
    }

    /// Whether this is a file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.kind == EntryKind::File
    }
}

/// Stands for one state of a file's content: opaque, comparable, with a text form for storage.
///
/// Used with [`WriteMode::IfMatch`](crate::operation::WriteMode::IfMatch) and
/// [`ReadOptions::if_match`](crate::operation::ReadOptions::if_match).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Tag(TagParts);

/// What a [`Tag`] is made of; for implementors of remotes.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum TagParts {
    /// Hash and size in bytes.
    Hash(HashValue, u64),
    /// Size in bytes and modification time in milliseconds since 1970, where no hash is known.
    SizeTime(u64, i64),
    /// A text of the service.
    Text(Arc<str>),
}

/// A text is not the text form of a [`Tag`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a content tag")]
pub struct ParseTagError;

impl Tag {
    /// A tag of its parts.
    #[must_use]
    pub const fn new(parts: TagParts) -> Self {
        Self(parts)
    }

    /// The parts.
    #[must_use]
    pub fn parts(&self) -> &TagParts {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            TagParts::Hash(hash, size) => write!(f, "md5-{hash}-{size}"),
            TagParts::SizeTime(size, time) => write!(f, "st-{size}-{time}"),
            TagParts::Text(text) => write!(f, "t-{text}"),
        }
    }
}

impl FromStr for Tag {
    type Err = ParseTagError;

    fn from_str(text: &str) -> Result<Self, ParseTagError> {
        let (form, rest) = text.split_once('-').ok_or(ParseTagError)?;
        if form == "t" {
            return Ok(Self(TagParts::Text(rest.into())));
        }
        let (first, second) = rest.split_once('-').ok_or(ParseTagError)?;
        let parts = match form {
            "md5" => TagParts::Hash(parse(first)?, parse(second)?),
            "st" => TagParts::SizeTime(parse(first)?, parse(second)?),
            _ => return Err(ParseTagError),
        };
        Ok(Self(parts))
    }
}

fn parse<T: FromStr>(text: &str) -> Result<T, ParseTagError> {
    text.parse().map_err(|_any| ParseTagError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::HashAlgorithm;

    #[test]
    fn tags_survive_their_text_form() {
        let hash = HashValue::of(HashAlgorithm::Md5, b"x");
        for parts in [
            TagParts::Hash(hash, 7),
            TagParts::SizeTime(3, -5),
            TagParts::Text("a-b".into()),
        ] {
            let tag = Tag::new(parts);
            assert_eq!(tag.to_string().parse(), Ok(tag));
        }
        for text in ["", "md5", "md5-xyz-1", "st-1", "st-1-", "q-1-2"] {
            assert_eq!(text.parse::<Tag>(), Err(ParseTagError), "{text}");
        }
    }
}
