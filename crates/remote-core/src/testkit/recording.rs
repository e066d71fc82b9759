//! A remote that writes down what is asked of it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};

use super::Call;
use crate::{
    capabilities::Capabilities,
    download::Download,
    entry::Entry,
    error::Result,
    operation::{
        Change, ChangeCursor, CopyOptions, LinkOptions, ListOptions, PublicLink, ReadOptions,
        RemoveOutcome, RenameOptions, Usage, WriteOptions,
    },
    path::RemotePath,
    remote::Remote,
    source::UploadSource,
};

/// Passes every call on to another remote and keeps a list of them, in the order in which they began.
///
/// Listings and changes count from their first poll. Clones share the list.
#[derive(Clone, Debug)]
pub struct RecordingRemote {
    inner: Arc<dyn Remote>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl RecordingRemote {
    /// Records the calls to `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Remote>) -> Self {
        Self {
            inner,
            calls: Arc::default(),
        }
    }

    /// The calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.lock().clone()
    }

    /// The calls so far, which are forgotten.
    #[must_use]
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.lock())
    }

    /// How many calls there were of one operation, by the name of its method.
    #[must_use]
    pub fn count(&self, operation: &str) -> usize {
        let calls = self.lock();
        calls
            .iter()
            .filter(|call| call.operation == operation)
            .count()
    }

    fn record(&self, call: Call) {
        self.lock().push(call);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record_at_first_poll<T: Send + 'static>(
        &self,
        call: Call,
        stream: BoxStream<'static, T>,
    ) -> BoxStream<'static, T> {
        let recording = self.clone();
        stream::once(async move {
            recording.record(call);
            stream
        })
        .flatten()
        .boxed()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Remote for RecordingRemote {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn request_count(&self) -> u64 {
        self.inner.request_count()
    }

    async fn stat(&self, path: &RemotePath) -> Result<Entry> {
        self.record(Call::new("stat", path));
        self.inner.stat(path).await
    }

    fn list(&self, dir: &RemotePath, options: ListOptions) -> BoxStream<'static, Result<Entry>> {
        let entries = self.inner.list(dir, options);
        self.record_at_first_poll(Call::new("list", dir), entries)
    }

    fn list_recursive(
        &self,
        dir: &RemotePath,
        options: ListOptions,
    ) -> BoxStream<'static, Result<Entry>> {
        let entries = self.inner.list_recursive(dir, options);
        self.record_at_first_poll(Call::new("list_recursive", dir), entries)
    }

    async fn read(&self, path: &RemotePath, options: ReadOptions) -> Result<Download> {
        self.record(Call::new("read", path));
        self.inner.read(path, options).await
    }

    async fn write(
        &self,
        path: &RemotePath,
        source: Arc<dyn UploadSource>,
        options: WriteOptions,
    ) -> Result<Entry> {
        self.record(Call::new("write", path));
        self.inner.write(path, source, options).await
    }

    async fn set_modified(&self, path: &RemotePath, modified: SystemTime) -> Result<Entry> {
        self.record(Call::new("set_modified", path));
        self.inner.set_modified(path, modified).await
    }

    async fn create_dir(&self, path: &RemotePath) -> Result<()> {
        self.record(Call::new("create_dir", path));
        self.inner.create_dir(path).await
    }

    async fn remove_file(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        self.record(Call::new("remove_file", path));
        self.inner.remove_file(path).await
    }

    async fn remove_dir(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        self.record(Call::new("remove_dir", path));
        self.inner.remove_dir(path).await
    }

    async fn remove_dir_all(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        self.record(Call::new("remove_dir_all", path));
        self.inner.remove_dir_all(path).await
    }

    async fn copy(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        options: CopyOptions,
    ) -> Result<Entry> {
        self.record(Call::with_target("copy", from, to));
        self.inner.copy(from, to, options).await
    }

    async fn rename(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        options: RenameOptions,
    ) -> Result<Entry> {
        self.record(Call::with_target("rename", from, to));
        self.inner.rename(from, to, options).await
    }

    async fn usage(&self) -> Result<Usage> {
        self.record(Call::on_account("usage"));
        self.inner.usage().await
    }

    async fn public_link(&self, path: &RemotePath, options: LinkOptions) -> Result<PublicLink> {
        self.record(Call::new("public_link", path));
        self.inner.public_link(path, options).await
    }

    async fn empty_trash(&self) -> Result<()> {
        self.record(Call::on_account("empty_trash"));
        self.inner.empty_trash().await
    }

    fn changes(&self, since: Option<ChangeCursor>) -> BoxStream<'static, Result<Change>> {
        let changes = self.inner.changes(since);
        self.record_at_first_poll(Call::on_account("changes"), changes)
    }
}
