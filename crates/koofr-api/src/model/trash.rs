//! The trash, and points in time to go back to.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{file::Tags, json::Json, mount::Mount};
use crate::{lenient, text_enum};

/// One page of the trash.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct TrashPage {
    /// What was removed.
    #[serde(deserialize_with = "lenient::or_default")]
    pub files: Vec<TrashFile>,
    /// The mounts it was removed from, by id.
    #[serde(deserialize_with = "lenient::or_default")]
    pub mounts: BTreeMap<String, Mount>,
    /// How many days things stay in the trash.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub retention_days: Option<i64>,
    /// Where the next page begins.
    #[serde(deserialize_with = "lenient::or_default")]
    pub page_info: PageInfo,
}

/// Where the next page begins.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct PageInfo {
    /// Asks for the next page; absent on the last one.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub cursor: Option<String>,
}

/// Something in the trash.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrashFile {
    /// The mount it was removed from.
    pub mount_id: String,
    /// Where it was.
    pub path: String,
    /// Its name.
    pub name: String,
    /// When it was removed, in milliseconds since 1970; absent also when the service sent another form of time.
    pub deleted: Option<i64>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// Media type.
    pub content_type: String,
    /// Names its content (`versionId`, or `id`).
    pub version_id: String,
    /// Tags.
    pub tags: Tags,
}

impl<'de> Deserialize<'de> for TrashFile {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The wire form: some servers call the version `id`, and send `deleted` as a text.
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Wire {
            #[serde(deserialize_with = "lenient::text")]
            mount_id: String,
            #[serde(deserialize_with = "lenient::text")]
            path: String,
            #[serde(deserialize_with = "lenient::text")]
            name: String,
            #[serde(deserialize_with = "lenient::opt_text")]
            deleted: Option<String>,
            #[serde(deserialize_with = "lenient::opt_u64")]
            size: Option<u64>,
            #[serde(deserialize_with = "lenient::text")]
            content_type: String,
            #[serde(deserialize_with = "lenient::opt_text")]
            version_id: Option<String>,
            #[serde(deserialize_with = "lenient::opt_text")]
            id: Option<String>,
            #[serde(deserialize_with = "lenient::or_default")]
            tags: Tags,
        }

        let wire = Wire::deserialize(deserializer)?;
        Ok(Self {
            mount_id: wire.mount_id,
            path: wire.path,
            name: wire.name,
            deleted: wire.deleted.and_then(|text| text.parse().ok()),
            size: wire.size,
            content_type: wire.content_type,
            version_id: wire.version_id.or(wire.id).unwrap_or_default(),
            tags: wire.tags,
        })
    }
}

text_enum! {
    /// By what the trash is sorted.
    pub enum TrashSort {
        /// When it was removed.
        Deleted = "deleted",
        /// Name.
        Name = "name",
        /// Path.
        Path = "path",
        /// Size.
        Size = "size",
    }
}

/// A point in time to go back to, where the installation keeps them. Its fields are not published.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct Snapshot {
    /// Names the snapshot.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// All fields, as the service sent them.
    #[serde(flatten)]
    pub fields: Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_come_in_two_spellings() {
        let json =
            r#"[{"versionId":"v","deleted":5},{"id":7,"deleted":"6"},{"deleted":"yesterday"}]"#;
        let files: Vec<TrashFile> = serde_json::from_str(json).unwrap();
        assert_eq!(
            (files[0].version_id.as_str(), files[0].deleted),
            ("v", Some(5))
        );
        assert_eq!(
            (files[1].version_id.as_str(), files[1].deleted),
            ("7", Some(6))
        );
        assert_eq!(files[2].deleted, None);
    }
}
