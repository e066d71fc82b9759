//! Where the values of options come from.

use std::{collections::BTreeMap, collections::HashMap, fmt};

use crate::secret::Secret;

use super::{Backend, OptionError, OptionSpec};

/// The layer a value was found in.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Origin {
    /// Given by the calling program.
    Caller,
    /// An option in a remote string: `koofr,user=alice:path`.
    ConnectionString,
    /// The default of the option.
    Default,
    /// An environment variable of this name.
    Environment(String),
    /// This section of the configuration file.
    File(String),
    /// A setting for the whole program, such as a command-line flag of this name.
    Override(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller => f.write_str("set by the program"),
            Self::ConnectionString => f.write_str("from the connection string"),
            Self::Default => f.write_str("the default"),
            Self::Environment(name) => write!(f, "from the environment variable {name}"),
            Self::File(section) => write!(f, "from section [{section}] of the configuration file"),
            Self::Override(name) => write!(f, "from the setting {name}"),
        }
    }
}

/// The text of an option and where it was found.
#[derive(Clone, Eq, PartialEq)]
pub struct OptionText {
    /// The text as stored; for a password of a configuration file this is the obscured form.
    pub text: String,
    /// The layer it was found in.
    pub origin: Origin,
}

impl OptionText {
    /// Joins a text and its origin.
    pub fn new(text: impl Into<String>, origin: Origin) -> Self {
        Self {
            text: text.into(),
            origin,
        }
    }
}

/// The text may be a password or a token, so only its origin is shown.
impl fmt::Debug for OptionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptionText")
            .field("text", &"…")
            .field("origin", &self.origin)
            .finish()
    }
}

/// What a provider's remote is built from: anything that knows the texts of options.
///
/// Defaults are not its business; [`TypedOptions`](super::TypedOptions) adds them.
pub trait OptionSource {
    /// Finds the text of an option; nothing when it is not set anywhere.
    ///
    /// # Errors
    ///
    /// The value exists and cannot be brought up.
    fn text(
        &self,
        backend: &Backend,
        option: &OptionSpec,
    ) -> Result<Option<OptionText>, OptionError>;

    /// Finds a password **in the clear**; nothing when it is not set or empty. A source that stores passwords obscured reveals it here.
    ///
    /// # Errors
    ///
    /// The value exists and cannot be brought up or revealed.
    fn secret(&self, backend: &Backend, option: &OptionSpec)
    -> Result<Option<Secret>, OptionError>;

    /// The name of the remote that is built, for messages; empty when it has none.
    fn name(&self) -> &str {
        ""
    }
}

/// A plain map from option names to values. Passwords are in the clear.
impl OptionSource for BTreeMap<String, String> {
    fn text(
        &self,
        _backend: &Backend,
        option: &OptionSpec,
    ) -> Result<Option<OptionText>, OptionError> {
        Ok(self
            .get(option.name)
            .map(|text| OptionText::new(text, Origin::Caller)))
    }

    fn secret(
        &self,
        _backend: &Backend,
        option: &OptionSpec,
    ) -> Result<Option<Secret>, OptionError> {
        Ok(clear_secret(self.get(option.name)))
    }
}

/// A plain map from option names to values. Passwords are in the clear.
impl<S: std::hash::BuildHasher> OptionSource for HashMap<String, String, S> {
    fn text(
        &self,
        _backend: &Backend,
        option: &OptionSpec,
    ) -> Result<Option<OptionText>, OptionError> {
        Ok(self
            .get(option.name)
            .map(|text| OptionText::new(text, Origin::Caller)))
    }

    fn secret(
        &self,
        _backend: &Backend,
        option: &OptionSpec,
    ) -> Result<Option<Secret>, OptionError> {
        Ok(clear_secret(self.get(option.name)))
    }
}

fn clear_secret(text: Option<&String>) -> Option<Secret> {
    text.filter(|text| !text.is_empty())
        .map(|text| Secret::new(text.as_str()))
}
