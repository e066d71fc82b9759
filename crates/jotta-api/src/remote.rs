//! [`JottaRemote`]: the contract on top of the client.
//!
//! | operation | support | requests | remarks |
//! | --- | --- | --- | --- |
//! | first use | | 1 | asks for the internal name of the user |
//! | `stat` | native | 1 | of a directory it brings all that is in it |
//! | `list` | native | 1 | |
//! | `list_recursive` | native | 1 | streamed, checked against the service's own count; 1 for each directory with `trashed_only` |
//! | `read` | native | 1 | a file that was listed (in a tree: one of the first 5,000), looked at or written by this remote, or whose content the caller names; else 2, because the service sends files from the trash as well and tells no hash; 2 for a part of a named content |
//! | `write` | native | 2 | 1 if the service has the content already; directories on the way are made by it; 5 to replace a file with `no_versions` |
//! | `create_dir` | native | 1 | with all directories on the way |
//! | `remove_file`, `remove_dir` | native | 2 | a look first: the commands for files and folders differ |
//! | `remove_dir_all` | native | 1 | 2 if nothing is there, or with `hard_delete` a directory that this remote has not seen; of a whole mount point 1, and 1 for each entry |
//! | `copy` | native for files | 3 to 5 | looks at source and target; one more for another time or a target in the trash |
//! | `rename` | native | 3 | looks at source and target |
//! | replacing rename | emulated | 5 | the old target is set aside, and put back on failure |
//! | rename that changes case only | emulated | 3 | by way of a temporary name |
//! | `set_modified` | native | 2 | |
//! | `usage`, `public_link`, `empty_trash` | native | 1 | the trash is that **of the whole account** |
//! | `changes` | native | 2 | a connection that stays open; nothing is replayed |
//!
//! Emulated operations go by way of a name beside the file, `.remote-tmp-` and 16 hexadecimal digits. Once begun they are brought to their end by a task of
//! their own, also when the future is dropped; only a process or a runtime that ends between two of their requests leaves the file under that name: move it back. A
//! failure that is reported puts it back, or names it. A write with `no_versions` that is dropped while it sends may leave its content under such a name.
//!
//! Writing only where nothing is, or only where a certain content is, is not offered: the service has a condition for the first, but whether of two
//! writers one loses is not known.

mod builder;
mod changes;
mod dirs;
mod entries;
mod hashing;
mod looking;
mod moving;
mod reading;
mod removing;
mod restoring;
mod seen;
mod sending;
mod sharing;
mod ticket;
mod times;
mod tree;
mod writing;

use std::{sync::Arc, time::SystemTime};

use async_trait::async_trait;
use futures::stream::BoxStream;
use remote_core::{
    capabilities::Capabilities,
    download::Download,
    entry::Entry,
    error::{Error, Result},
    operation::{
        Change, ChangeCursor, CopyOptions, LinkOptions, ListOptions, PublicLink, ReadOptions,
        RemoveOutcome, RenameOptions, Usage, WriteOptions,
    },
    path::RemotePath,
    progress::Progress,
    remote::Remote,
    retry::Retry,
    source::UploadSource,
    stored::PathMap,
};

use self::seen::SeenPaths;
pub use self::{
    builder::JottaRemoteBuilder, restoring::Restored, ticket::UploadTicket, times::FileMetadata,
};
use crate::{
    Client,
    auth::Session,
    location::Location,
    model::{account::Customer, file::Revision},
};

/// How much of a source that can be read once only is kept in memory, beyond which it is kept in a temporary file, unless
/// [`md5_memory_limit`](JottaRemoteBuilder::md5_memory_limit) says otherwise; rclone's default.
pub const DEFAULT_MD5_MEMORY_LIMIT: u64 = 10 << 20;

/// A mount point of a Jottacloud account, or a folder of it, as a [`Remote`].
///
/// Cheap to clone; clones share connections, pace and what is known about paths. The [module page](self) lists what each
/// operation costs.
///
/// Names are compared without regard to case and keep their spelling. Times are kept in seconds. What is removed goes to the
/// trash of the account, what is replaced becomes one of at most four older revisions. See [`DEFAULT_ENCODING`](crate::encoding::DEFAULT_ENCODING) for the characters that are replaced in names.
///
/// # Examples
///
/// ```no_run
/// use jotta_api::{Client, JottaRemote, auth::Credentials};
/// use remote_core::{operation::WriteOptions, path::RemotePath, remote::RemoteExt as _};
///
/// # async fn example() -> remote_core::error::Result<()> {
/// let client = Client::builder(Credentials::token("an access token")).build()?;
/// let remote = JottaRemote::builder(client).root(RemotePath::parse("backup")?).build();
/// remote.write_bytes(&RemotePath::parse("notes/today.txt")?, "hello", WriteOptions::default()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct JottaRemote {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    session: Option<Session>,
    mount_point: Location,
    paths: PathMap,
    seen: SeenPaths,
    capabilities: Capabilities,
    /// For loops around several requests; the client paces each of them.
    retry: Retry,
    md5_memory_limit: u64,
    trashed_only: bool,
    hard_delete: bool,
    no_versions: bool,
}

impl JottaRemote {
    /// Starts a remote on top of a client.
    #[must_use]
    pub fn builder(client: Client) -> JottaRemoteBuilder {
        JottaRemoteBuilder::new(client)
    }

    /// The client, for everything the service offers beyond the contract.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// The folder that is the root of the remote.
    #[must_use]
    pub fn root(&self) -> &RemotePath {
        self.inner.paths.root()
    }

    /// Where a path lies in the account, for calls of the [`client`](Self::client): names as they are stored.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](remote_core::error::ErrorKind::InvalidName) for a name that the encoding leaves unsafe.
    pub fn location(&self, path: &RemotePath) -> Result<Location> {
        self.inner.place(path)
    }

    /// Like [`Remote::write`] with a creation time, which is otherwise that of the modification.
    ///
    /// # Errors
    ///
    /// As [`Remote::write`].
    ///
    /// # Cancellation
    ///
    /// As [`Remote::write`]; what has arrived is kept by the service, and the same write goes on from there.
    pub async fn write_created_at(
        &self,
        path: &RemotePath,
        source: Arc<dyn UploadSource>,
        options: WriteOptions,
        created: SystemTime,
    ) -> Result<Entry> {
        self.inner
            .write(path, source, options, Some(created))
            .await
            .map_err(at("write", path))
    }

    /// Prepares an upload that survives a restart: reads the source once for its hash. No request. Send it with [`send_upload`](Self::send_upload).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](remote_core::error::ErrorKind::InvalidInput) for a source that cannot be opened again; those of the source.
    pub async fn prepare_upload(
        &self,
        path: &RemotePath,
        source: &Arc<dyn UploadSource>,
        options: &WriteOptions,
    ) -> Result<UploadTicket> {
        self.inner
            .prepare(path, source, options, None)
            .await
            .map_err(at("write", path))
    }

    /// Sends a prepared upload, also one that broke off in another process: at most the bytes that are missing. The source is not hashed again; the
    /// service compares what it got with the hash in the ticket.
    ///
    /// # Errors
    ///
    /// As [`Remote::write`]; [`SourceChanged`](remote_core::error::ErrorKind::SourceChanged) if the source is not the one that was prepared,
    /// [`InvalidInput`](remote_core::error::ErrorKind::InvalidInput) if the ticket belongs to another remote.
    ///
    /// # Cancellation
    ///
    /// What has arrived is kept by the service; send it again to go on.
    pub async fn send_upload(
        &self,
        ticket: &UploadTicket,
        source: Arc<dyn UploadSource>,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<Entry> {
        self.inner
            .send_ticket(ticket, source, progress)
            .await
            .map_err(|error| error.with_operation("write"))
    }

    /// Times and media type of a file. One request.
    ///
    /// # Errors
    ///
    /// As [`Remote::stat`].
    pub async fn metadata(&self, path: &RemotePath) -> Result<FileMetadata> {
        self.inner
            .metadata(path)
            .await
            .map_err(at("metadata", path))
    }

    /// Sets modification and creation time of a file; what is absent stays. Two requests.
    ///
    /// # Errors
    ///
    /// As [`Remote::set_modified`].
    pub async fn set_times(
        &self,
        path: &RemotePath,
        modified: Option<SystemTime>,
        created: Option<SystemTime>,
    ) -> Result<Entry> {
        self.inner
            .set_times(path, modified, created)
            .await
            .map_err(at("set_times", path))
    }

    /// The contents of a file that are kept, the present one first. One request.
    ///
    /// # Errors
    ///
    /// As [`Remote::stat`].
    pub async fn revisions(&self, path: &RemotePath) -> Result<Vec<Revision>> {
        self.inner
            .revisions(path)
            .await
            .map_err(at("revisions", path))
    }

    /// Reads an older content, verified by its hash. Two requests.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such revision; in the body
    /// [`Corrupted`](remote_core::error::ErrorKind::Corrupted) also if the service sends another one than was asked for.
    pub async fn read_revision(&self, path: &RemotePath, number: u64) -> Result<Download> {
        self.inner
            .read_revision(path, number)
            .await
            .map_err(at("read_revision", path))
    }

    /// Reads what the service sends for a path without looking at it first. One request, which is what [`Remote::read`] needs for a file that this
    /// remote has seen; for one that it has not seen, [`Remote::read`] needs two.
    ///
    /// The one that is left out tells a file in the trash from another one, and what its hash is: **a file in the trash is delivered as well**, and of the
    /// content only the number of bytes is checked. The entry of the download has size and path, and nothing else. A body that breaks off is not resumed.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound), also for a directory; in the body [`Corrupted`](remote_core::error::ErrorKind::Corrupted) if it
    /// has another length than was announced.
    pub async fn read_as_sent(&self, path: &RemotePath) -> Result<Download> {
        self.inner
            .read_as_sent(path)
            .await
            .map_err(at("read", path))
    }

    /// Makes an older content the present one, without sending it. Two requests.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such revision, or the service has let go of its content.
    pub async fn restore_revision(&self, path: &RemotePath, number: u64) -> Result<Entry> {
        self.inner
            .restore_revision(path, number)
            .await
            .map_err(at("restore_revision", path))
    }

    /// Brings a file or folder back from the trash to where it was. Of a folder, what went into the trash together with it comes back. Two requests for a file; for
    /// a folder two for each folder in it and one for each file.
    ///
    /// Of a folder that is there, what went into the trash last below it comes back: so doing it again goes on where it broke off. One request more, and one for each
    /// folder in it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if nothing of that name is known any more,
    /// [`PreconditionFailed`](remote_core::error::ErrorKind::PreconditionFailed) if neither it nor anything below it is in the trash.
    pub async fn restore(&self, path: &RemotePath) -> Result<Restored> {
        let place = self.inner.place(path).map_err(at("restore", path))?;
        self.inner
            .restore(&place)
            .await
            .map_err(at("restore", path))
    }

    /// Like [`restore`](Self::restore) for anything in the trash of the account; see [`Client::trash`] and [`Location::in_parent`].
    ///
    /// # Errors
    ///
    /// As [`restore`](Self::restore).
    pub async fn restore_at(&self, place: &Location) -> Result<Restored> {
        let restored = self.inner.restore(place).await;
        restored.map_err(|error| error.with_operation("restore"))
    }

    /// Removes one file or folder that is in the trash for good. Two requests: something that is not in the trash is left alone.
    ///
    /// # Errors
    ///
    /// [`PreconditionFailed`](remote_core::error::ErrorKind::PreconditionFailed) if it is not in the trash.
    pub async fn purge_trashed(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        let place = self.inner.place(path).map_err(at("purge_trashed", path))?;
        let purged = self.inner.purge_trashed(&place).await;
        purged.map_err(at("purge_trashed", path))
    }

    /// Ends the public link of a file or directory; success if there is none. One request.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound).
    pub async fn remove_public_link(&self, path: &RemotePath) -> Result<()> {
        self.inner
            .remove_public_link(path)
            .await
            .map_err(at("remove_public_link", path))
    }

    /// The customer behind the account. One request.
    ///
    /// # Errors
    ///
    /// Those of the connection and the sign-in.
    pub async fn user_info(&self) -> Result<Customer> {
        self.inner.client.customer().await
    }

    /// Ends the sign-in at the service. One request. The token in the configuration is worthless then; erase it.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](remote_core::error::ErrorKind::Unsupported) for a remote without a [session](JottaRemoteBuilder::session), and for legacy sign-ins.
    pub async fn disconnect(&self) -> Result<()> {
        let Some(session) = &self.inner.session else {
            return Err(Error::unsupported(
                "ending a sign-in that was made elsewhere",
            ));
        };
        let token = self.inner.client.inner.auth.token().await?;
        session.disconnect(&token).await
    }

    fn shared(&self) -> Arc<Inner> {
        Arc::clone(&self.inner)
    }
}

impl Inner {
    /// Where a path lies in the account.
    fn place(&self, path: &RemotePath) -> Result<Location> {
        let server = self.paths.to_server(path)?;
        Ok(self.mount_point.at(server.trim_matches('/')))
    }
}

/// Adds what only this layer knows.
fn at<'a>(operation: &'static str, path: &'a RemotePath) -> impl FnOnce(Error) -> Error + use<'a> {
    move |error| error.with_operation(operation).with_path(path)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Remote for JottaRemote {
    fn capabilities(&self) -> &Capabilities {
        &self.inner.capabilities
    }

    fn request_count(&self) -> u64 {
        self.inner.client.http().request_count()
    }

    async fn stat(&self, path: &RemotePath) -> Result<Entry> {
        self.inner.stat(path).await.map_err(at("stat", path))
    }

    fn list(&self, dir: &RemotePath, _options: ListOptions) -> BoxStream<'static, Result<Entry>> {
        self.shared().list(dir.clone())
    }

    fn list_recursive(
        &self,
        dir: &RemotePath,
        options: ListOptions,
    ) -> BoxStream<'static, Result<Entry>> {
        self.shared().list_recursive(dir.clone(), &options)
    }

    async fn read(&self, path: &RemotePath, options: ReadOptions) -> Result<Download> {
        self.shared()
            .read(path, options)
            .await
            .map_err(at("read", path))
    }

    async fn write(
        &self,
        path: &RemotePath,
        source: Arc<dyn UploadSource>,
        options: WriteOptions,
    ) -> Result<Entry> {
        self.inner
            .write(path, source, options, None)
            .await
            .map_err(at("write", path))
    }

    async fn set_modified(&self, path: &RemotePath, modified: SystemTime) -> Result<Entry> {
        self.inner
            .set_times(path, Some(modified), None)
            .await
            .map_err(at("set_modified", path))
    }

    async fn create_dir(&self, path: &RemotePath) -> Result<()> {
        self.inner
            .create_dir(path)
            .await
            .map_err(at("create_dir", path))
    }

    async fn remove_file(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        self.inner
            .remove_file(path)
            .await
            .map_err(at("remove_file", path))
    }

    async fn remove_dir(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        self.inner
            .remove_dir(path)
            .await
            .map_err(at("remove_dir", path))
    }

    async fn remove_dir_all(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        self.inner
            .remove_dir_all(path)
            .await
            .map_err(at("remove_dir_all", path))
    }

    async fn copy(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        options: CopyOptions,
    ) -> Result<Entry> {
        self.inner
            .copy(from, to, options.modified, options.target)
            .await
            .map_err(at("copy", to))
    }

    async fn rename(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        options: RenameOptions,
    ) -> Result<Entry> {
        self.inner
            .rename(from, to, options.target)
            .await
            .map_err(at("rename", to))
    }

    async fn usage(&self) -> Result<Usage> {
        self.inner
            .usage()
            .await
            .map_err(at("usage", &RemotePath::root()))
    }

    async fn public_link(&self, path: &RemotePath, options: LinkOptions) -> Result<PublicLink> {
        self.inner
            .public_link(path, options)
            .await
            .map_err(at("public_link", path))
    }

    async fn empty_trash(&self) -> Result<()> {
        self.inner
            .empty_trash()
            .await
            .map_err(at("empty_trash", &RemotePath::root()))
    }

    fn changes(&self, since: Option<ChangeCursor>) -> BoxStream<'static, Result<Change>> {
        self.shared().changes(since)
    }
}
