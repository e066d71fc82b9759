#![allow(
    clippy::unwrap_used,
    reason = "tests may unwrap, also in their helper functions"
)]
//! Setting up remotes.
//!
//! * `flows`: conversations recorded from rclone 1.75.2 with its configuration commands, held with the module that speaks its JSON, and with the dialogue
//! * `dialogue`: what is ours: mistakes, editing, summary, suspending and resuming, steps of providers that fail
//!
//! The recorded conversations with the text wizard are replayed where there is a text wizard: in the tests of the examples.

#[path = "../support/mod.rs"]
mod support;

mod dialogue;
mod flows;
mod oauth;
