//! The trash, which the service empties by itself after 30 days.

use http::Method;
use remote_core::error::{Error, ErrorKind, Result};
use serde_json::json;

use super::nodes::NodeQuery;
use crate::{
    call::{Base, Call},
    client::Client,
    model::node::{Node, NodePage},
};

/// The most nodes of a call for several.
pub const MAX_BULK_NODES: usize = 50;

impl Client {
    /// Puts a node with everything below it into the trash; it disappears from all folders that it is in. The answer is the node where the service tells it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound), [`PermissionDenied`](ErrorKind::PermissionDenied) for the root.
    pub async fn trash(&self, id: &str) -> Result<Option<Node>> {
        let call = Call::change(Method::PUT, Base::Metadata, "trash/{id}")
            .at("trash")
            .id(id);
        self.json_or_empty(call).await
    }

    /// One page of what is in the trash; what lies below a folder in the trash is not listed.
    ///
    /// # Errors
    ///
    /// As [`nodes`](Self::nodes).
    pub async fn trash_page(
        &self,
        query: &NodeQuery,
        start_token: Option<&str>,
    ) -> Result<NodePage> {
        let call = query.apply(trash_call(), start_token);
        let call = if start_token.is_some() {
            call.once()
        } else {
            call
        };
        self.json(call).await
    }

    /// All that is in the trash, files and folders: one request per page.
    ///
    /// # Errors
    ///
    /// As [`all_nodes`](Self::all_nodes).
    pub async fn all_trash(&self) -> Result<Vec<Node>> {
        let query = NodeQuery::default();
        self.all_pages(|token| query.apply(trash_call(), token))
            .await
    }

    /// Brings a node back into the folders it was in, with what went into the trash with it. The answer is the node where the service tells it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound), [`AlreadyExists`](ErrorKind::AlreadyExists) if something else has its name
    /// by now: give it [another one](Self::update_node) first.
    pub async fn restore(&self, id: &str) -> Result<Option<Node>> {
        let call = Call::change(Method::POST, Base::Metadata, "trash/{id}/restore")
            .at("trash")
            .id(id)
            .at("restore");
        self.json_or_empty(call).await
    }

    /// Removes a node for good. The public service refused this to applications other than its own; compatible ones may allow it.
    ///
    /// # Errors
    ///
    /// [`PermissionDenied`](ErrorKind::PermissionDenied), [`NotFound`](ErrorKind::NotFound).
    pub async fn purge(&self, id: &str) -> Result<()> {
        let call = Call::change(Method::DELETE, Base::Metadata, "nodes/{id}")
            .at("nodes")
            .id(id);
        self.done(call).await
    }

    /// Puts up to [`MAX_BULK_NODES`] nodes into the trash, or brings them back, by one request. Only later versions of the service know it, and they took it from
    /// the service's own applications only. The answer has the nodes that failed, with the service's word for why.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for more nodes, [`PermissionDenied`](ErrorKind::PermissionDenied), or
    /// [`Protocol`](ErrorKind::Protocol) where the service does not know the call.
    pub async fn bulk_trash(
        &self,
        ids: &[&str],
        into_trash: bool,
    ) -> Result<Vec<(String, String)>> {
        let call = Call::change(Method::PATCH, Base::Metadata, "trash")
            .at("trash")
            .json(&json!({
                "recurse": "true",
                "op": if into_trash { "add" } else { "remove" },
                "conflictResolution": "RENAME",
                "value": ids,
                "resourceVersion": "V2",
                "ContentType": "JSON",
            }));
        self.bulk(ids, call).await
    }

    /// Removes up to [`MAX_BULK_NODES`] nodes for good by one request; as [`bulk_trash`](Self::bulk_trash).
    ///
    /// # Errors
    ///
    /// As [`bulk_trash`](Self::bulk_trash).
    pub async fn bulk_purge(&self, ids: &[&str]) -> Result<Vec<(String, String)>> {
        let call = Call::change(Method::POST, Base::Metadata, "bulk/nodes/purge")
            .at("bulk/nodes/purge")
            .json(&json!({ "recurse": "true", "nodeIds": ids }));
        self.bulk(ids, call).await
    }

    async fn bulk(&self, ids: &[&str], call: Call) -> Result<Vec<(String, String)>> {
        if ids.len() > MAX_BULK_NODES {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                format!(
                    "one call is for at most {MAX_BULK_NODES} nodes, not {}",
                    ids.len()
                ),
            ));
        }
        let answer: Option<serde_json::Value> = self.json_or_empty(call).await?;
        let failed = answer
            .as_ref()
            .and_then(|answer| answer.get("errorMap")?.as_object());
        let told = failed.into_iter().flatten().map(|(id, why)| {
            let why = why.as_str().map_or_else(|| why.to_string(), str::to_owned);
            (id.clone(), why)
        });
        Ok(told.collect())
    }
}

fn trash_call() -> Call {
    Call::get(Base::Metadata, "trash").at("trash")
}
