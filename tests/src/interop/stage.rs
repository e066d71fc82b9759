//! An emulator with a configuration file that names it.

use std::path::{Path, PathBuf};

use remote_emulator::{Emulator, Section, koofr::KoofrConfig, write_sections};
use tempfile::TempDir;

use crate::interop::{
    tool::{Program, Tool},
    trace,
};

/// An emulator of an empty account, a folder for local files, and a configuration file with the remote `koofr:`.
#[derive(Debug)]
pub struct Stage {
    /// The emulator.
    pub emulator: Emulator,
    /// Written by the emulator, with a section `koofr`.
    pub config: PathBuf,
    folder: TempDir,
}

impl Stage {
    /// Sets up a stage.
    pub async fn new() -> Self {
        Self::with(KoofrConfig::default()).await
    }

    /// Sets up a stage with another account.
    pub async fn with(koofr: KoofrConfig) -> Self {
        let folder = tempfile::tempdir().expect("there is room for temporary files");
        let emulator = Emulator::builder()
            .koofr(koofr)
            .start()
            .await
            .expect("the emulator starts");
        let config = folder.path().join("rclone.conf");
        let koofr = emulator.koofr();
        let section = Section::koofr("koofr", koofr.url(), &koofr.user(), &koofr.password());
        write_sections(&config, &[section]).expect("the configuration can be written");
        Self {
            emulator,
            config,
            folder,
        }
    }

    /// A program on this stage.
    #[must_use]
    pub fn tool(&self, program: Program) -> Tool {
        Tool::new(program, &self.config, self.folder.path())
    }

    /// A path in the folder for local files; nothing is made there.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What was asked of the emulator since the last call, in order of arrival.
    pub fn take_trace(&self) -> Vec<String> {
        let log = self.emulator.koofr().log();
        let trace = trace::trace(&log.records());
        log.clear();
        trace
    }

    /// How many requests the emulator answered since the last call.
    pub fn take_count(&self) -> u64 {
        let log = self.emulator.koofr().log();
        let total = log.total();
        log.clear();
        total
    }
}
