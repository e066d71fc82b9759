//! Amazon Drive from end to end: the contract, its budgets, and everything that can go wrong, on the emulator.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

mod bad_input;
mod beyond;
mod budgets;
mod configured;
mod conformance;
mod coverage;
mod defects;
mod faults;
mod following;
mod large_folders;
mod late_files;
mod lost_answers;
mod outages;
