//! A token in a section of a configuration file.

use std::{
    fmt,
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use remote_core::{
    auth::{Presented, Token, TokenLock, TokenStore},
    error::{Error as CoreError, ErrorKind, Result as CoreResult, RetryAdvice},
    secret::Secret,
};

use super::note::Note;
use crate::{error::Error, store::Store};

/// The key rclone keeps tokens under.
pub(super) const KEY: &str = "token";

/// How long a [`FileTokenStore`] waits for another process that is renewing the token, by default: longer than one exchange with a slow service
/// takes.
pub const TOKEN_LOCK_TIMEOUT: Duration = Duration::from_secs(120);

/// How long to wait before the lock is tried again: short beside an exchange with a service, long beside a system call.
const PAUSE: Duration = Duration::from_millis(10);

/// The longest part of a section's name in the name of its lock file.
const MAX_NAME_BYTES: usize = 100;

/// Keeps the token of a remote in its section of the configuration file, as rclone does. See the [module](super).
///
/// Nothing but the key `token` is changed, and nothing else is read; the file may be changed by others at any time. Encrypted files are read and written
/// with the password of the [`Store`]. All work on files is done on Tokio's blocking threads.
#[derive(Clone, Debug)]
pub struct FileTokenStore {
    store: Store,
    section: String,
    lock_timeout: Duration,
}

impl FileTokenStore {
    /// The token in a section. Does nothing yet.
    #[must_use]
    pub fn new(store: Store, section: impl Into<String>) -> Self {
        Self {
            store,
            section: section.into(),
            lock_timeout: TOKEN_LOCK_TIMEOUT,
        }
    }

    /// Sets how long to wait for another process that is renewing the token; [`TOKEN_LOCK_TIMEOUT`] by default.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// The section.
    #[must_use]
    pub fn section(&self) -> &str {
        &self.section
    }

    /// The file the lock is on; nothing for a configuration in memory.
    ///
    /// # Errors
    ///
    /// [`NotAFile`](Error::NotAFile) if the path leads to something that cannot be a configuration file.
    pub fn lock_path(&self) -> Result<Option<PathBuf>, Error> {
        let target = self.store.target()?;
        Ok(target.map(|target| lock_path(&target, &self.section)))
    }

    /// The text of the token in the file; nothing if there is none.
    fn stored(&self) -> Result<Option<Secret>, Error> {
        let (document, _) = self.store.load()?;
        self.text_in(&document)
    }

    fn text_in(&self, document: &crate::document::Document) -> Result<Option<Secret>, Error> {
        let Some(value) = document.value(&self.section, KEY) else {
            return Ok(None);
        };
        match std::str::from_utf8(&value) {
            Ok(text) if text.trim().is_empty() => Ok(None),
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(_) => Err(Error::Text {
                section: self.section.clone(),
                key: KEY.to_owned(),
            }),
        }
    }

    fn parse(&self, text: Option<&Secret>) -> Result<Option<Token>, Error> {
        let token = text.map(|text| Token::parse(text.expose())).transpose();
        token.map_err(|source| Error::Token {
            section: self.section.clone(),
            source,
        })
    }

    /// Writes the token, unless `seen` is something else than what is in the file by now.
    fn write(&self, token: &Token, seen: Option<&Option<Secret>>) -> Result<(), Error> {
        token.check().map_err(|source| Error::Token {
            section: self.section.clone(),
            source,
        })?;
        let json = token.to_json();
        let ((), ..) = self.store.update(|document| {
            if !document.has_section(&self.section) {
                return Err(Error::UnknownRemote {
                    name: self.section.clone(),
                });
            }
            if let Some(seen) = seen
                && *seen != self.text_in(document)?
            {
                tracing::debug!(section = self.section, "somebody else has put a token here");
                return Ok(());
            }
            let set = document.set(&self.section, KEY, json.expose());
            set.map_err(|source| Error::Edit {
                section: self.section.clone(),
                source,
            })
        })?;
        Ok(())
    }

    /// Opens the lock file, which is made if it is missing.
    fn open_lock(&self) -> Result<Option<File>, Error> {
        let Some(target) = self.store.target()? else {
            return Ok(None);
        };
        let file = crate::store::open_lock_file(&lock_path(&target, &self.section), &target);
        file.map(Some).map_err(|source| Error::Write {
            path: lock_path(&target, &self.section),
            source,
        })
    }

    fn locked_out(&self) -> CoreError {
        let path = self.lock_path().ok().flatten().unwrap_or_default();
        CoreError::with_message(
            ErrorKind::Timeout,
            format!(
                "another process has been renewing the token of [{}] for {} seconds; it holds {}",
                self.section,
                self.lock_timeout.as_secs(),
                path.display()
            ),
        )
        .with_retry_advice(RetryAdvice::Safe(None))
        .with_help("wait for that process, or end it")
    }
}

#[async_trait]
impl TokenStore for FileTokenStore {
    async fn load(&self) -> CoreResult<Option<Token>> {
        let this = self.clone();
        blocking(&self.section, move || {
            let text = this.stored()?;
            this.parse(text.as_ref())
        })
        .await
    }

    async fn lock(&self) -> CoreResult<Box<dyn TokenLock>> {
        let this = self.clone();
        let Some(file) = blocking(&self.section, move || this.open_lock()).await? else {
            return Err(CoreError::with_message(
                ErrorKind::Unsupported,
                "a configuration in memory keeps no tokens",
            ));
        };
        let file = Arc::new(Mutex::new(file));
        let deadline = Instant::now() + self.lock_timeout;
        loop {
            let (this, lock) = (self.clone(), Arc::clone(&file));
            if blocking(&self.section, move || this.try_lock(&lock)).await? {
                return Ok(Box::new(FileTokenLock {
                    store: self.clone(),
                    file,
                    seen: None,
                }));
            }
            if Instant::now() >= deadline {
                return Err(self.locked_out());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl FileTokenStore {
    fn try_lock(&self, file: &Mutex<File>) -> Result<bool, Error> {
        let file = file.lock().unwrap_or_else(PoisonError::into_inner);
        match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            // Some file systems have no locks; then there is none, as with rclone.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(true)
            }
            Err(TryLockError::Error(source)) => Err(Error::Write {
                path: self.lock_path()?.unwrap_or_default(),
                source,
            }),
        }
    }
}

/// The lock; the system gives it back when the file is closed.
struct FileTokenLock {
    store: FileTokenStore,
    file: Arc<Mutex<File>>,
    /// What was read under the lock.
    seen: Option<Option<Secret>>,
}

impl fmt::Debug for FileTokenLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileTokenLock")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl FileTokenLock {
    /// Does something with the lock file.
    async fn with_file<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut File) -> io::Result<T> + Send + 'static,
    ) -> CoreResult<T> {
        let (store, file) = (self.store.clone(), Arc::clone(&self.file));
        blocking(&self.store.section, move || {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut file).map_err(|source| Error::Write {
                path: store.lock_path().ok().flatten().unwrap_or_default(),
                source,
            })
        })
        .await
    }
}

#[async_trait]
impl TokenLock for FileTokenLock {
    async fn load(&mut self) -> CoreResult<Option<Token>> {
        let store = self.store.clone();
        let (text, token) = blocking(&self.store.section, move || {
            let text = store.stored()?;
            let token = store.parse(text.as_ref())?;
            Ok((text, token))
        })
        .await?;
        self.seen = Some(text);
        Ok(token)
    }

    async fn save(&mut self, token: &Token) -> CoreResult<()> {
        let (store, token, seen) = (self.store.clone(), token.clone(), self.seen.clone());
        let lock = Arc::clone(&self.file);
        blocking(&self.store.section, move || {
            let written = store.write(&token, seen.as_ref());
            // Held until here, also if nobody waits for the outcome any more.
            drop(lock);
            written
        })
        .await?;
        self.seen = None;
        // The note is about a token that is there no more, so it does no harm if it stays.
        if let Err(error) = self.with_file(|file| Note::clear(file)).await {
            tracing::debug!(%error, "the lock file could not be emptied");
        }
        Ok(())
    }

    async fn begin_renewal(&mut self, token: &Token) -> CoreResult<Option<Presented>> {
        let Some(refresh_token) = token.refresh_token.clone() else {
            return Ok(None);
        };
        self.with_file(move |file| {
            let known = Note::read(file)?.filter(|note| note.is_about(refresh_token.expose()));
            if let Some(known) = known {
                return Ok(Some(known.presented));
            }
            Note::new(refresh_token.expose(), Presented::InDoubt).write(file)?;
            Ok(None)
        })
        .await
    }

    async fn end_renewal(&mut self, outcome: Option<Presented>) -> CoreResult<()> {
        self.with_file(move |file| match outcome {
            None => Note::clear(file),
            Some(presented) => match Note::read(file)? {
                Some(note) => Note { presented, ..note }.write(file),
                None => Ok(()),
            },
        })
        .await
    }
}

/// Works on files without keeping the runtime waiting.
async fn blocking<T: Send + 'static>(
    section: &str,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> CoreResult<T> {
    let outcome = tokio::task::spawn_blocking(work).await;
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(failed(section, error)),
        Err(error) => Err(CoreError::with_message(
            ErrorKind::Other,
            "the work on the configuration file stopped",
        )
        .with_source(error)),
    }
}

/// The error of the configuration as one of a remote.
fn failed(section: &str, error: Error) -> CoreError {
    let (kind, help) = match &error {
        Error::Locked { .. } => (ErrorKind::Timeout, "wait for the other process, or end it"),
        Error::Token { .. } | Error::Text { .. } => (ErrorKind::InvalidInput, "sign in again"),
        Error::Write { .. } | Error::NotAFile { .. } => (
            ErrorKind::Other,
            "make room on the disk, and make the configuration file and its folder writable",
        ),
        Error::Unlock { .. } => (
            ErrorKind::InvalidInput,
            "give the password of the configuration file",
        ),
        _ => (
            ErrorKind::InvalidInput,
            "make sure that the configuration file can be read",
        ),
    };
    let text = match std::error::Error::source(&error) {
        Some(source) => format!("the token of [{section}]: {error}: {source}"),
        None => format!("the token of [{section}]: {error}"),
    };
    CoreError::with_message(kind, text)
        .with_help(help)
        .with_source(error)
}

/// The lock file of a section: the name of the configuration file with `.token-NAME.lock` appended.
fn lock_path(target: &Path, section: &str) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".token-{}.lock", safe_name(section)));
    target.with_file_name(name)
}

/// A section's name as a part of a file name: bytes that could mean something are written in hexadecimal, long names end in their hash.
fn safe_name(section: &str) -> String {
    let mut name = String::new();
    for byte in section.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.+@ ".contains(&byte) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    if name.len() <= MAX_NAME_BYTES {
        return name;
    }
    let whole = super::note::digest(&name);
    name.truncate(MAX_NAME_BYTES - whole.len());
    name + &whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_files_lie_beside_the_configuration_whatever_the_remote_is_called() {
        let path = |section: &str| lock_path(Path::new("/etc/rclone.conf"), section);
        assert_eq!(
            path("jotta"),
            Path::new("/etc/rclone.conf.token-jotta.lock")
        );
        assert_eq!(
            path("../a/ü"),
            Path::new("/etc/rclone.conf.token-..%2Fa%2F%C3%BC.lock")
        );
        let long = path(&"ä".repeat(1000));
        assert_eq!(long.parent(), Some(Path::new("/etc")));
        assert!(long.file_name().unwrap().len() < 200);
        assert_ne!(long, path(&"ä".repeat(1001)));
    }
}
