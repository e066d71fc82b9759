//! Moving nodes, and nodes in several folders at once.

use http::Method;
use remote_core::error::{Error, ErrorKind, Result};
use serde_json::json;

use crate::{
    call::{Base, Call},
    client::Client,
    model::node::Node,
};

impl Client {
    /// Replaces one parent of a node by another folder; other parents stay. The answer is the node where the service tells it.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) if the folder has something of that name, [`NotFound`](ErrorKind::NotFound) if one of the three is
    /// unknown, also when the node has been moved already.
    pub async fn move_node(&self, child: &str, from: &str, to: &str) -> Result<Option<Node>> {
        let call = Call::change(Method::POST, Base::Metadata, "nodes/{id}/children")
            .at("nodes")
            .id(to)
            .at("children")
            .json(&json!({ "fromParent": from, "childId": child }));
        self.json_or_empty(call).await
    }

    /// Puts a node into one more folder; also one in the trash. The answer is the node where the service tells it.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) if the folder has something of that name, [`NotFound`](ErrorKind::NotFound).
    pub async fn add_parent(&self, child: &str, parent: &str) -> Result<Option<Node>> {
        self.json_or_empty(link(Method::PUT, parent, child)).await
    }

    /// Takes a node out of a folder, unless it is in no other. Two requests.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for the last parent, [`NotFound`](ErrorKind::NotFound).
    pub async fn remove_parent(&self, child: &str, parent: &str) -> Result<Option<Node>> {
        let node = self.node(child).await?;
        if node.is_in(parent) && node.parents.len() < 2 {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "the node is in no other folder, and could not be found again",
            )
            .with_help("put it into another folder first, or into the trash"));
        }
        self.remove_any_parent(child, parent).await
    }

    /// Takes a node out of a folder. Out of its last one, it stays on the drive and can be reached by its id only.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound).
    pub async fn remove_any_parent(&self, child: &str, parent: &str) -> Result<Option<Node>> {
        self.json_or_empty(link(Method::DELETE, parent, child))
            .await
    }
}

fn link(method: Method, parent: &str, child: &str) -> Call {
    Call::change(method, Base::Metadata, "nodes/{id}/children/{id}")
        .at("nodes")
        .id(parent)
        .at("children")
        .id(child)
}
