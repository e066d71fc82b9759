//! Moving: the service changes the name and the folder of a node by different calls, and refuses names that are taken.
//!
//! A step that fails takes back those before it, so a node is never lost; an error that could not be tidied up after says where it is.

use std::sync::Arc;

use remote_core::{
    entry::Entry,
    error::{Effect, Error, ErrorKind, Result, RetryAdvice},
    operation::TargetMode,
    path::RemotePath,
    retry::Idempotency,
    settle::{settled, to_the_end},
};

use super::{
    Inner, entries,
    known::{Id, Thing, fold},
    looking::{Dir, is_missing, not_found, thing_in},
};
use crate::{
    api::nodes::NodePatch,
    model::node::{Node, NodeStatus},
};

/// A node on its way.
#[derive(Debug)]
struct Move {
    inner: Arc<Inner>,
    thing: Arc<Thing>,
    from: Id,
    to: Id,
    name: String,
}

impl Inner {
    pub(super) async fn rename(
        self: &Arc<Self>,
        from: &RemotePath,
        to: &RemotePath,
        target: TargetMode,
    ) -> Result<Entry> {
        let (source, dest) = (self.names(from)?, self.names(to)?);
        let Some((source_above, source_name)) = source.split() else {
            return Err(Error::new(ErrorKind::IntoSelf));
        };
        let Some((dest_above, dest_name)) = dest.split() else {
            return Err(Error::with_message(
                ErrorKind::AlreadyExists,
                "the root of the drive cannot be a target",
            ));
        };
        let missing = |error| missing(error).with_path(from);
        let parent = self.dir(source_above).await.map_err(missing)?;
        // The newest state, because what is moved must be what is at the path.
        let found = self.find_now(&parent.id, source_name).await?;
        let thing = found.ok_or_else(|| not_found().with_path(from))?;
        if thing.is_folder && is_below(dest.all(), source.all()) {
            return Err(Error::new(ErrorKind::IntoSelf));
        }
        let dest_dir = self.dest_dir(&thing, dest_above).await?;
        let step = Move {
            inner: Arc::clone(self),
            from: Arc::clone(&parent.id),
            to: dest_dir.id,
            name: dest_name.to_owned(),
            thing,
        };
        // Nothing may stay half way, in the trash for instance, where the caller is dropped.
        let moved = to_the_end(async move { step.run(target).await }).await?;
        Ok(entries::entry(to.clone(), &moved))
    }

    async fn dest_dir(&self, thing: &Thing, above: &[String]) -> Result<Dir> {
        let dir = self.ensure_dir(above).await?;
        // Also where the folder is reached by another path, as a hard link.
        if thing.is_folder && dir.chain.contains(&thing.id) {
            return Err(Error::new(ErrorKind::IntoSelf));
        }
        Ok(dir)
    }

    /// Gives a node a name; harmless to repeat.
    pub(super) async fn give_name(&self, id: &str, name: &str) -> Result<()> {
        let patch = NodePatch::name(name);
        self.settled_at(
            id,
            || self.client.update_node(id, &patch),
            |node| node.name.as_deref() == Some(name),
        )
        .await
    }

    /// One change of a node, looked into when its answer is lost.
    async fn settled_at<T, F, Fut>(
        &self,
        id: &str,
        make: F,
        is_made: impl Fn(&Node) -> bool + Send + Sync,
    ) -> Result<()>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T>> + Send,
    {
        let (make, is_made) = (&make, &is_made);
        // Many steps are in one future.
        Box::pin(settled(
            &self.retry,
            |_attempt| async move { make().await.map(|_answer| ()) },
            || async move {
                let node = self.client.node(id).await?;
                Ok(is_made(&node).then_some(()))
            },
        ))
        .await
    }
}

impl Move {
    async fn run(&self, target: TargetMode) -> Result<Arc<Thing>> {
        if self.from == self.to && *self.thing.name == *self.name {
            return Ok(Arc::clone(&self.thing));
        }
        let old = self.inner.find_to_place(&self.to, &self.name).await?;
        let old = old.filter(|old| old.id != self.thing.id);
        match (old, target) {
            (None, _) => self.place_or_refuse(target).await,
            (Some(old), TargetMode::Replace) if !old.is_folder && !self.thing.is_folder => {
                self.replace(&old).await
            }
            (Some(old), _) if old.is_folder => Err(Error::with_message(
                ErrorKind::AlreadyExists,
                "a directory is in the place of the target",
            )),
            (Some(_), TargetMode::Replace) => Err(Error::with_message(
                ErrorKind::AlreadyExists,
                "a file is in the place of the directory",
            )),
            (Some(_), _) => Err(Error::new(ErrorKind::AlreadyExists)),
        }
    }

    /// The target was not known to be taken; where it is after all, it may be replaced.
    async fn place_or_refuse(&self, target: TargetMode) -> Result<Arc<Thing>> {
        let error = match self.place().await {
            Err(error) if error.is_already_exists() && target == TargetMode::Replace => error,
            other => return other,
        };
        match self.inner.find_now(&self.to, &self.name).await? {
            Some(old) if !old.is_folder && !self.thing.is_folder && old.id != self.thing.id => {
                self.replace(&old).await
            }
            _ => Err(error),
        }
    }

    /// The old target goes into the trash first, and comes back if the move fails.
    async fn replace(&self, old: &Arc<Thing>) -> Result<Arc<Thing>> {
        // What was cached may have been moved away; then it is not in the way.
        let trashed = self.inner.trash_thing(&self.to, old).await?;
        let error = match self.place().await {
            Ok(moved) => return Ok(moved),
            Err(error) => error,
        };
        // What has taken its place stays there, although it could not be looked at.
        if !trashed || error.effect() == Effect::Made {
            return Err(error);
        }
        match self.inner.bring_back(&old.id).await {
            Ok(_node) => {
                self.inner.known.made(&self.to, old);
                Err(error)
            }
            Err(failed) => {
                tracing::warn!(kind = ?failed.kind(), "a replaced file could not be brought back");
                Err(left(
                    error,
                    &format!("the former target, node {}, is in the trash", old.id),
                ))
            }
        }
    }

    /// Changes what has to be changed, in an order in which no name is in the way.
    async fn place(&self) -> Result<Arc<Thing>> {
        let renames = *self.thing.name != *self.name;
        let moves = self.from != self.to;
        if renames && self.thing.parents > 1 {
            return Err(Error::with_message(
                ErrorKind::Unsupported,
                "the node is in several folders, and would get another name in all of them",
            )
            .with_help("take it out of the other folders first, or keep its name"));
        }
        match (renames, moves) {
            (false, _) => self.relocate(&self.from, &self.to).await?,
            (true, false) => self.rename_to(&self.name).await?,
            (true, true) => self.rename_and_relocate().await?,
        }
        self.arrived().await
    }

    async fn rename_and_relocate(&self) -> Result<()> {
        let conflict = match self.rename_to(&self.name).await {
            Ok(()) => {
                let moved = self.relocate(&self.from, &self.to).await;
                return self.or_undo(moved, self.rename_to(&self.thing.name)).await;
            }
            Err(error) if error.is_already_exists() => error,
            Err(error) => return Err(error),
        };
        // The old folder has something of the new name.
        match self.relocate(&self.from, &self.to).await {
            Ok(()) => {
                let renamed = self.rename_to(&self.name).await;
                self.or_undo(renamed, self.relocate(&self.to, &self.from))
                    .await
            }
            // And the new folder has something of the old name.
            Err(error) if error.is_already_exists() => self.by_way_of_the_trash(conflict).await,
            Err(error) => Err(error),
        }
    }

    /// In the trash a name is in nobody's way.
    async fn by_way_of_the_trash(&self, conflict: Error) -> Result<()> {
        let inner = &self.inner;
        match inner.put_into_trash(&self.thing.id).await {
            Err(error) if error.effect() == Effect::Unknown => {
                return Err(self.may_be_in_the_trash(error));
            }
            other => other?,
        };
        let changed = async {
            self.rename_to(&self.name).await?;
            self.add_parent(&self.to).await?;
            self.drop_parent(&self.from).await?;
            inner.bring_back(&self.thing.id).await.map(|_node| ())
        };
        let Err(error) = changed.await else {
            return Ok(());
        };
        let undone = async {
            // First back into its folder, so that it is in one at any time.
            self.add_parent(&self.from).await?;
            self.drop_parent(&self.to).await?;
            self.rename_to(&self.thing.name).await?;
            inner.bring_back(&self.thing.id).await
        };
        match undone.await {
            Ok(_node) => Err(error.with_effect(Effect::NotMade).with_source(conflict)),
            Err(_failed) => Err(self.may_be_in_the_trash(error)),
        }
    }

    fn may_be_in_the_trash(&self, error: Error) -> Error {
        left(
            error,
            &format!("node {} may be in the trash", self.thing.id),
        )
    }

    /// After a failed second step, takes back the first one.
    async fn or_undo(
        &self,
        outcome: Result<()>,
        undo: impl Future<Output = Result<()>> + Send,
    ) -> Result<()> {
        let Err(error) = outcome else {
            return Ok(());
        };
        match undo.await {
            Ok(()) if error.effect() == Effect::Unknown => Err(error),
            Ok(()) => Err(error.with_effect(Effect::NotMade)),
            Err(_failed) => Err(left(
                error,
                &format!(
                    "node {} is half way between its old and its new place",
                    self.thing.id
                ),
            )),
        }
    }

    async fn rename_to(&self, name: &str) -> Result<()> {
        self.inner.give_name(&self.thing.id, name).await
    }

    async fn relocate(&self, from: &Id, to: &Id) -> Result<()> {
        if from == to {
            return Ok(());
        }
        let arrived = |node: &Node| node.is_in(to) && !node.is_in(from);
        let moved = self
            .settled(
                || self.inner.client.move_node(&self.thing.id, from, to),
                arrived,
            )
            .await;
        match moved {
            // A repetition finds the node moved already.
            Err(error) if error.is_not_found() => {
                match self.inner.node_if_exists(&self.thing.id).await? {
                    Some(node) if arrived(&node) => Ok(()),
                    _ => Err(error),
                }
            }
            other => other,
        }
    }

    async fn add_parent(&self, parent: &Id) -> Result<()> {
        self.settled(
            || self.inner.client.add_parent(&self.thing.id, parent),
            |node| node.is_in(parent),
        )
        .await
    }

    async fn drop_parent(&self, parent: &Id) -> Result<()> {
        if self.from == self.to {
            return Ok(());
        }
        let dropped = self
            .settled(
                || self.inner.client.remove_any_parent(&self.thing.id, parent),
                |node| !node.is_in(parent),
            )
            .await;
        match dropped {
            Err(error) if error.is_not_found() => Ok(()),
            other => other,
        }
    }

    async fn settled<T, F, Fut>(
        &self,
        make: F,
        is_made: impl Fn(&Node) -> bool + Send + Sync,
    ) -> Result<()>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T>> + Send,
    {
        self.inner.settled_at(&self.thing.id, make, is_made).await
    }

    /// The node in its new place, by the view that shows the newest state.
    async fn arrived(&self) -> Result<Arc<Thing>> {
        let inner = &self.inner;
        inner.known.removed(&self.from, &self.thing);
        let looked = inner.retry.run(Idempotency::Idempotent, |_attempt| async {
            let node = inner.client.node(&self.thing.id).await?;
            let there = thing_in(&node, &self.to);
            there
                .filter(|thing| fold(&thing.name) == fold(&self.name))
                .ok_or_else(|| not_settled(&node))
        });
        let moved = looked
            .await
            .map_err(|error| error.with_effect(Effect::Made))?;
        inner.known.made(&self.to, &moved);
        Ok(moved)
    }
}

fn not_settled(node: &Node) -> Error {
    let state = match node.status {
        NodeStatus::Available => "in its old place",
        _ => "not available",
    };
    Error::with_message(
        ErrorKind::Service,
        format!("the moved node is still shown {state}"),
    )
    .with_retry_advice(RetryAdvice::IfIdempotent(None))
}

/// The error of a change that could not be tidied up after.
pub(super) fn left(error: Error, where_it_is: &str) -> Error {
    Error::with_message(error.kind(), format!("failed half way; {where_it_is}"))
        .with_effect(Effect::Unknown)
        .with_help("put it right by its id when the service works again")
        .with_source(error)
}

/// A folder that is missing above the source means that the source is.
fn missing(error: Error) -> Error {
    if is_missing(&error) {
        return not_found();
    }
    error
}

/// Whether names lead below others, in any case.
fn is_below(names: &[String], dir: &[String]) -> bool {
    names.len() > dir.len()
        && dir
            .iter()
            .zip(names)
            .all(|(dir, name)| fold(dir) == fold(name))
}
