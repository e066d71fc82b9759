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

mod account;
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
use hyper::header::{ALLOW, HeaderName};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::body::BodyError;
use crate::clock::Clock;
use crate::identity::Identity;
use crate::identity::access::BearerProblem;
use crate::ids;
use crate::proxy::Hosts;
use crate::query;
use crate::reply::Reply;
use crate::service::{Call, JsonFields, Service};
use crate::store::ContentStore;

pub use self::config::{
    AcdConfig, AcdSettings, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, LateUpload, StoredAs,
};
pub use self::handle::{AcdHandle, AcdNode, PlantedNode};

use self::listing::{Query, Scope};
use self::node::{Key, Kind};
use self::problem::{Answer, Failure, Problem};
use self::render::Style;
use self::routes::Route;
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

/// The longest body of a request that is not an upload.
const BODY_LIMIT: usize = 1024 * 1024;

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

/// Who sent a request.
#[derive(Debug)]
pub(crate) struct Signed {
    scope: String,
    /// When the token ends, in milliseconds since the Unix epoch.
    pub(crate) expires: i64,
    check: bool,
}

impl Signed {
    fn has(&self, scope: &str) -> bool {
        !self.check || self.scope.split(' ').any(|granted| granted == scope)
    }

    fn may_look(&self) -> bool {
        !self.check
            || self
                .scope
                .split(' ')
                .any(|scope| scope.starts_with("clouddrive:read"))
    }

    /// Whether contents of this type may be downloaded.
    pub(crate) fn may_read(&self, content_type: &str) -> bool {
        let of_type = match content_type {
            kind if kind.starts_with("image/") => "clouddrive:read_image",
            kind if kind.starts_with("video/") => "clouddrive:read_video",
            kind if kind.starts_with("text/") || kind.starts_with("application/pdf") => {
                "clouddrive:read_document"
            }
            _ => "clouddrive:read_other",
        };
        ["clouddrive:read_all", "clouddrive:read", of_type]
            .iter()
            .any(|scope| self.has(scope))
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

    /// Who sent a request; judged by its head, whatever becomes of the token while the body comes.
    fn signed(&self, call: &Call, content: bool) -> Result<Signed, Problem> {
        let (other_header, disguise, check) = {
            let settings = &self.lock().settings;
            (
                settings.accept_amz_access_token,
                settings.disguise_expired_uploads,
                settings.check_scopes,
            )
        };
        let mut value = call.header("authorization").to_owned();
        if value.trim().eq_ignore_ascii_case("bearer") {
            return Err(Problem::empty_bearer());
        }
        let other = call.header("x-amz-access-token");
        if value.is_empty() && other_header && !other.is_empty() {
            value = format!("Bearer {other}");
        }
        let is_upload = content && !matches!(call.method, Method::GET | Method::HEAD);
        let bearer = self.identity.check_bearer(&value).map_err(|problem| {
            if problem == BearerProblem::Expired && is_upload && disguise {
                Problem::expired_in_disguise()
            } else {
                Problem::expired()
            }
        })?;
        Ok(Signed {
            scope: bearer.scope,
            expires: bearer.expires,
            check,
        })
    }

    async fn answer(&self, call: &mut Call) -> Result<Reply, BodyError> {
        if self.identity.find_endpoint(&call.path).is_some() {
            let reply = self.identity.answer(call).await?;
            return Ok(reply.header(REQUEST_ID, ids::uuid()));
        }
        let route = routes::find(&call.path);
        let reply = match self.dispatch(&route, call).await {
            Ok(reply) => reply,
            Err(Failure::Refused(problem)) => problem.into_reply(),
            Err(Failure::Broken(error)) => return Err(error),
        };
        Ok(reply.header(REQUEST_ID, ids::uuid()))
    }

    async fn dispatch(&self, route: &Route, call: &mut Call) -> Result<Reply, Failure> {
        if *route == Route::Unknown {
            return Err(Problem::unknown_operation().into());
        }
        let methods = route.methods();
        if !methods
            .split(',')
            .any(|method| method == call.method.as_str())
        {
            let reply = Reply::status(StatusCode::METHOD_NOT_ALLOWED);
            return Ok(reply.header(ALLOW, methods));
        }
        let now = self.clock.now_ms();
        self.change(|state| {
            state.expire(now);
            Ok(())
        })??;
        match route {
            Route::Storage(token) => return Ok(download::storage(self, call, token)),
            Route::TempLink(token) => return Ok(download::temp_link(self, call, token)?),
            _ => {}
        }
        let signed = self.signed(call, route.is_content())?;
        let reads = matches!(call.method, Method::GET | Method::HEAD) || *route == Route::Changes;
        let allowed = if reads {
            signed.may_look()
        } else {
            signed.has("clouddrive:write")
        };
        if !allowed {
            return Err(
                Problem::forbidden("Insufficient permissions granted for operation").into(),
            );
        }
        match route {
            Route::Content(id) if reads => Ok(download::content(self, call, &signed, id)?),
            Route::Content(id) => upload::overwrite(self, call, &signed, id).await,
            Route::Upload => upload::upload(self, call, &signed).await,
            _ => {
                let body = call.read_body(BODY_LIMIT).await?;
                let reply = if reads {
                    self.look(route, call, &body)
                } else {
                    self.write(route, call, &body)
                };
                Ok(reply?)
            }
        }
    }

    /// Requests for metadata that change nothing.
    fn look(&self, route: &Route, call: &Call, body: &[u8]) -> Answer {
        let now = self.clock.now_ms();
        let value = match route {
            Route::Changes => return changes::feed(self, call, body),
            Route::Children(id) => {
                self.lock().folder_to_list(id, now)?;
                self.list(call, Scope::Children(id.clone()), now)?
            }
            Route::Endpoint => account::endpoint(self, call),
            Route::Info => account::info(),
            Route::Node(id) => self.node(call, id, now)?,
            Route::Nodes => self.list(call, Scope::All, now)?,
            Route::Properties { node, owner } => {
                let state = self.lock();
                state.properties(state.find(node)?, owner)?
            }
            Route::Property { node, owner, key } => {
                let value = {
                    let state = self.lock();
                    state.property(state.find(node)?, owner, key)?.to_owned()
                };
                property(&self.metadata_url(call), node, owner, key, &value)
            }
            Route::Quota => account::quota(&self.lock(), now),
            Route::Trash => self.list(call, Scope::Trash, now)?,
            Route::Usage => account::usage(&self.lock(), now),
            _ => return Err(Problem::unknown_operation()),
        };
        Ok(render::reply(StatusCode::OK, &value))
    }

    fn list(&self, call: &Call, scope: Scope, now: i64) -> Result<Value, Problem> {
        let content_url = self.content_url(call);
        let mut state = self.lock();
        let query = Query::parse(&state, scope, &call.query, &content_url)?;
        state.list(&query, now)
    }

    fn node(&self, call: &Call, id: &str, now: i64) -> Result<Value, Problem> {
        let wants = |name: &str, value: &str| {
            query::pairs(&call.query).any(|(k, v)| k == name && v == value)
        };
        let style = Style {
            now,
            finished: false,
            assets: wants("asset", "ALL"),
        };
        let mut state = self.lock();
        let mut value = state.look_at(id, style)?;
        if wants("tempLink", "true") {
            let content_url = self.content_url(call);
            state.add_link(&mut value, &content_url, now);
        }
        Ok(value)
    }

    /// Requests for metadata that change something.
    fn write(&self, route: &Route, call: &Call, body: &[u8]) -> Answer {
        let moment = self.moment(call);
        let base = self.metadata_url(call);
        self.change(|state| write(state, moment, route, call, body, &base))?
    }
}

fn property(base: &str, node: &str, owner: &str, key: &str, value: &str) -> Value {
    let location = format!("{base}nodes/{node}/properties/{owner}/{key}");
    json!({"key": key, "value": value, "location": location})
}

fn parse(body: &[u8]) -> Result<Value, Problem> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Problem::bad(format!("Invalid JSON: {error}")))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(Problem::bad("Invalid JSON: expected an object"))
    }
}

fn text<'v>(value: &'v Value, name: &str) -> Result<&'v str, Problem> {
    value[name]
        .as_str()
        .ok_or_else(|| Problem::bad(format!("{name} is missing")))
}

fn write(
    state: &mut State,
    moment: Moment,
    route: &Route,
    call: &Call,
    body: &[u8],
    base: &str,
) -> Answer {
    let mut status = StatusCode::OK;
    let key = match route {
        Route::BulkPurge => {
            let value = state.bulk_purge(&parse(body)?)?;
            return Ok(render::reply(status, &value));
        }
        Route::Child { parent, child } if call.method == Method::DELETE => {
            let code = state.settings.remove_parent_status;
            status = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
            state.remove_parent(moment, parent, child)?
        }
        Route::Child { parent, child } => state.add_parent(moment, parent, child)?,
        Route::Children(to) => {
            let order = parse(body)?;
            let (from, child) = (text(&order, "fromParent")?, text(&order, "childId")?);
            state.move_node(moment, to, from, child)?
        }
        Route::Node(id) if call.method == Method::DELETE => {
            state.purge(id)?;
            return Ok(Reply::status(StatusCode::NO_CONTENT));
        }
        Route::Node(id) => state.patch(moment, id, &parse(body)?)?,
        Route::Nodes => {
            status = StatusCode::CREATED;
            let local_id = query::pairs(&call.query).find(|(key, _)| key == "localId");
            let local_id = local_id.as_ref().map(|(_, id)| id.as_str());
            let new = state.new_node(&parse(body)?, Kind::Folder, local_id)?;
            state.insert(moment, Kind::Folder, new, None)
        }
        Route::Property { node, owner, key } => {
            state.refuse_synthetic(node)?;
            let found = state.find(node)?;
            if call.method == Method::DELETE {
                state.remove_property(moment, found, owner, key)?;
                return Ok(Reply::status(StatusCode::NO_CONTENT));
            }
            let order = parse(body)?;
            let value = text(&order, "value")?;
            state.set_property(moment, found, owner, key, value)?;
            let answer = property(base, node, owner, key, value);
            return Ok(render::reply(StatusCode::CREATED, &answer));
        }
        Route::Restore(id) => state.restore(moment, id)?,
        Route::Trash => {
            let value = state.bulk_trash(moment, &parse(body)?)?;
            return Ok(render::reply(status, &value));
        }
        Route::Trashed(id) => {
            if let Some(entry) = state.synthetic(id) {
                let mut shown = state.look_at(id, Style::default())?;
                shown["status"] = "TRASH".into();
                state.trash_synthetic(entry);
                return Ok(render::reply(status, &shown));
            }
            state.trash(moment, id)?
        }
        _ => return Err(Problem::unknown_operation()),
    };
    let value = state.shown(key, moment)?;
    Ok(render::reply(status, &value))
}

impl State {
    /// A node as the answer to a change of it shows it.
    fn shown(&self, key: Key, moment: Moment) -> Result<Value, Problem> {
        let node = self.get(key)?;
        let style = Style {
            now: moment.now,
            ..Style::default()
        };
        Ok(render::node(self, Some(key), node, &node.data, style))
    }

    /// A node as a reader by id sees it.
    fn look_at(&self, id: &str, style: Style) -> Result<Value, Problem> {
        if let Some((entry, tree)) = self.synthetic(id).zip(self.tree.as_ref()) {
            let node = self.synthetic_node(tree, entry);
            return Ok(render::node(self, None, &node, &node.data, style));
        }
        let key = self.find(id)?;
        let node = self.get(key)?;
        let data = node.by_id(style.now).ok_or_else(Problem::no_node)?;
        if !data.live() && !self.settings.trashed_by_id {
            return Err(Problem::no_node());
        }
        Ok(render::node(self, Some(key), node, data, style))
    }

    /// Whether a reader sees the node whose children are asked for.
    fn folder_to_list(&self, id: &str, now: i64) -> Result<(), Problem> {
        if self.synthetic(id).is_some() {
            return Ok(());
        }
        let seen = self.get(self.find(id)?)?.by_id(now);
        seen.map(drop).ok_or_else(Problem::no_node)
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
