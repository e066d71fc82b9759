//! Client library for Jottacloud and its white-label brands.

pub mod addresses;
pub mod api;
pub mod auth;
pub mod builder;
pub mod client;
pub mod config;
pub mod encoding;
pub mod error;
pub mod location;
pub mod model;
pub mod options;
pub mod remote;
pub mod setup;
pub mod time;

mod call;
mod transport;
mod xml;

pub use self::{client::Client, remote::JottaRemote};
