//! Bringing back: files and trees from the trash, older contents of files.
//!
//! The service has no command for it. A file comes back by announcing the very content and times it had; a tree by doing so for each file in it that went into the
//! trash together with it.

use std::collections::HashSet;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream, stream::BoxStream};
use remote_core::{
    download::Download,
    entry::Entry,
    error::{Effect, Error, ErrorKind, Result},
    path::RemotePath,
    stored::fold,
};

use super::{Inner, entries, looking::not_found};
use crate::{
    api::{download::GetOptions, files::ContentTimes, listing::ListedFolder},
    location::Location,
    model::{
        file::{Deleted, FileInfo, Revision},
        folder::FolderInfo,
        item::{Item, unexpected},
    },
};

/// How many files of a tree are brought back at the same time.
const PARALLEL_RESTORES: usize = 8;

/// What was brought back.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Restored {
    /// Files.
    pub files: u64,
    /// Folders.
    pub folders: u64,
}

impl Inner {
    pub(super) async fn restore(&self, place: &Location) -> Result<Restored> {
        place.check_writable()?;
        let item = self.item_if_exists(place).await?.ok_or_else(not_found)?;
        self.seen.forget(place.path());
        match item {
            Item::File(file) if file.is_deleted() => {
                self.restore_file(place, &file).await?;
                Ok(Restored {
                    files: 1,
                    folders: 0,
                })
            }
            Item::Folder(folder) => {
                let deleted = match folder.deleted {
                    Some(deleted) => Some(deleted),
                    // It was brought back, perhaps not to the end.
                    None => self.last_deletion_below(place).await?,
                };
                let stamp = deleted.ok_or_else(not_in_trash)?.stamp;
                self.restore_tree(place, &stamp).await
            }
            Item::File(_) | Item::MountPoint(_) => Err(not_in_trash()),
            other => Err(unexpected(other.noun())),
        }
    }

    /// When something below a folder went into the trash last.
    async fn last_deletion_below(&self, place: &Location) -> Result<Option<Deleted>> {
        let mut listing = self.client.list_folders(place);
        let mut last: Option<Deleted> = None;
        while let Some(ListedFolder { folder }) = listing.try_next().await? {
            let files = folder.files.into_iter().filter_map(|file| file.deleted);
            for deleted in folder.deleted.into_iter().chain(files) {
                if last.as_ref().is_none_or(|last| last.time < deleted.time) {
                    last = Some(deleted);
                }
            }
        }
        Ok(last)
    }

    async fn restore_file(&self, place: &Location, file: &FileInfo) -> Result<()> {
        let content = file.content().ok_or_else(not_found)?;
        let times = times_of(content)?;
        self.touch(place, &times).await.map(|_file| ())
    }

    /// Folder by folder. A folder that was trashed on its own before stays there, and so does a file.
    async fn restore_tree(&self, top: &Location, stamp: &str) -> Result<Restored> {
        let mut restored = Restored::default();
        let mut waiting = vec![top.clone()];
        while let Some(place) = waiting.pop() {
            let Some(Item::Folder(folder)) = self.item_if_exists(&place).await? else {
                continue;
            };
            // Also for folders that hold no file.
            if folder.is_deleted() {
                self.client.create_folder(&place).await?;
                restored.folders += 1;
            }
            let (files, folders) = coming_back(folder, stamp);
            restored.files += files.len() as u64;
            let place = &place;
            stream::iter(files)
                .map(|file| async move { self.restore_file(&place.below(&file.name), &file).await })
                .buffer_unordered(PARALLEL_RESTORES)
                .try_for_each(|()| async { Ok(()) })
                .await
                .map_err(|error| {
                    error
                        .with_effect(Effect::Unknown)
                        .with_help("a part of the folder is back; restore it again to go on")
                })?;
            waiting.extend(folders.iter().map(|name| place.below(name)));
        }
        Ok(restored)
    }

    /// All contents of a file that can be read, the present one first.
    pub(super) async fn revisions(&self, path: &RemotePath) -> Result<Vec<Revision>> {
        let place = self.place(path)?;
        let (file, _) = self.look_at_file(&place).await?;
        let current = file.current.into_iter();
        Ok(current
            .chain(file.revisions)
            .filter(Revision::is_completed)
            .collect())
    }

    async fn revision(&self, place: &Location, number: u64) -> Result<(FileInfo, Revision)> {
        let (file, _) = self.look_at_file(place).await?;
        let all = file.current.iter().chain(&file.revisions);
        let found = all
            .filter(|revision| revision.is_completed())
            .find(|revision| revision.number == Some(number))
            .cloned();
        let revision = found.ok_or_else(|| {
            Error::with_message(
                ErrorKind::NotFound,
                format!("the file has no revision {number} that can be read"),
            )
        })?;
        Ok((*file, revision))
    }

    /// An older content. Whether the service heeds the number is not certain, so the hash decides at the end.
    pub(super) async fn read_revision(&self, path: &RemotePath, number: u64) -> Result<Download> {
        let place = self.place(path)?;
        let (file, revision) = self.revision(&place, number).await?;
        let options = GetOptions::default().with_revision(number);
        let download = self.client.get(&place, &options).await?;
        if revision.size.is_some() && download.total.is_some() && download.total != revision.size {
            return Err(Error::with_message(
                ErrorKind::Unsupported,
                "the service sends another revision than the one that was asked for",
            ));
        }
        let body: BoxStream<'static, Result<Bytes>> = download.body;
        Ok(Download::new(
            entries::entry(path.clone(), &file, &revision),
            None,
            body,
        ))
    }

    /// Makes an older content the present one, without sending it: the service has it.
    pub(super) async fn restore_revision(&self, path: &RemotePath, number: u64) -> Result<Entry> {
        let place = self.place(path)?;
        place.check_writable()?;
        let (_, revision) = self.revision(&place, number).await?;
        let file = self.touch(&place, &times_of(&revision)?).await?;
        let content = file.content().cloned().unwrap_or(revision);
        let entry = entries::entry(path.clone(), &file, &content);
        self.seen.insert_file(place.path(), &entry);
        Ok(entry)
    }
}

/// What of a folder comes back: the files that went into the trash at a moment, and the names of the folders that did or that are there, since they may hold more.
/// A name that something else has by now is left to that.
fn coming_back(folder: FolderInfo, stamp: &str) -> (Vec<FileInfo>, Vec<String>) {
    let live_folders = folder.folders.iter().filter(|folder| !folder.is_deleted());
    let live_folders: HashSet<String> = live_folders.map(|folder| fold(&folder.name)).collect();
    let live_files = folder.files.iter().filter(|file| !file.is_deleted());
    let live_files: HashSet<String> = live_files.map(|file| fold(&file.name)).collect();
    let went_along = |deleted: &Option<Deleted>, name: &str| {
        let name = fold(name);
        let is_taken = live_folders.contains(&name) || live_files.contains(&name);
        !is_taken
            && deleted
                .as_ref()
                .is_some_and(|deleted| deleted.stamp == stamp)
    };
    let files = folder.files.into_iter();
    let files =
        files.filter(|file| file.content().is_some() && went_along(&file.deleted, &file.name));
    let folders = folder.folders.into_iter();
    let folders =
        folders.filter(|folder| !folder.is_deleted() || went_along(&folder.deleted, &folder.name));
    (files.collect(), folders.map(|folder| folder.name).collect())
}

fn not_in_trash() -> Error {
    Error::with_message(ErrorKind::PreconditionFailed, "it is not in the trash")
}

fn times_of(content: &Revision) -> Result<ContentTimes> {
    let (Some(bytes), Some(md5), Some(modified)) = (content.size, content.md5, content.modified)
    else {
        return Err(Error::with_message(
            ErrorKind::Protocol,
            "the service does not tell size, hash and time of the content, without which it cannot be brought back",
        ));
    };
    let created = content.created.unwrap_or(modified);
    Ok(ContentTimes::new(bytes, md5, modified).with_created(created))
}
