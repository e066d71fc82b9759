//! Jottacloud from end to end, on the emulator: the contract, its budgets, signing in, and what can go wrong.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

mod bad_input;
mod beyond;
mod brands;
mod budgets;
mod conformance;
mod dropped;
mod listings;
mod lost_answers;
mod reading;
mod sign_in;
mod tickets;
mod trash;
mod trash_view;
mod uploads;
mod without_versions;
