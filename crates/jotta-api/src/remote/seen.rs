//! What is known of the paths of a remote, so that less has to be asked.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use remote_core::{entry::Entry, stored::fold};

/// The most paths that are remembered: some 8 MiB with paths of usual length.
const MAX_SEEN: usize = 20_000;

/// What was at a path when it was seen last. Others may have changed it since, so nothing that matters rests on it alone.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    /// A directory.
    Dir,
    /// A file, as it was listed, looked at or written.
    File(Box<Entry>),
    /// Nothing: it was removed, or looked for.
    Nothing,
}

/// Paths below the mount point, case folded.
#[derive(Debug, Default)]
pub(super) struct SeenPaths(Mutex<BTreeMap<String, Seen>>);

impl SeenPaths {
    /// Notes a directory.
    pub(super) fn insert_dir(&self, server: &str) {
        self.insert(server, Seen::Dir);
    }

    /// Notes a file.
    pub(super) fn insert_file(&self, server: &str, entry: &Entry) {
        self.insert(server, Seen::File(Box::new(entry.clone())));
    }

    /// Notes that nothing is there.
    pub(super) fn insert_nothing(&self, server: &str) {
        self.forget(server);
        self.insert(server, Seen::Nothing);
    }

    fn insert(&self, server: &str, seen: Seen) {
        let mut paths = self.paths();
        // Beyond the limit, knowledge is dropped and gathered again.
        if paths.len() >= MAX_SEEN {
            paths.clear();
        }
        paths.insert(fold(server), seen);
    }

    /// Whether a directory was seen.
    pub(super) fn is_dir(&self, server: &str) -> bool {
        matches!(self.paths().get(&fold(server)), Some(Seen::Dir))
    }

    /// Whether nothing is known of a path.
    pub(super) fn is_new(&self, server: &str) -> bool {
        !self.paths().contains_key(&fold(server))
    }

    /// The file that was seen.
    pub(super) fn file(&self, server: &str) -> Option<Entry> {
        match self.paths().get(&fold(server)) {
            Some(Seen::File(entry)) => Some((**entry).clone()),
            _ => None,
        }
    }

    /// Forgets a path and everything below it.
    pub(super) fn forget(&self, server: &str) {
        let gone = fold(server);
        let mut paths = self.paths();
        if gone.is_empty() {
            paths.clear();
            return;
        }
        paths.remove(&gone);
        let below = format!("{gone}/");
        let inside: Vec<String> = paths
            .range(below.clone()..)
            .take_while(|(path, _)| path.starts_with(&below))
            .map(|(path, _)| path.clone())
            .collect();
        for path in inside {
            paths.remove(&path);
        }
    }

    fn paths(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use remote_core::path::RemotePath;

    use super::*;

    #[test]
    fn paths_are_known_in_any_case_and_forgotten_with_what_is_below() {
        let seen = SeenPaths::default();
        for dir in ["A", "a/b", "a b", "a/b/c"] {
            seen.insert_dir(dir);
        }
        let entry = Entry::file(RemotePath::parse("a/f").unwrap(), 3);
        seen.insert_file("a/F", &entry);
        assert!(seen.is_dir("a") && !seen.is_dir("a/f"));
        assert_eq!(seen.file("A/f").unwrap().size, Some(3));
        assert!(seen.is_new("x") && !seen.is_new("A/B"));
        seen.insert_nothing("a/b");
        assert!(!seen.is_dir("a/b") && !seen.is_new("a/b") && seen.is_new("a/b/c"));
        seen.forget("a");
        assert!(seen.is_new("a/b"));
        assert!(!seen.is_dir("a/b/c") && seen.file("a/f").is_none());
        assert!(seen.is_dir("a b"));
        seen.forget("");
        assert!(!seen.is_dir("a b"));
    }
}
