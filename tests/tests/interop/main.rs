//! Programs that others wrote: rclone 1.60.1 and 1.75.2, brought by `tests/interop/install.sh`.
#![cfg(feature = "interop")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

mod acceptance;
mod config;
mod mount;
mod names;
mod results;
