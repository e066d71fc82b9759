//! From a request to its answer.

use hyper::header::ALLOW;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::acd::listing::{Query, Scope};
use crate::acd::node::{Key, Kind};
use crate::acd::problem::{Answer, Failure, Problem};
use crate::acd::render::{self, Style};
use crate::acd::routes::{self, Route};
use crate::acd::state::{Moment, State};
use crate::acd::{Acd, REQUEST_ID, account, changes, download, upload};
use crate::body::BodyError;
use crate::ids;
use crate::query;
use crate::reply::Reply;
use crate::service::Call;

/// The longest body of a request that is not an upload.
const BODY_LIMIT: usize = 1024 * 1024;

impl Acd {
    pub(crate) async fn answer(&self, call: &mut Call) -> Result<Reply, BodyError> {
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
