//! Name encoding: rclone's answers, every flag with every short name, and properties that hold for all names.

#[path = "../support/mod.rs"]
mod support;

mod exhaustive;
mod properties;
mod vectors;
