//! Reading a value: inheritance between dotted sections and interpolation.

use std::borrow::Cow;

use super::{Document, line::find};

/// Rounds of replacement for one value; rclone gives up after as many.
const MAX_ROUNDS: usize = 200;

/// Values that refer to `DEFAULT` entries that refer to further ones; more than this is a cycle in practice.
const MAX_DEPTH: usize = 20;

/// How many sections a key is looked for in; longer chains are none that anybody has made.
const MAX_ANCESTORS: usize = 64;

/// The longest name that is looked up, with its parentheses.
const MAX_REFERENCE_BYTES: usize = 1 << 10;

/// Bytes that all replacements of one value may read and produce together.
const MAX_WORK_BYTES: usize = 4 << 20;

/// How much all the values of a document may grow together where all of them are shown.
pub(crate) struct Effort(usize);

impl Effort {
    /// As much as a whole document may cost: no more than a single value.
    pub(crate) fn of_document() -> Self {
        Self(MAX_WORK_BYTES)
    }
}

impl Document {
    /// Reads a value as rclone does: inherited from the section before the last dot if the section lacks the key, and with `%(name)s` replaced
    /// by the value of `name` in `DEFAULT` or in the same section.
    ///
    /// A value whose replacement does not come to an end, or grows beyond measure, is returned as it is stored. See
    /// [`raw`](Self::raw) for the stored text.
    #[must_use]
    pub fn value(&self, section: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Option<Cow<'_, [u8]>> {
        self.value_within(section, key, &mut Effort(MAX_WORK_BYTES))
    }

    /// Reads one of many values; when their replacements become too much together, the rest are returned as they are stored.
    pub(crate) fn value_within(
        &self,
        section: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
        effort: &mut Effort,
    ) -> Option<Cow<'_, [u8]>> {
        let (section, raw) = self.find_inherited(section.as_ref(), key.as_ref())?;
        let allowed = effort.0.min(MAX_WORK_BYTES);
        let mut left = allowed;
        let expanded = self.expand(section, raw, MAX_DEPTH, &mut left);
        effort.0 -= allowed - left;
        Some(expanded.unwrap_or(Cow::Borrowed(raw)))
    }

    /// Whether a section has a key or inherits it.
    pub(super) fn has_value(&self, section: &[u8], key: &[u8]) -> bool {
        self.find_inherited(section, key).is_some()
    }

    /// Finds the section that holds the key, following the dots, and the stored value.
    fn find_inherited<'a>(&'a self, section: &[u8], key: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
        let mut wanted = section;
        for _ in 0..MAX_ANCESTORS {
            let found = self.section(wanted)?;
            if let Some(raw) = self.raw(&found.name, key) {
                return Some((&found.name, raw));
            }
            let dot = wanted.iter().rposition(|&byte| byte == b'.')?;
            wanted = wanted.get(..dot)?;
        }
        None
    }

    /// Replaces references until none is left; nothing when that does not come to an end.
    fn expand<'a>(
        &'a self,
        section: &[u8],
        raw: &'a [u8],
        depth: usize,
        work: &mut usize,
    ) -> Option<Cow<'a, [u8]>> {
        let mut value = Cow::Borrowed(raw);
        for _ in 0..MAX_ROUNDS {
            let Some(reference) = first_reference(&value) else {
                return Some(value);
            };
            let reference = value.get(reference)?.to_vec();
            *work = work.checked_sub(value.len())?;
            if reference.len() > MAX_REFERENCE_BYTES {
                return None;
            }
            let replacement = self.replacement(section, &reference, depth, work)?;
            let replaced = replace(&value, &reference, &replacement);
            *work = work.checked_sub(replaced.len())?;
            if replaced == *value {
                return None;
            }
            value = Cow::Owned(replaced);
        }
        None
    }

    fn replacement(
        &self,
        section: &[u8],
        reference: &[u8],
        depth: usize,
        work: &mut usize,
    ) -> Option<Cow<'_, [u8]>> {
        let name = referred_name(reference);
        if let Some(raw) = self.raw(Self::DEFAULT, name) {
            return self.expand(Self::DEFAULT.as_bytes(), raw, depth.checked_sub(1)?, work);
        }
        Some(Cow::Borrowed(self.raw(section, name).unwrap_or_default()))
    }
}

/// Whether reading the text would replace a part of it.
pub(crate) fn has_reference(value: &[u8]) -> bool {
    first_reference(value).is_some()
}

/// The place of the first `%(…)s` with at least one character inside and no closing parenthesis among them.
fn first_reference(value: &[u8]) -> Option<std::ops::Range<usize>> {
    let mut start = 0;
    loop {
        let rest = value.get(start..)?;
        let close = rest.iter().position(|&byte| byte == b')')?;
        let inside = rest.get(..close)?;
        match find(inside, b"%(") {
            // With nothing between the parentheses this is no reference, and no later one begins before the `)`.
            Some(open) if open + 2 < close && rest.get(close + 1) == Some(&b's') => {
                return Some(start + open..start + close + 2);
            }
            _ => start += close + 1,
        }
    }
}

/// The name asked for. Sets of characters are stripped, not words: `%(keys)s` asks for `key`.
fn referred_name(reference: &[u8]) -> &[u8] {
    let mut name = reference;
    while let [b'%' | b'(', rest @ ..] = name {
        name = rest;
    }
    while let [rest @ .., b')' | b's'] = name {
        name = rest;
    }
    name
}

fn replace(text: &[u8], wanted: &[u8], replacement: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = find(rest, wanted) {
        let (before, after) = rest.split_at(place);
        result.extend_from_slice(before);
        result.extend_from_slice(replacement);
        rest = after.get(wanted.len()..).unwrap_or_default();
    }
    result.extend_from_slice(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, section: &str, key: &str) -> Option<String> {
        let document = Document::parse(text.as_bytes()).unwrap();
        let value = document.value(section, key)?;
        Some(String::from_utf8(value.into_owned()).unwrap())
    }

    #[test]
    fn dotted_sections_inherit_until_one_is_missing() {
        let text = "[a]\nuser = x\n[a.b]\n[a.b.c]\n[d.e]\n[d]\nuser=y\n[f.g.h]\n[f]\nuser=z\n";
        assert_eq!(read(text, "a.b.c", "user").as_deref(), Some("x"));
        assert_eq!(read(text, "d.e", "user").as_deref(), Some("y"));
        assert_eq!(read(text, "f.g.h", "user"), None);
    }

    #[test]
    fn circular_references_are_returned_as_stored() {
        assert_eq!(
            read("[a]\nx = %(y)s\ny = %(x)s\n", "a", "x").as_deref(),
            Some("%(y)s")
        );
        assert_eq!(
            read("[a]\nx = %(x)s!\n", "a", "x").as_deref(),
            Some("%(x)s!")
        );
        assert_eq!(
            read("x = %(x)s\n[a]\ny = %(x)s\n", "a", "y").as_deref(),
            Some("%(x)s")
        );
    }

    #[test]
    fn explosive_references_are_returned_as_stored() {
        let mut text = String::from("[a]\nx0 = ha\n");
        for level in 1..100 {
            let below = level - 1;
            text += &format!("x{level} = %(x{below})s%(x{below})s\n");
        }
        assert_eq!(read(&text, "a", "x99").as_deref(), Some("%(x98)s%(x98)s"));
    }

    #[test]
    fn empty_parentheses_do_not_hide_a_later_reference() {
        assert_eq!(
            read("[a]\nx = %()s%(y)s%(z)\ny = 1\n", "a", "x").as_deref(),
            Some("%()s1%(z)")
        );
        assert_eq!(
            read("[a]\nx = %(%(y)s\ny = 1\n", "a", "x").as_deref(),
            Some("1")
        );
    }
}
