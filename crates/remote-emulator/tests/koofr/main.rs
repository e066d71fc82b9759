//! The Koofr service as seen over the wire.
//!
//! Covers: routes, methods and order of the general checks (`access`), decision tables of entries (`entries`),
//! uploads in all modes and framings (`uploads`), downloads and ranges (`downloads`), recursive listings and the
//! synthetic tree (`listings`), trash, versions, shares and the other account features (`account`), links and receivers
//! (`links`), the event stream (`events`), every fault (`faults`), what survives a restart (`persistence`), the program
//! (`program`).
//!
//! Not covered here: what real clients make of it, which the interoperability suite shows with rclone.

#![expect(clippy::unwrap_used, reason = "helpers of tests may")]

mod access;
mod account;
mod client;
mod downloads;
mod entries;
mod events;
mod faults;
mod links;
mod listings;
mod persistence;
mod program;
mod uploads;
