//! Starts the tasks of a copy and takes in what they did.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt as _;
use remote_core::{
    error::{Error, ErrorKind, Result},
    path::RemotePath,
};
use tokio::task::{JoinError, JoinSet};

use super::{
    compare::Verdict,
    dirs::{DirState, Dirs},
    file,
    finishing::Finishing,
    index::{Known, KnownFile},
    job::{Job, SourceFile, Target},
    ledger::{Done, Finished, Ledger},
    scan::{Item, Scan},
};
use crate::{
    local::Blocking,
    options::TransferOptions,
    summary::{CopyError, Problem, ProblemKind, Summary},
};

/// How many tasks may wait for their turn, beside those that compare and transfer: enough that directories are made while the files before them are
/// transferred.
const LOOKAHEAD: usize = 128;

/// Runs one copy.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) ledger: Ledger,
    pub(crate) blocking: Blocking,
    pub(crate) finishing: Finishing,
    tasks: JoinSet<Done>,
    most_tasks: usize,
}

impl Engine {
    pub(crate) fn new(ledger: Ledger, options: &TransferOptions) -> Self {
        Self {
            ledger,
            blocking: Blocking::new(),
            finishing: Finishing::new(),
            tasks: JoinSet::new(),
            most_tasks: options
                .transfers
                .saturating_add(options.checkers)
                .saturating_add(LOOKAHEAD),
        }
    }

    /// Copies everything that the scan finds. After a failure that concerns everything nothing new is begun, and what is under way is brought to its end. When
    /// only the scan fails, what it has found is copied.
    pub(crate) async fn copy_tree(&mut self, job: Arc<Job>, mut scan: Scan) -> Result<()> {
        let mut dirs = Dirs::default();
        let mut scanning = true;
        loop {
            if !scanning && !self.ledger.has_failed() {
                dirs.make_left(&job, &mut self.tasks, self.most_tasks);
            }
            if !scanning && self.tasks.is_empty() {
                return Ok(());
            }
            let has_room = self.tasks.len() < self.most_tasks;
            tokio::select! {
                biased;
                Some(done) = self.tasks.join_next() => self.take_in(done),
                item = scan.next(), if scanning && has_room => match item {
                    Ok(Some(item)) => self.start(&job, &mut dirs, item),
                    Ok(None) => {
                        self.ledger.all_found();
                        scanning = false;
                    }
                    Err(error) => self.ledger.fail(error),
                },
            }
            self.ledger.look_for_outage().await;
            scanning &= !self.ledger.has_failed();
            if self.ledger.is_over() {
                job.end();
            }
        }
    }

    /// Copies one file. A problem with it is the failure of the copy.
    pub(crate) async fn copy_one(
        &mut self,
        job: Arc<Job>,
        file: SourceFile,
        known: Option<KnownFile>,
    ) -> Result<()> {
        self.ledger.found(&file.path, file.size());
        self.ledger.all_found();
        self.tasks
            .spawn(copy_file(job, file, DirState::Ready, known));
        while let Some(done) = self.tasks.join_next().await {
            match done {
                Ok(Done {
                    result: Err(problem),
                    ..
                }) => self.ledger.fail(problem.error),
                done => self.take_in(done),
            }
        }
        Ok(())
    }

    /// Stops what is under way and closes the account.
    pub(crate) async fn end(mut self, result: Result<()>) -> Result<Summary, CopyError> {
        while let Some(done) = self.tasks.try_join_next() {
            self.take_in(done);
        }
        self.tasks.shutdown().await;
        self.blocking.idle().await;
        self.finishing.idle().await;
        self.ledger.close(result)
    }

    fn take_in(&mut self, done: Result<Done, JoinError>) {
        match done {
            Ok(done) => self.ledger.done(done),
            Err(error) if error.is_cancelled() => {}
            Err(error) => self.ledger.fail(unexpected().with_source(error)),
        }
    }

    fn start(&mut self, job: &Arc<Job>, dirs: &mut Dirs, item: Item) {
        match item {
            Item::Directory(path) => dirs.found(job, &mut self.tasks, &path),
            Item::File(file) => self.start_file(job, dirs, *file),
            Item::Problem(problem) => self.ledger.problem(problem),
        }
    }

    fn start_file(&mut self, job: &Arc<Job>, dirs: &mut Dirs, file: SourceFile) {
        self.ledger.found(&file.path, file.size());
        let known = match &job.target {
            Target::Remote(target) => target.index.get(&file.path),
            Target::Local(_) | Target::LocalFile(_) => None,
        };
        let known = match known {
            Some(Known::Directory) => {
                let message = "a directory is where the file should be";
                let problem = Problem::told(file.path, ProblemKind::InTheWay, message);
                return self.ledger.problem(problem);
            }
            Some(Known::File(known)) => Some(known),
            None => None,
        };
        if let Some(known) = &known
            && job.rule.verdict(&file.facts(), &known.facts()) == Verdict::Unchanged
        {
            return self.ledger.done(unchanged(&file));
        }
        let dir = file.path.parent().unwrap_or_default();
        let dir = dirs.ensure_for_file(job, &mut self.tasks, &dir);
        self.tasks
            .spawn(copy_file(Arc::clone(job), file, dir, known));
    }
}

fn unchanged(file: &SourceFile) -> Done {
    Done {
        path: file.path.clone(),
        size: file.size(),
        result: Ok(Finished::Unchanged {
            verified: false,
            time_updated: false,
        }),
    }
}

async fn copy_file(
    job: Arc<Job>,
    file: SourceFile,
    dir: DirState,
    known: Option<KnownFile>,
) -> Done {
    let (path, size) = (file.path.clone(), file.size());
    let result = guarded(&path, file::copy(&job, &file, dir, known)).await;
    Done { path, size, result }
}

/// Makes a problem of a panic, so that one file does not take the others with it.
pub(crate) async fn guarded<T>(
    path: &RemotePath,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|_panic| {
            let kind = ProblemKind::TransferFailed;
            Err(Problem::new(path.clone(), kind, unexpected()))
        })
}

fn unexpected() -> Error {
    Error::with_message(ErrorKind::Other, "the transfer ended in a panic")
}
