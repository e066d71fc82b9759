//! The contract shared by the cloud storage clients of this workspace, and the rules they have in common.
//!
//! [`Remote`](remote::Remote) is a storage service seen as a tree of files: list, look, read, write, copy, rename, remove. A program
//! picks its backend at run time and holds it as `Arc<dyn Remote>`. Providers are crates of their own (`koofr-api`, …); the crate `remotes` opens
//! one by its name in an rclone configuration.
//!
//! ```
//! use std::sync::Arc;
//!
//! use futures::TryStreamExt as _;
//! use remote_core::{
//!     error::Result,
//!     memory::MemoryRemote,
//!     operation::{ListOptions, ReadOptions, WriteMode, WriteOptions},
//!     path::RemotePath,
//!     remote::{Remote, RemoteExt as _},
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! let remote: Arc<dyn Remote> = Arc::new(MemoryRemote::new());
//! let path = RemotePath::parse("photos/2026/a.jpg")?;
//!
//! // Missing directories are made; what is stored comes back with its size, time and hash.
//! let entry = remote.write_bytes(&path, "not really a photo", WriteOptions::default()).await?;
//! assert_eq!(entry.size, Some(18));
//!
//! // Of several writers that make the same file, one wins.
//! let lock = WriteOptions::default().with_mode(WriteMode::CreateNew);
//! assert!(remote.write_bytes(&path, "mine", lock).await.unwrap_err().is_already_exists());
//!
//! // A part of a file; the whole is verified against its hash at the end.
//! let part = remote.read(&path, ReadOptions::default().with_range(4..10)).await?;
//! assert_eq!(part.bytes(1024).await?, "really");
//!
//! // One request for the whole tree, where the service has it.
//! let mut entries = remote.list_recursive(&RemotePath::root(), ListOptions::default());
//! while let Some(entry) = entries.try_next().await? {
//!     println!("{} {:?}", entry.path, entry.size);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Concepts
//!
//! * A [path](path::RemotePath) is relative to the root of the remote. Names are kept in rclone's Standard form, in which every name of every service and
//!   file system has exactly one spelling; [encoding](mod@encoding) has the rules, byte for byte those of rclone.
//! * An [entry](entry::Entry) is a file or directory with what the service tells about it. Its [tag](entry::Tag) stands for the content and
//!   makes conditional reads and writes possible.
//! * [Capabilities](capabilities::Capabilities) tell beforehand what is native, emulated or missing, how exact times are, and whether case matters.
//! * An [error](error::Error) tells its kind, whether the same call may be made again, and whether a change was made, was not made, or cannot be known.
//!   A lost answer is [looked into](settle) before anything is repeated.
//! * An upload takes a [source](source::UploadSource) that can be opened again, not a stream: hashes come before the first byte, and
//!   a retry needs the bytes once more. One-shot streams are [spooled](source::SpooledSource).
//! * A [download](download::Download) verifies itself and goes on from the next missing byte when the connection breaks.
//!
//! # For implementors of remotes
//!
//! [`memory`] is the reference; [`http`](mod@http) sends one attempt and classifies its failure, [`retry`] decides on the next, [`auth`] renews tokens,
//! [`options`] describes what can be configured, [`setup`] how a remote is set up. The conformance suite in `testkit` is what every remote has to pass.
//!
//! # Features
//!
//! | feature | default | enables |
//! | --- | --- | --- |
//! | `http` | through `rustls` | the HTTP layer and OAuth 2 |
//! | `rustls` | yes | TLS by rustls with the platform's trust store |
//! | `native-tls` | no | TLS by the operating system's library |
//! | `testkit` | no | the conformance suite, and remotes that fail or record on request |
//!
//! # What it does not do
//!
//! It knows no service and no configuration file, has no runtime of its own (futures are `Send` and run on Tokio), and has no global state.

pub mod auth;
pub mod capabilities;
pub mod download;
pub mod encoding;
pub mod entry;
pub mod error;
pub mod hash;
#[cfg(feature = "http")]
pub mod http;
pub mod lenient;
pub mod memory;
pub mod operation;
pub mod options;
pub mod path;
pub mod progress;
pub mod remote;
pub mod retry;
pub mod secret;
pub mod settle;
pub mod setup;
pub mod source;
pub mod stored;
#[cfg(feature = "testkit")]
pub mod testkit;

mod text_enum;
