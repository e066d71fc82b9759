//! Copies trees between local folders and cloud storage remotes: concurrent, incremental, verified, restartable.
//!
//! ```
//! use std::sync::Arc;
//! use remote_core::{memory::MemoryRemote, path::RemotePath, remote::RemoteExt as _};
//! use remote_transfer::{Location, TransferOptions, copy};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let home = tempfile::tempdir()?;
//! std::fs::create_dir(home.path().join("letters"))?;
//! std::fs::write(home.path().join("letters/may.txt"), "Dear reader")?;
//!
//! let remote = Arc::new(MemoryRemote::new());
//! let folder = Location::local(home.path());
//! let backup = Location::remote(remote.clone(), RemotePath::parse("backup")?);
//! let options = TransferOptions::default();
//!
//! let summary = copy(&folder, &backup, &options).await?;
//! assert!(summary.is_complete());
//! assert_eq!((summary.files_transferred, summary.files_verified), (1, 1));
//!
//! // Again: one listing, and nothing is sent.
//! let summary = copy(&folder, &backup, &options).await?;
//! assert_eq!((summary.files_unchanged, summary.requests), (1, 1));
//!
//! // And back.
//! let restored = tempfile::tempdir()?;
//! copy(&backup, &Location::local(restored.path()), &options).await?;
//! assert_eq!(std::fs::read(restored.path().join("letters/may.txt"))?, b"Dear reader");
//! # Ok(())
//! # }
//! ```
//!
//! # What is copied
//!
//! [`copy`] brings the content of one folder into another one; what is at the target only stays there. A file at both ends is compared as [`Compare`] says,
//! by default by size and modification time, with the hash to decide where the times differ. Directories are made also where they are empty; their times are not
//! kept, nor are owners and permissions. One end is a local folder and the other one a remote, or both are remotes. On one and the same remote the
//! service copies the files itself where it can. A [`Filter`] leaves things out.
//!
//! Local names are converted as rclone does it (see [`Encoding`](remote_core::encoding::Encoding)), so both programs see the same files, with one exception: a local name with the
//! quote `‛`, single or doubled, is kept as it is and comes back as it was. rclone takes the doubled quote for a single one, and cannot open a file whose name has a single one.
//!
//! # What it costs
//!
//! A remote target is listed once, with one request where the service has recursive listings, and what was listed is kept in some hundred
//! bytes for each entry. A missing directory costs one request, a transferred file one write, an unchanged file none. Restoring lists the source once. While files are transferred, a
//! transfer holds less than 1 MiB.
//!
//! # What can go wrong
//!
//! What concerns one file or directory is a [`Problem`] in the [`Summary`], and the others are copied: see [`ProblemKind`]. The copy is complete if
//! [`Summary::is_complete`] says so. What concerns everything is a [`CopyError`]: the source is missing, the target cannot be listed,
//! the sign-in is refused, the storage is full or offline, the service does not work any more. It carries the summary of what was done until then. A copy that is started again goes on where the last one ended.
//!
//! Of names that are the same to the target (`a` and `A` on a service that does not tell them apart), one is copied and the others are
//! problems: the one in the spelling that is at a remote target already, else the first in byte order. So it is the same one each time. Whether a local folder
//! tells such names apart is tried out before, see [`TransferOptions::local_case`].
//!
//! # Restoring
//!
//! A file is written to a hidden file in its directory (`.remote-transfer-….partial`), verified against the size and hash of the remote, given its time, synchronised to the disk, and then renamed to its
//! name. The hidden file is removed if that fails or is cancelled; only a process that is killed leaves one. A file that is replaced keeps its permissions. Names of the remote never lead
//! out of the folder. A symbolic link where a directory or file should go is a problem of that entry, and is not followed. The folder itself may be a link.
//!
//! # Cancelling
//!
//! [`Cancel`] ends a copy from outside; when [`copy`] returns, nothing of it goes on and no hidden file is left. A time that is being set on a remote is set to the end first, for
//! ten seconds at most, since that may take several requests. Dropping the future does the same, except that both may take a moment longer. It must be polled in a Tokio runtime, on whose threads the files are copied.
//!
//! # What it does not do
//!
//! Nothing is deleted at the target, and nothing is copied between two local folders.

mod cancel;
mod engine;
mod filter;
mod local;
mod location;
mod observer;
mod options;
mod summary;

use std::path::{Path, PathBuf};

use remote_core::path::RemotePath;

use crate::engine::Shape;
pub use crate::{
    cancel::Cancel,
    filter::Filter,
    location::Location,
    observer::{Event, FileOutcome, Observer},
    options::{
        Compare, DEFAULT_CHECKERS, DEFAULT_MAX_PROBLEMS, DEFAULT_TRANSFERS, LinkRule,
        TransferOptions,
    },
    summary::{CopyError, Problem, ProblemKind, Summary},
};

/// Copies the content of the folder `from` into the folder `to`, which is made when the first thing goes into it; a file is copied into the folder under its name.
///
/// # Errors
///
/// What concerns the copy as a whole, with the summary of what was done until then:
/// [`NotFound`](remote_core::error::ErrorKind::NotFound) if the source is missing,
/// [`NotADirectory`](remote_core::error::ErrorKind::NotADirectory) if the target is a file (where the listings of a service do not tell a file
/// from nothing, the [`Problem`] of each file instead),
/// [`IntoSelf`](remote_core::error::ErrorKind::IntoSelf) if one of the two folders lies in the other on the same remote,
/// [`Unsupported`](remote_core::error::ErrorKind::Unsupported) if both are local, every error that
/// [is fatal](remote_core::error::Error::is_fatal), and errors of the listings. What concerns a single file is a [`Problem`] in the summary, but of a
/// source that is a file it is the error.
///
/// # Cancellation
///
/// Files that were copied stay, among them perhaps some that had all their content and were not counted yet. No file at a local target is half there, and none at a remote target whose service makes files visible at once.
pub async fn copy(
    from: &Location,
    to: &Location,
    options: &TransferOptions,
) -> Result<Summary, CopyError> {
    Box::pin(engine::run(from, to, Shape::Into, options)).await
}

/// The local path that a copy gives to an entry of a remote: `path` is relative to the folder on the remote, `root` is the local one. Makes no call to the system.
///
/// # Errors
///
/// [`InvalidName`](remote_core::error::ErrorKind::InvalidName) for a name that the local file system cannot hold.
///
/// # Examples
///
/// ```
/// use std::path::Path;
/// use remote_core::path::RemotePath;
///
/// let path = RemotePath::root().child(b"AC/DC")?;
/// # #[cfg(unix)]
/// assert_eq!(remote_transfer::local_path(Path::new("music"), &path)?, Path::new("music/AC／DC"));
/// # Ok::<(), remote_core::error::Error>(())
/// ```
pub fn local_path(root: &Path, path: &RemotePath) -> remote_core::error::Result<PathBuf> {
    local::tree::path_below(root, path)
}

/// Copies the file `from` to the path `to`, whose directory is made if it is missing.
///
/// # Errors
///
/// As [`copy`]; [`IsADirectory`](remote_core::error::ErrorKind::IsADirectory) if a directory is at one of the paths.
///
/// # Cancellation
///
/// As [`copy`].
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use remote_core::{memory::MemoryRemote, operation::WriteOptions, path::RemotePath, remote::RemoteExt as _};
/// use remote_transfer::{Location, TransferOptions, copy_file};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let remote = MemoryRemote::new();
/// let path = RemotePath::parse("letters/may.txt")?;
/// remote.write_bytes(&path, "Dear reader", WriteOptions::default()).await?;
///
/// let dir = tempfile::tempdir()?;
/// let to = dir.path().join("copy.txt");
/// let from = Location::remote(Arc::new(remote), path);
/// copy_file(&from, &Location::local(&to), &TransferOptions::default()).await?;
/// assert_eq!(std::fs::read_to_string(to)?, "Dear reader");
/// # Ok(())
/// # }
/// ```
pub async fn copy_file(
    from: &Location,
    to: &Location,
    options: &TransferOptions,
) -> Result<Summary, CopyError> {
    Box::pin(engine::run(from, to, Shape::OneFile, options)).await
}
