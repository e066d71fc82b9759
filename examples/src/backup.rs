//! Backs a folder up.

use std::{
    collections::HashSet,
    io::Write as _,
    path::{Path, PathBuf},
};

use clap::Parser;
use remote_transfer::{Cancel, Location, Summary, local_path};

use crate::{
    compare,
    console::Console,
    copying::{self, CopyArguments},
    failure::Failure,
    program::{Program, Result},
    storage::{DEMO_REMOTE, Storage},
    table::Table,
};

/// Backs a folder up to cloud storage.
///
/// Without --to, the folder is backed up to an emulator of Koofr inside this program, backed up again, restored into a temporary folder and compared
/// byte for byte. The same happens on an emulator of Koofr, Jottacloud or Amazon Drive for --to koofr:PATH, jotta:PATH or acd:PATH, unless a remote of
/// that name is configured.
#[derive(Debug, Parser)]
#[command(name = "backup", version)]
pub struct Backup {
    /// The folder; without it, the sources of this project
    folder: Option<PathBuf>,
    /// Where to, such as koofr:backup, jotta:backup or acd:backup
    #[arg(long, value_name = "REMOTE:PATH")]
    to: Option<String>,
    /// The rclone configuration file that has the remote, instead of the user's own; then nothing is emulated
    #[arg(long, value_name = "FILE", requires = "to")]
    config: Option<PathBuf>,
    /// Use an emulator that keeps its files in this directory
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    state_dir: Option<PathBuf>,
    #[command(flatten)]
    copy: CopyArguments,
}

impl Program for Backup {
    fn parallel(&self) -> bool {
        true
    }

    fn verbose(&self) -> bool {
        self.copy.verbose
    }

    async fn run(mut self, console: &mut Console, cancel: Cancel) -> Result {
        let folder = self.folder_to_copy()?;
        let storage = self.storage().await?;
        match storage.emulated_service() {
            Some(service) => {
                let why = match (&self.to, &self.state_dir) {
                    (Some(_), None) => "; no remote of that name is configured",
                    _ => "",
                };
                console.tell(format_args!(
                    "{} to {} on an emulator of {service} inside this program, and back{why}",
                    folder.display(),
                    storage.name()
                ));
                self.demonstrate(&folder, &storage, console, &cancel).await
            }
            None => self.back_up(&folder, &storage, console, &cancel).await,
        }
    }
}

impl Backup {
    async fn storage(&self) -> Result<Storage> {
        let state = self.state_dir.as_deref();
        match (&self.to, &self.config) {
            (None, _) => Storage::emulated(DEMO_REMOTE, state).await,
            (Some(name), Some(config)) => Ok(Storage::configured(name, Some(config))),
            (Some(name), None) if state.is_some() => Storage::emulated(name, state).await,
            (Some(name), None) => Storage::configured_or_emulated(name).await,
        }
    }

    /// The given folder, or that of this project without what its tools make.
    fn folder_to_copy(&mut self) -> Result<PathBuf> {
        if let Some(folder) = &self.folder {
            // What is missing is told by the copy, with the reason.
            return match !folder.exists() || folder.is_dir() {
                true => Ok(folder.clone()),
                false => Err(Failure::usage(format!("{} is no folder", folder.display()))),
            };
        }
        self.copy
            .exclude
            .extend(["target", ".git"].map(str::to_owned));
        let sources = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .map(Path::to_owned);
        sources.ok_or_else(|| Failure::usage("name a folder"))
    }

    async fn back_up(
        &self,
        folder: &Path,
        storage: &Storage,
        console: &mut Console,
        cancel: &Cancel,
    ) -> Result {
        let mut table = Table::default();
        console.tell(format_args!("{} to {}", folder.display(), storage.name()));
        let copied = copying::run(
            "backup",
            (&Location::local(folder), &storage.open()?),
            &self.copy,
            (console, &mut table, cancel),
        )
        .await;
        let problems = copied.as_ref().map_or(0, |summary| summary.problem_count);
        copying::finish(&table, copied.map(|_summary| ()), problems, console)
    }

    /// The whole round, and a comparison that does not rely on any of it.
    async fn demonstrate(
        &self,
        folder: &Path,
        storage: &Storage,
        console: &mut Console,
        cancel: &Cancel,
    ) -> Result {
        let mut table = Table::default();
        let restored = tempfile::tempdir()?;
        let copied = self
            .round(
                (folder, restored.path()),
                storage,
                (console, &mut table, cancel),
            )
            .await;
        write!(console.out, "{table}")?;
        let not_copied = copied?;
        let problems = not_copied.count;
        // Of very many problems only the first ones are known by name.
        if not_copied.is_known() {
            let (filter, except) = (self.copy.filter(), not_copied.paths);
            let same = compare::trees(folder, restored.path(), filter, except).await?;
            writeln!(
                console.out,
                "\nrestored and compared byte for byte: {} files, {} bytes",
                same.files, same.bytes
            )?;
        }
        copying::check(problems)
    }

    async fn round(
        &self,
        (folder, restored): (&Path, &Path),
        storage: &Storage,
        (console, table, cancel): (&mut Console, &mut Table, &Cancel),
    ) -> Result<NotCopied> {
        let (here, back) = (Location::local(folder), Location::local(restored));
        let first = copying::run(
            "backup",
            (&here, &storage.open()?),
            &self.copy,
            (console, table, cancel),
        )
        .await?;
        copying::run(
            "again",
            (&here, &storage.open()?),
            &self.copy,
            (console, table, cancel),
        )
        .await?;
        let last = copying::run(
            "restore",
            (&storage.open()?, &back),
            &self.copy,
            (console, table, cancel),
        )
        .await?;
        let mut not_copied = NotCopied::default();
        for summary in [first, last] {
            not_copied.add(folder, &summary);
        }
        Ok(not_copied)
    }
}

/// What the copies of a round left out, by its paths in the folder.
#[derive(Debug, Default)]
struct NotCopied {
    count: u64,
    told: usize,
    paths: HashSet<PathBuf>,
}

impl NotCopied {
    fn add(&mut self, folder: &Path, summary: &Summary) {
        self.count += summary.problem_count;
        self.told += summary.problems.len();
        let paths = summary.problems.iter();
        // A name that cannot be in the folder is not compared anyway.
        self.paths
            .extend(paths.filter_map(|problem| local_path(folder, &problem.path).ok()));
    }

    fn is_known(&self) -> bool {
        u64::try_from(self.told) == Ok(self.count)
    }
}
