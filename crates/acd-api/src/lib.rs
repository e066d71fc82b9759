//! Client library for Amazon Drive (Amazon Cloud Drive) and services with the same interface.
//!
//! **The public service closed on 31 December 2023.** This crate is for servers and proxies with the same interface, for programs that still have
//! configurations of this type, and for everybody who wants to see how the common parts of this workspace cope with a service whose answers come late or show an
//! older state.
//!
//! [`Client`] speaks the service's own language: a method for every endpoint, listed in [`api`]. [`AcdRemote`] is the contract
//! [`Remote`](remote_core::remote::Remote) on top of it, for programs that work with any service; it hands out its
//! [`client`](AcdRemote::client), so nothing is out of reach.
//!
//! ```
//! use acd_api::{AcdRemote, Client, api::nodes::NodeQuery, auth::Credentials, filter::Filter};
//! use remote_core::{error::ErrorKind, path::RemotePath, remote::RemoteExt as _};
//! use url::Url;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use wiremock::{Mock, MockServer, ResponseTemplate, matchers};
//! # const ROOT: &str = r#"{"data":[{"id":"root","kind":"FOLDER","isRoot":true}]}"#;
//! # const FILES: &str = r#"{"count":1,"data":[{"id":"f1","name":"hello.txt","kind":"FILE","parents":["root"],"status":"AVAILABLE",
//! #     "contentProperties":{"size":11,"md5":"5eb63bbbe01eeed093cb22bb8f5acdc3","version":1}}]}"#;
//! # let server = MockServer::start().await;
//! # let endpoint = format!(r#"{{"customerExists":true,"metadataUrl":"{0}/m/","contentUrl":"{0}/c/"}}"#, server.uri());
//! # let answers = [("/drive/v1/account/endpoint", "", endpoint.as_str()), ("/m/nodes", "isRoot", ROOT), ("/m/nodes", "missing", r#"{"data":[]}"#),
//! #     ("/m/nodes", "parents", FILES), ("/c/nodes/f1/content", "", "hello world")];
//! # for (path, filter, body) in answers {
//! #     let filter = filter.to_owned();
//! #     let asked = Mock::given(matchers::path(path)).and(move |request: &wiremock::Request| request.url.as_str().contains(&filter));
//! #     asked.respond_with(ResponseTemplate::new(200).set_body_string(body)).mount(&server).await;
//! # }
//! # let address = format!("{}/drive/v1/", server.uri());
//! let client = Client::builder(Credentials::token("access token"))
//!     .endpoint_url(Url::parse(&address)?)
//!     .build()?;
//!
//! // The service's own language: nodes, named by ids.
//! let root = client.root_node().await?;
//! for node in client.all_nodes(&NodeQuery::new(Filter::child_of(&root.id))).await? {
//!     println!("{:?} {:?}", node.name, node.size());
//! }
//!
//! // Paths, verified contents, and errors that are told apart by kind.
//! let remote = AcdRemote::builder(client).build();
//! let content = remote.read_bytes(&RemotePath::parse("hello.txt")?, 1024).await?;
//! assert_eq!(content, "hello world");
//! let error = remote.read_bytes(&RemotePath::parse("missing")?, 1024).await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::NotFound);
//! # Ok(())
//! # }
//! ```
//!
//! # Concepts
//!
//! * **Node**: a file or folder, named by an opaque id. There are no paths on the wire; a path is found name by name.
//! * **Parents**: the folders a node is in; several make it a hard link. The root has none.
//! * **Name**: kept as it is spelled, and the only one of its kind among the available nodes of a folder, whatever the case. [`AcdRemote`] encodes names as rclone
//!   does ([`encoding`]); `Client` sends what it is given.
//! * **Status**: available, pending, in the trash, or purged. Removing is moving to the trash, which the service empties after 30 days.
//! * **Two views**: a node by its id shows the newest state; queries may show an older one for seconds.
//! * **Addresses**: where the contents and everything else of an account are is [asked for](client::Client::endpoint) and remembered for days.
//! * **Error**: [`remote_core::error::Error`] with kind, effect, advice and help; the service's own words are an [`ApiError`](error::ApiError) in its chain.
//!
//! # Signing in
//!
//! By OAuth 2 with an application of one's own, or through somebody's proxy, see [`auth`]. A token that has ended leads to one renewal and one
//! repetition, whether the service says so by 401 or by the 400 that its content host uses.
//!
//! # Options and setup
//!
//! [`options::BACKEND`] is the table of options, under rclone's names; as a page it is `docs/options/amazon-cloud-drive.md` of the repository. [`setup`] has the steps
//! that a setup dialogue takes behind them.
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
//! Albums, groups and sharing of the photo service that lives on behind the same nodes; signing in as one of the service's own applications.

pub mod addresses;
pub mod api;
pub mod auth;
pub mod builder;
pub mod client;
pub mod config;
pub mod encoding;
pub mod error;
pub mod filter;
pub mod model;
pub mod options;
pub mod remote;
pub mod setup;
pub mod time;

mod call;
mod discovery;
mod json_stream;
mod multipart;
mod transport;

pub use self::{client::Client, remote::AcdRemote};
