//! Cuts a stream of bytes into the JSON objects it is made of, whatever is between them.

use bytes::{Buf as _, BytesMut};
use remote_core::error::{Error, ErrorKind, Result};

/// Finds where one object ends and the next one begins, looking at each byte once.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    buffer: BytesMut,
    scanned: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Splitter {
    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ErrorKind::TooLarge) if an object has more than `limit` bytes.
    pub(crate) fn push(&mut self, bytes: &[u8], limit: usize) -> Result<()> {
        if self.buffer.len() > limit {
            return Err(Error::with_message(
                ErrorKind::TooLarge,
                format!("an object of the answer has more than {limit} bytes"),
            ));
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The next complete object, if there is one.
    pub(crate) fn next(&mut self) -> Result<Option<BytesMut>> {
        while let Some(&byte) = self.buffer.get(self.scanned) {
            if self.depth == 0 && byte != b'{' {
                if !byte.is_ascii_whitespace() {
                    return Err(Error::with_message(
                        ErrorKind::Protocol,
                        "the answer has something that is not an object in it",
                    ));
                }
                self.buffer.advance(1);
                continue;
            }
            self.scanned += 1;
            self.take(byte);
            if self.depth == 0 {
                let object = self.buffer.split_to(self.scanned);
                self.scanned = 0;
                return Ok(Some(object));
            }
        }
        Ok(None)
    }

    fn take(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            _ if self.in_string => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// Whether an object was begun and not ended.
    pub(crate) fn is_within(&self) -> bool {
        !self.buffer.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, piece: usize) -> Vec<String> {
        let mut splitter = Splitter::default();
        let mut found = Vec::new();
        for piece in text.as_bytes().chunks(piece) {
            splitter.push(piece, 1000).unwrap();
            while let Some(object) = splitter.next().unwrap() {
                found.push(String::from_utf8(object.to_vec()).unwrap());
            }
        }
        found
    }

    #[test]
    fn objects_are_found_wherever_the_pieces_end() {
        let text = "\n{\"a\":\"}\\\"{\"}{\"b\":[{}]} \r\n\r\n{\"end\":true}\n";
        for piece in 1..text.len() {
            assert_eq!(
                split(text, piece),
                ["{\"a\":\"}\\\"{\"}", "{\"b\":[{}]}", "{\"end\":true}"]
            );
        }
    }

    #[test]
    fn what_is_no_object_or_too_long_is_refused() {
        let mut splitter = Splitter::default();
        splitter.push(b"<html>", 100).unwrap();
        assert_eq!(splitter.next().unwrap_err().kind(), ErrorKind::Protocol);
        let mut splitter = Splitter::default();
        let mut refused = false;
        for _ in 0..50 {
            if let Err(error) = splitter.push(b"{\"a\":{\"b\":", 100) {
                refused = error.kind() == ErrorKind::TooLarge;
                break;
            }
            assert!(splitter.next().unwrap().is_none() && splitter.is_within());
        }
        assert!(refused);
    }
}
