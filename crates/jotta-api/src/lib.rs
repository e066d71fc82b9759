//! Client library for Jottacloud and its white-label brands.
//!
//! [`Client`] speaks the service's own language: a method for every endpoint, listed in [`api`]. [`JottaRemote`] is the contract
//! [`Remote`](remote_core::remote::Remote) on top of it, for programs that work with any service; it hands out its
//! [`client`](JottaRemote::client), so nothing is out of reach.
//!
//! ```no_run
//! use futures::TryStreamExt as _;
//! use jotta_api::{Client, api::listing::TreeItem, auth::Credentials, location::Location};
//!
//! # async fn example(tokens: remote_core::auth::TokenCache) -> remote_core::error::Result<()> {
//! let client = Client::builder(Credentials::Tokens(tokens)).build()?;
//! println!("signed in as {}", client.username().await?);
//!
//! // Everything below a folder: one request, in bounded memory, checked against the service's own count.
//! let mut items = client.list_tree(&Location::new("Jotta", "Archive").below("backup"));
//! while let Some(item) = items.try_next().await? {
//!     if let TreeItem::File(file) = item {
//!         println!("{}/{} {:?}", file.folder, file.name, file.size);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Concepts
//!
//! * **Device** and **mount point**: an account has devices, a device has mount points, a mount point is the root of a tree of files. The built-in device
//!   `Jotta` has `Archive`, where programs like this one store, `Sync`, and views (`Trash`, `Links`, `Latest`, `Shared`), in which nothing can be stored. Every
//!   other device stands for a computer that is backed up.
//! * **[Location](location::Location)**: a device, a mount point and a path. The service compares names without regard to case and keeps the spelling. `Client` sends
//!   names as they are, [`JottaRemote`] encodes them as rclone does ([`encoding`]).
//! * **Tombstone**: what is in the trash stays in the listing of its folder, with the moment it went there, and can be downloaded. `Client` shows it,
//!   [`JottaRemote`] hides it.
//! * **Revision**: a file has up to five contents. An upload that broke off is one that is incomplete; the file keeps its content meanwhile.
//! * **Time**: whole seconds; see [`time`]. Creation and modification time are set by whoever uploads.
//! * **Hash**: MD5, which has to be known before an upload begins.
//! * **Error**: [`remote_core::error::Error`] with kind, effect, advice and help; the service's own words are an [`ApiError`](error::ApiError) in its chain.
//!
//! # Signing in
//!
//! | brand | key | standard | by browser | legacy |
//! | --- | --- | --- | --- | --- |
//! | Jottacloud | `jottacloud` | yes | yes | old configurations |
//! | Elgiganten Cloud (Denmark), (Sweden) | `elgiganten_dk`, `elgiganten_se` | some | yes | |
//! | Elkjøp Cloud (Norway) | `elkjop` | some | yes | |
//! | ELKO Cloud (Iceland) | `elko` | some | yes | |
//! | Gigantti Cloud (Finland) | `gigantti` | some | yes | |
//! | Let's Go Cloud (Germany) | `letsgo` | some | yes | |
//! | Media Markt Cloud | `mediamarkt` | some | yes | |
//! | Onlime (Denmark) | `onlime` | some | yes | |
//! | Phonero Sky (Norway) | `phonero` | some | yes | |
//! | Tele2 Cloud (Sweden) | `tele2` | some | yes | |
//! | Telia Sky (Norway), Telia Cloud (Sweden) | `telia_no`, `telia_se` | some | yes | |
//! | any other, by its well-known address | | perhaps | yes | |
//!
//! Standard is with a personal login token, which brands offer or not on their web page; it names its brand itself. Old configurations with user name and password go
//! on working as long as the service renews their tokens. Each row is tested on the emulator, whose brands all give out login tokens. See [`auth`], and [`setup`] for the questions that lead through it.
//!
//! # What is verified, and what is not
//!
//! `Client` checks that an answer is the service's, that a part is the one asked for, and that a streamed listing is complete. It does not compare sizes and
//! hashes of content: [`JottaRemote`] does, in both directions. What is known of the service comes from public clients and from rclone; where they leave a question open, the
//! documentation of the method says so.
//!
//! # Features
//!
//! | feature | default | enables |
//! | --- | --- | --- |
//! | `rustls` | yes | TLS by rustls with the platform's trust store |
//! | `native-tls` | no | TLS by the operating system's library |
//!
//! # What this crate does not do
//!
//! Folders shared between users, of which no interface is known, and HTTP Basic sign-ins, which the service no longer takes. Of photo albums it reads those that are
//! shared or named; how they are listed or changed is not known either.

pub mod addresses;
pub mod api;
pub mod auth;
pub mod builder;
pub mod client;
pub mod config;
pub mod encoding;
pub mod error;
#[doc(hidden)]
pub mod fuzzing;
pub mod location;
pub mod model;
pub mod options;
pub mod remote;
pub mod setup;
pub mod time;

mod call;
mod transport;
mod xml;

pub use self::{client::Client, remote::JottaRemote};
