//! The contract on top of the tree.

use std::{
    sync::{Arc, atomic::Ordering},
    time::SystemTime,
};

use async_trait::async_trait;
use futures::stream::BoxStream;

use super::{
    MemoryRemote,
    tree::{Node, Tree},
};
use crate::{
    capabilities::Capabilities,
    download::Download,
    entry::{Entry, Tag, TagParts},
    error::{Error, ErrorKind, Result},
    operation::{
        Change, ChangeCursor, CopyOptions, LinkOptions, ListOptions, PublicLink, ReadOptions,
        RemoveOutcome, RenameOptions, Usage, WriteOptions,
    },
    path::RemotePath,
    remote::Remote,
    source::UploadSource,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Remote for MemoryRemote {
    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    fn request_count(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    async fn stat(&self, path: &RemotePath) -> Result<Entry> {
        self.count_request();
        in_context("stat", path, self.look(&self.tree(), path))
    }

    /// The entries are sorted by name, and their paths begin with `dir` as it is spelled here.
    fn list(&self, dir: &RemotePath, _options: ListOptions) -> BoxStream<'static, Result<Entry>> {
        self.listing(dir, false)
    }

    fn list_recursive(
        &self,
        dir: &RemotePath,
        _options: ListOptions,
    ) -> BoxStream<'static, Result<Entry>> {
        self.listing(dir, true)
    }

    async fn read(&self, path: &RemotePath, options: ReadOptions) -> Result<Download> {
        self.count_request();
        in_context("read", path, self.start_read(path, options))
    }

    /// The content appears when all of it has been read from the source; dropping the future before that leaves everything as it was.
    async fn write(
        &self,
        path: &RemotePath,
        source: Arc<dyn UploadSource>,
        options: WriteOptions,
    ) -> Result<Entry> {
        self.count_request();
        in_context("write", path, self.store(path, &*source, options).await)
    }

    async fn set_modified(&self, path: &RemotePath, modified: SystemTime) -> Result<Entry> {
        self.count_request();
        if !self.0.capabilities.set_modified.is_available() {
            let error = Error::unsupported("setting modification times");
            return in_context("set_modified", path, Err(error));
        }
        let modified = self.stored_time(modified);
        let result = self.change(|tree| {
            tree.set_modified(path, modified)?;
            self.look(tree, path)
        });
        in_context("set_modified", path, result)
    }

    async fn create_dir(&self, path: &RemotePath) -> Result<()> {
        self.count_request();
        in_context(
            "create_dir",
            path,
            self.change(|tree| tree.create_dir(path)),
        )
    }

    async fn remove_file(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        self.count_request();
        in_context(
            "remove_file",
            path,
            self.change(|tree| tree.remove_file(path)),
        )
    }

    async fn remove_dir(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        self.count_request();
        in_context(
            "remove_dir",
            path,
            self.change(|tree| tree.remove_dir(path)),
        )
    }

    /// Of the root the entries are removed.
    async fn remove_dir_all(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        self.count_request();
        in_context(
            "remove_dir_all",
            path,
            self.change(|tree| tree.remove_dir_all(path)),
        )
    }

    async fn copy(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        options: CopyOptions,
    ) -> Result<Entry> {
        self.count_request();
        let settable = self.0.capabilities.time_precision.is_some();
        let modified = options.modified.filter(|_time| settable);
        let modified = modified.map(|time| self.stored_time(time));
        let result = self.change(|tree| {
            tree.copy(from, to, options.target, modified)?;
            self.look(tree, to)
        });
        in_context("copy", from, result)
    }

    async fn rename(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        options: RenameOptions,
    ) -> Result<Entry> {
        self.count_request();
        let result = self.change(|tree| {
            tree.rename(from, to, options.target)?;
            self.look(tree, to)
        });
        in_context("rename", from, result)
    }

    async fn usage(&self) -> Result<Usage> {
        self.count_request();
        let tree = self.tree();
        let used = tree.used_bytes();
        let total = tree.capacity_bytes();
        Ok(Usage {
            total,
            used: Some(used),
            free: total.map(|total| total.saturating_sub(used)),
            trashed: None,
        })
    }

    /// The address has the scheme `memory` and leads nowhere.
    async fn public_link(&self, path: &RemotePath, options: LinkOptions) -> Result<PublicLink> {
        self.count_request();
        in_context("public_link", path, self.link(path, &options))
    }

    async fn empty_trash(&self) -> Result<()> {
        Err(Error::unsupported("a trash").with_operation("empty_trash"))
    }

    /// Begins with a checkpoint, unless there are changes since the cursor. Those who fall too far behind are told to look at everything again.
    fn changes(&self, since: Option<ChangeCursor>) -> BoxStream<'static, Result<Change>> {
        self.count_request();
        self.follow(since.as_ref())
    }
}

impl MemoryRemote {
    /// Changes the tree under its lock and wakes those who follow changes.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Tree) -> Result<T>) -> Result<T> {
        let mut tree = self.tree();
        let result = change(&mut tree);
        let newest = tree.log.newest();
        drop(tree);
        self.announce_changes(newest);
        result
    }

    pub(super) fn look(&self, tree: &Tree, path: &RemotePath) -> Result<Entry> {
        if path.is_root() {
            return Ok(Entry::directory(RemotePath::root()));
        }
        let node = tree.get(path).ok_or(ErrorKind::NotFound)?;
        let dir = path.parent().unwrap_or_default();
        Ok(self.entry(dir.join(&node.name)?, node))
    }

    pub(super) fn entry(&self, path: RemotePath, node: &Node) -> Entry {
        let Some(file) = &node.file else {
            let mut entry = Entry::directory(path);
            entry.id = Some(node.id.to_string().into());
            return entry;
        };
        let size = file.content.len() as u64;
        let hashes = !self.0.capabilities.hashes.is_empty();
        let tag = Tag::new(if hashes {
            TagParts::Hash(file.hash, size)
        } else {
            TagParts::Text(file.revision.to_string().into())
        });
        let mut entry = Entry::file(path, size)
            .with_modified(Some(file.modified))
            .with_hash(Some(file.hash).filter(|_hash| hashes))
            .with_tag(Some(tag));
        entry.created = Some(file.created);
        entry.content_type.clone_from(&file.content_type);
        entry.id = Some(node.id.to_string().into());
        entry
    }

    fn link(&self, path: &RemotePath, options: &LinkOptions) -> Result<PublicLink> {
        if options.password.is_some() {
            return Err(Error::unsupported("a link with a password"));
        }
        let id = self.look(&self.tree(), path)?.id;
        let url = format!("memory:link/{}", id.as_deref().unwrap_or("root"));
        let expires = options
            .expires_in
            .and_then(|time| self.now().checked_add(time));
        Ok(PublicLink::new(url).with_expires(expires))
    }
}

fn in_context<T>(operation: &'static str, path: &RemotePath, result: Result<T>) -> Result<T> {
    result.map_err(|error| error.with_operation(operation).with_path(path))
}
