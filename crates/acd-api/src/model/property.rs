//! Properties that applications attach to nodes.

use std::collections::BTreeMap;

use remote_core::lenient;
use serde::Deserialize;

/// One property.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct Property {
    /// The key.
    #[serde(deserialize_with = "lenient::text")]
    pub key: String,
    /// The value.
    #[serde(deserialize_with = "lenient::text")]
    pub value: String,
}

/// The properties of one owner.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct PropertyList {
    /// How many there are.
    #[serde(deserialize_with = "lenient::opt_u64")]
    pub count: Option<u64>,
    /// By key.
    #[serde(deserialize_with = "lenient::or_default")]
    pub data: BTreeMap<String, String>,
}
