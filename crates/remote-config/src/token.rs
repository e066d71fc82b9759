//! Tokens in the configuration file, renewed by one process at a time.
//!
//! rclone keeps an OAuth token under the key `token` of a remote. [`FileTokenStore`] reads and writes it there for
//! [`TokenCache`](remote_core::auth::TokenCache), under a lock that holds between processes:
//!
//! ```
//! use std::sync::Arc;
//! use remote_config::{Config, Environment};
//! use remote_core::auth::Token;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dir = tempfile::tempdir()?;
//! let path = dir.path().join("rclone.conf");
//! std::fs::write(&path, "[jotta]\ntype = jottacloud\ntoken = {\"access_token\":\"old\",\"expiry\":\"2026-01-02T03:04:05Z\"}\n")?;
//! let config = Config::open(&path)?;
//! let remote = config.remote("jotta:", &Environment::empty())?;
//!
//! // What a provider's client is given.
//! let store = config.token_store(&remote)?;
//! assert_eq!(store.load().await?.map(|token| token.access_token), Some("old".into()));
//!
//! // What it does after it has renewed the token.
//! store.save(&Token::new("new")).await?;
//! assert!(std::fs::read_to_string(&path)?.contains("\"access_token\":\"new\""));
//! # Ok(())
//! # }
//! ```
//!
//! # The lock
//!
//! Whoever wants to renew a token holds an advisory lock of the operating system on a file beside the configuration, named like it with
//! `.token-NAME.lock` appended. The system gives it back when its holder ends, however it ends. The file stays; it is empty except
//! while a token is being renewed, and its owner alone can read it. Other changes of the configuration do not wait for a renewal: they are made
//! under the lock of the [`Store`](crate::store::Store), which is held for the moment of writing only.
//!
//! rclone knows nothing of this lock. It reads the file again before it renews a token, as this store does, so that the two take over each
//! other's tokens; only if both renew at the same moment, one of them loses, and a service that takes this for theft ends the sign-in.
//!
//! # What is written when
//!
//! 1. Under the lock, the file is read again. A token that somebody else has renewed is used.
//! 2. The lock file says which refresh token is about to be presented: its SHA-256, never the token. This is on the disk before the request
//!    is sent. A file system that is full or read-only shows here, while the old token is still good.
//! 3. The new token is written into the configuration, which is replaced as a whole and synchronised, and then used.
//! 4. The lock file is emptied.
//!
//! A process that dies between 2 and 3 leaves its note. The others then do not present that refresh token again but say that the person has to
//! sign in again; a service that detects reuse would end the sign-in otherwise, and one whose answer was lost has spent the token. What is
//! left of the access token's life can still be used. Signing in again, in any program, replaces the token, and the note counts no more.

mod file;
mod note;
mod resolve;

pub use self::file::{FileTokenStore, TOKEN_LOCK_TIMEOUT};
