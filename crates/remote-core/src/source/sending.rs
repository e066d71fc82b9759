//! For implementors of remotes: the bytes of an upload on their way out, counted and hashed.

use std::{
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures::{StreamExt as _, stream::BoxStream};

use super::UploadSource;
use crate::{
    error::{IntegrityError, Result},
    hash::{HashAlgorithm, HashValue, Hasher},
};

/// For implementors of remotes: a pass over a source, of which an eye is kept on what it hands out.
pub struct Sending {
    stream: BoxStream<'static, Result<Bytes>>,
    sent: Sent,
}

/// What one pass over a source has handed out so far; shared with its stream.
#[derive(Clone, Debug)]
pub struct Sent(Arc<Mutex<State>>);

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
    /// Opens the source at its beginning.
    ///
    /// # Errors
    ///
    /// Those of [`UploadSource::open`].
    pub async fn open(source: &Arc<dyn UploadSource>) -> Result<Self> {
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

    /// What is handed out, to ask when the stream is gone.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.sent.clone()
    }

    /// The bytes.
    #[must_use]
    pub fn into_stream(self) -> BoxStream<'static, Result<Bytes>> {
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
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.state().bytes
    }

    /// Whether all bytes were handed out, so that the service may have stored them.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.state().complete
    }

    /// How a stored file differs from what was sent, if it does. A hash that the service does not tell is not compared.
    #[must_use]
    pub fn mismatch(&self, size: u64, hash: Option<HashValue>) -> Option<IntegrityError> {
        let mut state = self.state();
        if size != state.bytes {
            return Some(IntegrityError::Size {
                expected: state.bytes,
                actual: size,
            });
        }
        let expected = state.hash.finish();
        let actual = hash?;
        (actual != expected).then_some(IntegrityError::Hash { expected, actual })
    }
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending")
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;
    use crate::source::MemorySource;

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
        let right = HashValue::of(HashAlgorithm::Md5, b"hello world");
        assert_eq!(sent.mismatch(11, Some(right)), None);
        assert_eq!(sent.mismatch(11, None), None);
        assert_eq!(
            sent.mismatch(10, None),
            Some(IntegrityError::Size {
                expected: 11,
                actual: 10
            })
        );
        let other = HashValue::of(HashAlgorithm::Md5, b"");
        assert!(matches!(
            sent.mismatch(11, Some(other)),
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
