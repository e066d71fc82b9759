//! What the service sends and takes, field by field, in the service's own words.
//!
//! Unknown fields are ignored, missing ones have defaults, unknown words are kept as `Unknown`. Times are signed milliseconds
//! since the Unix epoch, UTC ([`crate::time`] converts); sizes of files are bytes, sizes of mounts are **MiB**.

pub mod account;
pub mod activity;
pub mod device;
pub mod event;
pub mod file;
pub mod job;
pub mod json;
pub mod link;
pub mod mount;
pub mod search;
pub mod server;
pub mod trash;
pub mod vault;
