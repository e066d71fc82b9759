//! The remote in memory, the conformance suite on it, and the remotes that record or fail.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

#[cfg(feature = "testkit")]
mod conformance;
mod remote;
#[cfg(feature = "testkit")]
mod testkit;
