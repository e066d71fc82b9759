//! How to copy.

use std::sync::Arc;

use remote_core::capabilities::CaseRule;

use crate::{cancel::Cancel, filter::Filter, observer::Observer};

/// How many files are transferred at the same time unless told otherwise; what rclone's `--transfers` is.
pub const DEFAULT_TRANSFERS: usize = 4;

/// How many files are compared at the same time unless told otherwise; what rclone's `--checkers` is.
pub const DEFAULT_CHECKERS: usize = 8;

/// How many problems a [`Summary`](crate::Summary) keeps unless told otherwise; the others are counted.
pub const DEFAULT_MAX_PROBLEMS: usize = 10_000;

/// What tells that a file need not be transferred.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Compare {
    /// The content: size and hash. A local file is read to the end for it. Where the remote has no hash of a file, size and time decide.
    Hash,
    /// The size alone.
    SizeOnly,
    /// Size and modification time, in steps of the coarser side. Where the times differ or a side keeps none, the hash decides if there is one: files with the
    /// same content get the time of the source and are not transferred. Where there is neither time nor hash, the size decides.
    #[default]
    SizeAndTime,
}

/// What is done with symbolic links in a local source.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LinkRule {
    /// What a link leads to is copied in its place. A link that leads to nothing, or to a folder it lies in, is a problem.
    Follow,
    /// Each link is a [`SymbolicLink`](crate::ProblemKind::SymbolicLink) problem and is not copied.
    #[default]
    Report,
}

/// How to copy.
///
/// # Examples
///
/// ```
/// use remote_transfer::{Compare, TransferOptions};
///
/// let options = TransferOptions::default().with_transfers(16).with_compare(Compare::Hash);
/// assert_eq!((options.transfers, options.checkers), (16, 8));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct TransferOptions {
    /// How many files are transferred at the same time, at least one; default [`DEFAULT_TRANSFERS`].
    pub transfers: usize,
    /// How many files are compared, and directories made, at the same time, at least one; default [`DEFAULT_CHECKERS`].
    pub checkers: usize,
    /// What tells that a file need not be transferred; default [`Compare::SizeAndTime`].
    pub compare: Compare,
    /// What is done with symbolic links in a local source; default [`LinkRule::Report`].
    pub links: LinkRule,
    /// Whether the local folder that is copied into tells names apart that differ in case only. Found out with a file that is made in it and removed again
    /// unless set; set it where folders in it differ, as with a disk that is mounted there.
    pub local_case: Option<CaseRule>,
    /// How many problems the summary keeps, the first ones; default [`DEFAULT_MAX_PROBLEMS`]. All of them are counted and told to the observer.
    pub max_problems: usize,
    /// Whether a local file is on the disk, and not only in the memory of the system, before it takes its name; default yes.
    pub sync_files: bool,
    /// What is left out; nothing unless set. What is left out is neither copied nor counted nor a problem.
    pub filter: Option<Arc<dyn Filter>>,
    /// Told of what happens.
    pub observer: Option<Arc<dyn Observer>>,
    /// Ends the copy.
    pub cancel: Option<Cancel>,
}

impl Default for TransferOptions {
    fn default() -> Self {
        Self {
            transfers: DEFAULT_TRANSFERS,
            checkers: DEFAULT_CHECKERS,
            compare: Compare::default(),
            links: LinkRule::default(),
            local_case: None,
            max_problems: DEFAULT_MAX_PROBLEMS,
            sync_files: true,
            filter: None,
            observer: None,
            cancel: None,
        }
    }
}

impl TransferOptions {
    /// Sets [`transfers`](Self::transfers).
    #[must_use]
    pub fn with_transfers(mut self, transfers: usize) -> Self {
        self.transfers = transfers;
        self
    }

    /// Sets [`checkers`](Self::checkers).
    #[must_use]
    pub fn with_checkers(mut self, checkers: usize) -> Self {
        self.checkers = checkers;
        self
    }

    /// Sets [`compare`](Self::compare).
    #[must_use]
    pub fn with_compare(mut self, compare: Compare) -> Self {
        self.compare = compare;
        self
    }

    /// Sets [`links`](Self::links).
    #[must_use]
    pub fn with_links(mut self, links: LinkRule) -> Self {
        self.links = links;
        self
    }

    /// Sets [`local_case`](Self::local_case).
    #[must_use]
    pub fn with_local_case(mut self, case: CaseRule) -> Self {
        self.local_case = Some(case);
        self
    }

    /// Sets [`max_problems`](Self::max_problems).
    #[must_use]
    pub fn with_max_problems(mut self, max_problems: usize) -> Self {
        self.max_problems = max_problems;
        self
    }

    /// Sets [`sync_files`](Self::sync_files).
    #[must_use]
    pub fn with_sync_files(mut self, sync_files: bool) -> Self {
        self.sync_files = sync_files;
        self
    }

    /// Sets [`filter`](Self::filter).
    #[must_use]
    pub fn with_filter(mut self, filter: Arc<dyn Filter>) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Sets [`observer`](Self::observer).
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sets [`cancel`](Self::cancel).
    #[must_use]
    pub fn with_cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = Some(cancel);
        self
    }
}
