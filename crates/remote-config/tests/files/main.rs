//! The file on disk: reading and replacing it, encrypted or not.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "../support/mod.rs"]
mod support;

mod changing;
#[cfg(unix)]
mod child;
#[cfg(unix)]
mod commands;
mod hostile;
#[cfg(unix)]
mod killed;
#[cfg(unix)]
mod limits;
mod passwords;
mod store;
mod vectors;
