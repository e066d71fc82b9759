//! Times and what else is known of a file.

use std::time::SystemTime;

use remote_core::{
    entry::Entry,
    error::{Effect, Error, ErrorKind, Result},
    path::RemotePath,
    settle::settled,
};

use super::{Inner, entries, reading::changed, ticket::storable};
use crate::{api::files::ContentTimes, location::Location, model::file::FileInfo};

/// What is known of a file beyond its content; rclone calls it metadata.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileMetadata {
    /// Creation time (`btime`), which can be set.
    pub created: Option<SystemTime>,
    /// Modification time (`mtime`), which can be set.
    pub modified: Option<SystemTime>,
    /// When this content was uploaded (`utime`).
    pub uploaded: Option<SystemTime>,
    /// Media type (`content-type`), which the service derives from the name.
    pub content_type: Option<String>,
}

impl Inner {
    pub(super) async fn metadata(&self, path: &RemotePath) -> Result<FileMetadata> {
        let (_, content) = self.look_at_file(&self.place(path)?).await?;
        Ok(FileMetadata {
            created: content.created,
            modified: content.modified,
            uploaded: content.updated,
            content_type: content.mime,
        })
    }

    /// A look, and the new times together with the content that was seen, so that nothing else is changed. Creation time stays unless given.
    pub(super) async fn set_times(
        &self,
        path: &RemotePath,
        modified: Option<SystemTime>,
        created: Option<SystemTime>,
    ) -> Result<Entry> {
        let place = self.place(path)?;
        place.check_writable()?;
        if self.trashed_only {
            return Err(Error::unsupported(
                "setting times of a file in the trash, which would bring it back",
            )
            .with_help("restore the file first"));
        }
        let (_, content) = self.look_at_file(&place).await.map_err(|error| {
            if error.kind() == ErrorKind::IsADirectory {
                return Error::with_message(error.kind(), "times of directories cannot be set");
            }
            error
        })?;
        let (Some(bytes), Some(md5)) = (content.size, content.md5) else {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the service tells no hash of the file, without which its times cannot be set",
            ));
        };
        let now = SystemTime::now();
        let modified = storable(modified.or(content.modified).unwrap_or(now));
        let created = created
            .map(storable)
            .or(content.created)
            .unwrap_or(modified);
        let times = ContentTimes::new(bytes, md5, modified).with_created(created);
        let file = self.touch(&place, &times).await.map_err(|error| {
            // The content was there a moment ago: somebody has changed it.
            if error.is_not_found() {
                changed().with_source(error)
            } else {
                error
            }
        })?;
        let content = file.content().cloned().unwrap_or(content);
        if content.modified != Some(modified) {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the service has stored another time than was asked for",
            )
            .with_effect(Effect::Made));
        }
        let entry = entries::entry(path.clone(), &file, &content);
        self.seen.insert_file(place.path(), &entry);
        Ok(entry)
    }

    /// Gives a file a content that the service has, looked into when the answer is lost. The answer must describe exactly that.
    pub(super) async fn touch(&self, place: &Location, times: &ContentTimes) -> Result<FileInfo> {
        let fits = |file: &FileInfo| {
            let content = file.content();
            !file.is_deleted()
                && content.is_some_and(|content| {
                    content.md5 == Some(times.md5) && content.size == Some(times.bytes)
                })
        };
        let has_times = |file: &FileInfo| {
            file.content()
                .is_some_and(|content| content.modified == Some(times.modified))
        };
        let make = |_attempt| async move {
            let file = self.client.touch_once(place, times).await?;
            if fits(&file) {
                return Ok(file);
            }
            // The answer may tell less than there is.
            let file = self
                .client
                .file(place)
                .await
                .map_err(|error| error.with_effect(Effect::Made))?;
            if fits(&file) {
                return Ok(file);
            }
            Err(Error::with_message(
                ErrorKind::Protocol,
                "the service has not put the content into place",
            ))
        };
        let look = || async {
            match self.client.file(place).await {
                Ok(file) => Ok(Some(file).filter(|file| fits(file) && has_times(file))),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        };
        settled(&self.retry, make, look).await
    }
}
