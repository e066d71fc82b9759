//! Reading files: one request, verified, resumed where the connection broke.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use futures::{FutureExt as _, future::BoxFuture, stream::BoxStream};
use remote_core::{
    download::{Download, resuming},
    entry::{Tag, TagParts},
    error::{Error, ErrorKind, Result, RetryAdvice},
    operation::ReadOptions,
    path::RemotePath,
};

use super::{Inner, entries};
use crate::{
    api::download::{ByteRange, FileDownload, GetOptions},
    model::file::FileInfo,
};

type Body = BoxStream<'static, Result<Bytes>>;

impl Inner {
    pub(super) async fn read(
        self: Arc<Self>,
        path: &RemotePath,
        options: ReadOptions,
    ) -> Result<Download> {
        let server = self.paths.to_server(path)?;
        let opened = self.open_checked(&server, &options).await?;
        let entry = entries::entry(path.clone(), &opened.info);
        let range = opened.range.clone();
        let body = self.resumable(server, opened);
        Ok(Download::new(entry, Some(range), body).with_progress(options.progress))
    }

    /// Opens the file and makes sure that it is the one that was asked for.
    async fn open_checked(&self, server: &str, options: &ReadOptions) -> Result<Opened> {
        let opened = match &options.range {
            None => self.open_whole(server).await?,
            Some(range) => {
                self.open_range(server, range, options.if_match.as_ref())
                    .await?
            }
        };
        if options.if_match.is_some() && entries::tag(&opened.info) != options.if_match {
            return Err(changed());
        }
        Ok(opened)
    }

    async fn open_whole(&self, server: &str) -> Result<Opened> {
        let mount = self.mount().await?;
        let download = self
            .client
            .get(mount, server, &GetOptions::default())
            .await?;
        let (info, download) = self.with_info(server, download).await?;
        let range = match (&download.range, info.size) {
            (_, Some(size)) => 0..size,
            (Some(range), None) => range.clone(),
            (None, None) => 0..u64::MAX,
        };
        Ok(Opened {
            info,
            range,
            body: download.body,
        })
    }

    /// The service answers nonsense to a range of an empty file, so it is never asked for one that is known to be empty.
    async fn open_range(
        &self,
        server: &str,
        range: &Range<u64>,
        expected: Option<&Tag>,
    ) -> Result<Opened> {
        if let Some(size) = expected.and_then(size_of) {
            return self.open_range_of(server, range, size).await;
        }
        if range.is_empty() {
            return self.open_range_of_seen(server, range).await;
        }
        match self.open_window(server, range).await {
            // Behind the end, or empty: a look tells which.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::InvalidInput | ErrorKind::Protocol | ErrorKind::Transport
                ) =>
            {
                let info = self.info_of_file(server).await?;
                match info.size {
                    Some(size) if range.start >= size => {
                        self.open_range_of(server, range, size).await
                    }
                    _ => Err(error),
                }
            }
            other => other,
        }
    }

    async fn open_range_of_seen(&self, server: &str, range: &Range<u64>) -> Result<Opened> {
        let info = self.info_of_file(server).await?;
        self.open_range_of(server, range, info.size.unwrap_or(u64::MAX))
            .await
    }

    /// A range of a file of known size.
    async fn open_range_of(&self, server: &str, range: &Range<u64>, size: u64) -> Result<Opened> {
        if range.start > size || range.start == size && size > 0 {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                format!(
                    "the range starts at byte {}, behind the end of the file of {size} bytes",
                    range.start
                ),
            ));
        }
        let range = range.start..range.end.min(size).max(range.start);
        if range.is_empty() {
            let info = self.info_of_file(server).await?;
            return Ok(Opened {
                info,
                range,
                body: Box::pin(futures::stream::empty()),
            });
        }
        self.open_window(server, &range).await
    }

    async fn open_window(&self, server: &str, range: &Range<u64>) -> Result<Opened> {
        let mount = self.mount().await?;
        let options = GetOptions::default().with_range(ByteRange::Window(range.clone()));
        let download = self.client.get(mount, server, &options).await?;
        let (info, download) = self.with_info(server, download).await?;
        let end = info.size.map_or(range.end, |size| range.end.min(size));
        if range.start >= end {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "the range lies outside the file",
            ));
        }
        Ok(Opened {
            info,
            range: range.start..end,
            body: download.body,
        })
    }

    /// What the file is: told with the content, or asked for.
    async fn with_info(
        &self,
        server: &str,
        mut download: FileDownload,
    ) -> Result<(FileInfo, FileDownload)> {
        let info = match download.info.take() {
            Some(info) => info,
            None => self.info_of_file(server).await?,
        };
        Ok((info, download))
    }

    async fn info_of_file(&self, server: &str) -> Result<FileInfo> {
        let mount = self.mount().await?;
        let info = self.client.info(mount, server).await?;
        if info.is_dir() {
            return Err(Error::with_message(
                ErrorKind::IsADirectory,
                "is a directory, not a file",
            ));
        }
        Ok(info)
    }

    /// The body, continued by further requests for the same content.
    fn resumable(self: Arc<Self>, server: String, opened: Opened) -> Body {
        let retry = self.retry.clone();
        let tag = entries::tag(&opened.info);
        let range = opened.range.clone();
        let end = range.end;
        let mut first = Some(opened.body);
        let open = move |offset: u64| -> BoxFuture<'static, Result<Body>> {
            if let Some(body) = first.take() {
                return futures::future::ready(Ok(body)).boxed();
            }
            let (inner, server, tag) = (Arc::clone(&self), server.clone(), tag.clone());
            async move { inner.reopen(&server, offset..end, tag).await }.boxed()
        };
        resuming(open, range, retry)
    }

    /// The rest of a file, if it is provably the same one.
    async fn reopen(&self, server: &str, rest: Range<u64>, tag: Option<Tag>) -> Result<Body> {
        let Some(tag) = tag else {
            return Err(Error::with_message(
                ErrorKind::Transport,
                "the transfer broke off, and the storage tells nothing by which to resume it",
            ));
        };
        // The request was repeated as often as allowed already.
        let opened = self
            .open_window(server, &rest)
            .await
            .map_err(|error| error.with_retry_advice(RetryAdvice::Never))?;
        if entries::tag(&opened.info) != Some(tag) {
            return Err(changed());
        }
        Ok(opened.body)
    }
}

/// A file that is being read.
struct Opened {
    info: FileInfo,
    /// The bytes that are delivered.
    range: Range<u64>,
    body: Body,
}

fn size_of(tag: &Tag) -> Option<u64> {
    match tag.parts() {
        TagParts::Hash(_, size) | TagParts::SizeTime(size, _) => Some(*size),
        _ => None,
    }
}

fn changed() -> Error {
    Error::with_message(
        ErrorKind::PreconditionFailed,
        "the file has other content than expected",
    )
}
