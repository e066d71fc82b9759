//! [`AcdRemote`]: the contract on top of the client.
//!
//! | operation | support | requests | remarks |
//! | --- | --- | --- | --- |
//! | first use | | 2 | the account's own addresses, and the root of the drive |
//! | `stat` | native | 1 | and 1 for each directory on the way that was not seen in the last minute |
//! | `list` | native | 1 per 200 entries | of up to 1,000 entries all pages before the first entry; an empty directory costs 1 more |
//! | `list_recursive` | emulated | 1 per directory and 200 entries | 8 directories at a time |
//! | `read` | native | 1 | 2 for a file that was not seen before, for a range with a condition, and by temporary link; 2 for each time it is resumed |
//! | `write` into a known directory | native | 1 | a directory is known for a minute after it was made, or all of it was listed |
//! | `write` into another directory | native | 2 | one looks whether the file exists; without it for [`WriteMode::CreateNew`](remote_core::operation::WriteMode) |
//! | `create_dir` | native | 2 | 1 for each directory on the way that exists |
//! | `remove_file`, `remove_dir_all` | native | 1 | into the trash; 2 for what was not seen before |
//! | `remove_dir` | emulated | 2 | a look whether it is empty, which others can come after |
//! | `rename` | emulated | 2 to 5 | name and directory are changed by different calls; a step that fails takes back the one before |
//! | replacing rename | emulated | 1 more | the old target goes into the trash, and comes back on failure |
//! | `copy`, `set_modified` | missing | | the service has neither |
//! | `usage` | native | 1 | calculated by the service now and then |
//! | `public_link`, `empty_trash` | missing | | see [`AcdRemote::temporary_link`]; the service empties its trash after 30 days |
//! | `changes` | native | 1 per poll | from the feed of the account; [`Client::change_feed`] has the nodes |
//!
//! **The service shows changes with a delay.** What this remote has done itself it shows at once: it knows what it has made and removed, and asks for those nodes by
//! their ids, where the newest state shows. What others have done shows when the service shows it, and at most a minute later.
//!
//! **Files can be in several directories at once** (hard links). Removing such a file takes it out of one of them. Renaming it is refused where the name would change
//! in all of them.

mod changes;
mod entries;
mod folders;
mod known;
mod listing;
mod looking;
mod moving;
mod pages;
mod reading;
mod removing;
mod told;
mod trashing;
mod waiting;
mod writing;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use futures::stream::BoxStream;
use remote_core::{
    capabilities::{Capabilities, CaseRule, Removal, Support},
    download::Download,
    encoding::Encoding,
    entry::Entry,
    error::{Error, Result},
    hash::HashAlgorithm,
    operation::{
        Change, ChangeCursor, CopyOptions, LinkOptions, ListOptions, PublicLink, ReadOptions,
        RemoveOutcome, RenameOptions, Usage, WriteOptions,
    },
    path::RemotePath,
    remote::Remote,
    retry::{Pacer, Retry},
    secret::Secret,
    source::UploadSource,
    stored::PathMap,
};
use tokio::sync::OnceCell;

use self::{
    folders::NameLocks,
    known::{Id, Known},
    waiting::Wait,
};
pub use self::{
    trashing::Trashed,
    waiting::{DEFAULT_UPLOAD_WAIT_INTERVAL, DEFAULT_UPLOAD_WAIT_MIN, DEFAULT_UPLOAD_WAIT_PER_GB},
};
use crate::{Client, encoding::DEFAULT_ENCODING};

/// From this size in bytes on files are fetched by temporary link unless set: 9 GiB.
pub const DEFAULT_TEMPLINK_THRESHOLD: u64 = 9 << 30;

/// The largest file in bytes that the service was seen to keep: 50 000 MiB. Larger ones are uploaded to their end and never appear.
pub const DEFAULT_MAX_FILE_BYTES: u64 = 50_000 << 20;

/// How often the feed is asked for changes unless [`poll_interval`](AcdRemoteBuilder::poll_interval) says otherwise.
pub const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(60);

/// A drive, or a folder of it, as a [`Remote`].
///
/// Cheap to clone; clones share connections, pace and what is known of the tree. The [module page](self) lists what each operation costs.
///
/// Names are compared without regard to case and keep their spelling. Times are those of the service: the modification time of a write is not kept. What is
/// removed goes to the trash of the account. See [`DEFAULT_ENCODING`] for the characters that are replaced in names.
///
/// # Examples
///
/// ```no_run
/// use acd_api::{AcdRemote, Client, auth::Credentials};
/// use remote_core::{operation::WriteOptions, path::RemotePath, remote::RemoteExt as _};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder(Credentials::token("access token"))
///     .endpoint_url("http://127.0.0.1:8080/drive/v1/".parse()?)
///     .build()?;
/// let remote = AcdRemote::builder(client).root(RemotePath::parse("backup")?).build();
/// remote.write_bytes(&RemotePath::parse("notes/today.txt")?, "hello", WriteOptions::default()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AcdRemote {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    root: OnceCell<Id>,
    paths: PathMap,
    known: Known,
    name_locks: NameLocks,
    capabilities: Capabilities,
    /// For loops around several requests; the client paces each of them.
    retry: Retry,
    wait: Wait,
    templink_threshold: Option<u64>,
    checkpoint: Option<String>,
    poll_interval: Duration,
}

/// Settings of an [`AcdRemote`].
#[derive(Clone, Debug)]
pub struct AcdRemoteBuilder {
    client: Client,
    root: RemotePath,
    encoding: Encoding,
    wait: Wait,
    templink_threshold: Option<u64>,
    max_file_bytes: Option<u64>,
    checkpoint: Option<String>,
    poll_interval: Duration,
}

impl AcdRemoteBuilder {
    /// The folder that is the root of the remote; the root of the drive by default. It need not exist before something is written.
    #[must_use]
    pub fn root(mut self, root: RemotePath) -> Self {
        self.root = root;
        self
    }

    /// Which characters are replaced in names; [`DEFAULT_ENCODING`] by default.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// How long to look for a file after the end of its upload has failed, for each gibibyte; [`DEFAULT_UPLOAD_WAIT_PER_GB`] by default. With zero there is one look and
    /// no waiting.
    #[must_use]
    pub fn upload_wait_per_gb(mut self, wait: Duration) -> Self {
        self.wait.per_gb = wait;
        self
    }

    /// How long to look at least, and the pause between two looks; [`DEFAULT_UPLOAD_WAIT_MIN`] and [`DEFAULT_UPLOAD_WAIT_INTERVAL`] by default.
    #[must_use]
    pub fn upload_wait(mut self, min: Duration, interval: Duration) -> Self {
        self.wait.min = min;
        self.wait.interval = interval;
        self
    }

    /// From which size in bytes on files are fetched by temporary link, never when absent; [`DEFAULT_TEMPLINK_THRESHOLD`] by default.
    #[must_use]
    pub fn templink_threshold(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.templink_threshold = bytes.into();
        self
    }

    /// The largest file in bytes that is sent at all, without limit when absent; [`DEFAULT_MAX_FILE_BYTES`] by default.
    #[must_use]
    pub fn max_file_bytes(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.max_file_bytes = bytes.into();
        self
    }

    /// A place in the feed of changes that is as new as possible, so that [`Remote::changes`] without a cursor has less to pass over; none by default.
    #[must_use]
    pub fn checkpoint(mut self, checkpoint: impl Into<Option<String>>) -> Self {
        self.checkpoint = checkpoint
            .into()
            .filter(|checkpoint| !checkpoint.is_empty());
        self
    }

    /// How often [`Remote::changes`] asks; [`DEFAULT_POLL_INTERVAL`] by default.
    #[must_use]
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Makes the remote. No request is made before its first use.
    #[must_use]
    pub fn build(self) -> AcdRemote {
        let retry = Retry::new(self.client.retry().policy().clone(), Pacer::new());
        AcdRemote {
            inner: Arc::new(Inner {
                root: OnceCell::new(),
                paths: PathMap::new(self.root, self.encoding),
                known: Known::default(),
                name_locks: NameLocks::default(),
                capabilities: capabilities(self.max_file_bytes),
                retry,
                wait: self.wait,
                templink_threshold: self.templink_threshold,
                checkpoint: self.checkpoint,
                poll_interval: self.poll_interval,
                client: self.client,
            }),
        }
    }
}

fn capabilities(max_file_bytes: Option<u64>) -> Capabilities {
    let mut capabilities = Capabilities::minimal("amazon cloud drive");
    capabilities.case = CaseRule::Insensitive;
    capabilities.hashes = &[HashAlgorithm::Md5];
    capabilities.directory_times = true;
    capabilities.max_file_bytes = max_file_bytes;
    capabilities.write_unknown_size = Support::Native;
    capabilities.create_new = Support::Native;
    capabilities.rename_file = Support::Emulated;
    capabilities.rename_dir = Support::Emulated;
    capabilities.replace_target = Support::Emulated;
    capabilities.remove_dir_all = Support::Native;
    capabilities.usage = Support::Native;
    capabilities.changes = Support::Native;
    capabilities.removal = Removal::Trash;
    capabilities.delayed_visibility = true;
    capabilities
}

impl AcdRemote {
    /// Starts a remote on top of a client.
    #[must_use]
    pub fn builder(client: Client) -> AcdRemoteBuilder {
        AcdRemoteBuilder {
            client,
            root: RemotePath::root(),
            encoding: DEFAULT_ENCODING,
            wait: Wait {
                per_gb: DEFAULT_UPLOAD_WAIT_PER_GB,
                min: DEFAULT_UPLOAD_WAIT_MIN,
                interval: DEFAULT_UPLOAD_WAIT_INTERVAL,
            },
            templink_threshold: Some(DEFAULT_TEMPLINK_THRESHOLD),
            max_file_bytes: Some(DEFAULT_MAX_FILE_BYTES),
            checkpoint: None,
            poll_interval: DEFAULT_POLL_INTERVAL,
        }
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

    /// The id of the node at a path, for calls of the [`client`](Self::client). As many requests as [`stat`](Remote::stat).
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound).
    pub async fn node_id(&self, path: &RemotePath) -> Result<String> {
        let found = self.inner.node_id(path).await;
        found.map_err(at("node_id", path))
    }

    /// An address that gives the content of a file to everybody who has it, for a limited time that the service does not tell. One request more than
    /// [`stat`](Remote::stat).
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound), [`IsADirectory`](remote_core::error::ErrorKind::IsADirectory).
    pub async fn temporary_link(&self, path: &RemotePath) -> Result<Secret> {
        let link = async {
            let id = self.inner.node_id(path).await?;
            self.inner.client.temporary_link(&id).await
        };
        link.await.map_err(at("temporary_link", path))
    }

    fn shared(&self) -> Arc<Inner> {
        Arc::clone(&self.inner)
    }
}

impl Inner {
    async fn node_id(&self, path: &RemotePath) -> Result<String> {
        let names = self.names(path)?;
        let Some((above, name)) = names.split() else {
            return Ok(self.root_dir().await?.id.to_string());
        };
        let dir = self.dir(above).await?;
        let thing = self.find_now(&dir.id, name).await?;
        let thing = thing.ok_or_else(looking::not_found)?;
        Ok(thing.id.to_string())
    }

    async fn usage(&self) -> Result<Usage> {
        let quota = self.client.quota().await?;
        let mut usage = Usage::default();
        usage.total = quota.quota;
        usage.free = quota.available;
        usage.used = quota
            .quota
            .zip(quota.available)
            .map(|(total, free)| total.saturating_sub(free));
        Ok(usage)
    }
}

/// Adds what only this layer knows.
fn at<'a>(operation: &'static str, path: &'a RemotePath) -> impl FnOnce(Error) -> Error + use<'a> {
    move |error| error.with_operation(operation).with_path(path)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Remote for AcdRemote {
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
            .write(path, source, options)
            .await
            .map_err(at("write", path))
    }

    async fn set_modified(&self, path: &RemotePath, _modified: SystemTime) -> Result<Entry> {
        Err(at("set_modified", path)(Error::unsupported(
            "setting times",
        )))
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
        _from: &RemotePath,
        to: &RemotePath,
        _options: CopyOptions,
    ) -> Result<Entry> {
        Err(at("copy", to)(Error::unsupported("copying")))
    }

    async fn rename(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        options: RenameOptions,
    ) -> Result<Entry> {
        // Many steps in one future.
        Box::pin(self.inner.rename(from, to, options.target))
            .await
            .map_err(at("rename", to))
    }

    async fn usage(&self) -> Result<Usage> {
        self.inner
            .usage()
            .await
            .map_err(at("usage", &RemotePath::root()))
    }

    async fn public_link(&self, path: &RemotePath, _options: LinkOptions) -> Result<PublicLink> {
        Err(at("public_link", path)(Error::unsupported(
            "a lasting link",
        )))
    }

    async fn empty_trash(&self) -> Result<()> {
        Err(at("empty_trash", &RemotePath::root())(Error::unsupported(
            "emptying the trash",
        )))
    }

    fn changes(&self, since: Option<ChangeCursor>) -> BoxStream<'static, Result<Change>> {
        self.shared().changes(since.as_ref())
    }
}
