//! Copying and renaming.

use std::time::SystemTime;

use super::{Key, Node, Tree, last_name};
use crate::{
    entry::EntryKind,
    error::{Error, ErrorKind, Result},
    operation::{Change, TargetMode},
    path::{MAX_PATH_BYTES, ParsePathError, RemotePath},
};

impl Tree {
    pub(in crate::memory) fn copy(
        &mut self,
        from: &RemotePath,
        to: &RemotePath,
        mode: TargetMode,
        modified: Option<SystemTime>,
    ) -> Result<()> {
        let (source, target) = (self.key(from), self.key(to));
        self.check_move(&source, &target, mode)?;
        if source == target {
            return Err(ErrorKind::IntoSelf.into());
        }
        self.check_lengths(&source, to)?;
        let replaced = self.nodes.get(&target).map_or(0, Node::bytes);
        self.check_room(self.bytes_in(&source).saturating_sub(replaced))?;

        let below = self.range(source.below());
        let mut copies: Vec<_> = below
            .map(|(key, node)| (key.moved(&source, &target), node.clone()))
            .collect();
        if let Some(mut top) = self.nodes.get(&source).cloned() {
            top.name = last_name(to);
            if let (Some(file), Some(modified)) = (&mut top.file, modified) {
                file.modified = modified;
            }
            copies.push((target, top));
        }
        self.make_way(to);
        for (key, mut node) in copies {
            node.id = self.new_id();
            self.replace(key, node);
        }
        self.log.push(Change::Written(to.clone(), None));
        Ok(())
    }

    /// Moves a node with all below it. Onto itself it only takes the other spelling.
    pub(in crate::memory) fn rename(
        &mut self,
        from: &RemotePath,
        to: &RemotePath,
        mode: TargetMode,
    ) -> Result<()> {
        let (source, target) = (self.key(from), self.key(to));
        if source != target || !self.nodes.contains_key(&source) {
            self.check_move(&source, &target, mode)?;
        }
        self.check_lengths(&source, to)?;
        self.make_way(to);
        let below = self.take_below(&source);
        if let Some(mut top) = self.nodes.remove(&source) {
            self.used_bytes -= top.bytes();
            top.name = last_name(to);
            self.replace(target.clone(), top);
        }
        let moved = below.into_iter();
        self.nodes
            .extend(moved.map(|(key, node)| (key.moved(&source, &target), node)));
        self.log.push(Change::Renamed {
            from: from.clone(),
            to: to.clone(),
        });
        Ok(())
    }

    fn check_move(&self, source: &Key, target: &Key, mode: TargetMode) -> Result<()> {
        let Some(kind) = self.kind(source) else {
            return Err(ErrorKind::NotFound.into());
        };
        if kind == EntryKind::Directory && target.is_below(source) {
            return Err(ErrorKind::IntoSelf.into());
        }
        self.check_way(target)?;
        match (mode, kind, self.kind(target)) {
            (_, _, None) | (TargetMode::Replace, EntryKind::File, Some(EntryKind::File)) => Ok(()),
            _ => Err(Error::with_message(
                ErrorKind::AlreadyExists,
                "the target exists and is not replaced",
            )),
        }
    }

    /// Checks that every path below `source` is still short enough below `to`.
    fn check_lengths(&self, source: &Key, to: &RemotePath) -> Result<(), ParsePathError> {
        let mut lengths = vec![to.as_bytes().len()];
        for (key, node) in self.range(source.below()) {
            lengths.truncate(key.depth() - source.depth());
            let dir = lengths.last().copied().unwrap_or_default();
            let length = dir + 1 + node.name.as_bytes().len();
            if length > MAX_PATH_BYTES {
                return Err(ParsePathError::TooLong);
            }
            lengths.push(length);
        }
        Ok(())
    }

    fn bytes_in(&self, key: &Key) -> u64 {
        let below = self.range(key.below()).map(|(_, node)| node);
        below.chain(self.nodes.get(key)).map(Node::bytes).sum()
    }

    fn replace(&mut self, key: Key, node: Node) {
        self.used_bytes += node.bytes();
        if let Some(old) = self.nodes.insert(key, node) {
            self.used_bytes -= old.bytes();
        }
    }
}
