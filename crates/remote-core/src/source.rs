//! Bytes to upload, from memory, a file or a stream.
//!
//! A service may want the size and hash before the first byte, a lost connection means sending the bytes again, and a resumed upload starts in the
//! middle. So an upload takes a *source*, which can be opened as often as needed, and not a stream:
//!
//! | the bytes are | use | opened again |
//! | --- | --- | --- |
//! | in memory | [`MemorySource`] | yes |
//! | in a file | [`FileSource`] | yes; a file that changed meanwhile is noticed |
//! | in a stream or reader, to be kept | [`SpooledSource`] | yes, from memory or a temporary file |
//! | in a stream, to be passed on | [`StreamSource`] | no: a lost connection fails the upload |

mod file;
mod memory;
mod pass;
mod sending;
mod spool;
mod stream;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub use self::{
    file::{FileSource, Links},
    memory::MemorySource,
    sending::{Sending, Sent},
    spool::SpooledSource,
    stream::StreamSource,
};
use crate::{
    error::{Error, ErrorKind, Result},
    hash::{HashAlgorithm, HashValue},
};

/// The most bytes a source hands out in one piece.
///
/// Large enough that a piece costs little beside the bytes in it, small enough that 32 uploads at once, each with one piece under way and one read ahead, hold
/// 8 MiB.
pub const CHUNK_BYTES: usize = 128 * 1024;

/// Bytes to upload.
///
/// # Examples
///
/// ```
/// use futures::TryStreamExt as _;
/// use remote_core::source::{MemorySource, UploadSource};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> remote_core::error::Result<()> {
/// let source = MemorySource::new("hello world");
/// assert_eq!(source.size(), Some(11));
///
/// let tail: Vec<_> = source.open(6).await?.try_collect().await?;
/// assert_eq!(tail.concat(), b"world");
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait UploadSource: fmt::Debug + Send + Sync {
    /// The exact number of bytes, where it is known without reading them.
    ///
    /// A source that gives a size hands out exactly so many bytes, or an error.
    fn size(&self) -> Option<u64>;

    /// Whether [`open`](Self::open) works more than once; true unless the source says otherwise.
    fn can_reopen(&self) -> bool {
        true
    }

    /// The hash of all bytes, where it is known without reading them; unknown unless the source says otherwise.
    fn hash(&self, algorithm: HashAlgorithm) -> Option<HashValue> {
        let _ = algorithm;
        None
    }

    /// Opens the bytes from `offset`, counted from the first byte, to the end. Every call starts a fresh pass; passes may overlap.
    ///
    /// The stream ends after the first error and has no empty pieces.
    ///
    /// # Errors
    ///
    /// [`SourceFailed`](ErrorKind::SourceFailed) if the bytes cannot be read, or not again;
    /// [`SourceChanged`](ErrorKind::SourceChanged) if they are not those of the first pass any more;
    /// [`InvalidInput`](ErrorKind::InvalidInput) for an offset behind the end. The same kinds in the stream.
    async fn open(&self, offset: u64) -> Result<BoxStream<'static, Result<Bytes>>>;

    /// The hash of all bytes, which are read once for it, also where [`hash`](Self::hash) knows it. Hashing takes place on the blocking threads of the Tokio
    /// runtime.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open); [`SourceChanged`](ErrorKind::SourceChanged) with an [`IntegrityError`](crate::error::IntegrityError) if there are not as many bytes as
    /// [`size`](Self::size) says.
    async fn read_hash(&self, algorithm: HashAlgorithm) -> Result<HashValue> {
        pass::hash(self.open(0).await?, self.size(), algorithm).await
    }
}

fn offset_behind_end(offset: u64, size: u64) -> Error {
    Error::with_message(
        ErrorKind::InvalidInput,
        format!("offset {offset} lies behind the end of a source of {size} bytes"),
    )
}

/// The error of a stream of the caller: one of ours that travelled inside an I/O error comes out as it was.
fn source_failed(error: std::io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::new(ErrorKind::SourceFailed).with_source(error),
    }
}
