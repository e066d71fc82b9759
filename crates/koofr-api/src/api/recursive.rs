//! Everything below a folder, in one request.

use std::{borrow::Cow, collections::VecDeque, fmt};

use bytes::Bytes;
use futures::{StreamExt as _, stream, stream::BoxStream};
use remote_core::error::{Error, ErrorKind, Result, RetryAdvice};
use serde::Deserialize;

use crate::{
    call::{Call, Route},
    client::Client,
    error::classify::{EnvelopeError, error_of_line},
    lenient::{Object, Text},
    model::file::{FileInfo, FileRef},
    ndjson::LineSplitter,
};

/// One line of a recursive listing, borrowed from the network buffer.
#[non_exhaustive]
#[derive(Debug)]
pub enum RecursiveLine<'a> {
    /// A file or folder.
    Entry {
        /// Path relative to the listed folder, with a leading slash. The name is its last part; it may differ from `file.name`.
        path: Cow<'a, str>,
        /// The file or folder.
        file: FileRef<'a>,
    },
    /// A folder could not be listed; the listing goes on with others.
    Failed {
        /// Path relative to the listed folder, with a leading slash.
        path: Cow<'a, str>,
        /// Why.
        error: Error,
    },
}

/// One item of a recursive listing.
#[non_exhaustive]
#[derive(Debug)]
pub enum RecursiveItem {
    /// A file or folder.
    Entry {
        /// Path relative to the listed folder, with a leading slash. The name is its last part; it may differ from `file.name`.
        path: String,
        /// The file or folder.
        file: FileInfo,
    },
    /// A folder could not be listed; the listing goes on with others.
    Failed {
        /// Path relative to the listed folder, with a leading slash.
        path: String,
        /// Why.
        error: Error,
    },
}

/// A recursive listing that has begun to arrive.
///
/// [`next_batch`](Self::next_batch) hands out borrowed lines as they arrive, which costs least;
/// [`Client::list_recursive`] makes a stream of owned items of it.
pub struct RecursiveListing {
    body: BoxStream<'static, Result<Bytes>>,
    splitter: LineSplitter,
    root: Option<FileInfo>,
    ended: bool,
}

/// A line as it is sent.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    path: Option<Text<'a>>,
    #[serde(borrow, default)]
    file: Option<FileRef<'a>>,
    #[serde(default)]
    error: Option<EnvelopeError>,
}

impl Client {
    /// Everything below a folder, as a lazy stream of one request that starts with the first poll.
    ///
    /// A folder comes before what is in it; otherwise the order is the service's. The folder itself is not part of it. Memory is bounded:
    /// what has not been taken is not fetched. The request itself is repeated after failures that allow it, a listing that breaks off is not.
    ///
    /// A stream that ends without an error is complete, except for what a [`RecursiveItem::Failed`] names.
    ///
    /// # Errors
    ///
    /// As for [`list`](Client::list), and in the middle of the stream: [`Transport`](ErrorKind::Transport) if it breaks off,
    /// [`Protocol`](ErrorKind::Protocol) for lines that cannot be read, or what the service reports, such as
    /// [`StorageOffline`](ErrorKind::StorageOffline) and [`NotSynced`](ErrorKind::NotSynced). Nothing follows an error.
    pub fn list_recursive(
        &self,
        mount: &str,
        path: &str,
    ) -> BoxStream<'static, Result<RecursiveItem>> {
        let (client, mount, path) = (self.clone(), mount.to_owned(), path.to_owned());
        stream::once(async move { client.open_recursive(&mount, &path).await })
            .flat_map(|opened| match opened {
                Ok(listing) => listing.into_stream(),
                Err(error) => stream::once(async { Err(error) }).boxed(),
            })
            .boxed()
    }

    /// Starts a recursive listing. Repeated, until it has begun, after failures that allow it.
    ///
    /// # Errors
    ///
    /// As for [`list`](Client::list), and [`Protocol`](ErrorKind::Protocol) for an answer whose end could not be told from a lost connection: a
    /// listing must not be taken for complete when it is not.
    pub async fn open_recursive(&self, mount: &str, path: &str) -> Result<RecursiveListing> {
        let call = Call::get(Route::Content21, "files/listrecursive")
            .mount(mount, "files/listrecursive")
            .path(path);
        let response = self.open(&call).await?;
        if !response.end_is_marked() {
            return Err(endless(&response.url_host()));
        }
        Ok(RecursiveListing::new(response.into_stream()))
    }
}

fn endless(host: &str) -> Error {
    Error::with_message(
        ErrorKind::Protocol,
        format!("{host} sends a listing whose end cannot be told from a lost connection"),
    )
    .with_help("a proxy on the way may speak HTTP/1.0 only; connect without it")
}

impl RecursiveListing {
    pub(crate) fn new(body: BoxStream<'static, Result<Bytes>>) -> Self {
        Self {
            body,
            splitter: LineSplitter::default(),
            root: None,
            ended: false,
        }
    }

    /// The listed folder itself, once its line has arrived, which is the first one.
    #[must_use]
    pub fn root(&self) -> Option<&FileInfo> {
        self.root.as_ref()
    }

    /// Waits for the next bytes and hands the lines that are complete to `visit`, none at all if no line is. Returns whether there may be more.
    ///
    /// # Errors
    ///
    /// Those of [`Client::list_recursive`]. Lines before the one that failed were visited. After an error there are no more.
    pub async fn next_batch<F>(&mut self, mut visit: F) -> Result<bool>
    where
        F: FnMut(RecursiveLine<'_>) + Send,
    {
        if self.ended {
            return Ok(false);
        }
        // Also when this future is dropped in the middle: a chunk that was taken is not lost unnoticed.
        self.ended = true;
        let Some(chunk) = self.body.next().await else {
            return self.finish().map(|()| false);
        };
        let chunk = chunk?;
        let Self { splitter, root, .. } = self;
        splitter.feed(&chunk, |line, number| {
            read_line(line, number, root, &mut visit)
        })?;
        self.ended = false;
        Ok(true)
    }

    /// The listing as a stream of owned items.
    #[must_use]
    pub fn into_stream(self) -> BoxStream<'static, Result<RecursiveItem>> {
        let queue = VecDeque::new();
        stream::unfold((self, queue), |(mut listing, mut queue)| async move {
            while queue.is_empty() {
                match listing
                    .next_batch(|line| queue.push_back(Ok(line.into_item())))
                    .await
                {
                    Ok(true) => {}
                    Ok(false) => return None,
                    Err(error) => queue.push_back(Err(error)),
                }
            }
            queue.pop_front().map(|item| (item, (listing, queue)))
        })
        .boxed()
    }

    fn finish(&self) -> Result<()> {
        if self.splitter.is_cut_off() {
            return Err(Error::with_message(
                ErrorKind::Transport,
                "the listing broke off within a line",
            )
            .with_retry_advice(RetryAdvice::IfIdempotent(None)));
        }
        if self.root.is_none() {
            return Err(no_beginning());
        }
        Ok(())
    }
}

impl fmt::Debug for RecursiveListing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecursiveListing")
            .field("root", &self.root)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl RecursiveLine<'_> {
    fn into_item(self) -> RecursiveItem {
        match self {
            Self::Entry { path, file } => RecursiveItem::Entry {
                path: path.into_owned(),
                file: file.into_file_info(),
            },
            Self::Failed { path, error } => RecursiveItem::Failed {
                path: path.into_owned(),
                error,
            },
        }
    }
}

fn read_line(
    line: &[u8],
    number: u64,
    root: &mut Option<FileInfo>,
    visit: &mut impl FnMut(RecursiveLine<'_>),
) -> Result<()> {
    if line.trim_ascii().is_empty() {
        return Ok(());
    }
    let Object(line) = serde_json::from_slice::<Object<Line<'_>>>(line)
        .map_err(|error| unreadable(number, error))?;
    match (line.kind.as_str(), line.path, line.file, line.error) {
        ("error", path, _, error) => {
            let error = error_of_line(error.unwrap_or_default());
            match path.filter(|path| !matches!(path.as_str(), "" | "/")) {
                Some(path) if root.is_some() => {
                    visit(RecursiveLine::Failed {
                        path: path.0,
                        error,
                    });
                }
                _ => return Err(error),
            }
        }
        ("file", Some(path), Some(file), _) if path.as_str() == "/" => {
            root.get_or_insert_with(|| file.into_file_info());
        }
        ("file", Some(path), Some(file), _) if path.as_str().starts_with('/') => {
            if root.is_none() {
                return Err(no_beginning());
            }
            visit(RecursiveLine::Entry { path: path.0, file });
        }
        ("file", _, _, _) => {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                format!("line {number} of the listing has no path or file"),
            ));
        }
        // Kinds of lines that are not known yet are none of the entries.
        _ => {}
    }
    Ok(())
}

fn unreadable(number: u64, error: serde_json::Error) -> Error {
    // The text of the JSON error names a position and what was expected, not the content.
    Error::with_message(
        ErrorKind::Protocol,
        format!("line {number} of the listing cannot be read"),
    )
    .with_source(error)
}

fn no_beginning() -> Error {
    Error::with_message(
        ErrorKind::Protocol,
        "the listing does not begin with the listed folder",
    )
}
