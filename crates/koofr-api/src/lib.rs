//! Client library for Koofr, Digi Storage and other Koofr-compatible servers.
//!
//! [`Client`] speaks the service's own language: a method for every endpoint, listed in [`api`]. [`KoofrRemote`] is the contract
//! [`Remote`](remote_core::remote::Remote) on top of it, for programs that work with any service; it hands out its
//! [`client`](KoofrRemote::client), so nothing is out of reach.
//!
//! ```
//! use bytes::Bytes;
//! use futures::TryStreamExt as _;
//! use koofr_api::{
//!     Client, PRIMARY,
//!     api::{download::GetOptions, recursive::RecursiveItem, upload::{PutMode, PutOptions}},
//!     auth::Credentials,
//! };
//! use remote_core::{error::ErrorKind, http::Body};
//! use url::Url;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use wiremock::{Mock, MockServer, ResponseTemplate, matchers};
//! # const FILE: &str = r#"{"name":"hello.txt","type":"file","modified":1700000000000,"size":11,"hash":"5eb63bbbe01eeed093cb22bb8f5acdc3"}"#;
//! # const LIST: &str = concat!(r#"{"type":"file","path":"/","file":{"name":"backup","type":"dir"}}"#, "\n",
//! #     r#"{"type":"file","path":"/hello.txt","file":{"name":"hello.txt","type":"file","size":11}}"#, "\n");
//! # let server = MockServer::start().await;
//! # for (method, call, status, body) in [
//! #     ("GET", "/api/v2.1/user", 200, r#"{"email":"ann@example.org"}"#),
//! #     ("POST", "/content/api/v2.1/mounts/primary/files/put", 200, FILE),
//! #     ("GET", "/content/api/v2.1/mounts/primary/files/listrecursive", 200, LIST),
//! #     ("GET", "/content/api/v2.1/mounts/primary/files/get", 200, "hello world"),
//! #     ("GET", "/api/v2.1/mounts/primary/files/info", 404, r#"{"error":{"code":"NotFound"}}"#),
//! # ] {
//! #     let asked = Mock::given(matchers::method(method)).and(matchers::path(call));
//! #     asked.respond_with(ResponseTemplate::new(status).set_body_string(body)).mount(&server).await;
//! # }
//! # let endpoint = Url::parse(&server.uri())?;
//! // `Provider::Koofr`, `Provider::DigiStorage`, or the address of any other installation.
//! let client = Client::builder(endpoint)
//!     .credentials(Credentials::basic("ann@example.org", "application password"))
//!     .build()?;
//! println!("signed in as {}", client.user().await?.email);
//!
//! // A file that must not exist yet. The answer is what the service has stored.
//! let options = PutOptions::default().with_mode(PutMode::CreateOnly).with_modified(1_700_000_000_000);
//! let body = Body::Bytes(Bytes::from_static(b"hello world"));
//! let stored = client.put(PRIMARY, "/backup", "hello.txt", body, &options).await?;
//! assert_eq!(stored.hash.as_deref(), Some("5eb63bbbe01eeed093cb22bb8f5acdc3"));
//!
//! // Everything below a folder: one request, in bounded memory.
//! let mut items = client.list_recursive(PRIMARY, "/backup");
//! while let Some(item) = items.try_next().await? {
//!     if let RecursiveItem::Entry { path, file } = item {
//!         println!("{path} {:?}", file.size);
//!     }
//! }
//!
//! let download = client.get(PRIMARY, "/backup/hello.txt", &GetOptions::default()).await?;
//! let content: Vec<Bytes> = download.body.try_collect().await?;
//! assert_eq!(content.concat(), b"hello world");
//!
//! // Errors are told apart by kind; 404 alone does not make "not found".
//! let error = client.info(PRIMARY, "/nothing here").await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::NotFound);
//! # Ok(())
//! # }
//! ```
//!
//! # Concepts
//!
//! * **Mount**: the root of a tree of files: own storage, a connected cloud, a desktop device, a folder shared by others. Calls name it by id, or
//!   [`PRIMARY`] for the main storage.
//! * **Path**: absolute within the mount, separated by slashes. The service compares without regard to case and keeps the spelling. It refuses
//!   backslashes, control characters and dot segments; `Client` sends what it is given, [`KoofrRemote`] encodes names as rclone does ([`encoding`]).
//! * **Time**: milliseconds since 1970, set when a file is uploaded or copied, never afterwards; see [`time`].
//! * **Hash**: MD5, told by listings, uploads and downloads alike; absent for folders and on some connected clouds.
//! * **Error**: [`remote_core::error::Error`] with kind, effect, advice and help; the service's own words are an [`ApiError`](error::ApiError) in its chain.
//! * **Level**: installations speak one of two versions of the interface; [`level::ApiLevel::Auto`] finds out which.
//!
//! # Signing in
//!
//! With an application password ([`auth::Credentials::Basic`]), which the user makes at [`Provider::app_password_url`](provider::Provider::app_password_url);
//! with a token made of one; or by [OAuth 2](auth::oauth). A refused password is presented once: the service locks the IP address after a few.
//!
//! # Options and setup
//!
//! [`options::BACKEND`] is the table of options, under rclone's names; as a page it is `docs/options/koofr.md` of the repository. [`setup`] has the steps that a setup
//! dialogue takes behind them: whether the account works, and which of its storages to use.
//!
//! # What is verified, and what is not
//!
//! `Client` checks that an answer is the service's, that a part is the one asked for, and that a listing is complete. It does not compare sizes and
//! hashes of content: [`KoofrRemote`] does, in both directions.
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
//! Comments, groups, the register of third-party applications and the change log of the product, which no storage client needs; the gateway for file managers;
//! the encryption of Safe Boxes.

pub mod api;
pub mod auth;
pub mod builder;
pub mod client;
pub mod config;
pub mod encoding;
pub mod error;
pub mod level;
pub mod model;
pub mod options;
pub mod provider;
pub mod remote;
pub mod setup;
pub mod time;

mod call;
mod ndjson;
mod transport;

use remote_core::{lenient, text_enum};

pub use self::{client::Client, remote::KoofrRemote};

/// The id that stands for the user's main storage wherever a mount is named.
pub const PRIMARY: &str = "primary";
