//! How paths are sorted.

use std::ops::Bound;

use crate::{capabilities::CaseRule, path::RemotePath};

/// A path in a form that is equal for paths the remote takes for the same, and that sorts everything below a directory right behind it.
///
/// Names in Standard form have no control characters, so NUL can stand between them: `a`, `a\0b`, `a-b` is then the order, where `/` would sort behind `-`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Key(Vec<u8>);

const SEPARATOR: u8 = 0;
const BEHIND_SEPARATOR: u8 = SEPARATOR + 1;

impl Key {
    pub(super) fn new(case: CaseRule, path: &RemotePath) -> Self {
        let mut key = case.key(path).into_owned();
        for byte in &mut key {
            if *byte == b'/' {
                *byte = SEPARATOR;
            }
        }
        Self(key)
    }

    pub(super) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// How many names the path has; the root has none.
    pub(super) fn depth(&self) -> usize {
        match self.0.as_slice() {
            [] => 0,
            key => 1 + key.iter().filter(|&&byte| byte == SEPARATOR).count(),
        }
    }

    /// The keys of the directories on the way, from the top, without the root and the path itself.
    pub(super) fn dirs_on_the_way(&self) -> impl Iterator<Item = Self> + use<'_> {
        let ends = self.0.iter().enumerate();
        ends.filter(|(_, byte)| **byte == SEPARATOR)
            .map(|(end, _)| Self(self.0.iter().take(end).copied().collect()))
    }

    /// The range of everything below.
    pub(super) fn below(&self) -> (Bound<Self>, Bound<Self>) {
        if self.is_root() {
            return (Bound::Excluded(self.clone()), Bound::Unbounded);
        }
        let first = self.followed_by(SEPARATOR);
        (Bound::Excluded(first), Bound::Excluded(self.behind()))
    }

    /// Where what sorts behind this path and everything below it begins.
    pub(super) fn behind(&self) -> Self {
        self.followed_by(BEHIND_SEPARATOR)
    }

    pub(super) fn is_below(&self, dir: &Self) -> bool {
        dir.is_root() && !self.is_root()
            || matches!(self.0.strip_prefix(dir.0.as_slice()), Some([SEPARATOR, ..]))
    }

    /// This key, which lies below `from`, with `to` in the place of `from`.
    pub(super) fn moved(&self, from: &Self, to: &Self) -> Self {
        let rest = self.0.strip_prefix(from.0.as_slice()).unwrap_or_default();
        Self([&to.0, rest].concat())
    }

    fn followed_by(&self, byte: u8) -> Self {
        let mut key = self.0.clone();
        key.push(byte);
        Self(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::new(CaseRule::Insensitive, &RemotePath::parse(text).unwrap())
    }

    #[test]
    fn everything_below_a_directory_follows_it() {
        let mut keys = ["a-b", "a/b/c", "a", "b", "a b", "a/b"].map(key);
        keys.sort();
        assert_eq!(keys, ["a", "a/b", "a/b/c", "a b", "a-b", "b"].map(key));
    }

    #[test]
    fn below_is_neither_the_directory_nor_its_neighbours() {
        assert!(key("A/b").is_below(&key("a")) && key("a").is_below(&key("")));
        assert!(!key("a").is_below(&key("a")) && !key("ab").is_below(&key("a")));
        assert!(!key("").is_below(&key("")));
    }

    #[test]
    fn directories_on_the_way_come_from_the_top() {
        let dirs: Vec<_> = key("a/b/c").dirs_on_the_way().collect();
        assert_eq!(dirs, [key("a"), key("a/b")]);
        assert_eq!(key("a/b/c").depth(), 3);
        assert_eq!(key("").depth(), 0);
    }
}
