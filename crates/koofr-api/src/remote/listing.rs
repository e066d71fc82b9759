//! Looking and listing.

use std::{collections::VecDeque, sync::Arc};

use futures::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use remote_core::{
    entry::Entry,
    error::{Error, ErrorKind, Result},
    operation::{ListOptions, incomplete},
    path::RemotePath,
};

use super::{Inner, entries, paths};
use crate::{
    api::recursive::{RecursiveLine, RecursiveListing},
    model::file::FileRef,
};

impl Inner {
    pub(super) async fn stat(&self, path: &RemotePath) -> Result<Entry> {
        let server = self.paths.to_server(path)?;
        let mount = self.mount().await?;
        let info = self.client.info(mount, &server).await?;
        if info.is_dir() {
            self.dirs.insert(&server);
        } else if let Some((parent, _)) = paths::split(&server) {
            self.dirs.insert(parent);
        }
        Ok(entries::entry(path.clone(), &info))
    }

    /// One request for all entries of a directory.
    pub(super) fn list(self: Arc<Self>, dir: RemotePath) -> BoxStream<'static, Result<Entry>> {
        stream::once(async move {
            let entries = self
                .list_now(&dir)
                .await
                .map_err(|error| error.with_operation("list").with_path(&dir))?;
            Ok::<_, Error>(stream::iter(entries.into_iter().map(Ok)))
        })
        .try_flatten()
        .boxed()
    }

    async fn list_now(&self, dir: &RemotePath) -> Result<Vec<Entry>> {
        let server = self.paths.to_server(dir)?;
        let mount = self.mount().await?;
        let bundle = self.client.bundle(mount, &server).await?;
        if !bundle.file.info.is_dir() {
            return Err(Error::with_message(
                ErrorKind::NotADirectory,
                "is a file, not a directory",
            ));
        }
        self.dirs.insert(&server);
        let mut entries = Vec::new();
        // Only a file comes without a list; taking its absence for an empty folder would lose files of whoever mirrors it.
        let files = bundle.files.ok_or_else(|| {
            Error::with_message(ErrorKind::Protocol, "the listing has no list of entries")
        })?;
        for file in files {
            let path = self.paths.child(dir, &file.info.name)?;
            if file.info.is_dir() {
                self.dirs.insert(&self.paths.to_server(&path)?);
            }
            entries.push(entries::entry(path, &file.info));
        }
        Ok(entries)
    }

    /// One request for the whole tree, entry by entry.
    pub(super) fn list_recursive(
        self: Arc<Self>,
        dir: RemotePath,
        options: &ListOptions,
    ) -> BoxStream<'static, Result<Entry>> {
        let keep_going = options.keep_going;
        let at = dir.clone();
        stream::once(async move {
            let server = self.paths.to_server(&dir)?;
            let mount = self.mount().await?;
            let listing = self.client.open_recursive(mount, &server).await?;
            self.dirs.insert(&server);
            Ok::<_, Error>(Walk::new(self, dir, server, keep_going).entries(listing))
        })
        .try_flatten()
        .map_err(move |error| error.with_operation("list_recursive").with_path(&at))
        .boxed()
    }
}

/// A recursive listing on its way.
struct Walk {
    inner: Arc<Inner>,
    /// The listed directory, and its path on the mount.
    dir: RemotePath,
    server: String,
    keep_going: bool,
    failed: u64,
    /// Parent of the last entry as the service wrote it, and its path: entries of one directory follow each other.
    parent: (String, RemotePath),
    /// Media type of the last file: mostly the next one has the same.
    content_type: Arc<str>,
    queue: VecDeque<Result<Entry>>,
}

impl Walk {
    fn new(inner: Arc<Inner>, dir: RemotePath, server: String, keep_going: bool) -> Self {
        let parent = (String::new(), dir.clone());
        Self {
            inner,
            dir,
            server,
            keep_going,
            failed: 0,
            parent,
            content_type: "".into(),
            queue: VecDeque::new(),
        }
    }

    fn entries(self, listing: RecursiveListing) -> BoxStream<'static, Result<Entry>> {
        stream::unfold(Some((self, listing)), |state| async move {
            let (mut walk, mut listing) = state?;
            let item = walk.next(&mut listing).await?;
            let go_on = walk.keep_going || item.is_ok();
            Some((item, go_on.then_some((walk, listing))))
        })
        .boxed()
    }

    async fn next(&mut self, listing: &mut RecursiveListing) -> Option<Result<Entry>> {
        while self.queue.is_empty() {
            match listing.next_batch(|line| self.take(line)).await {
                Ok(true) => {}
                Ok(false) => return self.end(),
                Err(error) => {
                    self.keep_going = false;
                    self.queue.push_back(Err(error));
                }
            }
        }
        // Behind a failure of the whole listing nothing is worth having, before it everything.
        self.queue.pop_front()
    }

    /// The last item of a listing that left something out is an error.
    fn end(&mut self) -> Option<Result<Entry>> {
        let failed = std::mem::take(&mut self.failed);
        (failed > 0).then(|| Err(incomplete(failed)))
    }

    fn take(&mut self, line: RecursiveLine<'_>) {
        let item = match line {
            // Left out like a directory that failed.
            RecursiveLine::Entry { path, file } => self
                .entry(&path, &file)
                .inspect_err(|_error| self.failed += 1),
            RecursiveLine::Failed { path, error } => {
                self.failed += 1;
                Err(match self.inner.paths.below(&self.dir, &path) {
                    Ok(dir) => error.with_path(&dir),
                    Err(_) => error,
                })
            }
        };
        self.queue.push_back(item);
    }

    fn entry(&mut self, path: &str, file: &FileRef<'_>) -> Result<Entry> {
        let Some((parent, name)) = path.rsplit_once('/') else {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "an entry of the listing has no path",
            ));
        };
        if self.parent.0 != parent {
            self.parent = (
                parent.to_owned(),
                self.inner.paths.below(&self.dir, parent)?,
            );
        }
        if file.is_dir() {
            self.inner
                .dirs
                .insert(&format!("{}{path}", self.server.trim_end_matches('/')));
        }
        let path = self.inner.paths.child(&self.parent.1, name)?;
        let entry = entries::entry_of_line(path, file, &self.content_type);
        if let Some(content_type) = &entry.content_type {
            self.content_type = Arc::clone(content_type);
        }
        Ok(entry)
    }
}
