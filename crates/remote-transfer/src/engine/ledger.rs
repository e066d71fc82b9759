//! The account of a copy.

use std::{sync::Arc, time::Instant};

use remote_core::{
    error::{Error, ErrorKind, Result},
    path::RemotePath,
    remote::Remote,
};

use crate::{
    location::Location,
    observer::{Event, FileOutcome, Observer},
    options::TransferOptions,
    summary::{CopyError, Problem, Summary},
};

/// After so many failures in a row that may be those of the whole service, it is asked whether it works at all: each of the files that are left would take as
/// long to fail.
const MAX_IN_A_ROW: u32 = 8;

/// The end of a task.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) path: RemotePath,
    pub(crate) size: Option<u64>,
    pub(crate) result: Result<Finished, Problem>,
}

/// What a task did.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Finished {
    CopiedByService { verified: bool },
    Directory { created: bool },
    Transferred { bytes: u64, verified: bool },
    Unchanged { verified: bool, time_updated: bool },
}

impl Finished {
    /// Whether a service took part for certain.
    fn was_answered(self) -> bool {
        matches!(
            self,
            Self::CopiedByService { .. } | Self::Transferred { .. }
        )
    }
}

/// Adds up what happened and tells the observer.
#[derive(Debug)]
pub(crate) struct Ledger {
    summary: Summary,
    fatal: Option<Error>,
    /// What failed concerns everything.
    is_over: bool,
    /// Failures in a row that may be those of the whole service.
    in_a_row: u32,
    found_files: u64,
    found_bytes: u64,
    started: Instant,
    remotes: Vec<Arc<dyn Remote>>,
    requests_before: u64,
    max_problems: usize,
    observer: Option<Arc<dyn Observer>>,
}

impl Ledger {
    pub(crate) fn new(locations: [&Location; 2], options: &TransferOptions) -> Self {
        let mut remotes: Vec<Arc<dyn Remote>> = Vec::new();
        for remote in locations.into_iter().filter_map(Location::as_remote) {
            if !remotes.iter().any(|other| Arc::ptr_eq(other, remote)) {
                remotes.push(Arc::clone(remote));
            }
        }
        Self {
            summary: Summary::default(),
            fatal: None,
            is_over: false,
            in_a_row: 0,
            found_files: 0,
            found_bytes: 0,
            started: Instant::now(),
            requests_before: requests(&remotes),
            remotes,
            max_problems: options.max_problems,
            observer: options.observer.clone(),
        }
    }

    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(observer) = &self.observer {
            observer.event(&event());
        }
    }

    pub(crate) fn found(&mut self, path: &RemotePath, size: Option<u64>) {
        self.found_files += 1;
        self.found_bytes += size.unwrap_or(0);
        self.tell(|| Event::FileFound {
            path: path.clone(),
            size,
        });
    }

    pub(crate) fn all_found(&self) {
        self.tell(|| Event::ScanFinished {
            files: self.found_files,
            bytes: self.found_bytes,
        });
    }

    pub(crate) fn done(&mut self, done: Done) {
        let finished = match done.result {
            Ok(finished) => finished,
            Err(problem) => return self.problem(problem),
        };
        if finished.was_answered() {
            self.in_a_row = 0;
        }
        let summary = &mut self.summary;
        let size = done.size.unwrap_or(0);
        let (verified, outcome) = match finished {
            Finished::Directory { created } => {
                if created {
                    summary.directories_created += 1;
                    self.tell(|| Event::DirectoryCreated { path: done.path });
                }
                return;
            }
            Finished::CopiedByService { verified } => {
                summary.files_transferred += 1;
                summary.files_copied_by_service += 1;
                (verified, FileOutcome::CopiedByService)
            }
            Finished::Transferred { bytes, verified } => {
                summary.files_transferred += 1;
                summary.bytes_transferred += bytes;
                (verified, FileOutcome::Transferred)
            }
            Finished::Unchanged {
                verified,
                time_updated,
            } => {
                summary.files_unchanged += 1;
                summary.bytes_unchanged += size;
                summary.times_updated += u64::from(time_updated);
                let outcome = if time_updated {
                    FileOutcome::TimeUpdated
                } else {
                    FileOutcome::Unchanged
                };
                (verified, outcome)
            }
        };
        summary.files_verified += u64::from(verified);
        self.tell(|| Event::FileFinished {
            path: done.path,
            size: done.size,
            outcome,
        });
    }

    /// Takes note of a problem; one that concerns everything ends the copy.
    pub(crate) fn problem(&mut self, problem: Problem) {
        if problem.error.is_fatal() {
            return self.end(problem.error);
        }
        if may_be_of_all(&problem.error) {
            self.in_a_row += 1;
        }
        tracing::debug!(kind = ?problem.kind, error = %problem.error, "not copied");
        let problem = Arc::new(problem);
        self.summary.problem_count += 1;
        if self.summary.problems.len() < self.max_problems {
            self.summary.problems.push(Arc::clone(&problem));
        }
        self.tell(|| Event::Problem(problem));
    }

    /// Ends the copy if nothing has worked for long, and does not work now either.
    pub(crate) async fn look_for_outage(&mut self) {
        if self.in_a_row < MAX_IN_A_ROW {
            return;
        }
        self.in_a_row = 0;
        let root = RemotePath::root();
        for remote in self.remotes.clone() {
            match remote.stat(&root).await {
                Err(error) if may_be_of_all(&error) => self.end(error),
                _ => {}
            }
        }
    }

    /// Ends the copy with this error, unless another one came before. That something was cancelled follows from another failure, if there is one.
    pub(crate) fn fail(&mut self, error: Error) {
        match &self.fatal {
            Some(first) if first.kind() != ErrorKind::Cancelled => {}
            _ => self.fatal = Some(error),
        }
    }

    fn end(&mut self, error: Error) {
        self.is_over = true;
        self.fail(error);
    }

    /// Whether nothing new is to be begun.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.fatal.is_some()
    }

    pub(crate) fn close(mut self, result: Result<()>) -> Result<Summary, CopyError> {
        self.summary.requests = requests(&self.remotes).saturating_sub(self.requests_before);
        self.summary.elapsed = self.started.elapsed();
        if let Err(error) = result {
            self.fail(error);
        }
        match self.fatal {
            None => Ok(self.summary),
            Some(error) => Err(CopyError::new(error, self.summary)),
        }
    }
}

/// Whether a failure may be that of the whole service: it is down, cut off or overloaded, or asks for a pause that is too long to wait for.
fn may_be_of_all(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::RateLimited | ErrorKind::Service | ErrorKind::Timeout | ErrorKind::Transport
    )
}

fn requests(remotes: &[Arc<dyn Remote>]) -> u64 {
    remotes.iter().map(|remote| remote.request_count()).sum()
}
