//! Encrypted configuration files, as rclone writes and reads them.
//!
//! The whole text is sealed with the secretbox of `NaCl` (XSalsa20-Poly1305). The key is a single SHA-256 of the password, without salt and
//! without repetition, so **the safety of the file rests on the password alone**: choose a long one.
//!
//! Most programs need nothing of this module but [`PasswordSources`]: a [`Store`](crate::store::Store) that has them opens encrypted
//! files and saves them encrypted. The functions here work on bytes and do no I/O.
//!
//! # Examples
//!
//! ```
//! use remote_config::encryption::{ConfigKey, decrypt, encrypt, is_encrypted};
//! use remote_core::secret::Secret;
//!
//! let key = ConfigKey::derive(&Secret::new("correct horse battery staple"))?;
//! let file = encrypt(b"[koofr]\ntype = koofr\n", &key);
//! assert!(is_encrypted(&file));
//! assert_eq!(decrypt(&file, &key)?, b"[koofr]\ntype = koofr\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod command;
mod form;
mod key;
mod password;

use crypto_secretbox::{KeyInit as _, XSalsa20Poly1305, aead::Aead as _};

pub use self::{
    command::{COMMAND_TIMEOUT, CommandError, MAX_PASSWORD_BYTES, PasswordCommand},
    form::DecryptError,
    key::{ConfigKey, KEY_BYTES, PasswordError},
    password::{MAX_ATTEMPTS, PasswordOrigin, PasswordSources, Prompt, UnlockError},
};
pub(crate) use self::{
    form::{Form, MAX_ENCRYPTED_BYTES, Sealed, form},
    password::Unlocked,
};

/// Random bytes in front of each encrypted text.
pub const NONCE_BYTES: usize = 24;

/// What follows the nonce before the first encrypted byte: the code that shows damage.
const TAG_BYTES: usize = 16;

/// Encrypts the text of a configuration with fresh random bytes, so that the result is different each time. Returns the whole file.
#[must_use]
pub fn encrypt(plain: &[u8], key: &ConfigKey) -> Vec<u8> {
    encrypt_with(plain, key, rand::random())
}

/// Encrypts the text of a configuration with the given random bytes, which must never be used twice with the same key.
#[must_use]
pub fn encrypt_with(plain: &[u8], key: &ConfigKey, nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
    // Sealing fails only beyond sizes that no memory holds.
    let sealed = cipher(key)
        .encrypt(&nonce.into(), plain)
        .unwrap_or_default();
    form::write(&[&nonce[..], &sealed].concat())
}

/// Decrypts a file.
///
/// # Errors
///
/// [`WrongKey`](DecryptError::WrongKey) if the key is not the one the file was encrypted with, or the file is damaged;
/// [`NotEncrypted`](DecryptError::NotEncrypted) for a plain file; the other kinds say what is damaged, or that the format is newer.
pub fn decrypt(file: &[u8], key: &ConfigKey) -> Result<Vec<u8>, DecryptError> {
    Sealed::parse(file)?.open(key).ok_or(DecryptError::WrongKey)
}

/// Whether a file is encrypted, be it in a format that is not known here.
#[must_use]
pub fn is_encrypted(file: &[u8]) -> bool {
    matches!(form(file), Form::Encrypted { .. } | Form::Newer { .. })
}

fn cipher(key: &ConfigKey) -> XSalsa20Poly1305 {
    XSalsa20Poly1305::new(key.expose().into())
}
