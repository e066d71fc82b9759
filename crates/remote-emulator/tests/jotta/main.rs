//! The Jottacloud service as seen over the wire, row by row of the specification's tables.
//!
//! Covers: credentials, addresses and names (`access`), devices, mount points and folders (`folders`), removing,
//! trash and purging (`trash`), moving and copying (`moves`), `allocate`, uploads and revisions (`uploads`), `cphash`
//! (`hashes`), downloads and links (`downloads`), recursive listings and the synthetic tree (`listings`), account,
//! quota and views (`account`), photo albums (`albums`), the event stream (`events`), faults (`faults`), what survives a restart
//! (`persistence`), the HTTPS proxy (`proxy`), the program (`program`). Every XML answer is checked to be well-formed.
//!
//! Not covered here: sign-in, which the suite of the identity provider shows, and what rclone makes of it all, which
//! the interoperability suite shows.

#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

mod access;
mod account;
mod albums;
mod client;
mod downloads;
mod events;
mod faults;
mod folders;
mod hashes;
mod listings;
mod moves;
mod persistence;
mod program;
mod proxy;
mod trash;
mod uploads;
mod wire;
mod xml;
