//! What a copy did, and what it could not do.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use remote_core::{
    error::{Error, ErrorKind},
    path::RemotePath,
};

/// What a copy did.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Files whose content was transferred or copied by the service.
    pub files_transferred: u64,
    /// Those of the transferred files that the service copied itself.
    pub files_copied_by_service: u64,
    /// Files that were there already, those with an updated time included.
    pub files_unchanged: u64,
    /// Those of the unchanged files whose modification time was set.
    pub times_updated: u64,
    /// Files whose hash at one end was compared with the hash at the other end, after the transfer or instead of it.
    pub files_verified: u64,
    /// Size in bytes of the files that were transferred; what a service copied itself is not counted.
    pub bytes_transferred: u64,
    /// Size in bytes of the files that were there already.
    pub bytes_unchanged: u64,
    /// Directories that were made, the target folder included.
    pub directories_created: u64,
    /// What could not be copied, in the order in which it was found out; at most
    /// [`max_problems`](crate::TransferOptions::max_problems).
    pub problems: Vec<Arc<Problem>>,
    /// How many problems there were.
    pub problem_count: u64,
    /// Requests sent by the remotes that took part, repetitions included. What others did with the same remotes in the meantime is counted too.
    pub requests: u64,
    /// How long it took.
    pub elapsed: Duration,
}

impl Summary {
    /// Whether there was no problem.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.problem_count == 0
    }
}

/// One file or directory that could not be copied.
#[non_exhaustive]
#[derive(Debug)]
pub struct Problem {
    /// Which, relative to the folders that are copied from and to.
    pub path: RemotePath,
    /// What is wrong with it.
    pub kind: ProblemKind,
    /// The details.
    pub error: Error,
}

impl Problem {
    pub(crate) fn new(path: RemotePath, kind: ProblemKind, error: Error) -> Self {
        Self { path, kind, error }
    }

    /// A problem of a kind that no call failed with.
    pub(crate) fn told(path: RemotePath, kind: ProblemKind, message: impl Into<String>) -> Self {
        let error = Error::with_message(kind.error_kind(), message);
        Self::new(path, kind, error)
    }

    /// A problem with a file that a call failed with.
    pub(crate) fn of_file(path: RemotePath, error: Error) -> Self {
        Self::new(path, ProblemKind::of(error.kind()), error)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = remote_core::error::report(&self.error);
        write!(f, "{}: {report}", self.path)
    }
}

/// What is wrong with a file or directory that could not be copied.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ProblemKind {
    /// A file changed each time it was read.
    ChangedWhileRead,
    /// The bytes differ from what their size or hash promises.
    Corrupted,
    /// The directory of the file could not be made.
    DirectoryFailed,
    /// A directory is where the file should go, or something that is not a directory where a directory should be, or a symbolic link.
    InTheWay,
    /// A directory could not be listed; what is in it is not copied.
    ListingFailed,
    /// The target has one place for two names of the source; this one was not copied, nor what is below it.
    NameCollision,
    /// The target cannot hold this name.
    NameNotAllowed,
    /// A pipe, socket or device.
    SpecialFile,
    /// A symbolic link, see [`LinkRule`](crate::LinkRule).
    SymbolicLink,
    /// Anything else; [`Problem::error`] says what.
    TransferFailed,
    /// A local file or directory cannot be read.
    Unreadable,
}

impl ProblemKind {
    fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Corrupted => Self::Corrupted,
            ErrorKind::InvalidName => Self::NameNotAllowed,
            ErrorKind::AlreadyExists | ErrorKind::IsADirectory | ErrorKind::NotADirectory => {
                Self::InTheWay
            }
            ErrorKind::SourceChanged => Self::ChangedWhileRead,
            ErrorKind::SourceFailed => Self::Unreadable,
            _ => Self::TransferFailed,
        }
    }

    fn error_kind(self) -> ErrorKind {
        match self {
            Self::InTheWay => ErrorKind::NotADirectory,
            Self::NameCollision => ErrorKind::AlreadyExists,
            Self::NameNotAllowed => ErrorKind::InvalidName,
            Self::SpecialFile | Self::SymbolicLink => ErrorKind::Unsupported,
            _ => ErrorKind::Other,
        }
    }
}

/// A copy that ended early, with what was done until then.
///
/// It turns into the [`Error`] with `?` where the summary does not matter.
pub struct CopyError(Box<Parts>);

struct Parts {
    error: Error,
    summary: Summary,
}

impl CopyError {
    pub(crate) fn new(error: Error, summary: Summary) -> Self {
        Self(Box::new(Parts { error, summary }))
    }

    /// Why it ended.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.0.error
    }

    /// What was done until then.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.0.summary
    }

    /// Both of them.
    #[must_use]
    pub fn into_parts(self) -> (Error, Summary) {
        (self.0.error, self.0.summary)
    }
}

impl From<CopyError> for Error {
    fn from(error: CopyError) -> Self {
        error.0.error
    }
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.error.fmt(f)
    }
}

impl fmt::Debug for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyError")
            .field("error", &self.0.error)
            .field("summary", &self.0.summary)
            .finish()
    }
}

impl StdError for CopyError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        StdError::source(&self.0.error)
    }
}
