//! Removing: into the trash, or for good where the remote was set up so.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use remote_core::{
    error::{Error, ErrorKind, Result},
    operation::RemoveOutcome,
    path::RemotePath,
    settle::settled,
};

use super::{
    Inner,
    looking::{Found, is_a_directory, not_a_directory},
};
use crate::{location::Location, model::item::Item};

/// How temporary names begin.
pub(super) const TEMPORARY: &str = ".remote-tmp-";

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
                let live_folder = folders.iter().any(|folder| !folder.is_deleted());
                // An upload that has not succeeded is no file yet.
                if live_folder || files.iter().any(crate::model::file::FileInfo::is_live) {
                    return Err(Error::new(ErrorKind::DirectoryNotEmpty));
                }
                self.remove(&place, Kind::Dir).await
            }
        }
    }

    /// One request for a directory that was seen, two for another one: the service answers alike whether something was there or not.
    pub(super) async fn remove_dir_all(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        let place = self.place(path)?;
        place.check_writable()?;
        if place.is_mount_point() {
            return self.remove_all_entries(&place).await;
        }
        if !self.seen.is_dir(place.path()) {
            return self.remove_seen_dir(&place).await;
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
        if self.trashed_only && !self.hard_delete {
            return Err(
                Error::unsupported("putting into the trash what is in it already")
                    .with_help("set hard_delete to remove things from the trash for good"),
            );
        }
        let make = |_attempt| async move {
            let (client, for_good) = (&self.client, self.hard_delete);
            match (kind, for_good) {
                (Kind::Dir, false) => client.trash_folder(place).await,
                (Kind::Dir, true) => client.remove_folder(place).await,
                (Kind::File, false) => client.trash_file(place).await,
                (Kind::File, true) => client.remove_file(place).await,
            }
        };
        let look = || async { Ok(self.look(place).await?.is_none().then_some(())) };
        let removed = settled(&self.retry, make, look).await;
        self.seen.forget(place.path());
        match removed {
            Ok(()) => Ok(RemoveOutcome::Removed),
            Err(error) if error.is_not_found() => Ok(RemoveOutcome::Missing),
            Err(error) => Err(error),
        }
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
