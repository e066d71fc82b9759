//! What the service tells, by its own nouns.
//!
//! Missing, empty and unknown values never fail an answer: what is not there is absent, and words that are not known are kept as they are.

pub mod account;
pub mod album;
pub mod device;
pub mod event;
pub mod file;
pub mod folder;
pub mod item;
pub mod upload;
