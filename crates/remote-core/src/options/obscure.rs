//! Obscured passwords: hidden from a glance, **not** encrypted.
//!
//! The key is the same everywhere and public. Whoever can read the configuration file can reveal its passwords.

use crate::secret::Secret;
use aes::Aes256;
use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit as _, StreamCipher as _},
};

/// Random bytes in front of each obscured password.
pub const IV_BYTES: usize = 16;

/// The key all rclone-compatible programs share.
const KEY: [u8; 32] = [
    0x9c, 0x93, 0x5b, 0x48, 0x73, 0x0a, 0x55, 0x4d, 0x6b, 0xfd, 0x7c, 0x63, 0xc8, 0x86, 0xa9, 0x2b,
    0xd3, 0x90, 0x19, 0x8e, 0xb8, 0x12, 0x8a, 0xfb, 0xf4, 0xde, 0x16, 0x2b, 0x8b, 0x95, 0xf6, 0x38,
];

/// Characters that do not use all their bits are accepted at the end, because rclone does not check them.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// A text that was never obscured, or has been damaged.
///
/// A wrong text of at least 22 characters of the alphabet is not noticed; it reveals to something else.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RevealError {
    /// A foreign character, counted in bytes from zero, or a single one left over at the end.
    #[error("the value is not an obscured password: illegal base64 data at byte {0}")]
    Base64(usize),
    /// Revealed, but no Unicode text.
    #[error("the revealed password is not Unicode text")]
    NotText,
    /// Fewer than 16 bytes, so that the random part is incomplete.
    #[error("the value is too short to be an obscured password")]
    TooShort,
}

/// A secret as it was found where it may be stored obscured: what it means, and what stands there.
///
/// Some services are given the obscured text itself by rclone, and have to be given it again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredSecret {
    revealed: Secret,
    stored: Option<Secret>,
}

impl StoredSecret {
    /// Reads a stored text. One that cannot be revealed was never obscured, and is taken as it is.
    #[must_use]
    pub fn new(stored: Secret) -> Self {
        match reveal(stored.expose()) {
            Ok(revealed) => Self {
                revealed,
                stored: Some(stored),
            },
            Err(_plain) => Self::plain(stored),
        }
    }

    /// A secret that is known in the clear.
    #[must_use]
    pub fn plain(secret: Secret) -> Self {
        Self {
            revealed: secret,
            stored: None,
        }
    }

    /// The secret.
    #[must_use]
    pub fn revealed(&self) -> &Secret {
        &self.revealed
    }

    /// The text as it stands there, if it is another one: it may be the secret itself and only look obscured.
    #[must_use]
    pub fn stored(&self) -> Option<&Secret> {
        self.stored.as_ref()
    }
}

/// Obscures a password with fresh random bytes, so that the result is different each time.
///
/// # Examples
///
/// ```
/// use remote_core::options::obscure::{obscure, reveal};
/// use remote_core::secret::Secret;
///
/// let obscured = obscure(&Secret::new("potato"));
/// assert_eq!(reveal(&obscured)?.expose(), "potato");
/// # Ok::<(), remote_core::options::obscure::RevealError>(())
/// ```
#[must_use]
pub fn obscure(password: &Secret) -> String {
    obscure_with(password.expose().as_bytes(), rand::random())
}

/// Obscures bytes with the given random bytes.
#[must_use]
pub fn obscure_with(password: &[u8], iv: [u8; IV_BYTES]) -> String {
    let mut bytes = iv.to_vec();
    bytes.extend_from_slice(password);
    let (_, text) = bytes.split_at_mut(IV_BYTES);
    apply(iv, text);
    ENGINE.encode(bytes)
}

/// Reveals a password.
///
/// # Errors
///
/// The text cannot be the result of [`obscure`], or the password is not Unicode text.
pub fn reveal(obscured: &str) -> Result<Secret, RevealError> {
    let bytes = reveal_bytes(obscured)?;
    String::from_utf8(bytes)
        .map(Secret::new)
        .or(Err(RevealError::NotText))
}

/// Reveals a password that need not be Unicode text.
///
/// # Errors
///
/// The text cannot be the result of [`obscure_with`].
pub fn reveal_bytes(obscured: &str) -> Result<Vec<u8>, RevealError> {
    let mut bytes = decode(obscured)?;
    let Some((&iv, text)) = bytes
        .split_first_chunk_mut::<IV_BYTES>()
        .map(|(iv, text)| (&*iv, text))
    else {
        return Err(RevealError::TooShort);
    };
    apply(iv, text);
    Ok(text.to_vec())
}

/// Counter mode is its own inverse.
fn apply(iv: [u8; IV_BYTES], text: &mut [u8]) {
    Ctr128BE::<Aes256>::new(&KEY.into(), &iv.into()).apply_keystream(text);
}

/// Line ends may stand anywhere.
fn decode(text: &str) -> Result<Vec<u8>, RevealError> {
    let foreign =
        |byte: u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'\r' | b'\n'));
    if let Some(place) = text.bytes().position(foreign) {
        return Err(RevealError::Base64(place));
    }
    let joined: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    ENGINE
        .decode(joined)
        .or(Err(RevealError::Base64(text.len().saturating_sub(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_pairs_match() {
        for (iv, password, obscured) in [
            (
                b"aaaaaaaaaaaaaaaa",
                "potato",
                "YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ",
            ),
            (
                b"bbbbbbbbbbbbbbbb",
                "potato",
                "YmJiYmJiYmJiYmJiYmJiYp3gcEWbAw",
            ),
            (b"aaaaaaaaaaaaaaaa", "", "YWFhYWFhYWFhYWFhYWFhYQ"),
        ] {
            assert_eq!(obscure_with(password.as_bytes(), *iv), obscured);
            assert_eq!(reveal(obscured).unwrap().expose(), password);
        }
    }

    #[test]
    fn obscuring_twice_gives_different_texts() {
        let password = Secret::new("potato");
        assert_ne!(obscure(&password), obscure(&password));
    }

    #[test]
    fn a_password_that_is_no_text_is_revealed_as_bytes_only() {
        let obscured = obscure_with(b"\xff", [7; IV_BYTES]);
        assert_eq!(reveal(&obscured), Err(RevealError::NotText));
        assert_eq!(reveal_bytes(&obscured), Ok(vec![0xff]));
    }
}
