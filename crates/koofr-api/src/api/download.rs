//! Downloads.

use std::{fmt, ops::Range};

use bytes::Bytes;
use futures::stream::BoxStream;
use remote_core::{
    error::{Error, ErrorKind, Result},
    http::{Response, Window},
    secret::Secret,
};

use super::upload::DirectLink;
use crate::{
    call::{Call, Route},
    client::Client,
    model::{file::FileInfo, job::FileAddress},
    text_enum,
};
pub use remote_core::http::ByteRange;

/// Longest list of files that the service takes for one archive, as it is sent.
const MAX_ARCHIVE_FORM_BYTES: usize = 10_000_000;

text_enum! {
    /// Size of a preview picture.
    pub enum Thumbnail {
        /// Largest.
        Huge = "huge",
        /// Large.
        Large = "large",
        /// Medium.
        Medium = "medium",
        /// Between small and medium.
        Shmedium = "shmedium",
        /// Small.
        Small = "small",
    }
}

/// What to download of a file.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GetOptions {
    /// Which bytes; all of them when absent. Some servers answer nonsense for ranges of an empty file: ask for such a file as a whole.
    pub range: Option<ByteRange>,
    /// An old version, by its id. Seen in one client, not in the published description.
    pub version: Option<String>,
    /// A preview picture in place of the content.
    pub thumbnail: Option<Thumbnail>,
    /// A rendition in this format in place of the content.
    pub convert: Option<String>,
    /// Asks for the header that makes browsers save the file.
    pub force: bool,
}

impl GetOptions {
    /// Sets [`range`](Self::range).
    #[must_use]
    pub fn with_range(mut self, range: ByteRange) -> Self {
        self.range = Some(range);
        self
    }

    /// Sets [`version`](Self::version).
    #[must_use]
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Sets [`thumbnail`](Self::thumbnail).
    #[must_use]
    pub fn with_thumbnail(mut self, thumbnail: Thumbnail) -> Self {
        self.thumbnail = Some(thumbnail);
        self
    }

    /// Sets [`convert`](Self::convert).
    #[must_use]
    pub fn with_convert(mut self, format: impl Into<String>) -> Self {
        self.convert = Some(format.into());
        self
    }

    /// Sets [`force`](Self::force).
    #[must_use]
    pub fn with_force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }
}

/// A file on its way in. The body is what the service sends: neither its length nor its hash is checked here.
#[non_exhaustive]
pub struct FileDownload {
    /// The whole file, where the service told it with the content: name, size, modification time and hash, also for a part.
    pub info: Option<FileInfo>,
    /// Media type of the body.
    pub content_type: Option<String>,
    /// Size of the whole content in bytes, where known.
    pub total: Option<u64>,
    /// Which bytes of the content the body is, half open; absent when the size is not known.
    pub range: Option<Range<u64>>,
    /// The bytes.
    pub body: BoxStream<'static, Result<Bytes>>,
}

impl fmt::Debug for FileDownload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileDownload")
            .field("info", &self.info)
            .field("content_type", &self.content_type)
            .field("total", &self.total)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Downloads a file or a part of it. Repeated, until the body begins, after failures that allow it.
    ///
    /// A server that ignores the range is noticed, and the part is cut out of what it sends.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound); [`IsADirectory`](ErrorKind::IsADirectory) for a folder;
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a range outside the file (416);
    /// [`Protocol`](ErrorKind::Protocol) if the answer is another part than the one asked for;
    /// [`StorageOffline`](ErrorKind::StorageOffline).
    pub async fn get(&self, mount: &str, path: &str, options: &GetOptions) -> Result<FileDownload> {
        let call = Call::get(Route::Content, "files/get")
            .mount(mount, "files/get")
            .path(path);
        self.download(with_options(call, options)?, options.range.as_ref())
            .await
    }

    /// Like [`get`](Self::get), with a name for the file in the address, which browsers save it under. Repeated like it.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    pub async fn get_as(
        &self,
        mount: &str,
        path: &str,
        name: &str,
        options: &GetOptions,
    ) -> Result<FileDownload> {
        let call = Call::get(Route::Content, "files/get/{name}")
            .mount(mount, "files/get")
            .id(name)
            .path(path);
        self.download(with_options(call, options)?, options.range.as_ref())
            .await
    }

    /// The address to which the service sends browsers that want a file. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// As for [`info`](Self::info); [`Protocol`](ErrorKind::Protocol) if the answer does not point anywhere.
    pub async fn content_url(&self, mount: &str, path: &str) -> Result<Secret> {
        let call = Call::get(Route::Api, "files/get redirect")
            .mount(mount, "files/get")
            .path(path)
            .wants_redirect();
        self.location(&call).await
    }

    /// An address from which anyone can download a file for some time, without credentials. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// As for [`info`](Self::info).
    pub async fn download_link(&self, mount: &str, path: &str) -> Result<Secret> {
        let call = Call::get(Route::Api, "files/download")
            .mount(mount, "files/download")
            .path(path);
        self.json::<DirectLink>(call).await?.into_secret()
    }

    /// Downloads some files and folders of one folder as a ZIP archive. Repeated, until the body begins, after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound); [`TooLarge`](ErrorKind::TooLarge) for more names than the service takes at once;
    /// [`InvalidInput`](ErrorKind::InvalidInput) for none at all.
    pub async fn zip(&self, mount: &str, folder: &str, names: &[&str]) -> Result<FileDownload> {
        let fields = names.iter().map(|name| ("files", *name));
        let call = Call::reading_post(Route::Content, "files/get zip")
            .mount(mount, "files/get")
            .path(folder)
            .form(fields)
            .any_content();
        self.archive(call).await
    }

    /// Downloads files and folders from anywhere in the account as a ZIP archive. Repeated, until the body begins, after failures that allow it.
    ///
    /// # Errors
    ///
    /// As for [`zip`](Self::zip).
    pub async fn zip_files(&self, files: &[FileAddress]) -> Result<FileDownload> {
        let texts: Vec<String> = files
            .iter()
            .map(|file| format!("{}:{}", file.mount_id, file.path))
            .collect();
        let fields = texts.iter().map(|text| ("files", text.as_str()));
        let call = Call::reading_post(Route::Content, "files/get zip many")
            .at("files/get")
            .form(fields)
            .any_content();
        self.archive(call).await
    }

    async fn archive(&self, call: Call) -> Result<FileDownload> {
        let bytes = call
            .payload
            .as_ref()
            .map_or(0, |payload| payload.bytes.len());
        if bytes == 0 {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "an archive of nothing",
            ));
        }
        if bytes > MAX_ARCHIVE_FORM_BYTES {
            return Err(
                Error::with_message(ErrorKind::TooLarge, "too many files for one archive")
                    .with_help("ask for a folder in place of its files, or for several archives"),
            );
        }
        self.download(call, None).await
    }

    pub(crate) async fn download(
        &self,
        call: Call,
        range: Option<&ByteRange>,
    ) -> Result<FileDownload> {
        let call = match range {
            Some(range) => call.header("range", range.to_header()?),
            None => call,
        };
        let response = self.open(&call.any_content()).await?;
        let info = file_info_of(&response);
        // A rendition or archive has another size than the file; only the answer's own length tells.
        let content_type = response
            .header("content-type")
            .and_then(|value| std::str::from_utf8(value).ok())
            .map(str::to_owned);
        let window = Window::of(&response, range, info.as_ref().and_then(|info| info.size))?;
        let body = window.cut_out(response.into_stream());
        Ok(FileDownload {
            info,
            content_type,
            total: window.total,
            range: window.range,
            body,
        })
    }
}

fn with_options(call: Call, options: &GetOptions) -> Result<Call> {
    if let Some(ByteRange::Window(window)) = &options.range
        && window.is_empty()
    {
        return Err(Error::with_message(
            ErrorKind::InvalidInput,
            "an empty range of bytes",
        ));
    }
    Ok(call
        .query_opt("version", options.version.as_deref())
        .query_opt("thumb", options.thumbnail.as_ref())
        .query_opt("convert", options.convert.as_deref())
        .query_opt("force", options.force.then_some("true")))
}

/// The file that an answer belongs to, if the header with it can be read; it is optional.
fn file_info_of(response: &Response) -> Option<FileInfo> {
    serde_json::from_slice(response.header("x-file-info")?).ok()
}
