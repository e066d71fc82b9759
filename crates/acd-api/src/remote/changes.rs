//! Following changes through the feed of the account, translated from nodes to paths.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use futures::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use remote_core::{
    entry::Tag,
    error::{Error, Result},
    operation::{Change, ChangeCursor},
    path::RemotePath,
};

use super::{
    Inner, entries,
    known::{Id, Thing, fold},
};
use crate::{
    api::changes::ChangeFeed,
    model::{
        changes::ChangeSet,
        node::{Node, NodeStatus},
    },
};

/// Deeper trees are taken for folders that are in a circle.
const MAX_DEPTH: usize = 1_000;

/// Of a hard link so many places are told.
const MAX_PLACES: usize = 100;

/// The most things of which it is remembered where they were.
const MAX_REMEMBERED: usize = 50_000;

impl Inner {
    /// From a cursor on; without one from now on, for which the feed is read to its end once, from the configured checkpoint or the beginning.
    pub(super) fn changes(
        self: Arc<Self>,
        since: Option<&ChangeCursor>,
    ) -> BoxStream<'static, Result<Change>> {
        let start = match since {
            Some(cursor) => Some(cursor.as_str().to_owned()),
            None => self.checkpoint.clone(),
        };
        let feed = self.client.change_feed(start);
        let follow = Follow {
            inner: self,
            feed,
            catching_up: since.is_none(),
            told: HashMap::new(),
            queue: VecDeque::new(),
        };
        stream::try_unfold(follow, |mut follow| async move {
            Ok(Some((follow.next().await?, follow)))
        })
        .map_err(|error: Error| error.with_operation("changes"))
        .boxed()
    }

    /// The path of a folder below the root of the remote, as far as it is known without asking.
    pub(super) fn known_path(&self, id: &str) -> Option<RemotePath> {
        let root = self.root.get()?;
        let mut names = Vec::new();
        let mut here: Id = id.into();
        while here != *root {
            let (folder, thing) = self.known.place_of(&here)?;
            names.push(thing.name.clone());
            here = folder;
            if names.len() > MAX_DEPTH {
                return None;
            }
        }
        names.reverse();
        self.below_root(&names)
    }

    /// The path of stored names from the root of the drive, if it is the root of the remote or below it.
    fn below_root(&self, names: &[Box<str>]) -> Option<RemotePath> {
        let root = self.names(&RemotePath::root()).ok()?;
        let (above, below) = names.split_at_checked(root.all().len())?;
        let is_root = above
            .iter()
            .zip(root.all())
            .all(|(name, wanted)| fold(name) == fold(wanted));
        if !is_root {
            return None;
        }
        let mut path = RemotePath::root();
        for name in below {
            path = self.paths.child(&path, name).ok()?;
        }
        Some(path)
    }

    /// The path of a folder, asked for upwards where it is not known. One request for each folder that is not.
    async fn path_of(&self, id: &str) -> Result<Option<RemotePath>> {
        let root = self.root_dir().await?.id;
        let mut names = Vec::new();
        let mut seen = HashSet::new();
        let mut here: Id = id.into();
        while here != root {
            if !seen.insert(Arc::clone(&here)) || names.len() > MAX_DEPTH {
                tracing::debug!("a folder is in a circle");
                return Ok(None);
            }
            if let Some((folder, thing)) = self.known.place_of(&here) {
                names.push(thing.name.clone());
                here = folder;
                continue;
            }
            let Some(node) = self.node_if_exists(&here).await? else {
                return Ok(None);
            };
            let (Some(thing), Some(parent)) = (Thing::of(&node), node.parents.first()) else {
                return Ok(None);
            };
            if !node.is_available() {
                return Ok(None);
            }
            let parent: Id = parent.as_str().into();
            self.known.saw(&parent, &thing);
            names.push(thing.name.clone());
            here = parent;
        }
        names.reverse();
        Ok(self.below_root(&names))
    }

    /// All places of a node below the root of the remote.
    async fn paths_of(&self, node: &Node, thing: &Thing) -> Result<Vec<RemotePath>> {
        let mut paths = Vec::new();
        for parent in node.parents.iter().take(MAX_PLACES) {
            let above = self.path_of(parent).await?;
            let path = above.and_then(|above| self.paths.child(&above, &thing.name).ok());
            paths.extend(path.filter(|path| !paths.contains(path)));
        }
        Ok(paths)
    }
}

struct Follow {
    inner: Arc<Inner>,
    feed: ChangeFeed,
    /// Nothing is told before the feed has come to its end once.
    catching_up: bool,
    /// What was told of things last.
    told: HashMap<String, LastTold>,
    queue: VecDeque<Change>,
}

/// Where a thing was, in several places if it is a hard link, and what its content was.
#[derive(Clone, Debug, Default)]
struct LastTold {
    paths: Vec<RemotePath>,
    tag: Option<Tag>,
}

impl Follow {
    async fn next(&mut self) -> Result<Change> {
        loop {
            if let Some(change) = self.queue.pop_front() {
                return Ok(change);
            }
            match self.feed.next().await? {
                Some(set) => self.take(set).await?,
                None if self.catching_up => {
                    self.catching_up = false;
                    self.checkpoint();
                }
                None => tokio::time::sleep(self.inner.poll_interval).await,
            }
        }
    }

    async fn take(&mut self, set: ChangeSet) -> Result<()> {
        if self.catching_up {
            set.nodes
                .iter()
                .for_each(|node| self.forget_old_place(node));
            self.feed.acknowledge();
            return Ok(());
        }
        if set.reset {
            self.told.clear();
            self.inner.known.forget_all();
            self.queue.push_back(Change::Rescan(RemotePath::root()));
        } else {
            for node in &set.nodes {
                let changes = self.changes_of(node).await?;
                self.queue.extend(changes);
            }
        }
        // The cursor is told behind the changes; whoever keeps it says by that that they were dealt with.
        self.feed.acknowledge();
        if set.reset || !set.nodes.is_empty() {
            self.checkpoint();
        }
        Ok(())
    }

    fn checkpoint(&mut self) {
        if let Some(checkpoint) = self.feed.checkpoint() {
            self.queue
                .push_back(Change::Checkpoint(ChangeCursor::new(checkpoint)));
        }
    }

    /// What was told before the beginning is not told again, but nothing may be looked for where it was before that.
    fn forget_old_place(&self, node: &Node) {
        let known = &self.inner.known;
        let Some((folder, thing)) = known.place_of(&node.id) else {
            return;
        };
        let is_there = node.is_available() && node.is_in(&folder);
        if !is_there || node.name.as_deref() != Some(&*thing.name) {
            known.forget(&folder, &thing);
        }
    }

    async fn changes_of(&mut self, node: &Node) -> Result<Vec<Change>> {
        if node.id.is_empty() || node.is_root {
            return Ok(Vec::new());
        }
        match node.status {
            NodeStatus::Available => self.there(node).await,
            NodeStatus::Trash | NodeStatus::Purged => self.gone(node).await,
            // It will be told again.
            _ => Ok(Vec::new()),
        }
    }

    async fn there(&mut self, node: &Node) -> Result<Vec<Change>> {
        let (Some(thing), Some(parent)) = (Thing::of(node), node.parents.first()) else {
            return Ok(Vec::new());
        };
        let before = self.told_before(node);
        let paths = self.inner.paths_of(node, &thing).await?;
        self.inner.known.saw(&parent.as_str().into(), &thing);
        let now = LastTold {
            paths,
            tag: entries::tag(&thing),
        };
        let changes = differences(&before, &now, &thing);
        for change in &changes {
            if let Change::Renamed { from, to } = change {
                self.move_below(from, to);
            }
        }
        self.remember(&node.id, now);
        Ok(changes)
    }

    async fn gone(&mut self, node: &Node) -> Result<Vec<Change>> {
        let before = self.told_before(node);
        self.told.remove(&node.id);
        if let Some((folder, thing)) = self.inner.known.place_of(&node.id) {
            self.inner.known.forget(&folder, &thing);
        }
        if !before.paths.is_empty() {
            return Ok(before.paths.into_iter().map(Change::Removed).collect());
        }
        let (Some(name), Some(parent)) = (node.name.as_deref(), node.parents.first()) else {
            return Ok(Vec::new());
        };
        let above = self.inner.path_of(parent).await?;
        let path = above.and_then(|above| self.inner.paths.child(&above, name).ok());
        Ok(path.into_iter().map(Change::Removed).collect())
    }

    /// What was told of a node, or else seen.
    fn told_before(&self, node: &Node) -> LastTold {
        if let Some(told) = self.told.get(&node.id) {
            return told.clone();
        }
        let seen = self
            .inner
            .known
            .place_of(&node.id)
            .and_then(|(folder, thing)| {
                let above = self.inner.known_path(&folder)?;
                let path = self.inner.paths.child(&above, &thing.name).ok()?;
                Some(LastTold {
                    paths: vec![path],
                    tag: entries::tag(&thing),
                })
            });
        seen.unwrap_or_default()
    }

    /// What was told of the inside of a folder holds below its new path.
    fn move_below(&mut self, from: &RemotePath, to: &RemotePath) {
        for path in self.told.values_mut().flat_map(|told| &mut told.paths) {
            if let Some(moved) = path
                .strip_prefix(from)
                .and_then(|below| to.join(&below).ok())
            {
                *path = moved;
            }
        }
    }

    fn remember(&mut self, id: &str, told: LastTold) {
        if self.told.len() >= MAX_REMEMBERED {
            self.told.clear();
        }
        self.told.insert(id.to_owned(), told);
    }
}

/// What leads from one state of a thing to another.
fn differences(before: &LastTold, now: &LastTold, thing: &Thing) -> Vec<Change> {
    let written = |path: &RemotePath| {
        let entry = entries::entry(path.clone(), thing);
        Change::Written(path.clone(), Some(entry))
    };
    let appeared = |path: &RemotePath| match thing.is_folder {
        // A tree may have come in with it.
        true => Change::Rescan(path.clone()),
        false => written(path),
    };
    let gone: Vec<_> = before
        .paths
        .iter()
        .filter(|path| !now.paths.contains(path))
        .collect();
    let (kept, new): (Vec<_>, Vec<_>) = now
        .paths
        .iter()
        .partition(|path| before.paths.contains(path));
    let mut changes = Vec::new();
    if let ([from], [to]) = (gone.as_slice(), new.as_slice()) {
        changes.push(Change::Renamed {
            from: RemotePath::clone(from),
            to: RemotePath::clone(to),
        });
        // Its content may have changed as well.
        let is_same = before.tag.is_some() && before.tag == now.tag;
        if !thing.is_folder && !is_same {
            changes.push(written(to));
        }
    } else {
        changes.extend(gone.into_iter().cloned().map(Change::Removed));
        changes.extend(new.into_iter().map(appeared));
    }
    if !thing.is_folder {
        changes.extend(kept.into_iter().map(written));
    }
    changes
}
