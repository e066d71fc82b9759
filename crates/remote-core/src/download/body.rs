//! A body that is compared with what was promised about it.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream::BoxStream};

use crate::{
    error::{IntegrityError, Result},
    hash::{HashValue, Hasher},
};

/// Passes a body on and checks its length and hash.
pub(super) struct Verified {
    /// Absent after the end or an error.
    body: Option<BoxStream<'static, Result<Bytes>>>,
    expected_bytes: Option<u64>,
    seen_bytes: u64,
    hash: Option<(HashValue, Hasher)>,
}

impl Verified {
    pub(super) fn new(
        body: BoxStream<'static, Result<Bytes>>,
        expected_bytes: Option<u64>,
        expected_hash: Option<HashValue>,
    ) -> Self {
        Self {
            body: Some(body),
            expected_bytes,
            seen_bytes: 0,
            hash: expected_hash.map(|hash| (hash, Hasher::new(hash.algorithm()))),
        }
    }

    fn take_in(&mut self, piece: &Bytes) -> Result<(), IntegrityError> {
        self.seen_bytes = self.seen_bytes.saturating_add(piece.len() as u64);
        if let Some(expected) = self.expected_bytes
            && self.seen_bytes > expected
        {
            return Err(IntegrityError::Long { expected });
        }
        if let Some((_, hasher)) = &mut self.hash {
            hasher.update(piece);
        }
        if self.expected_bytes == Some(self.seen_bytes) {
            self.check_hash()?;
        }
        Ok(())
    }

    fn check_end(&mut self) -> Result<(), IntegrityError> {
        match self.expected_bytes {
            Some(expected) if self.seen_bytes < expected => Err(IntegrityError::Short {
                expected,
                actual: self.seen_bytes,
            }),
            _ => self.check_hash(),
        }
    }

    fn check_hash(&mut self) -> Result<(), IntegrityError> {
        let Some((expected, hasher)) = self.hash.take() else {
            return Ok(());
        };
        let actual = hasher.finish();
        if actual == expected {
            return Ok(());
        }
        Err(IntegrityError::Hash { expected, actual })
    }

    fn fail(&mut self, error: IntegrityError) -> Poll<Option<Result<Bytes>>> {
        self.body = None;
        Poll::Ready(Some(Err(error.into())))
    }
}

impl Stream for Verified {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        loop {
            let Some(body) = &mut self.body else {
                return Poll::Ready(None);
            };
            match ready!(body.poll_next_unpin(cx)) {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(piece)) => {
                    return match self.take_in(&piece) {
                        Ok(()) => Poll::Ready(Some(Ok(piece))),
                        Err(error) => self.fail(error),
                    };
                }
                Some(Err(error)) => {
                    self.body = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.body = None;
                    return match self.check_end() {
                        Ok(()) => Poll::Ready(None),
                        Err(error) => self.fail(error),
                    };
                }
            }
        }
    }
}
