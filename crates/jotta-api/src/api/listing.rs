//! Everything below a folder, in one request.

use std::{
    collections::{HashSet, hash_map::RandomState},
    fmt,
    hash::BuildHasher as _,
    time::SystemTime,
};

use bytes::Bytes;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use remote_core::{
    error::{Error, ErrorKind, Result},
    hash::HashValue,
};

use crate::{
    call::{Base, Call},
    client::Client,
    location::Location,
    model::{file::FileInfo, folder::FolderInfo, item::unexpected},
    xml::{Node, XmlReader},
};

/// Longest streamed listing: some twenty million entries.
const STREAM_BYTES: u64 = 8 << 30;

/// Longest record of a flat listing: one folder with all its files.
const FOLDER_BYTES: u64 = 256 << 20;

/// Something below a listed folder.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum TreeItem {
    /// A file with a content, not in the trash.
    File(TreeFile),
    /// A folder, as `/mount point/…`. Not every folder is told: those that hold files may be known by these only.
    Folder(String),
}

/// A file of a streamed listing.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct TreeFile {
    /// The folder it is in, as `/mount point/…`, names as they are stored.
    pub folder: String,
    /// Its name.
    pub name: String,
    /// Size in bytes.
    pub size: Option<u64>,
    /// MD5.
    pub md5: Option<HashValue>,
    /// Modification time.
    pub modified: Option<SystemTime>,
    /// Creation time.
    pub created: Option<SystemTime>,
}

/// A folder of a flat listing with the files in it, those in the trash included.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct ListedFolder {
    /// The folder, with its [parent](FolderInfo::parent) and [files](FolderInfo::files).
    pub folder: FolderInfo,
}

/// A streamed listing on its way.
///
/// It is complete when [`next`](Self::next) has returned `None`: the service tells at its end how many folders and files there are, and a listing that has
/// others fails.
pub struct TreeListing {
    reader: XmlReader,
    counted: Counted,
    announced: Option<(u64, u64)>,
    ended: bool,
}

/// What has come so far. Folders are remembered by a keyed hash of their path, nine bytes each.
#[derive(Default)]
struct Counted {
    files: u64,
    folders: HashSet<u64>,
    hasher: RandomState,
    /// Files of one folder follow each other.
    last: String,
}

impl Counted {
    fn folder(&mut self, path: &str) {
        if self.last == path && !path.is_empty() {
            return;
        }
        path.clone_into(&mut self.last);
        self.folders
            .insert(self.hasher.hash_one(path.trim_end_matches('/')));
    }
}

impl Client {
    /// Starts to list everything below a folder. Repeated, until it has begun, after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound), also for a folder in the trash and for a file.
    pub async fn open_tree(&self, place: &Location) -> Result<TreeListing> {
        let call = Call::get(Base::Jfs, "liststream")
            .place(place)
            .query("mode", "liststream");
        let response = self.open(call).await?;
        TreeListing::open(response.into_stream()).await
    }

    /// Lists everything below a folder: files with content and folders that are not in the trash, in no particular order. Memory is bounded but for some
    /// bytes per folder: what has not been taken is not fetched.
    ///
    /// A stream that ends without an error is complete.
    ///
    /// # Errors
    ///
    /// As [`open_tree`](Self::open_tree), and in the middle of the stream those of [`TreeListing::next`]. Nothing follows an error.
    pub fn list_tree(&self, place: &Location) -> BoxStream<'static, Result<TreeItem>> {
        let (client, place) = (self.clone(), place.clone());
        stream::once(async move { client.open_tree(&place).await })
            .flat_map(|opened| match opened {
                Ok(listing) => listing.into_stream(),
                Err(error) => stream::once(async { Err(error) }).boxed(),
            })
            .boxed()
    }

    /// Lists everything below a folder by the older way, which also tells what is in the trash, folder by folder. It has no count to check against, and the
    /// service is slow to begin with large trees.
    ///
    /// # Errors
    ///
    /// As [`list_tree`](Self::list_tree), without the count.
    pub fn list_folders(&self, place: &Location) -> BoxStream<'static, Result<ListedFolder>> {
        let (client, call) = (
            self.clone(),
            Call::get(Base::Jfs, "list")
                .place(place)
                .query("mode", "list"),
        );
        stream::once(async move {
            let response = client.open(call).await?;
            let mut reader = XmlReader::new(response.into_stream(), STREAM_BYTES)
                .with_record_bytes(FOLDER_BYTES);
            let root = reader.root().await?;
            if root.name != "filedirlist" {
                return Err(unexpected(&root.name));
            }
            Ok(reader)
        })
        .flat_map(|opened| match opened {
            Ok(reader) => folders_of(reader),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        })
        .boxed()
    }
}

fn folders_of(reader: XmlReader) -> BoxStream<'static, Result<ListedFolder>> {
    stream::unfold(Some(reader), |reader| async move {
        let mut reader = reader?;
        match reader.next_record(&["folder", "mountPoint"]).await {
            Ok(Some(node)) => {
                let folder = FolderInfo::of(&node);
                Some((Ok(ListedFolder { folder }), Some(reader)))
            }
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

impl TreeListing {
    pub(crate) async fn open(body: BoxStream<'static, Result<Bytes>>) -> Result<Self> {
        let mut reader = XmlReader::new(body, STREAM_BYTES);
        let root = reader.root().await?;
        // The name of the root is not known for certain; those of other answers are.
        if matches!(
            root.name.as_str(),
            "html" | "error" | "file" | "folder" | "mountPoint"
        ) {
            return Err(unexpected(&root.name));
        }
        Ok(Self {
            reader,
            counted: Counted::default(),
            announced: None,
            ended: false,
        })
    }

    /// The next file or folder; `None` at the end of a complete listing, and after an error.
    ///
    /// # Errors
    ///
    /// [`Transport`](ErrorKind::Transport) if it breaks off, [`Protocol`](ErrorKind::Protocol) if it cannot be read or its count is wrong.
    pub async fn next(&mut self) -> Result<Option<TreeItem>> {
        if self.ended {
            return Ok(None);
        }
        // Also when this future is dropped in the middle: what was taken is not lost unnoticed.
        self.ended = true;
        while let Some(node) = self
            .reader
            .next_record(&["file", "folder", "stats"])
            .await?
        {
            if let Some(item) = self.take(&node)? {
                self.ended = false;
                return Ok(Some(item));
            }
        }
        self.check_count().map(|()| None)
    }

    /// The listing as a stream.
    #[must_use]
    pub fn into_stream(self) -> BoxStream<'static, Result<TreeItem>> {
        stream::unfold(self, |mut listing| async move {
            let item = listing.next().await.transpose()?;
            Some((item, listing))
        })
        .boxed()
    }

    fn take(&mut self, node: &Node) -> Result<Option<TreeItem>> {
        match node.name.as_str() {
            "file" => {
                let (Some(folder), Some(name)) = (node.text_of("path"), node.text_of("filename"))
                else {
                    return Err(nameless());
                };
                self.counted.files += 1;
                self.counted.folder(folder);
                Ok(Some(TreeItem::File(TreeFile {
                    folder: folder.to_owned(),
                    name: name.to_owned(),
                    size: node.number_of("size"),
                    md5: node.word_of("md5").and_then(|text| text.parse().ok()),
                    modified: node.time_of("modified"),
                    created: node.time_of("created"),
                })))
            }
            "folder" => {
                let path = node.text_of("path").ok_or_else(nameless)?;
                self.counted.folder(path);
                Ok(Some(TreeItem::Folder(path.to_owned())))
            }
            _ => {
                let count = |name| node.number_of(name).unwrap_or_default();
                self.announced = Some((count("folders"), count("files")));
                Ok(None)
            }
        }
    }

    fn check_count(&self) -> Result<()> {
        let came = (self.counted.folders.len() as u64, self.counted.files);
        match self.announced {
            Some(announced) if announced == came => Ok(()),
            None if came == (0, 0) => Ok(()),
            Some((folders, files)) => Err(incomplete(format!(
                "the listing is not complete: {} folders and {} files came, {folders} and {files} were counted by the service",
                came.0, came.1
            ))),
            None => Err(incomplete(
                "the listing ended without the count that tells that it is complete".to_owned(),
            )),
        }
    }
}

impl fmt::Debug for TreeListing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreeListing")
            .field("files", &self.counted.files)
            .field("folders", &self.counted.folders.len())
            .finish_non_exhaustive()
    }
}

impl ListedFolder {
    /// The files in it.
    #[must_use]
    pub fn files(&self) -> &[FileInfo] {
        &self.folder.files
    }
}

fn incomplete(message: String) -> Error {
    Error::with_message(ErrorKind::Protocol, message)
        .with_help("list again: entries may have come and gone meanwhile")
}

fn nameless() -> Error {
    Error::with_message(
        ErrorKind::Protocol,
        "an entry of the listing has no path or name",
    )
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    async fn list(xml: &str) -> Result<Vec<String>> {
        let body = stream::iter([Ok(Bytes::copy_from_slice(xml.as_bytes()))]).boxed();
        let items = TreeListing::open(body).await?.into_stream();
        items
            .map_ok(|item| match item {
                TreeItem::File(file) => format!("{}/{} {:?}", file.folder, file.name, file.size),
                TreeItem::Folder(path) => path,
            })
            .try_collect()
            .await
    }

    const TREE: &str = "<liststream><file><path>/Archive/docs</path><filename>a &amp; b.txt</filename><md5>5d41402abc4b2a76b9719d911017c592</md5>\
        <size>5</size><modified>2026-01-02T03:04:05.000Z</modified><created></created></file>\
        <file><path>/Archive/docs</path><filename>c</filename><size></size></file>\
        <folder><path>/Archive/docs/empty</path></folder><stats><folders>2</folders><files>2</files></stats></liststream>";

    #[tokio::test]
    async fn a_tree_is_listed_with_its_count() {
        assert_eq!(
            list(TREE).await.unwrap(),
            [
                "/Archive/docs/a & b.txt Some(5)",
                "/Archive/docs/c None",
                "/Archive/docs/empty"
            ]
        );
    }

    #[tokio::test]
    async fn a_count_that_does_not_match_is_an_error() {
        for (old, new) in [
            ("<folders>2", "<folders>3"),
            ("<files>2", "<files>1"),
            ("<stats><folders>2</folders><files>2</files></stats>", ""),
            (
                "<stats><folders>2</folders><files>2</files></stats>",
                "<stats/>",
            ),
        ] {
            let error = list(&TREE.replace(old, new)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{new}");
        }
    }

    #[tokio::test]
    async fn a_folder_counts_once_wherever_it_is_told() {
        let tree = TREE.replace(
            "<stats>",
            "<folder><path>/Archive/docs</path></folder><stats>",
        );
        assert_eq!(list(&tree).await.unwrap().len(), 4);
    }

    #[tokio::test]
    async fn an_empty_tree_needs_no_count() {
        assert!(list("<liststream/>").await.unwrap().is_empty());
        assert!(
            list("<l><stats><folders>0</folders><files>0</files></stats></l>")
                .await
                .unwrap()
                .is_empty()
        );
    }

    #[tokio::test]
    async fn a_listing_that_breaks_off_is_an_error_wherever_it_does() {
        let mut pieces = 0;
        for cut in (1..TREE.len() - 1).step_by(7) {
            let Some(part) = TREE.get(..cut) else {
                continue;
            };
            assert!(list(part).await.is_err(), "{cut}");
            pieces += 1;
        }
        assert!(pieces > 50);
    }
}
