//! The Amazon Drive service as seen over the wire.
//!
//! Covers: discovery, tokens, scopes and the order of the general checks (`access`), nodes with names, parents and
//! rules (`nodes`), filters, pages, sorting and delayed visibility (`queries`), the trash and its end (`trash`), uploads,
//! overwrites and late ones (`uploads`), downloads, ranges, links and the storage (`downloads`), properties, account
//! and bulk calls (`extras`), the change feed (`changes`), what survives a restart, the program and the proxy's
//! sections (`program`).
//!
//! Not covered here: what real clients make of it, which rclone 1.60.1 shows.

#![expect(clippy::unwrap_used, reason = "helpers of tests may")]

mod access;
mod changes;
mod client;
mod downloads;
mod extras;
mod nodes;
mod program;
mod queries;
mod trash;
mod uploads;
