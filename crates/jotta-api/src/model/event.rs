//! What changed in an account, as the service tells it while it happens.

use std::time::SystemTime;

use remote_core::{hash::HashValue, lenient, text_enum};
use serde::Deserialize;

use crate::time;

text_enum! {
    /// What happened.
    pub enum EventType {
        /// A device was made.
        CreateDevice = "CREATE_DEVICE",
        /// A folder was made.
        CreateDir = "CREATE_DIR",
        /// A file went into the trash.
        Delete = "DELETE",
        /// A device was removed.
        DeleteDevice = "DELETE_DEVICE",
        /// A folder went into the trash.
        DeleteDir = "DELETE_DIR",
        /// A mount point went into the trash.
        DeleteMountPoint = "DELETE_MP",
        /// A folder was removed for good.
        HardDeleteDir = "HARD_DELETE_DIR",
        /// A file was removed for good.
        HardDeleteFile = "HARD_DELETE_FILE",
        /// A file was moved.
        Move = "MOVE",
        /// A folder was moved.
        MoveDir = "MOVE_DIR",
        /// A file was stored.
        NewUpload = "NEW_UPLOAD",
        /// Something came back from the trash.
        Restore = "RESTORE",
        /// A mount point came back from the trash.
        RestoreMountPoint = "RESTORE_MP",
        /// A file was shared.
        ShareFile = "SHARE_FILE",
        /// A file is not shared any more.
        UnshareFile = "UNSHARE_FILE",
    }
}

/// A change.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What happened.
    pub kind: EventType,
    /// Whose account it is.
    pub user: String,
    /// When the service noticed it.
    pub time: Option<SystemTime>,
    /// The event's own id, where told.
    pub uuid: Option<String>,
    /// Where it happened, as `/user/device/mount point/…`; where it was for a move.
    pub from: Option<String>,
    /// Where it is after a move.
    pub to: Option<String>,
    /// The size of a file in bytes.
    pub size: Option<u64>,
    /// The MD5 of a file.
    pub md5: Option<HashValue>,
    /// The modification time of a file.
    pub modified: Option<SystemTime>,
    /// The creation time of a file.
    pub created: Option<SystemTime>,
}

/// The form on the wire.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct WireEvent {
    #[serde(default, rename = "U", deserialize_with = "lenient::text")]
    user: String,
    #[serde(default, rename = "ST", deserialize_with = "lenient::text")]
    kind: String,
    #[serde(default, rename = "TS", deserialize_with = "lenient::opt_i64")]
    time: Option<i64>,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    uuid: Option<String>,
    #[serde(default, rename = "D", deserialize_with = "lenient::or_default")]
    data: WireData,
}

#[derive(Debug, Default, Deserialize)]
struct WireData {
    #[serde(default, rename = "FROM", deserialize_with = "lenient::opt_text")]
    from: Option<String>,
    #[serde(default, rename = "TO", deserialize_with = "lenient::opt_text")]
    to: Option<String>,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    size: Option<String>,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    md5: Option<String>,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    modified: Option<String>,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    created: Option<String>,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    uuid: Option<String>,
}

impl From<WireEvent> for Event {
    fn from(wire: WireEvent) -> Self {
        let moment = |text: Option<String>| text.and_then(|text| time::parse(&text));
        Self {
            kind: EventType::from(wire.kind.as_str()),
            user: wire.user,
            time: wire.time.and_then(time::from_millis),
            uuid: wire.uuid.or(wire.data.uuid),
            from: wire.data.from,
            to: wire.data.to,
            size: wire.data.size.and_then(|text| text.parse().ok()),
            md5: wire.data.md5.and_then(|text| text.parse().ok()),
            modified: moment(wire.data.modified),
            created: moment(wire.data.created),
        }
    }
}
