//! The synthetic tree as nodes: ids are arithmetic, so that nothing is kept of any entry.

use bytes::Bytes;

use crate::acd::node::{Blob, Data, FileContent, Kind, Node, Parent, ROOT};
use crate::acd::state::State;
use crate::store::{Content, md5_hex};
use crate::tree::{Tree, TreeEntry};

/// The id of the folder `/tree`.
const TREE_ID: &str = "SynthetictreeRootAAAAA";

/// The id of an entry; 22 characters like every other.
pub(crate) fn id(entry: TreeEntry) -> String {
    match entry {
        TreeEntry::Root => TREE_ID.to_owned(),
        TreeEntry::Folder(folder) => format!("Sd{folder:020}"),
        TreeEntry::File(folder, file) => format!("Sf{folder:010}{file:010}"),
    }
}

/// The entry of an id, whether or not it is there.
fn parse(id: &str) -> Option<TreeEntry> {
    if id == TREE_ID {
        return Some(TreeEntry::Root);
    }
    let digits = |text: &str| {
        let valid = text.bytes().all(|byte| byte.is_ascii_digit());
        valid.then(|| text.parse::<u64>().ok())?
    };
    if let Some(folder) = id.strip_prefix("Sd").filter(|rest| rest.len() == 20) {
        return digits(folder).map(TreeEntry::Folder);
    }
    let (folder, file) = id
        .strip_prefix("Sf")
        .filter(|rest| rest.len() == 20)?
        .split_at_checked(10)?;
    Some(TreeEntry::File(digits(folder)?, digits(file)?))
}

impl State {
    /// The synthetic entry of an id.
    pub(crate) fn synthetic(&self, id: &str) -> Option<TreeEntry> {
        let tree = self.tree.as_ref()?;
        let entry = parse(id)?;
        tree.exists(entry).then_some(entry)
    }

    /// A synthetic entry as a node.
    pub(crate) fn synthetic_node(&self, tree: &Tree, entry: TreeEntry) -> Node {
        let modified = tree.modified(entry);
        let mut data = Data::new(modified);
        data.name = Some(Tree::name(entry));
        data.parents = vec![match entry {
            TreeEntry::Root => Parent::Node(ROOT),
            TreeEntry::Folder(_) => Parent::Id(id(TreeEntry::Root)),
            TreeEntry::File(folder, _) => Parent::Id(id(TreeEntry::Folder(folder))),
        }];
        if let TreeEntry::File(folder, file) = entry {
            let text = tree.content(folder, file);
            data.content = Some(FileContent {
                md5: Some(md5_hex(text.as_bytes())),
                blob: Blob::Stored(Content::Memory(Bytes::from(text))),
                version: 1,
                ready_at: 0,
            });
        }
        Node {
            id: id(entry),
            kind: match entry {
                TreeEntry::File(..) => Kind::File,
                TreeEntry::Folder(_) | TreeEntry::Root => Kind::Folder,
            },
            created: modified,
            created_by: self.settings.application.clone(),
            changed: 0,
            lag: None,
            data,
        }
    }
}

/// The children of an entry, from the one after `after` on.
pub(crate) fn children(
    tree: &Tree,
    parent: TreeEntry,
    after: Option<TreeEntry>,
) -> impl Iterator<Item = TreeEntry> + '_ {
    let mut place = match after {
        Some(TreeEntry::Folder(place) | TreeEntry::File(_, place)) => place + 1,
        Some(TreeEntry::Root) | None => 0,
    };
    std::iter::from_fn(move || {
        let (entry, next) = tree.next_child(parent, place)?;
        place = next;
        Some(entry)
    })
}

/// The whole tree, each folder before its files, from the entry after `after` on.
pub(crate) fn walk(tree: &Tree, after: Option<TreeEntry>) -> impl Iterator<Item = TreeEntry> + '_ {
    let mut last = after;
    std::iter::from_fn(move || {
        let next = match last {
            None => tree.exists(TreeEntry::Root).then_some(TreeEntry::Root),
            Some(TreeEntry::Root) => folder_at(tree, 0),
            Some(TreeEntry::Folder(folder)) => file_or_next(tree, folder, 0),
            Some(TreeEntry::File(folder, file)) => file_or_next(tree, folder, file + 1),
        };
        last = next.or(last);
        next
    })
}

fn folder_at(tree: &Tree, from: u64) -> Option<TreeEntry> {
    tree.next_child(TreeEntry::Root, from)
        .map(|(entry, _)| entry)
}

fn file_or_next(tree: &Tree, folder: u64, from: u64) -> Option<TreeEntry> {
    tree.next_child(TreeEntry::Folder(folder), from)
        .map(|(entry, _)| entry)
        .or_else(|| folder_at(tree, folder + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_back_to_their_entries() {
        for entry in [
            TreeEntry::Root,
            TreeEntry::Folder(7),
            TreeEntry::File(999, 1_000_000),
        ] {
            let id = id(entry);
            assert_eq!(id.len(), 22);
            assert_eq!(parse(&id), Some(entry));
        }
        for other in ["", "Sd", "Sf00000000010000000x01", "Sd+0000000000000000001"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_walk_meets_every_entry_once_and_goes_on_where_it_stopped() {
        let tree = Tree::new(10, Some(3));
        let all: Vec<_> = walk(&tree, None).collect();
        assert_eq!(all.len(), 11);
        for (index, entry) in all.iter().enumerate() {
            let rest: Vec<_> = walk(&tree, Some(*entry)).collect();
            assert_eq!(rest, all[index + 1..]);
        }
        assert_eq!(children(&tree, TreeEntry::Root, None).count(), 3);
        let after = Some(TreeEntry::Folder(0));
        assert_eq!(children(&tree, TreeEntry::Root, after).count(), 2);
    }
}
