//! From paths to nodes.

use std::sync::Arc;

use remote_core::{
    entry::Entry,
    error::{Error, ErrorKind, Result},
    path::RemotePath,
};

use super::{
    Inner, entries,
    known::{Id, TRUST, Thing, fit},
};
use crate::{
    api::nodes::NodeQuery,
    filter::Filter,
    model::node::{Node, NodeStatus},
};

/// A folder that was found.
#[derive(Clone, Debug)]
pub(super) struct Dir {
    pub(super) id: Id,
    /// The ids from the root of the drive down to it, itself last.
    pub(super) chain: Vec<Id>,
}

impl Dir {
    pub(super) fn below(&self, id: &Id) -> Self {
        let mut chain = self.chain.clone();
        chain.push(Arc::clone(id));
        Self {
            id: Arc::clone(id),
            chain,
        }
    }
}

/// A path split into stored names, from the root of the drive.
#[derive(Clone, Debug)]
pub(super) struct Names(Vec<String>);

impl Names {
    /// The names of the folder above, and the last name; none for the root of the drive.
    pub(super) fn split(&self) -> Option<(&[String], &str)> {
        let (name, above) = self.0.split_last()?;
        Some((above, name))
    }

    pub(super) fn all(&self) -> &[String] {
        &self.0
    }

    pub(super) fn is_top(&self) -> bool {
        self.0.is_empty()
    }
}

impl Inner {
    pub(super) fn names(&self, path: &RemotePath) -> Result<Names> {
        let server = self.paths.to_server(path)?;
        let names = server.split('/').filter(|name| !name.is_empty());
        Ok(Names(names.map(str::to_owned).collect()))
    }

    /// The root of the drive. One request, once.
    pub(super) async fn root_dir(&self) -> Result<Dir> {
        let root = self.root.get_or_try_init(|| async {
            let node = self.client.root_node().await?;
            Ok::<Id, Error>(node.id.into())
        });
        let id = Arc::clone(root.await?);
        Ok(Dir {
            chain: vec![Arc::clone(&id)],
            id,
        })
    }

    /// The folder with these names: no request for what was seen a moment ago, one for each other name.
    ///
    /// Fails with `NotFound`, or `NotADirectory` if a file is on the way or in its place.
    pub(super) async fn dir(&self, names: &[String]) -> Result<Dir> {
        let mut dir = self.root_dir().await?;
        for name in names {
            match self.find(&dir.id, name).await? {
                Some(thing) if thing.is_folder => dir = dir.below(&thing.id),
                Some(_file) => return Err(not_a_directory()),
                None => return Err(not_found()),
            }
        }
        Ok(dir)
    }

    /// Like [`dir`](Self::dir), but whatever is missing or no directory is nothing.
    pub(super) async fn dir_if_exists(&self, names: &[String]) -> Result<Option<Dir>> {
        match self.dir(names).await {
            Ok(dir) => Ok(Some(dir)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What has a name in a folder, as it was seen a moment ago or by a look.
    pub(super) async fn find(&self, folder: &Id, name: &str) -> Result<Option<Arc<Thing>>> {
        match self.known.get(folder, name) {
            Some((thing, age)) if age < TRUST => Ok(Some(thing)),
            _ => self.find_now(folder, name).await,
        }
    }

    /// Like [`find`](Self::find), before something is put there: nothing is looked for in a folder of which all is known, because the service refuses a name that is
    /// taken.
    pub(super) async fn find_to_place(
        &self,
        folder: &Id,
        name: &str,
    ) -> Result<Option<Arc<Thing>>> {
        let is_new = self.known.get(folder, name).is_none() && self.known.is_complete(folder);
        if is_new {
            return Ok(None);
        }
        self.find(folder, name).await
    }

    /// What has a name in a folder at present. One request, of the kind that shows the newest state where the node is known; one more if it is not there any more.
    pub(super) async fn find_now(&self, folder: &Id, name: &str) -> Result<Option<Arc<Thing>>> {
        if let Some((known, _)) = self.known.get(folder, name) {
            if let Some(thing) = self.still_there(folder, &known.id, Some(name)).await? {
                self.known.saw(folder, &thing);
                return Ok(Some(thing));
            }
            self.known.forget(folder, &known);
        }
        self.look_up(folder, name).await
    }

    /// A node by its id, if it is available in a folder, and under a name.
    pub(super) async fn still_there(
        &self,
        folder: &Id,
        id: &str,
        name: Option<&str>,
    ) -> Result<Option<Arc<Thing>>> {
        let Some(node) = self.node_if_exists(id).await? else {
            return Ok(None);
        };
        let thing = thing_in(&node, folder);
        Ok(thing.filter(|thing| name.is_none_or(|name| fit(&thing.name, name).is_some())))
    }

    pub(super) async fn node_if_exists(&self, id: &str) -> Result<Option<Node>> {
        match self.client.node(id).await {
            Ok(node) => Ok(Some(node)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks for a name in a folder. One request, and one more for what we have just taken out of it.
    async fn look_up(&self, folder: &Id, name: &str) -> Result<Option<Arc<Thing>>> {
        let mut best: Option<(u8, Arc<Thing>)> = None;
        for node in self.nodes_named(folder, name).await? {
            let Some(thing) = thing_in(&node, folder) else {
                continue;
            };
            let Some(fit) = fit(&thing.name, name) else {
                continue;
            };
            if self.known.is_gone(folder, &thing.id) {
                let Some(_back) = self.still_there(folder, &thing.id, Some(name)).await? else {
                    continue;
                };
                self.known.is_back(folder, &thing.id);
            }
            best = match best {
                Some((known, other)) if known == fit && other.id != thing.id => {
                    return Err(ambiguous(name, &other.id, &thing.id));
                }
                Some((known, other)) if known <= fit => Some((known, other)),
                _ => Some((fit, thing)),
            };
        }
        let found = best.map(|(_, thing)| thing);
        if let Some(thing) = &found {
            self.known.saw(folder, thing);
        }
        Ok(found)
    }

    /// What a query finds under a name in a folder, whatever its status is; it may show an older state.
    pub(super) async fn nodes_named(&self, folder: &Id, name: &str) -> Result<Vec<Node>> {
        let filter = Filter::child_of(folder).and(Filter::name(name));
        let page = self.client.nodes(&NodeQuery::new(filter), None).await?;
        Ok(page.data)
    }

    /// A look at the newest state.
    pub(super) async fn stat(&self, path: &RemotePath) -> Result<Entry> {
        let names = self.names(path)?;
        let Some((above, name)) = names.split() else {
            self.root_dir().await?;
            return Ok(Entry::directory(path.clone()));
        };
        let found = match self.dir_if_exists(above).await? {
            Some(dir) => self.find_now(&dir.id, name).await?,
            None => None,
        };
        let thing = found.ok_or_else(not_found)?;
        Ok(entries::entry(path.clone(), &thing))
    }
}

/// A node as a thing that is available in a folder.
pub(super) fn thing_in(node: &Node, folder: &str) -> Option<Arc<Thing>> {
    let is_there = node.status == NodeStatus::Available && node.is_in(folder);
    is_there.then(|| Thing::of(node)).flatten()
}

/// Whether an error says that nothing is at a path.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
        && error.http_status().is_none()
}

pub(super) fn not_found() -> Error {
    Error::with_message(ErrorKind::NotFound, "nothing is there")
}

pub(super) fn not_a_directory() -> Error {
    Error::with_message(ErrorKind::NotADirectory, "is a file, not a directory")
}

pub(super) fn is_a_directory() -> Error {
    Error::with_message(ErrorKind::IsADirectory, "is a directory, not a file")
}

/// Other programs have made two things of one name, which the service should not allow.
pub(super) fn ambiguous(name: &str, one: &str, other: &str) -> Error {
    Error::with_message(
        ErrorKind::Protocol,
        format!("two nodes have the name {name:?} in the same folder: {one} and {other}"),
    )
    .with_help("give one of them another name, by its id")
}
