//! Downloads.

use std::{fmt, ops::Range};

use bytes::Bytes;
use futures::stream::BoxStream;
use remote_core::{
    error::Result,
    http::{ByteRange, Response, Window, header},
    text_enum,
};

use crate::{
    call::{Base, Call},
    client::Client,
    location::Location,
};

text_enum! {
    /// Size of a preview picture.
    pub enum Thumbnail {
        /// Small.
        Small = "WS",
        /// Medium.
        Medium = "WM",
        /// Large.
        Large = "WL",
        /// Largest.
        ExtraLarge = "WXL",
    }
}

/// What to download of a file.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GetOptions {
    /// Which bytes; all of them when absent.
    pub range: Option<ByteRange>,
    /// An older revision, by its number. Seen in one public client; whether the service heeds it must be checked by the MD5 of what comes.
    pub revision: Option<u64>,
}

impl GetOptions {
    /// Sets [`range`](Self::range).
    #[must_use]
    pub fn with_range(mut self, range: ByteRange) -> Self {
        self.range = Some(range);
        self
    }

    /// Sets [`revision`](Self::revision).
    #[must_use]
    pub fn with_revision(mut self, number: u64) -> Self {
        self.revision = Some(number);
        self
    }
}

/// A file on its way in. The body is what the service sends: neither its length nor its hash is checked here.
#[non_exhaustive]
pub struct FileDownload {
    /// Size of the whole content in bytes, where known.
    pub total: Option<u64>,
    /// Which bytes of the content the body is, half open; absent when the size is not known.
    pub range: Option<Range<u64>>,
    /// The bytes.
    pub body: BoxStream<'static, Result<Bytes>>,
}

impl FileDownload {
    /// An answer whose body is all there is.
    pub(super) fn whole(response: Response) -> Self {
        let total = response.content_length();
        Self {
            total,
            range: total.map(|total| 0..total),
            body: response.into_stream(),
        }
    }
}

impl fmt::Debug for FileDownload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileDownload")
            .field("total", &self.total)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Downloads a file or a part of it, **also one in the trash**: the service tells no difference. Repeated, until the body begins, after failures that
    /// allow it.
    ///
    /// A server that ignores the range is noticed, and the part is cut out of what it sends.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound), also for a folder;
    /// [`InvalidInput`](remote_core::error::ErrorKind::InvalidInput) for a range outside the file;
    /// [`Protocol`](remote_core::error::ErrorKind::Protocol) if the answer is another part than the one asked for.
    pub async fn get(&self, place: &Location, options: &GetOptions) -> Result<FileDownload> {
        let mut call = Call::get(Base::Jfs, "download")
            .place(place)
            .query("mode", "bin")
            .header(header::ACCEPT_ENCODING.as_str(), "identity");
        if let Some(revision) = options.revision {
            call = call.query("revision", &revision.to_string());
        }
        if let Some(range) = &options.range {
            call = call.header(header::RANGE.as_str(), range.to_header()?);
        }
        let response = self.open(call).await?;
        let window = Window::of(&response, options.range.as_ref(), None)?;
        let body = window.cut_out(response.into_stream());
        Ok(FileDownload {
            total: window.total,
            range: window.range,
            body,
        })
    }

    /// Downloads a preview of a picture. Repeated, until the body begins, after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound), also where there is no preview.
    pub async fn thumbnail(&self, place: &Location, size: &Thumbnail) -> Result<FileDownload> {
        let call = Call::get(Base::Jfs, "thumbnail")
            .place(place)
            .query("mode", "thumb")
            .query("ts", size.as_str());
        Ok(FileDownload::whole(self.open(call).await?))
    }
}
