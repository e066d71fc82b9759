//! A remote in memory: the reference implementation of the contract, for tests and as an example for implementors.
//!
//! [`MemoryRemote`] keeps every promise of [`Remote`](crate::remote::Remote) in the simplest way that works: a sorted map of paths under one lock. What differs between
//! services can be chosen with [`MemoryRemote::builder`], so that a program can be tested against each kind.

mod changes;
mod key;
mod listing;
mod remote;
mod time;
mod transfer;
mod tree;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use tokio::sync::watch;

pub(crate) use self::time::round_down;
use self::tree::Tree;
use crate::{
    capabilities::{Capabilities, CaseRule, Removal, Support},
    hash::HashAlgorithm,
};

/// A storage service in memory.
///
/// Clones share the tree, which is gone with the last of them. All operations are atomic and immediately visible; nothing is ever retried, and each call counts as one
/// request. A listing does not hold the tree still: what is changed meanwhile may or may not show. Directories have no times, removal is permanent, and there is no trash.
/// Public links have no password.
///
/// # Examples
///
/// ```
/// use remote_core::{
///     memory::MemoryRemote, operation::WriteOptions, path::RemotePath, remote::RemoteExt as _,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> remote_core::error::Result<()> {
/// let remote = MemoryRemote::new();
/// let path = RemotePath::parse("letters/may.txt")?;
///
/// let entry = remote.write_bytes(&path, "Dear reader", WriteOptions::default()).await?;
/// assert_eq!(entry.size, Some(11));
/// assert_eq!(remote.read_bytes(&path, 1024).await?, "Dear reader");
/// assert_eq!(remote.list_all(&RemotePath::parse("letters")?).await?, [entry]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryRemote(Arc<Inner>);

struct Inner {
    capabilities: Capabilities,
    clock: Clock,
    requests: AtomicU64,
    tree: Mutex<Tree>,
    /// The number of the newest change, for those who wait for the next one.
    newest_change: watch::Sender<u64>,
}

type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

impl MemoryRemote {
    /// An empty remote that tells upper from lower case, keeps times in milliseconds, knows hashes and is never full.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Settings for a remote of another kind.
    #[must_use]
    pub fn builder() -> MemoryRemoteBuilder {
        MemoryRemoteBuilder::default()
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        // The tree is changed only by steps that do not panic half-way.
        self.0.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_request(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> SystemTime {
        self.stored_time((self.0.clock)())
    }

    /// A time as this remote keeps it.
    fn stored_time(&self, time: SystemTime) -> SystemTime {
        match self.0.capabilities.time_precision {
            Some(precision) => round_down(time, precision),
            None => time,
        }
    }
}

impl Default for MemoryRemote {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryRemote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tree = self.tree();
        f.debug_struct("MemoryRemote")
            .field("entries", &tree.len())
            .field("used_bytes", &tree.used_bytes())
            .finish_non_exhaustive()
    }
}

/// Settings of a [`MemoryRemote`].
///
/// # Examples
///
/// ```
/// use remote_core::{capabilities::CaseRule, memory::MemoryRemote, remote::Remote as _};
///
/// let remote = MemoryRemote::builder()
///     .case(CaseRule::Insensitive)
///     .capacity_bytes(Some(10_000))
///     .build();
/// assert_eq!(remote.capabilities().case, CaseRule::Insensitive);
/// ```
#[derive(Clone)]
pub struct MemoryRemoteBuilder {
    case: CaseRule,
    capacity_bytes: Option<u64>,
    clock: Clock,
    hashes: bool,
    time_precision: Option<Duration>,
}

impl Default for MemoryRemoteBuilder {
    fn default() -> Self {
        Self {
            case: CaseRule::Sensitive,
            capacity_bytes: None,
            clock: Arc::new(SystemTime::now),
            hashes: true,
            time_precision: Some(DEFAULT_TIME_PRECISION),
        }
    }
}

impl MemoryRemoteBuilder {
    /// Whether `a` and `A` are two names; by default they are.
    #[must_use]
    pub fn case(mut self, case: CaseRule) -> Self {
        self.case = case;
        self
    }

    /// How many bytes of content fit; any number when absent, which is the default.
    #[must_use]
    pub fn capacity_bytes(mut self, capacity_bytes: Option<u64>) -> Self {
        self.capacity_bytes = capacity_bytes;
        self
    }

    /// Where the time comes from; by default [`SystemTime::now`].
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Whether files come with an MD5; by default they do.
    #[must_use]
    pub fn hashes(mut self, hashes: bool) -> Self {
        self.hashes = hashes;
        self
    }

    /// The step in which modification times are kept, by default [`DEFAULT_TIME_PRECISION`]. When absent they cannot be set and are those of the upload.
    #[must_use]
    pub fn time_precision(mut self, time_precision: Option<Duration>) -> Self {
        self.time_precision = time_precision;
        self
    }

    /// An empty remote with these settings.
    #[must_use]
    pub fn build(self) -> MemoryRemote {
        MemoryRemote(Arc::new(Inner {
            capabilities: self.capabilities(),
            clock: self.clock,
            requests: AtomicU64::new(0),
            tree: Mutex::new(Tree::new(self.case, self.capacity_bytes)),
            newest_change: watch::Sender::new(0),
        }))
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            case: self.case,
            hashes: if self.hashes {
                &[HashAlgorithm::Md5]
            } else {
                &[]
            },
            time_precision: self.time_precision,
            list_recursive: Support::Native,
            write_unknown_size: Support::Native,
            create_new: Support::Native,
            if_match: Support::Native,
            set_modified: match self.time_precision {
                Some(_) => Support::Native,
                None => Support::Missing,
            },
            copy_file: Support::Native,
            copy_dir: Support::Native,
            rename_file: Support::Native,
            rename_dir: Support::Native,
            replace_target: Support::Native,
            remove_dir_is_atomic: true,
            remove_dir_all: Support::Native,
            usage: Support::Native,
            public_link: Support::Native,
            changes: Support::Native,
            removal: Removal::Permanent,
            ..Capabilities::minimal("memory")
        }
    }
}

impl fmt::Debug for MemoryRemoteBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRemoteBuilder")
            .field("case", &self.case)
            .field("capacity_bytes", &self.capacity_bytes)
            .field("hashes", &self.hashes)
            .field("time_precision", &self.time_precision)
            .finish_non_exhaustive()
    }
}

/// The step in which a [`MemoryRemote`] keeps modification times unless told otherwise: milliseconds, as most services do.
pub const DEFAULT_TIME_PRECISION: Duration = Duration::from_millis(1);
