//! Folders and mount points.

use std::time::SystemTime;

use super::file::{Deleted, FileInfo, Share, parent_of};
use crate::{time, xml::Node};

/// A folder. What it holds is told for the folder that was asked for only.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FolderInfo {
    /// Its name as the service stores it.
    pub name: String,
    /// The folder it is in, as `/user/device/mount point/…`; not always told.
    pub parent: Option<String>,
    /// Set while it is in the trash.
    pub deleted: Option<Deleted>,
    /// Set while it is shared.
    pub share: Share,
    /// Modification time, which the service usually does not keep for folders.
    pub modified: Option<SystemTime>,
    /// The moment of the answer by the service's own clock; told for the folder that was asked for only.
    pub told: Option<SystemTime>,
    /// The folders in it, those in the trash included.
    pub folders: Vec<Self>,
    /// The files in it, those in the trash and those without content included.
    pub files: Vec<FileInfo>,
}

impl FolderInfo {
    pub(crate) fn of(node: &Node) -> Self {
        Self {
            name: node.attribute("name").unwrap_or_default().to_owned(),
            parent: parent_of(node),
            deleted: node.attribute("deleted").map(Deleted::of_stamp),
            share: Share::of(node),
            modified: node.time_of("modified"),
            told: node.attribute("time").and_then(time::parse),
            folders: records(node, "folders", "folder", Self::of),
            files: records(node, "files", "file", FileInfo::of),
        }
    }

    /// Whether it is in the trash.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.deleted.is_some()
    }
}

/// A mount point: the root of a tree of files on a device.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MountPoint {
    /// Its name as the service stores it.
    pub name: String,
    /// The device it is on, where told.
    pub device: Option<String>,
    /// Set while it is in the trash.
    pub deleted: Option<Deleted>,
    /// Set while it is shared.
    pub share: Share,
    /// Bytes in it.
    pub size: Option<u64>,
    /// When something in it changed last.
    pub modified: Option<SystemTime>,
    /// The folders in it, told for the mount point that was asked for only; those in the trash included.
    pub folders: Vec<FolderInfo>,
    /// The files in it, likewise.
    pub files: Vec<FileInfo>,
}

impl MountPoint {
    pub(crate) fn of(node: &Node) -> Self {
        Self {
            name: node.text_of("name").unwrap_or_default().to_owned(),
            device: node.string_of("device"),
            // An attribute like that of files and folders has not been seen, and means the same if it comes.
            deleted: node
                .text_of("deleted")
                .or_else(|| node.attribute("deleted"))
                .map(Deleted::of_stamp),
            share: Share::of(node),
            size: node.number_of("size"),
            modified: node.time_of("modified"),
            folders: records(node, "folders", "folder", FolderInfo::of),
            files: records(node, "files", "file", FileInfo::of),
        }
    }

    /// Whether it is in the trash.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.deleted.is_some()
    }
}

pub(super) fn records<T>(node: &Node, list: &str, name: &str, of: fn(&Node) -> T) -> Vec<T> {
    let children = node.child(list).map(|list| list.children.as_slice());
    let children = children.unwrap_or_default().iter();
    children
        .filter(|child| child.name == name)
        .map(of)
        .collect()
}
