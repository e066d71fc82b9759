//! Where to copy from and to.

use std::{fmt, path::PathBuf, sync::Arc};

use remote_core::{path::RemotePath, remote::Remote};

/// A file or folder on this machine or on a remote.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use remote_core::{memory::MemoryRemote, path::RemotePath};
/// use remote_transfer::Location;
///
/// let here = Location::local("photos");
/// let there = Location::remote(Arc::new(MemoryRemote::new()), RemotePath::parse("backup/photos")?);
/// assert_eq!(here.to_string(), "photos");
/// assert_eq!(there.to_string(), "memory:backup/photos");
/// # Ok::<(), remote_core::path::ParsePathError>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum Location {
    /// A path of the operating system, relative to the current directory if it is not absolute.
    Local(PathBuf),
    /// A path below the root of a remote.
    Remote(Arc<dyn Remote>, RemotePath),
}

impl Location {
    /// A path of the operating system.
    #[must_use]
    pub fn local(path: impl Into<PathBuf>) -> Self {
        Self::Local(path.into())
    }

    /// A path below the root of a remote.
    #[must_use]
    pub fn remote(remote: Arc<dyn Remote>, path: RemotePath) -> Self {
        Self::Remote(remote, path)
    }

    /// The remote, if it is on one.
    pub(crate) fn as_remote(&self) -> Option<&Arc<dyn Remote>> {
        match self {
            Self::Local(_) => None,
            Self::Remote(remote, _) => Some(remote),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => path.display().fmt(f),
            Self::Remote(remote, path) => write!(f, "{}:{path}", remote.capabilities().service),
        }
    }
}
