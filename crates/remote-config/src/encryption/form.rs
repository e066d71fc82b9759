//! How an encrypted file is recognised, taken apart and put together.

use base64::{
    DecodeError, Engine as _,
    alphabet::STANDARD,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use crypto_secretbox::aead::Aead as _;

use super::{ConfigKey, NONCE_BYTES, TAG_BYTES, cipher};
use crate::document::{BYTE_ORDER_MARK, MAX_FILE_BYTES, trimmed};

const HEADER: &[u8] = b"# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\n";
const MARKER: &[u8] = b"RCLONE_ENCRYPT_V0:";
const ANY_MARKER: &[u8] = b"RCLONE_ENCRYPT_V";

/// Encrypted, the largest plain file has a third more bytes; the rest is room for line ends and comments.
pub(crate) const MAX_ENCRYPTED_BYTES: usize = MAX_FILE_BYTES / 2 * 3;

/// Padding is required, and unused bits of the last character are not checked, as in rclone.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Why an encrypted file does not open.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DecryptError {
    /// A character that does not belong there, or an end where more characters must follow.
    #[error("the encrypted text is damaged at byte {position} of the file: no valid base64")]
    Base64 {
        /// The place in the file, in bytes from zero.
        position: usize,
    },
    /// The marker of an encrypted file stands behind other text. rclone would take the file for a plain one.
    #[error(
        "line {line} is the first line of an encrypted text, but other text stands before it; remove that text"
    )]
    LateMarker {
        /// The line of the marker, counted from one.
        line: usize,
    },
    /// The file is encrypted in a way that is not known.
    #[error("the file is encrypted in a newer format than this program knows; update the program")]
    NewerFormat,
    /// The file is not encrypted.
    #[error("the file is not encrypted")]
    NotEncrypted,
    /// Too few bytes to hold even an empty configuration.
    #[error("the encrypted text is cut off: {bytes} bytes are too few even for an empty file")]
    TooShort {
        /// How many bytes there are.
        bytes: usize,
    },
    /// The key does not fit, or something was changed. There is no way to tell which.
    #[error("the password is wrong or the file is damaged; the two cannot be told apart")]
    WrongKey,
}

/// What a file is, by its first line that is neither empty nor a comment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// Encrypted; the data begins at this byte of the file. The marker is on this line, counted from one.
    Encrypted { data: usize, line: usize },
    /// A marker stands on this line, behind other text. rclone would take it for a plain file, and usually fail.
    LateMarker { line: usize },
    /// Encrypted in a newer format.
    Newer { line: usize },
    /// Not encrypted.
    Plain,
}

/// Tells what a file is. A byte order mark at the start is skipped.
pub(crate) fn form(file: &[u8]) -> Form {
    let text = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
    let mut data = file.len() - text.len();
    let mut plain = false;
    for (index, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let number = index + 1;
        data += line.len();
        match trimmed(line) {
            MARKER if plain => return Form::LateMarker { line: number },
            MARKER => return Form::Encrypted { data, line: number },
            [] | [b'#' | b';', ..] => {}
            _ if plain => {}
            line if line.starts_with(ANY_MARKER) => return Form::Newer { line: number },
            _ => plain = true,
        }
    }
    Form::Plain
}

/// The whole file for sealed bytes.
pub(super) fn write(sealed: &[u8]) -> Vec<u8> {
    let mut file = HEADER.to_vec();
    file.extend_from_slice(ENGINE.encode(sealed).as_bytes());
    file
}

/// The decoded bytes of an encrypted file, enough of them to be opened.
pub(crate) struct Sealed {
    nonce: [u8; NONCE_BYTES],
    text: Vec<u8>,
}

impl Sealed {
    pub(crate) fn parse(file: &[u8]) -> Result<Self, DecryptError> {
        let start = match form(file) {
            Form::Encrypted { data, .. } => data,
            Form::Newer { .. } => return Err(DecryptError::NewerFormat),
            Form::LateMarker { line } => return Err(DecryptError::LateMarker { line }),
            Form::Plain => return Err(DecryptError::NotEncrypted),
        };
        let bytes = decode(file, start)?;
        match bytes.split_first_chunk() {
            Some((&nonce, text)) if text.len() >= TAG_BYTES => Ok(Self {
                nonce,
                text: text.to_vec(),
            }),
            _ => Err(DecryptError::TooShort { bytes: bytes.len() }),
        }
    }

    /// The plain text, if the key fits.
    pub(crate) fn open(&self, key: &ConfigKey) -> Option<Vec<u8>> {
        cipher(key).decrypt(&self.nonce.into(), &*self.text).ok()
    }
}

/// Decodes what begins at `start`. Line ends may stand anywhere.
fn decode(file: &[u8], start: usize) -> Result<Vec<u8>, DecryptError> {
    let counts = |byte: &u8| !matches!(byte, b'\r' | b'\n');
    let data = file.get(start..).unwrap_or_default();
    let joined: Vec<u8> = data.iter().copied().filter(counts).collect();
    ENGINE.decode(&joined).map_err(|error| {
        let place = match error {
            DecodeError::InvalidByte(place, _) => place,
            // The end comes too early.
            _ => joined.len(),
        };
        let in_data = data
            .iter()
            .enumerate()
            .filter(|(_, byte)| counts(byte))
            .nth(place);
        DecryptError::Base64 {
            position: in_data.map_or(file.len(), |(place, _)| start + place),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_says_something_decides() {
        let form_of = |text: &str| form(text.as_bytes());
        for text in [
            "",
            "\n\n",
            "# RCLONE_ENCRYPT_V0:\n",
            "[a]\n",
            "RCLONE_ENCRYPT\n",
        ] {
            assert_eq!(form_of(text), Form::Plain, "{text}");
        }
        for (text, data, line) in [
            ("RCLONE_ENCRYPT_V0:", 18, 1),
            ("; x\r\n\u{3000}RCLONE_ENCRYPT_V0:\u{b}\r\nAA", 29, 2),
            ("\u{feff}\nRCLONE_ENCRYPT_V0:\nAA", 23, 2),
        ] {
            assert_eq!(form_of(text), Form::Encrypted { data, line }, "{text}");
        }
        for text in [
            "RCLONE_ENCRYPT_V1:\n",
            "RCLONE_ENCRYPT_V0: AAAA",
            "RCLONE_ENCRYPT_V",
        ] {
            assert_eq!(form_of(text), Form::Newer { line: 1 }, "{text}");
        }
        let late = Form::LateMarker { line: 3 };
        assert_eq!(form_of("[a]\nx = 1\n RCLONE_ENCRYPT_V0:\nAA"), late);
        // Only the marker itself is foreign to a plain file; a value may say what it wants.
        assert_eq!(form_of("[a]\nRCLONE_ENCRYPT_V1: x\n"), Form::Plain);
    }

    #[test]
    fn damage_is_named_by_its_place() {
        let place = |text: &str| {
            let file = format!("RCLONE_ENCRYPT_V0:\n{text}");
            match Sealed::parse(file.as_bytes()) {
                Err(DecryptError::Base64 { position }) => position - 19,
                Err(error) => panic!("{text}: {error}"),
                Ok(_) => panic!("{text} is accepted"),
            }
        };
        assert_eq!(place("AA\r\nA A"), 5);
        assert_eq!(place("AAAA-AAA"), 4);
        assert_eq!(place("AAA=AAAA"), 3);
        assert_eq!(place("AAA"), 3);
        assert_eq!(place("AAAA\nA\n"), 7);
    }

    #[test]
    fn an_empty_configuration_has_forty_bytes() {
        let key = ConfigKey::from_bytes([7; 32]);
        let file = crate::encryption::encrypt(b"", &key);
        let data = file.strip_prefix(HEADER).unwrap();
        assert_eq!(ENGINE.decode(data).unwrap().len(), 40);
        assert_eq!(crate::encryption::decrypt(&file, &key), Ok(Vec::new()));
        let cut = [HEADER, ENGINE.encode([0; 39]).as_bytes()].concat();
        assert_eq!(
            crate::encryption::decrypt(&cut, &key),
            Err(DecryptError::TooShort { bytes: 39 })
        );
    }
}
