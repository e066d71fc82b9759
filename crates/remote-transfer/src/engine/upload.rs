//! From a local file to a remote.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use remote_core::{
    error::{ErrorKind, Result},
    hash::{HashAlgorithm, HashValue},
    operation::WriteOptions,
    path::RemotePath,
    source::{FileSource, UploadSource},
};

use super::{
    file::{Hashed, MAX_REREADS, verify},
    job::{FileProgress, RemoteTarget},
    ledger::Finished,
};
use crate::local::walk::LocalFile;

/// Sends a file as it is; one that changes meanwhile is sent again, as it is then.
pub(crate) async fn upload(
    file: &LocalFile,
    mut hashed: Option<Hashed>,
    target: &RemoteTarget,
    path: &RemotePath,
    progress: &Arc<FileProgress>,
) -> Result<Finished> {
    let mut rereads = 0;
    loop {
        match send(file, hashed.take(), target, path, progress).await {
            Err(error) if error.kind() == ErrorKind::SourceChanged && rereads < MAX_REREADS => {
                rereads += 1;
                progress.start_over();
            }
            result => return result,
        }
    }
}

async fn send(
    file: &LocalFile,
    hashed: Option<Hashed>,
    target: &RemoteTarget,
    path: &RemotePath,
    progress: &Arc<FileProgress>,
) -> Result<Finished> {
    let (source, hash) = match hashed {
        Some(hashed) => (hashed.source, Some(hashed.hash)),
        None => (FileSource::open_with(&file.local, file.links).await?, None),
    };
    let size = source.size();
    let mut options = WriteOptions::default();
    options.modified = source.modified();
    options.expects_dir = target.expects_dir;
    options.progress = Some(Arc::<FileProgress>::clone(progress));
    let source: Arc<dyn UploadSource> = match hash {
        Some(hash) => Arc::new(KnownHash { source, hash }),
        None => Arc::new(source),
    };
    let stored = target.remote.write(path, source, options).await?;
    verify(&stored, Some(size), hash)?;
    Ok(Finished::Transferred {
        bytes: size,
        // The remote compared the hash it reports with that of what it sent.
        verified: stored.hash.is_some(),
    })
}

/// A file that was read for its hash already, so that nobody need do it again.
#[derive(Debug)]
struct KnownHash {
    source: FileSource,
    hash: HashValue,
}

#[async_trait]
impl UploadSource for KnownHash {
    fn size(&self) -> Option<u64> {
        Some(self.source.size())
    }

    fn hash(&self, algorithm: HashAlgorithm) -> Option<HashValue> {
        Some(self.hash).filter(|hash| hash.algorithm() == algorithm)
    }

    async fn open(&self, offset: u64) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.source.open(offset).await
    }

    async fn read_hash(&self, algorithm: HashAlgorithm) -> Result<HashValue> {
        self.source.read_hash(algorithm).await
    }
}
