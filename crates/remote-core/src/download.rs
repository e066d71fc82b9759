//! The content of a file on its way in, verified.

mod body;
mod resume;

use std::{
    fmt, io,
    ops::Range,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use futures::{
    FutureExt as _, Stream, StreamExt as _, TryStreamExt as _, future::BoxFuture, stream::BoxStream,
};
use tokio::io::{AsyncBufRead, AsyncWrite, AsyncWriteExt as _};
use tokio_util::io::StreamReader;

use self::body::Verified;
pub use self::resume::{MIN_PROGRESS, resuming};
use crate::{
    entry::Entry,
    error::{Error, ErrorKind, Result},
    progress::Progress,
};

/// The content of a file, or a part of it, with what is known about the file.
///
/// A stream of pieces. It is checked while it is read: exactly the bytes of [`range`](Self::range) must come, and a whole file must have the hash of its entry,
/// if that has one. A check that fails is a [`Corrupted`](ErrorKind::Corrupted) error with an
/// [`IntegrityError`](crate::error::IntegrityError) as its cause; where the size is known, it comes in place of the last piece, so that a file that is
/// corrupted is never delivered completely. Nothing follows an error.
///
/// # Cancellation
///
/// Dropping it ends the transfer.
///
/// # Examples
///
/// ```
/// use remote_core::{memory::MemoryRemote, operation::ReadOptions, operation::WriteOptions};
/// use remote_core::{path::RemotePath, remote::{Remote as _, RemoteExt as _}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> remote_core::error::Result<()> {
/// let remote = MemoryRemote::new();
/// let path = RemotePath::parse("greeting.txt")?;
/// remote.write_bytes(&path, "hello world", WriteOptions::default()).await?;
///
/// let part = remote.read(&path, ReadOptions::default().with_range(6..100)).await?;
/// assert_eq!((part.range(), part.entry().size), (6..11, Some(11)));
/// assert_eq!(part.bytes(1024).await?, "world");
/// # Ok(())
/// # }
/// ```
pub struct Download {
    entry: Entry,
    range: Option<Range<u64>>,
    body: Verified,
    progress: Option<Arc<dyn Progress>>,
    judge: Option<Judge>,
    judging: Option<BoxFuture<'static, Error>>,
}

/// Finds out what a check that failed means.
type Judge = Box<dyn FnOnce(Error) -> BoxFuture<'static, Error> + Send>;

impl Download {
    /// For implementors of remotes: a body that is about to deliver `range` of the file, or the whole file when absent.
    ///
    /// The range is the one that is delivered, cut off at the end of the file, and not the one that was asked for.
    #[must_use]
    pub fn new(
        entry: Entry,
        range: Option<Range<u64>>,
        body: BoxStream<'static, Result<Bytes>>,
    ) -> Self {
        let whole = entry.size.map(|size| 0..size);
        let range = range.or_else(|| whole.clone());
        let is_whole = range == whole;
        let length = range
            .as_ref()
            .map(|range| range.end.saturating_sub(range.start));
        let hash = entry.hash.filter(|_hash| is_whole);
        Self {
            body: Verified::new(body, length, hash),
            entry,
            range,
            progress: None,
            judge: None,
            judging: None,
        }
    }

    /// For implementors of remotes whose entry may be out of date: asked once, with the [`Corrupted`](ErrorKind::Corrupted) error, when the content is not that of
    /// the entry. What it returns ends the stream instead, for instance [`PreconditionFailed`](ErrorKind::PreconditionFailed) for a file that has changed.
    #[must_use]
    pub fn with_judge(
        mut self,
        judge: impl FnOnce(Error) -> BoxFuture<'static, Error> + Send + 'static,
    ) -> Self {
        self.judge = Some(Box::new(judge));
        self
    }

    /// For implementors of remotes: tells `progress`, if any, of the bytes that arrive.
    #[must_use]
    pub fn with_progress(mut self, progress: Option<Arc<dyn Progress>>) -> Self {
        self.progress = progress;
        self
    }

    /// The whole file: its size, modification time, hash and tag as far as the service told them with the content.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Which bytes of the file are delivered, half open. Where the service does not tell the size of a file, the end is [`u64::MAX`].
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.range.clone().unwrap_or(0..u64::MAX)
    }

    /// Whether all of the file is delivered.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.range == self.entry.size.map(|size| 0..size)
    }

    /// All the bytes, in memory.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ErrorKind::TooLarge) if there are more than `max_bytes`, before anything is fetched where the size is known; otherwise those of the stream.
    pub async fn bytes(mut self, max_bytes: u64) -> Result<Bytes> {
        let known = self
            .range
            .as_ref()
            .map_or(0, |range| range.end.saturating_sub(range.start));
        if known > max_bytes {
            return Err(self.too_large(max_bytes));
        }
        let Some(first) = self.try_next().await? else {
            return Ok(Bytes::new());
        };
        let mut content = Content::One(first);
        while let Some(piece) = self.try_next().await? {
            content.push(&piece, known);
            if content.len() > max_bytes {
                return Err(self.too_large(max_bytes));
            }
        }
        if content.len() > max_bytes {
            return Err(self.too_large(max_bytes));
        }
        Ok(content.freeze())
    }

    /// Writes all the bytes to a writer, flushes it, and tells how many there were.
    ///
    /// # Errors
    ///
    /// Those of the stream; [`Other`](ErrorKind::Other) if the writer fails, with its error as the cause. What was written before stays written.
    pub async fn copy_to(mut self, writer: &mut (impl AsyncWrite + Unpin + Send)) -> Result<u64> {
        let mut copied = 0;
        while let Some(piece) = self.try_next().await? {
            writer.write_all(&piece).await.map_err(write_failed)?;
            copied += piece.len() as u64;
        }
        writer.flush().await.map_err(write_failed)?;
        Ok(copied)
    }

    /// The pieces without what is known about the file.
    #[must_use]
    pub fn into_stream(self) -> BoxStream<'static, Result<Bytes>> {
        self.boxed()
    }

    /// The bytes as a reader. Errors of the stream are the inner error of the reader's.
    pub fn into_reader(self) -> impl AsyncBufRead + Send + Unpin + 'static {
        StreamReader::new(self.map_err(into_io_error))
    }

    fn too_large(&self, max_bytes: u64) -> Error {
        let error = Error::with_message(
            ErrorKind::TooLarge,
            format!("content is larger than the limit of {max_bytes} bytes"),
        );
        self.in_context(error)
    }

    fn in_context(&self, error: Error) -> Error {
        error.with_operation("read").with_path(&self.entry.path)
    }
}

impl Stream for Download {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if self.judging.is_none() {
            let item = std::task::ready!(self.body.poll_next_unpin(cx));
            let judge = match &item {
                Some(Err(error)) if error.kind() == ErrorKind::Corrupted => self.judge.take(),
                _ => None,
            };
            match (item, judge) {
                (Some(Err(error)), Some(judge)) => self.judging = Some(judge(error)),
                (item, _) => return Poll::Ready(self.told(item)),
            }
        }
        let Some(judging) = &mut self.judging else {
            return Poll::Ready(None);
        };
        let error = std::task::ready!(judging.poll_unpin(cx));
        self.judging = None;
        Poll::Ready(self.told(Some(Err(error))))
    }
}

impl Download {
    /// An item on its way out: counted, or put into context.
    fn told(&self, item: Option<Result<Bytes>>) -> Option<Result<Bytes>> {
        if let (Some(Ok(piece)), Some(progress)) = (&item, &self.progress) {
            progress.moved(piece.len() as u64);
        }
        item.map(|item| item.map_err(|error| self.in_context(error)))
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("entry", &self.entry)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// Pieces put together; one piece alone, as in most small files, is not copied.
enum Content {
    Many(BytesMut),
    One(Bytes),
}

impl Content {
    /// `expected` is only trusted up to a point: it is what a server announced.
    fn push(&mut self, piece: &[u8], expected: u64) {
        let mut all = match std::mem::replace(self, Self::One(Bytes::new())) {
            Self::Many(all) => all,
            Self::One(first) => {
                let capacity = usize::try_from(expected)
                    .unwrap_or(0)
                    .min(MAX_RESERVED_BYTES);
                let mut all = BytesMut::with_capacity(capacity.max(first.len()));
                all.extend_from_slice(&first);
                all
            }
        };
        all.extend_from_slice(piece);
        *self = Self::Many(all);
    }

    fn len(&self) -> u64 {
        match self {
            Self::Many(all) => all.len() as u64,
            Self::One(piece) => piece.len() as u64,
        }
    }

    fn freeze(self) -> Bytes {
        match self {
            Self::Many(all) => all.freeze(),
            Self::One(piece) => piece,
        }
    }
}

/// The most memory that is set aside for bytes that have not arrived.
const MAX_RESERVED_BYTES: usize = 1 << 20;

fn write_failed(error: io::Error) -> Error {
    Error::with_message(
        ErrorKind::Other,
        "the bytes read cannot be written to their target",
    )
    .with_operation("read")
    .with_source(error)
}

fn into_io_error(error: Error) -> io::Error {
    let kind = match error.kind() {
        ErrorKind::Corrupted => io::ErrorKind::InvalidData,
        ErrorKind::NotFound => io::ErrorKind::NotFound,
        ErrorKind::PermissionDenied => io::ErrorKind::PermissionDenied,
        ErrorKind::Timeout => io::ErrorKind::TimedOut,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
