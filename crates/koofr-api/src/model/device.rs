//! Desktop devices and connected clouds.

use std::fmt;

use remote_core::secret::Secret;
use serde::{Deserialize, Deserializer};

use super::json::Json;
use crate::lenient;

/// A desktop device or connected cloud.
#[non_exhaustive]
#[derive(Clone, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Device {
    /// Names the device in other calls.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// The key with which the device's own program signs in.
    #[serde(deserialize_with = "secret")]
    pub api_key: Secret,
    /// The user's name for it.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// `online`, `offline` or another word.
    #[serde(deserialize_with = "lenient::text")]
    pub status: String,
    /// All its room in MiB.
    #[serde(deserialize_with = "lenient::opt_u64")]
    pub space_total: Option<u64>,
    /// What is taken of it in MiB.
    #[serde(deserialize_with = "lenient::opt_u64")]
    pub space_used: Option<u64>,
    /// What is left of it in MiB.
    #[serde(deserialize_with = "lenient::opt_u64")]
    pub space_free: Option<u64>,
    /// Version of the device's own program.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub version: Option<String>,
    /// What stands behind it.
    pub provider: Option<DeviceProvider>,
    /// The mount with its files.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub root_mount_id: Option<String>,
    /// Whether its files can be searched.
    #[serde(deserialize_with = "lenient::or_default")]
    pub search_enabled: bool,
    /// Whether the user may change it.
    #[serde(deserialize_with = "lenient::or_default")]
    pub can_edit: bool,
    /// Whether the user may remove it.
    #[serde(deserialize_with = "lenient::or_default")]
    pub can_remove: bool,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    lenient::text(deserializer).map(Secret::new)
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("status", &self.status)
            .field("root_mount_id", &self.root_mount_id)
            .finish_non_exhaustive()
    }
}

/// What stands behind a device.
#[non_exhaustive]
#[derive(Clone, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct DeviceProvider {
    /// Such as `storagehub` or `dropbox`.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// Its settings, in a form of its own. May hold secrets, so it does not show in `Debug`.
    pub data: Json,
}

impl fmt::Debug for DeviceProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceProvider")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_do_not_show_their_key() {
        let json = r#"{"id":"d","apiKey":"k3y","provider":{"name":"n","data":{"token":"k3y"}}}"#;
        let device: Device = serde_json::from_str(json).unwrap();
        assert_eq!(device.api_key.expose(), "k3y");
        assert!(!format!("{device:?} {:?}", device.provider).contains("k3y"));
    }
}
