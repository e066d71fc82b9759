//! Listing: of small folders all pages before anything is told, of large ones page by page; see [`pages`](super::pages).

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use futures::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream, FuturesUnordered},
};
use remote_core::{
    entry::Entry,
    error::{Error, ErrorKind, Result},
    operation::{ListOptions, incomplete},
    path::RemotePath,
};

use super::{
    Inner, entries,
    known::{Id, Thing},
    looking::{Dir, not_found, thing_in},
    pages::Pages,
};
use crate::{api::nodes::NodeQuery, filter::Filter};

/// How many folders of a tree are listed at the same time.
const PARALLEL_LISTINGS: usize = 8;

/// As long as so many entries wait to be taken, no further page is asked for.
const MAX_WAITING: usize = 2_000;

/// As long as so many folders wait to be listed, they come before more of their kind.
const MAX_PENDING: usize = 2_000;

impl Inner {
    pub(super) fn list(self: Arc<Self>, dir: RemotePath) -> BoxStream<'static, Result<Entry>> {
        let at = dir.clone();
        stream::once(async move {
            let (_, pages, first) = self.open_dir(&dir).await?;
            let batches = stream::unfold((pages, Some(first)), |(mut pages, first)| async move {
                let batch = match first {
                    Some(first) => Ok(Some(first)),
                    None => pages.next().await,
                };
                Some((batch.transpose()?, (pages, None)))
            });
            let entries = batches.map_ok(move |things| {
                let (inner, dir) = (Arc::clone(&self), dir.clone());
                stream::iter(things).map(move |thing| {
                    let path = inner.paths.child(&dir, &thing.name)?;
                    Ok(entries::entry(path, &thing))
                })
            });
            Ok::<_, Error>(entries.try_flatten())
        })
        .try_flatten()
        .map_err(move |error: Error| error.with_operation("list").with_path(&at))
        // Nothing comes behind an error.
        .scan(false, |has_failed, item| {
            let item = (!*has_failed).then_some(item);
            *has_failed = item.as_ref().is_some_and(Result::is_err);
            std::future::ready(item)
        })
        .boxed()
    }

    /// Finds a folder and lists it until its first entries come, or its end.
    async fn open_dir(
        self: &Arc<Self>,
        path: &RemotePath,
    ) -> Result<(Dir, Pages, Vec<Arc<Thing>>)> {
        let names = self.names(path)?;
        let dir = self.dir(names.all()).await?;
        let mut pages = self.pages(&dir.id);
        let first = pages.next().await?.unwrap_or_default();
        // A folder that is gone has no entries either.
        if first.is_empty() && !names.is_top() {
            self.confirm(&dir, names.split()).await?;
        }
        Ok((dir, pages, first))
    }

    async fn confirm(&self, dir: &Dir, names: Option<(&[String], &str)>) -> Result<()> {
        let (Some((_, name)), [.., parent, _]) = (names, dir.chain.as_slice()) else {
            return Ok(());
        };
        match self.still_there(parent, &dir.id, Some(name)).await? {
            Some(_folder) => Ok(()),
            None => {
                self.known.forget_inside(parent);
                Err(not_found())
            }
        }
    }

    /// All that is in a folder, at once.
    pub(super) async fn children(self: &Arc<Self>, folder: &Id) -> Result<Vec<Arc<Thing>>> {
        let mut pages = self.pages(folder);
        let mut things = Vec::new();
        while let Some(more) = pages.next().await? {
            things.extend(more);
        }
        Ok(things)
    }

    /// Whether nothing is in a folder. Mostly one request.
    pub(super) async fn is_empty(self: &Arc<Self>, folder: &Id) -> Result<bool> {
        let query = NodeQuery::new(Filter::child_of(folder));
        let page = self.client.nodes(&query, None).await?;
        let is_there = |thing: &Arc<Thing>| !self.known.is_gone(folder, &thing.id);
        let mut found = page.data.iter().filter_map(|node| thing_in(node, folder));
        if found.any(|thing| is_there(&thing)) {
            return Ok(false);
        }
        if page.next_token.is_none() && page.data.is_empty() {
            let fresh = self.known.missing_from(folder, &HashSet::new());
            for id in fresh {
                if self.still_there(folder, &id, None).await?.is_some() {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        Ok(self.pages(folder).next().await?.is_none())
    }

    /// A tree, folder by folder, several at the same time.
    pub(super) fn list_recursive(
        self: Arc<Self>,
        dir: RemotePath,
        options: &ListOptions,
    ) -> BoxStream<'static, Result<Entry>> {
        let keep_going = options.keep_going;
        let at = dir.clone();
        stream::once(async move {
            let (found, mut pages, first) = self.open_dir(&dir).await?;
            let top = Folder {
                path: dir,
                trail: Trail::new(&found.chain),
            };
            let mut walk = Walk::new(self, keep_going);
            walk.take(&top, first);
            if !pages.is_over() {
                walk.open.push((top, pages));
            }
            Ok::<_, Error>(walk.entries())
        })
        .try_flatten()
        .map_err(move |error| error.with_operation("list_recursive").with_path(&at))
        .boxed()
    }
}

/// The folders on the way down to one, each pointing to the one above.
#[derive(Debug)]
struct Trail {
    id: Id,
    above: Option<Arc<Self>>,
}

impl Trail {
    fn new(chain: &[Id]) -> Arc<Self> {
        let mut above = None;
        let mut last = Arc::new(Self {
            id: "".into(),
            above: None,
        });
        for id in chain {
            last = Arc::new(Self {
                id: Arc::clone(id),
                above: above.take(),
            });
            above = Some(Arc::clone(&last));
        }
        last
    }

    fn below(self: &Arc<Self>, id: &Id) -> Arc<Self> {
        Arc::new(Self {
            id: Arc::clone(id),
            above: Some(Arc::clone(self)),
        })
    }

    fn contains(&self, id: &Id) -> bool {
        let mut trail = Some(self);
        while let Some(here) = trail {
            if here.id == *id {
                return true;
            }
            trail = here.above.as_deref();
        }
        false
    }
}

/// A folder of the tree.
#[derive(Debug)]
struct Folder {
    path: RemotePath,
    trail: Arc<Trail>,
}

type Listed = (Folder, Pages, Result<Option<Vec<Arc<Thing>>>>);

/// A recursive listing on its way.
struct Walk {
    inner: Arc<Inner>,
    keep_going: bool,
    failed: u64,
    /// Folders still to be listed. The last one is begun first, so that they stay few.
    pending: Vec<Folder>,
    /// Folders that have been begun, and go on when there is room.
    open: Vec<(Folder, Pages)>,
    running: FuturesUnordered<BoxFuture<'static, Listed>>,
    queue: VecDeque<Result<Entry>>,
}

impl Walk {
    fn new(inner: Arc<Inner>, keep_going: bool) -> Self {
        Self {
            inner,
            keep_going,
            failed: 0,
            pending: Vec::new(),
            open: Vec::new(),
            running: FuturesUnordered::new(),
            queue: VecDeque::new(),
        }
    }

    fn entries(self) -> BoxStream<'static, Result<Entry>> {
        stream::unfold(Some(self), |walk| async move {
            let mut walk = walk?;
            let item = walk.next().await?;
            let goes_on = walk.keep_going || item.is_ok();
            Some((item, goes_on.then_some(walk)))
        })
        .boxed()
    }

    async fn next(&mut self) -> Option<Result<Entry>> {
        loop {
            self.begin();
            if let Some(item) = self.queue.pop_front() {
                return Some(item);
            }
            match self.running.next().await {
                Some((folder, mut pages, Ok(Some(things)))) => {
                    self.take(&folder, things);
                    if !pages.is_over() {
                        self.open.push((folder, pages));
                    }
                }
                Some((_, _, Ok(None))) => {}
                Some((folder, _, Err(error))) => self.fail(error.with_path(&folder.path)),
                // The last item of a listing that left something out is an error.
                None => {
                    let failed = std::mem::take(&mut self.failed);
                    return (failed > 0).then(|| Err(incomplete(failed)));
                }
            }
        }
    }

    fn begin(&mut self) {
        while self.running.len() < PARALLEL_LISTINGS && self.queue.len() < MAX_WAITING {
            let Some((folder, mut pages)) = self.next_folder() else {
                return;
            };
            let listing = async move {
                let more = pages.next().await;
                (folder, pages, more)
            };
            self.running.push(listing.boxed());
        }
    }

    /// What has been begun is finished first, before the service forgets where it was, unless that leads to ever more folders.
    fn next_folder(&mut self) -> Option<(Folder, Pages)> {
        if self.pending.len() < MAX_PENDING
            && let Some(begun) = self.open.pop()
        {
            return Some(begun);
        }
        let Some(folder) = self.pending.pop() else {
            return self.open.pop();
        };
        let pages = self.inner.pages(&folder.trail.id);
        Some((folder, pages))
    }

    fn take(&mut self, folder: &Folder, things: Vec<Arc<Thing>>) {
        for thing in things {
            let path = match self.inner.paths.child(&folder.path, &thing.name) {
                Ok(path) => path,
                Err(error) => {
                    self.fail(error);
                    continue;
                }
            };
            self.queue
                .push_back(Ok(entries::entry(path.clone(), &thing)));
            if !thing.is_folder {
                continue;
            }
            if folder.trail.contains(&thing.id) {
                self.fail(circle(&thing.id).with_path(&path));
                continue;
            }
            self.pending.push(Folder {
                path,
                trail: folder.trail.below(&thing.id),
            });
        }
    }

    fn fail(&mut self, error: Error) {
        self.failed += 1;
        self.queue.push_back(Err(error));
    }
}

/// Folders can be hard links, also into themselves.
fn circle(id: &str) -> Error {
    Error::with_message(
        ErrorKind::Protocol,
        format!("the folder contains itself (node {id})"),
    )
    .with_help("take the folder out of the one it must not be in, by its id")
}
