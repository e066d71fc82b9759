//! The Amazon Drive service as third-party applications knew it: Login with Amazon, metadata, content, the storage
//! behind it, and the change feed. The real one closed on 31 December 2023.
//!
//! Configure it with [`AcdConfig`] and reach the running service through [`Emulator::acd`](crate::Emulator::acd), which
//! hands out an [`AcdHandle`]. Whatever is unknown of the real service, and every misbehaviour that can be ordered
//! beyond [faults](crate::fault), is a field of [`AcdSettings`].
//!
//! # How clients reach it
//!
//! One plain HTTP address serves all hosts of the service, told apart by their paths:
//!
//! | address | host of the real service |
//! | --- | --- |
//! | `/ap/oa` | `www.amazon.com` |
//! | `/auth/o2/token`, `/auth/o2/tokeninfo`, `/user/profile` | `api.amazon.com` |
//! | `/drive/v1/…` | `drive.amazonaws.com`, and `cdws.us-east-1.amazonaws.com` for what `account/endpoint` calls `metadataUrl` |
//! | `/cdproxy/…` | `content-na.drive.amazonaws.com`, which it calls `contentUrl` |
//! | `/storage/…` | `acd-storage.s3.amazonaws.com` |
//!
//! A client whose addresses can be set is pointed there by these keys of the configuration file:
//!
//! | key | value | meaning |
//! | --- | --- | --- |
//! | `auth_url` | `http://127.0.0.1:PORT/ap/oa` | where people sign in; rclone has it too |
//! | `token_url` | `http://127.0.0.1:PORT/auth/o2/token` | where tokens are renewed; rclone has it too |
//! | `endpoint_url` | `http://127.0.0.1:PORT/drive/v1/` | where `account/endpoint` is; its answer names the other two |
//!
//! rclone does not know the last one and comes through the [`proxy`](crate::proxy), under the real host names, so that
//! [`Section::acd`](crate::Section::acd) makes a section both can use. Who comes to a real name is told real names.
//!
//! # Administration
//!
//! Beside what [every service](crate#administration-over-http) and [`identity`](crate::identity#administration) have:
//!
//! | request | effect |
//! | --- | --- |
//! | `GET`, `PATCH /_emulator/acd/settings` | shows and changes the [`AcdSettings`] |
//! | `POST /_emulator/acd/late-upload` | orders a [`LateUpload`] |
//! | `POST /_emulator/acd/expire-pages` | ends all page tokens |
//! | `POST /_emulator/acd/expire-links` | ends all temporary links |
//!
//! # Limits
//!
//! All persons share one drive. Assets are shown, but cannot be fetched by their ids. Usage is counted at every request.

mod access;
mod account;
mod answers;
mod bulk;
mod changes;
mod config;
mod download;
mod filter;
mod gzip;
mod handle;
mod links;
mod listing;
mod node;
mod ops;
mod picture;
mod problem;
mod properties;
mod render;
mod routes;
mod saved;
mod state;
mod synthetic;
mod upload;

use std::fmt;
use std::io;
use std::path::Path as FsPath;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::header::HeaderName;
use hyper::{Method, StatusCode};
use serde_json::Value;

use crate::body::BodyError;
use crate::clock::Clock;
use crate::identity::Identity;
use crate::proxy::Hosts;
use crate::reply::Reply;
use crate::service::{Call, JsonFields, Service};
use crate::store::ContentStore;

pub use self::config::{
    AcdConfig, AcdSettings, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, LateUpload, StoredAs,
};
pub use self::handle::{AcdHandle, AcdNode, PlantedNode};

use self::access::Signed;
use self::problem::Problem;
use self::state::{Moment, State};

/// The real hosts.
const HOSTS: [&str; 8] = [
    "*.drive.amazonaws.com",
    "*.s3.amazonaws.com",
    "api.amazon.com",
    "cdws.eu-west-1.amazonaws.com",
    "cdws.us-east-1.amazonaws.com",
    "drive.amazonaws.com",
    "s3.amazonaws.com",
    "www.amazon.com",
];

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// A running Amazon Drive service.
pub(crate) struct Acd {
    state: Mutex<State>,
    pub(crate) store: ContentStore,
    pub(crate) clock: Clock,
    pub(crate) identity: Arc<Identity>,
    /// The real names the service is known under.
    pub(crate) hosts: Hosts,
    this: Weak<Self>,
}

impl fmt::Debug for Acd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Acd").finish_non_exhaustive()
    }
}

impl Acd {
    /// Sets the service up, with the state of `state_dir` when there is one.
    pub(crate) fn new(
        config: &AcdConfig,
        clock: Clock,
        state_dir: Option<&FsPath>,
    ) -> io::Result<Arc<Self>> {
        let now = clock.now_ms();
        let (store, state) = match state_dir {
            Some(dir) => {
                let store = ContentStore::durable(dir.join("objects"))?;
                let state = State::load(config, now, dir, &store)?;
                (store, state)
            }
            None => (ContentStore::temporary()?, State::fresh(config, now)),
        };
        // The lock of the state keeps other processes out of the provider's directory as well.
        let identity = Identity::new(config.provider(), clock.clone(), state_dir)?;
        Ok(Arc::new_cyclic(|this| Self {
            state: Mutex::new(state),
            store,
            clock,
            identity,
            hosts: Hosts::new(HOSTS),
            this: Weak::clone(this),
        }))
    }

    /// An owning reference for what outlives a request.
    pub(crate) fn handle(&self) -> Arc<Self> {
        // The service exists as long as a request to it runs.
        self.this
            .upgrade()
            .unwrap_or_else(|| unreachable!("the service is being used"))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and saves the change before anybody else sees it.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, Problem>,
    ) -> Result<Result<T, Problem>, Problem> {
        let mut state = self.lock();
        let outcome = change(&mut state);
        state.save().map_err(|error| Problem::internal(&error))?;
        Ok(outcome)
    }

    /// Gives the state directory back, for another emulator to use at once.
    pub(crate) fn close(&self) {
        self.lock().close();
    }

    /// When a change by this request happens, and who sees it when.
    pub(crate) fn moment(&self, call: &Call) -> Moment {
        let now = self.clock.now_ms();
        let state = self.lock();
        let index = state.settings.index_lag_ms;
        let index = index.max(call.hide_for_ms.unwrap_or_default());
        Moment {
            now,
            index_until: now.saturating_add_unsigned(index),
            id_until: now.saturating_add_unsigned(state.settings.id_lag_ms),
        }
    }

    /// Whether a request came to one of the real names.
    fn is_real(&self, call: &Call) -> bool {
        let host = call.header("host");
        host.is_empty() || self.hosts.serves(host)
    }

    pub(crate) fn metadata_url(&self, call: &Call) -> String {
        if self.is_real(call) {
            "https://cdws.us-east-1.amazonaws.com/drive/v1/".to_owned()
        } else {
            format!("http://{}/drive/v1/", call.header("host"))
        }
    }

    pub(crate) fn content_url(&self, call: &Call) -> String {
        if self.is_real(call) {
            "https://content-na.drive.amazonaws.com/cdproxy/".to_owned()
        } else {
            format!("http://{}/cdproxy/", call.header("host"))
        }
    }

    pub(crate) fn storage_origin(&self, call: &Call) -> String {
        if self.is_real(call) {
            "https://acd-storage.s3.amazonaws.com".to_owned()
        } else {
            format!("http://{}", call.header("host"))
        }
    }
}

impl Service for Acd {
    fn endpoint(&self, method: &Method, path: &str) -> &'static str {
        match self.identity.find_endpoint(path) {
            Some(label) => label,
            None => routes::find(path).label(method),
        }
    }

    fn handle<'a>(&'a self, call: &'a mut Call) -> BoxFuture<'a, Result<Reply, BodyError>> {
        self.answer(call).boxed()
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        problem::document(status, Some(code), message, None)
    }

    fn offline(&self) -> Reply {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        problem::document(status, None, "Service unavailable", None)
    }

    fn quota_exceeded(&self) -> Reply {
        Problem::over_quota().into_reply()
    }

    fn too_many_requests(&self) -> Reply {
        Problem::too_fast().into_reply()
    }

    fn expire_tokens(&self, all: bool) {
        self.identity.expire_tokens(all);
    }

    fn set_online(&self, _storage: &str, _online: bool) -> bool {
        false
    }

    fn json_fields(&self) -> &'static JsonFields {
        &JsonFields {
            hash: "md5",
            size: "size",
            space: &["quota", "available"],
            info_header: "x-no-such-header",
        }
    }

    fn administer(&self, command: &str, method: &Method, body: &Bytes) -> Option<Reply> {
        let reply = match (command, method) {
            ("acd/settings", &Method::GET) => Reply::json(&self.lock().settings),
            ("acd/settings", &Method::PATCH) => {
                let mut state = self.lock();
                match state.patch_settings(body) {
                    Ok(()) => Reply::json(&state.settings),
                    Err(text) => Reply::text(StatusCode::UNPROCESSABLE_ENTITY, text),
                }
            }
            ("acd/late-upload", &Method::POST) => match serde_json::from_slice(body) {
                Ok(late) => {
                    self.lock().late_uploads.push_back(late);
                    Reply::status(StatusCode::NO_CONTENT)
                }
                Err(error) => Reply::text(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
            },
            ("acd/expire-pages", &Method::POST) => {
                self.lock().pages.expire();
                Reply::status(StatusCode::NO_CONTENT)
            }
            ("acd/expire-links", &Method::POST) => {
                self.lock().links.expire();
                Reply::status(StatusCode::NO_CONTENT)
            }
            _ => return self.identity.administer(command, method, body),
        };
        Some(reply)
    }
}

impl State {
    /// Changes the settings that a JSON object names.
    fn patch_settings(&mut self, body: &[u8]) -> Result<(), String> {
        let describe = |error: serde_json::Error| error.to_string();
        let changes: serde_json::Map<String, Value> =
            serde_json::from_slice(body).map_err(describe)?;
        let mut all = serde_json::to_value(&self.settings).map_err(describe)?;
        for (name, value) in changes {
            all[name] = value;
        }
        self.settings = serde_json::from_value(all).map_err(describe)?;
        // Retention may have become shorter.
        self.expect(i64::MIN);
        Ok(())
    }
}
