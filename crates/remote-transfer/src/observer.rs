//! Watching a copy.

use std::{fmt, sync::Arc};

use remote_core::path::RemotePath;

use crate::summary::Problem;

/// Told of what a copy does, while it does it.
///
/// Calls come from any task, so they must be quick. Events of one file come in order.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use remote_transfer::{Event, Observer};
///
/// #[derive(Debug, Default)]
/// struct Bar(AtomicU64);
///
/// impl Observer for Bar {
///     fn event(&self, event: &Event) {
///         match event {
///             Event::Moved { bytes, .. } => self.0.fetch_add(*bytes, Ordering::Relaxed),
///             Event::Restarted { bytes, .. } => self.0.fetch_sub(*bytes, Ordering::Relaxed),
///             _ => 0,
///         };
///     }
/// }
/// ```
pub trait Observer: fmt::Debug + Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event);
}

/// Something that happened during a copy.
///
/// Paths are relative to the folders that are copied from and to. Sizes and counts of bytes are of file contents.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum Event {
    /// A missing directory was made at the target.
    DirectoryCreated {
        /// The directory; the root for the target folder itself.
        path: RemotePath,
    },
    /// A file is dealt with. Comes once for each file that [`FileFound`](Self::FileFound) told of, unless there was a problem with it or the copy ended early.
    FileFinished {
        /// The file.
        path: RemotePath,
        /// Its size in bytes, where it is known.
        size: Option<u64>,
        /// What was done.
        outcome: FileOutcome,
    },
    /// A file was found at the source.
    FileFound {
        /// The file.
        path: RemotePath,
        /// Its size in bytes, where it is known.
        size: Option<u64>,
    },
    /// The content of a file is about to be transferred.
    FileStarted {
        /// The file.
        path: RemotePath,
        /// Its size in bytes, where it is known.
        size: Option<u64>,
    },
    /// A piece of a file's content was transferred.
    Moved {
        /// The file.
        path: RemotePath,
        /// The size of the piece.
        bytes: u64,
    },
    /// A file or directory cannot be copied; the others are.
    Problem(Arc<Problem>),
    /// The content of a file is transferred again.
    Restarted {
        /// The file.
        path: RemotePath,
        /// How many bytes that were told of as [`Moved`](Self::Moved) do not count any more.
        bytes: u64,
    },
    /// Everything at the source was found.
    ScanFinished {
        /// How many files.
        files: u64,
        /// How large they are together, as far as their sizes are known.
        bytes: u64,
    },
    /// It is known what is at the target.
    TargetListed {
        /// How many files and directories are there.
        entries: u64,
    },
}

/// What was done with a file.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum FileOutcome {
    /// The service copied it, no content passed through this machine.
    CopiedByService,
    /// The content was the same, the modification time was set.
    TimeUpdated,
    /// The content was transferred.
    Transferred,
    /// It was there already.
    Unchanged,
}
