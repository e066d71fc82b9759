//! Removing: into the trash, or for good where the remote was set up so.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use remote_core::{
    error::{Effect, Error, ErrorKind, Result, RetryAdvice},
    operation::RemoveOutcome,
    path::RemotePath,
    settle::settled,
};

use super::{
    Inner,
    looking::{Found, is_a_directory, not_a_directory},
};
use crate::{
    location::Location,
    model::{file::FileInfo, folder::FolderInfo, item::Item},
};

/// How temporary names begin.
pub(super) const TEMPORARY: &str = ".remote-tmp-";

/// How far apart two moments of the service may seem that are the same: each is told in whole seconds.
const CLOCK_GRAIN: Duration = Duration::from_secs(2);

/// How many entries of the root are removed at the same time.
const PARALLEL_REMOVALS: usize = 8;

/// What is removed: the commands differ.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Dir,
    File,
}

impl Inner {
    /// A look, then the removal: what is missing is told from what was there, and a folder from a file.
    pub(super) async fn remove_file(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        let place = self.place(path)?;
        place.check_writable()?;
        match self.look(&place).await? {
            None => Ok(RemoveOutcome::Missing),
            Some(Found::Dir { .. }) => Err(is_a_directory()),
            Some(Found::File(..)) => self.remove(&place, Kind::File).await,
        }
    }

    /// A look at what is in it, then the removal.
    pub(super) async fn remove_dir(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        let place = self.place(path)?;
        place.check_writable()?;
        if path.is_root() {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "the root of a remote cannot be removed",
            ));
        }
        match self.look(&place).await? {
            None => Ok(RemoveOutcome::Missing),
            Some(Found::File(..)) => Err(not_a_directory()),
            Some(Found::Dir { folders, files }) => {
                // An upload that has not succeeded is no file yet. What is shown of the trash counts like what is not in it.
                let holds_file = |file: &FileInfo| file.is_live() || self.shows_file(file);
                if folders.iter().any(|folder| self.shows_folder(folder))
                    || files.iter().any(holds_file)
                {
                    return Err(Error::new(ErrorKind::DirectoryNotEmpty));
                }
                self.remove(&place, Kind::Dir).await
            }
        }
    }

    /// One request for a directory that was seen, and for one that is new to this remote and goes into the trash. What is removed for good is looked at
    /// before: what the service does to a file then is not known for certain.
    pub(super) async fn remove_dir_all(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        let place = self.place(path)?;
        place.check_writable()?;
        if self.trashed_only {
            return self.purge_shown(place).await;
        }
        if place.is_mount_point() {
            return self.remove_all_entries(&place).await;
        }
        if !self.seen.is_dir(place.path()) {
            return match !self.hard_delete && self.seen.is_new(place.path()) {
                true => self.trash_new_dir(&place).await,
                false => self.remove_seen_dir(&place).await,
            };
        }
        match self.remove(&place, Kind::Dir).await? {
            RemoveOutcome::Removed => Ok(RemoveOutcome::Removed),
            // Somebody else has removed it, or a file has taken its place.
            RemoveOutcome::Missing => self.remove_seen_dir(&place).await,
        }
    }

    async fn remove_seen_dir(&self, place: &Location) -> Result<RemoveOutcome> {
        match self.look(place).await? {
            None => Ok(RemoveOutcome::Missing),
            Some(Found::File(..)) => Err(not_a_directory()),
            Some(Found::Dir { .. }) => self.remove(place, Kind::Dir).await,
        }
    }

    /// Puts a directory of which nothing is known into the trash. The answer describes it; where it does not, it is looked at.
    async fn trash_new_dir(&self, place: &Location) -> Result<RemoveOutcome> {
        let begun = Instant::now();
        let item = match self.client.trash_folder(place).await {
            Ok(Some(Item::Folder(folder))) if folder.is_deleted() => Some(Item::Folder(folder)),
            Ok(Some(Item::File(_))) => return Err(a_file_was_there()),
            Ok(_) => self.item_if_exists(place).await?,
            // Nothing is there, or a file.
            Err(error) if error.is_not_found() => return self.remove_seen_dir(place).await,
            Err(error) if error.effect() == Effect::NotMade => {
                return match error.retry_advice() {
                    RetryAdvice::Never => Err(error),
                    _ => self.remove_seen_dir(place).await,
                };
            }
            // The answer was lost.
            Err(error) => match self.item_if_exists(place).await {
                Ok(item) => item,
                Err(_unknown) => return Err(error),
            },
        };
        match item {
            Some(Item::Folder(folder)) if folder.is_deleted() => {
                self.seen.insert_nothing(place.path());
                Ok(match was_trashed_since(&folder, begun.elapsed()) {
                    true => RemoveOutcome::Removed,
                    false => RemoveOutcome::Missing,
                })
            }
            Some(item) => match self.visible(item)? {
                None => Ok(RemoveOutcome::Missing),
                Some(Found::File(..)) => Err(not_a_directory()),
                Some(Found::Dir { .. }) => self.remove(place, Kind::Dir).await,
            },
            None => Ok(RemoveOutcome::Missing),
        }
    }

    /// A mount point itself is not removed, only what is in it.
    async fn remove_all_entries(&self, place: &Location) -> Result<RemoveOutcome> {
        let Some(Found::Dir { folders, files }) = self.look(place).await? else {
            return Ok(RemoveOutcome::Missing);
        };
        let folders = folders.into_iter().filter(|folder| !folder.is_deleted());
        let files = files.into_iter().filter(|file| file.is_live());
        let entries: Vec<(String, Kind)> = folders
            .map(|folder| (folder.name, Kind::Dir))
            .chain(files.map(|file| (file.name, Kind::File)))
            .collect();
        stream::iter(entries)
            .map(|(name, kind)| async move { self.remove(&place.below(&name), kind).await })
            .buffer_unordered(PARALLEL_REMOVALS)
            .try_for_each(|_outcome| async { Ok(()) })
            .await?;
        Ok(RemoveOutcome::Removed)
    }

    /// Removes what is there. An answer that was lost is looked into, since a second removal for good could hit what somebody else has put there.
    pub(super) async fn remove(&self, place: &Location, kind: Kind) -> Result<RemoveOutcome> {
        self.check_removable()?;
        let make = |_attempt| async move {
            let (client, for_good) = (&self.client, self.hard_delete);
            match (kind, for_good) {
                (Kind::Dir, false) => client.trash_folder(place).await.map(drop),
                (Kind::Dir, true) => client.remove_folder(place).await,
                (Kind::File, false) => client.trash_file(place).await.map(drop),
                (Kind::File, true) => client.remove_file(place).await,
            }
        };
        let look = || async { Ok(self.look(place).await?.is_none().then_some(())) };
        let removed = settled(&self.retry, make, look).await;
        match (&removed, kind) {
            (Ok(()), Kind::Dir) => self.seen.insert_nothing(place.path()),
            _ => self.seen.forget(place.path()),
        }
        match removed {
            Ok(()) => Ok(RemoveOutcome::Removed),
            Err(error) if error.is_not_found() => Ok(RemoveOutcome::Missing),
            Err(error) => Err(error),
        }
    }

    fn check_removable(&self) -> Result<()> {
        if self.trashed_only && !self.hard_delete {
            return Err(
                Error::unsupported("putting into the trash what is in it already")
                    .with_help("set hard_delete to remove things from the trash for good"),
            );
        }
        Ok(())
    }

    /// Removes for good what a remote of the trash shows below a directory, and nothing else: folders that are not in the trash stay, with all that is not.
    async fn purge_shown(&self, top: Location) -> Result<RemoveOutcome> {
        self.check_removable()?;
        let mut outcome = RemoveOutcome::Missing;
        let mut waiting = vec![top.clone()];
        while let Some(place) = waiting.pop() {
            let (folders, files) = match self.item_if_exists(&place).await? {
                Some(Item::Folder(folder)) if folder.is_deleted() => {
                    self.purge_trashed(&place).await?;
                    outcome = RemoveOutcome::Removed;
                    continue;
                }
                Some(Item::Folder(folder)) => (folder.folders, folder.files),
                Some(Item::MountPoint(mount_point)) => (mount_point.folders, mount_point.files),
                Some(Item::File(file)) if place == top && self.shows_file(&file) => {
                    return Err(not_a_directory());
                }
                _ => continue,
            };
            outcome = RemoveOutcome::Removed;
            let (trashed, live): (Vec<_>, Vec<_>) =
                folders.iter().partition(|folder| folder.is_deleted());
            waiting.extend(live.iter().map(|folder| place.below(&folder.name)));
            let files = files.iter().filter(|file| self.shows_file(file));
            let names = files.map(|file| &file.name);
            let names = names.chain(trashed.iter().map(|folder| &folder.name));
            let trashed: Vec<Location> = names.map(|name| place.below(name)).collect();
            // Each is looked at once more: something else may have its name by now.
            stream::iter(trashed)
                .map(|place| async move { self.purge_trashed(&place).await })
                .buffer_unordered(PARALLEL_REMOVALS)
                .try_for_each(|_outcome| async { Ok(()) })
                .await?;
        }
        Ok(outcome)
    }

    /// Removes a file for good, in the trash or not. What is not there is success.
    pub(super) async fn remove_for_good(&self, place: &Location) -> Result<()> {
        let make = |_attempt| self.client.remove_file(place);
        let look = || async { Ok(self.item_if_exists(place).await?.is_none().then_some(())) };
        let removed = settled(&self.retry, make, look).await;
        self.seen.forget(place.path());
        match removed {
            Err(error) if error.is_not_found() => Ok(()),
            other => other,
        }
    }

    /// Removes one thing from the trash for good. It is looked at first: the same request would destroy something that is not in the trash.
    pub(super) async fn purge_trashed(&self, place: &Location) -> Result<RemoveOutcome> {
        place.check_writable()?;
        let item = match self.item_if_exists(place).await? {
            None => return Ok(RemoveOutcome::Missing),
            Some(item) if !item.is_deleted() => {
                return Err(Error::with_message(
                    ErrorKind::PreconditionFailed,
                    "it is not in the trash, and was left alone",
                ));
            }
            Some(item) => item,
        };
        let is_file = matches!(item, Item::File(_));
        let make = |_attempt| async move {
            match is_file {
                true => self.client.remove_file(place).await,
                false => self.client.remove_folder(place).await,
            }
        };
        let look = || async { Ok(self.item_if_exists(place).await?.is_none().then_some(())) };
        match settled(&self.retry, make, look).await {
            Ok(()) => Ok(RemoveOutcome::Removed),
            Err(error) if error.is_not_found() => Ok(RemoveOutcome::Missing),
            Err(error) => Err(error),
        }
    }

    /// A place that nothing has: beside another one, hard to guess.
    pub(super) fn temporary_beside(place: &Location) -> Location {
        let suffix: u64 = rand::random();
        let name = format!("{TEMPORARY}{suffix:016x}");
        match place.parent() {
            Some(parent) => parent.below(&name),
            None => place.below(&name),
        }
    }
}

/// Whether a folder went into the trash within the time before the service told of it. By the service's clock alone; what does not tell is taken to be so.
fn was_trashed_since(folder: &FolderInfo, took: Duration) -> bool {
    let trashed = folder.deleted.as_ref().and_then(|deleted| deleted.time);
    match (trashed, folder.told) {
        (Some(trashed), Some(told)) => {
            told.duration_since(trashed).unwrap_or_default() <= took + CLOCK_GRAIN
        }
        _ => true,
    }
}

/// The service has never been seen to put a file into the trash by the command for folders.
fn a_file_was_there() -> Error {
    not_a_directory()
        .with_effect(Effect::Unknown)
        .with_help("if the file is missing, it is in the trash: restore it from there")
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::model::file::Deleted;

    #[test]
    fn the_clock_of_the_service_tells_what_was_trashed_before() {
        let folder = |deleted: &str, told: Option<u64>| FolderInfo {
            deleted: Some(Deleted::of_stamp(deleted)),
            told: told.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)),
            ..FolderInfo::default()
        };
        let took = Duration::from_secs(5);
        for (deleted, told, expected) in [
            ("1970-01-01-T00:01:40Z", Some(100), true),
            ("1970-01-01-T00:01:40Z", Some(107), true),
            ("1970-01-01-T00:01:40Z", Some(108), false),
            ("1970-01-01-T00:01:40Z", Some(90), true),
            ("1970-01-01-T00:01:40Z", None, true),
            ("", Some(100), true),
        ] {
            assert_eq!(
                was_trashed_since(&folder(deleted, told), took),
                expected,
                "{deleted} {told:?}"
            );
        }
    }
}
