//! The Jottacloud service: the XML interface (JFS), the JSON interface, uploads, public links, the event stream, and
//! the [`identity`](crate::identity) provider that its tokens come from.
//!
//! Configure it with [`JottaConfig`] and reach the running service through
//! [`Emulator::jotta`](crate::Emulator::jotta), which hands out a [`JottaHandle`].
//!
//! ```
//! use remote_emulator::Emulator;
//! use remote_emulator::jotta::JottaConfig;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::builder().jotta(JottaConfig::default()).start().await?;
//! let jotta = emulator.jotta();
//!
//! // What a client needs: addresses, and a way to sign in or tokens that are good already.
//! println!("{} {} {}", jotta.jfs_url(), jotta.api_url(), jotta.login_token()?);
//! let tokens = jotta.sign_in()?;
//! assert!(jotta.identity().is_valid(&tokens.access_token));
//!
//! // What a test wants to know.
//! jotta.write("/Jotta/Archive/docs/report.txt", "hello")?;
//! jotta.trash("/Jotta/Archive/docs")?;
//! assert_eq!(jotta.trash_count(), 1);
//! assert_eq!(jotta.counts("/Jotta/Archive"), (0, 0));
//!
//! // What a test wants to be different.
//! jotta.change_settings(|settings| settings.refuse_percent = false);
//! # emulator.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # How clients reach it
//!
//! All addresses of the service are told apart by their paths, so one plain HTTP address serves `/jfs/…`, `/files/v1/…`,
//! `/account/v1/…`, `/auth/…` and what else there is. A client whose addresses can be set is pointed there:
//!
//! | key of the configuration file | value | meaning |
//! | --- | --- | --- |
//! | `jfs_url` | `http://127.0.0.1:PORT/jfs/` | base of the XML interface; ends in `/` |
//! | `api_url` | `http://127.0.0.1:PORT/` | base of the JSON interface; ends in `/` |
//! | `identity_url` | `http://127.0.0.1:PORT/` | replaces scheme and host of `tokenURL` |
//!
//! These keys are not rclone's, which ignores them; `tokenURL` and the rest are as rclone writes them after a sign-in.
//! rclone, whose addresses cannot be set, comes through the [`proxy`](crate::proxy) instead, under the real host names,
//! so that [`Section::jotta`](crate::Section::jotta) makes a section both can use. Upload addresses in answers are on
//! the host the request came to: the plain address, or `up-no-001.jottacloud.com` for who came to the real names.

mod albums;
mod config;
mod customer;
mod dates;
mod events;
mod file;
mod handle;
mod jfs;
mod listing;
mod nodes;
mod ops;
mod path;
mod problem;
mod public;
mod render;
mod routes;
mod saved;
mod state;
mod upload;
mod views;
mod xml;

use std::fmt;
use std::io;
use std::path::Path as FsPath;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::header::{ALLOW, AUTHORIZATION};
use hyper::{Method, StatusCode};
use tokio::sync::watch;

use crate::body::BodyError;
use crate::clock::Clock;
use crate::identity::Identity;
use crate::proxy::Hosts;
use crate::reply::Reply;
use crate::service::{Call, JsonFields, Service};
use crate::store::ContentStore;

pub use self::config::{JottaConfig, JottaSettings, OntoLive};
pub use self::handle::{JottaAlbum, JottaEntry, JottaHandle, JottaRevision};

pub(crate) use self::dates::rfc3339_nanos as rfc3339;

use self::albums::Albums;
use self::jfs::Context;
use self::ops::By;
use self::problem::{Dialect, Problem, UploadError};
use self::routes::{Command, Route};
use self::state::{Account, State};
use self::upload::receiver::Active;

/// The device every account has.
pub(crate) const BUILT_IN_DEVICE: &str = "Jotta";

/// The real hosts of files and uploads; those of the sign-in are the brands'.
const HOSTS: [&str; 2] = ["jottacloud.com", "*.jottacloud.com"];

/// The host of photos for clients that came to the service's real host names.
const PHOTO_HOST: &str = "uc-no-001.jottacloud.com";

/// The machine that answers, as answers name it.
pub(crate) const HOST_NAME: &str = "dn-101";

/// The longest body of a request that is not an upload; there is none that needs more than a few bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// A running Jottacloud service.
pub(crate) struct Jotta {
    state: Mutex<State>,
    pub(crate) store: ContentStore,
    pub(crate) clock: Clock,
    pub(crate) identity: Arc<Identity>,
    pub(crate) active: Active,
    pub(crate) albums: Albums,
    /// The real names the service is known under.
    pub(crate) hosts: Hosts,
    /// Ends the event streams, which outlive the connections they began on.
    pub(crate) stopped: watch::Sender<()>,
    this: Weak<Self>,
}

impl fmt::Debug for Jotta {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Jotta").finish_non_exhaustive()
    }
}

impl Jotta {
    /// Sets the service up, with the state of `state_dir` when there is one.
    pub(crate) fn new(
        config: JottaConfig,
        clock: Clock,
        state_dir: Option<&FsPath>,
    ) -> io::Result<Arc<Self>> {
        let now = clock.now_ms();
        let (store, state) = match state_dir {
            Some(dir) => {
                let store = ContentStore::durable(dir.join("objects"))?;
                let state = State::load(&config, now, dir, &store)?;
                (store, state)
            }
            None => {
                let mut state = State::fresh(&config, now);
                state.save()?;
                (ContentStore::temporary()?, state)
            }
        };
        let brands = config.identity.brands.iter();
        let names = brands.map(|brand| brand.domain.clone());
        let hosts = Hosts::new(names.chain(HOSTS.map(str::to_owned)));
        // The lock of the state keeps other processes out of the provider's directory as well.
        let identity = Identity::new(config.identity, clock.clone(), state_dir)?;
        Ok(Arc::new_cyclic(|this| Self {
            state: Mutex::new(state),
            store,
            clock,
            identity,
            active: Active::default(),
            albums: Albums::default(),
            hosts,
            stopped: watch::channel(()).0,
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
        self.stopped.send_replace(());
        self.active.stop();
        self.lock().close();
    }

    /// The account of whoever sent a request.
    pub(crate) fn signed_in(&self, call: &Call) -> Result<Account, Problem> {
        let value = call
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let (username, login) = self.who(value.unwrap_or_default())?;
        let now = self.clock.now_ms();
        let mut state = self.lock();
        state.expire(now);
        let account = state.account(&username, &login, now);
        state.save().map_err(|error| Problem::internal(&error))?;
        Ok(account)
    }

    /// Internal name and login name behind an `Authorization` header.
    fn who(&self, authorization: &str) -> Result<(String, String), Problem> {
        let takes_passwords = self.lock().settings.accept_basic;
        if takes_passwords && let Some(user) = self.identity.check_password(authorization) {
            return Ok((user.username, user.login));
        }
        let bearer = self.identity.check_bearer(authorization);
        let bearer = bearer.map_err(|_reason| Problem::unauthorized())?;
        Ok((bearer.username, bearer.login))
    }

    pub(crate) fn by(&self, account: Account, call: &Call) -> By {
        let now = self.clock.now_ms();
        let hidden = call.hide_for_ms.map(|ms| now.saturating_add_unsigned(ms));
        By {
            account,
            now,
            hidden_until: hidden.unwrap_or_default(),
        }
    }

    /// Scheme and host of upload addresses for whoever sent a request.
    pub(crate) fn upload_base(&self, call: &Call) -> String {
        self.plain_base(call)
            .unwrap_or_else(|| format!("https://{}", self.lock().settings.upload_host))
    }

    /// Scheme and host of the addresses of photos for whoever sent a request.
    pub(crate) fn photo_base(&self, call: &Call) -> String {
        self.plain_base(call)
            .unwrap_or_else(|| format!("https://{PHOTO_HOST}"))
    }

    /// The plain address, for who came there and not to the real names.
    fn plain_base(&self, call: &Call) -> Option<String> {
        let host = call.header("host");
        let is_real = host.is_empty() || self.hosts.serves(host);
        (!is_real).then(|| format!("http://{host}"))
    }

    async fn answer(&self, call: &mut Call) -> Result<Reply, BodyError> {
        if self.identity.find_endpoint(&call.path).is_some() {
            return self.identity.answer(call).await;
        }
        let path = call.path.clone();
        let route = routes::find(&path);
        let dialect = match route {
            Route::Jfs(_) | Route::Ticket(_) => Dialect::Xml,
            _ => Dialect::Json,
        };
        match self.dispatch(route, call).await {
            Ok(reply) => Ok(reply),
            Err(UploadError::Refused(problem)) => Ok(problem.into_reply(dialect)),
            Err(UploadError::Broken(BodyError::TooLong)) => {
                let problem = Problem::new(413, "TooLongException", "the body is too long");
                Ok(problem.into_reply(dialect))
            }
            Err(UploadError::Broken(error)) => Err(error),
        }
    }

    async fn dispatch(&self, route: Route<'_>, call: &mut Call) -> Result<Reply, UploadError> {
        let allowed = match route {
            Route::Jfs(_) => "GET,HEAD,POST",
            Route::Allocate | Route::PurgeTrash | Route::Upload(_) => "POST",
            _ => "GET,HEAD",
        };
        let method = call.method.as_str();
        if !allowed.split(',').any(|allowed| allowed == method) {
            let reply = Reply::status(StatusCode::METHOD_NOT_ALLOWED);
            return Ok(reply.header(ALLOW, allowed));
        }
        match route {
            Route::Album(id) => Ok(albums::own(self, call, id)?),
            Route::Allocate => upload::allocate(self, call).await,
            Route::Customer => Ok(customer::customer(self, call)?),
            Route::Jfs(rest) if jfs::reads(&call.method) => {
                Ok(Context::new(self, call, rest)?.get()?)
            }
            Route::Jfs(rest) => self.post(call, rest).await,
            Route::Photo(key) => Ok(albums::content(self, call, key)?),
            Route::Public(wanted, user, uri) => Ok(public::content(self, call, wanted, user, uri)?),
            Route::PublicAlbum(share, cursor) => Ok(albums::public(self, call, share, cursor)?),
            Route::PurgeTrash => {
                call.read_body(BODY_LIMIT).await?;
                Ok(customer::purge(self, call)?)
            }
            Route::SharePage(path) => Ok(public::page(self, path)?),
            Route::Socket(user, ticket) => Ok(events::open(self, call, user, ticket)?),
            Route::Ticket(user) => Ok(events::ticket(self, call, user)?),
            Route::Unknown => Ok(Reply::status(StatusCode::NOT_FOUND)),
            Route::Upload(id) => upload::receive(self, call, id).await,
        }
    }

    async fn post(&self, call: &mut Call, rest: &str) -> Result<Reply, UploadError> {
        let (command, value) = routes::command(rest, &call.query, call.header("content-type"));
        if command == Command::Upload {
            return upload::direct::upload(self, call, rest, &value).await;
        }
        call.read_body(BODY_LIMIT).await?;
        Ok(Context::new(self, call, rest)?.post(command, &value)?)
    }
}

impl Service for Jotta {
    fn endpoint(&self, method: &Method, path: &str) -> &'static str {
        self.endpoint_of(method, path, "")
    }

    fn endpoint_of(&self, method: &Method, path: &str, query: &str) -> &'static str {
        match self.identity.find_endpoint(path) {
            Some(label) => label,
            None => routes::label(method, path, query),
        }
    }

    fn handle<'a>(&'a self, call: &'a mut Call) -> BoxFuture<'a, Result<Reply, BodyError>> {
        self.answer(call).boxed()
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        problem::xml_error(status, code, message)
    }

    fn error_at(&self, endpoint: &str, status: StatusCode, code: &str, message: &str) -> Reply {
        if endpoint.starts_with("jfs/") || endpoint.starts_with("rest/") {
            problem::xml_error(status, code, message)
        } else if endpoint.starts_with("identity/") {
            self.identity.error(status, code, message)
        } else {
            problem::json_error(status, code, message)
        }
    }

    fn offline(&self) -> Reply {
        problem::xml_error(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailableException",
            "the service is down",
        )
    }

    fn quota_exceeded(&self) -> Reply {
        Problem::over_quota().into_reply(Dialect::Json)
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
            space: &["capacity", "usage", "quota"],
            info_header: "x-no-such-header",
        }
    }

    fn administer(&self, command: &str, method: &Method, body: &Bytes) -> Option<Reply> {
        self.identity.administer(command, method, body)
    }
}
