//! Setting up a remote by questions and answers, as `rclone config` does, without input and output of its own.
//!
//! A [`Dialogue`] asks one question at a time; whoever drives it draws the question (a terminal, a window, a web page, a line of JSON) and hands back the
//! answer. It asks for the name and the type, for the plain options of the type, whether to go through the advanced options, then
//! whatever the provider has to ask, and shows a summary at the end. It can be [suspended](Dialogue::suspend) to JSON at any question and
//! [resumed](Dialogue::resume) in another process; the text holds tokens, see [`SuspendedDialogue`]. Nothing is written before the end: [`Dialogue::apply`] puts the finished section into a
//! [`Config`](crate::Config).
//!
//! ```
//! use remote_config::{Config, document::Document, setup::{Dialogue, Next, SetupType}};
//! use remote_core::{options::{Backend, OptionSpec, OptionType}, setup::Answer};
//!
//! static EXAMPLE: Backend = Backend::new("example", "Example Drive", &[
//!     OptionSpec::new("user", OptionType::String, "Name of the account.").required(),
//!     OptionSpec::new("password", OptionType::String, "Password of the account.").required().secret(),
//!     OptionSpec::new("chunk", OptionType::Size, "Size of a part.").default_text("10Mi"),
//! ]);
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut config = Config::in_memory(Document::new());
//! let types = [SetupType::new(&EXAMPLE)];
//! let mut dialogue = Dialogue::create(&types, config.sections());
//!
//! // What a person would type; an empty answer takes what is offered.
//! let mut typed = ["mine", "example", "alice", "potato", "", "save"].into_iter();
//! let mut turn = dialogue.turn().await?;
//! while let Next::Ask(question) = turn.next {
//!     println!("{}: {} [{}]", question.name, question.help, question.default);
//!     let line = typed.next().expect("nothing more is asked");
//!     let answer = if line.is_empty() { Answer::accept() } else { Answer::text(line) };
//!     turn = dialogue.answer(&answer).await?;
//! }
//! dialogue.apply(&mut config)?;
//! config.save()?;
//!
//! // A default that was merely confirmed is not written.
//! let text = String::from_utf8(config.document().to_bytes())?;
//! assert!(text.starts_with("[mine]\ntype = example\nuser = alice\npassword = "), "{text}");
//! assert!(!text.contains("chunk") && !text.contains("potato"));
//! # Ok(())
//! # }
//! ```
//!
//! # Differences from rclone
//!
//! The questions, their order and what ends up in the file are rclone's, but:
//!
//! | subject | rclone | here |
//! | --- | --- | --- |
//! | answer to a password question | stored as given, so that a program has to obscure it first | clear text, which is obscured |
//! | the option that tells the variant of a service (`provider`) | may be left empty, and then the questions of all variants are asked | one of those offered, wherever other options depend on it |
//! | answers of the wrong type, or none where one is required | stored | told, and asked again |
//! | an answer that takes away a value with a default | stored as an empty value | the key is removed, which means the same |
//! | when the file is written | at every step | at the end |
//! | a remote of that name exists | replaced by `config create` | refused |
//! | whether the account works | not tried | tried, where the provider has a step for it |
//!
//! [`rclone`](mod@rclone) speaks the JSON of `rclone config create --non-interactive` to programs that know how to drive that.

mod dialogue;
mod error;
mod plain;
pub mod rclone;
mod section;
mod summary;
mod suspend;

use std::sync::Arc;

use remote_core::{options::Backend, setup::SetupSteps};

pub use self::{
    dialogue::{CONFIRM, Dialogue, NAME, Next, TYPE, Turn},
    error::SetupError,
    plain::ADVANCED,
    suspend::{MAX_SUSPENDED_BYTES, SuspendedDialogue},
};

/// A type of remote that can be set up: its options, and its own steps.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct SetupType {
    /// The options.
    pub backend: &'static Backend,
    /// What the provider asks behind the plain options; nothing if the table is all there is.
    pub steps: Option<Arc<dyn SetupSteps>>,
}

impl SetupType {
    /// A type without steps of its own.
    #[must_use]
    pub fn new(backend: &'static Backend) -> Self {
        Self {
            backend,
            steps: None,
        }
    }

    /// Adds the steps of the provider.
    #[must_use]
    pub fn steps(mut self, steps: impl SetupSteps + 'static) -> Self {
        self.steps = Some(Arc::new(steps));
        self
    }
}

/// The type of a name, as it may be written in a file.
fn find_type<'a>(types: &'a [SetupType], type_name: &str) -> Option<&'a SetupType> {
    types.iter().find(|known| known.backend.is_named(type_name))
}
