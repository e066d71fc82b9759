//! From what the service tells to entries of the contract.

use std::{sync::Arc, time::UNIX_EPOCH};

use remote_core::{
    entry::{Entry, Tag, TagParts},
    hash::HashValue,
    path::RemotePath,
};

use crate::{
    api::listing::TreeFile,
    model::file::{FileInfo, Revision},
};

/// The entry of a file that has a content.
pub(super) fn entry(path: RemotePath, file: &FileInfo, content: &Revision) -> Entry {
    let mut entry = Entry::file(path, 0)
        .with_modified(content.modified)
        .with_hash(content.md5)
        .with_tag(tag(content));
    entry.size = content.size;
    entry.created = content.created;
    entry.content_type = content.mime.as_deref().map(Arc::from);
    entry.id = file.uuid.as_deref().map(Arc::from);
    entry
}

/// The entry of a file of a streamed listing.
pub(super) fn entry_of_tree(path: RemotePath, file: &TreeFile) -> Entry {
    let mut entry = Entry::file(path, 0)
        .with_modified(file.modified)
        .with_hash(file.md5)
        .with_tag(content_tag(file.md5, file.size, millis(file.modified)));
    entry.size = file.size;
    entry.created = file.created;
    entry
}

/// Stands for a content: hash and size, or size and time in the rare case that the service tells no hash.
pub(super) fn tag(content: &Revision) -> Option<Tag> {
    content_tag(content.md5, content.size, millis(content.modified))
}

fn content_tag(md5: Option<HashValue>, size: Option<u64>, modified: Option<i64>) -> Option<Tag> {
    let size = size?;
    let parts = match md5 {
        Some(md5) => TagParts::Hash(md5, size),
        None => TagParts::SizeTime(size, modified?),
    };
    Some(Tag::new(parts))
}

fn millis(time: Option<std::time::SystemTime>) -> Option<i64> {
    let after = time?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(after.as_millis()).ok()
}
