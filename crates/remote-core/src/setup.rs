//! Setting up a remote: questions, answers, and the steps that only a provider can take.
//!
//! A dialogue asks a [`Question`] and gets an [`Answer`]; how the question looks is the business of whoever draws it: a terminal, a web page,
//! a conversation in JSON. Most questions follow from the [option table](crate::options::Backend) of a provider. What cannot be in a table
//! (signing in, checking a password, choosing one of the storages the account has) a provider supplies through [`SetupSteps`]. The
//! machine that joins both is `remote_config::setup`; it does no input or output of its own, and neither does this module. Network is touched in the steps of
//! providers only.
//!
//! # Examples
//!
//! Steps that ask for one more value, and again while it is wrong:
//!
//! ```
//! use async_trait::async_trait;
//! use remote_core::{
//!     error::Result,
//!     setup::{Answer, Question, SetupSection, SetupSteps, StepOutcome, StepState},
//! };
//!
//! #[derive(Debug)]
//! struct Colour;
//!
//! #[async_trait]
//! impl SetupSteps for Colour {
//!     async fn step(&self, section: &mut SetupSection, state: &StepState, answer: Option<&Answer>) -> Result<StepOutcome> {
//!         let question = Question::text("config_colour", "Which colour?").required();
//!         Ok(match (state.name(), answer) {
//!             ("colour", Some(answer)) if answer.expose() == "blue" => {
//!                 section.set("colour", answer.expose());
//!                 StepOutcome::Done
//!             }
//!             ("colour", Some(_)) => StepOutcome::show_error("it must be blue", StepState::start()),
//!             _ => StepOutcome::ask(question, StepState::new("colour")),
//!         })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! let mut section = SetupSection::new("mine", "example");
//! let outcome = Colour.step(&mut section, &StepState::start(), None).await?;
//! let StepOutcome::Ask { question, next } = outcome else { panic!("it asks") };
//! assert_eq!(question.name, "config_colour");
//! assert!(question.check(&Answer::accept()).is_err(), "an answer is required");
//! let answer = question.check(&Answer::text("blue")).unwrap();
//! assert_eq!(Colour.step(&mut section, &next, Some(&answer)).await?, StepOutcome::Done);
//! assert_eq!(section.get("colour"), Some("blue"));
//! # Ok(())
//! # }
//! ```

mod answer;
mod check;
mod question;
mod section;
mod steps;

pub use self::{
    answer::Answer,
    check::{AnswerError, MAX_ANSWER_BYTES},
    question::{Back, Choice, Question, QuestionKind},
    section::SetupSection,
    steps::{SetupSteps, StepOutcome, StepState},
};
