//! A source in memory.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};

use super::{CHUNK_BYTES, UploadSource, offset_behind_end};
use crate::error::Result;

/// Bytes that are in memory; opening and reading them copies nothing.
#[derive(Clone)]
pub struct MemorySource(Bytes);

impl MemorySource {
    /// A source of these bytes.
    pub fn new(content: impl Into<Bytes>) -> Self {
        Self(content.into())
    }
}

impl fmt::Debug for MemorySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemorySource({} bytes)", self.0.len())
    }
}

#[async_trait]
impl UploadSource for MemorySource {
    fn size(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }

    async fn open(&self, offset: u64) -> Result<BoxStream<'static, Result<Bytes>>> {
        let size = self.0.len();
        let start = usize::try_from(offset)
            .ok()
            .filter(|&start| start <= size)
            .ok_or_else(|| offset_behind_end(offset, size as u64))?;
        Ok(pieces(self.0.slice(start..)).boxed())
    }
}

/// The bytes in pieces of at most [`CHUNK_BYTES`].
fn pieces(mut content: Bytes) -> impl stream::Stream<Item = Result<Bytes>> + Send {
    stream::iter(std::iter::from_fn(move || {
        let length = content.len().min(CHUNK_BYTES);
        (length > 0).then(|| Ok(content.split_to(length)))
    }))
}
