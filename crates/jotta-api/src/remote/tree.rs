//! Listing a whole tree by one request.

use std::{
    collections::{HashSet, VecDeque, hash_map::RandomState},
    hash::BuildHasher as _,
    sync::Arc,
};

use futures::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use remote_core::{
    capabilities::CaseRule,
    entry::Entry,
    error::{Error, ErrorKind, Result},
    operation::{ListOptions, incomplete},
    path::RemotePath,
    stored::fold,
};

use super::{
    Inner, entries,
    looking::{Found, not_a_directory},
};
use crate::{
    api::listing::{TreeItem, TreeListing},
    location::Location,
};

/// How many files of a listing are remembered, so that reading them takes no look: some 2 MiB.
const MAX_NOTED_FILES: usize = 5_000;

impl Inner {
    /// One request for the whole tree, entry by entry; directory by directory where the trash is shown, which that request does not tell.
    pub(super) fn list_recursive(
        self: Arc<Self>,
        dir: RemotePath,
        options: &ListOptions,
    ) -> BoxStream<'static, Result<Entry>> {
        if self.trashed_only {
            return self.walk(dir, options);
        }
        let (keep_going, tell_files) = (options.keep_going, !options.file_may_be_missing);
        let at = dir.clone();
        stream::once(async move {
            let place = self.place(&dir)?;
            let listing = self.open_tree(&place, tell_files).await?;
            self.seen.insert_dir(place.path());
            Ok::<_, Error>(TreeWalk::new(self, dir, &place, keep_going).entries(listing))
        })
        .try_flatten()
        .map_err(move |error| error.with_operation("list_recursive").with_path(&at))
        .boxed()
    }

    /// The service answers alike for a file and for nothing: telling them apart takes another request.
    async fn open_tree(&self, place: &Location, tell_files: bool) -> Result<TreeListing> {
        match self.client.open_tree(place).await {
            Err(error) if error.is_not_found() && tell_files => match self.look(place).await? {
                Some(Found::File(..)) => Err(not_a_directory()),
                _ => Err(error),
            },
            other => other,
        }
    }
}

/// A streamed listing on its way. The service tells files with the path of their folder; the folders on the way to it are told here, each before what is in it.
struct TreeWalk {
    inner: Arc<Inner>,
    dir: RemotePath,
    /// The names before those below the listed directory: the mount point and the path of the directory.
    prefix: Vec<String>,
    keep_going: bool,
    failed: u64,
    /// The last folder as the service wrote it, and its path: files of one folder follow each other.
    last: Option<(String, RemotePath)>,
    /// Folders that were told, by a keyed hash of their path.
    told: HashSet<u64>,
    noted_files: usize,
    hasher: RandomState,
    queue: VecDeque<Result<Entry>>,
}

impl TreeWalk {
    fn new(inner: Arc<Inner>, dir: RemotePath, place: &Location, keep_going: bool) -> Self {
        let prefix = place.segments().skip(1).map(fold).collect();
        Self {
            inner,
            dir,
            prefix,
            keep_going,
            failed: 0,
            last: None,
            told: HashSet::new(),
            noted_files: 0,
            hasher: RandomState::new(),
            queue: VecDeque::new(),
        }
    }

    fn entries(self, listing: TreeListing) -> BoxStream<'static, Result<Entry>> {
        stream::unfold(Some((self, listing)), |state| async move {
            let (mut walk, mut listing) = state?;
            let item = walk.next(&mut listing).await?;
            let goes_on = walk.keep_going || item.is_ok();
            Some((item, goes_on.then_some((walk, listing))))
        })
        .boxed()
    }

    async fn next(&mut self, listing: &mut TreeListing) -> Option<Result<Entry>> {
        loop {
            if let Some(item) = self.queue.pop_front() {
                return Some(item);
            }
            match listing.next().await {
                Ok(Some(item)) => {
                    if let Err(error) = self.take(item) {
                        self.failed += 1;
                        self.queue.push_back(Err(error));
                    }
                }
                Ok(None) => {
                    let failed = std::mem::take(&mut self.failed);
                    return (failed > 0).then(|| Err(incomplete(failed)));
                }
                Err(error) => {
                    self.keep_going = false;
                    return Some(Err(error));
                }
            }
        }
    }

    fn take(&mut self, item: TreeItem) -> Result<()> {
        match item {
            TreeItem::Folder(folder) => self.enter(&folder).map(|_path| ()),
            TreeItem::File(file) => {
                let dir = self.enter(&file.folder)?;
                let path = self.inner.paths.child(&dir, &file.name)?;
                let entry = entries::entry_of_tree(path, &file);
                self.note(&entry);
                self.queue.push_back(Ok(entry));
                Ok(())
            }
        }
    }

    fn note(&mut self, file: &Entry) {
        if self.noted_files >= MAX_NOTED_FILES {
            return;
        }
        if let Ok(server) = self.inner.paths.to_server(&file.path) {
            self.noted_files += 1;
            self.inner.seen.insert_file(server.trim_matches('/'), file);
        }
    }

    /// The path of a folder, which is told with all on the way to it if it was not yet.
    fn enter(&mut self, folder: &str) -> Result<RemotePath> {
        if let Some((last, path)) = &self.last
            && last == folder
        {
            return Ok(path.clone());
        }
        let mut path = self.dir.clone();
        for name in self.below(folder)? {
            path = self.inner.paths.child(&path, name)?;
            let hash = self.hasher.hash_one(CaseRule::Insensitive.key(&path));
            if self.told.insert(hash) {
                self.queue.push_back(Ok(Entry::directory(path.clone())));
            }
        }
        if let Ok(server) = self.inner.paths.to_server(&path) {
            self.inner.seen.insert_dir(server.trim_matches('/'));
        }
        self.last = Some((folder.to_owned(), path.clone()));
        Ok(path)
    }

    /// The names of a folder below the listed directory. The service may spell those before in another case than the configuration.
    fn below<'a>(&self, folder: &'a str) -> Result<impl Iterator<Item = &'a str> + use<'a>> {
        let mut names = folder.split('/').filter(|name| !name.is_empty());
        for expected in &self.prefix {
            if names.next().is_none_or(|name| fold(name) != *expected) {
                return Err(Error::with_message(
                    ErrorKind::Protocol,
                    "the listing has an entry that is not below the listed directory",
                ));
            }
        }
        Ok(names)
    }
}
