//! The conversation in JSON that `rclone config create --non-interactive` has with programs.
//!
//! [`create`] and [`update`] do what those commands do: they put the parameters into the configuration, ask the next question, and take its answer with the state that
//! came with it. Nothing is remembered between two calls but in the configuration; saving it is the caller's business, as is the command line. A program
//! that drives rclone in this way can drive this. [`unset`], [`set_passwords`] and [`show`] are the commands beside them.
//!
//! ```
//! use remote_config::{Config, document::Document, setup::{SetupType, rclone::{Call, create, update}}};
//! use remote_core::options::{Backend, OptionSpec, OptionType};
//!
//! static EXAMPLE: Backend = Backend::new("example", "Example Drive", &[
//!     OptionSpec::new("user", OptionType::String, "Name of the account.").required(),
//! ]);
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let types = [SetupType::new(&EXAMPLE)];
//! let mut config = Config::in_memory(Document::new());
//! let reply = create(&mut config, &types, "mine", "example", &Call::ask_all()).await?;
//! assert_eq!(reply.state(), "*all-set,0,false");
//! assert!(reply.to_json().contains("\t\t\"Name\": \"user\""));
//! let reply = update(&mut config, &types, "mine", &Call::ask_all().answer(reply.state(), "alice")).await?;
//! assert!(reply.is_end());
//! assert_eq!(config.get("mine", "user")?.as_deref(), Some("alice"));
//! # Ok(())
//! # }
//! ```
//!
//! # Differences from rclone
//!
//! Answers are checked: one that does not fit is told in `Error`, and the question comes again in the same state. The result for a password is clear text, and is
//! obscured. Parameters keep their order. Options that rclone does not know are not asked. The steps of a provider are asked like its own questions in rclone, with states of their own.

mod call;
mod commands;
mod json;
mod machine;

pub use self::{
    call::{Call, Obscuring, parse_parameters},
    commands::{set_passwords, show, unset},
    json::{Reply, providers_to_json},
    machine::{create, update},
};
