//! Typed reading of a provider's options.

use crate::{encoding::Encoding, secret::Secret};

use super::{
    Backend, OptionDuration, OptionError, OptionSource, OptionSpec, OptionType, OptionValue,
    Origin, SizeSuffix, Tristate, obscure::StoredSecret,
};

/// The options of one remote: a provider's table and the source of the values.
///
/// Each method finds an option by name, reads its text as the type from the table and falls back to the default. An empty text counts
/// as not set, except for options of type string, where it stands for the empty text if the source passes it on. Where a name
/// repeats in the table, the entry that applies to the value of `provider` is taken, or else the first.
///
/// # Errors
///
/// All methods fail with [`Invalid`](super::OptionErrorKind::Invalid) when the text is not of the option's type, with
/// [`Unreadable`](super::OptionErrorKind::Unreadable) when the source fails, and with
/// [`Unsupported`](super::OptionErrorKind::Unsupported) when the table has no option of that name and type.
#[derive(Clone, Copy)]
pub struct TypedOptions<'a> {
    backend: &'a Backend,
    source: &'a dyn OptionSource,
}

impl std::fmt::Debug for TypedOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TypedOptions")
            .field("backend", &self.backend.name)
            .field("remote", &self.source.name())
            .finish_non_exhaustive()
    }
}

macro_rules! typed_method {
    ($(#[$doc:meta])* $name:ident, $variant:ident, $type:ty) => {
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// See [`TypedOptions`].
        pub fn $name(&self, name: &str) -> Result<$type, OptionError> {
            match self.value(name)?.0 {
                OptionValue::$variant(value) => Ok(value),
                _ => Err(wrong_type(name, stringify!($name))),
            }
        }
    };
}

impl<'a> TypedOptions<'a> {
    /// Joins a table and a source.
    pub fn new(backend: &'a Backend, source: &'a dyn OptionSource) -> Self {
        Self { backend, source }
    }

    /// The provider's table.
    #[must_use]
    pub fn backend(&self) -> &'a Backend {
        self.backend
    }

    /// The name of the remote, for messages; empty when it has none.
    #[must_use]
    pub fn remote_name(&self) -> &'a str {
        self.source.name()
    }

    /// Reads any option but a password: the value and where it came from.
    ///
    /// # Errors
    ///
    /// See [`TypedOptions`].
    pub fn value(&self, name: &str) -> Result<(OptionValue, Origin), OptionError> {
        let spec = self.spec(name)?;
        let found = self.source.text(self.backend, spec)?;
        let found =
            found.filter(|found| spec.value_type == OptionType::String || !found.text.is_empty());
        let Some(found) = found else {
            let value = spec.default_value().map_err(|error| {
                OptionError::invalid(spec, spec.default, Origin::Default, error.to_string())
            })?;
            return Ok((value, Origin::Default));
        };
        if spec.exclusive
            && !found.text.is_empty()
            && spec
                .examples
                .iter()
                .all(|example| example.value != found.text)
        {
            let allowed: Vec<_> = spec.examples.iter().map(|example| example.value).collect();
            return Err(OptionError::invalid(
                spec,
                &found.text,
                found.origin,
                format!("expected one of {}", allowed.join(", ")),
            ));
        }
        match spec.value_type.parse(&found.text) {
            Ok(value) => Ok((value, found.origin)),
            Err(error) => Err(OptionError::invalid(
                spec,
                &found.text,
                found.origin,
                error.to_string(),
            )),
        }
    }

    /// Reads a text that must not be empty.
    ///
    /// # Errors
    ///
    /// [`Missing`](super::OptionErrorKind::Missing) when it is empty or not set and has no default; otherwise see [`TypedOptions`].
    pub fn required_string(&self, name: &str) -> Result<String, OptionError> {
        let text = self.string(name)?;
        if text.is_empty() {
            Err(OptionError::missing(self.spec(name)?))
        } else {
            Ok(text)
        }
    }

    /// Reads a password in the clear; nothing when it is not set.
    ///
    /// # Errors
    ///
    /// See [`TypedOptions`].
    pub fn secret(&self, name: &str) -> Result<Option<Secret>, OptionError> {
        let spec = self.spec(name)?;
        if !spec.secret {
            return Err(wrong_type(name, "secret"));
        }
        self.source.secret(self.backend, spec)
    }

    /// Reads a password in the clear that must be set.
    ///
    /// # Errors
    ///
    /// [`Missing`](super::OptionErrorKind::Missing) when it is not set; otherwise see [`TypedOptions`].
    pub fn required_secret(&self, name: &str) -> Result<Secret, OptionError> {
        self.secret(name)?
            .filter(|secret| !secret.is_empty())
            .map_or_else(|| Err(OptionError::missing(self.spec(name)?)), Ok)
    }

    /// Reads a secret that is stored obscured although the table does not call it a password; nothing when it is empty or not set.
    ///
    /// # Errors
    ///
    /// See [`TypedOptions`].
    pub fn stored_secret(&self, name: &str) -> Result<Option<StoredSecret>, OptionError> {
        let stored = Secret::new(self.string(name)?);
        Ok((!stored.is_empty()).then(|| StoredSecret::new(stored)))
    }

    /// Reads a list of any of the three notations.
    ///
    /// # Errors
    ///
    /// See [`TypedOptions`].
    pub fn list(&self, name: &str) -> Result<Vec<String>, OptionError> {
        match self.value(name)?.0 {
            OptionValue::List(_, items) => Ok(items),
            _ => Err(wrong_type(name, "list")),
        }
    }

    typed_method!(
        /// Reads a bool.
        bool, Bool, bool
    );
    typed_method!(
        /// Reads one of a set of words, spelled as in the table.
        choice, Choice, &'static str
    );
    typed_method!(
        /// Reads a length of time.
        duration, Duration, OptionDuration
    );
    typed_method!(
        /// Reads a set of rules for file names.
        encoding, Encoding, Encoding
    );
    typed_method!(
        /// Reads a floating-point number.
        float, Float, f64
    );
    typed_method!(
        /// Reads a signed number.
        int, Int, i64
    );
    typed_method!(
        /// Reads a number of bytes.
        size, Size, SizeSuffix
    );
    typed_method!(
        /// Reads a text; empty when it is not set and has no default.
        string, String, String
    );
    typed_method!(
        /// Reads a bool that can be unset.
        tristate, Tristate, Tristate
    );
    typed_method!(
        /// Reads an unsigned number.
        uint32, Uint32, u32
    );

    fn spec(&self, name: &str) -> Result<&'a OptionSpec, OptionError> {
        let mut named = self
            .backend
            .options
            .iter()
            .filter(|option| option.name == name);
        let Some(first) = named.clone().next() else {
            return Err(OptionError::unsupported(
                name,
                format!("{} has no such option", self.backend.name),
            ));
        };
        // Nothing to choose from: do not look up the variant.
        if named.clone().nth(1).is_none() {
            return Ok(first);
        }
        let provider = match self.backend.option("provider") {
            Some(spec) => self
                .source
                .text(self.backend, spec)?
                .map(|found| found.text)
                .unwrap_or_default(),
            None => String::new(),
        };
        Ok(named
            .find(|option| option.applies_to(&provider))
            .unwrap_or(first))
    }
}

fn wrong_type(name: &str, wanted: &str) -> OptionError {
    OptionError::unsupported(name, format!("the option cannot be read as {wanted}"))
}
