//! The account: user, application passwords, bookmarks, settings.

use std::fmt;

use remote_core::secret::Secret;
use serde::{Deserialize, Deserializer, Serialize};

use super::json::Json;
use crate::lenient;

/// The user.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct User {
    /// Id of the account.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// E-mail address, which is the user name.
    #[serde(deserialize_with = "lenient::text")]
    pub email: String,
    /// First name.
    #[serde(deserialize_with = "lenient::text")]
    pub first_name: String,
    /// Last name.
    #[serde(deserialize_with = "lenient::text")]
    pub last_name: String,
    /// Whether the account has a password of its own.
    #[serde(deserialize_with = "lenient::or_default")]
    pub has_password: bool,
    /// Level of the account's plan.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub level: Option<i64>,
    /// Telephone number.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub phone_number: Option<String>,
}

/// An application password.
#[non_exhaustive]
#[derive(Clone, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct AppPassword {
    /// Names it in other calls.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// The user's name for it.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// When it was made, in milliseconds since 1970.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub created: Option<i64>,
    /// When it was last used, in milliseconds since 1970.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub last_used: Option<i64>,
    /// What it may do.
    #[serde(deserialize_with = "lenient::or_default")]
    pub scopes: Vec<String>,
    /// The password itself; only in the answer that made it.
    #[serde(deserialize_with = "opt_secret")]
    pub plain: Option<Secret>,
}

fn opt_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(lenient::opt_text(deserializer)?.map(Secret::new))
}

impl fmt::Debug for AppPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppPassword")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// A bookmark.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "sent as well as received, so users build it"
)]
pub struct Bookmark {
    /// The user's name for it.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// Id of the mount.
    #[serde(deserialize_with = "lenient::text")]
    pub mount_id: String,
    /// Path in the mount.
    #[serde(deserialize_with = "lenient::text")]
    pub path: String,
}

/// Rules of the account for links.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "sent as well as received, so users build it"
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, as the service names them"
)]
pub struct SecuritySettings {
    /// Public links get a password by themselves.
    #[serde(deserialize_with = "lenient::or_default")]
    pub download_link_auto_password: bool,
    /// Public links must have a password.
    #[serde(deserialize_with = "lenient::or_default")]
    pub download_link_require_password: bool,
    /// Upload links get a password by themselves.
    #[serde(deserialize_with = "lenient::or_default")]
    pub upload_link_auto_password: bool,
    /// Upload links must have a password.
    #[serde(deserialize_with = "lenient::or_default")]
    pub upload_link_require_password: bool,
}

/// Features of the installation for this account. Only part of its fields is published.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(transparent)]
pub struct AppConfig {
    /// All fields, as the service sent them.
    pub fields: Json,
}

impl AppConfig {
    /// Whether the account may empty its trash; absent when the service does not tell.
    #[must_use]
    pub fn trash_can_be_emptied(&self) -> Option<bool> {
        self.flag("trash", "emptyEnabled")
    }

    /// Whether there are snapshots; absent when the service does not tell.
    #[must_use]
    pub fn has_snapshots(&self) -> Option<bool> {
        self.flag("snapshots", "enabled")
    }

    fn flag(&self, group: &str, name: &str) -> Option<bool> {
        self.fields.get(group)?.get(name)?.as_bool()
    }
}
