//! Text to document.

use std::collections::HashMap;

use super::{
    Document, Key, Section,
    line::{Line, Meaning},
};
use crate::encryption::{Form, form};

/// The largest configuration file that is read. Real ones have some kilobytes.
pub const MAX_FILE_BYTES: usize = 16 << 20;

/// The most lines that are read, so that a file of line ends does not fill the memory.
pub const MAX_LINES: usize = 1 << 20;

/// The longest section name that is read. Names are looked up again and again, and nobody can type a longer one.
pub const MAX_NAME_BYTES: usize = 4 << 10;

pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file that is not a configuration file, and where that shows.
///
/// The text of the line is left out, because it may contain a password.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct ParseError {
    /// The line, counted from one.
    pub line: usize,
    /// What is wrong with it.
    pub kind: ParseErrorKind,
}

/// What is wrong with a line.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
pub enum ParseErrorKind {
    /// The separator comes first.
    #[error("there is no key before the separator")]
    EmptyKey,
    /// An entry under a header without a name.
    #[error("the section above has no name")]
    EmptySectionName,
    /// The file is encrypted.
    #[error("the file is encrypted")]
    Encrypted,
    /// A section name of more than [`MAX_NAME_BYTES`].
    #[error("the section name has more than {MAX_NAME_BYTES} bytes")]
    NameTooLong,
    /// Neither a header, nor a comment, nor a key with a value.
    #[error("expected \"key = value\", a [section], or a comment")]
    NoSeparator,
    /// More than [`MAX_FILE_BYTES`].
    #[error("the file is larger than {} MiB", MAX_FILE_BYTES >> 20)]
    TooLarge,
    /// More than [`MAX_LINES`].
    #[error("the file has more than {MAX_LINES} lines")]
    TooManyLines,
    /// A quote without its counterpart.
    #[error("a quote is not closed")]
    UnclosedQuote,
    /// Encrypted in a way that is not known.
    #[error("the file is encrypted in a newer format than this program knows")]
    UnsupportedEncryption,
}

impl Document {
    /// Reads a configuration file.
    ///
    /// # Errors
    ///
    /// The first line that does not follow the grammar. An error anywhere makes the whole file unreadable, as in rclone. An encrypted
    /// file must be [decrypted](crate::encryption::decrypt) first.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(ParseError {
                line: 1,
                kind: ParseErrorKind::TooLarge,
            });
        }
        check_encryption(bytes)?;
        let (byte_order_mark, text) = match bytes.strip_prefix(BYTE_ORDER_MARK) {
            Some(text) => (true, text),
            None => (false, bytes),
        };
        let mut lines = Vec::new();
        let mut unnamed = false;
        for (index, text) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let refuse = |kind| ParseError {
                line: index + 1,
                kind,
            };
            if index == MAX_LINES {
                return Err(refuse(ParseErrorKind::TooManyLines));
            }
            let line = Line::parse(text, unnamed).map_err(refuse)?;
            if let Meaning::Header(name) = &line.meaning {
                unnamed = name.is_empty();
                if name.len() > MAX_NAME_BYTES {
                    return Err(refuse(ParseErrorKind::NameTooLong));
                }
            }
            lines.push(line);
        }
        let mut document = Self {
            byte_order_mark,
            lines,
            ..Self::default()
        };
        document.rebuild();
        Ok(document)
    }

    /// Finds the sections and keys anew after the lines have changed.
    pub(super) fn rebuild(&mut self) {
        // Where the first line was removed, what stands first now must not lose its first character to the next reader.
        self.byte_order_mark |= self
            .lines
            .first()
            .is_some_and(|line| line.text.starts_with(BYTE_ORDER_MARK));
        let mut index = Index::default();
        for (place, line) in self.lines.iter().enumerate() {
            match &line.meaning {
                Meaning::Header(name) => index.header(place, line.part(name)),
                Meaning::Entry(entry) => index.entry(place, line.part(&entry.key)),
                Meaning::Blank | Meaning::Comment(_) => {}
            }
        }
        self.sections = index.sections;
        self.section_places = index.places;
    }
}

/// Tells apart what rclone would not call a configuration file.
fn check_encryption(bytes: &[u8]) -> Result<(), ParseError> {
    let (line, kind) = match form(bytes) {
        Form::Encrypted { line, .. } => (line, ParseErrorKind::Encrypted),
        Form::Newer { line } => (line, ParseErrorKind::UnsupportedEncryption),
        // Read like any other text, as in rclone; a store refuses such a file.
        Form::LateMarker { .. } | Form::Plain => return Ok(()),
    };
    Err(ParseError { line, kind })
}

#[derive(Default)]
struct Index {
    sections: Vec<Section>,
    places: HashMap<Vec<u8>, usize>,
    current: Option<usize>,
    /// Entries named `-` seen since the last header; they are numbered.
    counter: usize,
}

impl Index {
    fn header(&mut self, place: usize, name: &[u8]) {
        let name = if name.is_empty() {
            Document::DEFAULT.as_bytes()
        } else {
            name
        };
        self.open(name).headers.push(place);
        self.counter = 0;
    }

    fn entry(&mut self, place: usize, key: &[u8]) {
        let numbered;
        let key = match key {
            // Accepted and thrown away.
            [] => return,
            b"-" => {
                self.counter += 1;
                numbered = format!("#{}", self.counter);
                numbered.as_bytes()
            }
            key => key,
        };
        let section = match self
            .current
            .and_then(|current| self.sections.get_mut(current))
        {
            Some(section) => section,
            None => self.open(Document::DEFAULT.as_bytes()),
        };
        match section
            .key_places
            .get(key)
            .and_then(|&place| section.keys.get_mut(place))
        {
            Some(known) => known.lines.push(place),
            None => {
                section.key_places.insert(key.to_vec(), section.keys.len());
                section.keys.push(Key {
                    name: key.to_vec(),
                    lines: vec![place],
                });
            }
        }
    }

    fn open(&mut self, name: &[u8]) -> &mut Section {
        let next = self.sections.len();
        let place = *self.places.entry(name.to_vec()).or_insert(next);
        if place == next {
            self.sections.push(Section {
                name: name.to_vec(),
                ..Section::default()
            });
        }
        self.current = Some(place);
        &mut self.sections[place]
    }
}
