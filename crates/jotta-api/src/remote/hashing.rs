//! Size and MD5 of a source before its first byte is sent.

use std::{io, sync::Arc};

use bytes::Bytes;
use futures::{StreamExt as _, stream::BoxStream};
use remote_core::{
    error::{Error, ErrorKind, IntegrityError, Result},
    hash::{HashAlgorithm, HashValue, Hasher},
    source::{SpooledSource, UploadSource},
};
use tokio::task::spawn_blocking;

/// Bytes that are hashed in one go, away from the tasks that move them.
const BATCH_BYTES: usize = 1 << 20;

/// A source of which everything is known, and which can be opened as often as needed.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) source: Arc<dyn UploadSource>,
    pub(super) bytes: u64,
    pub(super) md5: HashValue,
}

impl Prepared {
    /// Reads a source once where its hash is not known. One that cannot be opened again, or does not know its size, is kept: in memory up to a limit, beyond it in a
    /// temporary file.
    pub(super) async fn new(source: Arc<dyn UploadSource>, memory_limit: u64) -> Result<Self> {
        if let Some(bytes) = source.size().filter(|_bytes| source.can_reopen()) {
            let md5 = match source.hash(HashAlgorithm::Md5) {
                Some(md5) => md5,
                None => hash_of(source.open(0).await?, bytes).await?,
            };
            return Ok(Self { source, bytes, md5 });
        }
        let stream = source.open(0).await?;
        let spooled = SpooledSource::spool(
            stream.map(|piece| piece.map_err(io::Error::other)),
            memory_limit,
        )
        .await?;
        let (Some(bytes), Some(md5)) = (spooled.size(), spooled.hash(HashAlgorithm::Md5)) else {
            return Err(Error::with_message(
                ErrorKind::SourceFailed,
                "the source could not be measured",
            ));
        };
        if let Some(expected) = source.size()
            && expected != bytes
        {
            return Err(wrong_size(expected, bytes));
        }
        Ok(Self {
            source: Arc::new(spooled),
            bytes,
            md5,
        })
    }

    /// Whether the source still has the content that was announced. Reads it.
    pub(super) async fn is_unchanged(&self) -> Result<bool> {
        let stream = self.source.open(0).await?;
        Ok(hash_of(stream, self.bytes).await? == self.md5)
    }
}

/// The MD5 of a stream of known length. Hashing runs beside the reading of the next batch.
async fn hash_of(
    mut stream: BoxStream<'static, Result<Bytes>>,
    expected: u64,
) -> Result<HashValue> {
    let mut hasher = Hasher::new(HashAlgorithm::Md5);
    let mut hashed: u64 = 0;
    let mut running: Option<tokio::task::JoinHandle<Hasher>> = None;
    loop {
        let mut batch = Vec::new();
        let mut length = 0;
        while length < BATCH_BYTES {
            let Some(piece) = stream.next().await.transpose()? else {
                break;
            };
            length += piece.len();
            batch.push(piece);
        }
        if let Some(task) = running.take() {
            hasher = task.await.map_err(stopped)?;
        }
        hashed = hashed.saturating_add(length as u64);
        if hashed > expected {
            return Err(wrong_size(expected, hashed));
        }
        let is_last = length < BATCH_BYTES;
        if is_last {
            for piece in &batch {
                hasher.update(piece);
            }
            break;
        }
        let mut busy = std::mem::replace(&mut hasher, Hasher::new(HashAlgorithm::Md5));
        running = Some(spawn_blocking(move || {
            for piece in &batch {
                busy.update(piece);
            }
            busy
        }));
    }
    if hashed != expected {
        return Err(wrong_size(expected, hashed));
    }
    Ok(hasher.finish())
}

fn stopped(error: tokio::task::JoinError) -> Error {
    Error::with_message(ErrorKind::Other, "hashing was stopped").with_source(error)
}

fn wrong_size(expected: u64, actual: u64) -> Error {
    let cause = match actual > expected {
        true => IntegrityError::Long { expected },
        false => IntegrityError::Short { expected, actual },
    };
    Error::with_message(
        ErrorKind::SourceChanged,
        "the source has another number of bytes than it announced",
    )
    .with_source(cause)
}

#[cfg(test)]
mod tests {
    use remote_core::source::{MemorySource, StreamSource};

    use super::*;

    #[tokio::test]
    async fn contents_of_all_sizes_are_hashed() {
        for bytes in [
            0,
            1,
            BATCH_BYTES - 1,
            BATCH_BYTES,
            BATCH_BYTES + 1,
            3 * BATCH_BYTES + 7,
        ] {
            let content = vec![7_u8; bytes];
            let prepared = Prepared::new(Arc::new(MemorySource::new(content.clone())), 0)
                .await
                .unwrap();
            assert_eq!(
                prepared.md5,
                HashValue::of(HashAlgorithm::Md5, &content),
                "{bytes}"
            );
            assert_eq!(prepared.bytes, bytes as u64);
            assert!(prepared.is_unchanged().await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_stream_is_kept() {
        let pieces = futures::stream::iter([Ok(Bytes::from_static(b"abc"))]);
        let source = StreamSource::once(pieces, None);
        let prepared = Prepared::new(Arc::new(source), 0).await.unwrap();
        assert_eq!(prepared.bytes, 3);
        assert!(prepared.source.can_reopen() && prepared.is_unchanged().await.unwrap());
    }
}
