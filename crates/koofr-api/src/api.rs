//! The methods of [`Client`](crate::Client), by topic.

//account
//activity
//devices
pub mod download;
//events
pub mod files;
//jobs
//links
pub mod login;
pub mod mounts;
//public
pub mod recursive;
//search
//server
//tags
//trash
pub mod upload;
//vault
//versions
