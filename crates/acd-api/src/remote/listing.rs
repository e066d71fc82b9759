//! Listing: all pages of a folder before anything of it is told, so that a page that fails never makes the listing short.

use std::{
    collections::{HashMap, HashSet, VecDeque},
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
    looking::{Dir, ambiguous, not_found, thing_in},
};
use crate::{
    api::nodes::{MAX_PAGE_NODES, NodeQuery},
    filter::Filter,
};

/// How many folders of a tree are listed at the same time.
const PARALLEL_LISTINGS: usize = 8;

/// As long as so many entries wait to be taken, no further folder is begun.
const MAX_WAITING: usize = 4_000;

impl Inner {
    pub(super) fn list(self: Arc<Self>, dir: RemotePath) -> BoxStream<'static, Result<Entry>> {
        stream::once(async move {
            let listed = self.list_path(&dir).await;
            let (_, listed) =
                listed.map_err(|error| error.with_operation("list").with_path(&dir))?;
            let entries = listed.into_iter().map(move |thing| {
                let path = self.paths.child(&dir, &thing.name);
                let path = path.map_err(|error| error.with_operation("list"))?;
                Ok(entries::entry(path, &thing))
            });
            Ok::<_, Error>(stream::iter(entries))
        })
        .try_flatten()
        .boxed()
    }

    async fn list_path(&self, path: &RemotePath) -> Result<(Dir, Vec<Arc<Thing>>)> {
        let names = self.names(path)?;
        let dir = self.dir(names.all()).await?;
        let things = self.children(&dir.id).await?;
        // A folder that is gone has no entries either.
        if things.is_empty() && !names.is_top() {
            self.confirm(&dir, names.split()).await?;
        }
        Ok((dir, things))
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

    /// What is in a folder: one request for each [`MAX_PAGE_NODES`] nodes, and one for each of our own recent changes that does not show yet.
    pub(super) async fn children(&self, folder: &Id) -> Result<Vec<Arc<Thing>>> {
        let generation = self.known.generation();
        let query = NodeQuery::new(Filter::child_of(folder)).with_limit(MAX_PAGE_NODES);
        let nodes = self.client.all_nodes(&query).await?;
        let mut seen = HashSet::new();
        let mut things = Vec::with_capacity(nodes.len());
        for node in &nodes {
            // Queries show what is not in the folder any more, and other pages show the same again.
            let Some(thing) = thing_in(node, folder) else {
                continue;
            };
            if !seen.insert(Arc::clone(&thing.id)) {
                continue;
            }
            if self.known.is_gone(folder, &thing.id) {
                match self.still_there(folder, &thing.id, None).await? {
                    Some(_back) => self.known.is_back(folder, &thing.id),
                    None => continue,
                }
            }
            things.push(thing);
        }
        for id in self.known.missing_from(folder, &seen) {
            things.extend(self.still_there(folder, &id, None).await?);
        }
        refuse_duplicates(&things)?;
        for thing in &things {
            self.known.saw(folder, thing);
        }
        self.known.all_of(folder, generation);
        Ok(things)
    }

    /// Whether nothing is in a folder. Mostly one request.
    pub(super) async fn is_empty(&self, folder: &Id) -> Result<bool> {
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
        Ok(self.children(folder).await?.is_empty())
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
            let (found, things) = self.list_path(&dir).await?;
            let mut walk = Walk::new(self, keep_going);
            let top = Folder {
                path: dir,
                trail: Trail::new(&found.chain),
            };
            walk.take(&top, things);
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

type Listed = (Folder, Result<Vec<Arc<Thing>>>);

/// A recursive listing on its way.
struct Walk {
    inner: Arc<Inner>,
    keep_going: bool,
    failed: u64,
    /// Folders still to be listed. The last one is begun first, so that they stay few.
    pending: Vec<Folder>,
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
                Some((folder, Ok(things))) => self.take(&folder, things),
                Some((folder, Err(error))) => self.fail(error.with_path(&folder.path)),
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
            let Some(folder) = self.pending.pop() else {
                return;
            };
            let inner = Arc::clone(&self.inner);
            let listing = async move {
                let things = inner.children(&folder.trail.id).await;
                (folder, things)
            };
            self.running.push(listing.boxed());
        }
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

fn refuse_duplicates(things: &[Arc<Thing>]) -> Result<()> {
    let mut names: HashMap<&str, &Id> = HashMap::with_capacity(things.len());
    for thing in things {
        if let Some(other) = names.insert(&thing.name, &thing.id) {
            return Err(ambiguous(&thing.name, other, &thing.id));
        }
    }
    Ok(())
}
