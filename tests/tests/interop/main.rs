//! Programs that others wrote: rclone 1.60.1 and 1.75.2, and a browser, brought by `tests/interop/install.sh`.
#![cfg(feature = "interop")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

mod acceptance;
mod acd;
mod config;
mod encrypted;
mod jotta;
mod mount;
mod names;
mod options;
mod results;
mod setup;
mod tokens;
