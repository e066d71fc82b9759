//! Methods of the client one exchange at a time: what they send, and what they make of answers, odd ones included. What takes several exchanges is tested on
//! the emulator.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

mod albums;
mod common;
mod direct;
mod events;
mod files;
mod legacy;
mod listings;
mod shares;
mod sign_in;
mod trash;
mod uploads;
