//! One pass over bytes that are read by blocking calls.

use bytes::Bytes;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::error::{Error, ErrorKind, Result};

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
