//! Replacing a file as a whole.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, Metadata},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::Stamp;
use crate::error::Error;

/// As many links in a row as systems follow themselves.
const MAX_LINKS: usize = 40;

/// What the names of temporary files end with, behind this many letters and digits.
const TEMPORARY_SUFFIX: &str = ".saving";
const RANDOM_CHARACTERS: usize = 10;

/// Follows symbolic links to the file that is to be replaced; it need not exist.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, Error> {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        let metadata = match fs::symlink_metadata(&target) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(target),
            Err(source) => {
                return Err(Error::Write {
                    path: target,
                    source,
                });
            }
        };
        if metadata.is_file() {
            return Ok(target);
        }
        if !metadata.is_symlink() {
            return Err(Error::NotAFile { path: target });
        }
        let link = fs::read_link(&target).map_err(|source| Error::Write {
            path: target.clone(),
            source,
        })?;
        // A relative link counts from the directory it is in; an absolute one replaces the path.
        target = target.parent().unwrap_or(Path::new("")).join(link);
    }
    Err(Error::NotAFile {
        path: path.to_owned(),
    })
}

/// Writes a new file beside the old one and puts it in its place. Until then, and if anything fails, the old one is untouched.
///
/// Returns the stamp of the new file, or nothing if the old one was not replaced because it is not the `expected` one any more.
pub(super) fn replace(
    target: &Path,
    bytes: &[u8],
    expected: Option<&Stamp>,
) -> Result<Option<Stamp>, Error> {
    try_replace(target, bytes, expected).map_err(|source| Error::Write {
        path: target.to_owned(),
        source,
    })
}

fn try_replace(target: &Path, bytes: &[u8], expected: Option<&Stamp>) -> io::Result<Option<Stamp>> {
    let dir = folder_of(target);
    let old = metadata(target)?;
    // On Unix the file is created with mode 0600.
    let mut file = tempfile::Builder::new()
        .prefix(&temporary_prefix(target))
        .rand_bytes(RANDOM_CHARACTERS)
        .suffix(TEMPORARY_SUFFIX)
        .tempfile_in(dir)?;
    file.write_all(bytes)?;
    if let Some(old) = old {
        keep_access(&file, &old)?;
    }
    file.as_file().sync_all()?;
    let stamp = Stamp::of(&file.as_file().metadata()?);
    if metadata(target)?.as_ref().map(Stamp::of).as_ref() != expected {
        return Ok(None);
    }
    file.persist(target)?;
    sync_dir(dir);
    Ok(Some(stamp))
}

/// What the system knows about a file; nothing if there is none.
fn metadata(target: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(target) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes what a process has left behind that was killed while it saved: it may hold plain text of a file that is to be
/// encrypted. Only the holder of the lock may do this. A failure is not worth an error.
pub(super) fn remove_leftovers(target: &Path) {
    let Ok(entries) = fs::read_dir(folder_of(target)) else {
        return;
    };
    let prefix = temporary_prefix(target);
    for entry in entries.flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && is_temporary(&entry.file_name(), &prefix) {
            fs::remove_file(entry.path()).unwrap_or_default();
        }
    }
}

/// What the names of temporary files begin with: the name of the file and a dot.
fn temporary_prefix(target: &Path) -> OsString {
    let mut prefix = target.file_name().unwrap_or_default().to_owned();
    prefix.push(".");
    prefix
}

fn is_temporary(name: &OsStr, prefix: &OsStr) -> bool {
    let random = name
        .as_encoded_bytes()
        .strip_prefix(prefix.as_encoded_bytes())
        .and_then(|name| name.strip_suffix(TEMPORARY_SUFFIX.as_bytes()));
    random.is_some_and(|random| {
        random.len() == RANDOM_CHARACTERS && random.iter().all(u8::is_ascii_alphanumeric)
    })
}

fn folder_of(target: &Path) -> &Path {
    target
        .parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Gives the new file the owner, the group and the mode of the old one, as far as the system allows.
///
/// Where the group cannot be kept, the new group gets no access: it was never meant to have any.
#[cfg(unix)]
fn keep_access(file: &NamedTempFile, old: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    const GROUP_BITS: u32 = 0o070;
    const PERMISSION_BITS: u32 = 0o777;
    let (owner, group) = (
        rustix::fs::Uid::from_raw(old.uid()),
        rustix::fs::Gid::from_raw(old.gid()),
    );
    let new = file.as_file().metadata()?;
    if new.uid() != old.uid() {
        // Only a privileged user can; everybody else becomes the owner, as with rclone.
        rustix::fs::fchown(file.as_file(), Some(owner), None).unwrap_or_default();
    }
    if new.gid() != old.gid() {
        rustix::fs::fchown(file.as_file(), None, Some(group)).unwrap_or_default();
    }
    let mut mode = old.mode() & PERMISSION_BITS;
    if file.as_file().metadata()?.gid() != old.gid() {
        mode &= !GROUP_BITS;
    }
    file.as_file()
        .set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn keep_access(_file: &NamedTempFile, _old: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Gives a lock file to the owner of the file it protects, where a privileged user works on somebody else's configuration. The
/// owner could not take the lock again otherwise.
#[cfg(unix)]
pub(super) fn share_owner(lock: &File, target: &Path) {
    use std::os::unix::fs::MetadataExt as _;

    let (Ok(target), Ok(present)) = (fs::metadata(target), lock.metadata()) else {
        return;
    };
    // A file that has another name as well may be somebody else's.
    if target.uid() != present.uid() && present.nlink() == 1 {
        let wanted = rustix::fs::Uid::from_raw(target.uid());
        // Only a privileged user can, and only there it matters.
        rustix::fs::fchown(lock, Some(wanted), None).unwrap_or_default();
    }
}

#[cfg(not(unix))]
pub(super) fn share_owner(_lock: &File, _target: &Path) {}

/// Makes the new name durable. The file is in place already, so a failure is not worth an error.
fn sync_dir(dir: &Path) {
    if cfg!(unix)
        && let Ok(dir) = File::open(dir)
    {
        dir.sync_all().unwrap_or_default();
    }
}
