//! Restores a folder.

use std::path::PathBuf;

use clap::Parser;
use remote_transfer::{Cancel, Location};

use crate::{
    console::Console,
    copying::{self, CopyArguments},
    failure::Failure,
    program::{Program, Result},
    storage::{DEMO_REMOTE, Storage},
    table::Table,
};

/// Restores a folder from cloud storage. Files that are the same already are skipped; nothing is deleted.
#[derive(Debug, Parser)]
#[command(name = "restore", version)]
pub struct Restore {
    /// The folder to restore into; made if it is not there
    folder: PathBuf,
    /// Where from, such as koofr:backup, jotta:backup or acd:backup
    #[arg(long, value_name = "REMOTE:PATH")]
    from: Option<String>,
    /// The rclone configuration file that has the remote, instead of the user's own
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Restore from the emulator that kept its files in this directory; with --from, if it was not koofr:backup
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    state_dir: Option<PathBuf>,
    #[command(flatten)]
    copy: CopyArguments,
}

impl Program for Restore {
    fn parallel(&self) -> bool {
        true
    }

    fn verbose(&self) -> bool {
        self.copy.verbose
    }

    async fn run(self, console: &mut Console, cancel: Cancel) -> Result {
        let storage = self.storage().await?;
        let mut table = Table::default();
        console.tell(format_args!(
            "{} to {}",
            storage.name(),
            self.folder.display()
        ));
        let to = Location::local(&self.folder);
        let copied = copying::run(
            "restore",
            (&storage.open()?, &to),
            &self.copy,
            (console, &mut table, &cancel),
        )
        .await;
        let problems = copied.as_ref().map_or(0, |summary| summary.problem_count);
        copying::finish(&table, copied.map(|_summary| ()), problems, console)
    }
}

impl Restore {
    async fn storage(&self) -> Result<Storage> {
        match (&self.from, &self.state_dir) {
            (_, Some(state)) if !state.is_dir() => Err(Failure::message(format!(
                "there is no directory {} that `backup --state-dir` has made",
                state.display()
            ))),
            (name, Some(state)) => {
                let name = name.as_deref().unwrap_or(DEMO_REMOTE);
                Storage::emulated(name, Some(state)).await
            }
            (Some(name), None) => Ok(Storage::configured(name, self.config.as_deref())),
            (None, None) => Err(Failure::usage(
                "name a remote with --from koofr:backup, or the directory that `backup --state-dir` used",
            )),
        }
    }
}
