//! A source that can be read only once.

use std::{
    fmt, io,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    Stream, StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};

use super::{UploadSource, source_failed};
use crate::error::{Error, ErrorKind, IntegrityError, Result};

/// A stream that is passed on as it comes, without being kept.
///
/// An upload whose connection breaks cannot be repeated; where that matters use a [`SpooledSource`](super::SpooledSource).
pub struct StreamSource {
    size: Option<u64>,
    stream: Mutex<Option<BoxStream<'static, io::Result<Bytes>>>>,
}

impl StreamSource {
    /// A source of one pass. A `size` in bytes that is given must be exact; a stream that delivers fewer or more bytes fails.
    pub fn once(
        stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        size: Option<u64>,
    ) -> Self {
        Self {
            size,
            stream: Mutex::new(Some(stream.boxed())),
        }
    }
}

impl fmt::Debug for StreamSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamSource")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl UploadSource for StreamSource {
    fn size(&self) -> Option<u64> {
        self.size
    }

    fn can_reopen(&self) -> bool {
        false
    }

    /// Hands out the stream; only the first call, and only from the start, can.
    async fn open(&self, offset: u64) -> Result<BoxStream<'static, Result<Bytes>>> {
        let mut slot = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = (offset == 0).then(|| slot.take()).flatten();
        let stream = stream.ok_or_else(only_once)?;
        let pieces = stream
            .map_err(source_failed)
            .try_filter(|piece| std::future::ready(!piece.is_empty()));
        Ok(match self.size {
            Some(size) => exactly(size, pieces.boxed()),
            None => until_error(pieces.boxed()),
        })
    }
}

fn only_once() -> Error {
    Error::with_message(
        ErrorKind::SourceFailed,
        "the source can be read only once, from its start",
    )
    .with_help("spool the stream (SpooledSource), so that it can be sent again")
}

fn until_error(stream: BoxStream<'static, Result<Bytes>>) -> BoxStream<'static, Result<Bytes>> {
    stream::unfold(Some(stream), |stream| async move {
        let mut stream = stream?;
        let item = stream.next().await?;
        let rest = item.is_ok().then_some(stream);
        Some((item, rest))
    })
    .boxed()
}

/// Fails as soon as more than `expected` bytes come, and at the end if there were fewer.
fn exactly(
    expected: u64,
    stream: BoxStream<'static, Result<Bytes>>,
) -> BoxStream<'static, Result<Bytes>> {
    stream::unfold(Some((stream, 0_u64)), move |pass| async move {
        let (mut stream, before) = pass?;
        let Some(item) = stream.next().await else {
            return (before < expected).then(|| (Err(too_short(expected, before)), None));
        };
        let actual = match &item {
            Ok(piece) => before.saturating_add(piece.len() as u64),
            Err(_) => return Some((item, None)),
        };
        if actual > expected {
            return Some((Err(wrong_length(IntegrityError::Long { expected })), None));
        }
        Some((item, Some((stream, actual))))
    })
    .boxed()
}

fn too_short(expected: u64, actual: u64) -> Error {
    wrong_length(IntegrityError::Short { expected, actual })
}

fn wrong_length(error: IntegrityError) -> Error {
    Error::with_message(
        ErrorKind::SourceFailed,
        "the source delivers another number of bytes than it announced",
    )
    .with_source(error)
}
