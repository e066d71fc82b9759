//! From a remote to a local file.

use std::sync::Arc;

use remote_core::{
    entry::Entry,
    error::{Error, ErrorKind, Result},
    operation::ReadOptions,
    progress::Progress as _,
};

use super::{
    file::MAX_REREADS,
    job::{FileProgress, Job, RemoteFile},
    ledger::Finished,
};
use crate::local::place::Place;

/// Fetches a file as it was listed; one that changed since is looked at again.
pub(crate) async fn download(
    job: &Job,
    file: &RemoteFile,
    place: Place,
    progress: &Arc<FileProgress>,
) -> Result<Finished> {
    let mut entry = file.entry.clone();
    let mut rereads = 0;
    loop {
        match fetch(job, file, &entry, place.clone(), progress).await {
            Err(error) if error.is_precondition_failed() && rereads < MAX_REREADS => {
                rereads += 1;
                progress.start_over();
                entry = look_again(file).await?;
            }
            Err(error) if error.is_precondition_failed() => {
                return Err(error.with_kind(ErrorKind::SourceChanged));
            }
            result => return result,
        }
    }
}

/// What is at the path of a file that is not any more what was listed.
pub(crate) async fn look_again(file: &RemoteFile) -> Result<Entry> {
    let entry = file.remote.stat(&file.entry.path).await?;
    if entry.is_file() {
        return Ok(entry);
    }
    Err(Error::new(ErrorKind::IsADirectory).with_path(&entry.path))
}

async fn fetch(
    job: &Job,
    file: &RemoteFile,
    entry: &Entry,
    mut place: Place,
    progress: &Arc<FileProgress>,
) -> Result<Finished> {
    let mut options = ReadOptions::default();
    options.if_match = entry.tag.clone();
    let download = file.remote.read(&entry.path, options).await?;
    let found = download.entry();
    let verified = found.hash.is_some() && download.is_whole();
    place.size = found.size;
    place.modified = entry.modified.or(found.modified);
    let bytes = place
        .fill(&job.blocking, download, |bytes| progress.moved(bytes))
        .await?;
    Ok(Finished::Transferred { bytes, verified })
}
