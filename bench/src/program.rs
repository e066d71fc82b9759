//! The programs that are compared; they take the same arguments.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Result, service::Service};

/// Everything a run starts.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) emulator: PathBuf,
    pub(crate) ours: Contender,
    pub(crate) rclone: Contender,
}

/// One of the two programs that are compared.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    /// Short, for folder names.
    pub(crate) key: &'static str,
    /// For people.
    pub(crate) label: String,
    pub(crate) path: PathBuf,
}

impl Contender {
    pub(crate) fn ours(path: PathBuf) -> Self {
        Self {
            key: "ours",
            label: "this project".to_owned(),
            path,
        }
    }

    /// Asks the program for its version.
    pub(crate) fn rclone(path: PathBuf) -> Result<Self> {
        let output = Command::new(&path)
            .args(["version", "--config", "/dev/null"])
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("rclone v"))
            .ok_or_else(|| format!("{} is not rclone", path.display()))?;
        Ok(Self {
            key: "rclone",
            label: format!("rclone {version}"),
            path,
        })
    }

    /// Whether this rclone has the service; some were taken out of later ones.
    pub(crate) fn knows(&self, service: Service) -> Result<bool> {
        let output = Command::new(&self.path)
            .args(["help", "backend", service.backend()])
            .args(["--config", "/dev/null"])
            .output()?;
        Ok(output.status.success())
    }

    /// The start of every command line. Both programs find nothing of the user's own: no configuration, no cache, no variables.
    pub(crate) fn command(&self, config: &Path, home: &Path) -> Command {
        let mut command = Command::new(&self.path);
        command
            .env_clear()
            .env("HOME", home)
            .arg("--config")
            .arg(config);
        command
    }
}
