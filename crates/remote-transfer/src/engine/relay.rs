//! From a remote to a remote.

use std::{error::Error as StdError, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream::BoxStream};
use remote_core::{
    capabilities::Support,
    entry::Entry,
    error::{Error, ErrorKind, Result},
    hash::{HashAlgorithm, HashValue},
    operation::{CopyOptions, ReadOptions, WriteOptions},
    path::RemotePath,
    remote::Remote,
    source::UploadSource,
};

use super::{
    download::look_again,
    file::{MAX_REREADS, verify},
    job::{FileProgress, RemoteFile, RemoteTarget},
    ledger::Finished,
};

/// Copies a file on the service where it can, else sends its content through.
pub(crate) async fn copy(
    file: &RemoteFile,
    target: &RemoteTarget,
    path: &RemotePath,
    is_missing: bool,
    progress: &Arc<FileProgress>,
) -> Result<Finished> {
    let same_remote = Arc::ptr_eq(&file.remote, &target.remote);
    let can_copy = target.remote.capabilities().copy_file == Support::Native;
    if same_remote && can_copy && is_missing {
        match copy_on_service(file, target, path).await {
            Err(error) if error.is_unsupported() => {}
            result => return result,
        }
    }
    relay(file, target, path, progress).await
}

async fn copy_on_service(
    file: &RemoteFile,
    target: &RemoteTarget,
    path: &RemotePath,
) -> Result<Finished> {
    let from = &file.entry;
    let stored = target
        .remote
        .copy(&from.path, path, CopyOptions::default())
        .await?;
    let verified = match verify(&stored, from.size, from.hash) {
        // It is the source that may be another one by now.
        Err(_) => {
            let now = look_again(file).await?;
            verify(&stored, now.size, now.hash)?
        }
        as_listed => as_listed?,
    };
    Ok(Finished::CopiedByService { verified })
}

/// Sends a file as it was listed; one that changed since is looked at again.
async fn relay(
    file: &RemoteFile,
    target: &RemoteTarget,
    path: &RemotePath,
    progress: &Arc<FileProgress>,
) -> Result<Finished> {
    let mut entry = file.entry.clone();
    let mut rereads = 0;
    loop {
        match send(file, &entry, target, path, progress).await {
            Err(error) if error.kind() == ErrorKind::SourceChanged && rereads < MAX_REREADS => {
                rereads += 1;
                progress.start_over();
                entry = look_again(file).await?;
            }
            result => return result,
        }
    }
}

async fn send(
    file: &RemoteFile,
    entry: &Entry,
    target: &RemoteTarget,
    path: &RemotePath,
    progress: &Arc<FileProgress>,
) -> Result<Finished> {
    let mut options = WriteOptions::default();
    options.modified = entry.modified;
    options.expects_dir = target.expects_dir;
    options.content_type = entry.content_type.clone();
    options.progress = Some(Arc::<FileProgress>::clone(progress));
    let source = Arc::new(RemoteSource {
        remote: Arc::clone(&file.remote),
        entry: entry.clone(),
    });
    let stored = target
        .remote
        .write(path, source, options)
        .await
        .map_err(uncover)?;
    let verified = verify(&stored, entry.size, entry.hash)?;
    Ok(Finished::Transferred {
        bytes: stored.size.or(entry.size).unwrap_or(0),
        verified,
    })
}

/// A file of a remote as the source of an upload to another one: fetched while it is sent, in pieces, and again from any byte on.
#[derive(Debug)]
struct RemoteSource {
    remote: Arc<dyn Remote>,
    entry: Entry,
}

#[async_trait]
impl UploadSource for RemoteSource {
    fn size(&self) -> Option<u64> {
        self.entry.size
    }

    fn hash(&self, algorithm: HashAlgorithm) -> Option<HashValue> {
        self.entry.hash.filter(|hash| hash.algorithm() == algorithm)
    }

    async fn open(&self, offset: u64) -> Result<BoxStream<'static, Result<Bytes>>> {
        if offset > 0 && self.entry.size == Some(offset) {
            return Ok(futures::stream::empty().boxed());
        }
        let mut options = ReadOptions::default();
        options.if_match = self.entry.tag.clone();
        options.range = (offset > 0).then_some(offset..self.entry.size.unwrap_or(u64::MAX));
        let download = self
            .remote
            .read(&self.entry.path, options)
            .await
            .map_err(of_source)?;
        Ok(download.map(|piece| piece.map_err(of_source)).boxed())
    }
}

/// What a source is expected to fail with.
fn of_source(error: Error) -> Error {
    let kind = match error.kind() {
        ErrorKind::PreconditionFailed => ErrorKind::SourceChanged,
        _ => ErrorKind::SourceFailed,
    };
    Error::with_message(kind, "the remote that is copied from failed").with_source(error)
}

/// Brings the kind of the source's own failure to the top: it may be one that ends the copy.
fn uncover(error: Error) -> Error {
    if error.kind() != ErrorKind::SourceFailed {
        return error;
    }
    let mut inner = None;
    let mut next = StdError::source(&error);
    while let Some(cause) = next {
        if let Some(cause) = cause.downcast_ref::<Error>() {
            inner = Some(cause.kind());
        }
        next = cause.source();
    }
    match inner {
        Some(kind) => error.with_kind(kind),
        None => error,
    }
}
