//! Moves: one request where both places are on the same remote, otherwise a copy after which the originals are removed.

use std::{
    ffi::OsString,
    fs, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use clap::Args;
use futures::{TryStreamExt as _, stream};
use remote_core::{
    entry::Entry,
    error::{Error, ErrorKind},
    operation::{ListOptions, RenameOptions, TargetMode},
    path::RemotePath,
    remote::Remote,
};
use remote_transfer::{Event, Location, Observer, TransferOptions, local_path};

use super::{
    copies::{copy_to, told},
    places::Places,
};
use crate::{console::Console, failure::Failure, program::Result};

#[derive(Args, Debug)]
pub(super) struct Moveto {
    from: OsString,
    to: OsString,
    /// Remove folders that are empty after their files were moved one by one; like rclone, leave them by default
    #[arg(long)]
    delete_empty_src_dirs: bool,
}

impl Moveto {
    pub(super) async fn run(
        &self,
        places: &Places,
        console: &mut Console,
        options: &TransferOptions,
    ) -> Result {
        let (from, to) = (places.location(&self.from)?, places.location(&self.to)?);
        if renamed(&from, &to).await? {
            return Ok(());
        }
        let copied = Arc::new(Copied::default());
        let watched = options.clone().with_observer(Arc::clone(&copied) as _);
        let summary = told(copy_to(&from, &to, &watched).await, console);
        // What has arrived is moved, also where other files have not.
        let originals = Originals {
            copied: copied.take(),
            with_folders: self.delete_empty_src_dirs,
            at_once: options.checkers,
        };
        let removed = originals.remove(&from).await;
        summary?;
        removed
    }
}

/// Moves on the remote itself, if both places are on one and nothing has to be merged.
async fn renamed(from: &Location, to: &Location) -> Result<bool> {
    let (Location::Remote(remote, source), Location::Remote(other, target)) = (from, to) else {
        return Ok(false);
    };
    if !Arc::ptr_eq(remote, other) {
        return Ok(false);
    }
    let options = RenameOptions::default().with_target(TargetMode::Replace);
    match remote.rename(source, target, options).await {
        Ok(_moved) => Ok(true),
        Err(error) if is_merge(&error) || error.is_unsupported() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A folder is never replaced; what is moved there is added to it.
fn is_merge(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::AlreadyExists | ErrorKind::IsADirectory
    )
}

/// The files that are at the target, by their paths below the source; the root for a source that is a file.
#[derive(Debug, Default)]
struct Copied(Mutex<Vec<RemotePath>>);

impl Copied {
    fn take(&self) -> Vec<RemotePath> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Copied {
    fn event(&self, event: &Event) {
        if let Event::FileFinished { path, .. } = event {
            let mut copied = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            copied.push(path.clone());
        }
    }
}

/// What is removed after it was copied. Only files that were copied are, and folders that are empty then: what came in the meantime stays.
#[derive(Debug)]
struct Originals {
    copied: Vec<RemotePath>,
    with_folders: bool,
    at_once: usize,
}

impl Originals {
    async fn remove(self, from: &Location) -> Result {
        if self.copied.is_empty() {
            return Ok(());
        }
        match from {
            Location::Local(source) => {
                let source = source.clone();
                tokio::task::spawn_blocking(move || self.remove_local(&source)).await?
            }
            Location::Remote(remote, source) => self.remove_remote(remote, source).await,
            _ => Err(Failure::message("the originals cannot be removed")),
        }
    }

    fn remove_local(&self, source: &Path) -> Result {
        if source.is_file() {
            return Ok(fs::remove_file(source)?);
        }
        for path in &self.copied {
            fs::remove_file(local_path(source, path)?)?;
        }
        if self.with_folders {
            remove_empty(source)?;
        }
        Ok(())
    }

    async fn remove_remote(&self, remote: &Arc<dyn Remote>, source: &RemotePath) -> Result {
        if remote.stat(source).await?.is_file() {
            remote.remove_file(source).await?;
            return Ok(());
        }
        stream::iter(self.copied.iter().map(|path| source.join(path)))
            .map_err(Error::from)
            .try_for_each_concurrent(self.at_once, |path| async move {
                remote.remove_file(&path).await.map(drop)
            })
            .await?;
        if self.with_folders {
            remove_empty_remote(remote, source).await?;
        }
        Ok(())
    }
}

fn remove_empty(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_empty(&entry.path())?;
        }
    }
    match fs::remove_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => Err(error),
        _ => Ok(()),
    }
}

async fn remove_empty_remote(remote: &Arc<dyn Remote>, source: &RemotePath) -> Result {
    let mut dirs: Vec<RemotePath> = remote
        .list_recursive(source, ListOptions::default())
        .try_filter(|entry| std::future::ready(entry.is_directory()))
        .map_ok(|entry: Entry| entry.path)
        .try_collect()
        .await?;
    dirs.push(source.clone());
    dirs.sort_by_key(|dir| std::cmp::Reverse(dir.depth()));
    for dir in dirs.iter().filter(|dir| !dir.is_root()) {
        match remote.remove_dir(dir).await {
            Err(error) if error.kind() != ErrorKind::DirectoryNotEmpty => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}
