//! Mounts: own storage, connected clouds and shared folders.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    file::FileInfo,
    link::{Link, Receiver},
};
use crate::{lenient, text_enum};

/// Bytes of one MiB, the unit of the sizes of mounts and devices.
const MIB: u64 = 1024 * 1024;

text_enum! {
    /// What a mount is to the user.
    pub enum MountKind {
        /// Own storage, or a connected cloud.
        Device = "device",
        /// A folder that the user shares with others.
        Export = "export",
        /// A folder that others share with the user.
        Import = "import",
    }
}

impl Default for MountKind {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

text_enum! {
    /// A right on a mount.
    pub enum Permission {
        /// Comment on files.
        Comment = "COMMENT",
        /// Former name of [`CreateLink`](Self::CreateLink).
        CreateAction = "CREATE_ACTION",
        /// Make public links.
        CreateLink = "CREATE_LINK",
        /// Make upload links.
        CreateReceiver = "CREATE_RECEIVER",
        /// Share folders further.
        Mount = "MOUNT",
        /// Everything, as the owner.
        Owner = "OWNER",
        /// Read.
        Read = "READ",
        /// Write.
        Write = "WRITE",
    }
}

/// Rights and whether they are granted; what is not named is not granted.
pub type Permissions = BTreeMap<Permission, bool>;

/// A mount (`FilesMount`): the root of a tree of files.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Mount {
    /// Names the mount in other calls.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// The user's name for it, such as `Koofr`.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// What it is to the user (`type`); unknown words are to be taken for own storage.
    #[serde(rename = "type")]
    pub kind: MountKind,
    /// Where its files are: `hosted`, `desktop`, `dropbox`, `googledrive`, `onedrive`, `share`, others.
    #[serde(deserialize_with = "lenient::text")]
    pub origin: String,
    /// Whether it can be used; a desktop device that is not connected cannot.
    #[serde(deserialize_with = "lenient::or_default")]
    pub online: bool,
    /// Whether it is the user's main storage, which also has the id `primary`.
    #[serde(deserialize_with = "lenient::or_default")]
    pub is_primary: bool,
    /// Whether it is shared.
    #[serde(deserialize_with = "lenient::or_default")]
    pub is_shared: bool,
    /// Whether the shared thing is a folder.
    #[serde(deserialize_with = "lenient::or_default")]
    pub is_dir: bool,
    /// All its room in MiB; see [`total_bytes`](Self::total_bytes).
    #[serde(deserialize_with = "lenient::opt_u64")]
    pub space_total: Option<u64>,
    /// What is taken of it in MiB; see [`used_bytes`](Self::used_bytes).
    #[serde(deserialize_with = "lenient::opt_u64")]
    pub space_used: Option<u64>,
    /// Whether it holds more than it may.
    #[serde(deserialize_with = "lenient::or_default")]
    pub over_quota: bool,
    /// Whether it is nearly full.
    #[serde(deserialize_with = "lenient::or_default")]
    pub almost_over_quota: bool,
    /// Whether the user may write.
    #[serde(deserialize_with = "lenient::or_default")]
    pub can_write: bool,
    /// Whether the user may upload.
    #[serde(deserialize_with = "lenient::or_default")]
    pub can_upload: bool,
    /// The user's rights.
    #[serde(deserialize_with = "lenient::or_default")]
    pub permissions: Permissions,
    /// Whose it is.
    pub owner: Option<MountUser>,
    /// Who it is shared with.
    #[serde(deserialize_with = "lenient::or_default")]
    pub users: Vec<MountUser>,
    /// The groups it is shared with.
    #[serde(deserialize_with = "lenient::or_default")]
    pub groups: Vec<MountGroup>,
    /// Where it lies in another mount, if it does.
    pub root: Option<MountRoot>,
    /// The device it belongs to.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub device_id: Option<String>,
    /// A number that grows with changes of the mount.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub version: Option<i64>,
    /// When the user got it, in milliseconds since 1970.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub user_added: Option<i64>,
    /// What it can do beyond files.
    pub capabilities: Option<MountCapabilities>,
}

impl Mount {
    /// All its room in bytes, in steps of 1 MiB.
    #[must_use]
    pub fn total_bytes(&self) -> Option<u64> {
        self.space_total?.checked_mul(MIB)
    }

    /// What is taken of it in bytes, in steps of 1 MiB.
    #[must_use]
    pub fn used_bytes(&self) -> Option<u64> {
        self.space_used?.checked_mul(MIB)
    }

    /// What is left of it in bytes, in steps of 1 MiB; 0 when it holds more than it may.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        Some(self.total_bytes()?.saturating_sub(self.used_bytes()?))
    }

    /// Whether the user has a right.
    #[must_use]
    pub fn permits(&self, permission: &Permission) -> bool {
        self.permissions
            .get(permission)
            .copied()
            .unwrap_or_default()
    }
}

/// A person with rights on a mount.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct MountUser {
    /// Names the person in other calls.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// E-mail address.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub email: Option<String>,
    /// Rights.
    #[serde(deserialize_with = "lenient::or_default")]
    pub permissions: Permissions,
    /// Whether it is a group.
    #[serde(deserialize_with = "lenient::or_default")]
    pub is_group: bool,
    /// Since when, in milliseconds since 1970.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub added: Option<i64>,
}

/// A group with rights on a mount.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct MountGroup {
    /// Names the group in other calls.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// Rights.
    #[serde(deserialize_with = "lenient::or_default")]
    pub permissions: Permissions,
    /// Since when, in milliseconds since 1970.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub added: Option<i64>,
}

/// Where a mount lies in another one.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct MountRoot {
    /// Id of the other mount.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// Name of the other mount.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// Path in the other mount.
    #[serde(deserialize_with = "lenient::text")]
    pub path: String,
}

/// What a mount can do beyond files.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent features, as the service names them"
)]
pub struct MountCapabilities {
    /// Links into the connected cloud.
    #[serde(deserialize_with = "lenient::or_default")]
    pub external_links: bool,
    /// Tells whether a connected cloud is synchronised.
    #[serde(deserialize_with = "lenient::or_default")]
    pub external_status: bool,
    /// Editing of office documents.
    #[serde(deserialize_with = "lenient::or_default")]
    pub office_online: bool,
    /// Thumbnails of raw photographs.
    #[serde(deserialize_with = "lenient::or_default")]
    pub raw_thumbnails: bool,
    /// Tags.
    #[serde(deserialize_with = "lenient::or_default")]
    pub tags: bool,
}

/// Something shared, from the list of shares.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct SharedFile {
    /// The file or folder itself.
    #[serde(flatten)]
    pub info: FileInfo,
    /// The mount through which it is shared.
    pub mount: Option<Mount>,
    /// Its public link.
    pub link: Option<Link>,
    /// Its upload link.
    pub receiver: Option<Receiver>,
}

/// Whom to share a mount with.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Invitee {
    /// A person, by e-mail address.
    Email(String),
    /// A person or group, by id.
    Id(String),
}
