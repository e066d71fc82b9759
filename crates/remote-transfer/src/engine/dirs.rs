//! Directories at the target: each missing one is made once, before what goes into it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use remote_core::{
    error::{Error, ErrorKind, Result, report},
    path::RemotePath,
};
use tokio::{sync::watch, task::JoinSet};

use super::{
    drive::guarded,
    index::Known,
    job::{Job, RemoteTarget, Target},
    ledger::{Done, Finished},
};
use crate::{
    local::tree,
    summary::{Problem, ProblemKind},
};

/// Whether a directory can be used.
#[derive(Clone, Debug)]
pub(crate) enum DirState {
    Ready,
    Waiting(watch::Receiver<Outcome>),
}

/// Absent until the directory was made, or could not be.
type Outcome = Option<Result<(), Arc<Error>>>;

impl DirState {
    /// Waits until the directory is there.
    pub(crate) async fn ready(&mut self) -> Result<(), Arc<Error>> {
        let Self::Waiting(receiver) = self else {
            return Ok(());
        };
        match receiver.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(result)) => result.clone(),
            _ => Err(Arc::new(ErrorKind::Cancelled.into())),
        }
    }
}

/// The problem of an entry whose directory could not be made.
pub(crate) fn failed(path: RemotePath, cause: Arc<Error>) -> Problem {
    let message = format!("its directory cannot be used: {}", report(&*cause));
    let error = Error::with_message(cause.kind(), message).with_source(SharedError(cause));
    Problem::new(path, ProblemKind::DirectoryFailed, error)
}

/// One error that is the cause of many.
#[derive(Debug)]
struct SharedError(Arc<Error>);

impl std::fmt::Display for SharedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SharedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// The directories of one copy that are made or were.
#[derive(Debug, Default)]
pub(crate) struct Dirs {
    states: HashMap<RemotePath, DirState>,
    /// Those that come with a file that is written into or below them.
    covered: HashSet<RemotePath>,
    /// Those that have to be made at the end, unless they are covered by then.
    left: Vec<RemotePath>,
}

impl Dirs {
    /// A directory of the source. Where a write makes the directories on the way, it waits for the files that may come into it.
    pub(crate) fn found(&mut self, job: &Arc<Job>, tasks: &mut JoinSet<Done>, dir: &RemotePath) {
        if comes_with_files(job) {
            self.left.push(dir.clone());
        } else {
            self.ensure(job, tasks, dir);
        }
    }

    /// The state of the directory that a file is to be written into.
    pub(crate) fn ensure_for_file(
        &mut self,
        job: &Arc<Job>,
        tasks: &mut JoinSet<Done>,
        dir: &RemotePath,
    ) -> DirState {
        if !comes_with_files(job) || is_blocked(job, dir) {
            return self.ensure(job, tasks, dir);
        }
        for dir in std::iter::once(dir.clone()).chain(dir.ancestors()) {
            if !self.covered.insert(dir) {
                break;
            }
        }
        DirState::Ready
    }

    /// Starts to make the directories into which no file was written, as long as there are fewer than `most` tasks.
    pub(crate) fn make_left(&mut self, job: &Arc<Job>, tasks: &mut JoinSet<Done>, most: usize) {
        while tasks.len() < most
            && let Some(dir) = self.left.pop()
        {
            self.ensure(job, tasks, &dir);
        }
    }

    /// The state of a directory; where it is missing, a task that makes it is started, after those for the directories above it.
    pub(crate) fn ensure(
        &mut self,
        job: &Arc<Job>,
        tasks: &mut JoinSet<Done>,
        dir: &RemotePath,
    ) -> DirState {
        let mut missing = Vec::new();
        let mut above = DirState::Ready;
        for dir in std::iter::once(dir.clone()).chain(dir.ancestors()) {
            if let Some(state) = self.known(job, &dir) {
                above = state;
                break;
            }
            missing.push(dir);
        }
        for dir in missing.into_iter().rev() {
            let (sender, receiver) = watch::channel(None);
            tasks.spawn(make(Arc::clone(job), dir.clone(), above, sender));
            above = DirState::Waiting(receiver);
            self.states.insert(dir, above.clone());
        }
        above
    }

    fn known(&self, job: &Job, dir: &RemotePath) -> Option<DirState> {
        if let Some(state) = self.states.get(dir) {
            return Some(state.clone());
        }
        if self.covered.contains(dir) {
            return Some(DirState::Ready);
        }
        match &job.target {
            Target::Local(_) => None,
            Target::LocalFile(_) => Some(DirState::Ready),
            Target::Remote(target) => match target.index.get(dir) {
                Some(Known::Directory) => Some(DirState::Ready),
                // Making it tells what is in the way.
                Some(Known::File(_)) => None,
                None => (dir.is_root() && target.base.is_root()).then_some(DirState::Ready),
            },
        }
    }
}

/// Whether the target makes the directories on the way to a file by itself.
fn comes_with_files(job: &Job) -> bool {
    match &job.target {
        Target::Remote(target) => target.remote.capabilities().write_makes_dirs,
        Target::Local(_) | Target::LocalFile(_) => false,
    }
}

/// Whether a file is known to be in the place of a directory or one above it.
fn is_blocked(job: &Job, dir: &RemotePath) -> bool {
    let Target::Remote(target) = &job.target else {
        return false;
    };
    std::iter::once(dir.clone())
        .chain(dir.ancestors())
        .any(|dir| matches!(target.index.get(&dir), Some(Known::File(_))))
}

async fn make(
    job: Arc<Job>,
    path: RemotePath,
    mut above: DirState,
    outcome: watch::Sender<Outcome>,
) -> Done {
    let work = guarded(&path, async {
        above
            .ready()
            .await
            .map_err(|cause| failed(path.clone(), cause))?;
        make_in_turn(&job, &path)
            .await
            .map_err(|error| Problem::of_file(path.clone(), error))
    });
    let result = match work.await {
        Ok(created) => {
            outcome.send_replace(Some(Ok(())));
            Ok(Finished::Directory { created })
        }
        Err(problem) => {
            let shared = Error::with_message(problem.error.kind(), report(&problem.error));
            outcome.send_replace(Some(Err(Arc::new(shared))));
            Err(problem)
        }
    };
    Done {
        path,
        size: None,
        result,
    }
}

async fn make_in_turn(job: &Job, path: &RemotePath) -> Result<bool> {
    let _turn = job.checks.wait().await?;
    make_here(job, path)
        .await
        .inspect_err(|error| job.failed(error))
}

async fn make_here(job: &Job, path: &RemotePath) -> Result<bool> {
    match &job.target {
        Target::Local(root) => {
            let (root, path) = (root.clone(), path.clone());
            job.blocking
                .run(move || match path.is_root() {
                    true => tree::make_root(&root),
                    false => tree::make_dir(&tree::path_below(&root, &path)?),
                })
                .await
        }
        Target::LocalFile(_) => Ok(false),
        Target::Remote(target) => make_on_remote(target, path).await,
    }
}

async fn make_on_remote(target: &RemoteTarget, path: &RemotePath) -> Result<bool> {
    let full = target.path(path)?;
    if let Some(Known::File(_)) = target.index.get(path) {
        let message = "a file is where a directory should be";
        return Err(Error::with_message(ErrorKind::NotADirectory, message).with_path(&full));
    }
    target.remote.create_dir(&full).await?;
    Ok(true)
}
