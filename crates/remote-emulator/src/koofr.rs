//! The Koofr service: API levels 2.0 and 2.1, uploads and downloads, links, trash, search, event stream.
//!
//! Configure it with [`KoofrConfig`] and reach the running service through
//! [`Emulator::koofr`](crate::Emulator::koofr), which hands out a [`KoofrHandle`].

mod account;
mod activity;
mod auth;
mod change;
mod config;
mod content;
mod context;
mod entries;
mod error;
mod events;
mod files;
mod handle;
mod jobs;
mod journal;
mod links;
mod listing;
mod model;
mod mounts;
mod nodes;
mod oauth;
mod ops;
mod path;
mod public;
mod routes;
mod search;
mod state;
mod trash;
mod upload;

use std::fmt;
use std::io;
use std::path::Path as FsPath;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::header::AUTHORIZATION;
use hyper::{Method, StatusCode};
use tokio::sync::watch;

use crate::body::BodyError;
use crate::clock::Clock;
use crate::reply::Reply;
use crate::service::{Call, JsonFields, Service};
use crate::store::ContentStore;

pub use self::config::{
    DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, DEFAULT_PASSWORD, DEFAULT_SPACE_MIB, DEFAULT_USER,
    KoofrConfig, KoofrSettings, MountConfig, TreeConfig, UserConfig,
};
pub use self::handle::{KoofrEntry, KoofrHandle, UnknownMount};

use self::context::{Context, Query};
use self::error::{Level, Problem, Refusal, envelope};
use self::routes::{Found, Handler, Route};
use self::state::State;
use self::upload::UploadError;

/// The longest body of a request that is not an upload: 10 MB for the names of an archive, with room to spare.
const BODY_LIMIT: usize = 11 * 1024 * 1024;

/// A running Koofr service.
pub(crate) struct Koofr {
    state: Mutex<State>,
    pub(crate) store: ContentStore,
    pub(crate) clock: Clock,
    pub(crate) settings: KoofrSettings,
    /// Ends the event streams, which outlive the connections they began on.
    pub(crate) stopped: watch::Sender<()>,
    this: Weak<Self>,
}

impl fmt::Debug for Koofr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Koofr").finish_non_exhaustive()
    }
}

impl Koofr {
    /// Sets the service up, with the state of `state_dir` when there is one.
    pub(crate) fn new(
        config: KoofrConfig,
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
        Ok(Arc::new_cyclic(|this| Self {
            state: Mutex::new(state),
            store,
            clock,
            settings: config.settings,
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
    ) -> Result<Result<T, Problem>, Refusal> {
        let mut state = self.lock();
        let outcome = change(&mut state);
        state.save().map_err(|error| Refusal::internal(&error))?;
        Ok(outcome)
    }

    /// Gives the state directory back, for another emulator to use at once.
    pub(crate) fn close(&self) {
        self.stopped.send_replace(());
        self.lock().close();
    }

    async fn answer(&self, call: &mut Call) -> Result<Reply, BodyError> {
        let route = match routes::find(&call.method, &call.path) {
            Found::Route(route) => route,
            Found::WrongMethod(allow) => return Ok(Refusal::not_allowed(&allow).into_reply()),
            Found::Unknown => return Ok(Reply::status(StatusCode::NOT_FOUND)),
        };
        if !call.path.is_ascii() || !call.query.is_ascii() {
            return Ok(Refusal::bad_query("the address is not percent-encoded").into_reply());
        }
        match self.dispatch(route, call).await {
            Ok(reply) => Ok(reply),
            Err(UploadError::Refused(refusal)) => Ok(refusal.into_reply()),
            Err(UploadError::Broken(BodyError::TooLong)) => Ok(Reply::text(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is too long",
            )),
            Err(UploadError::Broken(error)) => Err(error),
        }
    }

    async fn dispatch(&self, route: &Route, call: &mut Call) -> Result<Reply, UploadError> {
        let level = level(call);
        let params = route.params(&call.path);
        let param = |index: usize| params.get(index).map_or("", String::as_str);
        match route.handler {
            Handler::Events => Ok(events::open(self, call)?),
            Handler::Put => {
                let user = self.signed_in(call)?;
                upload::put(self, call, param(0), &user, level).await
            }
            Handler::PutDirect => upload::put_direct(self, call, param(0)).await,
            Handler::PutReceiver => upload::put_receiver(self, call, param(0)).await,
            Handler::Signed(handle) => {
                let user = self.signed_in(call)?;
                let body = call.read_body(BODY_LIMIT).await?;
                Ok(handle(&self.context(call, params, user, level, body))?)
            }
            Handler::Public(handle) => {
                let body = call.read_body(BODY_LIMIT).await?;
                Ok(handle(&self.context(
                    call,
                    params,
                    String::new(),
                    level,
                    body,
                ))?)
            }
        }
    }

    fn context<'a>(
        &'a self,
        call: &'a Call,
        params: Vec<String>,
        user: String,
        level: Level,
        body: bytes::Bytes,
    ) -> Context<'a> {
        Context {
            koofr: self,
            params,
            user,
            level,
            query: Query::parse(&call.query),
            body,
            call,
        }
    }

    fn signed_in(&self, call: &Call) -> Result<String, Refusal> {
        let value = call
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        auth::user_of(self, value.unwrap_or_default())
    }
}

fn level(call: &Call) -> Level {
    let newer = routes::version(&call.path) == "v2.1" || call.header("x-koofr-version") == "2.1";
    if newer { Level::V21 } else { Level::V20 }
}

impl Service for Koofr {
    fn endpoint(&self, method: &Method, path: &str) -> &'static str {
        match routes::find(method, path) {
            Found::Route(route) => route.label,
            Found::WrongMethod(_) => "wrong method",
            Found::Unknown => "unknown",
        }
    }

    fn handle<'a>(&'a self, call: &'a mut Call) -> BoxFuture<'a, Result<Reply, BodyError>> {
        self.answer(call).boxed()
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        envelope(status, code, message)
    }

    fn offline(&self) -> Reply {
        Refusal::problem(Problem::DeviceOffline, Level::V21).into_reply()
    }

    fn quota_exceeded(&self) -> Reply {
        Refusal::problem(Problem::QuotaExceeded, Level::V21).into_reply()
    }

    fn expire_tokens(&self, all: bool) {
        let forget = |state: &mut State| {
            let refresh = |token: &model::Token| token.kind == model::TokenKind::Refresh;
            state
                .account_mut()
                .tokens
                .retain(|_, token| !all && refresh(token));
            Ok(())
        };
        if let Err(refusal) = self.change(forget) {
            tracing::error!(?refusal, "tokens could not be forgotten");
        }
    }

    fn set_online(&self, storage: &str, online: bool) -> bool {
        let changed = self.change(|state| {
            let mounts = &mut state.account_mut().mounts;
            let mount = mounts.iter_mut().find(|mount| {
                mount.id == storage
                    || mount.name == storage
                    || (storage == "primary" && mount.primary)
            });
            mount
                .map(|mount| mount.online = online)
                .ok_or(Problem::NotFound)
        });
        matches!(changed, Ok(Ok(())))
    }

    fn json_fields(&self) -> &'static JsonFields {
        &JsonFields {
            hash: "hash",
            size: "size",
            space: &["spaceTotal", "spaceUsed"],
            info_header: "x-file-info",
        }
    }
}
