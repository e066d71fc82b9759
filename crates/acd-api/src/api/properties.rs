//! Properties: values that an application attaches to nodes and that no other application sees.
//!
//! The owner is the name under which the application is registered, which is also the [`created_by`](crate::model::node::Node::created_by) of the nodes it makes. At
//! most 10 keys per owner and node, of at most 50 letters, digits and underscores, with values of at most 500 characters.

use http::Method;
use remote_core::error::{Error, ErrorKind, Result};
use serde_json::json;

use crate::{
    call::{Base, Call},
    client::Client,
    model::property::{Property, PropertyList},
};

impl Client {
    /// Sets a property.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) beyond the limits, [`NotFound`](ErrorKind::NotFound),
    /// [`PermissionDenied`](ErrorKind::PermissionDenied) for another owner.
    pub async fn set_property(
        &self,
        id: &str,
        owner: &str,
        key: &str,
        value: &str,
    ) -> Result<Property> {
        check_key(key)?;
        let call = Call::change(Method::PUT, Base::Metadata, PROPERTY);
        let call = at(call, id, owner).id(key).json(&json!({ "value": value }));
        self.json(call).await
    }

    /// A property.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) also without such a property.
    pub async fn property(&self, id: &str, owner: &str, key: &str) -> Result<Property> {
        let call = Call::get(Base::Metadata, PROPERTY);
        self.json(at(call, id, owner).id(key)).await
    }

    /// All properties of an owner; those of another one are left out by the service.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound).
    pub async fn properties(&self, id: &str, owner: &str) -> Result<PropertyList> {
        let call = Call::get(Base::Metadata, "nodes/{id}/properties/{owner}");
        self.json(at(call, id, owner)).await
    }

    /// Removes a property.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound).
    pub async fn remove_property(&self, id: &str, owner: &str, key: &str) -> Result<()> {
        let call = Call::change(Method::DELETE, Base::Metadata, PROPERTY);
        self.done(at(call, id, owner).id(key)).await
    }
}

const PROPERTY: &str = "nodes/{id}/properties/{owner}/{key}";

fn at(call: Call, id: &str, owner: &str) -> Call {
    call.at("nodes").id(id).at("properties").id(owner)
}

fn check_key(key: &str) -> Result<()> {
    let fits = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if fits && (1..=50).contains(&key.len()) {
        return Ok(());
    }
    Err(Error::with_message(
        ErrorKind::InvalidInput,
        "keys of properties have 1 to 50 letters, digits and underscores",
    ))
}
