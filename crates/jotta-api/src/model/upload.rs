//! What the service tells about uploads.

use std::{fmt, time::SystemTime};

use remote_core::{hash::HashValue, lenient, secret::Secret};
use serde::Deserialize;

use super::file::RevisionState;
use crate::time;

/// The answer to the announcement of an upload.
#[non_exhaustive]
#[derive(Clone, Deserialize)]
pub struct Allocation {
    /// [`Completed`](RevisionState::Completed) when the service has the content already and nothing need be sent.
    #[serde(default = "unknown_state")]
    pub state: RevisionState,
    /// Where to send the bytes. Whoever knows it may be able to use it.
    #[serde(default)]
    pub upload_url: Secret,
    /// The first byte that the service does not have.
    #[serde(default, deserialize_with = "count")]
    pub resume_pos: u64,
    /// All the bytes of the file.
    #[serde(default, deserialize_with = "lenient::opt_u64")]
    pub bytes: Option<u64>,
    /// Names this upload to the service.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub upload_id: Option<String>,
}

impl Allocation {
    /// Whether the file is stored, and nothing need be sent.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.state == RevisionState::Completed
    }
}

impl fmt::Debug for Allocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allocation")
            .field("state", &self.state)
            .field("resume_pos", &self.resume_pos)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

fn unknown_state() -> RevisionState {
    RevisionState::from("")
}

fn count<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    lenient::opt_u64(deserializer).map(Option::unwrap_or_default)
}

/// A file that was stored.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize)]
pub struct Uploaded {
    /// Names the content to the service.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub content_id: Option<String>,
    /// Its size.
    #[serde(default, deserialize_with = "lenient::opt_u64")]
    pub bytes: Option<u64>,
    /// Its MD5.
    #[serde(default, deserialize_with = "md5")]
    pub md5: Option<HashValue>,
    /// Its modification time in milliseconds since 1970.
    #[serde(default, deserialize_with = "lenient::opt_i64")]
    pub modified: Option<i64>,
}

impl Uploaded {
    /// The modification time.
    #[must_use]
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified.and_then(time::from_millis)
    }
}

fn md5<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<HashValue>, D::Error> {
    let text = lenient::opt_text(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// What emptying the trash removed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
pub struct Purged {
    /// Folders.
    #[serde(default, deserialize_with = "count")]
    pub folders: u64,
    /// Files.
    #[serde(default, deserialize_with = "count")]
    pub files: u64,
}
