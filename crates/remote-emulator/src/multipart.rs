//! A streaming parser for `multipart/form-data` bodies.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::{Finder, find};

use crate::body::{BodyError, RequestBody};

/// Headers of one part may not be longer than this.
const PART_HEAD_LIMIT: usize = 64 * 1024;

/// Why a multipart body cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum MultipartError {
    #[error("the body broke off")]
    Body(BodyError),
    #[error("{0}")]
    Malformed(&'static str),
}

impl From<BodyError> for MultipartError {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

/// The boundary of a `multipart/form-data` content type.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parameter(parameters, "boundary").unwrap_or_default();
    Some(value)
}

/// The value of a `name=value` or `name="value"` parameter of a header.
fn parameter(parameters: &str, name: &str) -> Option<String> {
    let mut rest = parameters;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        if rest.is_empty() {
            return None;
        }
        let (key, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => after
                .split_once(';')
                .map_or((after.trim().to_owned(), ""), |(v, r)| {
                    (v.trim().to_owned(), r)
                }),
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = after;
    }
}

fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((index, char)) = chars.next() {
        match char {
            '"' => return (value, text.get(index + 1..).unwrap_or_default()),
            '\\' => value.extend(chars.next().map(|(_, next)| next)),
            _ => value.push(char),
        }
    }
    (value, "")
}

/// The head of one part.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Part {
    /// The name of the form field.
    pub(crate) name: String,
    /// The file name, for parts that are files.
    pub(crate) filename: Option<String>,
}

/// Reads the parts of a body one after the other without keeping their content.
#[derive(Debug)]
pub(crate) struct Multipart<'a> {
    body: &'a mut RequestBody,
    parser: Parser,
}

impl<'a> Multipart<'a> {
    pub(crate) fn new(body: &'a mut RequestBody, boundary: &str) -> Self {
        Self {
            body,
            parser: Parser::new(boundary),
        }
    }

    /// The next part, after the rest of the current one; `None` after the closing boundary.
    pub(crate) async fn next_part(&mut self) -> Result<Option<Part>, MultipartError> {
        while self.chunk().await?.is_some() {}
        loop {
            if let Some(step) = self.parser.head()? {
                return Ok(step);
            }
            self.fill().await?;
        }
    }

    /// The next piece of the current part; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, MultipartError> {
        loop {
            match self.parser.content() {
                Piece::Bytes(bytes) => return Ok(Some(bytes)),
                Piece::End => return Ok(None),
                Piece::More => self.fill().await?,
            }
        }
    }

    async fn fill(&mut self) -> Result<(), MultipartError> {
        match self.body.chunk().await? {
            Some(bytes) => {
                self.parser.feed(bytes);
                Ok(())
            }
            None => Err(MultipartError::Malformed(
                "multipart body without its closing boundary",
            )),
        }
    }
}

#[derive(Debug, Eq, PartialEq)]
enum Piece {
    Bytes(Bytes),
    End,
    More,
}

#[derive(Debug, Eq, PartialEq)]
enum Place {
    /// Before the first boundary or right behind one.
    Between,
    Inside,
    Done,
}

#[derive(Debug)]
struct Parser {
    /// `\r\n--boundary`; the body is read as if a line end came before it, so that the first one is found alike.
    delimiter: Finder<'static>,
    buffer: BytesMut,
    place: Place,
    started: bool,
}

impl Parser {
    fn new(boundary: &str) -> Self {
        Self {
            delimiter: Finder::new(&format!("\r\n--{boundary}")).into_owned(),
            buffer: BytesMut::from(&b"\r\n"[..]),
            place: Place::Inside,
            started: false,
        }
    }

    fn feed(&mut self, bytes: Bytes) {
        if self.buffer.is_empty() {
            // Usually the only reference, so nothing is copied.
            self.buffer = BytesMut::from(bytes);
        } else {
            self.buffer.extend_from_slice(&bytes);
        }
    }

    /// `Some(None)` after the closing boundary; `None` when more bytes are needed.
    fn head(&mut self) -> Result<Option<Option<Part>>, MultipartError> {
        match self.place {
            Place::Done => return Ok(Some(None)),
            Place::Inside => return Ok(None),
            Place::Between => {}
        }
        if self.buffer.starts_with(b"--") {
            self.place = Place::Done;
            return Ok(Some(None));
        }
        let Some(end) = find(&self.buffer, b"\r\n\r\n") else {
            if self.buffer.len() > PART_HEAD_LIMIT {
                return Err(MultipartError::Malformed(
                    "multipart part with a head that is too long",
                ));
            }
            return Ok(None);
        };
        let head = self.buffer.split_to(end);
        self.buffer.advance(4);
        self.place = Place::Inside;
        Ok(Some(Some(part(&String::from_utf8_lossy(&head)))))
    }

    fn content(&mut self) -> Piece {
        if self.place != Place::Inside {
            return Piece::End;
        }
        if let Some(at) = self.delimiter.find(&self.buffer) {
            if at > 0 && self.started {
                return Piece::Bytes(self.buffer.split_to(at).freeze());
            }
            self.buffer.advance(at + self.delimiter.needle().len());
            self.place = Place::Between;
            self.started = true;
            return Piece::End;
        }
        // The tail may be the beginning of a delimiter.
        let safe = self
            .buffer
            .len()
            .saturating_sub(self.delimiter.needle().len() - 1);
        if safe == 0 {
            return Piece::More;
        }
        let bytes = self.buffer.split_to(safe).freeze();
        // What comes before the first boundary belongs to no part.
        if self.started {
            Piece::Bytes(bytes)
        } else {
            Piece::More
        }
    }
}

fn part(head: &str) -> Part {
    let disposition = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("content-disposition")
            .then(|| value.trim().to_owned())
    });
    let disposition = disposition.unwrap_or_default();
    let parameters = disposition.split_once(';').map_or("", |(_, rest)| rest);
    Part {
        name: parameter(parameters, "name").unwrap_or_default(),
        filename: parameter(parameters, "filename"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses `body` delivered in pieces of `step` bytes.
    fn parse(body: &[u8], step: usize) -> Result<Vec<(Part, Vec<u8>)>, &'static str> {
        let mut parser = Parser::new("XX");
        let mut pieces = body.chunks(step);
        let mut parts: Vec<(Part, Vec<u8>)> = Vec::new();
        loop {
            match parser.content() {
                Piece::Bytes(bytes) => parts.last_mut().unwrap().1.extend_from_slice(&bytes),
                Piece::More => {
                    parser.feed(Bytes::copy_from_slice(pieces.next().ok_or("unfinished")?));
                }
                Piece::End => match parser.head().unwrap() {
                    Some(Some(part)) => parts.push((part, Vec::new())),
                    Some(None) => return Ok(parts),
                    None => parser.feed(Bytes::copy_from_slice(pieces.next().ok_or("unfinished")?)),
                },
            }
        }
    }

    const BODY: &[u8] = b"preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n--XX\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".txt\"\r\nContent-Type: text/plain\r\n\r\nline\r\n--X\r\n\r\n--XX--\r\nepilogue";

    #[test]
    fn parts_are_found_however_the_body_is_cut() {
        for step in 1..=BODY.len() {
            let parts = parse(BODY, step).unwrap();
            assert_eq!(parts.len(), 2, "{step}");
            assert_eq!(parts[0].0.name, "note");
            assert_eq!(parts[0].1, b"hi");
            assert_eq!(parts[1].0.filename.as_deref(), Some("a \"b\".txt"));
            assert_eq!(parts[1].1, b"line\r\n--X\r\n", "{step}");
        }
    }

    #[test]
    fn a_body_without_its_closing_boundary_is_refused_at_every_length() {
        let end = find(BODY, b"--XX--").unwrap() + 6;
        for length in 0..end {
            assert_eq!(parse(&BODY[..length], 7), Err("unfinished"), "{length}");
        }
        assert!(parse(&BODY[..end], 7).is_ok());
    }

    #[test]
    fn an_empty_file_is_a_part() {
        let parts = parse(b"--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"dummy\"\r\n\r\n\r\n--XX--\r\n", 3).unwrap();
        assert_eq!(parts[0].1, b"");
    }

    #[test]
    fn the_boundary_is_taken_from_the_content_type() {
        assert_eq!(
            boundary("multipart/form-data; boundary=abc").as_deref(),
            Some("abc")
        );
        assert_eq!(
            boundary("Multipart/Form-Data; charset=x; boundary=\"a;b\"").as_deref(),
            Some("a;b")
        );
        assert_eq!(boundary("application/octet-stream"), None);
    }
}
