//! What can be wrong with an option.

use std::{borrow::Cow, error::Error as StdError, fmt};

use super::{OptionSpec, Origin};

/// A text is not a value of the wanted type. Says what would be accepted and never repeats the text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParseValueError {
    expected: Cow<'static, str>,
}

impl ParseValueError {
    /// Names what would have been accepted, as the end of the sentence "expected …".
    pub const fn new(expected: &'static str) -> Self {
        Self {
            expected: Cow::Borrowed(expected),
        }
    }

    pub(super) fn owned(expected: String) -> Self {
        Self {
            expected: Cow::Owned(expected),
        }
    }

    /// What would have been accepted.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

impl fmt::Display for ParseValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected)
    }
}

impl StdError for ParseValueError {}

/// What is wrong with an option.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum OptionErrorKind {
    /// The value is not of the option's type, or not one of those allowed.
    Invalid,
    /// A required option is not set.
    Missing,
    /// The value could not be brought up: an obscured password that is not one, a source that failed.
    Unreadable,
    /// The table of options has no such option of this type; a mistake in the calling program.
    Unsupported,
}

/// An option that is missing or wrong: says which, where its value came from, and what is accepted.
///
/// Values of secret and sensitive options never appear.
#[derive(Debug)]
pub struct OptionError(Box<Repr>);

#[derive(Debug)]
struct Repr {
    kind: OptionErrorKind,
    option: String,
    value: Option<String>,
    origin: Option<Origin>,
    detail: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl OptionError {
    /// The value of an option cannot be used; `detail` says what would be accepted.
    ///
    /// The value is shown unless the option is secret or sensitive.
    pub fn invalid(
        spec: &OptionSpec,
        value: &str,
        origin: Origin,
        detail: impl Into<String>,
    ) -> Self {
        let shown = (!spec.secret && !spec.sensitive).then(|| shorten(value));
        Self::new(
            OptionErrorKind::Invalid,
            spec.name,
            shown,
            Some(origin),
            detail.into(),
        )
    }

    /// A required option is not set.
    pub fn missing(spec: &OptionSpec) -> Self {
        let detail = "it is required and not set".to_owned();
        Self::new(OptionErrorKind::Missing, spec.name, None, None, detail)
    }

    /// The value exists and cannot be brought up. `detail` must not contain it.
    pub fn unreadable(
        option: impl Into<String>,
        origin: Option<Origin>,
        detail: impl Into<String>,
    ) -> Self {
        Self(Box::new(Repr {
            kind: OptionErrorKind::Unreadable,
            option: option.into(),
            value: None,
            origin,
            detail: detail.into(),
            source: None,
        }))
    }

    /// The table of options has no such option of the wanted type.
    pub(super) fn unsupported(option: &str, detail: impl Into<String>) -> Self {
        Self::new(
            OptionErrorKind::Unsupported,
            option,
            None,
            None,
            detail.into(),
        )
    }

    /// Attaches the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    fn new(
        kind: OptionErrorKind,
        option: &str,
        value: Option<String>,
        origin: Option<Origin>,
        detail: String,
    ) -> Self {
        Self(Box::new(Repr {
            kind,
            option: option.to_owned(),
            value,
            origin,
            detail,
            source: None,
        }))
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> OptionErrorKind {
        self.0.kind
    }

    /// The name of the option.
    #[must_use]
    pub fn option(&self) -> &str {
        &self.0.option
    }

    /// Where the value came from, if there is one.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.0.origin.as_ref()
    }
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Repr {
            option,
            value,
            origin,
            detail,
            ..
        } = &*self.0;
        write!(f, "option \"{option}\"")?;
        if let Some(value) = value {
            write!(f, " = {value:?}")?;
        }
        if let Some(origin) = origin {
            write!(f, " ({origin})")?;
        }
        write!(f, ": {detail}")
    }
}

impl StdError for OptionError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

/// Error messages repeat a value only up to a length that fits a line.
fn shorten(value: &str) -> String {
    const SHOWN_CHARS: usize = 80;
    match value.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}
