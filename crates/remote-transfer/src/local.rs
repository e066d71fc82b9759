//! The local file system as an end of a copy.

pub(crate) mod case;
pub(crate) mod names;
pub(crate) mod place;
pub(crate) mod tree;
pub(crate) mod walk;

use std::{io, path::Path, sync::Arc};

use remote_core::error::{Error, ErrorKind, Result};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Runs blocking work, and can wait until all of it has ended, that of futures that were dropped included.
#[derive(Clone, Debug)]
pub(crate) struct Blocking(Arc<Semaphore>);

impl Blocking {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_BLOCKING as usize)))
    }

    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(stopped)?;
        // The permit goes with the result: it is given back after a result that nobody waits for any more was dropped.
        let (result, _permit) = spawn_blocking(move || (work(), permit))
            .await
            .map_err(stopped)?;
        result
    }

    /// Waits until nothing runs.
    pub(crate) async fn idle(&self) {
        drop(self.0.acquire_many(MAX_BLOCKING).await);
    }
}

/// More than run at the same time, which is limited by the options and the runtime.
const MAX_BLOCKING: u32 = 4096;

fn stopped(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::with_message(ErrorKind::Other, "local work was stopped").with_source(error)
}

/// The error of a call to the operating system.
pub(crate) fn io_error(what: &str, path: &Path, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ErrorKind::PermissionDenied
        }
        io::ErrorKind::AlreadyExists => ErrorKind::AlreadyExists,
        io::ErrorKind::NotADirectory => ErrorKind::NotADirectory,
        io::ErrorKind::IsADirectory => ErrorKind::IsADirectory,
        io::ErrorKind::InvalidFilename => ErrorKind::InvalidName,
        io::ErrorKind::InvalidInput => ErrorKind::InvalidInput,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::QuotaExceeded,
        io::ErrorKind::FileTooLarge => ErrorKind::TooLarge,
        _ => ErrorKind::Other,
    };
    Error::with_message(kind, format!("{} cannot be {what}", path.display())).with_source(error)
}
