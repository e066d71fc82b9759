//! Copies between any two places, one of them at least on a remote.

use std::{ffi::OsString, path::Path, sync::Arc};

use clap::Args;
use remote_core::error::ErrorKind;
use remote_transfer::{
    Cancel, Compare, CopyError, LinkRule, Location, Summary, TransferOptions, copy, copy_file,
};

use super::{Common, places::Places};
use crate::{console::Console, failure::Failure, program::Result};

impl Common {
    pub(super) fn transfer_options(&self, cancel: &Cancel) -> TransferOptions {
        let compare = match (self.checksum, self.size_only) {
            (true, _) => Compare::Hash,
            (_, true) => Compare::SizeOnly,
            _ => Compare::SizeAndTime,
        };
        let links = if self.copy_links {
            LinkRule::Follow
        } else {
            LinkRule::Report
        };
        TransferOptions::default()
            .with_transfers(self.transfers)
            .with_checkers(self.checkers)
            .with_compare(compare)
            .with_links(links)
            .with_cancel(cancel.clone())
    }
}

#[derive(Args, Debug)]
pub(super) struct Copy {
    from: OsString,
    to: OsString,
}

impl Copy {
    pub(super) async fn run(
        &self,
        places: &Places,
        console: &mut Console,
        options: &TransferOptions,
    ) -> Result {
        let (from, to) = (places.location(&self.from)?, places.location(&self.to)?);
        told(copy(&from, &to, options).await, console).map(drop)
    }
}

#[derive(Args, Debug)]
pub(super) struct Copyto {
    from: OsString,
    to: OsString,
}

impl Copyto {
    pub(super) async fn run(
        &self,
        places: &Places,
        console: &mut Console,
        options: &TransferOptions,
    ) -> Result {
        let (from, to) = (places.location(&self.from)?, places.location(&self.to)?);
        if is_same(&from, &to) {
            console.tell(format_args!("source and target are the same place"));
            return Ok(());
        }
        told(copy_to(&from, &to, options).await, console).map(drop)
    }
}

/// A copy of something onto itself is done already, as for rclone.
fn is_same(from: &Location, to: &Location) -> bool {
    match (from, to) {
        (Location::Remote(remote, source), Location::Remote(other, target)) => {
            Arc::ptr_eq(remote, other) && source == target
        }
        _ => false,
    }
}

/// Copies a file to a path, or the content of a folder into a folder.
pub(super) async fn copy_to(
    from: &Location,
    to: &Location,
    options: &TransferOptions,
) -> std::result::Result<Summary, CopyError> {
    if let Location::Local(path) = from
        && is_folder(path).await
    {
        return copy(from, to, options).await;
    }
    // Most places are files, so that is tried without a look.
    match copy_file(from, to, options).await {
        Err(stopped)
            if stopped.error().kind() == ErrorKind::IsADirectory
                && is_remote_folder(from).await =>
        {
            copy(from, to, options).await
        }
        copied => copied,
    }
}

async fn is_folder(path: &Path) -> bool {
    tokio::fs::metadata(path)
        .await
        .is_ok_and(|metadata| metadata.is_dir())
}

async fn is_remote_folder(place: &Location) -> bool {
    match place {
        Location::Remote(remote, path) => remote
            .stat(path)
            .await
            .is_ok_and(|entry| entry.is_directory()),
        _ => false,
    }
}

/// Tells the problems of a copy; they make it a failure, after everything else was copied.
pub(super) fn told(
    copied: std::result::Result<Summary, CopyError>,
    console: &mut Console,
) -> Result<Summary> {
    let (error, summary) = match copied {
        Ok(summary) => (None, summary),
        Err(stopped) => {
            let (error, summary) = stopped.into_parts();
            (Some(error), summary)
        }
    };
    for problem in &summary.problems {
        console.tell(format_args!("{problem}"));
    }
    if let Some(error) = error {
        if summary.files_transferred > 0 {
            let files = summary.files_transferred;
            console.tell(format_args!("{files} files were copied until then"));
        }
        return Err(error.into());
    }
    match summary.problem_count {
        0 => Ok(summary),
        problems => Err(Failure::message(format!(
            "{problems} files or folders could not be copied; the others were"
        ))),
    }
}
