//! A remote that fails on request.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};

use super::{Call, Fault, fault::What};
use crate::{
    capabilities::Capabilities,
    download::Download,
    entry::Entry,
    error::{Error, Result},
    operation::{
        Change, ChangeCursor, CopyOptions, LinkOptions, ListOptions, PublicLink, ReadOptions,
        RemoveOutcome, RenameOptions, Usage, WriteOptions,
    },
    path::RemotePath,
    remote::Remote,
    source::UploadSource,
};

/// Passes every call on to another remote, except where a [`Fault`] is ordered.
///
/// Of several faults that are for the same call the one that was ordered first happens. Listings and changes fail at their first poll, so that they stay lazy.
/// Clones share the faults.
#[derive(Clone, Debug)]
pub struct FaultyRemote {
    inner: Arc<dyn Remote>,
    faults: Arc<Mutex<Vec<Fault>>>,
}

/// What a fault that struck does to a call.
enum Strike {
    After(Error),
    Before(Error),
    BreakListing(usize, Error),
    CorruptByte(u64),
    CutDownload(u64, Error),
}

impl FaultyRemote {
    /// A remote that works like `inner` until a fault is ordered.
    #[must_use]
    pub fn new(inner: Arc<dyn Remote>) -> Self {
        Self {
            inner,
            faults: Arc::default(),
        }
    }

    /// Orders a fault.
    pub fn order(&self, fault: Fault) {
        self.faults().push(fault);
    }

    /// Forgets all faults.
    pub fn repair(&self) {
        self.faults().clear();
    }

    fn faults(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn strike(&self, call: &Call) -> Option<Strike> {
        let mut faults = self.faults();
        let fault = faults
            .iter_mut()
            .find_map(|fault| fault.strikes(call).then_some(&*fault))?;
        Some(match &fault.what {
            What::After(error) => Strike::After(error.make(call)),
            What::Before(error) => Strike::Before(error.make(call)),
            What::BreakListing(entries, error) => Strike::BreakListing(*entries, error.make(call)),
            What::CorruptByte(position) => Strike::CorruptByte(*position),
            What::CutDownload(bytes, error) => Strike::CutDownload(*bytes, error.make(call)),
        })
    }

    async fn call<T: Send>(
        &self,
        call: Call,
        answer: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        match self.strike(&call) {
            Some(Strike::Before(error)) => Err(error),
            Some(Strike::After(error)) => answer.await.and(Err(error)),
            _ => answer.await,
        }
    }

    fn stream<T: Send + 'static>(
        &self,
        call: Call,
        items: BoxStream<'static, Result<T>>,
    ) -> BoxStream<'static, Result<T>> {
        let faulty = self.clone();
        stream::once(async move {
            match faulty.strike(&call) {
                Some(Strike::Before(error)) => stream::iter([Err(error)]).boxed(),
                Some(Strike::After(error)) => ending_with(items, error),
                Some(Strike::BreakListing(count, error)) => {
                    ending_with(items.take(count).boxed(), error)
                }
                _ => items,
            }
        })
        .flatten()
        .boxed()
    }
}

/// The items up to the first error, or else followed by `error`.
fn ending_with<T: Send + 'static>(
    items: BoxStream<'static, Result<T>>,
    error: Error,
) -> BoxStream<'static, Result<T>> {
    stream::unfold(Some((items, error)), |state| async move {
        let (mut items, error) = state?;
        match items.next().await {
            Some(Ok(item)) => Some((Ok(item), Some((items, error)))),
            Some(Err(earlier)) => Some((Err(earlier), None)),
            None => Some((Err(error), None)),
        }
    })
    .boxed()
}

/// Changes the body of a download before it is verified.
fn with_body(
    download: Download,
    change: impl FnOnce(BoxStream<'static, Result<Bytes>>) -> BoxStream<'static, Result<Bytes>>,
) -> Download {
    let (entry, range) = (download.entry().clone(), download.range());
    let range = Some(range).filter(|range| range.end != u64::MAX);
    Download::new(entry, range, change(download.into_stream()))
}

fn cut(
    body: BoxStream<'static, Result<Bytes>>,
    after_bytes: u64,
    error: Error,
) -> BoxStream<'static, Result<Bytes>> {
    let head = body.scan(after_bytes, |left, piece| {
        let piece = piece.map(|mut piece| {
            let length = usize::try_from(*left).unwrap_or(usize::MAX);
            piece.truncate(length);
            *left -= piece.len() as u64;
            piece
        });
        let over = piece.as_ref().is_ok_and(Bytes::is_empty);
        std::future::ready((!over).then_some(piece))
    });
    ending_with(head.boxed(), error)
}

fn corrupt(
    body: BoxStream<'static, Result<Bytes>>,
    position: u64,
) -> BoxStream<'static, Result<Bytes>> {
    let mut left = Some(position);
    body.map(move |piece| {
        let piece = piece?;
        let Some(index) = left.and_then(|left| usize::try_from(left).ok()) else {
            return Ok(piece);
        };
        let mut changed = BytesMut::from(&*piece);
        left = match changed.get_mut(index) {
            Some(byte) => {
                *byte = !*byte;
                None
            }
            None => Some((index - piece.len()) as u64),
        };
        Ok(changed.freeze())
    })
    .boxed()
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Remote for FaultyRemote {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn request_count(&self) -> u64 {
        self.inner.request_count()
    }

    async fn stat(&self, path: &RemotePath) -> Result<Entry> {
        self.call(Call::new("stat", path), self.inner.stat(path))
            .await
    }

    fn list(&self, dir: &RemotePath, options: ListOptions) -> BoxStream<'static, Result<Entry>> {
        self.stream(Call::new("list", dir), self.inner.list(dir, options))
    }

    fn list_recursive(
        &self,
        dir: &RemotePath,
        options: ListOptions,
    ) -> BoxStream<'static, Result<Entry>> {
        let entries = self.inner.list_recursive(dir, options);
        self.stream(Call::new("list_recursive", dir), entries)
    }

    async fn read(&self, path: &RemotePath, options: ReadOptions) -> Result<Download> {
        let call = Call::new("read", path);
        let strike = self.strike(&call);
        if let Some(Strike::Before(error)) = strike {
            return Err(error);
        }
        let download = self.inner.read(path, options).await?;
        Ok(match strike {
            Some(Strike::After(error)) => with_body(download, |body| ending_with(body, error)),
            Some(Strike::CutDownload(bytes, error)) => {
                with_body(download, |body| cut(body, bytes, error))
            }
            Some(Strike::CorruptByte(position)) => {
                with_body(download, |body| corrupt(body, position))
            }
            _ => download,
        })
    }

    async fn write(
        &self,
        path: &RemotePath,
        source: Arc<dyn UploadSource>,
        options: WriteOptions,
    ) -> Result<Entry> {
        let answer = self.inner.write(path, source, options);
        self.call(Call::new("write", path), answer).await
    }

    async fn set_modified(&self, path: &RemotePath, modified: SystemTime) -> Result<Entry> {
        let answer = self.inner.set_modified(path, modified);
        self.call(Call::new("set_modified", path), answer).await
    }

    async fn create_dir(&self, path: &RemotePath) -> Result<()> {
        self.call(Call::new("create_dir", path), self.inner.create_dir(path))
            .await
    }

    async fn remove_file(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        self.call(Call::new("remove_file", path), self.inner.remove_file(path))
            .await
    }

    async fn remove_dir(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        self.call(Call::new("remove_dir", path), self.inner.remove_dir(path))
            .await
    }

    async fn remove_dir_all(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        let answer = self.inner.remove_dir_all(path);
        self.call(Call::new("remove_dir_all", path), answer).await
    }

    async fn copy(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        options: CopyOptions,
    ) -> Result<Entry> {
        let answer = self.inner.copy(from, to, options);
        self.call(Call::with_target("copy", from, to), answer).await
    }

    async fn rename(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        options: RenameOptions,
    ) -> Result<Entry> {
        let answer = self.inner.rename(from, to, options);
        self.call(Call::with_target("rename", from, to), answer)
            .await
    }

    async fn usage(&self) -> Result<Usage> {
        self.call(Call::on_account("usage"), self.inner.usage())
            .await
    }

    async fn public_link(&self, path: &RemotePath, options: LinkOptions) -> Result<PublicLink> {
        let answer = self.inner.public_link(path, options);
        self.call(Call::new("public_link", path), answer).await
    }

    async fn empty_trash(&self) -> Result<()> {
        let answer = self.inner.empty_trash();
        self.call(Call::on_account("empty_trash"), answer).await
    }

    fn changes(&self, since: Option<ChangeCursor>) -> BoxStream<'static, Result<Change>> {
        self.stream(Call::on_account("changes"), self.inner.changes(since))
    }
}
