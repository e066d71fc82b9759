//! [`KoofrRemote`]: the contract on top of the client.
//!
//! | operation | support | requests | remarks |
//! | --- | --- | --- | --- |
//! | first use | | 1 | looks up the mount, checks the credentials |
//! | `stat` | native | 1 | |
//! | `list` | native | 1 | |
//! | `list_recursive` | native | 1 | streamed; memory does not grow with the tree |
//! | `read` | native | 1 | whole or range; another one for each time it is resumed |
//! | `write` into a known directory | native | 1 | a directory is known after it, or a file in it, was listed, looked at or made |
//! | `write` into another directory | native | 2 to 3 | it is made or found first; 1 if it is [expected](WriteOptions::expects_dir) and there |
//! | `create_dir` | native | 1 | 2 if it exists; one more for each missing directory above, and one |
//! | `remove_file`, `remove_dir` | native | 2 | a look first: the service removes files and trees by one and the same request |
//! | `remove_dir_all` | native | 1 | into the trash; of the root of a storage 1, and 1 for each entry |
//! | `copy` | native | 2 | the change, and a look at the result |
//! | `rename` | native | 2 | a look, which tells a lost answer from a target that was there before, and the change |
//! | replacing copy | emulated | 7 | the old target is set aside, and put back on failure |
//! | replacing rename | emulated | 6 | likewise |
//! | rename that changes case only | emulated | 3 | by way of a temporary name |
//! | `set_modified` | emulated | 6 | a copy on the service with the new time takes the place of the file |
//! | `usage` | native | 1 | in steps of 1 MiB |
//! | `public_link` | native | 2 | an existing link is found; a new one may cost 1 more for a password and 1 for an end |
//! | `empty_trash` | native | 1 | **of the whole account** |
//! | `changes` | native | 1 per poll | from the activity log of the account |
//!
//! Emulated operations go by way of a name beside the file, `.remote-tmp-` and 16 hexadecimal digits. Once begun they are brought to their end by a task of
//! the runtime, also when the future is dropped; the change is then made, or taken back, a little later. A process or runtime that ends between two of the
//! requests leaves the file under that name: move it back. A failure that is reported puts it back, or names it.
//!
//! When the answer to a copy or rename is lost, a look at both places decides. A rename counts as made if the source is gone and the target is what the source
//! was, a copy if the target has the content and time of the source (of a directory: the same entries with the same content): a target that was like that before is
//! not told from one that was just made. What a look cannot decide is an error whose effect is unknown.
//!
//! `remove_dir_all` of an empty file removes it: the service tells it from a directory only by a look, which would cost another request.

mod changes;
mod comparing;
mod dirs;
mod entries;
mod folders;
mod listing;
mod mount;
mod moving;
mod reading;
mod removing;
mod replacing;
mod sharing;
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
    source::UploadSource,
    stored::{self as paths, PathMap},
};

use self::{dirs::KnownDirs, mount::MountCell};
use crate::{Client, encoding::DEFAULT_ENCODING};

/// One storage of a Koofr account, or a folder of it, as a [`Remote`].
///
/// Cheap to clone; clones share connections, pace and what is known about directories. The [module page](self) lists what each
/// operation costs.
///
/// Names are compared without regard to case and keep their spelling. Times are kept in milliseconds. What is removed or replaced goes to the
/// trash of the account. See [`DEFAULT_ENCODING`] for the characters that are replaced in names.
///
/// # Examples
///
/// ```no_run
/// use koofr_api::{Client, KoofrRemote, auth::Credentials, provider::Provider};
/// use remote_core::{operation::WriteOptions, path::RemotePath, remote::RemoteExt as _, secret::Secret};
///
/// # async fn example() -> remote_core::error::Result<()> {
/// let client = Client::builder(Provider::Koofr).credentials(Credentials::basic("ann@example.org", "app password")).build()?;
/// let remote = KoofrRemote::builder(client).root(RemotePath::parse("backup")?).build();
/// remote.write_bytes(&RemotePath::parse("notes/today.txt")?, "hello", WriteOptions::default()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct KoofrRemote {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    mount: MountCell,
    paths: PathMap,
    dirs: KnownDirs,
    /// Held while directories are made of which not even the parent is known.
    finding_out: tokio::sync::Mutex<()>,
    capabilities: Capabilities,
    /// For loops around several requests; the client paces each of them.
    retry: Retry,
    poll_interval: Duration,
}

/// Settings of a [`KoofrRemote`].
#[derive(Clone, Debug)]
pub struct KoofrRemoteBuilder {
    client: Client,
    mount: String,
    root: RemotePath,
    encoding: Encoding,
    keeps_times: bool,
    poll_interval: Duration,
}

/// How often the activity log is asked for changes unless
/// [`poll_interval`](KoofrRemoteBuilder::poll_interval) says otherwise; what a public watcher of the service uses.
pub const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(30);

impl KoofrRemoteBuilder {
    /// The storage: id or name of a mount; the primary one by default.
    #[must_use]
    pub fn mount(mut self, mount: impl Into<String>) -> Self {
        self.mount = mount.into();
        self
    }

    /// The folder that is the root of the remote; the root of the storage by default. It need not exist before something is written.
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

    /// Whether the storage keeps modification times; true by default. False for mounts that stand for Dropbox, for instance.
    #[must_use]
    pub fn keeps_times(mut self, keeps: bool) -> Self {
        self.keeps_times = keeps;
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
    pub fn build(self) -> KoofrRemote {
        let retry = Retry::new(self.client.retry().policy().clone(), Pacer::new());
        KoofrRemote {
            inner: Arc::new(Inner {
                mount: MountCell::new(self.mount),
                paths: PathMap::new(self.root, self.encoding),
                dirs: KnownDirs::default(),
                finding_out: tokio::sync::Mutex::new(()),
                capabilities: capabilities(self.keeps_times),
                retry,
                poll_interval: self.poll_interval,
                client: self.client,
            }),
        }
    }
}

fn capabilities(keeps_times: bool) -> Capabilities {
    let mut capabilities = Capabilities::minimal("koofr");
    capabilities.case = CaseRule::Insensitive;
    capabilities.hashes = &[HashAlgorithm::Md5];
    if keeps_times {
        capabilities.time_precision = Some(Duration::from_millis(1));
        capabilities.set_modified = Support::Emulated;
    }
    capabilities.list_recursive = Support::Native;
    capabilities.write_unknown_size = Support::Native;
    capabilities.create_new = Support::Native;
    capabilities.if_match = Support::Native;
    capabilities.copy_file = Support::Native;
    capabilities.copy_dir = Support::Native;
    capabilities.rename_file = Support::Native;
    capabilities.rename_dir = Support::Native;
    capabilities.replace_target = Support::Emulated;
    capabilities.remove_dir_is_atomic = true;
    capabilities.remove_dir_all = Support::Native;
    capabilities.usage = Support::Native;
    capabilities.public_link = Support::Native;
    capabilities.empty_trash = Support::Native;
    capabilities.changes = Support::Native;
    capabilities.removal = Removal::Trash;
    capabilities.versions = true;
    capabilities
}

impl KoofrRemote {
    /// Starts a remote on top of a client.
    #[must_use]
    pub fn builder(client: Client) -> KoofrRemoteBuilder {
        KoofrRemoteBuilder {
            client,
            mount: String::new(),
            root: RemotePath::root(),
            encoding: DEFAULT_ENCODING,
            keeps_times: true,
            poll_interval: DEFAULT_POLL_INTERVAL,
        }
    }

    /// The client, for everything the service offers beyond the contract.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// The id of the mount, for calls of the [`client`](Self::client). One request at the first use.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](remote_core::error::ErrorKind::InvalidInput) if the account has no such mount,
    /// [`StorageOffline`](remote_core::error::ErrorKind::StorageOffline) if it is not connected.
    pub async fn mount_id(&self) -> Result<&str> {
        self.inner.mount().await
    }

    /// The path on the mount, for calls of the [`client`](Self::client): below the root of the remote, names as they are stored.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](remote_core::error::ErrorKind::InvalidName) for a name that the encoding leaves unsafe.
    pub fn server_path(&self, path: &RemotePath) -> Result<String> {
        self.inner.paths.to_server(path)
    }

    /// The folder that is the root of the remote.
    #[must_use]
    pub fn root(&self) -> &RemotePath {
        self.inner.paths.root()
    }

    fn shared(&self) -> Arc<Inner> {
        Arc::clone(&self.inner)
    }
}

impl Inner {
    async fn mount(&self) -> Result<&str> {
        self.mount.id(&self.client).await
    }
}

/// Adds what only this layer knows.
fn at<'a>(operation: &'static str, path: &'a RemotePath) -> impl FnOnce(Error) -> Error + use<'a> {
    move |error| error.with_operation(operation).with_path(path)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Remote for KoofrRemote {
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

    async fn set_modified(&self, path: &RemotePath, modified: SystemTime) -> Result<Entry> {
        if !self.inner.capabilities.set_modified.is_available() {
            return Err(at("set_modified", path)(Error::unsupported(
                "setting times",
            )));
        }
        self.shared()
            .set_modified(path, modified)
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
        self.shared()
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
        self.shared()
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
        self.shared()
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
