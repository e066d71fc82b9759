//! Typed option values: rclone's answers, and options of every type from every layer.

#[path = "../support/mod.rs"]
mod support;

mod typed;
mod vectors;
