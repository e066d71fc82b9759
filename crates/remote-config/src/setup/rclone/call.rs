//! What comes with a call.

use remote_core::secret::Secret;

use super::super::SetupError;

/// In which form passwords are given among the parameters.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Obscuring {
    /// In the clear: `--obscure`.
    Always,
    /// Whatever can be revealed counts as obscured already. **A clear password of 22 letters or more can be taken for one**; the form is there for the
    /// command line, where rclone guesses likewise.
    #[default]
    Guess,
    /// Obscured: `--no-obscure`.
    Never,
}

impl Obscuring {
    /// What the flags `--obscure` and `--no-obscure` mean.
    ///
    /// # Errors
    ///
    /// Both are given.
    pub fn from_flags(obscure: bool, no_obscure: bool) -> Result<Self, SetupError> {
        match (obscure, no_obscure) {
            (false, false) => Ok(Self::Guess),
            (true, false) => Ok(Self::Always),
            (false, true) => Ok(Self::Never),
            (true, true) => Err(SetupError::Parameter {
                detail: "passwords are either clear or obscured: --obscure and --no-obscure exclude each other".to_owned(),
            }),
        }
    }
}

/// What comes with a call, besides name and type.
#[derive(Clone, Debug, Default)]
#[must_use = "a call does nothing by itself"]
pub struct Call {
    pub(super) parameters: Vec<(String, Secret)>,
    pub(super) obscuring: Obscuring,
    pub(super) all: bool,
    pub(super) interactive: bool,
    pub(super) answered: Option<(String, Secret)>,
}

impl Call {
    /// Asks the provider's own questions only: `--non-interactive`.
    pub fn ask_steps() -> Self {
        Self::default()
    }

    /// Asks everything: `--non-interactive --all`.
    pub fn ask_all() -> Self {
        Self {
            all: true,
            ..Self::default()
        }
    }

    /// Asks nothing and takes all defaults: neither of the two flags.
    pub fn ask_nothing() -> Self {
        Self {
            interactive: true,
            ..Self::default()
        }
    }

    /// Parameters: options, or answers to questions by their names, which begin with `config_` and are not stored.
    pub fn parameters(
        mut self,
        parameters: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        let given = parameters.into_iter();
        self.parameters
            .extend(given.map(|(key, value)| (key.into(), Secret::new(value))));
        self
    }

    /// In which form passwords are given among the parameters.
    pub fn obscuring(mut self, obscuring: Obscuring) -> Self {
        self.obscuring = obscuring;
        self
    }

    /// The answer to the question that came with a state: `--continue --state STATE --result RESULT`.
    pub fn answer(mut self, state: impl Into<String>, result: impl Into<String>) -> Self {
        self.answered = Some((state.into(), Secret::new(result)));
        self
    }
}

/// Reads parameters of a command line: `key=value`, or `key` and `value` as two arguments.
///
/// # Errors
///
/// A key without a value.
pub fn parse_parameters(
    arguments: impl IntoIterator<Item = impl Into<String>>,
) -> Result<Vec<(String, String)>, SetupError> {
    let mut arguments = arguments.into_iter().map(Into::into);
    let mut parameters = Vec::new();
    while let Some(argument) = arguments.next() {
        let pair = match argument.split_once('=') {
            Some((key, value)) => (key.to_owned(), value.to_owned()),
            None => {
                let value = arguments.next().ok_or_else(|| SetupError::Parameter {
                    detail: format!("there is no value for the key {argument:?}"),
                })?;
                (argument, value)
            }
        };
        parameters.push(pair);
    }
    Ok(parameters)
}
