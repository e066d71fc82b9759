//! From the bytes of a file to a document and back, encrypted or not.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use zeroize::Zeroizing;

use super::{Stamp, Store, replace};
use crate::{
    document::Document,
    encryption::{
        ConfigKey, DecryptError, Form, MAX_ENCRYPTED_BYTES, Sealed, UnlockError, Unlocked, encrypt,
        form,
    },
    error::Error,
};

/// What a file holds.
pub(super) struct Contents {
    pub(super) document: Document,
    /// Nothing if there is no file.
    pub(super) stamp: Option<Stamp>,
    /// What the file is encrypted with. For a missing file, what it was encrypted with when it was last seen.
    pub(super) key: Option<ConfigKey>,
}

/// How long a file may be missing that rclone is about to put in place.
const RCLONE_SAVES: Duration = Duration::from_secs(1);

/// Reads a file; nothing if there is none.
///
/// rclone saves in two steps: it gives the old file another name, and then the new one the right name. In between there is no file,
/// which must not be mistaken for an empty configuration.
pub(super) fn read(path: &Path) -> Result<Option<(Vec<u8>, Stamp)>, Error> {
    const PAUSE: Duration = Duration::from_millis(5);
    /// Between looking for the one and for the other, rclone may have finished.
    const LOOKS: u32 = 3;
    let deadline = Instant::now() + RCLONE_SAVES;
    let mut looks = 0;
    loop {
        match try_read(path) {
            Ok(file) => return Ok(Some(file)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::Read {
                    path: path.to_owned(),
                    source: error,
                });
            }
            Err(_) if looks >= LOOKS || Instant::now() >= deadline => return Ok(None),
            Err(_) if rclone_is_saving(path) => {
                looks = 0;
                thread::sleep(PAUSE);
            }
            Err(_) => looks += 1,
        }
    }
}

/// Whether the old file lies beside under the name that rclone gives it meanwhile: with `.old` and digits behind.
fn rclone_is_saving(path: &Path) -> bool {
    let Ok(path) = replace::resolve(path) else {
        return false;
    };
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return false;
    };
    let is_old = |other: &OsStr| {
        let digits = other
            .as_encoded_bytes()
            .strip_prefix(name.as_encoded_bytes())
            .and_then(|rest| rest.strip_prefix(b".old"));
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
    };
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| is_old(&entry.file_name()))
}

fn try_read(path: &Path) -> io::Result<(Vec<u8>, Stamp)> {
    let file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    let mut bytes = Vec::new();
    // One byte more than allowed is enough to notice.
    file.take(MAX_ENCRYPTED_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok((bytes, stamp))
}

/// The bytes of a file for a document. What could not be read again is refused.
pub(super) fn bytes(
    path: &Path,
    document: &Document,
    key: Option<&ConfigKey>,
) -> Result<Vec<u8>, Error> {
    let mut plain = Zeroizing::new(document.to_bytes());
    if let Err(source) = Document::parse(&plain) {
        let path = path.to_owned();
        return Err(Error::Unreadable { path, source });
    }
    match (key, form(&plain)) {
        (Some(key), _) => Ok(encrypt(&plain, key)),
        (None, Form::LateMarker { line }) => {
            Err(decrypt_error(path, DecryptError::LateMarker { line }))
        }
        (None, _) => Ok(std::mem::take(&mut *plain)),
    }
}

impl Store {
    /// Makes a document of a file, with a password from the sources if one is needed.
    pub(super) fn open(
        &self,
        path: &Path,
        file: Option<(Vec<u8>, Stamp)>,
    ) -> Result<Contents, Error> {
        self.open_with(path, file, |sealed| {
            self.passwords.unlock(path, sealed).map(Some)
        })
        .and_then(|contents| contents.ok_or_else(|| unlock_error(path, UnlockError::NoPassword)))
    }

    /// The same with the key that is known already; nothing if that is not enough.
    pub(super) fn open_quietly(
        &self,
        path: &Path,
        file: Option<(Vec<u8>, Stamp)>,
    ) -> Result<Option<Contents>, Error> {
        self.open_with(path, file, |_| Ok(None))
    }

    fn open_with(
        &self,
        path: &Path,
        file: Option<(Vec<u8>, Stamp)>,
        unlock: impl FnOnce(&Sealed) -> Result<Option<Unlocked>, UnlockError>,
    ) -> Result<Option<Contents>, Error> {
        let Some((bytes, stamp)) = file else {
            return Ok(Some(Contents {
                document: Document::new(),
                stamp: None,
                key: self.key().clone(),
            }));
        };
        let (document, key) = match form(&bytes) {
            Form::Plain => (parse(path, &bytes)?, None),
            _ => {
                let sealed = Sealed::parse(&bytes).map_err(|error| decrypt_error(path, error))?;
                let known = self.known_key(&sealed);
                let unlocked = match known {
                    Some(unlocked) => Some(unlocked),
                    None => unlock(&sealed).map_err(|error| unlock_error(path, error))?,
                };
                let Some(Unlocked { key, plain }) = unlocked else {
                    return Ok(None);
                };
                (parse(path, &plain)?, Some(key))
            }
        };
        *self.key() = key.clone();
        Ok(Some(Contents {
            document,
            stamp: Some(stamp),
            key,
        }))
    }

    /// Opens with the key that opened the file before.
    fn known_key(&self, sealed: &Sealed) -> Option<Unlocked> {
        let key = self.key().clone()?;
        let plain = Zeroizing::new(sealed.open(&key)?);
        Some(Unlocked { key, plain })
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Document, Error> {
    Document::parse(bytes).map_err(|source| {
        let path = path.to_owned();
        Error::Parse { path, source }
    })
}

fn decrypt_error(path: &Path, source: DecryptError) -> Error {
    let path = path.to_owned();
    Error::Decrypt { path, source }
}

fn unlock_error(path: &Path, source: UnlockError) -> Error {
    let path = path.to_owned();
    Error::Unlock { path, source }
}
