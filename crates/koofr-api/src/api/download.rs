//! Downloads.

use std::{fmt, ops::Range};

use bytes::Bytes;
use futures::{StreamExt as _, stream, stream::BoxStream};
use remote_core::{
    error::{Error, ErrorKind, Result},
    http::Response,
    secret::Secret,
};

use super::upload::DirectLink;
use crate::{
    call::{Call, Route},
    client::Client,
    model::{file::FileInfo, job::FileAddress},
    text_enum,
};

/// Longest list of files that the service takes for one archive, as it is sent.
const MAX_ARCHIVE_FORM_BYTES: usize = 10_000_000;

/// Which bytes of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the forms that HTTP has")]
pub enum ByteRange {
    /// From an offset to the end.
    From(u64),
    /// This many bytes at the end. The service refuses more than the file has.
    Last(u64),
    /// Half open: the second offset is not part of it. What lies beyond the end of the file is left out.
    Window(Range<u64>),
}

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
            Some(range) => call.header("range", header_of(range)?),
            None => call,
        };
        let response = self.open(&call.any_content()).await?;
        let info = file_info_of(&response);
        // A rendition or archive has another size than the file; only the answer's own length tells.
        let content_type = response
            .header("content-type")
            .and_then(|value| std::str::from_utf8(value).ok())
            .map(str::to_owned);
        let window = window_of(&response, range)?;
        let body = match window.cut {
            Some((skip, take)) => cut(response.into_stream(), skip, take),
            None => response.into_stream(),
        };
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

fn header_of(range: &ByteRange) -> Result<String> {
    Ok(match range {
        ByteRange::From(start) => format!("bytes={start}-"),
        ByteRange::Last(count) => format!("bytes=-{count}"),
        ByteRange::Window(window) => match window.end.checked_sub(1) {
            Some(last) => format!("bytes={}-{last}", window.start),
            None => {
                return Err(Error::with_message(
                    ErrorKind::InvalidInput,
                    "an empty range of bytes",
                ));
            }
        },
    })
}

/// The file that an answer belongs to, if the header with it can be read; it is optional.
fn file_info_of(response: &Response) -> Option<FileInfo> {
    serde_json::from_slice(response.header("x-file-info")?).ok()
}

/// What of the content an answer delivers, and what of the body belongs to it.
#[derive(Debug, Default, Eq, PartialEq)]
struct Window {
    total: Option<u64>,
    range: Option<Range<u64>>,
    /// Bytes to leave out at the beginning, and bytes to deliver after them.
    cut: Option<(u64, u64)>,
}

fn window_of(response: &Response, asked: Option<&ByteRange>) -> Result<Window> {
    let length = response.content_length();
    if response.status().as_u16() == 206 {
        let header = response
            .header("content-range")
            .and_then(|value| std::str::from_utf8(value).ok());
        return partial(header, length, asked);
    }
    let total = length.or_else(|| file_info_of(response)?.size.filter(|_size| asked.is_some()));
    whole(total, asked)
}

/// The window of an answer that says which part it is.
fn partial(header: Option<&str>, length: Option<u64>, asked: Option<&ByteRange>) -> Result<Window> {
    let wrong = |what: &str| Err(Error::with_message(ErrorKind::Protocol, what));
    let Some(asked) = asked else {
        return wrong("a part was answered where the whole was asked for");
    };
    let Some((range, total)) = header.and_then(parse_content_range) else {
        return wrong("the part that was answered is not named");
    };
    let expected = match (asked, total) {
        (ByteRange::From(start), Some(total)) => *start..total,
        (ByteRange::From(start), None) => *start..range.end,
        (ByteRange::Last(count), Some(total)) => total.saturating_sub(*count)..total,
        (ByteRange::Last(_), None) => range.clone(),
        (ByteRange::Window(window), Some(total)) => window.start..window.end.min(total),
        (ByteRange::Window(window), None) => window.clone(),
    };
    if range != expected {
        return wrong("another part was answered than was asked for");
    }
    if length.is_some_and(|length| length != range.end - range.start) {
        return wrong("the length of the answer is not that of its part");
    }
    Ok(Window {
        total,
        range: Some(range),
        cut: None,
    })
}

/// The window of an answer with the whole content, whether that was asked for or a range was ignored.
fn whole(total: Option<u64>, asked: Option<&ByteRange>) -> Result<Window> {
    let outside = || {
        Err(Error::with_message(
            ErrorKind::InvalidInput,
            "the range lies outside the file",
        ))
    };
    let range = match (asked, total) {
        (None, total) => {
            return Ok(Window {
                total,
                range: total.map(|total| 0..total),
                cut: None,
            });
        }
        (Some(ByteRange::Last(_)), None) => {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the whole file was answered, without its size, where its end was asked for",
            ));
        }
        (Some(ByteRange::From(start)), None) => {
            return Ok(Window {
                cut: Some((*start, u64::MAX)),
                ..Window::default()
            });
        }
        (Some(ByteRange::Window(window)), None) => {
            return Ok(Window {
                cut: Some((window.start, window.end - window.start)),
                ..Window::default()
            });
        }
        (Some(ByteRange::From(start)), Some(total)) if *start <= total => *start..total,
        (Some(ByteRange::Last(count)), Some(total)) => total.saturating_sub(*count)..total,
        (Some(ByteRange::Window(window)), Some(total)) if window.start <= total => {
            window.start..window.end.min(total)
        }
        (Some(_), Some(_)) => return outside(),
    };
    // Only an empty file has an empty part.
    if range.is_empty() && total != Some(0) {
        return outside();
    }
    Ok(Window {
        total,
        cut: Some((range.start, range.end - range.start)),
        range: Some(range),
    })
}

/// Reads `bytes a-b/total`, where the total may be `*`.
fn parse_content_range(text: &str) -> Option<(Range<u64>, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.trim().split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    let end = last.checked_add(1)?;
    let is_possible = first < end && total.is_none_or(|total| end <= total);
    is_possible.then_some((first..end, total))
}

/// The bytes of a body after the first `skip`, at most `take`. The rest is not fetched.
fn cut(
    body: BoxStream<'static, Result<Bytes>>,
    skip: u64,
    take: u64,
) -> BoxStream<'static, Result<Bytes>> {
    stream::unfold(
        (body, skip, take),
        |(mut body, mut skip, take)| async move {
            if take == 0 {
                return None;
            }
            loop {
                let mut piece = match body.next().await? {
                    Ok(piece) => piece,
                    Err(error) => return Some((Err(error), (stream::empty().boxed(), 0, 0))),
                };
                let dropped =
                    usize::try_from(skip).map_or(piece.len(), |skip| skip.min(piece.len()));
                let _before = piece.split_to(dropped);
                skip -= dropped as u64;
                if piece.is_empty() {
                    continue;
                }
                if let Ok(take) = usize::try_from(take) {
                    piece.truncate(take);
                }
                let take = take - piece.len() as u64;
                return Some((Ok(piece), (body, skip, take)));
            }
        },
    )
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_and_nonsense_is_not() {
        assert_eq!(parse_content_range("bytes 2-4/10"), Some((2..5, Some(10))));
        assert_eq!(parse_content_range("bytes 0-0/*"), Some((0..1, None)));
        for text in [
            "bytes 0-18446744073709551615/0",
            "bytes 4-2/10",
            "bytes 0-10/10",
            "bytes */10",
            "items 0-1/2",
            "bytes -1-2/3",
            "",
        ] {
            assert_eq!(parse_content_range(text), None, "{text}");
        }
    }

    #[test]
    fn a_part_must_be_the_one_that_was_asked_for() {
        let asked = ByteRange::Window(2..5);
        let window = partial(Some("bytes 2-4/10"), Some(3), Some(&asked)).unwrap();
        assert_eq!((window.range, window.total), (Some(2..5), Some(10)));
        let clipped = partial(
            Some("bytes 8-9/10"),
            Some(2),
            Some(&ByteRange::Window(8..100)),
        )
        .unwrap();
        assert_eq!(clipped.range, Some(8..10));
        let last = partial(Some("bytes 7-9/10"), None, Some(&ByteRange::Last(3))).unwrap();
        assert_eq!(last.range, Some(7..10));
        for (header, length) in [
            (Some("bytes 3-4/10"), None),
            (Some("bytes 2-3/10"), None),
            (Some("bytes 2-4/10"), Some(4)),
            (None, Some(3)),
        ] {
            let error = partial(header, length, Some(&asked)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{header:?}");
        }
        assert!(partial(Some("bytes 0-9/10"), None, None).is_err());
    }

    #[test]
    fn an_ignored_range_is_cut_out_of_the_whole() {
        let cut_of = |asked: ByteRange, total| whole(total, Some(&asked)).map(|window| window.cut);
        assert_eq!(
            cut_of(ByteRange::Window(2..5), Some(10)).unwrap(),
            Some((2, 3))
        );
        assert_eq!(
            cut_of(ByteRange::Window(8..100), Some(10)).unwrap(),
            Some((8, 2))
        );
        assert_eq!(cut_of(ByteRange::Last(3), Some(10)).unwrap(), Some((7, 3)));
        assert_eq!(
            cut_of(ByteRange::From(4), None).unwrap(),
            Some((4, u64::MAX))
        );
        assert_eq!(cut_of(ByteRange::From(0), Some(0)).unwrap(), Some((0, 0)));
        assert!(cut_of(ByteRange::From(10), Some(10)).is_err());
        assert!(cut_of(ByteRange::Last(1), None).is_err());
    }
}
