//! Watching bytes move.

use std::fmt;

/// Told of every piece of a body that moved; cheap calls from any task, in order for one body.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use remote_core::progress::Progress;
///
/// #[derive(Debug, Default)]
/// struct Counter(AtomicU64);
///
/// impl Progress for Counter {
///     fn moved(&self, bytes: u64) {
///         self.0.fetch_add(bytes, Ordering::Relaxed);
///     }
/// }
/// ```
pub trait Progress: fmt::Debug + Send + Sync {
    /// This many further bytes were handed to the network or arrived from it.
    fn moved(&self, bytes: u64);

    /// The body starts over; this many bytes that were reported before are not counted any more.
    fn restarted(&self, bytes: u64) {
        let _ = bytes;
    }
}
