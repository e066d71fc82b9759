//! The contract.

use std::{fmt, future::Future, sync::Arc, time::SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{TryStreamExt as _, stream::BoxStream};

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
    source::{MemorySource, UploadSource},
};

/// A storage service seen as a tree of files below a root.
///
/// One value stands for one account and root; clones and references may be used from any number of tasks. Dropping a future or stream
/// cancels the operation. Errors name the operation and path; see [`ErrorKind`](crate::error::ErrorKind) for what can be told apart.
/// [`capabilities`](Self::capabilities) tells what is native, emulated or missing, and the calls agree with it.
///
/// Which errors have changed something is told by [`Error::effect`](crate::error::Error::effect): an answer that was lost is looked into before
/// anything is repeated, and what cannot be settled is reported as unknown.
///
/// [`MemoryRemote`](crate::memory::MemoryRemote) is the reference implementation.
#[async_trait]
pub trait Remote: fmt::Debug + Send + Sync + 'static {
    /// What this remote can do. Makes no request.
    fn capabilities(&self) -> &Capabilities;

    /// How many requests this remote and its clones have sent so far, repetitions included. Makes no request.
    fn request_count(&self) -> u64;

    /// Looks at one path; the root is a directory.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::error::ErrorKind::NotFound) if nothing is there, and only then.
    async fn stat(&self, path: &RemotePath) -> Result<Entry>;

    /// Lists the entries of a directory, in no particular order. Starts with the first poll; ends after the first error, and a
    /// listing that breaks off is an error, never a short list.
    ///
    /// # Errors
    ///
    /// In the stream: [`NotFound`](crate::error::ErrorKind::NotFound) if the directory is missing,
    /// [`NotADirectory`](crate::error::ErrorKind::NotADirectory) if it is a file.
    fn list(&self, dir: &RemotePath, options: ListOptions) -> BoxStream<'static, Result<Entry>>;

    /// Lists everything below a directory, the directory itself not included; a directory comes before its entries. Memory does not grow with the number
    /// of entries where [`Capabilities::list_recursive`] is native.
    ///
    /// With [`ListOptions::keep_going`] a directory that fails is an error in the stream, which goes on; the listing was complete exactly
    /// if the last item is not an error.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    fn list_recursive(
        &self,
        dir: &RemotePath,
        options: ListOptions,
    ) -> BoxStream<'static, Result<Entry>>;

    /// Reads a file or a part of it. The body is checked against the file's size and, for whole files, hash at its end, and goes on from the next
    /// missing byte when the connection breaks.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::error::ErrorKind::NotFound), [`IsADirectory`](crate::error::ErrorKind::IsADirectory),
    /// [`PreconditionFailed`](crate::error::ErrorKind::PreconditionFailed) for [`ReadOptions::if_match`],
    /// [`InvalidInput`](crate::error::ErrorKind::InvalidInput) for a range behind the end. In the body also
    /// [`Corrupted`](crate::error::ErrorKind::Corrupted).
    async fn read(&self, path: &RemotePath, options: ReadOptions) -> Result<Download>;

    /// Writes a file; missing directories on the way are made. The stored file is checked against the size and hash of what was sent, and is visible completely
    /// or not at all where the service allows it. Returns the stored entry, so that no look need follow.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](crate::error::ErrorKind::AlreadyExists) or [`PreconditionFailed`](crate::error::ErrorKind::PreconditionFailed) as
    /// [`WriteOptions::mode`] says, [`IsADirectory`](crate::error::ErrorKind::IsADirectory) if a directory is in its place,
    /// [`NotADirectory`](crate::error::ErrorKind::NotADirectory) if a file is on the way,
    /// [`SourceChanged`](crate::error::ErrorKind::SourceChanged) and [`SourceFailed`](crate::error::ErrorKind::SourceFailed) of the source,
    /// [`QuotaExceeded`](crate::error::ErrorKind::QuotaExceeded), [`Corrupted`](crate::error::ErrorKind::Corrupted).
    ///
    /// # Cancellation
    ///
    /// The file may or may not have been written; it is never half there.
    async fn write(
        &self,
        path: &RemotePath,
        source: Arc<dyn UploadSource>,
        options: WriteOptions,
    ) -> Result<Entry>;

    /// Changes the modification time of a file without sending its content.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::error::ErrorKind::Unsupported) where capabilities say missing.
    ///
    /// # Cancellation
    ///
    /// The time may or may not have been set. Where capabilities say emulated, the file may be left beside its place under a temporary name, which the
    /// documentation of the provider tells.
    async fn set_modified(&self, path: &RemotePath, modified: SystemTime) -> Result<Entry>;

    /// Makes a directory with all directories on the way. A directory that exists is success, also when several callers make it at once.
    ///
    /// # Errors
    ///
    /// [`NotADirectory`](crate::error::ErrorKind::NotADirectory) if a file is there or on the way.
    async fn create_dir(&self, path: &RemotePath) -> Result<()>;

    /// Removes a file, into the trash or for good as [`Capabilities::removal`] says. What is not there is an outcome, not an error.
    ///
    /// # Errors
    ///
    /// [`IsADirectory`](crate::error::ErrorKind::IsADirectory) for a directory, which stays.
    async fn remove_file(&self, path: &RemotePath) -> Result<RemoveOutcome>;

    /// Removes a directory that has no entries.
    ///
    /// # Errors
    ///
    /// [`DirectoryNotEmpty`](crate::error::ErrorKind::DirectoryNotEmpty), [`NotADirectory`](crate::error::ErrorKind::NotADirectory) for a file,
    /// [`InvalidInput`](crate::error::ErrorKind::InvalidInput) for the root.
    async fn remove_dir(&self, path: &RemotePath) -> Result<RemoveOutcome>;

    /// Removes a directory and everything below it. Of the root only the entries are removed where the service does not allow more.
    ///
    /// # Errors
    ///
    /// [`NotADirectory`](crate::error::ErrorKind::NotADirectory) for a file.
    async fn remove_dir_all(&self, path: &RemotePath) -> Result<RemoveOutcome>;

    /// Copies a file or directory on the service; missing directories on the way to the target are made.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::error::ErrorKind::Unsupported) where the service cannot; [`AlreadyExists`](crate::error::ErrorKind::AlreadyExists) as
    /// [`CopyOptions::target`] says; [`IntoSelf`](crate::error::ErrorKind::IntoSelf).
    ///
    /// # Cancellation
    ///
    /// The copy may or may not have been made. Where [`Capabilities::replace_target`] is emulated, a target that was to be replaced may be left beside its
    /// place under a temporary name.
    async fn copy(&self, from: &RemotePath, to: &RemotePath, options: CopyOptions)
    -> Result<Entry>;

    /// Moves a file or directory on the service, also to a name that differs in case only; missing directories on the way to the target are
    /// made.
    ///
    /// # Errors
    ///
    /// As [`copy`](Self::copy).
    ///
    /// # Cancellation
    ///
    /// As [`copy`](Self::copy); a file or directory whose name was to change in case only may also be left under a temporary name.
    async fn rename(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        options: RenameOptions,
    ) -> Result<Entry>;

    /// Tells how much room there is.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::error::ErrorKind::Unsupported) where the service does not tell.
    async fn usage(&self) -> Result<Usage>;

    /// Makes or finds the public link of a file or directory.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::error::ErrorKind::Unsupported) where the service has none, or not with these options.
    async fn public_link(&self, path: &RemotePath, options: LinkOptions) -> Result<PublicLink>;

    /// Removes everything in the trash of the account for good.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::error::ErrorKind::Unsupported) where the service has no trash.
    async fn empty_trash(&self) -> Result<()>;

    /// Follows changes below the root, from a cursor of an earlier call or from now on; ends only with an error or when dropped.
    fn changes(&self, since: Option<ChangeCursor>) -> BoxStream<'static, Result<Change>>;
}

/// Conveniences that every [`Remote`] has.
pub trait RemoteExt: Remote {
    /// Whether something is at the path. One look.
    fn exists(&self, path: &RemotePath) -> impl Future<Output = Result<bool>> + Send {
        async move { Ok(self.stat_if_exists(path).await?.is_some()) }
    }

    /// What is at the path, if anything. One look.
    fn stat_if_exists(
        &self,
        path: &RemotePath,
    ) -> impl Future<Output = Result<Option<Entry>>> + Send {
        async move {
            match self.stat(path).await {
                Ok(entry) => Ok(Some(entry)),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        }
    }

    /// All entries of a directory, sorted by path.
    fn list_all(&self, dir: &RemotePath) -> impl Future<Output = Result<Vec<Entry>>> + Send {
        async move {
            let mut entries: Vec<Entry> =
                self.list(dir, ListOptions::default()).try_collect().await?;
            entries.sort_by(|a, b| a.path.cmp(&b.path));
            Ok(entries)
        }
    }

    /// The content of a file of at most `max_bytes` bytes.
    ///
    /// Fails with [`TooLarge`](crate::error::ErrorKind::TooLarge) for a larger file, before it is fetched where its size is known.
    fn read_bytes(
        &self,
        path: &RemotePath,
        max_bytes: u64,
    ) -> impl Future<Output = Result<Bytes>> + Send {
        async move {
            self.read(path, ReadOptions::default())
                .await?
                .bytes(max_bytes)
                .await
        }
    }

    /// Writes bytes that are in memory.
    fn write_bytes(
        &self,
        path: &RemotePath,
        content: impl Into<Bytes> + Send,
        options: WriteOptions,
    ) -> impl Future<Output = Result<Entry>> + Send {
        let source = Arc::new(MemorySource::new(content.into()));
        async move { self.write(path, source, options).await }
    }
}

impl<R: Remote + ?Sized> RemoteExt for R {}
