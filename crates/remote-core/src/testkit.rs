//! For tests of remotes and of programs that use them.
//!
//! * [`conformance`] checks that a remote keeps the promises of the contract.
//! * [`RecordingRemote`] writes down the calls that a program makes.
//! * [`FaultyRemote`] fails when a test says so.
//!
//! ```
//! use std::sync::Arc;
//! use remote_core::{
//!     error::ErrorKind,
//!     memory::MemoryRemote,
//!     path::RemotePath,
//!     remote::RemoteExt as _,
//!     testkit::{Fault, FaultyRemote, RecordingRemote},
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> remote_core::error::Result<()> {
//! let faulty = FaultyRemote::new(Arc::new(MemoryRemote::new()));
//! faulty.order(Fault::before(ErrorKind::Timeout).on("stat").times(1));
//! let remote = RecordingRemote::new(Arc::new(faulty));
//!
//! let path = RemotePath::parse("a.txt")?;
//! assert_eq!(remote.exists(&path).await.unwrap_err().kind(), ErrorKind::Timeout);
//! assert!(!remote.exists(&path).await?);
//! assert_eq!(remote.count("stat"), 2);
//! # Ok(())
//! # }
//! ```

pub mod conformance;
mod fault;
mod faulty;
mod recording;

use std::fmt;

pub use self::{fault::Fault, faulty::FaultyRemote, recording::RecordingRemote};
use crate::path::RemotePath;

/// A call of one operation of [`Remote`](crate::remote::Remote).
#[non_exhaustive]
#[derive(Clone, Eq, PartialEq)]
pub struct Call {
    /// The name of the method, such as `remove_dir_all`.
    pub operation: &'static str,
    /// The path it is about; the root for operations without one.
    pub path: RemotePath,
    /// Where a copy or rename leads.
    pub target: Option<RemotePath>,
}

impl Call {
    fn new(operation: &'static str, path: &RemotePath) -> Self {
        Self {
            operation,
            path: path.clone(),
            target: None,
        }
    }

    fn with_target(operation: &'static str, path: &RemotePath, target: &RemotePath) -> Self {
        Self {
            target: Some(target.clone()),
            ..Self::new(operation, path)
        }
    }

    fn on_account(operation: &'static str) -> Self {
        Self::new(operation, &RemotePath::root())
    }
}

/// The call as a person would write it down: `rename a.txt -> b.txt`.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        if !self.path.is_root() {
            write!(f, " {}", self.path)?;
        }
        match &self.target {
            Some(target) => write!(f, " -> {target}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}
