//! Changes on a remote that take several requests: once begun they are brought to their end, also when the copy is cancelled.

use std::{future::Future, sync::Arc, time::Duration};

use remote_core::error::{Error, ErrorKind, Result};
use tokio::sync::Semaphore;

/// More than run at the same time, which is limited by the options.
const MAX_CHANGES: u32 = 4096;

/// How long a copy that ends early waits for them: a few requests on a slow line. What takes longer goes on by itself as long as the runtime does.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs changes in tasks of their own, and can wait until all of them have ended, those of futures that were dropped included.
#[derive(Clone, Debug)]
pub(crate) struct Finishing(Arc<Semaphore>);

impl Finishing {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_CHANGES as usize)))
    }

    pub(crate) async fn run<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.0).acquire_owned().await;
        let task = tokio::spawn(async move {
            let _until_the_end = permit;
            change.await
        });
        match task.await {
            Ok(result) => result,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_runtime_ended) => Err(Error::new(ErrorKind::Cancelled)),
            },
        }
    }

    /// Waits until nothing runs, for a limited time.
    pub(crate) async fn idle(&self) {
        // Mostly there is nothing to wait for, and no need of a runtime with timers.
        if self.0.try_acquire_many(MAX_CHANGES).is_err() {
            let all_ended = self.0.acquire_many(MAX_CHANGES);
            drop(tokio::time::timeout(PATIENCE, all_ended).await);
        }
    }
}
