//! Files and folders.

use std::{borrow::Cow, collections::BTreeMap, time::SystemTime};

use remote_core::hash::HashValue;
use serde::{Deserialize, Deserializer};

use super::{
    link::{Link, Receiver},
    mount::Mount,
    vault::VaultRepo,
};
use crate::{
    lenient::{self, Text},
    text_enum,
    time::from_millis,
};

/// Free-form tags: several values per key.
pub type Tags = BTreeMap<String, Vec<String>>;

text_enum! {
    /// File or folder.
    pub enum FileKind {
        /// A folder.
        Dir = "dir",
        /// A file.
        File = "file",
    }
}

impl Default for FileKind {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

/// A file or folder (`FilesFile` in the service's description).
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct FileInfo {
    /// Last component of the path, as it is stored; empty for the root of a mount.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// File or folder (`type`).
    #[serde(rename = "type")]
    pub kind: FileKind,
    /// Modification time in milliseconds since 1970; for folders their creation.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub modified: Option<i64>,
    /// Size in bytes; 0 for folders.
    #[serde(deserialize_with = "lenient::opt_u64")]
    pub size: Option<u64>,
    /// Media type, derived by the service from the extension of the name; empty for folders.
    #[serde(deserialize_with = "lenient::text")]
    pub content_type: String,
    /// MD5 of the content in lower-case hexadecimal digits; absent for folders and where the storage does not know it.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub hash: Option<String>,
    /// Tags.
    #[serde(deserialize_with = "lenient::or_default")]
    pub tags: Tags,
    /// Path in the mount, where the service tells it; listings do not.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub path: Option<String>,
    /// What is in the folder; only from [`Client::tree`](crate::Client::tree).
    #[serde(deserialize_with = "lenient::or_default")]
    pub children: Vec<Self>,
}

impl FileInfo {
    /// Whether this is a folder.
    #[must_use]
    pub fn is_dir(&self) -> bool {
        self.kind == FileKind::Dir
    }

    /// The modification time.
    #[must_use]
    pub fn modified_time(&self) -> Option<SystemTime> {
        self.modified.and_then(from_millis)
    }

    /// The MD5 of the content; absent also when the service sent something that is no MD5.
    #[must_use]
    pub fn md5(&self) -> Option<HashValue> {
        self.hash.as_deref().and_then(|hash| hash.parse().ok())
    }
}

/// A file or folder in a recursive listing, borrowed from the line it came in.
///
/// The same fields as [`FileInfo`]; texts are copied only when they contain escapes.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileRef<'a> {
    /// Last component of the path, as it is stored.
    pub name: Cow<'a, str>,
    /// File or folder.
    pub kind: FileKind,
    /// Modification time in milliseconds since 1970.
    pub modified: Option<i64>,
    /// Size in bytes; 0 for folders.
    pub size: Option<u64>,
    /// Media type; empty for folders.
    pub content_type: Cow<'a, str>,
    /// MD5 of the content in lower-case hexadecimal digits.
    pub hash: Option<Cow<'a, str>>,
    /// Tags.
    pub tags: Tags,
}

impl FileRef<'_> {
    /// Whether this is a folder.
    #[must_use]
    pub fn is_dir(&self) -> bool {
        self.kind == FileKind::Dir
    }

    /// The modification time.
    #[must_use]
    pub fn modified_time(&self) -> Option<SystemTime> {
        self.modified.and_then(from_millis)
    }

    /// The MD5 of the content; absent also when the service sent something that is no MD5.
    #[must_use]
    pub fn md5(&self) -> Option<HashValue> {
        self.hash.as_deref().and_then(|hash| hash.parse().ok())
    }

    /// Copies the texts that are borrowed.
    #[must_use]
    pub fn into_file_info(self) -> FileInfo {
        FileInfo {
            name: self.name.into_owned(),
            kind: self.kind,
            modified: self.modified,
            size: self.size,
            content_type: self.content_type.into_owned(),
            hash: self.hash.map(Cow::into_owned),
            tags: self.tags,
            path: None,
            children: Vec::new(),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for FileRef<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The wire form; only a type of our own borrows through serde's derived code.
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Wire<'a> {
            #[serde(borrow)]
            name: Text<'a>,
            #[serde(rename = "type")]
            kind: FileKind,
            #[serde(deserialize_with = "lenient::opt_i64")]
            modified: Option<i64>,
            #[serde(deserialize_with = "lenient::opt_u64")]
            size: Option<u64>,
            #[serde(borrow)]
            content_type: Text<'a>,
            #[serde(borrow)]
            hash: Text<'a>,
            #[serde(deserialize_with = "lenient::or_default")]
            tags: Tags,
        }

        let wire = Wire::deserialize(deserializer)?;
        Ok(Self {
            name: wire.name.0,
            kind: wire.kind,
            modified: wire.modified,
            size: wire.size,
            content_type: wire.content_type.0,
            hash: Some(wire.hash.0).filter(|hash| !hash.is_empty()),
            tags: wire.tags,
        })
    }
}

/// A folder with what it contains, or a file alone, from one call.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct Bundle {
    /// What is at the path.
    pub file: BundleFile,
    /// What the folder contains, in no particular order; absent when the path is a file.
    #[serde(default)]
    pub files: Option<Vec<BundleFile>>,
}

/// A file or folder with what it is used for.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct BundleFile {
    /// The file or folder itself.
    #[serde(flatten)]
    pub info: FileInfo,
    /// The mount that was made by sharing this folder.
    pub mount: Option<Mount>,
    /// Path inside [`mount`](Self::mount).
    #[serde(deserialize_with = "lenient::opt_text")]
    pub mount_path: Option<String>,
    /// Its public link.
    pub link: Option<Link>,
    /// Its upload link.
    pub receiver: Option<Receiver>,
    /// Its bookmark.
    pub bookmark: Option<BookmarkRef>,
    /// The Safe Box whose root it is.
    pub vault_repo: Option<VaultRepo>,
}

/// A bookmark of a folder, as a bundle tells it.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct BookmarkRef {
    /// The user's name for it.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// Path in the mount.
    #[serde(deserialize_with = "lenient::text")]
    pub path: String,
}

/// A former content of a file.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct FileVersion {
    /// Names the version in other calls.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// The file as it was, without its name.
    #[serde(flatten)]
    pub info: FileInfo,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"name":"report.txt","type":"file","modified":1700000000123,"size":11,
        "contentType":"text/plain","hash":"5eb63bbbe01eeed093cb22bb8f5acdc3","tags":{"k":["v"]},"novel":{}}"#;

    #[test]
    fn borrowed_and_owned_forms_agree() {
        let owned: FileInfo = serde_json::from_str(LINE).unwrap();
        let borrowed: FileRef<'_> = serde_json::from_str(LINE).unwrap();
        assert!(matches!(borrowed.name, Cow::Borrowed(_)));
        assert!(matches!(borrowed.hash, Some(Cow::Borrowed(_))));
        assert_eq!(owned.size, Some(11));
        assert_eq!(owned.md5(), borrowed.md5());
        assert!(owned.md5().is_some());
        assert_eq!(borrowed.into_file_info(), owned);
    }

    #[test]
    fn numbers_may_be_texts_and_fields_may_be_missing_or_null() {
        let json =
            r#"{"name":"x","type":"link","size":"7","modified":"-1","hash":null,"tags":null}"#;
        let info: FileInfo = serde_json::from_str(json).unwrap();
        assert_eq!((info.size, info.modified), (Some(7), Some(-1)));
        assert_eq!(info.kind, FileKind::Unknown("link".to_owned()));
        assert_eq!((info.hash, info.tags), (None, Tags::new()));
        let bare: FileInfo = serde_json::from_str("{}").unwrap();
        assert_eq!(bare, FileInfo::default());
    }

    #[test]
    fn bundles_keep_what_a_folder_is_used_for() {
        let json = r#"{"file":{"name":"d","type":"dir","mountPath":"/","bookmark":{"name":"b","path":"/d"}},
            "files":[{"name":"f","type":"file","size":3}]}"#;
        let bundle: Bundle = serde_json::from_str(json).unwrap();
        assert!(bundle.file.info.is_dir());
        assert_eq!(bundle.file.mount_path.as_deref(), Some("/"));
        assert_eq!(bundle.files.unwrap()[0].info.size, Some(3));
    }
}
