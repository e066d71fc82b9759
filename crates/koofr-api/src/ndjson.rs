//! Splitting a stream of bytes into lines, with a bound on their length and without copying those that arrive in one piece.

use remote_core::error::{Error, ErrorKind, Result};

/// Longest line of a recursive listing: a thousand times what an entry with a long path takes.
pub(crate) const MAX_LINE_BYTES: usize = 1024 * 1024;

/// Collects the lines of a stream.
#[derive(Debug, Default)]
pub(crate) struct LineSplitter {
    /// The beginning of a line whose end has not arrived; its memory is used again for the next one.
    partial: Vec<u8>,
    /// Lines handed out, for messages.
    lines: u64,
}

impl LineSplitter {
    /// Hands every line that ends in `chunk` to `visit`, without its line break; keeps the rest.
    pub(crate) fn feed(
        &mut self,
        chunk: &[u8],
        mut visit: impl FnMut(&[u8], u64) -> Result<()>,
    ) -> Result<()> {
        let mut rest = chunk;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            self.lines += 1;
            if self.partial.is_empty() {
                check_length(line.len())?;
                visit(line, self.lines)?;
            } else {
                check_length(self.partial.len() + line.len())?;
                self.partial.extend_from_slice(line);
                let result = visit(&self.partial, self.lines);
                self.partial.clear();
                result?;
            }
        }
        check_length(self.partial.len() + rest.len())?;
        self.partial.extend_from_slice(rest);
        Ok(())
    }

    /// Whether the stream ended in the middle of a line.
    pub(crate) fn is_cut_off(&self) -> bool {
        !self.partial.trim_ascii().is_empty()
    }
}

fn check_length(length: usize) -> Result<()> {
    if length <= MAX_LINE_BYTES {
        return Ok(());
    }
    Err(Error::with_message(
        ErrorKind::Protocol,
        format!("a line of the listing is longer than {MAX_LINE_BYTES} bytes"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(chunks: &[&[u8]]) -> (Vec<String>, bool) {
        let mut splitter = LineSplitter::default();
        let mut lines = Vec::new();
        for chunk in chunks {
            let visit = |line: &[u8], _number| {
                lines.push(String::from_utf8_lossy(line).into_owned());
                Ok(())
            };
            splitter.feed(chunk, visit).unwrap();
        }
        (lines, splitter.is_cut_off())
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        let text = b"one\n\ntwo three\nfour\n";
        let (whole, cut) = lines_of(&[text]);
        assert_eq!(
            (whole.as_slice(), cut),
            (
                ["one", "", "two three", "four"]
                    .map(String::from)
                    .as_slice(),
                false
            )
        );
        for size in 1..text.len() {
            let chunks: Vec<&[u8]> = text.chunks(size).collect();
            assert_eq!(lines_of(&chunks), (whole.clone(), false), "{size}");
        }
    }

    #[test]
    fn a_line_without_end_is_noticed() {
        assert!(lines_of(&[b"one\ntw"]).1);
        assert!(!lines_of(&[b"one\n \r"]).1);
    }

    #[test]
    fn endless_lines_are_refused() {
        let mut splitter = LineSplitter::default();
        let chunk = vec![b'x'; MAX_LINE_BYTES / 2];
        assert!(splitter.feed(&chunk, |_, _| Ok(())).is_ok());
        assert!(splitter.feed(&chunk, |_, _| Ok(())).is_ok());
        assert!(splitter.feed(b"x", |_, _| Ok(())).is_err());
    }
}
