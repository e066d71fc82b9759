//! The contract shared by the cloud storage clients of this workspace, and the rules they have in common.
//!
//! PAGE

pub mod auth;
pub mod capabilities;
pub mod download;
pub mod encoding;
pub mod entry;
pub mod error;
pub mod hash;
#[cfg(feature = "http")]
pub mod http;
pub mod memory;
pub mod operation;
pub mod options;
pub mod path;
pub mod progress;
pub mod remote;
pub mod retry;
pub mod secret;
pub mod settle;
pub mod source;
#[cfg(feature = "testkit")]
pub mod testkit;
