//! Content on its way in and out.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};

use super::{MemoryRemote, tree::FileNode};
use crate::{
    download::Download,
    entry::{Entry, Tag},
    error::{Error, ErrorKind, IntegrityError, Result},
    hash::{HashAlgorithm, HashValue},
    operation::{ReadOptions, WriteMode, WriteOptions},
    path::RemotePath,
    source::{CHUNK_BYTES, UploadSource},
};

impl MemoryRemote {
    pub(super) fn start_read(&self, path: &RemotePath, options: ReadOptions) -> Result<Download> {
        let tree = self.tree();
        let node = tree.file(path)?;
        let entry = self.look(&tree, path)?;
        if let Some(wanted) = &options.if_match {
            check_tag(wanted, entry.tag.as_ref())?;
        }
        let content = node.file.as_ref().map(|file| file.content.clone());
        let content = content.unwrap_or_default();
        let range = cut_off(options.range, content.len() as u64)?;
        let part = usize::try_from(range.start)
            .and_then(|start| Ok(start..usize::try_from(range.end)?))
            .map(|range| content.slice(range))
            .map_err(|error| Error::new(ErrorKind::TooLarge).with_source(error))?;
        let download = Download::new(entry, Some(range), pieces(part));
        Ok(download.with_progress(options.progress))
    }

    pub(super) async fn store(
        &self,
        path: &RemotePath,
        source: &dyn UploadSource,
        options: WriteOptions,
    ) -> Result<Entry> {
        self.check_write(path, source.size().unwrap_or(0), &options.mode)?;
        let content = self.take_in(path, source, &options).await?;
        let hash = HashValue::of(HashAlgorithm::Md5, &content);
        if source
            .hash(HashAlgorithm::Md5)
            .is_some_and(|known| known != hash)
        {
            return Err(Error::with_message(
                ErrorKind::SourceChanged,
                "the source delivered other bytes than its hash promises",
            ));
        }
        let now = self.now();
        let settable = self.0.capabilities.time_precision.is_some();
        let modified = options.modified.filter(|_time| settable);
        let file = FileNode {
            content,
            content_type: options.content_type,
            created: now,
            hash,
            modified: modified.map_or(now, |time| self.stored_time(time)),
            revision: 0,
        };
        self.change(|tree| {
            self.check_mode(
                tree.get(path).map(|node| self.entry(path.clone(), node)),
                &options.mode,
            )?;
            tree.put(path, file)?;
            self.look(tree, path)
        })
    }

    /// Refuses what cannot succeed before anything is read. What holds here is checked again when the file is put in place.
    fn check_write(&self, path: &RemotePath, bytes: u64, mode: &WriteMode) -> Result<()> {
        let tree = self.tree();
        tree.check_file_target(&tree.key(path))?;
        let old = tree.get(path).map(|node| self.entry(path.clone(), node));
        let old_bytes = old.as_ref().and_then(|entry| entry.size).unwrap_or(0);
        self.check_mode(old, mode)?;
        tree.check_room(bytes.saturating_sub(old_bytes))
    }

    fn check_mode(&self, old: Option<Entry>, mode: &WriteMode) -> Result<()> {
        match (mode, old) {
            (WriteMode::CreateNew, Some(_)) => Err(ErrorKind::AlreadyExists.into()),
            (WriteMode::IfMatch(tag), old) => {
                check_tag(tag, old.and_then(|entry| entry.tag).as_ref())
            }
            _ => Ok(()),
        }
    }

    /// Reads a source to its end, but not beyond the room there is.
    async fn take_in(
        &self,
        path: &RemotePath,
        source: &dyn UploadSource,
        options: &WriteOptions,
    ) -> Result<Bytes> {
        let mut content = BytesMut::new();
        let mut body = source.open(0).await?;
        while let Some(piece) = body.try_next().await? {
            content.extend_from_slice(&piece);
            if let Some(progress) = &options.progress {
                progress.moved(piece.len() as u64);
            }
            self.check_write(path, content.len() as u64, &WriteMode::Overwrite)?;
        }
        let actual = content.len() as u64;
        match source.size() {
            Some(expected) if expected != actual => Err(wrong_size(expected, actual)),
            _ => Ok(content.freeze()),
        }
    }
}

fn check_tag(wanted: &Tag, actual: Option<&Tag>) -> Result<()> {
    if actual == Some(wanted) {
        return Ok(());
    }
    Err(Error::with_message(
        ErrorKind::PreconditionFailed,
        "the content is not the expected one",
    ))
}

fn cut_off(range: Option<Range<u64>>, size: u64) -> Result<Range<u64>> {
    let Some(range) = range else {
        return Ok(0..size);
    };
    let starts_inside = range.start < size || (range.start == 0 && size == 0);
    if !starts_inside || range.end < range.start {
        return Err(Error::with_message(
            ErrorKind::InvalidInput,
            format!("bytes {range:?} do not lie in a file of {size} bytes"),
        ));
    }
    Ok(range.start..range.end.min(size))
}

fn pieces(mut content: Bytes) -> BoxStream<'static, Result<Bytes>> {
    stream::iter(std::iter::from_fn(move || {
        let length = content.len().min(CHUNK_BYTES);
        (length > 0).then(|| Ok(content.split_to(length)))
    }))
    .boxed()
}

fn wrong_size(expected: u64, actual: u64) -> Error {
    let cause = if actual < expected {
        IntegrityError::Short { expected, actual }
    } else {
        IntegrityError::Long { expected }
    };
    Error::with_message(
        ErrorKind::SourceChanged,
        "the source delivered another number of bytes than it announced",
    )
    .with_source(cause)
}
