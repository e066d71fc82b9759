//! The file on disk: loading, atomic saving, changes under a lock.

mod replace;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use crate::{
    document::{Document, MAX_FILE_BYTES, ParseErrorKind},
    error::Error,
    location::Location,
};

/// How long [`Store::update`] waits for another process by default.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// A configuration file that several processes may change.
///
/// A missing file is the same as an empty one. Changes are made to what is in the file at that moment, under an advisory lock on a file
/// beside it (its name with `.lock` appended), and saved by replacing the file as a whole: other processes see the old or the new file, never
/// a part of one, and a failure leaves the old one as it was. rclone knows nothing of the lock; like among
/// several rclones, the last of two writers at the same moment wins there.
#[derive(Clone, Debug)]
pub struct Store {
    location: Location,
    lock_timeout: Duration,
}

/// What tells one version of a file from another. Two equal stamps mean that the file was not replaced in between.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    inode: u64,
}

impl Store {
    /// A store at a location. Does nothing yet.
    #[must_use]
    pub fn new(location: Location) -> Self {
        Self {
            location,
            lock_timeout: LOCK_TIMEOUT,
        }
    }

    /// Sets how long to wait for another process that is changing the file; [`LOCK_TIMEOUT`] by default.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// The location.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Reads the file. Returns the document, and the stamp of the file if there is one.
    ///
    /// # Errors
    ///
    /// [`Read`](Error::Read) if it exists and cannot be read, [`Parse`](Error::Parse) if it is no configuration file or too
    /// large, [`Encrypted`](Error::Encrypted) if it is encrypted.
    pub fn load(&self) -> Result<(Document, Option<Stamp>), Error> {
        let Some(path) = self.location.path() else {
            return Ok((Document::new(), None));
        };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((Document::new(), None));
            }
            Err(source) => {
                return Err(Error::Read {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        let (bytes, stamp) = read(&mut file).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        Ok((decode(path, &bytes)?, Some(stamp)))
    }

    /// The stamp of the file as it is now; nothing if there is no file.
    ///
    /// # Errors
    ///
    /// [`Read`](Error::Read) if the system does not tell.
    pub fn stamp(&self) -> Result<Option<Stamp>, Error> {
        let Some(path) = self.location.path() else {
            return Ok(None);
        };
        match fs::metadata(path) {
            Ok(metadata) => Ok(Some(Stamp::of(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Changes the file: locks it, reads it, lets `change` edit the document, and saves if something is different then.
    ///
    /// Returns what `change` returned, the document as saved, and its stamp. In memory only, `change` gets an empty document and
    /// nothing is saved.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load), those of `change`, [`Locked`](Error::Locked) if another process does not finish, and
    /// [`Write`](Error::Write) or [`NotAFile`](Error::NotAFile) if the file cannot be replaced; then the old one is whole.
    pub fn update<T>(
        &self,
        change: impl FnOnce(&mut Document) -> Result<T, Error>,
    ) -> Result<(T, Document, Option<Stamp>), Error> {
        let Some(path) = self.location.path() else {
            let mut document = Document::new();
            return Ok((change(&mut document)?, document, None));
        };
        let target = replace::resolve(path)?;
        create_parent(&target)?;
        let _lock = self.lock(&target)?;
        let (mut document, stamp) = self.load()?;
        let before = document.clone();
        let result = change(&mut document)?;
        if document == before && stamp.is_some() {
            return Ok((result, document, stamp));
        }
        replace::replace(&target, &document.to_bytes())?;
        let stamp = self.stamp()?;
        Ok((result, document, stamp))
    }

    /// Takes the lock. It is held until the returned file is closed, and goes with the process that held it.
    fn lock(&self, target: &Path) -> Result<File, Error> {
        /// Short beside what people notice, long beside what a change takes.
        const PAUSE: Duration = Duration::from_millis(20);
        let failed = |source| Error::Write {
            path: target.to_owned(),
            source,
        };
        let file = open_lock_file(&lock_path(target), target).map_err(failed)?;
        let deadline = Instant::now() + self.lock_timeout;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                // Some file systems have no locks; then there is none, as with rclone.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    return Ok(file);
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Locked {
                        path: target.to_owned(),
                    });
                }
            }
        }
    }
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            inode: std::os::unix::fs::MetadataExt::ino(metadata),
        }
    }
}

fn read(file: &mut File) -> io::Result<(Vec<u8>, Stamp)> {
    let stamp = Stamp::of(&file.metadata()?);
    let mut bytes = Vec::new();
    // One byte more than allowed is enough to notice.
    file.take(MAX_FILE_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok((bytes, stamp))
}

fn decode(path: &Path, bytes: &[u8]) -> Result<Document, Error> {
    let encrypted = || Error::Encrypted {
        path: path.to_owned(),
    };
    match Document::parse(bytes) {
        // rclone would take a marker that comes late for a key; whoever wrote it meant something else.
        Ok(document)
            if document
                .sections()
                .any(|name| document.keys(name).any(is_marker)) =>
        {
            Err(encrypted())
        }
        Ok(document) => Ok(document),
        Err(error) if error.kind == ParseErrorKind::Encrypted => Err(encrypted()),
        Err(source) => Err(Error::Parse {
            path: path.to_owned(),
            source,
        }),
    }
}

fn is_marker(key: &[u8]) -> bool {
    key == b"RCLONE_ENCRYPT_V0"
}

fn create_parent(target: &Path) -> Result<(), Error> {
    let Some(parent) = target.parent() else {
        return Ok(());
    };
    fs::create_dir_all(parent).map_err(|source| Error::Write {
        path: target.to_owned(),
        source,
    })
}

fn lock_path(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    target.with_file_name(name)
}

fn open_lock_file(path: &Path, target: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    replace::share_owner(&file, target);
    Ok(file)
}
