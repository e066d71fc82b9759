//! Opens remotes by name.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use remote_config::{
    Config, Environment, Overrides, ResolvedRemote,
    encryption::{PasswordSources, Prompt},
    location::Location,
    remote_string::{RemoteName, RemoteString},
    store::Store,
};
use remote_core::{
    error::ErrorKind, http::HttpSettings, path::RemotePath, remote::Remote, secret::Secret,
};

use crate::{error::Error, provider};

/// The user agent unless the [settings](OpenerBuilder::http) say otherwise. Services show it to their users, so applications should set their own.
pub const DEFAULT_USER_AGENT: &str = concat!("remotes/", env!("CARGO_PKG_VERSION"));

/// Where a text such as `koofr:backup/2026` or `/home/ann` leads.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum Located {
    /// To a path of this machine, which need not exist.
    Local(PathBuf),
    /// To a path on a remote, which need not exist.
    Remote {
        /// The remote, from the top of its storage.
        remote: Arc<dyn Remote>,
        /// The path below the top.
        path: RemotePath,
        /// The name of the remote, with a colon in front if it has no configuration.
        name: String,
    },
}

/// Opens remotes by name, with one configuration, environment and set of connection settings.
///
/// Opening sends no request. Not dearer to keep than the configuration file in memory; changes of the file after
/// [`build`](OpenerBuilder::build) are not seen.
///
/// # Examples
///
/// ```
/// use remote_config::{Config, Environment, document::Document};
/// use remotes::{Located, Opener};
///
/// let document = Document::parse(b"[work]\ntype = koofr\nuser = ann@example.org\npassword = YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ\n")?;
/// let opener = Opener::builder()
///     .config(Config::in_memory(document))
///     .environment(Environment::empty())
///     .build()?;
///
/// let remote = opener.open("work:backup/2026")?;
/// assert_eq!(remote.capabilities().service, "koofr");
/// assert!(matches!(opener.locate("some/folder")?, Located::Local(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Opener {
    config: Config,
    environment: Environment,
    overrides: Overrides,
    http: HttpSettings,
    located: Mutex<HashMap<Key, Arc<dyn Remote>>>,
}

/// What a remote depends on besides what an opener has once.
type Key = (RemoteName, BTreeMap<String, String>);

/// Settings of an [`Opener`].
#[derive(Debug, Default)]
#[must_use = "a builder opens nothing until `build` is called"]
pub struct OpenerBuilder {
    config: Source,
    environment: Option<Environment>,
    passwords: PasswordSources,
    overrides: Overrides,
    http: Option<HttpSettings>,
}

#[derive(Debug, Default)]
enum Source {
    Config(Box<Config>),
    #[default]
    Default,
    Path(PathBuf),
}

impl OpenerBuilder {
    /// The configuration file, instead of the one rclone would use. One that does not exist is empty.
    pub fn config_path(mut self, path: impl AsRef<Path>) -> Self {
        self.config = Source::Path(path.as_ref().to_owned());
        self
    }

    /// A configuration that is open already, or lives in memory only.
    pub fn config(mut self, config: Config) -> Self {
        self.config = Source::Config(Box::new(config));
        self
    }

    /// The environment variables that count, instead of those of this process.
    ///
    /// They override options, and may hold the password of the configuration file; they do not tell where that file is, which is always looked for
    /// in the environment of the process.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Asks for the password of an encrypted configuration file, unless `RCLONE_PASSWORD_COMMAND` or `RCLONE_CONFIG_PASS` is set in the
    /// [environment](Self::environment). It is asked again until the file opens; nothing means that the user has given up. It runs on the
    /// thread that calls [`build`](Self::build).
    pub fn config_password(
        mut self,
        callback: impl Fn(&Prompt<'_>) -> Option<Secret> + Send + Sync + 'static,
    ) -> Self {
        self.passwords = self.passwords.ask(callback);
        self
    }

    /// Where the password of an encrypted configuration file comes from, besides the [environment](Self::environment): a key from a keyring, for
    /// example.
    pub fn config_password_sources(mut self, sources: PasswordSources) -> Self {
        self.passwords = sources;
        self
    }

    /// Options that override file and environment, as command-line flags of a program do; none unless set.
    pub fn overrides(mut self, overrides: Overrides) -> Self {
        self.overrides = overrides;
        self
    }

    /// How remotes connect and wait, and what they call themselves; the defaults of [`HttpSettings`] with [`DEFAULT_USER_AGENT`] unless set.
    pub fn http(mut self, settings: HttpSettings) -> Self {
        self.http = Some(settings);
        self
    }

    /// Reads the configuration.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the file exists and cannot be read, is no configuration file, or is encrypted and does not open.
    pub fn build(self) -> Result<Opener, Error> {
        let environment = self.environment.unwrap_or_else(Environment::process);
        let passwords = self
            .passwords
            .or(PasswordSources::from_environment(&environment));
        let load = |location| {
            let store = Store::new(location).passwords(passwords);
            Config::load(store).map_err(Error::Config)
        };
        let config = match self.config {
            Source::Config(config) => *config,
            Source::Default => load(Location::find(&Environment::process()))?,
            Source::Path(path) => load(Location::new(&path))?,
        };
        Ok(Opener {
            config,
            environment,
            overrides: self.overrides,
            http: self
                .http
                .unwrap_or_else(|| HttpSettings::default().with_user_agent(DEFAULT_USER_AGENT)),
            located: Mutex::default(),
        })
    }
}

impl Opener {
    /// Starts with the user's own configuration file, the environment of this process and default connections.
    pub fn builder() -> OpenerBuilder {
        OpenerBuilder::default()
    }

    /// Opens a remote with the path as its root: `name:path`, `name,option=value:path` or `:type,option=value:path`. Paths of the remote
    /// cannot leave this root. Sends no request.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownRemote`], [`Error::UnknownType`], [`Error::FeatureDisabled`], [`Error::LocalPath`] for a text without a remote,
    /// [`Error::Options`] if an option is missing or wrong, [`Error::Path`] for a path that leads above the top,
    /// [`Error::Config`] if the text does not follow the notation.
    pub fn open(&self, remote: &str) -> Result<Arc<dyn Remote>, Error> {
        let resolved = self.resolve(remote)?;
        if resolved.remote_name() == &RemoteName::Local {
            return Err(Error::LocalPath {
                path: without_options(remote),
                known: self.remotes(),
            });
        }
        let root = path_of(&resolved)?;
        self.make(&resolved, root)
    }

    /// Finds out where a text leads: like [`open`](Self::open), but the path may be on this machine, and the remote is opened from its top, so that two paths on the
    /// same remote can be used together. The same remote with the same options is opened once. Sends no request.
    ///
    /// A text without a colon is a path of this machine, and so is one with a slash before the first colon.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), except for [`Error::LocalPath`].
    pub fn locate(&self, text: &str) -> Result<Located, Error> {
        self.locate_os(OsStr::new(text))
    }

    /// Like [`locate`](Self::locate), for an argument of a command line, which need not be text: on Unix the path on a remote may have names
    /// with any bytes. The name of the remote and its options are text.
    ///
    /// # Errors
    ///
    /// As [`locate`](Self::locate).
    pub fn locate_os(&self, argument: &OsStr) -> Result<Located, Error> {
        let (text, rest) = split_at_bytes(argument);
        if !rest.is_empty() && !text.contains(':') {
            return Ok(Located::Local(PathBuf::from(argument)));
        }
        let resolved = self.resolve(text)?;
        if resolved.remote_name() == &RemoteName::Local {
            return Ok(Located::Local(match rest {
                b"" => PathBuf::from(resolved.path()),
                _ => PathBuf::from(argument),
            }));
        }
        let path = path_with(&resolved, rest)?;
        let name = resolved.name().to_owned();
        let remote = self.at_top(text, &resolved)?;
        Ok(Located::Remote { remote, path, name })
    }

    /// The names of the remotes that can be opened: those made of environment variables, then those of the file.
    #[must_use]
    pub fn remotes(&self) -> Vec<String> {
        self.config.remotes(&self.environment)
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The environment variables that count.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    fn resolve(&self, text: &str) -> Result<ResolvedRemote, Error> {
        self.config
            .remote_with(text, &self.environment, &self.overrides)
            .map_err(|error| match error {
                remote_config::Error::UnknownRemote { name }
                    if self.config.document().has_section(&name) =>
                {
                    unsupported(name, String::new())
                }
                remote_config::Error::UnknownRemote { name } => Error::UnknownRemote {
                    name,
                    known: self.remotes(),
                },
                error => Error::Config(error),
            })
    }

    fn at_top(&self, text: &str, resolved: &ResolvedRemote) -> Result<Arc<dyn Remote>, Error> {
        let make = || self.make(resolved, RemotePath::root());
        let Ok(parts) = RemoteString::parse(text) else {
            return make();
        };
        let mut located = self.located.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (parts.name, parts.options);
        if let Some(known) = located.get(&key) {
            return Ok(Arc::clone(known));
        }
        let remote = make()?;
        located.insert(key, Arc::clone(&remote));
        Ok(remote)
    }

    fn make(&self, resolved: &ResolvedRemote, root: RemotePath) -> Result<Arc<dyn Remote>, Error> {
        let type_name = resolved.type_name();
        let name = || resolved.name().to_owned();
        let Some(provider) = provider::find(type_name) else {
            return Err(unsupported(name(), type_name.to_owned()));
        };
        let tokens = || {
            self.config.token_store(resolved).map_err(|source| {
                remote_core::error::Error::with_message(
                    ErrorKind::InvalidInput,
                    "the token of the remote cannot be used",
                )
                .with_source(source)
                .with_help("sign in again")
            })
        };
        (provider.make)(resolved, root, &self.http, &tokens).map_err(|source| Error::Options {
            name: name(),
            source,
        })
    }
}

/// Option values may be secret, so they are not shown.
impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener")
            .field("config", &self.config)
            .field("environment", &self.environment)
            .field("overrides", &self.overrides)
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

fn path_of(resolved: &ResolvedRemote) -> Result<RemotePath, Error> {
    path_with(resolved, b"")
}

/// The path followed by the part of the argument that is not text.
fn path_with(resolved: &ResolvedRemote, rest: &[u8]) -> Result<RemotePath, Error> {
    let path = [resolved.path().as_bytes(), rest].concat();
    RemotePath::parse_bytes(&path).map_err(|source| Error::Path {
        path: String::from_utf8_lossy(&path).into_owned(),
        source,
    })
}

/// An argument as text, and from the first byte on that is none the rest of it.
#[cfg(unix)]
fn split_at_bytes(argument: &OsStr) -> (&str, &[u8]) {
    use std::os::unix::ffi::OsStrExt as _;
    let bytes = argument.as_bytes();
    let end = match std::str::from_utf8(bytes) {
        Ok(text) => return (text, b""),
        Err(error) => error.valid_up_to(),
    };
    let (text, rest) = bytes.split_at(end);
    (std::str::from_utf8(text).unwrap_or_default(), rest)
}

/// Elsewhere a name that is no text can only be one of this machine, which is looked at when it is used.
#[cfg(not(unix))]
fn split_at_bytes(argument: &OsStr) -> (&str, &[u8]) {
    match argument.to_str() {
        Some(text) => (text, b""),
        None => ("", b"?"),
    }
}

fn unsupported(name: String, type_name: String) -> Error {
    match provider::feature_of(&type_name) {
        Some(feature) => Error::FeatureDisabled {
            name,
            type_name,
            feature,
        },
        None => Error::UnknownType { name, type_name },
    }
}

/// A text that may have been meant as a remote with options: they may be secret, so the text ends where they begin.
fn without_options(text: &str) -> String {
    match text.split_once(',') {
        Some((name, _)) => format!("{name},…"),
        None => text.to_owned(),
    }
}
