//! The option model: what can be set for a provider, of which type, and where the values come from.
//!
//! A provider describes its options once, as a static table of [`OptionSpec`] in a [`Backend`]. That table drives parsing,
//! environment variables, documentation, redaction and the setup dialogue. Values come from an [`OptionSource`]: a plain map, or
//! a configuration file with everything that overrides it. [`TypedOptions`] joins the two and hands out typed values with the
//! defaults applied. Passwords are stored [obscured](obscure) wherever they are stored, which is a part of the model, too.
//!
//! # Examples
//!
//! ```
//! use std::collections::BTreeMap;
//! use remote_core::options::{Backend, OptionSpec, OptionType, TypedOptions};
//!
//! static EXAMPLE: Backend = Backend::new("example", "Example Drive", &[
//!     OptionSpec::new("user", OptionType::String, "Name of the account.").required(),
//!     OptionSpec::new("setmtime", OptionType::Bool, "Whether to set modification times.").default_text("true"),
//! ]);
//!
//! let source = BTreeMap::from([("user".to_owned(), "alice".to_owned())]);
//! let options = TypedOptions::new(&EXAMPLE, &source);
//! assert_eq!(options.required_string("user")?, "alice");
//! assert!(options.bool("setmtime")?);
//! # Ok::<(), remote_core::options::OptionError>(())
//! ```

mod date;
mod duration;
mod error;
mod list;
mod number;
pub mod obscure;
mod page;
mod size;
mod source;
mod spec;
mod typed;
mod value;

pub use duration::OptionDuration;
pub use error::{OptionError, OptionErrorKind, ParseValueError};
pub use page::page;
pub use size::SizeSuffix;
pub use source::{OptionSource, OptionText, Origin};
pub use spec::{Backend, OptionExample, OptionSpec, provider_matches};
pub use typed::TypedOptions;
pub use value::{OptionType, OptionValue, Tristate};
