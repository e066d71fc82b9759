//! Programs side by side on one emulator: rclone 1.60.1, rclone 1.75.2 and our own `remote`.
//!
//! A [`Stage`](stage::Stage) is an emulator of one [`Service`](stage::Service) with a configuration file; a [`Tool`](tool::Tool) is one of the programs on
//! that stage; a trace is what a program asked of the emulator, short enough to be written down in a test. What is tried on every service has its home
//! here: the small tree of the acceptance lists in [`stock`], the difficult names in [`names`] and [`exchange`], a shared token in [`turns`], people
//! and browsers in [`sign_in`].

#![expect(
    clippy::missing_panics_doc,
    reason = "a harness of tests: whatever goes wrong is a panic that says so"
)]

pub mod acd;
pub mod browser;
pub mod dialogue;
pub mod exchange;
pub mod files;
pub mod http;
pub mod jotta;
pub mod koofr;
pub mod listing;
pub mod mounting;
pub mod names;
pub mod oauth_proxy;
pub mod orders;
pub mod sign_in;
pub mod stage;
pub mod stock;
pub mod tool;
pub mod turns;
