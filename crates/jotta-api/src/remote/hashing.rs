//! Size and MD5 of a source before its first byte is sent.

use std::{io, sync::Arc};

use futures::StreamExt as _;
use remote_core::{
    error::{Error, ErrorKind, IntegrityError, Result},
    hash::{HashAlgorithm, HashValue},
    source::{SpooledSource, UploadSource},
};

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
                None => source.read_hash(HashAlgorithm::Md5).await?,
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
        Ok(self.source.read_hash(HashAlgorithm::Md5).await? == self.md5)
    }
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
    use bytes::Bytes;
    use remote_core::source::{MemorySource, StreamSource};

    use super::*;

    #[tokio::test]
    async fn what_can_be_opened_again_is_read_and_not_kept() {
        let source: Arc<dyn UploadSource> = Arc::new(MemorySource::new("abc"));
        let prepared = Prepared::new(Arc::clone(&source), 0).await.unwrap();
        assert_eq!(prepared.md5, HashValue::of(HashAlgorithm::Md5, b"abc"));
        assert!(Arc::ptr_eq(&prepared.source, &source));
        assert!(prepared.is_unchanged().await.unwrap());
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
