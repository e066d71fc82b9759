//! Ending a copy from outside.

use tokio_util::sync::CancellationToken;

/// Ends a copy from another task or thread.
///
/// Clones stand for the same switch, which cannot be switched back.
///
/// # Examples
///
/// ```
/// use remote_transfer::Cancel;
///
/// let cancel = Cancel::new();
/// let elsewhere = cancel.clone();
/// elsewhere.cancel();
/// assert!(cancel.is_cancelled());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancel(CancellationToken);

impl Cancel {
    /// A switch that was not used.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends every copy that was given this switch or a clone of it.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether [`cancel`](Self::cancel) was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits for [`cancel`](Self::cancel).
    pub async fn cancelled(&self) {
        self.0.cancelled().await;
    }
}
