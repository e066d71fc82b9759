//! The file on disk: loading, atomic saving, changes under a lock, and its password.

mod contents;
mod replace;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use remote_core::secret::Secret;

use crate::{
    document::Document,
    encryption::{ConfigKey, Form, PasswordSources, form},
    environment::Environment,
    error::Error,
    location::Location,
};

/// How long [`Store::update`] waits for another process by default.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a change is made again because a program that knows nothing of the lock was faster.
const MAX_CONFLICTS: usize = 10;

/// A configuration file that several processes may change.
///
/// A missing file is the same as an empty one. Changes are made to what is in the file at that moment, under an advisory lock on a file
/// beside it (its name with `.lock` appended), and saved by replacing the file as a whole: other processes see the old or the new file, never
/// a part of one, and a failure leaves the old one as it was. rclone knows nothing of the lock; what it writes while a change is made is
/// noticed up to the moment before the file is replaced, and the change is made to that instead.
///
/// # Encrypted files
///
/// A file that is encrypted is opened with a password from the [`PasswordSources`], and saved encrypted with the same key. The key is
/// kept for the life of the store and its clones, so that a password is asked for once. Plain text never reaches
/// the disk, in temporary files neither; [`remove_password`](Self::remove_password) alone makes a plain file of an encrypted one. Another
/// process may set, change or remove the password meanwhile: what the file is at the moment of saving counts, and the
/// sources are asked again if the key does not fit any more.
#[derive(Clone, Debug)]
pub struct Store {
    location: Location,
    lock_timeout: Duration,
    passwords: PasswordSources,
    /// The key the file was opened or saved with last; nothing for a plain file. Shared by clones.
    key: Arc<Mutex<Option<ConfigKey>>>,
}

/// What tells one version of a file from another. Two equal stamps mean that the file was not replaced in between.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    inode: u64,
}

/// What becomes of the password when a file is saved.
#[derive(Clone, Debug)]
pub(crate) enum Protection {
    /// As it is: plain stays plain, and encrypted keeps its key.
    Keep,
    /// None: the file is plain from then on.
    Remove,
    /// This key.
    Set(ConfigKey),
}

impl Store {
    /// A store at a location, with the passwords of this process's environment. Does nothing yet.
    #[must_use]
    pub fn new(location: Location) -> Self {
        Self {
            location,
            lock_timeout: LOCK_TIMEOUT,
            passwords: PasswordSources::from_environment(&Environment::process()),
            key: Arc::default(),
        }
    }

    /// A store for a path; see [`Location::new`] for paths with a meaning of their own.
    #[must_use]
    pub fn at(path: impl AsRef<Path>) -> Self {
        Self::new(Location::new(path.as_ref()))
    }

    /// Sets how long to wait for another process that is changing the file; [`LOCK_TIMEOUT`] by default.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Sets where the password of an encrypted file comes from, instead of this process's environment
    /// ([`PasswordSources::from_environment`]).
    #[must_use]
    pub fn passwords(mut self, passwords: PasswordSources) -> Self {
        self.passwords = passwords;
        self
    }

    /// The location.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Reads the file. Returns the document, and the stamp of the file if there is one.
    ///
    /// Blocks as long as a password command or the callback of the [sources](Self::passwords) does.
    ///
    /// # Errors
    ///
    /// [`Read`](Error::Read) if it exists and cannot be read, [`Parse`](Error::Parse) if it is no configuration file or too
    /// large, [`Unlock`](Error::Unlock) if it is encrypted and does not open, [`Decrypt`](Error::Decrypt) if it is encrypted and damaged or
    /// in a newer format.
    pub fn load(&self) -> Result<(Document, Option<Stamp>), Error> {
        let Some(path) = self.location.path() else {
            return Ok((Document::new(), None));
        };
        let contents = self.open(path, contents::read(path)?)?;
        Ok((contents.document, contents.stamp))
    }

    /// Whether the file is encrypted. Needs no password; a missing file is not encrypted.
    ///
    /// # Errors
    ///
    /// [`Read`](Error::Read) if it exists and cannot be read.
    pub fn is_encrypted(&self) -> Result<bool, Error> {
        let Some(path) = self.location.path() else {
            return Ok(false);
        };
        let file = contents::read(path)?;
        Ok(file.is_some_and(|(bytes, _)| {
            matches!(form(&bytes), Form::Encrypted { .. } | Form::Newer { .. })
        }))
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
    /// nothing is saved. When a program that knows nothing of the lock has written the file meanwhile, `change` is called again with what is
    /// there then.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load), those of `change`, [`Locked`](Error::Locked) if another process does not finish,
    /// [`Changed`](Error::Changed) if another program changes the file all the time, and [`Write`](Error::Write),
    /// [`NotAFile`](Error::NotAFile) or [`Unreadable`](Error::Unreadable) if the file cannot be replaced; then the old one is whole.
    pub fn update<T>(
        &self,
        change: impl FnMut(&mut Document) -> Result<T, Error>,
    ) -> Result<(T, Document, Option<Stamp>), Error> {
        self.rewrite(&Protection::Keep, change)
    }

    /// Encrypts the file with a password, or gives an encrypted one another password. The old password is needed for that, from the same
    /// sources as for loading. A missing file becomes an encrypted empty one.
    ///
    /// Copies that others made of the plain file, backups for example, are not changed.
    ///
    /// # Errors
    ///
    /// [`Password`](Error::Password) if the text cannot be a password; those of [`update`](Self::update).
    pub fn set_password(&self, password: &Secret) -> Result<(), Error> {
        self.set_key(&self.derive(password)?)
    }

    /// Like [`set_password`](Self::set_password), with a key that was derived before.
    ///
    /// # Errors
    ///
    /// Those of [`update`](Self::update).
    pub fn set_key(&self, key: &ConfigKey) -> Result<(), Error> {
        self.rewrite(&Protection::Set(key.clone()), |_| Ok(()))?;
        Ok(())
    }

    /// Makes a plain file of an encrypted one. A plain one stays as it is.
    ///
    /// # Errors
    ///
    /// Those of [`update`](Self::update).
    pub fn remove_password(&self) -> Result<(), Error> {
        self.rewrite(&Protection::Remove, |_| Ok(()))?;
        Ok(())
    }

    /// The key for a new password.
    pub(crate) fn derive(&self, password: &Secret) -> Result<ConfigKey, Error> {
        ConfigKey::derive(password).map_err(|source| Error::Password {
            path: self.location.path().unwrap_or(Path::new("")).to_owned(),
            source,
        })
    }

    /// Changes the document, the protection of the file, or both, in one step.
    pub(crate) fn rewrite<T>(
        &self,
        protection: &Protection,
        mut change: impl FnMut(&mut Document) -> Result<T, Error>,
    ) -> Result<(T, Document, Option<Stamp>), Error> {
        let Some(path) = self.location.path() else {
            let mut document = Document::new();
            return Ok((change(&mut document)?, document, None));
        };
        let target = replace::resolve(path)?;
        create_parent(&target)?;
        let (lock, mut found) = self.lock_and_read(path, &target)?;
        if lock.excludes_others {
            replace::remove_leftovers(&target);
        }
        for _ in 0..MAX_CONFLICTS {
            let mut document = found.document.clone();
            let result = change(&mut document)?;
            let key = match protection {
                Protection::Keep => found.key.clone(),
                Protection::Remove => None,
                Protection::Set(key) => Some(key.clone()),
            };
            if document == found.document && key == found.key && found.stamp.is_some() {
                return Ok((result, document, found.stamp));
            }
            let bytes = contents::bytes(path, &document, key.as_ref())?;
            if let Some(stamp) = replace::replace(&target, &bytes, found.stamp.as_ref())? {
                *self.key() = key;
                return Ok((result, document, Some(stamp)));
            }
            found = self.open(path, contents::read(&target)?)?;
        }
        Err(Error::Changed {
            path: path.to_owned(),
        })
    }

    /// Takes the lock and reads the file. Where a person may have to be asked for a password, that is done before, so that no other
    /// process waits for them.
    fn lock_and_read(
        &self,
        path: &Path,
        target: &Path,
    ) -> Result<(Lock, contents::Contents), Error> {
        let lock = self.lock(target)?;
        if let Some(contents) = self.open_quietly(path, contents::read(target)?)? {
            return Ok((lock, contents));
        }
        drop(lock);
        self.load()?;
        let lock = self.lock(target)?;
        let contents = self.open(path, contents::read(target)?)?;
        Ok((lock, contents))
    }

    fn key(&self) -> MutexGuard<'_, Option<ConfigKey>> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file that is replaced when something is saved: where the location leads if it is a symbolic link. Nothing in memory only.
    pub(crate) fn target(&self) -> Result<Option<PathBuf>, Error> {
        self.location.path().map(replace::resolve).transpose()
    }

    /// Takes the lock. It goes with the process that holds it.
    fn lock(&self, target: &Path) -> Result<Lock, Error> {
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
                Ok(()) => return Ok(Lock::new(file, true)),
                // Some file systems have no locks; then there is none, as with rclone.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    return Ok(Lock::new(file, false));
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

/// A lock that is held until this value is dropped.
struct Lock {
    _file: File,
    /// Whether the file system really has locks.
    excludes_others: bool,
}

impl Lock {
    fn new(file: File, excludes_others: bool) -> Self {
        Self {
            _file: file,
            excludes_others,
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

/// Opens a lock file beside `target`, or makes one that only its owner can read.
///
/// Whoever may write into the folder can put something else there under this name. A symbolic link is not followed: the file at its end would be written to,
/// and would change hands where a privileged user works on somebody else's configuration.
pub(crate) fn open_lock_file(path: &Path, target: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        let text = format!("{} is not a regular file", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    replace::share_owner(&file, target);
    Ok(file)
}
