//! Where the password of an encrypted file comes from.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    path::Path,
    sync::Arc,
};

use remote_core::secret::Secret;
use zeroize::Zeroizing;

use super::{CommandError, ConfigKey, PasswordCommand, PasswordError, form::Sealed};
use crate::environment::Environment;

/// How often a person is asked for the password of one file, at most.
pub const MAX_ATTEMPTS: u32 = 100;

const COMMAND_VARIABLE: &str = "RCLONE_PASSWORD_COMMAND";
const PASSWORD_VARIABLE: &str = "RCLONE_CONFIG_PASS";

/// Where the password of an encrypted configuration file comes from.
///
/// The first source that there is decides: a key or password that the program has given, the password command, the variable
/// `RCLONE_CONFIG_PASS`, and at last the callback. If what it gives does not open the file, that is an error, and no other source is tried; only
/// the callback is asked again. Nothing is asked for a file that is not encrypted. `Debug` tells which sources there are.
///
/// # Examples
///
/// ```
/// use remote_config::{
///     Config, Environment,
///     encryption::PasswordSources,
///     location::Location,
///     store::Store,
/// };
/// use remote_core::secret::Secret;
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("rclone.conf");
/// # std::fs::write(&path, "[koofr]\ntype = koofr\n")?;
/// # Store::at(&path).set_password(&Secret::new("secret of ann"))?;
/// let sources = PasswordSources::from_environment(&Environment::empty()).ask(|prompt| {
///     // A dialogue of the program. Nothing means that the user has given up.
///     (prompt.attempt < 3).then(|| Secret::new("secret of ann"))
/// });
/// let config = Config::load(Store::at(&path).passwords(sources))?;
/// assert_eq!(config.sections(), ["koofr"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct PasswordSources {
    given: Option<Given>,
    command: Option<CommandSource>,
    variable: Option<Arc<Zeroizing<Vec<u8>>>>,
    callback: Option<Callback>,
}

#[derive(Clone)]
enum Given {
    Key(ConfigKey),
    Password(Secret),
}

#[derive(Clone)]
enum CommandSource {
    Command(PasswordCommand),
    /// The value of the variable, which is looked at when it is needed.
    Text(OsString),
}

type Callback = Arc<dyn Fn(&Prompt<'_>) -> Option<Secret> + Send + Sync>;

/// What a person is asked.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct Prompt<'a> {
    /// The file that is to be opened.
    pub path: &'a Path,
    /// How many answers did not open it so far.
    pub attempt: u32,
    /// Why the last answer did not open it; nothing at the first attempt.
    pub refused: Option<&'a UnlockError>,
}

/// Where a password came from.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PasswordOrigin {
    /// The callback.
    #[error("the password that was asked for")]
    Callback,
    /// The password command.
    #[error("the password from the password command")]
    Command,
    /// A password that the program has set.
    #[error("the given password")]
    Given,
    /// A key that the program has set.
    #[error("the given key")]
    Key,
    /// The variable `RCLONE_CONFIG_PASS`.
    #[error("the password in the variable {PASSWORD_VARIABLE}")]
    Variable,
}

/// Why an encrypted file was not unlocked.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// The password command gave nothing.
    #[error("the password command gave no password")]
    Command(#[source] CommandError),
    /// Whoever was asked for the password gave up.
    #[error("no password was entered")]
    GaveUp,
    /// There is nothing to take a password from.
    #[error(
        "the file is encrypted and there is no password; put it into the variable {PASSWORD_VARIABLE}, or a command that prints it into {COMMAND_VARIABLE}"
    )]
    NoPassword,
    /// What was given cannot be a password.
    #[error("{origin} cannot be used")]
    Unusable {
        /// Where it came from.
        origin: PasswordOrigin,
        /// What is wrong with it.
        source: PasswordError,
    },
    /// The file does not open with it.
    #[error(
        "{origin} does not open the file: it is wrong, or the file is damaged, which cannot be told apart"
    )]
    Wrong {
        /// Where it came from.
        origin: PasswordOrigin,
    },
}

/// A file that has been opened.
pub(crate) struct Unlocked {
    pub(crate) key: ConfigKey,
    pub(crate) plain: Zeroizing<Vec<u8>>,
}

impl PasswordSources {
    /// No source at all: encrypted files are refused.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The password command in `RCLONE_PASSWORD_COMMAND` and the password in `RCLONE_CONFIG_PASS`; empty ones do not count.
    #[must_use]
    pub fn from_environment(environment: &Environment) -> Self {
        let set = |name| environment.get(name).filter(|value| !value.is_empty());
        let bytes = |value: &OsStr| Arc::new(Zeroizing::new(value.as_encoded_bytes().to_vec()));
        Self {
            command: set(COMMAND_VARIABLE).map(|text| CommandSource::Text(text.to_owned())),
            variable: set(PASSWORD_VARIABLE).map(bytes),
            ..Self::default()
        }
    }

    /// Uses this password, whatever other sources there are.
    #[must_use]
    pub fn password(mut self, password: Secret) -> Self {
        self.given = Some(Given::Password(password));
        self
    }

    /// Uses this key, whatever other sources there are.
    #[must_use]
    pub fn key(mut self, key: ConfigKey) -> Self {
        self.given = Some(Given::Key(key));
        self
    }

    /// Runs this command instead of the one in the environment.
    #[must_use]
    pub fn command(mut self, command: PasswordCommand) -> Self {
        self.command = Some(CommandSource::Command(command));
        self
    }

    /// Asks when there is no other source, again and again until the file opens, the callback returns nothing, or [`MAX_ATTEMPTS`] is reached.
    ///
    /// It runs on the thread that opens the file and may block it. No lock is held meanwhile, unless another process changes the password at
    /// that very moment.
    #[must_use]
    pub fn ask(
        mut self,
        callback: impl Fn(&Prompt<'_>) -> Option<Secret> + Send + Sync + 'static,
    ) -> Self {
        self.callback = Some(Arc::new(callback));
        self
    }

    /// Adds what is missing here from other sources. The order of the sources stays the same.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            given: self.given.or(other.given),
            command: self.command.or(other.command),
            variable: self.variable.or(other.variable),
            callback: self.callback.or(other.callback),
        }
    }

    /// The password command, if there is one: the source of a new password as well, see [`PasswordCommand::new_password`].
    ///
    /// # Errors
    ///
    /// [`Syntax`](CommandError::Syntax) if the text in the environment is no command.
    pub fn password_command(&self) -> Result<Option<PasswordCommand>, CommandError> {
        self.command
            .as_ref()
            .map(CommandSource::command)
            .transpose()
    }

    /// Opens a file with the first source there is.
    pub(crate) fn unlock(&self, path: &Path, sealed: &Sealed) -> Result<Unlocked, UnlockError> {
        if let Some(given) = &self.given {
            let (key, origin) = match given {
                Given::Key(key) => (Ok(key.clone()), PasswordOrigin::Key),
                Given::Password(password) => (ConfigKey::derive(password), PasswordOrigin::Given),
            };
            return open(sealed, key, origin);
        }
        if let Some(command) = &self.command {
            let command = command.command().map_err(UnlockError::Command)?;
            let password = command
                .run(Some(path), false)
                .map_err(UnlockError::Command)?;
            return open(
                sealed,
                ConfigKey::derive(&password),
                PasswordOrigin::Command,
            );
        }
        if let Some(password) = &self.variable {
            let key = ConfigKey::derive_from_bytes(password);
            return open(sealed, key, PasswordOrigin::Variable);
        }
        match &self.callback {
            Some(callback) => ask(path, sealed, callback.as_ref()),
            None => Err(UnlockError::NoPassword),
        }
    }
}

impl CommandSource {
    fn command(&self) -> Result<PasswordCommand, CommandError> {
        match self {
            Self::Command(command) => Ok(command.clone()),
            Self::Text(text) => PasswordCommand::parse(text.to_str().ok_or(CommandError::Syntax)?),
        }
    }
}

impl fmt::Debug for PasswordSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordSources")
            .field("given", &self.given.is_some())
            .field("command", &self.command.is_some())
            .field("variable", &self.variable.is_some())
            .field("callback", &self.callback.is_some())
            .finish()
    }
}

fn open(
    sealed: &Sealed,
    key: Result<ConfigKey, PasswordError>,
    origin: PasswordOrigin,
) -> Result<Unlocked, UnlockError> {
    let key = key.map_err(|source| UnlockError::Unusable { origin, source })?;
    match sealed.open(&key) {
        Some(plain) => Ok(Unlocked {
            key,
            plain: Zeroizing::new(plain),
        }),
        None => Err(UnlockError::Wrong { origin }),
    }
}

fn ask(
    path: &Path,
    sealed: &Sealed,
    callback: &(dyn Fn(&Prompt<'_>) -> Option<Secret> + Send + Sync),
) -> Result<Unlocked, UnlockError> {
    let mut refused = None;
    for attempt in 0..MAX_ATTEMPTS {
        let prompt = Prompt {
            path,
            attempt,
            refused: refused.as_ref(),
        };
        let password = callback(&prompt).ok_or(UnlockError::GaveUp)?;
        match open(
            sealed,
            ConfigKey::derive(&password),
            PasswordOrigin::Callback,
        ) {
            Ok(unlocked) => return Ok(unlocked),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or(UnlockError::GaveUp))
}
