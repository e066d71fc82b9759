//! Copying a name only once something in it changes.

use std::borrow::Cow;
use std::ops::Range;

/// Collects changes to `source`, in ascending order, and copies it at the first of them.
pub(super) struct Rewriter<'a> {
    source: &'a [u8],
    /// How much of `source` is already accounted for in `output`.
    done: usize,
    output: Vec<u8>,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            done: 0,
            output: Vec::new(),
        }
    }

    /// Puts `replacement` in the place of `range`, which must not start before the end of the previous change.
    pub(super) fn replace(&mut self, range: Range<usize>, replacement: &[u8]) {
        if self.output.is_empty() {
            // Most names have one or two characters that change, and each adds at most four bytes.
            self.output.reserve(self.source.len() + 8);
        }
        self.output
            .extend_from_slice(&self.source[self.done..range.start]);
        self.output.extend_from_slice(replacement);
        self.done = range.end;
    }

    pub(super) fn insert(&mut self, at: usize, addition: &[u8]) {
        self.replace(at..at, addition);
    }

    pub(super) fn remove(&mut self, range: Range<usize>) {
        self.replace(range, &[]);
    }

    pub(super) fn finish(mut self) -> Cow<'a, [u8]> {
        if self.done == 0 && self.output.is_empty() {
            return Cow::Borrowed(self.source);
        }
        self.output.extend_from_slice(&self.source[self.done..]);
        Cow::Owned(self.output)
    }
}
