//! One pass over bytes that are read by blocking calls.

use bytes::Bytes;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::{
    error::{Error, ErrorKind, IntegrityError, Result},
    hash::{HashAlgorithm, HashValue, Hasher},
};

/// Bytes that are hashed by one blocking call.
const BATCH_BYTES: usize = 1 << 20;

/// Reads the next piece; nothing at the end.
pub(super) trait Reader: Send + 'static {
    fn next_chunk(&mut self) -> Result<Option<Bytes>>;
}

/// The pieces of a reader, the next one being read while the current one is used.
///
/// No thread waits between two pieces, so any number of passes can be open at once.
pub(super) fn read_ahead<R: Reader>(reader: R) -> BoxStream<'static, Result<Bytes>> {
    stream::unfold(Some(start(reader)), |pass| async move {
        let (reader, chunk) = match pass?.await {
            Ok(Ok(step)) => step,
            Ok(Err(error)) => return Some((Err(error), None)),
            Err(error) => return Some((Err(stopped(error)), None)),
        };
        chunk.map(|chunk| (Ok(chunk), Some(start(reader))))
    })
    .boxed()
}

/// The hash of a stream, of known length or not. One batch is hashed while the next one is read.
pub(super) async fn hash(
    mut stream: BoxStream<'static, Result<Bytes>>,
    expected: Option<u64>,
    algorithm: HashAlgorithm,
) -> Result<HashValue> {
    let mut hasher = Hasher::new(algorithm);
    let mut batch = Batch::gather(&mut stream).await?;
    let mut actual = batch.bytes as u64;
    while batch.is_full() {
        let hashing = spawn_blocking(move || batch.hash(hasher));
        batch = Batch::gather(&mut stream).await?;
        actual = actual.saturating_add(batch.bytes as u64);
        hasher = hashing.await.map_err(stopped)?;
        if expected.is_some_and(|expected| actual > expected) {
            break;
        }
    }
    check_length(expected, actual)?;
    let hasher = spawn_blocking(move || batch.hash(hasher)).await;
    Ok(hasher.map_err(stopped)?.finish())
}

/// Pieces that are hashed together.
struct Batch {
    pieces: Vec<Bytes>,
    bytes: usize,
}

impl Batch {
    async fn gather(stream: &mut BoxStream<'static, Result<Bytes>>) -> Result<Self> {
        let mut batch = Self {
            pieces: Vec::new(),
            bytes: 0,
        };
        while !batch.is_full() {
            let Some(piece) = stream.next().await.transpose()? else {
                break;
            };
            batch.bytes += piece.len();
            batch.pieces.push(piece);
        }
        Ok(batch)
    }

    fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES
    }

    fn hash(self, mut hasher: Hasher) -> Hasher {
        self.pieces.iter().for_each(|piece| hasher.update(piece));
        hasher
    }
}

fn check_length(expected: Option<u64>, actual: u64) -> Result<()> {
    let cause = match expected {
        Some(expected) if actual > expected => IntegrityError::Long { expected },
        Some(expected) if actual < expected => IntegrityError::Short { expected, actual },
        _ => return Ok(()),
    };
    Err(Error::with_message(
        ErrorKind::SourceChanged,
        "the source has another number of bytes than it announced",
    )
    .with_source(cause))
}

/// Runs blocking work of a source.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    spawn_blocking(work).await.map_err(stopped)?
}

fn start<R: Reader>(mut reader: R) -> JoinHandle<Result<(R, Option<Bytes>)>> {
    spawn_blocking(move || {
        let chunk = reader.next_chunk()?;
        Ok((reader, chunk))
    })
}

fn stopped(error: tokio::task::JoinError) -> Error {
    Error::with_message(ErrorKind::SourceFailed, "reading the source was stopped")
        .with_source(error)
}
