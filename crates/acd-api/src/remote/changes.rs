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

/// The most paths that are remembered to tell where something was.
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
            paths: HashMap::new(),
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
}

struct Follow {
    inner: Arc<Inner>,
    feed: ChangeFeed,
    /// Nothing is told before the feed has come to its end once.
    catching_up: bool,
    /// Where things were when they were told last.
    paths: HashMap<String, RemotePath>,
    queue: VecDeque<Change>,
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
            // The folders help to find paths later on; all else has been there before.
            self.feed.acknowledge();
            return Ok(());
        }
        if set.reset {
            self.paths.clear();
            self.queue.push_back(Change::Rescan(RemotePath::root()));
        } else {
            for node in &set.nodes {
                let change = self.change_of(node).await?;
                self.queue.extend(change);
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

    async fn change_of(&mut self, node: &Node) -> Result<Option<Change>> {
        if node.id.is_empty() || node.is_root {
            return Ok(None);
        }
        match node.status {
            NodeStatus::Available => self.there(node).await,
            NodeStatus::Trash | NodeStatus::Purged => self.gone(node).await,
            // It will be told again.
            _ => Ok(None),
        }
    }

    async fn there(&mut self, node: &Node) -> Result<Option<Change>> {
        let (Some(thing), Some(parent)) = (Thing::of(node), node.parents.first()) else {
            return Ok(None);
        };
        let before = self.path_before(node);
        let folder: Id = parent.as_str().into();
        let above = self.inner.path_of(parent).await?;
        self.inner.known.saw(&folder, &thing);
        let now = above.and_then(|above| self.inner.paths.child(&above, &thing.name).ok());
        let Some(now) = now else {
            self.paths.remove(&node.id);
            return Ok(before.map(Change::Removed));
        };
        self.remember(&node.id, &now);
        Ok(match before {
            Some(before) if before != now => Some(Change::Renamed {
                from: before,
                to: now,
            }),
            Some(_) if thing.is_folder => None,
            // A tree may have come in with it.
            None if thing.is_folder => Some(Change::Rescan(now)),
            _ => {
                let entry = entries::entry(now.clone(), &thing);
                Some(Change::Written(now, Some(entry)))
            }
        })
    }

    async fn gone(&mut self, node: &Node) -> Result<Option<Change>> {
        let before = self.path_before(node);
        self.paths.remove(&node.id);
        if let Some((folder, thing)) = self.inner.known.place_of(&node.id) {
            self.inner.known.forget(&folder, &thing);
        }
        if let Some(before) = before {
            return Ok(Some(Change::Removed(before)));
        }
        let (Some(name), Some(parent)) = (node.name.as_deref(), node.parents.first()) else {
            return Ok(None);
        };
        let above = self.inner.path_of(parent).await?;
        let path = above.and_then(|above| self.inner.paths.child(&above, name).ok());
        Ok(path.map(Change::Removed))
    }

    /// Where a node was as far as that was told or seen.
    fn path_before(&self, node: &Node) -> Option<RemotePath> {
        if let Some(path) = self.paths.get(&node.id) {
            return Some(path.clone());
        }
        let (folder, thing) = self.inner.known.place_of(&node.id)?;
        let above = self.inner.known_path(&folder)?;
        self.inner.paths.child(&above, &thing.name).ok()
    }

    fn remember(&mut self, id: &str, path: &RemotePath) {
        if self.paths.len() >= MAX_REMEMBERED {
            self.paths.clear();
        }
        self.paths.insert(id.to_owned(), path.clone());
    }
}
