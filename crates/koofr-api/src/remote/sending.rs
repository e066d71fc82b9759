//! The bytes of an upload on their way out, counted and hashed.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures::{StreamExt as _, stream::BoxStream};
use remote_core::{
    error::{IntegrityError, Result},
    hash::{HashAlgorithm, HashValue, Hasher},
    source::UploadSource,
};

use crate::model::file::FileInfo;

/// A pass over a source.
pub(super) struct Sending {
    stream: BoxStream<'static, Result<Bytes>>,
    sent: Sent,
}

/// What one pass over a source has handed out; shared with the stream.
#[derive(Clone, Debug)]
pub(super) struct Sent(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    bytes: u64,
    complete: bool,
    expected: Option<u64>,
    hash: Progress,
}

/// The hash may be known beforehand.
#[derive(Debug)]
enum Progress {
    Known(HashValue),
    Running(Hasher),
}

impl Sending {
    pub(super) async fn open(source: &Arc<dyn UploadSource>) -> Result<Self> {
        let hash = match source.hash(HashAlgorithm::Md5) {
            Some(hash) => Progress::Known(hash),
            None => Progress::Running(Hasher::new(HashAlgorithm::Md5)),
        };
        let stream = source.open(0).await?;
        let state = State {
            bytes: 0,
            complete: source.size() == Some(0),
            expected: source.size(),
            hash,
        };
        Ok(Self {
            stream,
            sent: Sent(Arc::new(Mutex::new(state))),
        })
    }

    pub(super) fn sent(&self) -> Sent {
        self.sent.clone()
    }

    pub(super) fn into_stream(self) -> BoxStream<'static, Result<Bytes>> {
        let sent = self.sent.clone();
        let end = self.sent;
        let counted = self.stream.inspect(move |piece| {
            if let Ok(piece) = piece {
                sent.take(piece);
            }
        });
        // A body of unknown size is complete when its stream has ended.
        counted
            .chain(futures::stream::poll_fn(move |_context| {
                end.end();
                std::task::Poll::Ready(None)
            }))
            .boxed()
    }
}

impl Progress {
    /// The hash of all bytes so far; those that follow are not taken in any more.
    fn finish(&mut self) -> HashValue {
        let hash = match self {
            Self::Known(hash) => *hash,
            Self::Running(hasher) => mem::replace(hasher, Hasher::new(HashAlgorithm::Md5)).finish(),
        };
        *self = Self::Known(hash);
        hash
    }
}

impl Sent {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, piece: &Bytes) {
        let mut state = self.state();
        state.bytes += piece.len() as u64;
        state.complete |= state.expected == Some(state.bytes);
        if let Progress::Running(hasher) = &mut state.hash {
            hasher.update(piece);
        }
    }

    fn end(&self) {
        let mut state = self.state();
        state.complete |= state.expected.is_none();
    }

    /// How many bytes were handed out.
    pub(super) fn bytes(&self) -> u64 {
        self.state().bytes
    }

    /// Whether all bytes were handed out, so that the service may have stored them.
    pub(super) fn is_complete(&self) -> bool {
        self.state().complete
    }

    /// How a stored file differs from what was sent, if it does. A hash that the storage does not tell is not compared.
    pub(super) fn mismatch(&self, stored: &FileInfo) -> Option<IntegrityError> {
        let mut state = self.state();
        let actual_size = stored.size.unwrap_or_default();
        if actual_size != state.bytes {
            return Some(IntegrityError::Size {
                expected: state.bytes,
                actual: actual_size,
            });
        }
        let expected = state.hash.finish();
        let actual = stored.md5()?;
        (actual != expected).then_some(IntegrityError::Hash { expected, actual })
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;
    use remote_core::source::MemorySource;

    use super::*;

    fn stored(size: u64, hash: Option<&str>) -> FileInfo {
        FileInfo {
            size: Some(size),
            hash: hash.map(str::to_owned),
            ..FileInfo::default()
        }
    }

    async fn send(content: &'static str) -> Sent {
        let source: Arc<dyn UploadSource> = Arc::new(MemorySource::new(content));
        let sending = Sending::open(&source).await.unwrap();
        let sent = sending.sent();
        let _pieces: Vec<Bytes> = sending.into_stream().try_collect().await.unwrap();
        sent
    }

    #[tokio::test]
    async fn what_was_sent_is_compared_by_size_and_hash() {
        let sent = send("hello world").await;
        assert!(sent.is_complete());
        assert_eq!(
            sent.mismatch(&stored(11, Some("5eb63bbbe01eeed093cb22bb8f5acdc3"))),
            None
        );
        assert_eq!(sent.mismatch(&stored(11, None)), None);
        assert_eq!(
            sent.mismatch(&stored(10, None)),
            Some(IntegrityError::Size {
                expected: 11,
                actual: 10
            })
        );
        let other = stored(11, Some("00000000000000000000000000000000"));
        assert!(matches!(
            sent.mismatch(&other),
            Some(IntegrityError::Hash { .. })
        ));
    }

    #[tokio::test]
    async fn nothing_is_complete_before_the_last_byte() {
        let source: Arc<dyn UploadSource> = Arc::new(MemorySource::new("abc"));
        let sending = Sending::open(&source).await.unwrap();
        assert!(!sending.sent().is_complete());
        assert!(send("").await.is_complete());
    }
}
