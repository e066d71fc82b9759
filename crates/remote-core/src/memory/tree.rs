//! The files and directories: plain steps on a sorted map, each of which happens completely or not at all.

mod moves;

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use bytes::Bytes;

use super::{changes::ChangeLog, key::Key};
use crate::{
    capabilities::CaseRule,
    entry::EntryKind,
    error::{Error, ErrorKind, Result},
    hash::HashValue,
    operation::{Change, RemoveOutcome},
    path::RemotePath,
};

pub(super) struct Tree {
    case: CaseRule,
    capacity_bytes: Option<u64>,
    used_bytes: u64,
    newest_id: u64,
    /// Everything but the root.
    nodes: BTreeMap<Key, Node>,
    pub(super) log: ChangeLog,
}

#[derive(Clone)]
pub(super) struct Node {
    /// The last name of the path, as it was spelled.
    pub(super) name: RemotePath,
    /// Stays the same when the node is renamed or replaced.
    pub(super) id: u64,
    /// Absent for a directory.
    pub(super) file: Option<FileNode>,
}

#[derive(Clone)]
pub(super) struct FileNode {
    pub(super) content: Bytes,
    pub(super) content_type: Option<Arc<str>>,
    pub(super) created: SystemTime,
    pub(super) hash: HashValue,
    pub(super) modified: SystemTime,
    /// Another number for every content that was written.
    pub(super) revision: u64,
}

impl Node {
    pub(super) fn kind(&self) -> EntryKind {
        match self.file {
            Some(_) => EntryKind::File,
            None => EntryKind::Directory,
        }
    }

    fn bytes(&self) -> u64 {
        self.file
            .as_ref()
            .map_or(0, |file| file.content.len() as u64)
    }
}

impl Tree {
    pub(super) fn new(case: CaseRule, capacity_bytes: Option<u64>) -> Self {
        Self {
            case,
            capacity_bytes,
            used_bytes: 0,
            newest_id: 0,
            nodes: BTreeMap::new(),
            log: ChangeLog::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    pub(super) fn capacity_bytes(&self) -> Option<u64> {
        self.capacity_bytes
    }

    pub(super) fn key(&self, path: &RemotePath) -> Key {
        Key::new(self.case, path)
    }

    pub(super) fn get(&self, path: &RemotePath) -> Option<&Node> {
        self.nodes.get(&self.key(path))
    }

    /// What is at a path that may be the root; the root has no node.
    pub(super) fn kind(&self, key: &Key) -> Option<EntryKind> {
        if key.is_root() {
            return Some(EntryKind::Directory);
        }
        self.nodes.get(key).map(Node::kind)
    }

    pub(super) fn file(&self, path: &RemotePath) -> Result<&Node> {
        let key = self.key(path);
        match self.kind(&key) {
            Some(EntryKind::Directory) => Err(ErrorKind::IsADirectory.into()),
            _ => self
                .nodes
                .get(&key)
                .ok_or_else(|| ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn check_dir(&self, key: &Key) -> Result<()> {
        match self.kind(key) {
            Some(EntryKind::Directory) => Ok(()),
            Some(EntryKind::File) => Err(ErrorKind::NotADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    /// Up to `count` nodes of a range, in order.
    pub(super) fn range(
        &self,
        range: (std::ops::Bound<Key>, std::ops::Bound<Key>),
    ) -> impl Iterator<Item = (&Key, &Node)> {
        self.nodes.range(range)
    }

    /// Checks that a file could be put here, apart from what `mode` asks for.
    pub(super) fn check_file_target(&self, key: &Key) -> Result<()> {
        if self.kind(key) == Some(EntryKind::Directory) {
            return Err(ErrorKind::IsADirectory.into());
        }
        self.check_way(key)
    }

    /// Puts a file in place, with the directories on the way.
    pub(super) fn put(&mut self, path: &RemotePath, mut file: FileNode) -> Result<()> {
        let key = self.key(path);
        self.check_file_target(&key)?;
        let old_bytes = self.nodes.get(&key).map_or(0, Node::bytes);
        self.check_room((file.content.len() as u64).saturating_sub(old_bytes))?;
        self.make_way(path);
        file.revision = self.new_id();
        let old = self.nodes.remove(&key);
        if let Some(old) = old.as_ref().and_then(|node| node.file.as_ref()) {
            file.created = old.created;
        }
        let node = match old {
            Some(old) => Node {
                file: Some(file),
                ..old
            },
            None => self.new_node(path, Some(file)),
        };
        self.used_bytes = self.used_bytes - old_bytes + node.bytes();
        self.nodes.insert(key, node);
        self.log.push(Change::Written(path.clone(), None));
        Ok(())
    }

    pub(super) fn set_modified(&mut self, path: &RemotePath, modified: SystemTime) -> Result<()> {
        self.file(path)?;
        let key = self.key(path);
        if let Some(file) = self.nodes.get_mut(&key).and_then(|node| node.file.as_mut()) {
            file.modified = modified;
        }
        self.log.push(Change::Written(path.clone(), None));
        Ok(())
    }

    pub(super) fn create_dir(&mut self, path: &RemotePath) -> Result<()> {
        let key = self.key(path);
        if self.kind(&key) == Some(EntryKind::File) {
            return Err(ErrorKind::NotADirectory.into());
        }
        self.check_way(&key)?;
        self.make_way(path);
        self.make_dir(path);
        Ok(())
    }

    pub(super) fn remove_file(&mut self, path: &RemotePath) -> Result<RemoveOutcome> {
        let key = self.key(path);
        match self.kind(&key) {
            None => Ok(RemoveOutcome::Missing),
            Some(EntryKind::Directory) => Err(ErrorKind::IsADirectory.into()),
            Some(EntryKind::File) => Ok(self.remove_tree(path, &key)),
        }
    }

    pub(super) fn remove_dir(&mut self, path: &RemotePath) -> Result<RemoveOutcome> {
        let key = self.key(path);
        if key.is_root() {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "the root of a remote cannot be removed",
            ));
        }
        match self.kind(&key) {
            None => Ok(RemoveOutcome::Missing),
            Some(EntryKind::File) => Err(ErrorKind::NotADirectory.into()),
            Some(EntryKind::Directory) if self.range(key.below()).next().is_some() => {
                Err(ErrorKind::DirectoryNotEmpty.into())
            }
            Some(EntryKind::Directory) => Ok(self.remove_tree(path, &key)),
        }
    }

    pub(super) fn remove_dir_all(&mut self, path: &RemotePath) -> Result<RemoveOutcome> {
        let key = self.key(path);
        match self.kind(&key) {
            None => Ok(RemoveOutcome::Missing),
            Some(EntryKind::File) => Err(ErrorKind::NotADirectory.into()),
            Some(EntryKind::Directory) => Ok(self.remove_tree(path, &key)),
        }
    }

    fn remove_tree(&mut self, path: &RemotePath, key: &Key) -> RemoveOutcome {
        for node in self.take_below(key).into_values() {
            self.used_bytes -= node.bytes();
        }
        if let Some(node) = self.nodes.remove(key) {
            self.used_bytes -= node.bytes();
        }
        // The root is still there, with nothing in it.
        self.log.push(if key.is_root() {
            Change::Rescan(path.clone())
        } else {
            Change::Removed(path.clone())
        });
        RemoveOutcome::Removed
    }

    /// Takes everything below a directory out of the tree.
    fn take_below(&mut self, key: &Key) -> BTreeMap<Key, Node> {
        let keys: Vec<_> = self
            .range(key.below())
            .map(|(key, _)| key.clone())
            .collect();
        let nodes = keys.into_iter().filter_map(|key| {
            let node = self.nodes.remove(&key)?;
            Some((key, node))
        });
        nodes.collect()
    }

    /// Checks that no file is on the way to a path.
    fn check_way(&self, key: &Key) -> Result<()> {
        let blocked = key
            .dirs_on_the_way()
            .any(|dir| self.kind(&dir) == Some(EntryKind::File));
        if blocked {
            return Err(Error::with_message(
                ErrorKind::NotADirectory,
                "a file is on the way",
            ));
        }
        Ok(())
    }

    fn make_way(&mut self, path: &RemotePath) {
        let mut dirs: Vec<_> = path.ancestors().collect();
        while let Some(dir) = dirs.pop() {
            self.make_dir(&dir);
        }
    }

    fn make_dir(&mut self, path: &RemotePath) {
        let key = self.key(path);
        if self.kind(&key).is_some() {
            return;
        }
        let node = self.new_node(path, None);
        self.nodes.insert(key, node);
        self.log.push(Change::Written(path.clone(), None));
    }

    fn new_node(&mut self, path: &RemotePath, file: Option<FileNode>) -> Node {
        Node {
            name: last_name(path),
            id: self.new_id(),
            file,
        }
    }

    fn new_id(&mut self) -> u64 {
        self.newest_id += 1;
        self.newest_id
    }

    pub(super) fn check_room(&self, more_bytes: u64) -> Result<()> {
        let Some(capacity) = self.capacity_bytes else {
            return Ok(());
        };
        if more_bytes <= capacity.saturating_sub(self.used_bytes) {
            return Ok(());
        }
        Err(Error::with_message(
            ErrorKind::QuotaExceeded,
            format!("{more_bytes} more bytes do not fit into {capacity}"),
        ))
    }
}

/// The last name of a path as a path of its own.
fn last_name(path: &RemotePath) -> RemotePath {
    path.parent()
        .and_then(|parent| path.strip_prefix(&parent))
        .unwrap_or_default()
}
