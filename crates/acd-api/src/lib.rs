//! x
pub mod addresses;
pub mod api;
pub mod auth;
pub mod builder;
pub mod client;
pub mod encoding;
pub mod error;
pub mod filter;
pub mod model;
pub mod remote;
pub mod time;

mod call;
mod discovery;
mod json_stream;
mod multipart;
mod transport;

pub use self::{client::Client, remote::AcdRemote};
