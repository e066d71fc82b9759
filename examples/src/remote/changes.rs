//! Commands that make and remove, each one call of the contract.

use std::ffi::{OsStr, OsString};

use clap::Args;
use remote_core::{
    error::{Error, ErrorKind},
    operation::RemoveOutcome,
};

use super::{DIRECTORY_NOT_FOUND, FILE_NOT_FOUND, places::Places};
use crate::{failure::Failure, program::Result};

#[derive(Args, Debug)]
pub(super) struct Mkdir {
    place: OsString,
}

impl Mkdir {
    pub(super) async fn run(&self, places: &Places) -> Result {
        let (remote, path) = places.remote(&self.place)?;
        Ok(remote.create_dir(&path).await?)
    }
}

#[derive(Args, Debug)]
pub(super) struct Rmdir {
    place: OsString,
}

impl Rmdir {
    pub(super) async fn run(&self, places: &Places) -> Result {
        let (remote, path) = places.remote(&self.place)?;
        there(remote.remove_dir(&path).await?, "folder", &self.place)
            .map_err(|failure| failure.with_code(DIRECTORY_NOT_FOUND))
    }
}

#[derive(Args, Debug)]
pub(super) struct Purge {
    place: OsString,
}

impl Purge {
    pub(super) async fn run(&self, places: &Places) -> Result {
        let (remote, path) = places.remote(&self.place)?;
        there(remote.remove_dir_all(&path).await?, "folder", &self.place)
            .map_err(|failure| failure.with_code(DIRECTORY_NOT_FOUND))
    }
}

#[derive(Args, Debug)]
pub(super) struct Deletefile {
    place: OsString,
}

impl Deletefile {
    pub(super) async fn run(&self, places: &Places) -> Result {
        let (remote, path) = places.remote_file(&self.place)?;
        let removed = remote.remove_file(&path).await.map_err(no_file)?;
        there(removed, "file", &self.place).map_err(|failure| failure.with_code(FILE_NOT_FOUND))
    }
}

/// For rclone, a folder is not a file that could be removed, and so there is none.
fn no_file(error: Error) -> Failure {
    match error.kind() {
        ErrorKind::IsADirectory | ErrorKind::NotFound => {
            Failure::from(error).with_code(FILE_NOT_FOUND)
        }
        _ => error.into(),
    }
}

/// Removing what is not there is no error of the contract, but one of this program, as of rclone.
fn there(outcome: RemoveOutcome, what: &str, place: &OsStr) -> Result {
    match outcome {
        RemoveOutcome::Removed => Ok(()),
        RemoveOutcome::Missing => Err(Failure::message(format!(
            "there is no {what} {}",
            place.display()
        ))),
    }
}
