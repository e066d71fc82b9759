//! Making directories.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use remote_core::{
    error::{Error, ErrorKind, Result},
    path::RemotePath,
    retry::Idempotency,
};
use tokio::sync::Mutex as AsyncMutex;

use super::{
    Inner,
    known::{Id, Thing, fold},
    looking::{Dir, not_a_directory, thing_in},
};
use crate::{api::nodes::NewNode, error::ApiError};

/// How often a name is asked for that queries do not show although the service says that it is taken.
const MAX_LOOKS: u32 = 4;

/// Locks by folder and folded name, for as long as somebody holds them.
#[derive(Debug, Default)]
pub(super) struct NameLocks(Mutex<HashMap<(Id, String), WeakLock>>);

type WeakLock = Weak<AsyncMutex<()>>;

impl NameLocks {
    fn of(&self, folder: &Id, name: &str) -> Arc<AsyncMutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (Arc::clone(folder), fold(name));
        if let Some(lock) = locks.get(&key).and_then(Weak::upgrade) {
            return lock;
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::new(AsyncMutex::new(()));
        locks.insert(key, Arc::downgrade(&lock));
        lock
    }
}

impl Inner {
    /// Makes a directory that the caller asked for: the service is asked even if the directory was there a moment ago.
    pub(super) async fn create_dir(&self, path: &RemotePath) -> Result<()> {
        let names = self.names(path)?;
        let Some((above, name)) = names.split() else {
            return self.root_dir().await.map(|_root| ());
        };
        let parent = self.ensure_dir(above).await?;
        self.ensure_in(&parent, name, true).await.map(|_dir| ())
    }

    /// Sees to it that a directory is there. No request for those that were seen a moment ago; one or two for each new one, which concurrent callers share.
    pub(super) async fn ensure_dir(&self, names: &[String]) -> Result<Dir> {
        match self.ensure_known_dir(names).await {
            Err(error) if error.is_not_found() => {
                // A folder that was known is gone: what is known is looked at again.
                self.forget_way(names).await?;
                self.ensure_known_dir(names).await
            }
            other => other,
        }
    }

    async fn ensure_known_dir(&self, names: &[String]) -> Result<Dir> {
        let mut dir = self.root_dir().await?;
        for name in names {
            dir = self.ensure_in(&dir, name, false).await?;
        }
        Ok(dir)
    }

    /// Forgets the folders on the way to a directory, so that each of them is looked at again.
    pub(super) async fn forget_way(&self, names: &[String]) -> Result<()> {
        let mut folder = self.root_dir().await?.id;
        for name in names {
            let Some((thing, _)) = self.known.get(&folder, name) else {
                break;
            };
            self.known.forget(&folder, &thing);
            folder = Arc::clone(&thing.id);
        }
        Ok(())
    }

    async fn ensure_in(&self, parent: &Dir, name: &str, look: bool) -> Result<Dir> {
        let lock = self.name_locks.of(&parent.id, name);
        let _making = lock.lock().await;
        let found = if look && self.known.get(&parent.id, name).is_some() {
            self.find_now(&parent.id, name).await?
        } else {
            self.find_to_place(&parent.id, name).await?
        };
        match found {
            Some(thing) if thing.is_folder => Ok(parent.below(&thing.id)),
            Some(_file) => Err(a_file_is_there()),
            None => self.make_in(parent, name).await,
        }
    }

    /// A lost answer does no harm: the repetition finds the folder.
    async fn make_in(&self, parent: &Dir, name: &str) -> Result<Dir> {
        let folder = NewNode::new(name, &*parent.id);
        let made = self
            .retry
            .run(Idempotency::Idempotent, |_attempt| {
                self.client.create_folder(&folder)
            })
            .await;
        let error = match made {
            Ok(node) => match thing_in(&node, &parent.id) {
                Some(thing) if thing.is_folder => {
                    self.known.made(&parent.id, &thing);
                    self.known.all_of(&thing.id, self.known.generation());
                    return Ok(parent.below(&thing.id));
                }
                // Made, though the answer does not say what.
                _ => Error::new(ErrorKind::AlreadyExists),
            },
            Err(error) => error,
        };
        if !error.is_already_exists() {
            return Err(error);
        }
        match self.what_is_in_the_way(&parent.id, name, &error).await? {
            Some(thing) if thing.is_folder => Ok(parent.below(&thing.id)),
            Some(_file) => Err(a_file_is_there()),
            None => Err(error.with_kind(ErrorKind::Service)),
        }
    }

    /// The node that a conflict is about: named by the service, or looked for, although queries may not show it yet.
    pub(super) async fn what_is_in_the_way(
        &self,
        folder: &Id,
        name: &str,
        error: &Error,
    ) -> Result<Option<Arc<Thing>>> {
        let told = ApiError::of(error).and_then(|said| said.conflicting_node.as_deref());
        for look in 0..MAX_LOOKS {
            let found = match told {
                Some(id) => self.still_there(folder, id, None).await?,
                None => None,
            };
            let found = match found {
                Some(thing) => Some(thing),
                None => self.find_now(folder, name).await?,
            };
            if let Some(thing) = found {
                self.known.saw(folder, &thing);
                return Ok(Some(thing));
            }
            if look + 1 < MAX_LOOKS {
                tokio::time::sleep(self.wait.interval / 5).await;
            }
        }
        Ok(None)
    }
}

fn a_file_is_there() -> Error {
    not_a_directory().with_help("a file is in the place of the directory, or of one on the way")
}
