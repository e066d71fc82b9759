//! Options and results of the operations, one type per operation.
//!
//! Options are plain data with a setter per field; what is required is a parameter of the operation instead.

use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    entry::{Entry, Tag},
    error::Error,
    path::RemotePath,
    progress::Progress,
    secret::Secret,
};

/// How to list.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    /// Whether a recursive listing goes on past a directory that fails; default no.
    ///
    /// Each failed directory is then an error in the stream with its [path](Error::path), and the last item is an
    /// [`Incomplete`](crate::error::ErrorKind::Incomplete) error.
    pub keep_going: bool,
    /// Whether a listing of a file may fail with [`NotFound`](crate::error::ErrorKind::NotFound), as one of nothing does; default no.
    ///
    /// Some services need another request to tell the two apart. For callers that are going to write below the directory, which fails with
    /// [`NotADirectory`](crate::error::ErrorKind::NotADirectory) where a file is.
    pub file_may_be_missing: bool,
}

impl ListOptions {
    /// Sets [`keep_going`](Self::keep_going).
    #[must_use]
    pub fn with_keep_going(mut self, keep_going: bool) -> Self {
        self.keep_going = keep_going;
        self
    }

    /// Sets [`file_may_be_missing`](Self::file_may_be_missing).
    #[must_use]
    pub fn with_file_may_be_missing(mut self, may: bool) -> Self {
        self.file_may_be_missing = may;
        self
    }
}

/// How to read.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Bytes to fetch, half open, counted from the start of the file; the whole file when absent.
    ///
    /// An end beyond the file is cut off there. A start at or after the end of the file is an
    /// [`InvalidInput`](crate::error::ErrorKind::InvalidInput) error, except that an empty file can be read from 0.
    pub range: Option<Range<u64>>,
    /// Read only if the file has this content still, else fail with
    /// [`PreconditionFailed`](crate::error::ErrorKind::PreconditionFailed).
    pub if_match: Option<Tag>,
    /// Told of the bytes that arrive.
    pub progress: Option<Arc<dyn Progress>>,
}

impl ReadOptions {
    /// Sets [`range`](Self::range).
    #[must_use]
    pub fn with_range(mut self, range: Range<u64>) -> Self {
        self.range = Some(range);
        self
    }

    /// Sets [`if_match`](Self::if_match).
    #[must_use]
    pub fn with_if_match(mut self, tag: Tag) -> Self {
        self.if_match = Some(tag);
        self
    }

    /// Sets [`progress`](Self::progress).
    #[must_use]
    pub fn with_progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.progress = Some(progress);
        self
    }
}

/// What a write does with a file that is already there.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum WriteMode {
    /// Replaces it.
    #[default]
    Overwrite,
    /// Fails with [`AlreadyExists`](crate::error::ErrorKind::AlreadyExists); of several writers at the same time one wins.
    CreateNew,
    /// Replaces it only if it has this content, else fails with
    /// [`PreconditionFailed`](crate::error::ErrorKind::PreconditionFailed), also when nothing is there.
    IfMatch(Tag),
}

/// How to write.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// What to do with a file that is already there; replaced by default.
    pub mode: WriteMode,
    /// Modification time to store, rounded down to the precision of the service; the time of the upload when absent.
    /// Services that cannot store one ignore it.
    pub modified: Option<SystemTime>,
    /// Media type to store, where the service takes it from the client; otherwise ignored.
    pub content_type: Option<Arc<str>>,
    /// Told of the bytes that are sent.
    pub progress: Option<Arc<dyn Progress>>,
    /// Whether the directory of the file is likely to be there, as for a single file whose place somebody named; false unless set.
    ///
    /// Saves the requests that make sure of the directory, where the remote does not know it, and costs one more where it is missing after all: it is made
    /// then. The result is the same. Services that need no such request ignore it.
    pub expects_dir: bool,
}

impl WriteOptions {
    /// Sets [`mode`](Self::mode).
    #[must_use]
    pub fn with_mode(mut self, mode: WriteMode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets [`modified`](Self::modified).
    #[must_use]
    pub fn with_modified(mut self, modified: SystemTime) -> Self {
        self.modified = Some(modified);
        self
    }

    /// Sets [`content_type`](Self::content_type).
    #[must_use]
    pub fn with_content_type(mut self, content_type: impl Into<Arc<str>>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// Sets [`progress`](Self::progress).
    #[must_use]
    pub fn with_progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Sets [`expects_dir`](Self::expects_dir).
    #[must_use]
    pub fn with_expects_dir(mut self, expects: bool) -> Self {
        self.expects_dir = expects;
        self
    }
}

/// What a copy or rename does with an entry that is already at its target.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TargetMode {
    /// Fails with [`AlreadyExists`](crate::error::ErrorKind::AlreadyExists) and leaves it alone.
    #[default]
    CreateNew,
    /// Replaces a file; an existing directory is never replaced. On failure the old target is back in place.
    Replace,
}

/// How to copy.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct CopyOptions {
    /// What to do with an entry that is already at the target; the copy fails by default.
    pub target: TargetMode,
    /// Modification time of a copied file; that of the source when absent.
    pub modified: Option<SystemTime>,
}

impl CopyOptions {
    /// Sets [`target`](Self::target).
    #[must_use]
    pub fn with_target(mut self, target: TargetMode) -> Self {
        self.target = target;
        self
    }

    /// Sets [`modified`](Self::modified).
    #[must_use]
    pub fn with_modified(mut self, modified: SystemTime) -> Self {
        self.modified = Some(modified);
        self
    }
}

/// How to rename.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct RenameOptions {
    /// What to do with an entry that is already at the target; the rename fails by default.
    pub target: TargetMode,
}

impl RenameOptions {
    /// Sets [`target`](Self::target).
    #[must_use]
    pub fn with_target(mut self, target: TargetMode) -> Self {
        self.target = target;
        self
    }
}

/// Outcome of a removal that did not fail.
#[expect(clippy::exhaustive_enums, reason = "it was there or it was not")]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RemoveOutcome {
    /// Nothing was there.
    Missing,
    /// It was there and is gone.
    Removed,
}

/// How much room there is, in bytes; what the service does not tell is absent.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// All the room of the account or storage; absent also when it is unlimited.
    pub total: Option<u64>,
    /// What is taken.
    pub used: Option<u64>,
    /// What is left.
    pub free: Option<u64>,
    /// What of the used room is trash.
    pub trashed: Option<u64>,
}

/// How to make a public link.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct LinkOptions {
    /// How long it is valid, from now; without end when absent.
    pub expires_in: Option<Duration>,
    /// A password that visitors must give; none when absent.
    pub password: Option<Secret>,
}

impl LinkOptions {
    /// Sets [`expires_in`](Self::expires_in).
    #[must_use]
    pub fn with_expires_in(mut self, expires_in: Duration) -> Self {
        self.expires_in = Some(expires_in);
        self
    }

    /// Sets [`password`](Self::password).
    #[must_use]
    pub fn with_password(mut self, password: Secret) -> Self {
        self.password = Some(password);
        self
    }
}

/// A public link.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicLink {
    /// The address to give to people.
    pub url: String,
    /// When it ends, where it does.
    pub expires: Option<SystemTime>,
}

impl PublicLink {
    /// A link that does not end.
    #[must_use]
    pub fn new(url: String) -> Self {
        Self { url, expires: None }
    }

    /// Sets when it ends.
    #[must_use]
    pub fn with_expires(mut self, expires: Option<SystemTime>) -> Self {
        self.expires = expires;
        self
    }
}

/// A place in the stream of changes, to go on from later; its text can be stored.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ChangeCursor(Arc<str>);

impl ChangeCursor {
    /// A cursor by its text.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Something that changed on the remote.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum Change {
    /// A file or directory was made or replaced.
    Written(RemotePath, Option<Entry>),
    /// A file or directory with all below it is gone.
    Removed(RemotePath),
    /// A file or directory with all below it has another path.
    Renamed {
        /// Where it was.
        from: RemotePath,
        /// Where it is.
        to: RemotePath,
    },
    /// Anything below this directory may have changed, list it again.
    Rescan(RemotePath),
    /// All changes up to here were told; going on from this cursor repeats none of them.
    Checkpoint(ChangeCursor),
}

/// The error that ends a listing which went on past failures.
#[must_use]
pub fn incomplete(failed_directories: u64) -> Error {
    Error::with_message(
        crate::error::ErrorKind::Incomplete,
        format!("listing is incomplete: {failed_directories} directories could not be listed"),
    )
}
