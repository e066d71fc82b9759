//! Shared code of the suites.

pub mod koofr;

#[cfg(feature = "interop")]
pub mod interop;
