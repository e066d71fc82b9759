//! Search.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    file::FileInfo,
    link::{Link, Receiver},
    mount::Mount,
    vault::VaultRepo,
};
use crate::{lenient, text_enum};

/// One page of what was found.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct SearchPage {
    /// What was found.
    #[serde(deserialize_with = "lenient::or_default")]
    pub hits: Vec<SearchHit>,
    /// The mounts of the hits, by id.
    #[serde(deserialize_with = "lenient::or_default")]
    pub mounts: BTreeMap<String, Mount>,
}

/// Something that was found.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct SearchHit {
    /// Id of its mount.
    #[serde(deserialize_with = "lenient::text")]
    pub mount_id: String,
    /// The file or folder itself, with its path in the mount.
    #[serde(flatten)]
    pub info: FileInfo,
    /// How well it fits; higher is better.
    #[serde(deserialize_with = "lenient::or_default")]
    pub score: f64,
    /// The mount that was made by sharing it.
    pub mount: Option<Mount>,
    /// Its public link.
    pub link: Option<Link>,
    /// Its upload link.
    pub receiver: Option<Receiver>,
    /// The Safe Box whose root it is.
    pub vault_repo: Option<VaultRepo>,
}

text_enum! {
    /// By what hits are sorted.
    pub enum SearchSort {
        /// Media type.
        ContentType = "contentType",
        /// Modification time.
        Modified = "modified",
        /// Name.
        Name = "name",
        /// Size.
        Size = "size",
        /// File or folder.
        Type = "type",
    }
}

text_enum! {
    /// The direction of a sort.
    pub enum SortDirection {
        /// Smallest first.
        Ascending = "asc",
        /// Largest first.
        Descending = "desc",
    }
}

text_enum! {
    /// Groups of media types to search for.
    pub enum SearchFileType {
        /// ZIP and the like.
        Archive = "archive",
        /// Sound.
        Audio = "audio",
        /// Source code.
        Code = "code",
        /// Text documents.
        Document = "document",
        /// Any file.
        File = "file",
        /// Folders.
        Folder = "folder",
        /// Pictures.
        Image = "image",
        /// PDF.
        Pdf = "pdf",
        /// Slides.
        Presentation = "presentation",
        /// Spreadsheets.
        Sheet = "sheet",
        /// Plain text.
        Text = "text",
        /// Films.
        Video = "video",
    }
}
