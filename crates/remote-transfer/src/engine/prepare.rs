//! Finds out what is to be copied and what is at the target.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use futures::TryStreamExt as _;
use remote_core::{
    entry::Entry,
    error::{Error, ErrorKind, Result},
    operation::ListOptions,
    path::RemotePath,
    remote::{Remote, RemoteExt as _},
    source::Links,
};

use super::{
    Shape,
    compare::Rule,
    drive::Engine,
    index::{Index, KnownFile, Printer},
    job::{Job, Origin, RemoteFile, RemoteTarget, SourceFile, Target},
    scan::Scan,
    scan_local::LocalScan,
    scan_remote::{RemoteScan, below, outside},
    turns::Turns,
};
use crate::{
    local::{
        Blocking, case, io_error, names,
        place::batch_bytes,
        tree,
        walk::{LocalDir, LocalFile},
    },
    location::Location,
    observer::Event,
    options::TransferOptions,
};

/// What a copy will do.
pub(crate) enum Plan {
    File {
        job: Arc<Job>,
        file: Box<SourceFile>,
        known: Option<KnownFile>,
    },
    Tree {
        job: Arc<Job>,
        scan: Scan,
    },
}

pub(crate) async fn prepare(
    engine: &Engine,
    from: &Location,
    to: &Location,
    shape: Shape,
    options: &TransferOptions,
) -> Result<Plan> {
    let setting = Setting {
        engine,
        options,
        precisions: [precision(from), precision(to)],
    };
    match (from, to) {
        (Location::Local(_), Location::Local(_)) => Err(Error::unsupported(
            "copying from a local folder to a local folder",
        )),
        (Location::Local(from), to) => setting.local(from, to, shape).await,
        (Location::Remote(remote, path), to) => setting.remote(remote, path, to, shape).await,
    }
}

/// The steps in which an end keeps times; the local file system is taken to keep what it is given.
fn precision(location: &Location) -> Option<Duration> {
    location.as_remote()?.capabilities().time_precision
}

struct Setting<'a> {
    engine: &'a Engine,
    options: &'a TransferOptions,
    precisions: [Option<Duration>; 2],
}

impl Setting<'_> {
    async fn local(&self, from: &Path, to: &Location, shape: Shape) -> Result<Plan> {
        let path = from.to_owned();
        let metadata = self
            .blocking()
            .run(move || fs::metadata(&path).map_err(|error| io_error("looked at", &path, error)))
            .await?;
        if metadata.is_dir() {
            if let Shape::OneFile = shape {
                return Err(not_a_file(&from.display()));
            }
            return self.local_tree(from, to).await;
        }
        let origin = Origin::Local(LocalFile {
            local: from.to_owned(),
            links: Links::Follow,
            size: metadata.len(),
            modified: metadata.modified().ok(),
        });
        let name = from.file_name().ok_or_else(|| nameless(&from.display()))?;
        let name = names::to_remote(&RemotePath::root(), name)?;
        self.file(origin, name, to, shape).await
    }

    async fn local_tree(&self, from: &Path, to: &Location) -> Result<Plan> {
        let (path, links) = (from.to_owned(), self.options.links);
        let root = self
            .blocking()
            .run(move || LocalDir::root(path, links))
            .await?;
        let (target, printer) = self.target_tree(to).await?;
        let job = self.job(target);
        let scan = LocalScan::new(Arc::clone(&job), printer.case(), root);
        Ok(Plan::Tree {
            job,
            scan: Scan::Local(scan),
        })
    }

    async fn remote(
        &self,
        remote: &Arc<dyn Remote>,
        from: &RemotePath,
        to: &Location,
        shape: Shape,
    ) -> Result<Plan> {
        if let Shape::OneFile = shape {
            let entry = remote.stat(from).await?;
            return self.remote_file(remote, entry, to, shape).await;
        }
        if overlaps(remote, from, to) {
            let entry = remote.stat(from).await?;
            return match entry.is_file() {
                true => self.remote_file(remote, entry, to, shape).await,
                false => Err(into_self(from)),
            };
        }
        let (target, printer) = self.target_tree(to).await?;
        let job = self.job(target);
        let mut scan = RemoteScan::new(Arc::clone(&job), Arc::clone(remote), from.clone(), printer);
        match scan.begin().await {
            Err(error) if error.kind() == ErrorKind::NotADirectory => {
                let entry = remote.stat(from).await?;
                self.remote_file(remote, entry, to, shape).await
            }
            Err(error) => Err(error),
            Ok(()) => Ok(Plan::Tree {
                job,
                scan: Scan::Remote(scan),
            }),
        }
    }

    async fn remote_file(
        &self,
        remote: &Arc<dyn Remote>,
        entry: Entry,
        to: &Location,
        shape: Shape,
    ) -> Result<Plan> {
        if !entry.is_file() {
            return Err(not_a_file(&entry.path));
        }
        let raw_name = entry.path.raw_name();
        let name = RemotePath::root().child(&raw_name)?;
        let origin = Origin::Remote(RemoteFile {
            remote: Arc::clone(remote),
            entry: entry.clone(),
        });
        self.file(origin, name, to, shape).await
    }

    /// One file: into a folder under its own name, or to a path.
    async fn file(
        &self,
        origin: Origin,
        name: RemotePath,
        to: &Location,
        shape: Shape,
    ) -> Result<Plan> {
        let (target, path, known) = match to {
            Location::Local(to) => (self.local_file(to, shape, &name).await?, name, None),
            Location::Remote(remote, to) => {
                let full = match shape {
                    Shape::Into => to.join(&name)?,
                    Shape::OneFile => to.clone(),
                };
                self.remote_place(&origin, remote, &full).await?
            }
        };
        Ok(Plan::File {
            job: self.job(target),
            file: Box::new(SourceFile { path, origin }),
            known,
        })
    }

    async fn local_file(&self, to: &Path, shape: Shape, name: &RemotePath) -> Result<Target> {
        let (dir, target) = match shape {
            Shape::Into => (
                to.to_owned(),
                Target::LocalFile(tree::path_below(to, name)?),
            ),
            Shape::OneFile => (parent(to), Target::LocalFile(to.to_owned())),
        };
        self.blocking().run(move || tree::make_root(&dir)).await?;
        Ok(target)
    }

    async fn remote_place(
        &self,
        origin: &Origin,
        remote: &Arc<dyn Remote>,
        full: &RemotePath,
    ) -> Result<(Target, RemotePath, Option<KnownFile>)> {
        if let Origin::Remote(file) = origin
            && Arc::ptr_eq(&file.remote, remote)
            && is_same(remote, &file.entry.path, full)
        {
            return Err(Error::new(ErrorKind::IntoSelf).with_path(full));
        }
        let known = match remote.stat_if_exists(full).await? {
            Some(entry) if entry.is_directory() => {
                return Err(Error::new(ErrorKind::IsADirectory).with_path(full));
            }
            Some(entry) => Some(known_file(&**remote, entry)),
            None => None,
        };
        let base = full.parent().ok_or(ErrorKind::IsADirectory)?;
        let path = full.strip_prefix(&base).unwrap_or_default();
        let target = Target::Remote(RemoteTarget {
            index: Index::new(Printer::new(remote.capabilities().case)),
            remote: Arc::clone(remote),
            base,
            expects_dir: true,
            loses_times: AtomicBool::new(false),
        });
        Ok((target, path, known.as_ref().map(KnownFile::of)))
    }

    async fn target_tree(&self, to: &Location) -> Result<(Target, Printer)> {
        match to {
            Location::Local(root) => {
                let (path, case) = (root.clone(), self.options.local_case);
                let look = move || {
                    check_root(&path)?;
                    Ok(case.unwrap_or_else(|| case::rule_of(&path)))
                };
                let case = self.blocking().run(look).await?;
                Ok((Target::Local(root.clone()), Printer::new(case)))
            }
            Location::Remote(remote, base) => {
                let printer = Printer::new(remote.capabilities().case);
                let index = list_target(&**remote, base, printer.clone()).await?;
                self.engine.ledger.tell(|| Event::TargetListed {
                    entries: index.len(),
                });
                let target = Target::Remote(RemoteTarget {
                    remote: Arc::clone(remote),
                    base: base.clone(),
                    index,
                    expects_dir: false,
                    loses_times: AtomicBool::new(false),
                });
                Ok((target, printer))
            }
        }
    }

    fn blocking(&self) -> &Blocking {
        &self.engine.blocking
    }

    fn job(&self, target: Target) -> Arc<Job> {
        Arc::new(Job {
            target,
            rule: Rule::new(self.options.compare, self.precisions),
            blocking: self.engine.blocking.clone(),
            finishing: self.engine.finishing.clone(),
            checks: Turns::new(self.options.checkers),
            transfers: Turns::new(self.options.transfers),
            observer: self.options.observer.clone(),
            sync_files: self.options.sync_files,
            batch_bytes: batch_bytes(self.options.transfers),
            filter: self.options.filter.clone(),
        })
    }
}

/// Everything below a folder of a remote, in one listing; a folder that is missing is empty. A listing that breaks off is an error: what was not listed
/// would be taken for missing.
async fn list_target(remote: &dyn Remote, base: &RemotePath, printer: Printer) -> Result<Index> {
    let case = printer.case();
    let mut index = Index::new(printer);
    // Where a file is in the place of the folder, each write below it says so.
    let options = ListOptions::default().with_file_may_be_missing(true);
    let mut entries = remote.list_recursive(base, options);
    let mut is_empty = true;
    loop {
        match entries.try_next().await {
            Ok(Some(entry)) => {
                is_empty = false;
                let path =
                    below(base, &entry.path, case).ok_or_else(|| outside(base, &entry.path))?;
                index.insert(&path, &known_file(remote, entry));
            }
            Ok(None) => {
                index.root_exists();
                return Ok(index);
            }
            Err(error) if error.is_not_found() && is_empty && is_about(&error, base) => {
                return Ok(index);
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_about(error: &Error, path: &RemotePath) -> bool {
    error.path().is_none_or(|about| about == path)
}

/// An entry of the target without the time where that is only the time of its upload.
fn known_file(remote: &dyn Remote, entry: Entry) -> Entry {
    match remote.capabilities().time_precision {
        Some(_) => entry,
        None => entry.with_modified(None),
    }
}

/// Whether one of two folders of the same remote lies in the other: a copy would find what it has just made.
fn overlaps(remote: &Arc<dyn Remote>, from: &RemotePath, to: &Location) -> bool {
    let Location::Remote(target, to) = to else {
        return false;
    };
    let case = remote.capabilities().case;
    let is_below = |a, b| below(a, b, case).is_some();
    Arc::ptr_eq(remote, target) && (is_below(from, to) || is_below(to, from))
}

fn is_same(remote: &Arc<dyn Remote>, a: &RemotePath, b: &RemotePath) -> bool {
    let case = remote.capabilities().case;
    case.key(a) == case.key(b)
}

fn into_self(path: &RemotePath) -> Error {
    let message = "one of the two folders lies in the other";
    Error::with_message(ErrorKind::IntoSelf, message).with_path(path)
}

fn check_root(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_dir() => Err(Error::with_message(
            ErrorKind::NotADirectory,
            format!("{} is not a folder", path.display()),
        )),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(io_error("looked at", path, error))
        }
        _ => Ok(()),
    }
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn not_a_file(what: &dyn std::fmt::Display) -> Error {
    Error::with_message(
        ErrorKind::IsADirectory,
        format!("{what} is a folder, not a file"),
    )
}

fn nameless(what: &dyn std::fmt::Display) -> Error {
    Error::with_message(ErrorKind::InvalidInput, format!("{what} has no file name"))
}
