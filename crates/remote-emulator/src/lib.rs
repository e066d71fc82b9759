//! Emulators of cloud storage services for tests, examples and benchmarks: real servers on a loopback port, with
//! state that can be looked at, exact counts of requests, and faults that can be ordered.
//!
//! They are written from the services' published behaviour and share no code with any client, so that programs
//! nobody here wrote (rclone, for one) can be tested against them as well.
//!
//! ```
//! use remote_emulator::fault::{Fault, FaultAction};
//! use remote_emulator::koofr::KoofrConfig;
//! use remote_emulator::Emulator;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::builder().koofr(KoofrConfig::default()).start().await?;
//! let koofr = emulator.koofr();
//!
//! // What a client needs.
//! println!("{} {} {}", koofr.url(), koofr.user(), koofr.password());
//!
//! // What a test wants to know.
//! koofr.write("primary", "/docs/report.txt", "hello")?;
//! assert_eq!(koofr.read("primary", "/Docs/REPORT.txt")?.as_deref(), Some(&b"hello"[..]));
//! assert_eq!(koofr.counts("primary")?, (1, 1));
//!
//! // What a test wants to happen: the next upload is stored, and its answer is lost.
//! koofr.faults().push(Fault::new(FaultAction::CommitThenClose).on("files/put"));
//!
//! assert_eq!(koofr.log().count("POST", "files/put"), 0);
//! emulator.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Administration over HTTP
//!
//! Every service has these addresses, which need no credentials and are neither counted nor delayed:
//!
//! | request | effect |
//! | --- | --- |
//! | `GET /_emulator/requests` | `{"total":3,"counts":{"GET files/info":3},"by_endpoint":[…]}` |
//! | `DELETE /_emulator/requests` | sets the counters to zero and forgets the records |
//! | `GET /_emulator/log` | the most recent requests, without secrets |
//! | `POST /_emulator/faults` | orders one [`Fault`](fault::Fault) or an array of them |
//! | `GET`, `DELETE /_emulator/faults` | what is still to come; forgets it |
//! | `POST /_emulator/clock` | `{"advance_ms":1000}` moves the clock ahead |
//! | `POST /_emulator/online` | `{"mount":"primary","online":false}` disconnects a storage |
//!
//! # Limits
//!
//! Addresses of up to 65,534 bytes are served, longer ones are refused with 414. Renditions (`thumb`, `convert`,
//! `mode=thumb`) are the original. The state in a directory survives the end of the process at any moment, but not necessarily a power
//! failure.

pub mod acd;
mod admin;
mod apply;
mod apply_xml;
mod body;
mod builder;
mod clock;
mod connection;
mod content_type;
pub mod fault;
mod fault_queue;
pub mod identity;
mod ids;
pub mod jotta;
mod journal;
pub mod koofr;
mod multipart;
mod names;
pub mod proxy;
mod query;
mod range;
mod rclone_config;
pub mod record;
mod reply;
mod server;
mod service;
mod store;
mod tree;
mod zip;

pub use builder::{Emulator, EmulatorBuilder, Error, Result};
pub use clock::Clock;
pub use rclone_config::{Section, write_sections};
