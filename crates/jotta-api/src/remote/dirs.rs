//! Making directories.

use remote_core::{
    error::{Error, ErrorKind, Result},
    path::RemotePath,
    retry::Idempotency,
};

use super::Inner;
use crate::{location::Location, model::item::Item};

impl Inner {
    /// One request for a directory and all on the way to it.
    pub(super) async fn create_dir(&self, path: &RemotePath) -> Result<()> {
        let place = self.place(path)?;
        self.make_dir(&place).await
    }

    /// Sees to it that a directory is there; no request if it was seen.
    pub(super) async fn ensure_dir(&self, place: &Location) -> Result<()> {
        if place.is_mount_point() || self.seen.is_dir(place.path()) {
            return Ok(());
        }
        self.make_dir(place).await
    }

    /// Notes a directory and those above it, up to the first that is known.
    pub(super) fn note_dirs(&self, mut dir: Option<Location>) {
        while let Some(place) = dir.filter(|place| !self.seen.is_dir(place.path())) {
            self.seen.insert_dir(place.path());
            dir = place.parent();
        }
    }

    /// Making a directory again is success, so a lost answer does no harm.
    async fn make_dir(&self, place: &Location) -> Result<()> {
        let made = self
            .retry
            .run(Idempotency::Idempotent, |_attempt| {
                self.client.create_folder_once(place)
            })
            .await;
        match made {
            Ok(Item::Folder(_) | Item::MountPoint(_)) => {
                self.note_dirs(Some(place.clone()));
                Ok(())
            }
            Ok(_other) => Err(a_file_is_there()),
            Err(error) => Err(self.say_what_blocks(place, error).await),
        }
    }

    /// The error for a directory that cannot be made: a file may have its name, or that of one on the way.
    async fn say_what_blocks(&self, place: &Location, error: Error) -> Error {
        let error = self.say_what_is_there(place, error).await;
        let may_be_file = matches!(
            error.kind(),
            ErrorKind::AlreadyExists
                | ErrorKind::NotFound
                | ErrorKind::InvalidInput
                | ErrorKind::InvalidName
        );
        if may_be_file && self.look_at_file(place).await.is_ok() {
            return a_file_is_there().with_source(error);
        }
        error
    }
}

fn a_file_is_there() -> Error {
    Error::with_message(
        ErrorKind::NotADirectory,
        "a file is in the place of the directory",
    )
}
