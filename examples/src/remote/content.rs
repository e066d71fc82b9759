//! Contents of files, to and from the standard streams.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    ops::Range,
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use clap::Args;
use futures::{Stream, TryStreamExt as _, stream};
use remote_core::{
    entry::Entry,
    error::{Error, ErrorKind},
    operation::{ListOptions, ReadOptions, WriteOptions},
    path::RemotePath,
    remote::Remote,
    source::{CHUNK_BYTES, SpooledSource, StreamSource, UploadSource},
};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::places::Places;
use crate::{console::Console, program::Result};

/// What is piped in is held in memory up to this size, and in a temporary file beyond it.
const SPOOLED_IN_MEMORY_BYTES: u64 = 8 << 20;

#[derive(Args, Debug)]
pub(super) struct Cat {
    place: OsString,
    /// Skip this many bytes; a negative number counts from the end
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_hyphen_values = true
    )]
    offset: i64,
    /// Print this many bytes at most; all if negative
    #[arg(long, value_name = "N", default_value_t = -1, allow_hyphen_values = true)]
    count: i64,
    /// Print the first N bytes; all if zero or negative
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true, conflicts_with_all = ["offset", "count", "tail"])]
    head: i64,
    /// Print the last N bytes; all if zero or negative
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true, conflicts_with_all = ["offset", "count"])]
    tail: i64,
    /// Print nothing, only read
    #[arg(long)]
    discard: bool,
    /// Print this behind the content of each file
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        allow_hyphen_values = true
    )]
    separator: String,
}

impl Cat {
    pub(super) async fn run(&self, places: &Places, console: &mut Console) -> Result {
        let (remote, path) = places.remote(&self.place)?;
        let found = remote.stat(&path).await?;
        let files = match found.is_file() {
            true => vec![found],
            false => files_below(&*remote, &path).await?,
        };
        for file in &files {
            self.print(&*remote, file, console).await?;
            if !self.discard {
                console.out.write_all(self.separator.as_bytes())?;
            }
        }
        Ok(())
    }

    /// Prints a file that was looked at: the content is that of the look, or an error.
    async fn print(&self, remote: &dyn Remote, file: &Entry, console: &mut Console) -> Result {
        let size = file.size.unwrap_or(u64::MAX);
        let part = self.part(size);
        // Nothing of an empty file is no range of it.
        if part.is_some() && size == 0 || part.as_ref().is_some_and(Range::is_empty) {
            return Ok(());
        }
        let mut options = ReadOptions::default();
        options.range = part;
        options.if_match = file.tag.clone();
        let mut download = remote.read(&file.path, options).await?;
        while let Some(piece) = download.try_next().await? {
            if !self.discard {
                console.out.write_all(&piece)?;
            }
        }
        Ok(())
    }

    /// Which bytes of a file of this size are printed; all of them if absent.
    fn part(&self, size: u64) -> Option<Range<u64>> {
        let (offset, count) = match (self.head, self.tail) {
            (head @ 1.., _) => (0, Some(head.unsigned_abs())),
            (_, tail @ 1..) => (size.saturating_sub(tail.unsigned_abs()), None),
            _ => (self.start(size), u64::try_from(self.count).ok()),
        };
        if offset == 0 && count.is_none() {
            return None;
        }
        let end = count.map_or(size, |count| offset.saturating_add(count).min(size));
        // A start behind the end is for the remote to refuse, as long as bytes of it are wanted.
        let end = if count == Some(0) {
            offset
        } else {
            end.max(offset.saturating_add(1))
        };
        Some(offset..end)
    }

    fn start(&self, size: u64) -> u64 {
        match u64::try_from(self.offset) {
            Ok(offset) => offset,
            Err(_negative) => size.saturating_sub(self.offset.unsigned_abs()),
        }
    }
}

/// All files below a folder, by path.
async fn files_below(remote: &dyn Remote, folder: &RemotePath) -> Result<Vec<Entry>> {
    let mut files: Vec<Entry> = remote
        .list_recursive(folder, ListOptions::default())
        .try_filter(|entry| std::future::ready(entry.is_file()))
        .try_collect()
        .await?;
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

#[derive(Args, Debug)]
pub(super) struct Rcat {
    place: OsString,
    /// How many bytes there are: they are passed on as they come, nothing is kept, and a broken connection is a failure; unknown if negative
    #[arg(long, value_name = "N", default_value_t = -1, allow_hyphen_values = true)]
    size: i64,
}

impl Rcat {
    pub(super) async fn run(&self, places: &Places, console: &mut Console) -> Result {
        let (remote, path): (Arc<dyn Remote>, RemotePath) = places.remote_file(&self.place)?;
        let source: Arc<dyn UploadSource> = match u64::try_from(self.size) {
            Ok(size) => {
                let input = std::mem::replace(&mut console.input, Box::new(tokio::io::empty()));
                Arc::new(StreamSource::once(pieces(input), Some(size)))
            }
            Err(_unknown) => Arc::new(
                SpooledSource::from_reader(&mut console.input, SPOOLED_IN_MEMORY_BYTES).await?,
            ),
        };
        let options = WriteOptions::default().with_expects_dir(true);
        let written = remote.write(&path, source, options).await?;
        if written.size.is_none() {
            let message = "the service does not tell whether it has all of it";
            return Err(Error::with_message(ErrorKind::Protocol, message)
                .with_path(&path)
                .into());
        }
        Ok(())
    }
}

/// What a reader delivers, in pieces.
fn pieces(
    input: Box<dyn AsyncRead + Send + Unpin>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::try_unfold(input, |mut input| async move {
        let mut piece = BytesMut::with_capacity(CHUNK_BYTES);
        let read = input.read_buf(&mut piece).await?;
        Ok((read > 0).then(|| (piece.freeze(), input)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(offset: i64, count: i64, size: u64) -> Option<Range<u64>> {
        let cat = Cat {
            place: OsString::new(),
            offset,
            count,
            head: 0,
            tail: 0,
            discard: false,
            separator: String::new(),
        };
        cat.part(size)
    }

    #[test]
    fn parts_are_counted_from_either_end() {
        assert_eq!(part(0, -1, 10), None);
        assert_eq!(part(3, -1, 10), Some(3..10));
        assert_eq!(part(0, 4, 10), Some(0..4));
        assert_eq!(part(8, 100, 10), Some(8..10));
        assert_eq!(part(-3, -1, 10), Some(7..10));
        assert_eq!(part(-3, 2, 10), Some(7..9));
        assert_eq!(part(-30, -1, 10), None);
        assert_eq!(part(3, 0, 10), Some(3..3));
        assert_eq!(part(12, -1, 10), Some(12..13));
        assert_eq!(
            part(i64::MAX, i64::MAX, 10).map(|part| part.start),
            Some(i64::MAX.unsigned_abs())
        );
    }

    #[test]
    fn head_and_tail_are_parts() {
        let cat = |head, tail| Cat {
            place: OsString::new(),
            offset: 0,
            count: -1,
            head,
            tail,
            discard: false,
            separator: String::new(),
        };
        assert_eq!(cat(4, 0).part(10), Some(0..4));
        assert_eq!(cat(0, 4).part(10), Some(6..10));
        assert_eq!(cat(0, 40).part(10), None);
        assert_eq!(cat(0, 0).part(10), None);
        assert_eq!(cat(-1, -1).part(10), None);
    }
}
