//! The state on disk: one file of JSON, replaced as a whole at every change.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::identity::state::{Saved, State};

/// Where changes are written.
#[derive(Debug)]
pub(crate) enum SavedIn {
    File(PathBuf),
    Nothing,
}

impl SavedIn {
    pub(crate) fn open(dir: Option<&Path>) -> io::Result<Self> {
        let Some(dir) = dir else {
            return Ok(Self::Nothing);
        };
        fs::create_dir_all(dir)?;
        Ok(Self::File(dir.join("identity.json")))
    }

    pub(crate) fn load(&self) -> io::Result<Option<Saved>> {
        let Self::File(path) = self else {
            return Ok(None);
        };
        match fs::read(path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn save(&self, state: &State) -> io::Result<()> {
        let Self::File(path) = self else {
            return Ok(());
        };
        let dir = path.parent().unwrap_or(Path::new("."));
        // Temporary files can be read by their owner only.
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(&serde_json::to_vec(&state.snapshot())?)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}
