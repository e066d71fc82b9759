//! What there is to copy, found while it is copied.

use remote_core::{error::Result, path::RemotePath};

use super::{job::SourceFile, scan_local::LocalScan, scan_remote::RemoteScan};
use crate::summary::Problem;

/// Something at the source. A directory comes before what is in it.
#[derive(Debug)]
pub(crate) enum Item {
    Directory(RemotePath),
    File(Box<SourceFile>),
    Problem(Problem),
}

/// Finds everything at the source.
#[derive(Debug)]
pub(crate) enum Scan {
    Local(LocalScan),
    Remote(RemoteScan),
}

impl Scan {
    /// The next item. Nothing is lost if the future is dropped before it is ready.
    pub(crate) async fn next(&mut self) -> Result<Option<Item>> {
        match self {
            Self::Local(scan) => scan.next().await,
            Self::Remote(scan) => scan.next().await,
        }
    }
}
