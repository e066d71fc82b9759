//! Bringing back: files and trees from the trash, older contents of files.
//!
//! The service has no command for it. A file comes back by announcing the very content and times it had; a tree by doing so for each file in it that went into the
//! trash together with it.

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream, stream::BoxStream};
use remote_core::{
    download::Download,
    entry::Entry,
    error::{Effect, Error, ErrorKind, Result},
    path::RemotePath,
};

use super::{Inner, entries, looking::not_found};
use crate::{
    api::{download::GetOptions, files::ContentTimes},
    location::Location,
    model::{
        file::{FileInfo, Revision},
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
        if !item.is_deleted() {
            return Err(Error::with_message(
                ErrorKind::PreconditionFailed,
                "it is not in the trash",
            ));
        }
        self.seen.forget(place.path());
        match item {
            Item::File(file) => {
                self.restore_file(place, &file).await?;
                Ok(Restored {
                    files: 1,
                    folders: 0,
                })
            }
            Item::Folder(folder) => {
                let stamp = folder
                    .deleted
                    .map(|deleted| deleted.stamp)
                    .unwrap_or_default();
                self.restore_tree(place, &stamp).await
            }
            other => Err(unexpected(other.noun())),
        }
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
            // Also for folders that hold no file; one that is live already stays as it is.
            self.client.create_folder(&place).await?;
            restored.folders += 1;
            let went_along = |deleted: &Option<crate::model::file::Deleted>| {
                deleted
                    .as_ref()
                    .is_some_and(|deleted| deleted.stamp == stamp)
            };
            let files: Vec<FileInfo> = folder
                .files
                .into_iter()
                .filter(|file| went_along(&file.deleted) && file.content().is_some())
                .collect();
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
            let folders = folder.folders.into_iter();
            waiting.extend(
                folders
                    .filter(|folder| went_along(&folder.deleted))
                    .map(|folder| place.below(&folder.name)),
            );
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
