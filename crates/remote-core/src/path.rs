//! Where an entry is, relative to the root of a remote.

use std::{borrow::Cow, fmt, str::FromStr};

use bytes::Bytes;

use crate::encoding::Encoding;

/// The longest path that is accepted, in bytes; far beyond what any of the services stores, short enough to bound memory.
pub const MAX_PATH_BYTES: usize = 64 * 1024;

/// A path relative to the root of a remote: names in rclone's Standard form, joined by `/`.
///
/// The Standard form ([`Encoding::STANDARD`]) replaces the characters that cannot stand in a path (`/` inside a name, NUL, control characters,
/// the names `.` and `..`) by look-alikes, so that every name that any service or file system can hold has exactly one spelling here. Names that are
/// free of such characters, nearly all, read as they are. Bytes that are not UTF-8 are kept; they print as U+FFFD.
///
/// A path never begins or ends with `/`, has no empty, `.` or `..` segment, and is at most [`MAX_PATH_BYTES`] long. The root is the empty path.
/// Paths compare byte by byte; whether the service tells upper from lower case is told by
/// [`CaseRule`](crate::capabilities::CaseRule). Cloning and [`parent`](Self::parent) do not copy the text.
///
/// # Examples
///
/// ```
/// use remote_core::path::RemotePath;
///
/// let path = RemotePath::parse("/photos//2026/a.jpg")?;
/// assert_eq!(path.to_string(), "photos/2026/a.jpg");
/// assert_eq!(path.name(), Some(&b"a.jpg"[..]));
/// assert_eq!(path.parent().unwrap().to_string(), "photos/2026");
///
/// // A name with a slash of its own, as some services allow.
/// let odd = RemotePath::root().child(b"AC/DC")?;
/// assert_eq!(odd.to_string(), "AC／DC");
/// assert_eq!(odd.raw_name().as_ref(), b"AC/DC");
/// # Ok::<(), remote_core::path::ParsePathError>(())
/// ```
#[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RemotePath(Bytes);

/// Why a text is not a path.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParsePathError {
    /// `..` leads out of the remote's root.
    #[error("path leads above the root of the remote")]
    AboveRoot,
    /// A name has no characters.
    #[error("name is empty")]
    EmptyName,
    /// The path is longer than [`MAX_PATH_BYTES`].
    #[error("path is longer than {MAX_PATH_BYTES} bytes")]
    TooLong,
}

impl From<ParsePathError> for crate::error::Error {
    fn from(error: ParsePathError) -> Self {
        Self::with_message(crate::error::ErrorKind::InvalidInput, error.to_string())
            .with_source(error)
    }
}

impl RemotePath {
    /// The root of the remote.
    #[must_use]
    pub const fn root() -> Self {
        Self(Bytes::new())
    }

    /// Reads a path as a person or rclone writes it: names in Standard form between slashes.
    ///
    /// Leading, trailing and doubled slashes and `.` are dropped and `..` takes the name before it away. Control characters and other
    /// spellings that the Standard form does not have are brought into it.
    ///
    /// # Errors
    ///
    /// [`ParsePathError::AboveRoot`] if `..` leads out of the root, [`ParsePathError::TooLong`] beyond [`MAX_PATH_BYTES`].
    pub fn parse(text: &str) -> Result<Self, ParsePathError> {
        Self::parse_bytes(text.as_bytes())
    }

    /// Like [`parse`](Self::parse), for text that need not be UTF-8.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_bytes(text: &[u8]) -> Result<Self, ParsePathError> {
        let mut path = Vec::with_capacity(text.len());
        for segment in text.split(|&byte| byte == b'/') {
            match segment {
                b"" | b"." => {}
                b".." => pop(&mut path)?,
                _ => push(&mut path, &canonical(segment)),
            }
        }
        Self::bounded(path)
    }

    /// The path of an entry of this directory, by its true name: any bytes, slashes and NUL included.
    ///
    /// # Errors
    ///
    /// [`ParsePathError::EmptyName`] for an empty name, [`ParsePathError::TooLong`] beyond [`MAX_PATH_BYTES`].
    pub fn child(&self, raw_name: &[u8]) -> Result<Self, ParsePathError> {
        if raw_name.is_empty() {
            return Err(ParsePathError::EmptyName);
        }
        self.with_segment(&Encoding::STANDARD.encode(raw_name))
    }

    /// This path followed by another one.
    ///
    /// # Errors
    ///
    /// [`ParsePathError::TooLong`] beyond [`MAX_PATH_BYTES`].
    pub fn join(&self, below: &Self) -> Result<Self, ParsePathError> {
        match (self.is_root(), below.is_root()) {
            (true, _) => Ok(below.clone()),
            (_, true) => Ok(self.clone()),
            _ => self.with_segment(&below.0),
        }
    }

    /// This path followed by a text that is read like [`parse`](Self::parse) reads it; `..` cannot lead out of this path.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn join_str(&self, below: &str) -> Result<Self, ParsePathError> {
        self.join(&Self::parse(below)?)
    }

    /// The directory that holds this entry, none for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let end = self.0.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
        Some(Self(self.0.slice(..end)))
    }

    /// The last name in Standard form, none for the root.
    #[must_use]
    pub fn name(&self) -> Option<&[u8]> {
        self.segments().next_back()
    }

    /// The last name as it truly is, empty for the root.
    #[must_use]
    pub fn raw_name(&self) -> Cow<'_, [u8]> {
        Encoding::STANDARD.decode(self.name().unwrap_or_default())
    }

    /// The names from the root on, in Standard form.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &[u8]> + use<'_> {
        self.0
            .split(|&byte| byte == b'/')
            .filter(|segment| !segment.is_empty())
    }

    /// All paths above this one, the nearest first, ending with the root.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + use<> {
        std::iter::successors(self.parent(), Self::parent)
    }

    /// How many names the path has; the root has none.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.segments().count()
    }

    /// Whether this is the root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this path is `dir` or lies below it.
    #[must_use]
    pub fn starts_with(&self, dir: &Self) -> bool {
        self.strip_prefix(dir).is_some()
    }

    /// What remains of this path below `dir`, none if it does not lie there.
    #[must_use]
    pub fn strip_prefix(&self, dir: &Self) -> Option<Self> {
        if dir.is_root() {
            return Some(self.clone());
        }
        match self.0.strip_prefix(dir.as_bytes())? {
            [] => Some(Self::root()),
            [b'/', ..] => Some(Self(self.0.slice(dir.0.len() + 1..))),
            _ => None,
        }
    }

    /// The path in Standard form.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path in Standard form, none if it is not UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The path in Standard form with U+FFFD for bytes that are not UTF-8.
    #[must_use]
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    fn with_segment(&self, segment: &[u8]) -> Result<Self, ParsePathError> {
        let mut path = Vec::with_capacity(self.0.len() + 1 + segment.len());
        path.extend_from_slice(&self.0);
        push(&mut path, segment);
        Self::bounded(path)
    }

    fn bounded(path: Vec<u8>) -> Result<Self, ParsePathError> {
        if path.len() > MAX_PATH_BYTES {
            return Err(ParsePathError::TooLong);
        }
        Ok(Self(path.into()))
    }
}

/// A segment in the one spelling that stands for its name.
fn canonical(segment: &[u8]) -> Cow<'_, [u8]> {
    match Encoding::STANDARD.decode(segment) {
        Cow::Borrowed(raw) => Encoding::STANDARD.encode(raw),
        Cow::Owned(raw) => Cow::Owned(Encoding::STANDARD.encode(&raw).into_owned()),
    }
}

fn push(path: &mut Vec<u8>, segment: &[u8]) {
    if !path.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(segment);
}

fn pop(path: &mut Vec<u8>) -> Result<(), ParsePathError> {
    if path.is_empty() {
        return Err(ParsePathError::AboveRoot);
    }
    let end = path.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
    path.truncate(end);
    Ok(())
}

impl fmt::Display for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

impl fmt::Debug for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string_lossy(), f)
    }
}

impl FromStr for RemotePath {
    type Err = ParsePathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RemotePath {
        RemotePath::parse(text).unwrap()
    }

    #[test]
    fn parsing_drops_what_means_nothing() {
        for text in ["a/b", "/a/b", "a//b/", "./a/./b", "a/x/../b", "/a/b///"] {
            assert_eq!(path(text), path("a/b"), "{text}");
        }
        assert!(path("").is_root() && path("/").is_root() && path("a/..").is_root());
    }

    #[test]
    fn nothing_leads_above_the_root() {
        for text in ["..", "../a", "a/../..", "/.."] {
            assert_eq!(
                RemotePath::parse(text),
                Err(ParsePathError::AboveRoot),
                "{text}"
            );
        }
        assert_eq!(path("a").join_str("../b"), Err(ParsePathError::AboveRoot));
    }

    #[test]
    fn names_get_their_standard_form() {
        assert_eq!(path("a\u{1}b").to_string(), "a␁b");
        assert_eq!(RemotePath::root().child(b"..").unwrap().to_string(), "．．");
        assert_eq!(
            RemotePath::root().child(b"..").unwrap().raw_name().as_ref(),
            b".."
        );
        assert_eq!(path("a／b").raw_name().as_ref(), b"a/b");
    }

    #[test]
    fn bytes_that_are_not_text_survive() {
        let path = RemotePath::parse_bytes(b"caf\xe9/x").unwrap();
        assert_eq!(path.as_bytes(), b"caf\xe9/x");
        assert_eq!(path.as_str(), None);
        assert_eq!(path.to_string(), "caf\u{fffd}/x");
    }

    #[test]
    fn prefixes_end_at_a_slash() {
        assert_eq!(path("a/b/c").strip_prefix(&path("a/b")), Some(path("c")));
        assert_eq!(path("a/bc").strip_prefix(&path("a/b")), None);
        assert_eq!(path("a").strip_prefix(&path("a")), Some(RemotePath::root()));
        assert_eq!(path("a").strip_prefix(&RemotePath::root()), Some(path("a")));
    }

    #[test]
    fn ancestors_end_with_the_root() {
        let above: Vec<_> = path("a/b/c").ancestors().collect();
        assert_eq!(above, [path("a/b"), path("a"), RemotePath::root()]);
        assert_eq!(RemotePath::root().ancestors().count(), 0);
        assert_eq!(path("a/b/c").depth(), 3);
    }

    #[test]
    fn length_is_bounded() {
        let long = "x".repeat(MAX_PATH_BYTES + 1);
        assert_eq!(RemotePath::parse(&long), Err(ParsePathError::TooLong));
        assert_eq!(
            path("a").child(long.as_bytes()),
            Err(ParsePathError::TooLong)
        );
        assert_eq!(
            RemotePath::root().child(b""),
            Err(ParsePathError::EmptyName)
        );
    }
}
