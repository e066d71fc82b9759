//! Every method of the client: what it sends, and what it makes of answers.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

mod account;
mod common;
mod download;
mod events;
mod files;
mod jobs;
mod links;
mod mounts;
mod recursive;
mod search;
mod sign_in;
mod trash;
mod upload;
