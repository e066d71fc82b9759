//! Finds what is in a local folder.

use std::{collections::VecDeque, fmt, sync::Arc};

use futures::{FutureExt as _, future::BoxFuture};
use remote_core::{capabilities::CaseRule, error::Result, path::RemotePath};

use super::{
    collision::part,
    job::{Job, Origin, SourceFile, Target},
    scan::Item,
};
use crate::{
    local::{
        Blocking,
        walk::{Batch, LocalDir, LocalEntry, LocalKind},
    },
    summary::{Problem, ProblemKind},
};

/// A walk through a local folder, one directory after the other, depth first.
pub(crate) struct LocalScan {
    job: Arc<Job>,
    case: CaseRule,
    blocking: Blocking,
    /// The directories to be read, the next one last.
    pending: Vec<LocalDir>,
    reading: Option<(RemotePath, BoxFuture<'static, Result<Batch>>)>,
    ready: VecDeque<Item>,
}

impl LocalScan {
    pub(crate) fn new(job: Arc<Job>, case: CaseRule, root: LocalDir) -> Self {
        Self {
            blocking: job.blocking.clone(),
            job,
            case,
            pending: vec![root],
            reading: None,
            ready: VecDeque::new(),
        }
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Item>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Ok(Some(item));
            }
            if let Some((path, reading)) = &mut self.reading {
                // The future stays in place while it is waited for, so that nothing is lost if the wait is dropped.
                let batch = reading.await;
                let path = path.clone();
                self.reading = None;
                self.take_in(path, batch)?;
                continue;
            }
            let Some(dir) = self.pending.pop() else {
                return Ok(None);
            };
            let path = dir.path.clone();
            let blocking = self.blocking.clone();
            let reading = async move { blocking.run(move || dir.read()).await };
            self.reading = Some((path.clone(), reading.boxed()));
            if !path.is_root() {
                return Ok(Some(Item::Directory(path)));
            }
        }
    }

    fn take_in(&mut self, path: RemotePath, batch: Result<Batch>) -> Result<()> {
        let mut batch = match batch {
            Ok(batch) => batch,
            Err(error) if path.is_root() => return Err(error),
            Err(error) => {
                let problem = Problem::new(path, ProblemKind::Unreadable, error);
                self.ready.push_back(Item::Problem(problem));
                return Ok(());
            }
        };
        batch.entries.retain(|entry| self.job.includes(&entry.path));
        batch
            .problems
            .retain(|problem| self.job.includes(&problem.path));
        let problems = batch.problems.into_iter().map(Item::Problem);
        self.ready.extend(problems);
        let is_at_target = |path: &RemotePath| match &self.job.target {
            Target::Remote(target) => target.index.has_spelling(path),
            Target::Local(_) | Target::LocalFile(_) => false,
        };
        let parted = part(batch.entries, self.case, |entry| &entry.path, is_at_target);
        for (entry, winner) in parted.colliding {
            let problem = collision(entry.path, &winner);
            self.ready.push_back(Item::Problem(problem));
        }
        let first_new = self.pending.len();
        for entry in parted.copied {
            self.keep(entry);
        }
        if let Some(new) = self.pending.get_mut(first_new..) {
            new.reverse();
        }
        Ok(())
    }

    fn keep(&mut self, entry: LocalEntry) {
        match entry.kind {
            LocalKind::Directory(dir) => self.pending.push(dir),
            LocalKind::File(file) => self.ready.push_back(Item::File(Box::new(SourceFile {
                path: entry.path,
                origin: Origin::Local(file),
            }))),
        }
    }
}

/// The problem of an entry whose place another one takes.
pub(crate) fn collision(path: RemotePath, winner: &RemotePath) -> Problem {
    let message =
        format!("the target has one place for this name and for {winner}, which is copied");
    Problem::told(path, ProblemKind::NameCollision, message)
}

impl fmt::Debug for LocalScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalScan")
            .field("pending", &self.pending.len())
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}
