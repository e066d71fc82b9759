//! The installation, as it presents itself to anybody.

use serde::Deserialize;

use super::json::Json;
use crate::lenient;

/// What an installation tells about itself without credentials. Only part of its fields is published.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct BasicConfig {
    /// The product.
    #[serde(deserialize_with = "lenient::or_default")]
    pub product: Product,
    /// All other fields, as the service sent them.
    #[serde(flatten)]
    pub fields: Json,
}

/// The product of an installation.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Product {
    /// Its name, such as `Koofr`.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// Where users find it.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub public_url: Option<String>,
    /// Where it is advertised.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub marketing_url: Option<String>,
}

/// The server's name and version.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct Profile {
    /// The server's own address.
    #[serde(deserialize_with = "lenient::text")]
    pub base: String,
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// Version.
    #[serde(deserialize_with = "lenient::text")]
    pub version: String,
}
