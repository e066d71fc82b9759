//! What is in a local folder, one directory at a time.

use std::{
    fs::{self, Metadata},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use remote_core::{
    error::{Error, ErrorKind, Result},
    path::RemotePath,
    source::Links,
};

use super::{io_error, names};
use crate::{
    options::LinkRule,
    summary::{Problem, ProblemKind},
};

/// A directory that is to be read.
#[derive(Clone, Debug)]
pub(crate) struct LocalDir {
    pub(crate) path: RemotePath,
    local: PathBuf,
    /// Where links are followed: the true paths of the directories that lead here.
    trail: Option<Arc<Trail>>,
}

#[derive(Debug)]
struct Trail {
    real: PathBuf,
    above: Option<Arc<Self>>,
}

/// A local file.
#[derive(Clone, Debug)]
pub(crate) struct LocalFile {
    pub(crate) local: PathBuf,
    /// Whether a symbolic link may be in its place by the time it is read.
    pub(crate) links: Links,
    pub(crate) size: u64,
    pub(crate) modified: Option<SystemTime>,
}

/// An entry of a directory that can be copied.
#[derive(Debug)]
pub(crate) struct LocalEntry {
    pub(crate) path: RemotePath,
    pub(crate) kind: LocalKind,
}

#[derive(Debug)]
pub(crate) enum LocalKind {
    Directory(LocalDir),
    File(LocalFile),
}

/// The entries of a directory, in no order, and what is wrong with others.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) entries: Vec<LocalEntry>,
    pub(crate) problems: Vec<Problem>,
}

impl LocalDir {
    /// The folder that is copied. Blocks.
    pub(crate) fn root(local: PathBuf, links: LinkRule) -> Result<Self> {
        let trail = match links {
            LinkRule::Follow => Some(Trail::start(&local)?),
            LinkRule::Report => None,
        };
        Ok(Self {
            path: RemotePath::root(),
            local,
            trail,
        })
    }

    /// Reads the directory. Blocks.
    ///
    /// Fails if the directory cannot be read at all; an entry that cannot be used is a problem in the result.
    pub(crate) fn read(&self) -> Result<Batch> {
        let unreadable = |error| io_error("listed", &self.local, error);
        let mut batch = Batch::default();
        for entry in fs::read_dir(&self.local).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = match names::to_remote(&self.path, &entry.file_name()) {
                Ok(path) => path,
                Err(error) => {
                    let problem =
                        Problem::new(self.path.clone(), ProblemKind::NameNotAllowed, error);
                    batch.problems.push(problem);
                    continue;
                }
            };
            match self.entry(path, entry.path()) {
                Ok(entry) => batch.entries.push(entry),
                Err(problem) => batch.problems.push(problem),
            }
        }
        Ok(batch)
    }

    fn entry(&self, path: RemotePath, local: PathBuf) -> Result<LocalEntry, Problem> {
        let metadata = match fs::symlink_metadata(&local) {
            Ok(metadata) => metadata,
            Err(error) => {
                let error = io_error("looked at", &local, error);
                return Err(Problem::new(path, ProblemKind::Unreadable, error));
            }
        };
        if metadata.is_symlink() {
            return self.link(path, local);
        }
        self.plain(path, local, &metadata)
    }

    fn link(&self, path: RemotePath, local: PathBuf) -> Result<LocalEntry, Problem> {
        if self.trail.is_none() {
            let message = "symbolic links are not copied";
            return Err(Problem::told(path, ProblemKind::SymbolicLink, message));
        }
        match fs::metadata(&local) {
            Ok(metadata) => self.plain(path, local, &metadata),
            Err(error) => {
                let error = io_error("followed", &local, error);
                Err(Problem::new(path, ProblemKind::SymbolicLink, error))
            }
        }
    }

    fn plain(
        &self,
        path: RemotePath,
        local: PathBuf,
        metadata: &Metadata,
    ) -> Result<LocalEntry, Problem> {
        let kind = if metadata.is_dir() {
            let trail = match &self.trail {
                Some(trail) => match trail.enter(&local) {
                    Ok(trail) => Some(trail),
                    Err(error) => {
                        return Err(Problem::new(path, ProblemKind::SymbolicLink, error));
                    }
                },
                None => None,
            };
            LocalKind::Directory(Self {
                path: path.clone(),
                local,
                trail,
            })
        } else if metadata.is_file() {
            LocalKind::File(LocalFile {
                local,
                links: match self.trail {
                    Some(_) => Links::Follow,
                    None => Links::Refuse,
                },
                size: metadata.len(),
                modified: metadata.modified().ok(),
            })
        } else {
            let message = "pipes, sockets and devices are not copied";
            return Err(Problem::told(path, ProblemKind::SpecialFile, message));
        };
        Ok(LocalEntry { path, kind })
    }
}

impl Trail {
    fn start(local: &Path) -> Result<Arc<Self>> {
        let real = fs::canonicalize(local).map_err(|error| io_error("looked at", local, error))?;
        Ok(Arc::new(Self { real, above: None }))
    }

    /// Goes down into a directory, unless the way there led through it.
    fn enter(self: &Arc<Self>, local: &Path) -> Result<Arc<Self>> {
        let real = fs::canonicalize(local).map_err(|error| io_error("followed", local, error))?;
        let mut above = Some(self);
        while let Some(trail) = above {
            if trail.real == real {
                return Err(Error::with_message(
                    ErrorKind::IntoSelf,
                    format!("{} leads back to a directory it lies in", local.display()),
                ));
            }
            above = trail.above.as_ref();
        }
        Ok(Arc::new(Self {
            real,
            above: Some(Arc::clone(self)),
        }))
    }
}
