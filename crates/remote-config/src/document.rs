//! The configuration file as text that can be edited without losing a line.

mod edit;
mod line;
mod parse;
mod rewrite;
mod value;

use std::collections::HashMap;

pub use edit::EditError;
pub use parse::{MAX_FILE_BYTES, MAX_LINES, MAX_NAME_BYTES, ParseError, ParseErrorKind};
pub(crate) use value::has_reference;

pub(crate) use line::trimmed;
use line::{Line, Meaning};
pub(crate) use parse::BYTE_ORDER_MARK;
pub(crate) use value::Effort;

/// A configuration file: all its lines, and what they mean.
///
/// Reading and writing gives the same bytes back. Edits touch only the lines they must: comments, blank lines, the order, spelling and
/// line ends of everything else stay. Names, keys and values are bytes, because nothing in the format says they are
/// text; methods take texts as well.
///
/// # Examples
///
/// ```
/// use remote_config::document::Document;
///
/// let mut document = Document::parse(b"# mine\n[koofr]\ntype=koofr\nuser = alice ; not a comment\n")?;
/// document.set("koofr", "user", "bob")?;
/// document.set("koofr", "setmtime", "false")?;
/// assert_eq!(
///     String::from_utf8(document.to_bytes())?,
///     "# mine\n[koofr]\ntype=koofr\nuser = bob\nsetmtime = false\n",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Document {
    byte_order_mark: bool,
    lines: Vec<Line>,
    sections: Vec<Section>,
    section_places: HashMap<Vec<u8>, usize>,
}

/// Where a section and its keys are found among the lines.
#[derive(Clone, Debug, Default)]
struct Section {
    name: Vec<u8>,
    headers: Vec<usize>,
    keys: Vec<Key>,
    key_places: HashMap<Vec<u8>, usize>,
}

#[derive(Clone, Debug)]
struct Key {
    name: Vec<u8>,
    /// All lines that set the key, in order; the last one counts.
    lines: Vec<usize>,
}

impl Document {
    /// The name of the section that holds the entries before the first header, and whose values can be referred to from all others.
    pub const DEFAULT: &'static str = "DEFAULT";

    /// An empty document.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The text, byte for byte as it was read, but for what has been edited.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mark: &[u8] = if self.byte_order_mark {
            BYTE_ORDER_MARK
        } else {
            b""
        };
        let mut bytes = mark.to_vec();
        for line in &self.lines {
            bytes.extend_from_slice(&line.text);
        }
        bytes
    }

    /// The names of all sections in the order of their first appearance, [`DEFAULT`](Self::DEFAULT) included if there is one.
    pub fn sections(&self) -> impl Iterator<Item = &[u8]> {
        self.sections.iter().map(|section| &*section.name)
    }

    /// Whether there is a section of this name.
    #[must_use]
    pub fn has_section(&self, section: impl AsRef<[u8]>) -> bool {
        self.section(section.as_ref()).is_some()
    }

    /// The keys of a section in the order of their first appearance; inherited ones are not among them.
    ///
    /// A key of a single blank is left out: rclone reads it, and then neither shows nor writes it.
    pub fn keys(&self, section: impl AsRef<[u8]>) -> impl Iterator<Item = &[u8]> {
        let keys = self.section(section.as_ref()).map(|section| &section.keys);
        keys.into_iter()
            .flatten()
            .map(|key| &*key.name)
            .filter(|name| name != b" ")
    }

    /// The stored value of a key, without inheritance and replacement. See [`value`](Self::value).
    #[must_use]
    pub fn raw(&self, section: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Option<&[u8]> {
        let key = self.section(section.as_ref())?.key(key.as_ref())?;
        let line = self.lines.get(*key.lines.last()?)?;
        match &line.meaning {
            Meaning::Entry(entry) => Some(line.part(&entry.value)),
            _ => None,
        }
    }

    /// The names of the sections that are remotes: those that have a `type` or inherit one, be it empty.
    pub fn remotes(&self) -> impl Iterator<Item = &[u8]> {
        self.sections()
            .filter(|section| self.has_value(section, b"type"))
    }

    fn section(&self, name: &[u8]) -> Option<&Section> {
        self.section_places
            .get(name)
            .and_then(|&place| self.sections.get(place))
    }
}

impl Section {
    fn key(&self, name: &[u8]) -> Option<&Key> {
        self.key_places
            .get(name)
            .and_then(|&place| self.keys.get(place))
    }

    fn lines(&self) -> impl Iterator<Item = usize> {
        let entries = self.keys.iter().flat_map(|key| &key.lines);
        self.headers.iter().chain(entries).copied()
    }
}

/// Values may be secret, so only the size is shown.
impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document")
            .field("lines", &self.lines.len())
            .field("sections", &self.sections.len())
            .finish_non_exhaustive()
    }
}

/// Documents are equal when their texts are.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.byte_order_mark == other.byte_order_mark && self.lines == other.lines
    }
}

impl Eq for Document {}
