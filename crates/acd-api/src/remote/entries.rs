//! From what the service tells to entries of the contract.

use std::sync::Arc;

use remote_core::{
    entry::{Entry, Tag, TagParts},
    path::RemotePath,
};

use super::known::Thing;

/// The entry of a file or folder.
pub(super) fn entry(path: RemotePath, thing: &Thing) -> Entry {
    let mut entry = if thing.is_folder {
        Entry::directory(path)
    } else {
        let mut entry = Entry::file(path, 0)
            .with_hash(thing.md5)
            .with_tag(tag(thing));
        entry.size = thing.size;
        entry.content_type = thing.content_type.as_deref().map(Into::into);
        entry
    };
    entry.modified = thing.modified;
    entry.created = thing.created;
    entry.id = Some(Arc::clone(&thing.id));
    entry
}

/// Stands for the content of a file: hash and size, or the number of the version where the service does not tell the hash.
pub(super) fn tag(thing: &Thing) -> Option<Tag> {
    if thing.is_folder {
        return None;
    }
    let parts = match (thing.md5, thing.size, thing.version) {
        (Some(md5), Some(size), _) => TagParts::Hash(md5, size),
        (_, _, Some(version)) => TagParts::Text(format!("{}-{version}", thing.id).into()),
        _ => return None,
    };
    Some(Tag::new(parts))
}
