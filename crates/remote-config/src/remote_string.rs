//! Remote strings: `koofr:path`, `koofr,user=alice:path`, `:koofr,provider=other:path`, or a local path.

mod format;
mod parts;
mod path;

use std::collections::BTreeMap;

pub use format::{canonical, human};
pub use parts::{RemoteParts, RemoteStringError};
pub use path::{join, split};

/// What the part before the path refers to.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the notation has no other forms")]
pub enum RemoteName {
    /// A remote of the configuration or of environment variables.
    Configured(String),
    /// No remote: the path is one of the local file system.
    Local,
    /// A remote without configuration, of this type.
    OnTheFly(String),
}

impl RemoteName {
    /// The name as part of a remote string: with the colon in front for a remote without configuration, empty for a local path.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Configured(name) => name.clone(),
            Self::Local => String::new(),
            Self::OnTheFly(backend) => format!(":{backend}"),
        }
    }
}

/// A remote string, taken apart.
///
/// # Examples
///
/// ```
/// use remote_config::remote_string::{RemoteName, RemoteString};
///
/// let remote = RemoteString::parse(":koofr,provider=other,endpoint=\"https://k.example:8443/\":dir")?;
/// assert_eq!(remote.name, RemoteName::OnTheFly("koofr".into()));
/// assert_eq!(remote.options["endpoint"], "https://k.example:8443/");
/// assert_eq!(remote.path, "dir");
/// # Ok::<(), remote_config::remote_string::RemoteStringError>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Eq, PartialEq)]
pub struct RemoteString {
    /// What the string refers to.
    pub name: RemoteName,
    /// Options that override everything else for this use; passwords are obscured.
    pub options: BTreeMap<String, String>,
    /// The path inside the remote, as it was written.
    pub path: String,
}

impl RemoteString {
    /// Takes a remote string apart.
    ///
    /// # Errors
    ///
    /// The string does not follow the notation; the error tells which rule.
    pub fn parse(text: &str) -> Result<Self, RemoteStringError> {
        let parts = RemoteParts::parse(text.as_bytes())?;
        let name = match (string(parts.name), parts.on_the_fly) {
            (name, true) => RemoteName::OnTheFly(name),
            (name, false) if name.is_empty() => RemoteName::Local,
            (name, false) => RemoteName::Configured(name),
        };
        let options = parts
            .options
            .iter()
            .map(|(key, value)| (string(key), string(value)));
        let mut path = string(parts.path);
        if cfg!(windows) && name != RemoteName::Local {
            path = path.replace('\\', "/");
        }
        Ok(Self {
            options: options.collect(),
            path,
            name,
        })
    }
}

/// Options may be secret, so only their names are shown. A text without a colon is a local path, even if a remote with options was meant: it is
/// shown up to the first comma.
impl std::fmt::Debug for RemoteString {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = match (&self.name, self.path.split_once(',')) {
            (RemoteName::Local, Some((before, _))) => format!("{before},…"),
            _ => self.path.clone(),
        };
        f.debug_struct("RemoteString")
            .field("name", &self.name)
            .field("options", &self.options.keys().collect::<Vec<_>>())
            .field("path", &path)
            .finish()
    }
}

/// The parts of a text are cut at ASCII characters, so that they are texts too.
fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
