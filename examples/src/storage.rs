//! Where the programs copy to and from: a configured remote, or an emulator that they start.

use std::path::{Path, PathBuf};

use remote_emulator::{Emulator, Section, koofr::KoofrConfig, write_sections};
use remote_transfer::Location;
use remotes::{Located, Opener};

use crate::{failure::Failure, program::Result};

/// The remote that is used on the emulator.
pub const DEMO_REMOTE: &str = "koofr:backup";

/// A storage by its name; the emulator, if one was started, lives as long.
#[derive(Debug)]
pub struct Storage {
    name: String,
    config: Option<PathBuf>,
    _emulator: Option<Emulator>,
    _folder: Option<tempfile::TempDir>,
}

impl Storage {
    /// A remote of a configuration file, by default the user's own.
    #[must_use]
    pub fn configured(name: &str, config: Option<&Path>) -> Self {
        Self {
            name: name.to_owned(),
            config: config.map(Path::to_owned),
            _emulator: None,
            _folder: None,
        }
    }

    /// A Koofr storage inside this process, with a configuration file that names it; it keeps its files in `state` if given.
    ///
    /// # Errors
    ///
    /// The emulator cannot start, or a folder cannot be written to.
    pub async fn emulated(state: Option<&Path>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut builder = Emulator::builder().koofr(KoofrConfig::default());
        if let Some(state) = state {
            builder = builder.state_dir(state);
        }
        let emulator = builder.start().await?;
        let koofr = emulator.koofr();
        let config = folder.path().join("rclone.conf");
        write_sections(
            &config,
            &[Section::koofr(
                "koofr",
                koofr.url(),
                &koofr.user(),
                &koofr.password(),
            )],
        )?;
        Ok(Self {
            name: DEMO_REMOTE.to_owned(),
            config: Some(config),
            _emulator: Some(emulator),
            _folder: Some(folder),
        })
    }

    /// What the user calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens it, as a program that starts would: nothing is known from before.
    ///
    /// # Errors
    ///
    /// The configuration cannot be read, or has no such remote.
    pub fn open(&self) -> Result<Location> {
        let mut builder = Opener::builder();
        if let Some(config) = &self.config {
            if !config.exists() {
                return Err(Failure::message(format!(
                    "the configuration file {} does not exist",
                    config.display()
                )));
            }
            builder = builder.config_path(config);
        }
        match builder.build()?.locate(&self.name)? {
            Located::Remote { remote, path, .. } => Ok(Location::remote(remote, path)),
            _ => Err(Failure::usage(format!(
                "{} is a local path; a remote is written name:path",
                self.name
            ))),
        }
    }
}
