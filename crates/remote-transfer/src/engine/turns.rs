//! How many tasks of a copy work at the same time.

use remote_core::error::{Error, ErrorKind, Result};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Lets so many at a time go ahead, and nobody any more once the copy ends early.
#[derive(Debug)]
pub(crate) struct Turns(Semaphore);

impl Turns {
    /// At least one at a time.
    pub(crate) fn new(at_once: usize) -> Self {
        Self(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS)))
    }

    /// Waits for a turn, which lasts as long as what comes back.
    ///
    /// Fails with [`Cancelled`](ErrorKind::Cancelled) if the copy has ended.
    pub(crate) async fn wait(&self) -> Result<SemaphorePermit<'_>> {
        let turn = self.0.acquire().await;
        turn.map_err(|_ended| Error::new(ErrorKind::Cancelled))
    }

    /// Sends away everybody who waits. Those whose turn it is are brought to their end.
    pub(crate) fn end(&self) {
        self.0.close();
    }
}
