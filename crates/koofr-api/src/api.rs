//! The methods of [`Client`](crate::Client), by topic.

pub mod account;
pub mod activity;
pub mod devices;
pub mod download;
pub mod events;
pub mod files;
pub mod jobs;
pub mod links;
pub mod login;
pub mod mounts;
pub mod public;
pub mod recursive;
pub mod search;
pub mod server;
pub mod tags;
pub mod trash;
pub mod upload;
pub mod vault;
pub mod versions;
