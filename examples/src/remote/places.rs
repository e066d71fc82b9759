//! Places on the command line.

use std::{ffi::OsStr, path::Path, sync::Arc};

use remote_core::{path::RemotePath, remote::Remote};
use remote_transfer::Location;
use remotes::{Located, Opener};

use crate::{failure::Failure, program::Result};

/// Finds out what places on the command line mean.
#[derive(Debug)]
pub(super) struct Places(Opener);

impl Places {
    /// With this configuration file, or the user's own.
    pub(super) fn new(config: Option<&Path>) -> Result<Self> {
        let builder = Opener::builder();
        let builder = match config {
            Some(config) => builder.config_path(config),
            None => builder,
        };
        Ok(Self(builder.build()?))
    }

    /// A remote from its top, and a path on it.
    pub(super) fn remote(&self, place: &OsStr) -> Result<(Arc<dyn Remote>, RemotePath)> {
        match self.0.locate_os(place)? {
            Located::Remote { remote, path, .. } => Ok((remote, path)),
            // Says what is wrong with it.
            _ => match self.0.open(&place.to_string_lossy()) {
                Err(error) => Err(error.into()),
                Ok(remote) => Ok((remote, RemotePath::root())),
            },
        }
    }

    /// The path of a file on a remote, which is not its top, and does not end like that of a folder.
    pub(super) fn remote_file(&self, place: &OsStr) -> Result<(Arc<dyn Remote>, RemotePath)> {
        let (remote, path) = self.remote(place)?;
        let what = if path.is_root() {
            "is the top of a remote, name a file on it"
        } else if place.as_encoded_bytes().ends_with(b"/") {
            "names a folder, a file has no slash at its end"
        } else {
            return Ok((remote, path));
        };
        Err(Failure::usage(format!("{} {what}", place.display())))
    }

    /// A place on a remote or on this machine.
    pub(super) fn location(&self, place: &OsStr) -> Result<Location> {
        match self.0.locate_os(place)? {
            Located::Local(path) => Ok(Location::local(path)),
            Located::Remote { remote, path, .. } => Ok(Location::remote(remote, path)),
            _ => Err(Failure::usage(format!(
                "{} is no place for files that this program knows",
                place.display()
            ))),
        }
    }

    /// What remotes are looked up with.
    pub(super) fn opener(&self) -> &Opener {
        &self.0
    }
}
