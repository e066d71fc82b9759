//! What a provider adds to the dialogue.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{error::Result, options::OptionSpec};

use super::{Answer, Question, SetupSection};

/// The part of setting up a remote that no table of options can describe, and the only one that touches the network.
///
/// The steps come after the plain options. A step gets the section as it is by then, the state it named itself, and the answer to its
/// question, which was [checked](Question::check). It changes the section and says what comes next. Steps keep nothing between calls
/// but in the section and in the state: the dialogue may be suspended before an answer and resumed in another process.
///
/// A step that fails, or whose future is dropped, leaves the section and the state as they were before it; the same answer can be given again. So
/// a step should rather [show an error](StepOutcome::show_error) and ask again than fail.
#[async_trait]
pub trait SetupSteps: fmt::Debug + Send + Sync {
    /// Whether an option of the table is asked as a plain question before the steps; all are unless said otherwise. Say no for those that the steps ask for or find
    /// out themselves.
    fn asks(&self, option: &OptionSpec) -> bool {
        let _ = option;
        true
    }

    /// Takes a step. Begins with [`StepState::start`] and no answer; `answer` is there if the last outcome was [`StepOutcome::Ask`].
    ///
    /// # Errors
    ///
    /// What cannot be put right by other answers. The dialogue stays where it is.
    async fn step(
        &self,
        section: &mut SetupSection,
        state: &StepState,
        answer: Option<&Answer>,
    ) -> Result<StepOutcome>;
}

/// What comes after a step.
#[expect(
    clippy::exhaustive_enums,
    reason = "a dialogue has to know every outcome"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum StepOutcome {
    /// A question; the answer goes to the step of the state.
    Ask {
        /// The question.
        question: Question,
        /// Where the answer goes.
        next: StepState,
    },
    /// Nothing is left to ask.
    Done,
    /// Something to tell the user; after that the step of the state is taken, without an answer.
    ShowError {
        /// What to tell. No secrets.
        message: String,
        /// Where it goes on.
        next: StepState,
    },
}

impl StepOutcome {
    /// Asks a question.
    #[must_use]
    pub fn ask(question: Question, next: StepState) -> Self {
        Self::Ask { question, next }
    }

    /// Tells the user something and goes on.
    pub fn show_error(message: impl Into<String>, next: StepState) -> Self {
        Self::ShowError {
            message: message.into(),
            next,
        }
    }
}

/// Where the steps of a provider are: a name, and texts to remember.
///
/// It becomes part of the text of a suspended dialogue, which users keep like their configuration file. It is no place for passwords: those go into the section
/// (and are obscured in that text), or are asked for again.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct StepState {
    name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    remembered: Vec<String>,
}

impl StepState {
    /// The state of the first step; its name is empty.
    #[must_use]
    pub fn start() -> Self {
        Self::default()
    }

    /// A state of this name that remembers nothing.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            remembered: Vec::new(),
        }
    }

    /// Remembers one more text.
    #[must_use]
    pub fn remember(mut self, text: impl Into<String>) -> Self {
        self.remembered.push(text.into());
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name, and behind it everything that was remembered.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        let remembered = self.remembered.iter().map(String::as_str);
        std::iter::once(self.name.as_str()).chain(remembered)
    }

    /// What was remembered, by its place; empty if it was not.
    #[must_use]
    pub fn recall(&self, place: usize) -> &str {
        self.remembered.get(place).map_or("", String::as_str)
    }
}
