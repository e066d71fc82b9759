//! The key of an encrypted file, and how it comes from a password.

use std::fmt;

use remote_core::secret::Secret;
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// The size of a [`ConfigKey`].
pub const KEY_BYTES: usize = 32;

/// The key of an encrypted configuration file. It is wiped from memory when dropped and does not show in `Debug`.
///
/// Whoever keeps it, in a keyring for example, can open the file without the password.
///
/// # Examples
///
/// ```
/// use remote_config::encryption::ConfigKey;
/// use remote_core::secret::Secret;
///
/// let key = ConfigKey::derive(&Secret::new("asdf"))?;
/// assert_eq!(key.expose()[..4], [0x71, 0xef, 0xa7, 0x52]);
/// assert_eq!(format!("{key:?}"), "ConfigKey(…)");
/// # Ok::<(), remote_config::encryption::PasswordError>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct ConfigKey(Zeroizing<[u8; KEY_BYTES]>);

/// A text that cannot be a password.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PasswordError {
    /// Nothing, or white space only.
    #[error("the password is empty or consists of white space only")]
    Blank,
    /// Bytes that are no Unicode text.
    #[error("the password is not Unicode text in UTF-8")]
    NotText,
}

impl ConfigKey {
    /// Derives the key from a password as rclone does.
    ///
    /// The password is taken as it is, outer blanks included, but for Unicode's compatibility composition (NFKC): however an accent was
    /// typed, the key is the same. As in Go's library, more than 30 combining marks in a row are broken up by a joiner (U+034F).
    ///
    /// # Errors
    ///
    /// [`Blank`](PasswordError::Blank).
    pub fn derive(password: &Secret) -> Result<Self, PasswordError> {
        let password = password.expose();
        if password.chars().all(char::is_whitespace) {
            return Err(PasswordError::Blank);
        }
        let mut hasher = Sha256::new();
        hasher.update("[");
        // Piece by piece, so that no copy of the password stays in memory.
        let mut utf8 = Zeroizing::new([0; 4]);
        for c in password.stream_safe().nfkc() {
            hasher.update(c.encode_utf8(&mut *utf8));
        }
        hasher.update("][rclone-config]");
        Ok(Self(Zeroizing::new(hasher.finalize().into())))
    }

    /// Derives the key from a password that may not be text, such as the value of an environment variable.
    ///
    /// # Errors
    ///
    /// [`Blank`](PasswordError::Blank) and [`NotText`](PasswordError::NotText).
    pub fn derive_from_bytes(password: &[u8]) -> Result<Self, PasswordError> {
        match std::str::from_utf8(password) {
            Ok(password) => Self::derive(&Secret::new(password)),
            Err(_) => Err(PasswordError::NotText),
        }
    }

    /// Takes a key that was kept elsewhere.
    #[must_use]
    pub fn from_bytes(key: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// The key itself. Every use of this method deserves a second look.
    #[must_use]
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl fmt::Debug for ConfigKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConfigKey(…)")
    }
}
