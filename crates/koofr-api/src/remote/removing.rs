//! Removing. Every removal goes to the trash of the account where the storage has one.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use remote_core::{
    error::{Error, ErrorKind, Result},
    operation::RemoveOutcome,
    path::RemotePath,
    retry::Idempotency,
};

use super::{Inner, paths};
use crate::{
    api::files::{Conditions, RemoveOptions},
    model::file::FileInfo,
};

/// How many entries of the root are removed at the same time.
const PARALLEL_REMOVALS: usize = 8;

/// How often a file is looked at again because it was replaced between the look and the removal.
const MAX_LOOKS: usize = 5;

impl Inner {
    /// A look, then a removal that names what was seen: the service removes folders with everything in them by the same request, and a
    /// folder may take the file's place in between.
    pub(super) async fn remove_file(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        let server = self.paths.to_server(path)?;
        for _look in 0..MAX_LOOKS {
            let Some(info) = self.info_if_exists(&server).await? else {
                return Ok(RemoveOutcome::Missing);
            };
            if info.is_dir() {
                return Err(Error::with_message(
                    ErrorKind::IsADirectory,
                    "is a directory, not a file",
                ));
            }
            match self
                .remove(
                    &server,
                    &RemoveOptions::default().with_conditions(just_seen(&info)),
                )
                .await
            {
                Err(error) if error.is_precondition_failed() => {}
                other => return other,
            }
        }
        Err(Error::with_message(
            ErrorKind::PreconditionFailed,
            "the file keeps changing while it is removed",
        ))
    }

    /// A look, because the condition does not keep the service from removing a file.
    pub(super) async fn remove_dir(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        let server = self.paths.to_server(path)?;
        if path.is_root() {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "the root of a remote cannot be removed",
            ));
        }
        let Some(info) = self.info_if_exists(&server).await? else {
            return Ok(RemoveOutcome::Missing);
        };
        if !info.is_dir() {
            return Err(not_a_directory());
        }
        self.remove(&server, &RemoveOptions::default().with_if_empty(true))
            .await
    }

    /// One request for a whole tree.
    ///
    /// It is removed on the condition that it has size 0, as directories have, so that a file with content stays.
    pub(super) async fn remove_dir_all(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        let server = self.paths.to_server(path)?;
        if server == "/" {
            return self.remove_all_entries().await;
        }
        let like_a_dir =
            RemoveOptions::default().with_conditions(Conditions::default().with_size(0));
        match self.remove(&server, &like_a_dir).await {
            Err(error) if error.is_precondition_failed() => self.remove_seen_dir(&server).await,
            other => other,
        }
    }

    /// For storages that give directories a size.
    async fn remove_seen_dir(&self, server: &str) -> Result<RemoveOutcome> {
        match self.info_if_exists(server).await? {
            None => Ok(RemoveOutcome::Missing),
            Some(info) if info.is_dir() => self.remove(server, &RemoveOptions::default()).await,
            Some(_file) => Err(not_a_directory()),
        }
    }

    /// The service refuses to remove the root of a storage.
    async fn remove_all_entries(&self) -> Result<RemoveOutcome> {
        let mount = self.mount().await?;
        let entries = self
            .client
            .bundle(mount, "/")
            .await?
            .files
            .unwrap_or_default();
        stream::iter(entries)
            .map(|entry| async move {
                self.remove(&format!("/{}", entry.info.name), &RemoveOptions::default())
                    .await
            })
            .buffer_unordered(PARALLEL_REMOVALS)
            .try_for_each(|_outcome| async { Ok(()) })
            .await?;
        Ok(RemoveOutcome::Removed)
    }

    /// Removes what is there, until it is gone; repeating a removal is harmless.
    pub(super) async fn remove(
        &self,
        server: &str,
        options: &RemoveOptions,
    ) -> Result<RemoveOutcome> {
        let mount = self.mount().await?;
        // After an answer that was lost, "not found" is what a removal looks like that was made.
        let missing = |attempt: u32| {
            if attempt > 1 {
                RemoveOutcome::Removed
            } else {
                RemoveOutcome::Missing
            }
        };
        let removed = self
            .retry
            .run(Idempotency::Idempotent, |attempt| async move {
                match self.client.remove(mount, server, options).await {
                    Ok(_removed) => Ok(RemoveOutcome::Removed),
                    Err(error) if error.is_not_found() => Ok(missing(attempt.number)),
                    Err(error) => Err(error),
                }
            });
        let outcome = removed.await?;
        self.dirs.forget(server);
        Ok(outcome)
    }

    /// What is at a path of the mount, if anything.
    pub(super) async fn info_if_exists(&self, server: &str) -> Result<Option<FileInfo>> {
        let mount = self.mount().await?;
        match self.client.info(mount, server).await {
            Ok(info) => Ok(Some(info)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A path of the mount that nothing has: beside another one, hard to guess.
    pub(super) fn temporary_beside(server: &str) -> String {
        let parent = paths::split(server).map_or("/", |(parent, _)| parent);
        let suffix: u64 = rand::random();
        format!("{}/.remote-tmp-{suffix:016x}", parent.trim_end_matches('/'))
    }
}

/// The conditions that hold for exactly this content.
pub(super) fn just_seen(info: &FileInfo) -> Conditions {
    let conditions = Conditions::default();
    let conditions = match info.size {
        Some(size) => conditions.with_size(size),
        None => conditions,
    };
    match (&info.hash, info.modified) {
        (Some(hash), _) => conditions.with_hash(hash.as_str()),
        (None, Some(modified)) => conditions.with_modified(modified),
        (None, None) => conditions,
    }
}

fn not_a_directory() -> Error {
    Error::with_message(ErrorKind::NotADirectory, "is a file, not a directory")
}
