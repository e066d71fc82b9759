//! From what the service tells to entries of the contract.

use std::sync::Arc;

use remote_core::{
    entry::{Entry, Tag, TagParts},
    hash::HashValue,
    path::RemotePath,
};

use crate::{
    model::file::{FileInfo, FileRef},
    time::from_millis,
};

/// The entry of a file or folder.
pub(super) fn entry(path: RemotePath, info: &FileInfo) -> Entry {
    let facts = Facts {
        dir: info.is_dir(),
        size: info.size,
        modified: info.modified,
        md5: info.md5(),
        content_type: &info.content_type,
    };
    facts.into_entry(path)
}

/// The entry of a line of a recursive listing; shares the text of a media type that is the same as that of another file.
pub(super) fn entry_of_line(path: RemotePath, info: &FileRef<'_>, known_type: &Arc<str>) -> Entry {
    let shared = *info.content_type == **known_type && !info.is_dir();
    let content_type = if shared { "" } else { &*info.content_type };
    let facts = Facts {
        dir: info.is_dir(),
        size: info.size,
        modified: info.modified,
        md5: info.md5(),
        content_type,
    };
    let mut entry = facts.into_entry(path);
    if shared && !known_type.is_empty() {
        entry.content_type = Some(Arc::clone(known_type));
    }
    entry
}

/// Stands for the content of a file: hash and size, or size and time where the storage knows no hash.
pub(super) fn tag(info: &FileInfo) -> Option<Tag> {
    content_tag(info.md5(), info.size, info.modified)
}

fn content_tag(md5: Option<HashValue>, size: Option<u64>, modified: Option<i64>) -> Option<Tag> {
    let size = size?;
    let parts = match md5 {
        Some(md5) => TagParts::Hash(md5, size),
        None => TagParts::SizeTime(size, modified?),
    };
    Some(Tag::new(parts))
}

struct Facts<'a> {
    dir: bool,
    size: Option<u64>,
    modified: Option<i64>,
    md5: Option<HashValue>,
    content_type: &'a str,
}

impl Facts<'_> {
    fn into_entry(self, path: RemotePath) -> Entry {
        let modified = self.modified.and_then(from_millis);
        if self.dir {
            return Entry::directory(path).with_modified(modified);
        }
        let mut entry = Entry::file(path, 0)
            .with_modified(modified)
            .with_hash(self.md5)
            .with_tag(content_tag(self.md5, self.size, self.modified));
        entry.size = self.size;
        entry.content_type = (!self.content_type.is_empty()).then(|| self.content_type.into());
        entry
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn info(json: &str) -> FileInfo {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_file_keeps_all_that_is_known() {
        let info = info(
            r#"{"name":"r","type":"file","modified":1700000000123,"size":11,"contentType":"text/plain","hash":"5eb63bbbe01eeed093cb22bb8f5acdc3"}"#,
        );
        let entry = entry(RemotePath::parse("r").unwrap(), &info);
        assert!(entry.is_file());
        assert_eq!(entry.size, Some(11));
        assert_eq!(
            entry.modified,
            Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123))
        );
        assert_eq!(
            entry.tag.unwrap().to_string(),
            "md5-5eb63bbbe01eeed093cb22bb8f5acdc3-11"
        );
        assert_eq!(entry.content_type.as_deref(), Some("text/plain"));
    }

    #[test]
    fn without_a_hash_size_and_time_stand_for_the_content() {
        let info = info(r#"{"name":"r","type":"file","modified":5,"size":11}"#);
        assert_eq!(tag(&info).unwrap().to_string(), "st-11-5");
    }

    #[test]
    fn folders_have_neither_size_nor_tag() {
        let info = info(r#"{"name":"d","type":"dir","modified":5,"size":0,"contentType":""}"#);
        let entry = entry(RemotePath::parse("d").unwrap(), &info);
        assert!(
            entry.is_directory()
                && entry.size.is_none()
                && entry.tag.is_none()
                && entry.content_type.is_none()
        );
    }
}
