//! What the suites share.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use futures::TryStreamExt as _;
use remote_core::{
    memory::MemoryRemote,
    operation::{ListOptions, WriteOptions},
    path::RemotePath,
    remote::{Remote, RemoteExt as _},
};
use remote_transfer::{Event, Location, Observer, Problem, ProblemKind, Summary, TransferOptions};
use tempfile::TempDir;

pub(crate) fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).unwrap()
}

pub(crate) fn at(path: &str, remote: &MemoryRemote) -> Location {
    Location::remote(Arc::new(remote.clone()), self::path(path))
}

pub(crate) fn on(remote: &Arc<dyn Remote>, path: &str) -> Location {
    Location::remote(Arc::clone(remote), self::path(path))
}

pub(crate) fn options() -> TransferOptions {
    TransferOptions::default()
}

/// A whole number of seconds since 1970, plus some nanoseconds that no service keeps.
pub(crate) fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::new(seconds, 123_456_789)
}

/// A folder with these files; a name that ends in `/` is a directory.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (number, (name, content)) in files.iter().enumerate() {
        put(
            dir.path(),
            name,
            content,
            time(1_700_000_000 + number as u64),
        );
    }
    dir
}

pub(crate) fn put(dir: &Path, name: &str, content: &str, modified: SystemTime) {
    let path = dir.join(name);
    if name.ends_with('/') {
        return fs::create_dir_all(path).unwrap();
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    touch(&path, modified);
}

pub(crate) fn touch(path: &Path, modified: SystemTime) {
    fs::File::options()
        .append(true)
        .open(path)
        .and_then(|file| file.set_modified(modified))
        .unwrap();
}

/// Everything below a local folder: path to content, none for directories. Hidden files are in it.
pub(crate) fn local_tree(dir: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut tree = BTreeMap::new();
    let mut pending = vec![dir.to_owned()];
    while let Some(next) = pending.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            let below = path.strip_prefix(dir).unwrap().to_owned();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                tree.insert(below, None);
                pending.push(path);
            } else if kind.is_file() {
                tree.insert(below, Some(fs::read(path).unwrap()));
            }
        }
    }
    tree
}

/// Everything below a folder of a remote: path to content, none for directories.
pub(crate) async fn remote_tree(
    remote: &dyn Remote,
    dir: &str,
) -> BTreeMap<String, Option<String>> {
    let base = path(dir);
    let entries: Vec<_> = remote
        .list_recursive(&base, ListOptions::default())
        .try_collect()
        .await
        .unwrap();
    let mut tree = BTreeMap::new();
    for entry in entries {
        let name = entry.path.strip_prefix(&base).unwrap().to_string();
        let content = match entry.is_file() {
            true => {
                let content = remote.read_bytes(&entry.path, 1 << 30).await.unwrap();
                Some(String::from_utf8_lossy(&content).into_owned())
            }
            false => None,
        };
        tree.insert(name, content);
    }
    tree
}

/// Writes files to a remote, with times.
pub(crate) async fn fill(remote: &dyn Remote, files: &[(&str, &str)]) {
    for (number, (name, content)) in files.iter().enumerate() {
        if name.ends_with('/') {
            remote.create_dir(&path(name)).await.unwrap();
            continue;
        }
        let options = WriteOptions::default().with_modified(time(1_600_000_000 + number as u64));
        remote
            .write_bytes(&path(name), content.to_string(), options)
            .await
            .unwrap();
    }
}

pub(crate) fn tree<const N: usize>(
    entries: [(&str, Option<&str>); N],
) -> BTreeMap<String, Option<String>> {
    entries
        .into_iter()
        .map(|(name, content)| (name.to_owned(), content.map(str::to_owned)))
        .collect()
}

/// The problems as pairs of path and kind, sorted.
pub(crate) fn problems(summary: &Summary) -> Vec<(String, ProblemKind)> {
    assert_eq!(summary.problem_count, summary.problems.len() as u64);
    let mut problems: Vec<_> = summary
        .problems
        .iter()
        .map(|problem| (problem.path.to_string(), problem.kind))
        .collect();
    problems.sort_by(|a, b| a.0.cmp(&b.0));
    problems
}

pub(crate) fn problem<'a>(summary: &'a Summary, name: &str) -> &'a Problem {
    summary
        .problems
        .iter()
        .find(|problem| problem.path == path(name))
        .unwrap()
}

/// Keeps all events.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<Vec<Event>>);

impl Recorder {
    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Recorder {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}
