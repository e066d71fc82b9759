//! Removing: into the trash, from which the service removes it for good after 30 days.
//!
//! What is removed is named by its id. If the answer shows that somebody has renamed or moved it meanwhile, it is brought back, and what is at the path is looked up again.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use remote_core::{
    error::{Error, ErrorKind, Result},
    operation::RemoveOutcome,
    path::RemotePath,
    settle::{settled, to_the_end},
};

use super::{
    Inner,
    known::{Id, Thing, fit},
    looking::{is_a_directory, not_a_directory},
    moving::left,
};
use crate::model::node::{Node, NodeStatus};

/// How many entries of the root are removed at the same time.
const PARALLEL_REMOVALS: usize = 8;

/// How often a path is looked up again because others keep changing what is there.
const MAX_LOOKS: usize = 4;

/// What came of an attempt to remove.
enum Tried {
    Removed,
    /// Something else is at the path by now, or nothing.
    Elsewhere,
}

impl Inner {
    pub(super) async fn remove_file(self: &Arc<Self>, path: &RemotePath) -> Result<RemoveOutcome> {
        if self.names(path)?.is_top() {
            return Err(is_a_directory());
        }
        self.remove_at(path, |thing| match thing.is_folder {
            true => Err(is_a_directory()),
            false => Ok(()),
        })
        .await
    }

    pub(super) async fn remove_dir(self: &Arc<Self>, path: &RemotePath) -> Result<RemoveOutcome> {
        if path.is_root() {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "the root of a remote cannot be removed",
            ));
        }
        let names = self.names(path)?;
        let Some((above, name)) = names.split() else {
            return Ok(RemoveOutcome::Missing);
        };
        let Some(parent) = self.dir_if_exists(above).await? else {
            return Ok(RemoveOutcome::Missing);
        };
        let Some(thing) = self.find(&parent.id, name).await? else {
            return Ok(RemoveOutcome::Missing);
        };
        if !thing.is_folder {
            return Err(not_a_directory());
        }
        if !self.is_empty(&thing.id).await? {
            return Err(Error::new(ErrorKind::DirectoryNotEmpty));
        }
        self.remove_at(path, |now| match now.id == thing.id {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::DirectoryNotEmpty)),
        })
        .await
    }

    /// One request for a whole tree that is known.
    pub(super) async fn remove_dir_all(
        self: &Arc<Self>,
        path: &RemotePath,
    ) -> Result<RemoveOutcome> {
        if self.names(path)?.is_top() {
            return self.remove_all_entries().await;
        }
        self.remove_at(path, |thing| match thing.is_folder {
            true => Ok(()),
            false => Err(not_a_directory()),
        })
        .await
    }

    /// The service refuses to remove the root of the drive.
    async fn remove_all_entries(self: &Arc<Self>) -> Result<RemoveOutcome> {
        let root = self.root_dir().await?.id;
        let things = self.children(&root).await?;
        let root = &root;
        stream::iter(things)
            .map(|thing| async move { self.trash_thing(root, &thing).await })
            .buffer_unordered(PARALLEL_REMOVALS)
            .try_for_each(|_tried| async { Ok(()) })
            .await?;
        Ok(RemoveOutcome::Removed)
    }

    /// Removes what is at a path and passes a check.
    async fn remove_at(
        self: &Arc<Self>,
        path: &RemotePath,
        check: impl Fn(&Thing) -> Result<()> + Send + Sync,
    ) -> Result<RemoveOutcome> {
        let names = self.names(path)?;
        let Some((above, name)) = names.split() else {
            return Ok(RemoveOutcome::Missing);
        };
        for look in 0..MAX_LOOKS {
            let Some(parent) = self.dir_if_exists(above).await? else {
                return Ok(RemoveOutcome::Missing);
            };
            let found = match look {
                0 => self.find(&parent.id, name).await?,
                _ => self.find_now(&parent.id, name).await?,
            };
            let Some(thing) = found else {
                return Ok(RemoveOutcome::Missing);
            };
            check(&thing)?;
            match self.try_trash(&parent.id, &thing).await? {
                Tried::Removed => return Ok(RemoveOutcome::Removed),
                Tried::Elsewhere => {}
            }
        }
        Err(Error::with_message(
            ErrorKind::PreconditionFailed,
            "what is at the path keeps changing while it is removed",
        ))
    }

    /// Puts something into the trash, unless it is not where it was.
    pub(super) async fn trash_thing(
        self: &Arc<Self>,
        folder: &Id,
        thing: &Arc<Thing>,
    ) -> Result<bool> {
        let tried = self.try_trash(folder, thing).await?;
        Ok(matches!(tried, Tried::Removed))
    }

    /// What turns out to be elsewhere is brought back also where the caller is dropped.
    async fn try_trash(self: &Arc<Self>, folder: &Id, thing: &Arc<Thing>) -> Result<Tried> {
        let (inner, folder, thing) = (Arc::clone(self), Arc::clone(folder), Arc::clone(thing));
        to_the_end(async move { inner.trash_or_bring_back(&folder, &thing).await }).await
    }

    async fn trash_or_bring_back(&self, folder: &Id, thing: &Arc<Thing>) -> Result<Tried> {
        if thing.parents > 1 {
            return self.unlink(folder, thing).await;
        }
        let trashed = match self.put_into_trash(&thing.id).await {
            Ok(node) => node,
            Err(error) if error.is_not_found() => {
                self.known.forget(folder, thing);
                return Ok(Tried::Elsewhere);
            }
            Err(error) => return Err(error),
        };
        let Some(node) = trashed else {
            self.forget_removed(folder, thing);
            return Ok(Tried::Removed);
        };
        let was_there = node.is_in(folder)
            && node
                .name
                .as_deref()
                .is_some_and(|name| fit(name, &thing.name).is_some());
        if was_there && node.parents.len() < 2 {
            self.forget_removed(folder, thing);
            return Ok(Tried::Removed);
        }
        // Somebody has renamed or moved it, or put it into another folder as well: it must not be lost there.
        if let Err(error) = self.bring_back(&thing.id).await {
            let where_it_is = format!(
                "node {}, which is elsewhere by now, is in the trash",
                thing.id
            );
            return Err(left(error, &where_it_is));
        }
        if was_there {
            return self.unlink(folder, thing).await;
        }
        self.known.forget(folder, thing);
        Ok(Tried::Elsewhere)
    }

    fn forget_removed(&self, folder: &Id, thing: &Thing) {
        self.known.removed(folder, thing);
        if thing.is_folder {
            self.known.forget_inside(&thing.id);
        }
    }

    /// Takes a hard link out of its folder; the node stays in the others.
    async fn unlink(&self, folder: &Id, thing: &Arc<Thing>) -> Result<Tried> {
        let unlinked = settled(
            &self.retry,
            |_attempt| async {
                let removed = self.client.remove_parent(&thing.id, folder).await;
                removed.map(|_node| ())
            },
            || async {
                let node = self.node_if_exists(&thing.id).await?;
                Ok(node.is_none_or(|node| !node.is_in(folder)).then_some(()))
            },
        )
        .await;
        match unlinked {
            Ok(()) => {
                self.known.removed(folder, thing);
                Ok(Tried::Removed)
            }
            // It is in no other folder any more, or not in this one: the trash, or another look, will tell.
            Err(error)
                if error.is_not_found()
                    || error.kind() == ErrorKind::InvalidInput && error.http_status().is_none() =>
            {
                self.known.forget(folder, thing);
                Ok(Tried::Elsewhere)
            }
            Err(error) => Err(error),
        }
    }

    /// Until it is in the trash; the node where the service tells it.
    pub(super) async fn put_into_trash(&self, id: &str) -> Result<Option<Node>> {
        settled(
            &self.retry,
            |_attempt| self.client.trash(id),
            || async {
                let node = self.node_if_exists(id).await?;
                Ok(match node {
                    Some(node) if node.status == NodeStatus::Available => None,
                    other => Some(other),
                })
            },
        )
        .await
    }

    /// Until it is out of the trash; the node where the service tells it.
    pub(super) async fn bring_back(&self, id: &str) -> Result<Option<Node>> {
        settled(
            &self.retry,
            |_attempt| self.client.restore(id),
            || async {
                let node = self.node_if_exists(id).await?;
                Ok(node.filter(Node::is_available).map(Some))
            },
        )
        .await
    }
}
