//! Programs side by side on one emulator: rclone 1.60.1, rclone 1.75.2 and our own `remote`.
//!
//! [`Stage`](stage::Stage) is an emulator with a configuration file; a [`Tool`](tool::Tool) is one of the programs on that stage; a
//! [`trace`] is what a program asked of the emulator, short enough to be written down in a test.

#![expect(
    clippy::missing_panics_doc,
    reason = "a harness of tests: whatever goes wrong is a panic that says so"
)]

pub mod browser;
pub mod files;
pub mod http;
pub mod jotta;
pub mod listing;
pub mod stage;
pub mod tool;
pub mod trace;
