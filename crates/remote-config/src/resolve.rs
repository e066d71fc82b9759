//! Where the options of a remote come from.

use std::collections::BTreeMap;

use remote_core::{
    options::{Backend, OptionError, OptionSource, OptionSpec, OptionText, OptionType, Origin},
    secret::Secret,
};

use crate::{
    document::{Document, Effort},
    environment::Environment,
    error::Error,
    obscure::reveal,
    remote_string::{RemoteName, RemoteString, human},
};

/// Settings for the whole program that override environment and file, such as command-line flags `--koofr-user`.
#[derive(Clone, Default)]
pub struct Overrides {
    by_flag: BTreeMap<String, String>,
}

impl Overrides {
    /// Sets an option of all remotes of a type. Passwords are obscured, as everywhere in rclone.
    pub fn set(&mut self, prefix: &str, option: &str, value: impl Into<String>) {
        self.by_flag.insert(flag(prefix, option), value.into());
    }
}

/// Values may be secret, so only the names are shown.
impl std::fmt::Debug for Overrides {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.by_flag.keys()).finish()
    }
}

fn flag(prefix: &str, option: &str) -> String {
    format!("--{}", format!("{prefix}-{option}").replace('_', "-"))
}

/// A remote with everything that is known about it: what a provider's remote is built from.
///
/// As an [`OptionSource`] it finds an option in the first layer that has it: the connection string, [`Overrides`], the variable
/// `RCLONE_CONFIG_<NAME>_<KEY>`, the variable `RCLONE_<PREFIX>_<KEY>`, the file. An empty text in the file counts as not
/// set; in the other layers it does so for options that are not of type string. Passwords are obscured in all layers and handed out in the clear.
///
/// It is a snapshot: later changes of the configuration do not show.
#[derive(Clone)]
pub struct ResolvedRemote {
    name: String,
    type_name: String,
    remote: RemoteString,
    file: BTreeMap<Vec<u8>, Vec<u8>>,
    environment: Environment,
    overrides: Overrides,
}

impl ResolvedRemote {
    pub(crate) fn new(
        document: &Document,
        remote: RemoteString,
        environment: &Environment,
        overrides: &Overrides,
    ) -> Result<Self, Error> {
        let name = remote.name.to_text();
        let mut resolved = Self {
            file: section_values(document, &name),
            environment: environment.clone(),
            overrides: overrides.clone(),
            type_name: String::new(),
            remote,
            name,
        };
        resolved.type_name = resolved.find_type()?;
        Ok(resolved)
    }

    /// The name: of the section, with a colon in front for a remote without configuration, empty for a local path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the remote string referred to.
    #[must_use]
    pub fn remote_name(&self) -> &RemoteName {
        &self.remote.name
    }

    /// The type, as it is written: the name of a provider or an alias of it, `local` for a local path. See [`Backend::is_named`].
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The path inside the remote.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.remote.path
    }

    /// Finds the text of an option as rclone does: in the first layer that has it, where an empty text counts except in the file.
    ///
    /// Layers that depend on the type of the remote are asked only if `backend` is given and has such an option.
    ///
    /// # Errors
    ///
    /// The value is not Unicode text.
    pub fn lookup(
        &self,
        key: &str,
        backend: Option<&Backend>,
    ) -> Result<Option<OptionText>, OptionError> {
        self.find(key, backend, |_| true)
    }

    /// The options that differ from their defaults, as texts. Passwords are obscured.
    ///
    /// # Errors
    ///
    /// A value is not Unicode text.
    pub fn non_default_options(
        &self,
        backend: &Backend,
    ) -> Result<BTreeMap<String, String>, OptionError> {
        let mut options = BTreeMap::new();
        for option in backend.options {
            if let Some(found) = self.lookup(option.name, Some(backend))?
                && found.text != option.default
            {
                options.insert(option.name.to_owned(), found.text);
            }
        }
        Ok(options)
    }

    /// The remote as a string that needs no configuration: `:koofr,user=alice:path`. Secrets are in it, obscured.
    ///
    /// # Errors
    ///
    /// A value is not Unicode text.
    pub fn config_string(&self, backend: &Backend) -> Result<String, OptionError> {
        let options = human(&self.non_default_options(backend)?);
        let comma = if options.is_empty() { "" } else { "," };
        Ok(format!(
            ":{}{comma}{options}:{}",
            self.type_name, self.remote.path
        ))
    }

    fn find_type(&self) -> Result<String, Error> {
        let unknown = || Error::UnknownRemote {
            name: self.name.clone(),
        };
        let fallback = match &self.remote.name {
            RemoteName::Local => return Ok("local".to_owned()),
            RemoteName::OnTheFly(backend) => Some(backend.clone()),
            RemoteName::Configured(_) => None,
        };
        let found = self
            .find("type", None, |text| !text.is_empty())
            .map_err(|_not_text| unknown())?;
        found
            .map(|found| found.text)
            .or(fallback)
            .ok_or_else(unknown)
    }

    fn find(
        &self,
        key: &str,
        backend: Option<&Backend>,
        counts: impl Fn(&str) -> bool,
    ) -> Result<Option<OptionText>, OptionError> {
        for found in self.layers_above_file(key, backend) {
            let found = found?;
            if counts(&found.text) {
                return Ok(Some(found));
            }
        }
        let Some(value) = self
            .file
            .get(key.as_bytes())
            .filter(|value| !value.is_empty())
        else {
            return Ok(None);
        };
        let origin = Origin::File(self.name.clone());
        match std::str::from_utf8(value) {
            Ok(text) => Ok(Some(OptionText::new(text, origin))),
            Err(_) => Err(not_text(key, origin)),
        }
    }

    fn layers_above_file(
        &self,
        key: &str,
        backend: Option<&Backend>,
    ) -> impl Iterator<Item = Result<OptionText, OptionError>> {
        let backend = backend.filter(|backend| backend.option(key).is_some());
        let connection = self
            .remote
            .options
            .get(key)
            .map(|text| Ok(OptionText::new(text, Origin::ConnectionString)));
        let flag = backend.map(|backend| flag(backend.prefix, key));
        let flag = flag.and_then(|flag| {
            let text = self.overrides.by_flag.get(&flag)?;
            Some(Ok(OptionText::new(text, Origin::Override(flag))))
        });
        let own = (!self.name.is_empty()).then(|| Environment::remote_variable(&self.name, key));
        let common = backend.map(|backend| Environment::backend_variable(backend.prefix, key));
        let variable = |name: String| {
            let text = self.environment.get(&name)?.to_str();
            let origin = Origin::Environment(name);
            Some(match text {
                Some(text) => Ok(OptionText::new(text, origin)),
                // Not as if it were not set: the user would wonder which value counts.
                None => Err(not_text(key, origin)),
            })
        };
        [
            connection,
            flag,
            own.and_then(variable),
            common.and_then(variable),
        ]
        .into_iter()
        .flatten()
    }
}

impl OptionSource for ResolvedRemote {
    fn text(
        &self,
        backend: &Backend,
        option: &OptionSpec,
    ) -> Result<Option<OptionText>, OptionError> {
        let empty_counts = option.value_type == OptionType::String;
        self.find(option.name, Some(backend), |text| {
            empty_counts || !text.is_empty()
        })
    }

    fn secret(
        &self,
        backend: &Backend,
        option: &OptionSpec,
    ) -> Result<Option<Secret>, OptionError> {
        let Some(found) = self
            .text(backend, option)?
            .filter(|found| !found.text.is_empty())
        else {
            return Ok(None);
        };
        let revealed = reveal(&found.text).map_err(|error| {
            let detail = "it must be obscured, as `rclone obscure` prints it";
            OptionError::unreadable(option.name, Some(found.origin), detail).with_source(error)
        })?;
        Ok(Some(revealed).filter(|secret| !secret.is_empty()))
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// Values may be secret, so they are not shown.
impl std::fmt::Debug for ResolvedRemote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResolvedRemote")
            .field("remote", &self.remote)
            .field("type", &self.type_name)
            .finish_non_exhaustive()
    }
}

fn not_text(key: &str, origin: Origin) -> OptionError {
    OptionError::unreadable(key, Some(origin), "the value is not Unicode text")
}

/// The values of a section and of those it inherits from.
fn section_values(document: &Document, section: &str) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut values = BTreeMap::new();
    let mut effort = Effort::of_document();
    let mut current = section;
    while document.has_section(current) {
        for key in document.keys(current) {
            let value = || {
                let value = document.value_within(current, key, &mut effort);
                value.unwrap_or_default().into_owned()
            };
            values.entry(key.to_vec()).or_insert_with(value);
        }
        let Some((parent, _)) = current.rsplit_once('.') else {
            break;
        };
        current = parent;
    }
    values
}
