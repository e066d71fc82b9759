//! The HTTP layer against servers that misbehave.
//!
//! Covered: connections that fail, are cut, stall, drip and answer early; bodies in both directions with wrong lengths; every
//! kind of redirect; what is sent; what is told in errors, `Debug` and events.
//! Not covered here: TLS (the `tests` package has the servers for it).
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

#[path = "http/answers.rs"]
mod answers;
#[path = "http/faults.rs"]
mod faults;
#[path = "http/privacy.rs"]
mod privacy;
#[path = "http/redirects.rs"]
mod redirects;
#[path = "http/server.rs"]
mod server;
#[path = "http/uploads.rs"]
mod uploads;
#[path = "http/version2.rs"]
mod version2;
