//! Putting a file in its place, complete or not at all.

use std::{
    fs::{File, Permissions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, future};
use remote_core::error::{Error, ErrorKind, Result};
use tempfile::TempPath;

use super::{Blocking, io_error};

/// Most of what all transfers together gather: each has one batch being written and one being gathered.
const MEMORY_BYTES: usize = 16 * 1024 * 1024;

/// Beyond this a batch saves no more: handing it to another thread costs as much as writing some ten kilobytes.
const LARGEST_BATCH_BYTES: usize = 1024 * 1024;

/// Below this the cost of handing batches over begins to be felt.
const SMALLEST_BATCH_BYTES: usize = 256 * 1024;

/// How much of a file is gathered for one blocking call when so many files are transferred at once.
pub(crate) fn batch_bytes(transfers: usize) -> usize {
    (MEMORY_BYTES / 2 / transfers.max(1)).clamp(SMALLEST_BATCH_BYTES, LARGEST_BATCH_BYTES)
}

/// Where and how a file is put.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) modified: Option<SystemTime>,
    /// How many bytes to expect, where known: room for them is reserved, so that a full disk is told before they are fetched.
    pub(crate) size: Option<u64>,
    /// Of the file that is replaced; nothing is replaced when absent.
    pub(crate) replaced: Option<Permissions>,
    /// Whether the content is on the disk before the file takes its name.
    pub(crate) sync: bool,
    /// See [`batch_bytes`].
    pub(crate) batch_bytes: usize,
}

impl Place {
    /// Writes a body to a hidden file beside the place and moves that there, and tells how many bytes there were.
    ///
    /// `moved` is told of the bytes as they arrive. Whatever ends this early, the hidden file goes.
    pub(crate) async fn fill(
        self,
        blocking: &Blocking,
        body: impl Stream<Item = Result<Bytes>> + Send + Unpin,
        moved: impl Fn(u64) + Send,
    ) -> Result<u64> {
        let mut body = Body {
            stream: body,
            moved,
            bytes: 0,
            batch_bytes: self.batch_bytes,
        };
        let first = body.gather().await?;
        if first.is_last {
            blocking
                .run(move || {
                    let (file, hidden) = self.start()?;
                    self.write(&file, &first.pieces)?;
                    self.finish(&file, hidden)
                })
                .await?;
            return Ok(body.bytes);
        }
        let place = Arc::new(self);
        let starting = Arc::clone(&place);
        let (file, hidden) = blocking.run(move || starting.start()).await?;
        let file = Arc::new(file);
        let mut batch = first;
        while !batch.is_last {
            let writing = place.write_batch(blocking, &file, batch);
            let (written, next) = future::join(writing, body.gather()).await;
            written?;
            batch = next?;
        }
        place.write_batch(blocking, &file, batch).await?;
        blocking.run(move || place.finish(&file, hidden)).await?;
        Ok(body.bytes)
    }

    async fn write_batch(
        self: &Arc<Self>,
        blocking: &Blocking,
        file: &Arc<File>,
        batch: Batch,
    ) -> Result<()> {
        let (place, file) = (Arc::clone(self), Arc::clone(file));
        blocking
            .run(move || place.write(&file, &batch.pieces))
            .await
    }

    fn start(&self) -> Result<(File, TempPath)> {
        let dir = self.path.parent().unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".remote-transfer-").suffix(".partial");
        self.choose_permissions(&mut builder);
        let (file, hidden) = builder
            .tempfile_in(dir)
            .map_err(|error| self.unwritable(error))?
            .into_parts();
        reserve(&file, self.size.unwrap_or(0)).map_err(|error| self.unwritable(error))?;
        Ok((file, hidden))
    }

    /// A new file gets what the system gives to new files, a replaced one keeps what it has.
    #[cfg(unix)]
    fn choose_permissions(&self, builder: &mut tempfile::Builder<'_, '_>) {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = match &self.replaced {
            // Writable for its owner while it is written.
            Some(permissions) => permissions.mode() & 0o777 | 0o600,
            None => 0o666,
        };
        builder.permissions(Permissions::from_mode(mode));
    }

    #[cfg(not(unix))]
    fn choose_permissions(&self, _builder: &mut tempfile::Builder<'_, '_>) {}

    fn write(&self, mut file: &File, pieces: &[Bytes]) -> Result<()> {
        pieces
            .iter()
            .try_for_each(|piece| file.write_all(piece))
            .map_err(|error| self.unwritable(error))
    }

    fn finish(&self, file: &File, hidden: TempPath) -> Result<()> {
        self.settle(file).map_err(|error| self.unwritable(error))?;
        if self.replaced.is_some() {
            return hidden
                .persist(&self.path)
                .map_err(|error| self.unwritable(error.error));
        }
        match hidden.persist_noclobber(&self.path) {
            Ok(()) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::with_message(
                    ErrorKind::AlreadyExists,
                    format!("{} was made by someone else", self.path.display()),
                ))
            }
            // Not every file system can move a file without replacing another one.
            Err(error) => match self.path.symlink_metadata() {
                Err(missing) if missing.kind() == io::ErrorKind::NotFound => error
                    .path
                    .persist(&self.path)
                    .map_err(|error| self.unwritable(error.error)),
                _ => Err(self.unwritable(error.error)),
            },
        }
    }

    /// Everything about the file but its name.
    fn settle(&self, file: &File) -> io::Result<()> {
        #[cfg(unix)]
        if let Some(permissions) = &self.replaced {
            use std::os::unix::fs::PermissionsExt as _;
            // Without the bits that let a program run as its owner: the content is another one.
            file.set_permissions(Permissions::from_mode(permissions.mode() & 0o777))?;
        }
        if let Some(modified) = self.modified {
            file.set_modified(modified)?;
        }
        if self.sync {
            file.sync_all()?;
        }
        Ok(())
    }

    fn unwritable(&self, error: io::Error) -> Error {
        io_error("written", &self.path, error)
    }
}

/// Reserves room without changing what is seen of the file; for what is written at once, that is not worth it.
#[cfg(target_os = "linux")]
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    use rustix::{
        fs::{FallocateFlags, fallocate},
        io::Errno,
    };
    if bytes <= SMALLEST_BATCH_BYTES as u64 {
        return Ok(());
    }
    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes) {
        Err(full @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => Err(full.into()),
        // Not every file system can.
        _ => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn reserve(_file: &File, _bytes: u64) -> io::Result<()> {
    Ok(())
}

/// Pieces that are written together.
struct Batch {
    pieces: Vec<Bytes>,
    is_last: bool,
}

struct Body<S, F> {
    stream: S,
    moved: F,
    bytes: u64,
    batch_bytes: usize,
}

impl<S: Stream<Item = Result<Bytes>> + Unpin, F: Fn(u64)> Body<S, F> {
    async fn gather(&mut self) -> Result<Batch> {
        let mut pieces = Vec::new();
        let mut gathered = 0;
        while gathered < self.batch_bytes {
            let Some(piece) = self.stream.next().await.transpose()? else {
                return Ok(Batch {
                    pieces,
                    is_last: true,
                });
            };
            gathered += piece.len();
            self.bytes += piece.len() as u64;
            (self.moved)(piece.len() as u64);
            pieces.push(piece);
        }
        Ok(Batch {
            pieces,
            is_last: false,
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn many_transfers_share_the_memory_of_a_few() {
        let batches = [0, 1, 4, 8, 16, 32].map(|transfers| batch_bytes(transfers) / 1024);
        assert_eq!(batches, [1024, 1024, 1024, 1024, 512, 256]);
    }

    #[test]
    fn room_is_reserved_unseen_and_a_disk_without_it_is_told() -> io::Result<()> {
        let file = tempfile::tempfile()?;
        reserve(&file, 4 * SMALLEST_BATCH_BYTES as u64)?;
        assert_eq!(file.metadata()?.len(), 0);
        // More than any file system has.
        assert!(reserve(&file, 1 << 62).is_err());
        Ok(())
    }
}
