//! The synthetic tree: any number of entries that exist only as arithmetic.

use std::collections::{BTreeSet, HashMap};
use std::io::Write as _;

use serde::{Deserialize, Serialize};

use crate::names::fold;
use crate::store::md5_hex;

/// The name of the folder at the root of the primary mount.
pub(crate) const TREE_NAME: &str = "tree";

/// Entries per folder when the number of folders is not given.
const ENTRIES_PER_FOLDER: u64 = 1000;

/// The time of the first entry; every further one is a second and a millisecond later.
const FIRST_MODIFIED: i64 = 1_600_000_000_000;

/// An entry of the tree.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TreeEntry {
    Root,
    Folder(u64),
    /// Folder, and place in it.
    File(u64, u64),
}

/// What was removed; the only state a tree has. One bit per removed file of folders that lost some.
#[derive(Clone, Debug, Default)]
struct Removed {
    all: bool,
    folders: BTreeSet<u64>,
    files: HashMap<u64, Vec<u64>>,
}

/// A removal as it is saved.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Tombstone {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    folder: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<u64>,
}

impl From<TreeEntry> for Tombstone {
    fn from(entry: TreeEntry) -> Self {
        let (folder, file) = match entry {
            TreeEntry::Root => (None, None),
            TreeEntry::Folder(folder) => (Some(folder), None),
            TreeEntry::File(folder, file) => (Some(folder), Some(file)),
        };
        Self { folder, file }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Tree {
    folders: u64,
    files: u64,
    removed: Removed,
}

impl Tree {
    /// A tree of `entries` folders and files together.
    pub(crate) fn new(entries: u64, folders: Option<u64>) -> Self {
        let folders = folders
            .unwrap_or(entries.div_ceil(ENTRIES_PER_FOLDER))
            .clamp(u64::from(entries > 0), entries.max(1));
        Self {
            folders: folders.min(entries),
            files: entries.saturating_sub(folders),
            removed: Removed::default(),
        }
    }

    fn files_in(&self, folder: u64) -> u64 {
        self.files / self.folders + u64::from(folder < self.files % self.folders)
    }

    /// The running number of a file over the whole tree.
    fn number(&self, folder: u64, file: u64) -> u64 {
        let (each, extra) = (self.files / self.folders, self.files % self.folders);
        folder * each + folder.min(extra) + file
    }

    /// Whether the entry is there and was not removed.
    pub(crate) fn exists(&self, entry: TreeEntry) -> bool {
        if self.removed.all {
            return false;
        }
        match entry {
            TreeEntry::Root => true,
            TreeEntry::Folder(folder) => {
                folder < self.folders && !self.removed.folders.contains(&folder)
            }
            TreeEntry::File(folder, file) => {
                self.exists(TreeEntry::Folder(folder))
                    && file < self.files_in(folder)
                    && !self.file_removed(folder, file)
            }
        }
    }

    fn file_removed(&self, folder: u64, file: u64) -> bool {
        self.removed.files.get(&folder).is_some_and(|bits| {
            usize::try_from(file / 64)
                .ok()
                .and_then(|word| bits.get(word))
                .is_some_and(|word| word >> (file % 64) & 1 == 1)
        })
    }

    /// The entry at a path whose first segment is the tree's name; `None` when there is none.
    pub(crate) fn find(&self, segments: &[String]) -> Option<TreeEntry> {
        let (root, rest) = segments.split_first()?;
        if fold(root) != TREE_NAME {
            return None;
        }
        let number = |name: &str, prefix: &str, suffix: &str| -> Option<u64> {
            let name = fold(name);
            let digits = name.strip_prefix(prefix)?.strip_suffix(suffix)?;
            let number = digits.parse().ok()?;
            (format!("{number:06}") == digits).then_some(number)
        };
        let entry = match rest {
            [] => TreeEntry::Root,
            [folder] => TreeEntry::Folder(number(folder, "folder-", "")?),
            [folder, file] => TreeEntry::File(
                number(folder, "folder-", "")?,
                number(file, "file-", ".txt")?,
            ),
            _ => return None,
        };
        self.exists(entry).then_some(entry)
    }

    /// Removes an entry with everything below it.
    pub(crate) fn remove(&mut self, entry: TreeEntry) {
        match entry {
            TreeEntry::Root => {
                self.removed = Removed {
                    all: true,
                    ..Removed::default()
                };
            }
            TreeEntry::Folder(folder) => {
                self.removed.files.remove(&folder);
                self.removed.folders.insert(folder);
            }
            TreeEntry::File(folder, file) => {
                let words =
                    usize::try_from(self.files_in(folder).div_ceil(64)).unwrap_or(usize::MAX);
                let bits = self
                    .removed
                    .files
                    .entry(folder)
                    .or_insert_with(|| vec![0; words]);
                if let Some(word) = usize::try_from(file / 64)
                    .ok()
                    .and_then(|word| bits.get_mut(word))
                {
                    *word |= 1 << (file % 64);
                }
            }
        }
    }

    pub(crate) fn bury(&mut self, tombstone: Tombstone) {
        self.remove(match (tombstone.folder, tombstone.file) {
            (Some(folder), Some(file)) => TreeEntry::File(folder, file),
            (Some(folder), None) => TreeEntry::Folder(folder),
            _ => TreeEntry::Root,
        });
    }

    /// All removals, for the journal.
    pub(crate) fn tombstones(&self) -> Vec<Tombstone> {
        if self.removed.all {
            return vec![TreeEntry::Root.into()];
        }
        let folders = self
            .removed
            .folders
            .iter()
            .map(|folder| TreeEntry::Folder(*folder));
        let files = self.removed.files.keys().flat_map(|folder| {
            (0..self.files_in(*folder))
                .filter(|file| self.file_removed(*folder, *file))
                .map(|file| TreeEntry::File(*folder, file))
        });
        folders.chain(files).map(Tombstone::from).collect()
    }

    /// Whether nothing is left directly inside.
    pub(crate) fn is_empty(&self, entry: TreeEntry) -> bool {
        self.next_child(entry, 0).is_none()
    }

    /// The first child of a folder at or after a place, with the place after it.
    pub(crate) fn next_child(&self, parent: TreeEntry, from: u64) -> Option<(TreeEntry, u64)> {
        let (count, make): (u64, &dyn Fn(u64) -> TreeEntry) = match parent {
            TreeEntry::Root => (self.folders, &TreeEntry::Folder),
            TreeEntry::Folder(folder) => (self.files_in(folder), &move |file| {
                TreeEntry::File(folder, file)
            }),
            TreeEntry::File(..) => return None,
        };
        (from..count)
            .map(|place| (make(place), place + 1))
            .find(|(entry, _)| self.exists(*entry))
    }

    pub(crate) fn name(entry: TreeEntry) -> String {
        match entry {
            TreeEntry::Root => TREE_NAME.to_owned(),
            TreeEntry::Folder(folder) => format!("folder-{folder:06}"),
            TreeEntry::File(_, file) => format!("file-{file:06}.txt"),
        }
    }

    /// The content of a file.
    pub(crate) fn content(&self, folder: u64, file: u64) -> String {
        format!(
            "entry {} of the synthetic tree\n",
            self.number(folder, file)
        )
    }

    pub(crate) fn modified(&self, entry: TreeEntry) -> i64 {
        let number = match entry {
            TreeEntry::Root => 0,
            TreeEntry::Folder(folder) => folder,
            TreeEntry::File(folder, file) => self.number(folder, file),
        };
        FIRST_MODIFIED.saturating_add_unsigned(number.saturating_mul(1001))
    }

    /// Appends the JSON of an entry; nothing in it needs escaping.
    pub(crate) fn write_json(&self, entry: TreeEntry, name: &str, out: &mut Vec<u8>) {
        let modified = self.modified(entry);
        let written = match entry {
            TreeEntry::File(folder, file) => {
                let content = self.content(folder, file);
                let (size, hash) = (content.len(), md5_hex(content.as_bytes()));
                write!(
                    out,
                    r#"{{"name":"{name}","type":"file","modified":{modified},"size":{size},"contentType":"text/plain","hash":"{hash}","tags":{{}}}}"#
                )
            }
            TreeEntry::Root | TreeEntry::Folder(_) => write!(
                out,
                r#"{{"name":"{name}","type":"dir","modified":{modified},"size":0,"contentType":"","tags":{{}}}}"#
            ),
        };
        // Writing to a vector cannot fail.
        drop(written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(tree: &Tree, path: &str) -> Option<TreeEntry> {
        let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
        tree.find(&segments)
    }

    fn count(tree: &Tree, parent: TreeEntry) -> u64 {
        let mut all = 0;
        let mut from = 0;
        while let Some((entry, next)) = tree.next_child(parent, from) {
            all += 1 + count(tree, entry);
            from = next;
        }
        all
    }

    #[test]
    fn the_tree_has_the_ordered_number_of_entries() {
        for (entries, folders) in [
            (0, None),
            (1, None),
            (7, Some(3)),
            (2500, None),
            (1000, Some(1)),
            (5, Some(9)),
        ] {
            assert_eq!(
                count(&Tree::new(entries, folders), TreeEntry::Root),
                entries,
                "{entries} {folders:?}"
            );
        }
        let tree = Tree::new(1_000_000, Some(1000));
        assert_eq!((tree.folders, tree.files), (1000, 999_000));
    }

    #[test]
    fn entries_are_found_by_name_in_any_case_and_only_in_one_spelling() {
        let tree = Tree::new(10, Some(2));
        assert_eq!(find(&tree, "tree"), Some(TreeEntry::Root));
        assert_eq!(
            find(&tree, "Tree/FOLDER-000001/file-000003.TXT"),
            Some(TreeEntry::File(1, 3))
        );
        for missing in [
            "tree/folder-1",
            "tree/folder-000002",
            "tree/folder-000001/file-000004.txt",
            "trees",
            "tree/folder-000000/file-000000.txt/x",
        ] {
            assert_eq!(find(&tree, missing), None, "{missing}");
        }
    }

    #[test]
    fn removals_are_remembered() {
        let mut tree = Tree::new(10, Some(2));
        tree.remove(TreeEntry::File(0, 1));
        tree.remove(TreeEntry::Folder(1));
        assert_eq!(count(&tree, TreeEntry::Root), 4);
        assert_eq!(find(&tree, "tree/folder-000000/file-000001.txt"), None);
        let mut again = Tree::new(10, Some(2));
        tree.tombstones()
            .into_iter()
            .for_each(|stone| again.bury(stone));
        assert_eq!(count(&again, TreeEntry::Root), 4);
        again.remove(TreeEntry::Root);
        assert_eq!(find(&again, "tree"), None);
    }

    #[test]
    fn sizes_and_hashes_are_those_of_the_content() {
        let tree = Tree::new(10, Some(2));
        let mut json = Vec::new();
        tree.write_json(TreeEntry::File(1, 2), "x", &mut json);
        let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let content = tree.content(1, 2);
        assert_eq!(value["size"], content.len());
        assert_eq!(value["hash"], md5_hex(content.as_bytes()));
    }
}
