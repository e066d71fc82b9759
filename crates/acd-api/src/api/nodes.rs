//! Nodes by id and by query.

use std::{
    collections::{BTreeMap, HashSet},
    hash::{BuildHasher as _, RandomState},
};

use http::Method;
use remote_core::{
    error::{Error, ErrorKind, Result, RetryAdvice},
    retry::Idempotency,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    call::{Base, Call},
    client::Client,
    error::ApiError,
    filter::Filter,
    model::node::{Node, NodeKind, NodePage, NodeStatus},
};

/// The most nodes that the service puts on a page; also what it does unless told otherwise.
pub const MAX_PAGE_NODES: u32 = 200;

/// So many pages are taken for a service that has lost its way: with full pages, ten million nodes.
const MAX_PAGES: usize = 50_000;

/// Which nodes to ask for, and what of them.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct NodeQuery {
    /// Which nodes; all that are not in the trash when absent.
    pub filter: Option<Filter>,
    /// How many on a page, at most [`MAX_PAGE_NODES`]; left to the service when absent.
    pub limit: Option<u32>,
    /// The order, in the service's own notation such as `['modifiedDate DESC']`. Which keys it knows is not documented.
    pub sort: Option<String>,
    /// Whether files come with a temporary link.
    pub temp_link: bool,
    /// Whether nodes come with their renditions.
    pub assets: bool,
}

impl NodeQuery {
    /// Nodes for which a filter holds.
    #[must_use]
    pub fn new(filter: Filter) -> Self {
        Self {
            filter: Some(filter),
            ..Self::default()
        }
    }

    /// Sets [`limit`](Self::limit).
    #[must_use]
    pub fn with_limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets [`sort`](Self::sort).
    #[must_use]
    pub fn with_sort(mut self, sort: impl Into<String>) -> Self {
        self.sort = Some(sort.into());
        self
    }

    /// Sets [`temp_link`](Self::temp_link).
    #[must_use]
    pub fn with_temp_link(mut self, temp_link: bool) -> Self {
        self.temp_link = temp_link;
        self
    }

    /// Sets [`assets`](Self::assets).
    #[must_use]
    pub fn with_assets(mut self, assets: bool) -> Self {
        self.assets = assets;
        self
    }

    /// All parameters are repeated for every page.
    pub(crate) fn apply(&self, call: Call, start_token: Option<&str>) -> Call {
        call.query_opt("filters", self.filter.as_ref())
            .query_opt("startToken", start_token)
            .query_opt("limit", self.limit)
            .query_opt("sort", self.sort.as_deref())
            .query_opt("tempLink", self.temp_link.then_some("true"))
            .query_opt("asset", self.assets.then_some("ALL"))
    }
}

/// What to change of a node; what is absent stays.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Serialize)]
pub struct NodePatch {
    /// The name, under all parents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The description, of at most 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// All labels, at most 10 of at most 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// All parents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parents: Option<Vec<String>>,
    /// The status. One client makes pending nodes available by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<NodeStatus>,
    /// [Properties](super::properties) to set, by owner and key. Whether the service keeps other ones of the same owner is not known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, BTreeMap<String, String>>,
}

impl NodePatch {
    /// Another name.
    #[must_use]
    pub fn name(name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::default()
        }
    }

    /// Sets [`description`](Self::description).
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets [`labels`](Self::labels).
    #[must_use]
    pub fn with_labels<S: Into<String>>(mut self, labels: impl IntoIterator<Item = S>) -> Self {
        self.labels = Some(labels.into_iter().map(Into::into).collect());
        self
    }

    /// Sets [`parents`](Self::parents).
    #[must_use]
    pub fn with_parents<S: Into<String>>(mut self, parents: impl IntoIterator<Item = S>) -> Self {
        self.parents = Some(parents.into_iter().map(Into::into).collect());
        self
    }

    /// Sets [`status`](Self::status).
    #[must_use]
    pub fn with_status(mut self, status: NodeStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds to [`properties`](Self::properties).
    #[must_use]
    pub fn with_property(mut self, owner: &str, key: &str, value: impl Into<String>) -> Self {
        let of_owner = self.properties.entry(owner.to_owned()).or_default();
        of_owner.insert(key.to_owned(), value.into());
        self
    }
}

/// What a new node is to be.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct NewNode {
    /// The name.
    pub name: String,
    /// The folder it goes into; the root when absent.
    pub parent: Option<String>,
    /// At most 10 labels of at most 256 characters.
    pub labels: Vec<String>,
    /// The description, of at most 500 characters.
    pub description: Option<String>,
    /// [Properties](super::properties) by owner and key.
    pub properties: BTreeMap<String, BTreeMap<String, String>>,
    /// An id of the caller's own: the service refuses a second node with the same one, so a creation whose answer was lost can be repeated.
    pub local_id: Option<String>,
}

impl NewNode {
    /// A node in a folder.
    pub fn new(name: impl Into<String>, parent: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            parent: Some(parent.into()),
            labels: Vec::new(),
            description: None,
            properties: BTreeMap::new(),
            local_id: None,
        }
    }

    /// Sets [`labels`](Self::labels).
    #[must_use]
    pub fn with_labels<S: Into<String>>(mut self, labels: impl IntoIterator<Item = S>) -> Self {
        self.labels = labels.into_iter().map(Into::into).collect();
        self
    }

    /// Sets [`description`](Self::description).
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Adds to [`properties`](Self::properties).
    #[must_use]
    pub fn with_property(mut self, owner: &str, key: &str, value: impl Into<String>) -> Self {
        let of_owner = self.properties.entry(owner.to_owned()).or_default();
        of_owner.insert(key.to_owned(), value.into());
        self
    }

    /// Sets [`local_id`](Self::local_id).
    #[must_use]
    pub fn with_local_id(mut self, local_id: impl Into<String>) -> Self {
        self.local_id = Some(local_id.into());
        self
    }

    pub(crate) fn to_json(&self, kind: &NodeKind) -> Value {
        let mut fields = Map::new();
        fields.insert("name".to_owned(), json!(self.name));
        fields.insert("kind".to_owned(), json!(kind));
        if let Some(parent) = &self.parent {
            fields.insert("parents".to_owned(), json!([parent]));
        }
        if !self.labels.is_empty() {
            fields.insert("labels".to_owned(), json!(self.labels));
        }
        if let Some(description) = &self.description {
            fields.insert("description".to_owned(), json!(description));
        }
        if !self.properties.is_empty() {
            fields.insert("properties".to_owned(), json!(self.properties));
        }
        Value::Object(fields)
    }
}

impl Client {
    /// A node by its id, also one in the trash. What this tells is fresher than what queries find.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound).
    pub async fn node(&self, id: &str) -> Result<Node> {
        self.json(node_call(id)).await
    }

    /// A node with its renditions, for files also with a temporary link.
    ///
    /// # Errors
    ///
    /// As [`node`](Self::node).
    pub async fn node_with(&self, id: &str, temp_link: bool, assets: bool) -> Result<Node> {
        let call = node_call(id)
            .query_opt("tempLink", temp_link.then_some("true"))
            .query_opt("asset", assets.then_some("ALL"));
        self.json(call).await
    }

    /// The root of the drive. One request.
    ///
    /// # Errors
    ///
    /// [`Protocol`](ErrorKind::Protocol) if the service tells none, or one without an id.
    pub async fn root_node(&self) -> Result<Node> {
        let filter = Filter::kind(&NodeKind::Folder).and(Filter::root());
        let page = self.nodes(&NodeQuery::new(filter), None).await?;
        let root = page.data.into_iter().find(|node| !node.id.is_empty());
        root.ok_or_else(|| {
            Error::with_message(ErrorKind::Protocol, "the service tells no root folder")
        })
    }

    /// One page of the nodes that a query finds; the first one, or the one that a token stands for.
    ///
    /// A listing of which a page has failed must begin anew, see [`all_nodes`](Self::all_nodes): the service may leave the page out when it is asked again.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a filter that the service does not understand, [`PreconditionFailed`](ErrorKind::PreconditionFailed) for a
    /// token that is older than ten minutes.
    pub async fn nodes(&self, query: &NodeQuery, start_token: Option<&str>) -> Result<NodePage> {
        let call = Call::get(Base::Metadata, "nodes").at("nodes");
        let call = query.apply(call, start_token);
        self.json(single_page(call, start_token)).await
    }

    /// One page of what is in a folder, as [`nodes`](Self::nodes).
    ///
    /// # Errors
    ///
    /// As [`nodes`](Self::nodes), and [`NotFound`](ErrorKind::NotFound) for an unknown folder.
    pub async fn children(
        &self,
        folder: &str,
        query: &NodeQuery,
        start_token: Option<&str>,
    ) -> Result<NodePage> {
        let call = node_call(folder).at("children");
        let call = query.apply(call, start_token);
        self.json(single_page(call, start_token)).await
    }

    /// All nodes that a query finds: one request per page. When a page fails in a way that passes, or was asked for too late, the listing begins anew.
    ///
    /// # Errors
    ///
    /// As [`nodes`](Self::nodes); [`Protocol`](ErrorKind::Protocol) for pages that lead in a circle.
    pub async fn all_nodes(&self, query: &NodeQuery) -> Result<Vec<Node>> {
        self.all_pages(|token| {
            let call = Call::get(Base::Metadata, "nodes").at("nodes");
            query.apply(call, token)
        })
        .await
    }

    /// One page by one attempt, for a listing that begins anew by itself.
    pub(crate) async fn page_once(
        &self,
        query: &NodeQuery,
        start_token: Option<&str>,
    ) -> Result<NodePage> {
        let call = Call::get(Base::Metadata, "nodes").at("nodes");
        let page = self.json(query.apply(call, start_token).once()).await;
        page.map_err(anew_where_expired)
    }

    /// The nodes of all pages.
    pub(crate) async fn all_pages<F>(&self, call: F) -> Result<Vec<Node>>
    where
        F: Fn(Option<&str>) -> Call + Send + Sync,
    {
        let call = &call;
        let attempts = self
            .inner
            .retry
            .run(Idempotency::Idempotent, |_attempt| self.pages_once(call));
        attempts.await
    }

    async fn pages_once<F>(&self, call: &F) -> Result<Vec<Node>>
    where
        F: Fn(Option<&str>) -> Call + Send + Sync,
    {
        let hasher = RandomState::new();
        let mut seen = HashSet::new();
        let mut token: Option<String> = None;
        let mut nodes = Vec::new();
        loop {
            let page = self.json::<NodePage>(call(token.as_deref()).once()).await;
            let page = page.map_err(anew_where_expired)?;
            nodes.extend(page.data);
            let Some(next) = page.next_token else {
                return Ok(nodes);
            };
            if !seen.insert(hasher.hash_one(&next)) || seen.len() > MAX_PAGES {
                return Err(Error::with_message(
                    ErrorKind::Protocol,
                    "the pages of the listing lead in a circle",
                ));
            }
            token = Some(next);
        }
    }

    /// Makes a folder.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) if something has the name, or the [local id](NewNode::local_id), already; the [`ApiError`] in the chain tells which node.
    /// [`NotFound`](ErrorKind::NotFound) for an unknown parent.
    pub async fn create_folder(&self, folder: &NewNode) -> Result<Node> {
        let call = Call::change(Method::POST, Base::Metadata, "nodes")
            .at("nodes")
            .query_opt("localId", folder.local_id.as_deref())
            .json(&folder.to_json(&NodeKind::Folder));
        self.json(call).await
    }

    /// Changes the name and other values of a node, also of one in the trash.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) if something has the name already; [`NotFound`](ErrorKind::NotFound).
    pub async fn update_node(&self, id: &str, patch: &NodePatch) -> Result<Node> {
        let call = Call::change(Method::PATCH, Base::Metadata, "nodes/{id}")
            .at("nodes")
            .id(id)
            .json(patch);
        self.json(call).await
    }
}

fn node_call(id: &str) -> Call {
    Call::get(Base::Metadata, "nodes/{id}").at("nodes").id(id)
}

/// Only the first page may be asked for again.
fn single_page(call: Call, start_token: Option<&str>) -> Call {
    match start_token {
        Some(_) => call.once(),
        None => call,
    }
}

fn anew_where_expired(error: Error) -> Error {
    if ApiError::of(&error).is_some_and(ApiError::is_page_expired) {
        return error.with_retry_advice(RetryAdvice::Safe(None));
    }
    error
}
