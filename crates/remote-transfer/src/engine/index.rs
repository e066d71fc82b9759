//! What is at the target before a copy, in little memory.

use std::{
    collections::{HashMap, HashSet, hash_map::RandomState},
    hash::BuildHasher as _,
    time::SystemTime,
};

use remote_core::{
    capabilities::CaseRule,
    entry::{Entry, EntryKind},
    hash::HashValue,
    path::RemotePath,
};

use super::compare::{Facts, HashFact};

/// Stands for a path under a case rule.
///
/// 128 bits of two hashes with secret keys, so that a tree of a million files does not keep a million names. Two paths of one tree share a print
/// with a probability that is far below that of a memory error, and nobody can choose names that do.
type Print = [u64; 2];

/// Makes the prints of one copy.
#[derive(Clone, Debug)]
pub(crate) struct Printer {
    case: CaseRule,
    keys: [RandomState; 2],
}

impl Printer {
    pub(crate) fn new(case: CaseRule) -> Self {
        Self {
            case,
            keys: [RandomState::new(), RandomState::new()],
        }
    }

    pub(crate) fn case(&self) -> CaseRule {
        self.case
    }

    fn print(&self, path: &RemotePath) -> Print {
        let key = self.case.key(path);
        [self.keys[0].hash_one(&*key), self.keys[1].hash_one(&*key)]
    }

    /// Differs between spellings that are the same under the case rule.
    fn spelling(&self, path: &RemotePath) -> u64 {
        self.keys[0].hash_one(path.as_bytes())
    }
}

/// The paths that were seen.
#[derive(Debug)]
pub(crate) struct Seen {
    printer: Printer,
    prints: HashSet<Print>,
}

impl Seen {
    pub(crate) fn new(printer: Printer) -> Self {
        Self {
            printer,
            prints: HashSet::new(),
        }
    }

    /// Whether neither the path nor another spelling of it was inserted before.
    pub(crate) fn insert(&mut self, path: &RemotePath) -> bool {
        self.prints.insert(self.printer.print(path))
    }
}

/// A file or directory at the target.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Known {
    Directory,
    File(KnownFile),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownFile {
    size: Option<u64>,
    modified: Option<SystemTime>,
    hash: Option<HashValue>,
}

impl KnownFile {
    pub(crate) fn of(entry: &Entry) -> Self {
        Self {
            size: entry.size,
            modified: entry.modified,
            hash: entry.hash,
        }
    }

    pub(crate) fn facts(&self) -> Facts {
        Facts {
            size: self.size,
            modified: self.modified,
            hash: HashFact::of(self.hash),
        }
    }
}

/// What is below the target folder on a remote.
#[derive(Debug)]
pub(crate) struct Index {
    printer: Printer,
    root_exists: bool,
    entries: HashMap<Print, (Known, u64)>,
}

impl Index {
    /// An index of a folder that is missing until something is inserted.
    pub(crate) fn new(printer: Printer) -> Self {
        Self {
            printer,
            root_exists: false,
            entries: HashMap::new(),
        }
    }

    pub(crate) fn root_exists(&mut self) {
        self.root_exists = true;
    }

    /// Takes in an entry at a path relative to the folder.
    pub(crate) fn insert(&mut self, path: &RemotePath, entry: &Entry) {
        self.root_exists = true;
        let known = match entry.kind {
            EntryKind::Directory => Known::Directory,
            EntryKind::File => Known::File(KnownFile::of(entry)),
        };
        let spelling = self.printer.spelling(path);
        self.entries
            .insert(self.printer.print(path), (known, spelling));
    }

    pub(crate) fn get(&self, path: &RemotePath) -> Option<Known> {
        if path.is_root() {
            return self.root_exists.then_some(Known::Directory);
        }
        self.entries
            .get(&self.printer.print(path))
            .map(|(known, _)| *known)
    }

    /// Whether something is there in exactly this spelling.
    pub(crate) fn has_spelling(&self, path: &RemotePath) -> bool {
        self.entries
            .get(&self.printer.print(path))
            .is_some_and(|(_, spelling)| *spelling == self.printer.spelling(path))
    }

    pub(crate) fn len(&self) -> u64 {
        self.entries.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RemotePath {
        RemotePath::parse(text).unwrap()
    }

    #[test]
    fn entries_are_found_under_the_case_rule() {
        for (case, found) in [(CaseRule::Insensitive, true), (CaseRule::Sensitive, false)] {
            let mut index = Index::new(Printer::new(case));
            assert!(index.get(&RemotePath::root()).is_none());
            index.insert(&path("Ärger/X"), &Entry::file(path("Ärger/X"), 3));
            assert!(index.get(&RemotePath::root()).is_some());
            assert_eq!(index.get(&path("ärger/x")).is_some(), found);
            assert!(matches!(index.get(&path("Ärger/X")), Some(Known::File(_))));
            assert!(index.has_spelling(&path("Ärger/X")));
            assert!(!index.has_spelling(&path("ärger/x")));
        }
    }
}
