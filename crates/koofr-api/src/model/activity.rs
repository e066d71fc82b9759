//! The activity log of an account.

use serde::Deserialize;

use crate::{lenient, text_enum};

text_enum! {
    /// What happened.
    pub enum ActivityKind {
        /// A file or folder was copied.
        FileCopied = "file_copied",
        /// A file or folder was removed.
        FileDeleted = "file_deleted",
        /// A folder was made.
        FileDirCreated = "file_dir_created",
        /// A file or folder was moved.
        FileMoved = "file_moved",
        /// A file or folder got another name.
        FileRenamed = "file_renamed",
        /// A file was uploaded.
        FileUploaded = "file_uploaded",
        /// A public link was made.
        LinkCreated = "link_created",
        /// A mount was shared with somebody.
        MountUserAdded = "mount_user_added",
        /// A mount is not shared with somebody any more.
        MountUserRemoved = "mount_user_removed",
    }
}

impl Default for ActivityKind {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

/// An entry of the activity log.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Activity {
    /// What happened (`type`).
    #[serde(rename = "type")]
    pub kind: ActivityKind,
    /// Digits; names the entry, and asks for those after it.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// When, in milliseconds since 1970.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub timestamp: Option<i64>,
    /// In which mount.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub mount_id: Option<String>,
    /// The name of that mount.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub mount_name: Option<String>,
    /// To what.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub path: Option<String>,
    /// Where it is afterwards.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub new_path: Option<String>,
    /// In which mount it is afterwards.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub new_mount_id: Option<String>,
    /// The name of that mount.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub new_mount_name: Option<String>,
    /// Who did it.
    pub user: Option<ActivityUser>,
    /// With what program (`user_agent`).
    #[serde(rename = "user_agent", deserialize_with = "lenient::opt_text")]
    pub user_agent: Option<String>,
    /// The link it is about.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub link_id: Option<String>,
    /// The member it is about.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub mount_user_id: Option<String>,
    /// The name of that member.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub mount_user_name: Option<String>,
}

/// Who did something.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct ActivityUser {
    /// Id of the account.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// Name.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub email: Option<String>,
    /// First name.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub last_name: Option<String>,
}
