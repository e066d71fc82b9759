//! The trash, by path.

use std::{sync::Arc, time::SystemTime};

use remote_core::{
    entry::Entry,
    error::{Effect, Error, ErrorKind, Result},
    operation::RemoveOutcome,
    path::RemotePath,
    remote::Remote as _,
    settle::to_the_end,
};

use super::{
    AcdRemote, Inner, at, entries,
    known::{Thing, fold},
    looking::not_found,
    moving::left,
};
use crate::model::node::{Node, NodeStatus};

/// Something in the trash.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Trashed {
    /// The id of the node.
    pub id: String,
    /// The name as it is stored; absent for nodes of the service's own.
    pub name: Option<String>,
    /// Whether it is a folder.
    pub is_directory: bool,
    /// The size of a file in bytes.
    pub size: Option<u64>,
    /// When it was changed last, which includes its removal.
    pub modified: Option<SystemTime>,
    /// Where it was, as far as that is known without asking.
    pub path: Option<RemotePath>,
}

impl AcdRemote {
    /// All that is in the trash of the account, also from outside the root of the remote. What lies below a folder in the trash is not listed. One request per 200.
    ///
    /// # Errors
    ///
    /// Those of [`Client::all_trash`](crate::Client::all_trash).
    pub async fn list_trash(&self) -> Result<Vec<Trashed>> {
        let nodes = self.inner.client.all_trash().await;
        let nodes = nodes.map_err(at("list_trash", &RemotePath::root()))?;
        let trashed = nodes.into_iter().map(|node| self.inner.trashed(&node));
        Ok(trashed.collect())
    }

    /// Puts a file, or a directory with everything below it, into the trash.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for the root.
    pub async fn trash(&self, path: &RemotePath) -> Result<RemoveOutcome> {
        if path.is_root() {
            let error = Error::with_message(ErrorKind::InvalidInput, "the root cannot be removed");
            return Err(at("trash", path)(error));
        }
        match self.remove_file(path).await {
            Err(error) if error.kind() == ErrorKind::IsADirectory => {
                self.remove_dir_all(path).await
            }
            other => other,
        }
    }

    /// Brings back what was removed from a path: the thing of that name that went into the trash last. Lists the trash.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there is none, or the directory it was in is not there: restore that first.
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) if something else is at the path by now; use [`restore_as`](Self::restore_as).
    pub async fn restore(&self, path: &RemotePath) -> Result<Entry> {
        self.inner
            .restore(path, None)
            .await
            .map_err(at("restore", path))
    }

    /// Like [`restore`](Self::restore), under another name in the same directory.
    ///
    /// # Errors
    ///
    /// As [`restore`](Self::restore).
    pub async fn restore_as(&self, path: &RemotePath, new_path: &RemotePath) -> Result<Entry> {
        self.inner
            .restore(path, Some(new_path))
            .await
            .map_err(at("restore_as", path))
    }
}

impl Inner {
    fn trashed(&self, node: &Node) -> Trashed {
        let parent = node.parents.first();
        let parent = parent.and_then(|parent| self.known_path(parent));
        let path = parent
            .zip(node.name.as_deref())
            .and_then(|(parent, name)| self.paths.child(&parent, name).ok());
        Trashed {
            id: node.id.clone(),
            name: node.name.clone(),
            is_directory: node.is_folder(),
            size: node.size(),
            modified: node.modified_date,
            path,
        }
    }

    async fn restore(
        self: &Arc<Self>,
        path: &RemotePath,
        new_path: Option<&RemotePath>,
    ) -> Result<Entry> {
        let names = self.names(path)?;
        let (above, name) = names.split().ok_or_else(not_found)?;
        let folder = self.dir(above).await?.id;
        let new_name = match new_path {
            Some(new_path) => Some(self.new_name(path, new_path)?),
            None => None,
        };
        let nodes = self.client.all_trash().await?;
        let was_there = |node: &&Node| {
            node.status == NodeStatus::Trash
                && node.is_in(&folder)
                && node
                    .name
                    .as_deref()
                    .is_some_and(|it| fold(it) == fold(name))
        };
        let newest = nodes
            .iter()
            .filter(was_there)
            .max_by_key(|node| node.modified_date);
        let newest = newest.ok_or_else(not_found)?.clone();
        let inner = Arc::clone(self);
        // A new name and no restoring would hide it in the trash.
        let node = to_the_end(async move { inner.take_out(&newest, new_name.as_deref()).await });
        let node = node.await?;
        let thing = Thing::of(&node).ok_or_else(|| {
            Error::with_message(ErrorKind::Protocol, "what was brought back has no name")
        })?;
        self.known.made(&folder, &thing);
        Ok(entries::entry(
            new_path.unwrap_or(path).clone(),
            &Arc::clone(&thing),
        ))
    }

    /// Gives a node in the trash its name and brings it back.
    async fn take_out(&self, node: &Node, new_name: Option<&str>) -> Result<Node> {
        if let Some(new_name) = new_name {
            // Names in the trash are in nobody's way.
            self.give_name(&node.id, new_name).await?;
        }
        match self.bring_back(&node.id).await {
            Ok(Some(restored)) if restored.is_available() && !restored.parents.is_empty() => {
                Ok(restored)
            }
            Ok(_) => {
                let restored = self.client.node(&node.id).await;
                restored.map_err(|error| error.with_effect(Effect::Made))
            }
            Err(error) => Err(self.still_in_trash(node, new_name, error).await),
        }
    }

    /// What is still in the trash is found there under its old name.
    async fn still_in_trash(&self, node: &Node, new_name: Option<&str>, error: Error) -> Error {
        let error = match error.is_already_exists() {
            true => error.with_help("bring it back under another name"),
            false => error,
        };
        let (Some(old), Some(new)) = (node.name.as_deref(), new_name) else {
            return error;
        };
        if error.effect() != Effect::NotMade {
            return error;
        }
        match self.give_name(&node.id, old).await {
            Ok(()) => error,
            Err(_failed) => left(
                error,
                &format!("node {} is in the trash as {new:?}", node.id),
            ),
        }
    }

    fn new_name(&self, path: &RemotePath, new_path: &RemotePath) -> Result<String> {
        if path.parent() != new_path.parent() {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "the new name must be in the same directory",
            ));
        }
        let names = self.names(new_path)?;
        let name = names.split().map(|(_, name)| name.to_owned());
        name.ok_or_else(not_found)
    }
}
