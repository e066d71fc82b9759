//! Safe Boxes: folders that the user's own programs encrypt.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::mount::Mount;
use crate::lenient;

/// A registered Safe Box. The service knows neither its password nor its content.
#[non_exhaustive]
#[derive(Clone, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct VaultRepo {
    /// Names it in other calls.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// Name of its folder.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// Id of the mount it is in.
    #[serde(deserialize_with = "lenient::text")]
    pub mount_id: String,
    /// Path of its folder.
    #[serde(deserialize_with = "lenient::text")]
    pub path: String,
    /// Salt of the key.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub salt: Option<String>,
    /// A random text that proves a password together with its encrypted form.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub password_validator: Option<String>,
    /// The encrypted form.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub password_validator_encrypted: Option<String>,
    /// Since when, in milliseconds since 1970.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub added: Option<i64>,
}

impl fmt::Debug for VaultRepo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultRepo")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("mount_id", &self.mount_id)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The Safe Boxes of an account.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct VaultRepos {
    /// The Safe Boxes.
    #[serde(deserialize_with = "lenient::or_default")]
    pub repos: Vec<VaultRepo>,
    /// Their mounts, by id.
    #[serde(deserialize_with = "lenient::or_default")]
    pub mounts: BTreeMap<String, Mount>,
}

/// A Safe Box to register. All values are made by the program that encrypts.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "what a registration consists of")]
pub struct NewVaultRepo {
    /// Id of the mount.
    pub mount_id: String,
    /// Path of the folder.
    pub path: String,
    /// Salt of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// A random text.
    pub password_validator: String,
    /// The same, encrypted.
    pub password_validator_encrypted: String,
}

impl fmt::Debug for NewVaultRepo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewVaultRepo")
            .field("mount_id", &self.mount_id)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
