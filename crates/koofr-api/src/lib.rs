//! Client library for Koofr, Digi Storage and other Koofr-compatible servers.

pub mod api;
pub mod auth;
pub mod builder;
pub mod client;
pub mod config;
pub mod encoding;
pub mod error;
pub mod level;
pub mod model;
pub mod options;
pub mod provider;
pub mod remote;
pub mod time;

mod call;
mod lenient;
mod ndjson;
mod text_enum;
mod transport;

pub use self::{client::Client, remote::KoofrRemote};

/// The id that stands for the user's main storage wherever a mount is named.
pub const PRIMARY: &str = "primary";
