//! Leaving things out.

use std::fmt;

use remote_core::path::RemotePath;

/// Tells what is copied and what is left out.
///
/// # Examples
///
/// ```
/// use remote_core::path::RemotePath;
/// use remote_transfer::Filter;
///
/// /// Leaves out what build tools make.
/// #[derive(Debug)]
/// struct NoTarget;
///
/// impl Filter for NoTarget {
///     fn includes(&self, path: &RemotePath) -> bool {
///         path.name() != Some(b"target")
///     }
/// }
///
/// assert!(!NoTarget.includes(&RemotePath::parse("project/target")?));
/// # Ok::<(), remote_core::path::ParsePathError>(())
/// ```
pub trait Filter: fmt::Debug + Send + Sync {
    /// Whether the entry at this path, relative to the folder that is copied from, is copied.
    ///
    /// What is below a directory that is left out is left out with it; a local one is not even read. Must always say the same of the same path.
    fn includes(&self, path: &RemotePath) -> bool;
}
