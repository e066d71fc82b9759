//! How a program ends that does not succeed.

use std::{error::Error as StdError, fmt};

use remote_core::error::{BoxError, report};

/// Why a program ends, and the exit code that says so.
#[derive(Debug)]
pub struct Failure {
    error: Option<BoxError>,
    code: u8,
}

impl Failure {
    /// Exit code of everything without a code of its own.
    pub const ERROR: u8 = 1;
    /// Exit code of a command line that makes no sense.
    pub const USAGE: u8 = 2;

    /// A message of ours.
    #[must_use]
    pub fn message(text: impl Into<String>) -> Self {
        Self {
            error: Some(text.into().into()),
            code: Self::ERROR,
        }
    }

    /// A command line that makes no sense.
    #[must_use]
    pub fn usage(text: impl Into<String>) -> Self {
        Self::message(text).with_code(Self::USAGE)
    }

    /// Everything was told already.
    #[must_use]
    pub fn silent(code: u8) -> Self {
        Self { error: None, code }
    }

    /// Sets the exit code.
    #[must_use]
    pub fn with_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// The exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.code
    }

    /// The error, if it was one of this type.
    #[must_use]
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.error.as_ref()?.downcast_ref()
    }

    /// The error with all its causes and what can be done about it, if there is anything left to tell.
    #[must_use]
    pub fn report(&self) -> Option<String> {
        self.error.as_deref().map(|error| report(error))
    }
}

impl<E: Into<BoxError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            error: Some(error.into()),
            code: Self::ERROR,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report().unwrap_or_default())
    }
}
