//! The folder that is restored into.

use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use remote_core::{
    error::{Error, ErrorKind, Result},
    path::RemotePath,
};

use super::{io_error, names};
use crate::engine::compare::{Facts, HashFact};

/// The local path of an entry below `root`.
pub(crate) fn path_below(root: &Path, path: &RemotePath) -> Result<PathBuf> {
    let mut local = root.to_owned();
    for segment in path.segments() {
        local.push(names::to_local(segment)?);
    }
    Ok(local)
}

/// A file that is where one is to be restored.
#[derive(Debug)]
pub(crate) struct Existing {
    size: u64,
    modified: Option<SystemTime>,
    pub(crate) permissions: fs::Permissions,
}

impl Existing {
    pub(crate) fn facts(&self) -> Facts {
        Facts {
            size: Some(self.size),
            modified: self.modified,
            hash: HashFact::Readable,
        }
    }
}

/// Looks at the place of a file, without following a link. Blocks.
///
/// Anything but a file is an error.
pub(crate) fn look(path: &Path) -> Result<Option<Existing>> {
    let Some(metadata) = metadata(path)? else {
        return Ok(None);
    };
    if metadata.is_dir() {
        return Err(in_the_way(ErrorKind::IsADirectory, path, &metadata));
    }
    if !metadata.is_file() {
        return Err(in_the_way(ErrorKind::AlreadyExists, path, &metadata));
    }
    Ok(Some(Existing {
        size: metadata.len(),
        modified: metadata.modified().ok(),
        permissions: metadata.permissions(),
    }))
}

/// Makes a directory in one that exists, unless it is there already; tells whether it was missing. Blocks.
///
/// A link to a directory is in the way: what is restored stays below the folder that the user named.
pub(crate) fn make_dir(path: &Path) -> Result<bool> {
    match fs::create_dir(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match metadata(path)? {
            Some(metadata) if !metadata.is_dir() => {
                Err(in_the_way(ErrorKind::NotADirectory, path, &metadata))
            }
            _ => Ok(false),
        },
        Err(error) => Err(io_error("made", path, error)),
    }
}

/// Makes the folder that the user named, where a link to a folder is as good as a folder. Blocks.
pub(crate) fn make_root(path: &Path) -> Result<bool> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(false),
        Ok(metadata) => Err(in_the_way(ErrorKind::NotADirectory, path, &metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir_all(path)
            .map(|()| true)
            .map_err(|error| io_error("made", path, error)),
        Err(error) => Err(io_error("looked at", path, error)),
    }
}

/// Sets the modification time of a file. Blocks.
pub(crate) fn set_modified(path: &Path, modified: SystemTime) -> Result<()> {
    // On Unix the owner may set the times of a file that is open for reading; Windows wants it open for writing.
    fs::File::options()
        .read(cfg!(unix))
        .write(!cfg!(unix))
        .open(path)
        .and_then(|file| file.set_modified(modified))
        .map_err(|error| io_error("given its time", path, error))
}

fn metadata(path: &Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("looked at", path, error)),
    }
}

fn in_the_way(kind: ErrorKind, path: &Path, metadata: &Metadata) -> Error {
    let what = if metadata.is_symlink() {
        "a symbolic link"
    } else if metadata.is_dir() {
        "a directory"
    } else if metadata.is_file() {
        "a file"
    } else {
        "a pipe, socket or device"
    };
    Error::with_message(kind, format!("{what} is in the way at {}", path.display()))
}
