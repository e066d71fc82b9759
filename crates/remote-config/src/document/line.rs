//! The grammar of one line.

use std::ops::Range;

use super::ParseErrorKind;

/// A line with its line end, and what it means. The ranges point into the text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Line {
    pub(crate) text: Vec<u8>,
    pub(crate) meaning: Meaning,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Meaning {
    Blank,
    /// The trimmed comment with its marker.
    Comment(Range<usize>),
    /// The name between the brackets; it may be empty.
    Header(Range<usize>),
    Entry(Entry),
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Range<usize>,
    pub(crate) value: Range<usize>,
    /// The value with its quotes: what is replaced when the value changes.
    pub(crate) field: Range<usize>,
}

impl Line {
    /// Reads one line. `in_unnamed_section` tells whether the header above has no name.
    pub(crate) fn parse(text: &[u8], in_unnamed_section: bool) -> Result<Self, ParseErrorKind> {
        let meaning = meaning(text, in_unnamed_section)?;
        Ok(Self {
            text: text.to_vec(),
            meaning,
        })
    }

    pub(crate) fn part(&self, range: &Range<usize>) -> &[u8] {
        self.text.get(range.clone()).unwrap_or_default()
    }

    pub(crate) fn is_comment(&self) -> bool {
        matches!(self.meaning, Meaning::Comment(_))
    }

    /// The line end, empty at the end of a file without one.
    pub(crate) fn ending(&self) -> &'static str {
        if self.text.ends_with(b"\r\n") {
            "\r\n"
        } else if self.text.ends_with(b"\n") {
            "\n"
        } else {
            ""
        }
    }
}

fn meaning(text: &[u8], in_unnamed_section: bool) -> Result<Meaning, ParseErrorKind> {
    let all = trim(text, 0..text.len());
    let trimmed = text.get(all.clone()).unwrap_or_default();
    match trimmed {
        [] => Ok(Meaning::Blank),
        [b'#' | b';', ..] => Ok(Meaning::Comment(all)),
        [b'[', .., b']'] => Ok(Meaning::Header(trim(text, all.start + 1..all.end - 1))),
        _ if in_unnamed_section => Err(ParseErrorKind::EmptySectionName),
        _ => entry(text, all).map(Meaning::Entry),
    }
}

fn entry(text: &[u8], line: Range<usize>) -> Result<Entry, ParseErrorKind> {
    let (key, separator) = key(text, line.clone())?;
    let field = trim(text, separator + 1..line.end);
    let value = value(text, field.clone())?;
    Ok(Entry { key, value, field })
}

/// Finds the key and the place of the separator.
fn key(text: &[u8], line: Range<usize>) -> Result<(Range<usize>, usize), ParseErrorKind> {
    let bytes = text.get(line.clone()).unwrap_or_default();
    let is_separator = |byte: &u8| matches!(byte, b'=' | b':');
    let quote: &[u8] = match bytes {
        [b'"', b'"', b'"', _, _, _, ..] => b"\"\"\"",
        [b'"', ..] => b"\"",
        [b'`', ..] => b"`",
        _ => {
            let separator = bytes.iter().position(is_separator);
            let separator = separator.ok_or(ParseErrorKind::NoSeparator)?;
            if separator == 0 {
                return Err(ParseErrorKind::EmptyKey);
            }
            let separator = line.start + separator;
            return Ok((trim(text, line.start..separator), separator));
        }
    };
    let inside = line.start + quote.len();
    let length = find(text.get(inside..line.end).unwrap_or_default(), quote);
    let key = inside..inside + length.ok_or(ParseErrorKind::UnclosedQuote)?;
    let rest = text.get(key.end..line.end).unwrap_or_default();
    let separator = rest.iter().position(is_separator);
    let separator = key.end + separator.ok_or(ParseErrorKind::NoSeparator)?;
    Ok((key, separator))
}

/// Finds the value inside its quotes, which are backticks or three double quotes. The last closing quote counts.
fn value(text: &[u8], field: Range<usize>) -> Result<Range<usize>, ParseErrorKind> {
    let bytes = text.get(field.clone()).unwrap_or_default();
    let quote: &[u8] = match bytes {
        [b'`', _, ..] => b"`",
        [b'"', b'"', b'"', _, _, _, ..] => b"\"\"\"",
        _ => return Ok(field),
    };
    let inside = field.start + quote.len();
    let rest = text.get(inside..field.end).unwrap_or_default();
    let length = rest
        .windows(quote.len())
        .rposition(|window| window == quote);
    Ok(inside..inside + length.ok_or(ParseErrorKind::UnclosedQuote)?)
}

pub(crate) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

/// A text without the Unicode white space at its ends.
pub(crate) fn trimmed(text: &[u8]) -> &[u8] {
    text.get(trim(text, 0..text.len())).unwrap_or_default()
}

/// Shrinks a range so that it neither begins nor ends with Unicode white space.
fn trim(text: &[u8], mut range: Range<usize>) -> Range<usize> {
    while let Some(length) = leading_space(text.get(range.clone()).unwrap_or_default()) {
        range.start += length;
    }
    while let Some(length) = trailing_space(text.get(range.clone()).unwrap_or_default()) {
        range.end -= length;
    }
    range
}

/// Whether the text begins or ends with white space, which reading would remove.
pub(crate) fn has_outer_space(text: &[u8]) -> bool {
    leading_space(text).is_some() || trailing_space(text).is_some()
}

/// No white space character needs more bytes in UTF-8.
const LONGEST_SPACE: usize = 3;

fn leading_space(text: &[u8]) -> Option<usize> {
    (1..=LONGEST_SPACE).find(|&length| is_space(text.get(..length)))
}

fn trailing_space(text: &[u8]) -> Option<usize> {
    (1..=LONGEST_SPACE).find(|&length| {
        let start = text.len().checked_sub(length);
        is_space(start.and_then(|start| text.get(start..)))
    })
}

fn is_space(bytes: Option<&[u8]>) -> bool {
    let mut chars = bytes
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .unwrap_or_default()
        .chars();
    chars.next().is_some_and(char::is_whitespace) && chars.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<(String, String)> {
        let line = Line::parse(text.as_bytes(), false).ok()?;
        let Meaning::Entry(entry) = &line.meaning else {
            return None;
        };
        let part = |range| String::from_utf8(line.part(range).to_vec()).ok();
        Some((part(&entry.key)?, part(&entry.value)?))
    }

    #[test]
    fn values_keep_what_their_quotes_protect() {
        for (text, value) in [
            ("k = `back tick`", "back tick"),
            ("k = ` pad `", " pad "),
            ("k = `x` rest", "x"),
            ("k = `a`b`c`", "a`b`c"),
            ("k = a`b", "a`b"),
            ("k = \"\"\" \"q\" \"\"\"", " \"q\" "),
            ("k = \"\"\"\"\"", "\"\"\"\"\""),
            ("k = \"\"\"a\"\"\"\"", "a\""),
            ("k = `", "`"),
            ("k = ``", ""),
            ("k =", ""),
            ("k = \"x\"", "\"x\""),
            ("k = v:w # no comment", "v:w # no comment"),
        ] {
            assert_eq!(parts(text), Some(("k".into(), value.into())), "{text}");
        }
        for text in ["k = `abc", "k = \"\"\"abcdef", "k = \"\"\"\"abc"] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    #[test]
    fn keys_may_be_quoted_too() {
        for (text, key) in [
            ("\"key with = sign\" = 1", "key with = sign"),
            ("\"\"\"triple\"key\"\"\" = 1", "triple\"key"),
            ("` lead`: 1", " lead"),
            ("\"a\" junk = 1", "a"),
            ("\"\" = 1", ""),
        ] {
            assert_eq!(parts(text), Some((key.into(), "1".into())), "{text}");
        }
    }

    #[test]
    fn unicode_white_space_is_trimmed_and_stray_bytes_are_not() {
        assert_eq!(parts("\u{3000}k\u{a0}=\u{85}v\u{2003}"), parts("k=v"));
        let line = Line::parse(b"k = \x85v\xa0\n", false).unwrap();
        let Meaning::Entry(entry) = &line.meaning else {
            panic!("not an entry");
        };
        assert_eq!(line.part(&entry.value), b"\x85v\xa0");
    }
}
