//! Reading files, verified, and resumed where the connection broke.
//!
//! The service sends content with nothing but its length, and sends what is in the trash as well. So a file is looked at first, unless it is known from a listing or a
//! write, or the caller names the content: then a whole file costs one request, and its hash tells at the end whether it was the right one.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream, stream::BoxStream};
use remote_core::{
    download::{Download, resuming},
    entry::{Entry, Tag, TagParts},
    error::{Error, ErrorKind, Result, RetryAdvice},
    http::ByteRange,
    operation::ReadOptions,
    path::RemotePath,
};

use super::{Inner, entries};
use crate::{api::download::GetOptions, location::Location, model::file::Revision};

type Body = BoxStream<'static, Result<Bytes>>;

impl Inner {
    pub(super) async fn read(
        self: Arc<Self>,
        path: &RemotePath,
        options: ReadOptions,
    ) -> Result<Download> {
        let place = self.place(path)?;
        if let (Some(tag), Some(asked)) = (&options.if_match, &options.range) {
            let (entry, range, body) = self.open_named_part(path, &place, tag, asked).await?;
            let body = self.resumable(place, &entry, range.clone(), body);
            let download = Download::new(entry, Some(range), body);
            return Ok(download.with_progress(options.progress));
        }
        let known = self.known(path, &place, &options);
        let is_known = known.is_some();
        let entry = match known {
            Some(entry) => entry,
            None => self.looked_at(path, &place).await?,
        };
        if let Some(tag) = &options.if_match
            && !is_known
            && entry.tag.as_ref() != Some(tag)
        {
            return Err(changed());
        }
        let opened = self
            .open_known(&place, &entry, options.range.as_ref())
            .await;
        let (entry, range, body) = match opened {
            Ok((range, body)) => (entry, range, body),
            // What was known may be out of date.
            Err(error) if is_known && is_stale(&error) => {
                self.seen.forget(place.path());
                let fresh = self.looked_at(path, &place).await?;
                if options.if_match.is_some() && fresh.tag != options.if_match {
                    return Err(changed());
                }
                let (range, body) = self
                    .open_known(&place, &fresh, options.range.as_ref())
                    .await?;
                (fresh, range, body)
            }
            Err(error) => return Err(error),
        };
        let body = self.resumable(place.clone(), &entry, range.clone(), body);
        let download = self.recheck(place, Download::new(entry, Some(range), body));
        Ok(download.with_progress(options.progress))
    }

    /// What the service sends for a path, without a look at what that is.
    pub(super) async fn read_as_sent(&self, path: &RemotePath) -> Result<Download> {
        let place = self.place(path)?;
        let download = self.client.get(&place, &GetOptions::default()).await?;
        let mut entry = Entry::file(path.clone(), 0);
        entry.size = download.total;
        Ok(Download::new(entry, download.range, download.body))
    }

    /// What is known of a file without asking: enough to verify a whole file by its hash.
    fn known(&self, path: &RemotePath, place: &Location, options: &ReadOptions) -> Option<Entry> {
        if self.trashed_only {
            return None;
        }
        let mut seen = self
            .seen
            .file(place.path())
            .filter(|entry| entry.hash.is_some());
        if let Some(entry) = &mut seen {
            entry.path = path.clone();
        }
        let Some(tag) = &options.if_match else {
            return seen;
        };
        if let Some(entry) = seen.filter(|entry| entry.tag.as_ref() == Some(tag)) {
            return Some(entry);
        }
        match tag.parts() {
            TagParts::Hash(hash, size) => Some(
                Entry::file(path.clone(), *size)
                    .with_hash(Some(*hash))
                    .with_tag(Some(tag.clone())),
            ),
            _ => None,
        }
    }

    /// A part of the content that the caller names. It cannot be checked against the hash, so the file is looked at while the answer waits: what that is
    /// made of cannot have been replaced in between.
    async fn open_named_part(
        &self,
        path: &RemotePath,
        place: &Location,
        tag: &Tag,
        asked: &Range<u64>,
    ) -> Result<(Entry, Range<u64>, Body)> {
        let size = match tag.parts() {
            TagParts::Hash(_, size) | TagParts::SizeTime(size, _) => *size,
            // Of another remote.
            _ => return Err(changed()),
        };
        let range = clip(asked, size)?;
        let opened = match range.is_empty() {
            true => Ok(stream::empty().boxed()),
            false => self.open_range(place, &range, size).await,
        };
        let entry = match &opened {
            Err(error) if !is_stale(error) => None,
            _ => Some(self.looked_at(path, place).await?),
        };
        match entry {
            Some(entry) if entry.tag.as_ref() == Some(tag) => Ok((entry, range, opened?)),
            Some(_other) => Err(changed()),
            None => Err(opened.err().unwrap_or_else(changed)),
        }
    }

    async fn looked_at(&self, path: &RemotePath, place: &Location) -> Result<Entry> {
        let (file, content) = self.look_at_file(place).await?;
        let entry = entries::entry(path.clone(), &file, &content);
        self.seen.insert_file(place.path(), &entry);
        Ok(entry)
    }

    /// Opens a file of known size.
    async fn open_known(
        &self,
        place: &Location,
        entry: &Entry,
        asked: Option<&Range<u64>>,
    ) -> Result<(Range<u64>, Body)> {
        let Some(size) = entry.size else {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the service does not tell the size of the file",
            ));
        };
        let range = match asked {
            None => 0..size,
            Some(asked) => clip(asked, size)?,
        };
        if range.is_empty() && asked.is_some() {
            return Ok((range, stream::empty().boxed()));
        }
        let body = self.open_range(place, &range, size).await?;
        Ok((range, body))
    }

    /// One request for some bytes of a file of known size.
    async fn open_range(&self, place: &Location, range: &Range<u64>, size: u64) -> Result<Body> {
        let mut options = GetOptions::default();
        if *range != (0..size) {
            options = options.with_range(ByteRange::Window(range.clone()));
        }
        let download = self.client.get(place, &options).await?;
        if download.total.is_some_and(|total| total != size)
            || download.range.is_some_and(|delivered| delivered != *range)
        {
            return Err(changed());
        }
        Ok(download.body)
    }

    /// The body, continued by further requests for the same content.
    fn resumable(
        self: &Arc<Self>,
        place: Location,
        entry: &Entry,
        range: Range<u64>,
        body: Body,
    ) -> Body {
        let inner = Arc::clone(self);
        let (tag, size) = (entry.tag.clone(), entry.size.unwrap_or_default());
        let end = range.end;
        let mut first = Some(body);
        let open = move |offset: u64| -> BoxFuture<'static, Result<Body>> {
            if let Some(body) = first.take() {
                return futures::future::ready(Ok(body)).boxed();
            }
            let (inner, place, tag) = (Arc::clone(&inner), place.clone(), tag.clone());
            async move { inner.reopen(&place, offset..end, size, tag).await }.boxed()
        };
        resuming(open, range, self.retry.clone())
    }

    /// The rest of a file, if it is provably the same one: it is looked at while the answer waits, so that the content which that is made of cannot have been
    /// replaced in between.
    async fn reopen(
        &self,
        place: &Location,
        rest: Range<u64>,
        size: u64,
        tag: Option<Tag>,
    ) -> Result<Body> {
        // Each request was repeated as often as allowed already.
        let never = |error: Error| error.with_retry_advice(RetryAdvice::Never);
        let body = match self.open_range(place, &rest, size).await {
            Ok(body) => body,
            // The file is gone, or has another size now.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::InvalidInput | ErrorKind::NotFound | ErrorKind::PreconditionFailed
                ) =>
            {
                return Err(self.outdated(place).with_source(error));
            }
            Err(error) => return Err(never(error)),
        };
        let content = match self.content_at(place).await {
            Ok(content) => content,
            Err(gone) if gone.is_not_found() => return Err(self.outdated(place).with_source(gone)),
            Err(error) => return Err(never(error)),
        };
        if tag.is_none() || content.as_ref().and_then(entries::tag) != tag {
            return Err(self.outdated(place));
        }
        Ok(body)
    }

    /// The error for a file that is not what it was known to be, which is forgotten.
    fn outdated(&self, place: &Location) -> Error {
        self.seen.forget(place.path());
        changed()
    }

    /// The content of the file at a place, in the trash or not.
    async fn content_at(&self, place: &Location) -> Result<Option<Revision>> {
        let file = self.client.file(place).await?;
        Ok(file.content().cloned())
    }

    /// Tells a file that was changed after its entry was made from one that is damaged: when the hash does not match, it is looked at.
    fn recheck(self: &Arc<Self>, place: Location, download: Download) -> Download {
        let inner = Arc::clone(self);
        let expected = download.entry().tag.clone();
        download.with_judge(move |error| {
            inner.seen.forget(place.path());
            async move { inner.judge_damage(&place, expected, error).await }.boxed()
        })
    }

    async fn judge_damage(&self, place: &Location, expected: Option<Tag>, error: Error) -> Error {
        match self.look_at_file(place).await {
            Ok((_, content)) if entries::tag(&content) == expected => error,
            Ok(_changed) => changed().with_source(error),
            Err(gone) if gone.is_not_found() => changed().with_source(error),
            Err(_unknown) => error,
        }
    }
}

/// The part of a range that lies in the file.
fn clip(asked: &Range<u64>, size: u64) -> Result<Range<u64>> {
    if asked.start > size || asked.start == size && size > 0 {
        return Err(Error::with_message(
            ErrorKind::InvalidInput,
            format!(
                "the range starts at byte {}, behind the end of the file of {size} bytes",
                asked.start
            ),
        ));
    }
    Ok(asked.start..asked.end.min(size).max(asked.start))
}

/// Whether a failure may come from outdated knowledge.
fn is_stale(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::PreconditionFailed
            | ErrorKind::InvalidInput
            | ErrorKind::Protocol
    )
}

pub(super) fn changed() -> Error {
    Error::with_message(
        ErrorKind::PreconditionFailed,
        "the file has other content than expected",
    )
}
