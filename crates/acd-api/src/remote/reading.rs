//! Reading files: one request where the node is known, verified, resumed where the connection broke.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use futures::{FutureExt as _, future::BoxFuture, stream::BoxStream};
use remote_core::{
    download::{Download, resuming},
    entry::Tag,
    error::{Error, ErrorKind, Result, RetryAdvice},
    http::ByteRange,
    operation::ReadOptions,
    path::RemotePath,
};

use super::{
    Inner, entries,
    known::{Id, Thing},
    looking::{is_a_directory, not_found},
};
use crate::api::content::ContentDownload;

type Body = BoxStream<'static, Result<Bytes>>;

/// How often a file is looked up again because it is not what it was.
const MAX_LOOKS: u32 = 3;

/// A file that was found.
#[derive(Clone, Debug)]
struct Found {
    folder: Id,
    thing: Arc<Thing>,
}

impl Inner {
    pub(super) async fn read(
        self: Arc<Self>,
        path: &RemotePath,
        options: ReadOptions,
    ) -> Result<Download> {
        let mut found = self.find_file(path, &options).await?;
        for _look in 0..MAX_LOOKS {
            let thing = Arc::clone(&found.thing);
            let size = thing.size.unwrap_or(u64::MAX);
            let range = match &options.range {
                Some(range) => range_of(range, size)?,
                None => 0..size,
            };
            let entry = entries::entry(path.clone(), &thing);
            if range.is_empty() {
                let nothing = Box::pin(futures::stream::empty());
                return Ok(
                    Download::new(entry, Some(range), nothing).with_progress(options.progress)
                );
            }
            let opened = self.open(&thing, &range).await;
            let opened = match opened {
                Err(error) if error.is_not_found() => None,
                other => Some(other?),
            };
            let is_same = |opened: &ContentDownload| {
                opened.total.is_none() || thing.size.is_none() || opened.total == thing.size
            };
            if let Some(opened) = opened.filter(is_same) {
                let whole = thing.size.is_some() || options.range.is_some();
                let body = self.resumable(found, range.clone(), opened.body);
                return Ok(Download::new(entry, whole.then_some(range), body)
                    .with_progress(options.progress));
            }
            // It was removed, or has another content by now.
            found = self.find_newest(path).await?;
            check_tag(&found.thing, options.if_match.as_ref())?;
        }
        Err(Error::with_message(
            ErrorKind::PreconditionFailed,
            "the file keeps changing while it is read",
        ))
    }

    /// The file as it is known, if it need not be looked at again: a whole content that is asked for by its tag proves itself at its end.
    async fn find_file(&self, path: &RemotePath, options: &ReadOptions) -> Result<Found> {
        let Some(tag) = &options.if_match else {
            return self.find_known(path).await;
        };
        if options.range.is_none()
            && let Ok(found) = self.find_known(path).await
            && entries::tag(&found.thing).as_ref() == Some(tag)
        {
            return Ok(found);
        }
        let found = self.find_newest(path).await?;
        check_tag(&found.thing, Some(tag))?;
        Ok(found)
    }

    async fn find_known(&self, path: &RemotePath) -> Result<Found> {
        let names = self.names(path)?;
        let Some((above, name)) = names.split() else {
            return Err(is_a_directory());
        };
        let parent = self.dir_if_exists(above).await?.ok_or_else(not_found)?;
        let thing = self.find(&parent.id, name).await?;
        file(parent.id, thing)
    }

    async fn find_newest(&self, path: &RemotePath) -> Result<Found> {
        let names = self.names(path)?;
        let Some((above, name)) = names.split() else {
            return Err(is_a_directory());
        };
        let parent = self.dir_if_exists(above).await?.ok_or_else(not_found)?;
        let thing = self.find_now(&parent.id, name).await?;
        file(parent.id, thing)
    }

    /// Opens a part of a content, or all of it: from a size on by a temporary link.
    async fn open(&self, thing: &Thing, range: &Range<u64>) -> Result<ContentDownload> {
        let is_whole = range.start == 0 && thing.size.is_none_or(|size| size == range.end);
        let window = (!is_whole).then(|| ByteRange::Window(range.clone()));
        let by_link = match (self.templink_threshold, thing.size) {
            (Some(threshold), Some(size)) => size >= threshold,
            _ => false,
        };
        if !by_link {
            return self.client.download(&thing.id, window.as_ref()).await;
        }
        let link = self.client.temporary_link(&thing.id).await?;
        match self.client.download_link(&link, window.as_ref()).await {
            Err(error) if matches!(error.http_status(), Some(401 | 403 | 404 | 410)) => {
                // The link has ended; its time is short and not told.
                let link = self.client.temporary_link(&thing.id).await?;
                self.client
                    .download_link(&link, window.as_ref())
                    .await
                    .map_err(|error| match error.http_status() {
                        Some(401 | 403 | 404 | 410) => error.with_kind(ErrorKind::Service),
                        _ => error,
                    })
            }
            other => other,
        }
    }

    /// The body, continued by further requests for the same content.
    fn resumable(self: Arc<Self>, found: Found, range: Range<u64>, first: Body) -> Body {
        let retry = self.retry.clone();
        let end = range.end;
        let mut first = Some(first);
        let open = move |offset: u64| -> BoxFuture<'static, Result<Body>> {
            if let Some(body) = first.take() {
                return futures::future::ready(Ok(body)).boxed();
            }
            let (inner, found) = (Arc::clone(&self), found.clone());
            async move { inner.reopen(&found, offset..end).await }.boxed()
        };
        resuming(open, range, retry)
    }

    /// The rest of a file, if it is provably the same one.
    async fn reopen(&self, found: &Found, rest: Range<u64>) -> Result<Body> {
        // The requests were repeated as often as allowed already.
        let never = |error: Error| error.with_retry_advice(RetryAdvice::Never);
        let thing = &found.thing;
        let now = self
            .still_there(&found.folder, &thing.id, None)
            .await
            .map_err(never)?;
        let is_same = now.is_some_and(|now| {
            entries::tag(&now).is_some() && entries::tag(&now) == entries::tag(thing)
        });
        if !is_same {
            return Err(changed());
        }
        let rest = rest.start..rest.end.min(thing.size.unwrap_or(u64::MAX));
        let opened = self.open(thing, &rest).await.map_err(never)?;
        Ok(opened.body)
    }
}

fn file(folder: Id, thing: Option<Arc<Thing>>) -> Result<Found> {
    match thing {
        None => Err(not_found()),
        Some(thing) if thing.is_folder => Err(is_a_directory()),
        Some(thing) => Ok(Found { folder, thing }),
    }
}

fn range_of(range: &Range<u64>, size: u64) -> Result<Range<u64>> {
    if range.start > size || range.start == size && size > 0 {
        return Err(Error::with_message(
            ErrorKind::InvalidInput,
            format!(
                "the range starts at byte {}, behind the end of the file of {size} bytes",
                range.start
            ),
        ));
    }
    Ok(range.start..range.end.min(size).max(range.start))
}

fn check_tag(thing: &Thing, expected: Option<&Tag>) -> Result<()> {
    match expected {
        Some(_) if entries::tag(thing).as_ref() != expected => Err(changed()),
        _ => Ok(()),
    }
}

fn changed() -> Error {
    Error::with_message(
        ErrorKind::PreconditionFailed,
        "the file has other content than expected",
    )
}
