//! Shared code of the suites.

pub mod changes;
pub mod koofr;
pub mod patience;
pub mod raw;

#[cfg(feature = "interop")]
pub mod interop;
