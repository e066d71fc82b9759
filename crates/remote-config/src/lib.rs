//! Placeholder page.
mod config;
pub mod document;
pub mod dump;
mod environment;
mod error;
pub mod location;
pub mod name;
pub mod obscure;
pub mod redact;
pub mod remote_string;
mod resolve;
pub mod store;

pub use config::Config;
pub use environment::Environment;
pub use error::Error;
pub use resolve::{Overrides, ResolvedRemote};
