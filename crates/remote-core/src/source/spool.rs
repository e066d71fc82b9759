//! A source that keeps what a stream delivers once.

use std::{
    fmt,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{
    Stream, StreamExt as _,
    stream::{self, BoxStream},
};
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

use super::{
    CHUNK_BYTES, UploadSource, offset_behind_end,
    pass::{self, Reader},
    source_failed,
};
use crate::{
    error::{Error, ErrorKind, Result},
    hash::{HashAlgorithm, HashValue, Hasher},
};

/// What a stream or reader delivered, kept in memory up to a limit of the caller and beyond it in a temporary file.
///
/// The temporary file lies in the system's directory for such files. It has no name on Unix and is removed by the system when the source is dropped or the
/// process ends in any way. Size and MD5 are known without reading.
///
/// # Examples
///
/// ```
/// use remote_core::source::{SpooledSource, UploadSource as _};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> remote_core::error::Result<()> {
/// let source = SpooledSource::from_reader(&b"of unknown length"[..], 1 << 20).await?;
/// assert_eq!(source.size(), Some(17));
/// assert!(source.can_reopen() && !source.is_on_disk());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SpooledSource(Arc<Spooled>);

struct Spooled {
    size: u64,
    hash: HashValue,
    place: Place,
}

enum Place {
    /// All blocks but the last have [`CHUNK_BYTES`] bytes.
    Memory(Arc<[Bytes]>),
    /// One position is shared by all passes, so each read sets it under the lock.
    Disk(Arc<Mutex<File>>),
}

impl SpooledSource {
    /// Reads a stream to its end.
    ///
    /// At most `memory_limit` bytes, and one piece of the stream, are held in memory.
    ///
    /// # Errors
    ///
    /// [`SourceFailed`](ErrorKind::SourceFailed) if the stream fails or the temporary file cannot be written.
    pub async fn spool(
        stream: impl Stream<Item = io::Result<Bytes>> + Send,
        memory_limit: u64,
    ) -> Result<Self> {
        let mut stream = std::pin::pin!(stream);
        let mut spooler = Spooler::new(memory_limit);
        while let Some(piece) = stream.next().await {
            spooler.push(piece.map_err(source_failed)?).await?;
        }
        spooler.finish().await
    }

    /// Reads a reader to its end, like [`spool`](Self::spool).
    ///
    /// # Errors
    ///
    /// As [`spool`](Self::spool).
    pub async fn from_reader(reader: impl AsyncRead + Send, memory_limit: u64) -> Result<Self> {
        Self::spool(
            ReaderStream::with_capacity(reader, CHUNK_BYTES),
            memory_limit,
        )
        .await
    }

    /// Whether the bytes are in a temporary file.
    #[must_use]
    pub fn is_on_disk(&self) -> bool {
        matches!(self.0.place, Place::Disk(_))
    }
}

impl fmt::Debug for SpooledSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpooledSource")
            .field("size", &self.0.size)
            .field("on_disk", &self.is_on_disk())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl UploadSource for SpooledSource {
    fn size(&self) -> Option<u64> {
        Some(self.0.size)
    }

    fn hash(&self, algorithm: HashAlgorithm) -> Option<HashValue> {
        (self.0.hash.algorithm() == algorithm).then_some(self.0.hash)
    }

    async fn open(&self, offset: u64) -> Result<BoxStream<'static, Result<Bytes>>> {
        let remaining = self.0.size.checked_sub(offset);
        let remaining = remaining.ok_or_else(|| offset_behind_end(offset, self.0.size))?;
        Ok(match &self.0.place {
            Place::Memory(blocks) => blocks_from(Arc::clone(blocks), offset),
            Place::Disk(file) => pass::read_ahead(DiskPass {
                file: Arc::clone(file),
                position: offset,
                remaining,
            }),
        })
    }
}

fn blocks_from(blocks: Arc<[Bytes]>, offset: u64) -> BoxStream<'static, Result<Bytes>> {
    let block_bytes = CHUNK_BYTES as u64;
    let first = usize::try_from(offset / block_bytes).unwrap_or(usize::MAX);
    let mut skip = usize::try_from(offset % block_bytes).unwrap_or(0);
    let pieces = (first..blocks.len()).map(move |index| {
        let block = &blocks[index];
        block.slice(std::mem::take(&mut skip).min(block.len())..)
    });
    stream::iter(pieces.filter(|piece| !piece.is_empty()).map(Ok)).boxed()
}

struct DiskPass {
    file: Arc<Mutex<File>>,
    position: u64,
    remaining: u64,
}

impl Reader for DiskPass {
    fn next_chunk(&mut self) -> Result<Option<Bytes>> {
        let wanted = usize::try_from(self.remaining)
            .unwrap_or(CHUNK_BYTES)
            .min(CHUNK_BYTES);
        if wanted == 0 {
            return Ok(None);
        }
        let mut chunk = vec![0; wanted];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.position))
            .and_then(|_position| file.read_exact(&mut chunk))
            .map_err(temporary_file_failed)?;
        self.position += wanted as u64;
        self.remaining -= wanted as u64;
        Ok(Some(chunk.into()))
    }
}

/// Takes in the bytes block by block; blocking work is done per full block.
struct Spooler {
    memory_limit: u64,
    size: u64,
    hasher: Hasher,
    blocks: Vec<Bytes>,
    file: Option<File>,
    filling: BytesMut,
}

impl Spooler {
    fn new(memory_limit: u64) -> Self {
        Self {
            memory_limit,
            size: 0,
            hasher: Hasher::new(HashAlgorithm::Md5),
            blocks: Vec::new(),
            file: None,
            filling: BytesMut::new(),
        }
    }

    async fn push(&mut self, mut piece: Bytes) -> Result<()> {
        self.size += piece.len() as u64;
        if self.file.is_none() && self.size > self.memory_limit {
            self.move_to_disk().await?;
        }
        while !piece.is_empty() {
            let room = CHUNK_BYTES - self.filling.len();
            let part = piece.split_to(room.min(piece.len()));
            self.filling.extend_from_slice(&part);
            if self.filling.len() == CHUNK_BYTES {
                self.store_block().await?;
            }
        }
        Ok(())
    }

    async fn move_to_disk(&mut self) -> Result<()> {
        let blocks = std::mem::take(&mut self.blocks);
        let file = pass::blocking(move || {
            let mut file = tempfile::tempfile().map_err(temporary_file_failed)?;
            for block in blocks {
                file.write_all(&block).map_err(temporary_file_failed)?;
            }
            Ok(file)
        });
        self.file = Some(file.await?);
        Ok(())
    }

    async fn store_block(&mut self) -> Result<()> {
        let block = self.filling.split().freeze();
        let Some(mut file) = self.file.take() else {
            self.hasher.update(&block);
            self.blocks.push(block);
            return Ok(());
        };
        let mut hasher = std::mem::replace(&mut self.hasher, Hasher::new(HashAlgorithm::Md5));
        let written = pass::blocking(move || {
            hasher.update(&block);
            file.write_all(&block).map_err(temporary_file_failed)?;
            Ok((file, hasher))
        });
        let (file, hasher) = written.await?;
        self.file = Some(file);
        self.hasher = hasher;
        Ok(())
    }

    async fn finish(mut self) -> Result<SpooledSource> {
        if !self.filling.is_empty() {
            self.store_block().await?;
        }
        let place = match self.file {
            Some(file) => Place::Disk(Arc::new(Mutex::new(file))),
            None => Place::Memory(self.blocks.into()),
        };
        Ok(SpooledSource(Arc::new(Spooled {
            size: self.size,
            hash: self.hasher.finish(),
            place,
        })))
    }
}

fn temporary_file_failed(error: io::Error) -> Error {
    Error::with_message(ErrorKind::SourceFailed, "temporary file failed")
        .with_source(error)
        .with_help("check that the directory for temporary files (TMPDIR) has room")
}
