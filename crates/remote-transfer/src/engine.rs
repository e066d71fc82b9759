//! Copying: what is found at the source is compared, and transferred by a bounded number of tasks.

pub(crate) mod collision;
pub(crate) mod compare;
mod dirs;
mod download;
mod drive;
mod file;
mod finishing;
pub(crate) mod index;
mod job;
mod ledger;
mod prepare;
mod relay;
mod scan;
mod scan_local;
mod scan_remote;
mod turns;
mod upload;

use remote_core::error::{Error, ErrorKind};

use self::{drive::Engine, ledger::Ledger, prepare::Plan};
use crate::{
    cancel::Cancel,
    location::Location,
    options::TransferOptions,
    summary::{CopyError, Summary},
};

/// What is to be copied.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// The content of a folder into a folder, or a file into a folder.
    Into,
    /// A file to a file.
    OneFile,
}

/// Copies until it is done, fails as a whole or is cancelled; nothing of it goes on afterwards.
pub(crate) async fn run(
    from: &Location,
    to: &Location,
    shape: Shape,
    options: &TransferOptions,
) -> Result<Summary, CopyError> {
    let mut engine = Engine::new(Ledger::new([from, to], options), options);
    let never = Cancel::new();
    let cancel = options.cancel.as_ref().unwrap_or(&never);
    let result = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Error::new(ErrorKind::Cancelled).with_operation("copy")),
        result = whole(&mut engine, from, to, shape, options) => result,
    };
    engine.end(result).await
}

async fn whole(
    engine: &mut Engine,
    from: &Location,
    to: &Location,
    shape: Shape,
    options: &TransferOptions,
) -> Result<(), Error> {
    match prepare::prepare(engine, from, to, shape, options).await? {
        Plan::File { job, file, known } => engine.copy_one(job, *file, known).await,
        Plan::Tree { job, scan } => engine.copy_tree(job, scan).await,
    }
}
