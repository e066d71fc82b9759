//! Copies between temporary folders and remotes in memory: each rule of what is copied, each kind of problem, each way to end early, and how many
//! requests it takes.
//!
//! Not covered: file systems that do not tell upper from lower case, and devices and streams of Windows, beyond the names themselves.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod comparing;
mod early_end;
mod events;
mod filtering;
mod local_problems;
mod one_file;
mod random_trees;
mod relay;
mod restore;
mod support;
mod target_problems;
mod upload;
