//! Every method of the client: what it sends, and what it makes of answers.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

mod account;
mod changes;
mod common;
mod content;
mod discovery;
mod nodes;
mod odd_answers;
mod options;
mod pages;
mod placing;
mod properties;
mod sign_in;
mod trash;
