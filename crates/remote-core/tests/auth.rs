//! Tokens: their form, their renewal and how they are obtained.
//!
//! Covered: the JSON shared with rclone; the cache with one and several processes (as far as stores that are shared within one process
//! can show it), its failures and its cancellation; each OAuth flow and each kind of refusal; the page that browsers come back to.
//! Not covered here: a store in a file, which belongs to the configuration.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

#[path = "auth/cache.rs"]
mod cache;
#[path = "auth/dead.rs"]
mod dead;
#[cfg(feature = "http")]
#[path = "auth/oauth.rs"]
mod oauth;
#[cfg(feature = "http")]
#[path = "auth/redirect.rs"]
mod redirect;
#[path = "auth/token.rs"]
mod token;
