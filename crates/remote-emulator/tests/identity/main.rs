//! The identity provider as seen over the wire.
//!
//! Covers: discovery and the client's identification (`discovery`), personal login tokens, codes and the sign-in page
//! (`sign_in`), rotation, reuse, revocation and expiry (`refresh`), the older sign-in (`legacy`), Login with Amazon (`amazon`), administration,
//! faults and what survives a restart (`operation`).
//!
//! Not covered here: what clients make of it, which the suites of the clients show.

#![expect(clippy::unwrap_used, reason = "helpers of tests may")]

mod amazon;
mod client;
mod discovery;
mod legacy;
mod operation;
mod refresh;
mod sign_in;
