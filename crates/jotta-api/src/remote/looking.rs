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

use super::{Inner, entries};
use crate::{
    location::Location,
    model::{
        file::{FileInfo, Revision},
        folder::FolderInfo,
        item::{Item, unexpected},
    },
};

/// What a look found that counts for this remote.
#[derive(Debug)]
pub(super) enum Found {
    /// A directory with what is in it, whatever its state is.
    Dir {
        folders: Vec<FolderInfo>,
        files: Vec<FileInfo>,
    },
    /// A file with its content.
    File(Box<FileInfo>, Revision),
}

impl Inner {
    /// What is at a place, tombstones and unfinished uploads included.
    pub(super) async fn item_if_exists(&self, place: &Location) -> Result<Option<Item>> {
        match self.client.item(place).await {
            Ok(item) => Ok(Some(item)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What is at a place as far as this remote shows it.
    pub(super) async fn look(&self, place: &Location) -> Result<Option<Found>> {
        let Some(item) = self.item_if_exists(place).await? else {
            return Ok(None);
        };
        self.visible(item)
    }

    /// What of an item this remote shows.
    pub(super) fn visible(&self, item: Item) -> Result<Option<Found>> {
        if let Item::File(file) = item {
            let content = file.content().cloned();
            return Ok(content
                .filter(|_| self.shows_file(&file))
                .map(|content| Found::File(Box::new(file), content)));
        }
        let is_shown = !item.is_deleted() || self.trashed_only;
        let found = match item {
            Item::Folder(folder) => Found::Dir {
                folders: folder.folders,
                files: folder.files,
            },
            Item::MountPoint(mount_point) => Found::Dir {
                folders: mount_point.folders,
                files: mount_point.files,
            },
            other => return Err(unexpected(other.noun())),
        };
        Ok(Some(found).filter(|_| is_shown))
    }

    /// A file counts if it has a content and is, or is not, in the trash, as the remote was set up.
    pub(super) fn shows_file(&self, file: &FileInfo) -> bool {
        file.content().is_some() && file.is_deleted() == self.trashed_only
    }

    pub(super) fn shows_folder(&self, folder: &FolderInfo) -> bool {
        !folder.is_deleted() || self.trashed_only
    }

    pub(super) async fn stat(&self, path: &RemotePath) -> Result<Entry> {
        let place = self.place(path)?;
        match self.look(&place).await? {
            Some(Found::Dir { .. }) => {
                self.seen.insert_dir(place.path());
                Ok(Entry::directory(path.clone()))
            }
            Some(Found::File(file, content)) => {
                let entry = entries::entry(path.clone(), &file, &content);
                self.seen.insert_file(place.path(), &entry);
                Ok(entry)
            }
            None => {
                self.seen.insert_nothing(place.path());
                Err(not_found())
            }
        }
    }

    /// A file for reading or changing: what it is, and its content.
    pub(super) async fn look_at_file(&self, place: &Location) -> Result<(Box<FileInfo>, Revision)> {
        match self.look(place).await? {
            Some(Found::File(file, content)) => Ok((file, content)),
            Some(Found::Dir { .. }) => Err(is_a_directory()),
            None => Err(not_found()),
        }
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
        let place = self.place(dir)?;
        let (folders, files) = match self.look(&place).await? {
            Some(Found::Dir { folders, files }) => (folders, files),
            Some(Found::File(..)) => return Err(not_a_directory()),
            None => return Err(not_found()),
        };
        self.seen.insert_dir(place.path());
        let mut entries = Vec::new();
        for folder in folders.iter().filter(|folder| self.shows_folder(folder)) {
            let path = self.paths.child(dir, &folder.name)?;
            self.seen.insert_dir(place.below(&folder.name).path());
            entries.push(Entry::directory(path).with_modified(folder.modified));
        }
        for file in files.iter().filter(|file| self.shows_file(file)) {
            let Some(content) = file.content() else {
                continue;
            };
            let path = self.paths.child(dir, &file.name)?;
            let entry = entries::entry(path, file, content);
            self.seen
                .insert_file(place.below(&file.name).path(), &entry);
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Directory by directory, for what the streamed listing does not tell.
    pub(super) fn walk(
        self: Arc<Self>,
        dir: RemotePath,
        options: &ListOptions,
    ) -> BoxStream<'static, Result<Entry>> {
        let walk = DirWalk {
            inner: self,
            keep_going: options.keep_going,
            waiting: vec![dir],
            queue: VecDeque::new(),
            failed: 0,
        };
        stream::unfold(Some(walk), |walk| async move {
            let mut walk = walk?;
            match walk.next().await? {
                Ok(entry) => Some((Ok(entry), Some(walk))),
                Err(error) => {
                    let goes_on = walk.keep_going;
                    Some((Err(error), goes_on.then_some(walk)))
                }
            }
        })
        .map_err(|error| error.with_operation("list_recursive"))
        .boxed()
    }
}

/// A recursive listing made of single ones; holds one directory and the names of those that wait.
struct DirWalk {
    inner: Arc<Inner>,
    keep_going: bool,
    waiting: Vec<RemotePath>,
    queue: VecDeque<Entry>,
    failed: u64,
}

impl DirWalk {
    async fn next(&mut self) -> Option<Result<Entry>> {
        loop {
            if let Some(entry) = self.queue.pop_front() {
                return Some(Ok(entry));
            }
            let Some(dir) = self.waiting.pop() else {
                let failed = std::mem::take(&mut self.failed);
                return (failed > 0).then(|| Err(incomplete(failed)));
            };
            match self.inner.list_now(&dir).await {
                Ok(entries) => {
                    let dirs = entries.iter().filter(|entry| entry.is_directory());
                    self.waiting.extend(dirs.map(|entry| entry.path.clone()));
                    self.queue.extend(entries);
                }
                Err(error) => {
                    self.failed += 1;
                    return Some(Err(error.with_path(&dir)));
                }
            }
        }
    }
}

pub(super) fn not_found() -> Error {
    Error::with_message(ErrorKind::NotFound, "no such file or directory")
}

pub(super) fn is_a_directory() -> Error {
    Error::with_message(ErrorKind::IsADirectory, "is a directory, not a file")
}

pub(super) fn not_a_directory() -> Error {
    Error::with_message(ErrorKind::NotADirectory, "is a file, not a directory")
}
