//! What all tasks of one copy share.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use remote_core::{
    entry::Entry,
    error::{Error, Result},
    path::RemotePath,
    progress::Progress,
    remote::Remote,
};

use super::{
    compare::{Facts, HashFact, Rule},
    finishing::Finishing,
    index::Index,
    turns::Turns,
};
use crate::{
    filter::Filter,
    local::{Blocking, tree, walk::LocalFile},
    observer::{Event, Observer},
};

/// One copy.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) target: Target,
    pub(crate) rule: Rule,
    pub(crate) blocking: Blocking,
    pub(crate) finishing: Finishing,
    pub(crate) checks: Turns,
    pub(crate) transfers: Turns,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) sync_files: bool,
    /// See [`batch_bytes`](crate::local::place::batch_bytes).
    pub(crate) batch_bytes: usize,
    pub(crate) filter: Option<Arc<dyn Filter>>,
}

/// Where is copied to.
#[derive(Debug)]
pub(crate) enum Target {
    /// A local folder.
    Local(PathBuf),
    /// One local file.
    LocalFile(PathBuf),
    /// A folder of a remote.
    Remote(RemoteTarget),
}

#[derive(Debug)]
pub(crate) struct RemoteTarget {
    pub(crate) remote: Arc<dyn Remote>,
    pub(crate) base: RemotePath,
    pub(crate) index: Index,
    /// The target is a place that the user named, in a directory that is likely to be there.
    pub(crate) expects_dir: bool,
    /// A time that was set was not kept, as with some storages that a service only passes on to: the others are not tried.
    pub(crate) loses_times: AtomicBool,
}

/// A file that is to be copied.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// Relative to the folders.
    pub(crate) path: RemotePath,
    pub(crate) origin: Origin,
}

#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Local(LocalFile),
    Remote(RemoteFile),
}

#[derive(Clone, Debug)]
pub(crate) struct RemoteFile {
    pub(crate) remote: Arc<dyn Remote>,
    pub(crate) entry: Entry,
}

impl SourceFile {
    pub(crate) fn size(&self) -> Option<u64> {
        match &self.origin {
            Origin::Local(file) => Some(file.size),
            Origin::Remote(file) => file.entry.size,
        }
    }

    pub(crate) fn facts(&self) -> Facts {
        match &self.origin {
            Origin::Local(file) => Facts {
                size: Some(file.size),
                modified: file.modified,
                hash: HashFact::Readable,
            },
            Origin::Remote(file) => Facts {
                size: file.entry.size,
                modified: file.entry.modified,
                hash: HashFact::of(file.entry.hash),
            },
        }
    }
}

impl Job {
    /// Takes note of a failure: after one that concerns everything, nothing new is begun.
    pub(crate) fn failed(&self, error: &Error) {
        if error.is_fatal() {
            self.end();
        }
    }

    /// Begins nothing new.
    pub(crate) fn end(&self) {
        self.checks.end();
        self.transfers.end();
    }

    /// Tells the observer, if there is one.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(observer) = &self.observer {
            observer.event(&event());
        }
    }

    /// Whether an entry is copied, as far as it goes by its own path; the folder itself always is.
    pub(crate) fn includes(&self, path: &RemotePath) -> bool {
        let Some(filter) = &self.filter else {
            return true;
        };
        path.is_root() || filter.includes(path)
    }

    /// Whether an entry is copied, and every directory it lies in.
    pub(crate) fn includes_with_ancestors(&self, path: &RemotePath) -> bool {
        self.filter.is_none()
            || self.includes(path) && path.ancestors().all(|dir| self.includes(&dir))
    }

    /// The local path of an entry at a local target.
    pub(crate) fn local_path(target: &Target, path: &RemotePath) -> Result<Option<PathBuf>> {
        match target {
            Target::Local(root) => tree::path_below(root, path).map(Some),
            Target::LocalFile(file) => Ok(Some(file.clone())),
            Target::Remote(_) => Ok(None),
        }
    }
}

impl RemoteTarget {
    pub(crate) fn path(&self, path: &RemotePath) -> Result<RemotePath> {
        Ok(self.base.join(path)?)
    }
}

/// Counts the bytes of one file that moved, and tells the observer.
#[derive(Debug)]
pub(crate) struct FileProgress {
    path: RemotePath,
    observer: Option<Arc<dyn Observer>>,
    counted: AtomicU64,
}

impl FileProgress {
    pub(crate) fn new(job: &Job, path: &RemotePath) -> Arc<Self> {
        Arc::new(Self {
            path: path.clone(),
            observer: job.observer.clone(),
            counted: AtomicU64::new(0),
        })
    }

    /// Takes back all bytes: they are transferred again, or the file failed.
    pub(crate) fn start_over(&self) {
        let counted = self.counted.load(Ordering::Relaxed);
        if counted > 0 {
            self.restarted(counted);
        }
    }
}

impl Progress for FileProgress {
    fn moved(&self, bytes: u64) {
        self.counted.fetch_add(bytes, Ordering::Relaxed);
        if let Some(observer) = &self.observer {
            let path = self.path.clone();
            observer.event(&Event::Moved { path, bytes });
        }
    }

    fn restarted(&self, bytes: u64) {
        self.counted.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(observer) = &self.observer {
            let path = self.path.clone();
            observer.event(&Event::Restarted { path, bytes });
        }
    }
}
