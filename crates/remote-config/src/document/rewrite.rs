//! The text rclone would write for a document.

use std::collections::HashMap;

use super::{Document, line::Meaning};

/// Comments by what they belong to: a section, or a key of a section.
type Comments<'a> = HashMap<(&'a [u8], Option<&'a [u8]>), Vec<u8>>;

impl Document {
    /// The text that rclone writes when it has loaded this document and saves it.
    ///
    /// Everything is generated anew, and some of it is lost: blank lines, spelling and line ends, comments that belong to
    /// nothing; some values change when they are read again. [`to_bytes`](Self::to_bytes) loses nothing; this is for
    /// comparing with rclone.
    #[must_use]
    pub fn to_rclone_text(&self) -> Vec<u8> {
        let comments = self.comments();
        let mut text = Vec::new();
        for section in &self.sections {
            push_comment(&mut text, comments.get(&(&*section.name, None)));
            if section.name != Self::DEFAULT.as_bytes() {
                push(&mut text, &[b"[", &section.name, b"]\n"]);
            }
            for key in self.keys(&section.name) {
                push_comment(&mut text, comments.get(&(&*section.name, Some(key))));
                let value = self.raw(&section.name, key).unwrap_or_default();
                push(
                    &mut text,
                    &[&quoted_key(key), b" = ", &quoted_value(value), b"\n"],
                );
            }
            text.push(b'\n');
        }
        text
    }

    /// The comment that belongs to a section, or to a key of it: the comment lines above it, across blank lines, joined by line ends.
    #[must_use]
    pub fn comment(&self, section: impl AsRef<[u8]>, key: Option<&[u8]>) -> Option<Vec<u8>> {
        self.comments().remove(&(section.as_ref(), key))
    }

    fn comments(&self) -> Comments<'_> {
        let owners = self.owners();
        let mut comments = Comments::new();
        let mut pending: Vec<&[u8]> = Vec::new();
        for (place, line) in self.lines.iter().enumerate() {
            match &line.meaning {
                Meaning::Blank => {}
                Meaning::Comment(range) => pending.push(line.part(range)),
                Meaning::Header(_) | Meaning::Entry(_) => {
                    let comment = std::mem::take(&mut pending);
                    if let (false, Some(owner)) = (comment.is_empty(), owners.get(&place)) {
                        comments.insert(*owner, comment.join(&b'\n'));
                    }
                }
            }
        }
        comments
    }

    fn owners(&self) -> HashMap<usize, (&[u8], Option<&[u8]>)> {
        let mut owners = HashMap::new();
        for section in &self.sections {
            owners.extend(
                section
                    .headers
                    .iter()
                    .map(|&place| (place, (&*section.name, None))),
            );
            for key in &section.keys {
                owners.extend(
                    key.lines
                        .iter()
                        .map(|&place| (place, (&*section.name, Some(&*key.name)))),
                );
            }
        }
        owners
    }
}

fn push(text: &mut Vec<u8>, parts: &[&[u8]]) {
    parts.iter().for_each(|part| text.extend_from_slice(part));
}

fn push_comment(text: &mut Vec<u8>, comment: Option<&Vec<u8>>) {
    if let Some(comment) = comment {
        push(text, &[comment, b"\n"]);
    }
}

fn quoted_key(key: &[u8]) -> Vec<u8> {
    if key.starts_with(b"#") {
        return b"-".to_vec();
    }
    let quote: &[u8] = match (
        contains(key, b"=:"),
        contains(key, b"`"),
        contains(key, b"\""),
    ) {
        (false, _, _) => b"",
        (true, false, _) => b"`",
        (true, true, false) => b"\"",
        (true, true, true) => b"\"\"\"",
    };
    [quote, key, quote].concat()
}

fn quoted_value(value: &[u8]) -> Vec<u8> {
    let quote: &[u8] = match (contains(value, b"`"), contains(value, b"\"")) {
        (false, _) => b"",
        (true, false) => b"\"",
        (true, true) => b"\"\"\"",
    };
    [quote, value, quote].concat()
}

fn contains(text: &[u8], any_of: &[u8]) -> bool {
    text.iter().any(|byte| any_of.contains(byte))
}
