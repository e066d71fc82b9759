//! What the checks are written with.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures::{TryStreamExt as _, stream::BoxStream};

use super::Settings;
use crate::{
    capabilities::{Capabilities, Support},
    entry::Entry,
    error::{Error, ErrorKind, Result, report},
    hash::HashAlgorithm,
    memory::round_down,
    operation::{ListOptions, WriteOptions},
    path::{ParsePathError, RemotePath},
    remote::{Remote, RemoteExt as _},
};

/// What a check returns.
pub(super) type Outcome<T = ()> = Result<T, Failure>;

/// What did not hold, as a text for people.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure(String);

impl Failure {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(format!(
            "unexpected error: {} ({:?})",
            report(&error),
            error.kind()
        ))
    }
}

impl From<ParsePathError> for Failure {
    fn from(error: ParsePathError) -> Self {
        Self(error.to_string())
    }
}

/// One check at work: the remote and the directory that is its own.
#[derive(Clone)]
pub(super) struct Test {
    pub(super) remote: Arc<dyn Remote>,
    pub(super) dir: RemotePath,
    pub(super) settings: Settings,
}

impl Test {
    pub(super) fn new(remote: Arc<dyn Remote>, dir: RemotePath, settings: Settings) -> Self {
        Self {
            remote,
            dir,
            settings,
        }
    }

    pub(super) fn capabilities(&self) -> &Capabilities {
        self.remote.capabilities()
    }

    /// A path in the directory of the check.
    pub(super) fn path(&self, below: &str) -> Outcome<RemotePath> {
        Ok(self.dir.join_str(below)?)
    }

    pub(super) async fn write(&self, path: &RemotePath, content: &[u8]) -> Outcome<Entry> {
        self.write_with(path, content, WriteOptions::default())
            .await
    }

    pub(super) async fn write_with(
        &self,
        path: &RemotePath,
        content: &[u8],
        options: WriteOptions,
    ) -> Outcome<Entry> {
        let content = Bytes::copy_from_slice(content);
        Ok(self.remote.write_bytes(path, content, options).await?)
    }

    /// Checks that a file is there and has exactly this content.
    pub(super) async fn expect_content(&self, path: &RemotePath, content: &[u8]) -> Outcome {
        let limit = content.len() as u64 + 1;
        let actual = self.remote.read_bytes(path, limit).await?;
        same_bytes(&format!("content of {path}"), &actual, content)
    }

    /// Checks that nothing is there, neither by a look nor in the listing of its directory.
    pub(super) async fn expect_missing(&self, path: &RemotePath) -> Outcome {
        refused("stat", self.remote.stat(path).await, ErrorKind::NotFound)?;
        let Some(dir) = path.parent() else {
            return Ok(());
        };
        match self.list(&dir).await {
            Ok(entries) => ensure(
                entries.iter().all(|entry| entry.path != *path),
                format!("{path} is listed although it is not there"),
            ),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The entries of a directory, sorted by path.
    pub(super) async fn list(&self, dir: &RemotePath) -> Result<Vec<Entry>> {
        collect(self.remote.list(dir, ListOptions::default())).await
    }

    /// Everything below a directory, sorted by path.
    pub(super) async fn list_recursive(&self, dir: &RemotePath) -> Result<Vec<Entry>> {
        collect(self.remote.list_recursive(dir, ListOptions::default())).await
    }

    /// A time as the remote keeps it.
    pub(super) fn stored_time(&self, time: SystemTime) -> Option<SystemTime> {
        let precision = self.capabilities().time_precision?;
        Some(round_down(time, precision))
    }
}

async fn collect(entries: BoxStream<'static, Result<Entry>>) -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = entries.try_collect().await?;
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

pub(super) fn ensure(holds: bool, otherwise: impl Into<String>) -> Outcome {
    if holds {
        return Ok(());
    }
    Err(Failure::new(otherwise))
}

pub(super) fn same<T: PartialEq + fmt::Debug>(what: &str, actual: &T, expected: &T) -> Outcome {
    ensure(
        actual == expected,
        format!("{what}: expected {expected:?}, got {actual:?}"),
    )
}

pub(super) fn same_bytes(what: &str, actual: &[u8], expected: &[u8]) -> Outcome {
    if actual == expected {
        return Ok(());
    }
    let differs_at = actual.iter().zip(expected).position(|(a, b)| a != b);
    Err(Failure::new(format!(
        "{what}: expected {} bytes, got {}, first difference in common length at {differs_at:?}",
        expected.len(),
        actual.len(),
    )))
}

/// Checks that two calls report the same entry, in what does not depend on the call.
pub(super) fn same_entry(what: &str, actual: &Entry, expected: &Entry) -> Outcome {
    same(&format!("{what}: path"), &actual.path, &expected.path)?;
    same(&format!("{what}: kind"), &actual.kind, &expected.kind)?;
    same(&format!("{what}: size"), &actual.size, &expected.size)?;
    same(&format!("{what}: hash"), &actual.hash, &expected.hash)?;
    same(&format!("{what}: tag"), &actual.tag, &expected.tag)?;
    if expected.is_file() {
        same(
            &format!("{what}: time"),
            &actual.modified,
            &expected.modified,
        )?;
    }
    Ok(())
}

/// Checks that a call failed with this kind, naming its operation.
pub(super) fn refused<T: fmt::Debug>(
    what: &str,
    result: Result<T>,
    kind: ErrorKind,
) -> Outcome<Error> {
    refused_as(what, result, &[kind])
}

/// Checks that a call failed with one of these kinds.
pub(super) fn refused_as<T: fmt::Debug>(
    what: &str,
    result: Result<T>,
    kinds: &[ErrorKind],
) -> Outcome<Error> {
    match result {
        Err(error) if kinds.contains(&error.kind()) => Ok(error),
        Err(error) => Err(Failure::new(format!(
            "{what}: expected {kinds:?}, got {:?}: {}",
            error.kind(),
            report(&error)
        ))),
        Ok(value) => Err(Failure::new(format!(
            "{what}: expected {kinds:?}, got success: {value:?}"
        ))),
    }
}

/// The value of a call that works exactly if capabilities say so; nothing where it is missing and was refused.
pub(super) fn as_supported<T: fmt::Debug>(
    what: &str,
    support: Support,
    result: Result<T>,
) -> Outcome<Option<T>> {
    if support.is_available() {
        return Ok(Some(result?));
    }
    refused(what, result, ErrorKind::Unsupported)?;
    Ok(None)
}

/// Bytes without a pattern that buffers or block sizes could hide, the same in every run.
pub(super) fn content(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A time with digits in every place down to the nanosecond.
pub(super) fn some_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::new(1_234_567_890, 123_456_789)
}

/// The hash that the remote should report for a content, if it reports any.
pub(super) fn expected_hash(
    capabilities: &Capabilities,
    content: &[u8],
) -> Option<crate::hash::HashValue> {
    let algorithm = HashAlgorithm::Md5;
    capabilities
        .has_hash(algorithm)
        .then(|| crate::hash::HashValue::of(algorithm, content))
}
