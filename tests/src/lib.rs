//! Shared code of the suites.

pub mod acd;
pub mod changes;
pub mod folders;
pub mod jotta;
pub mod koofr;
pub mod matrix;
pub mod patience;
pub mod raw;
pub mod token_workers;

#[cfg(feature = "interop")]
pub mod interop;
