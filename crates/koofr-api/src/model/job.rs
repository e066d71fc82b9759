//! Work that the service does in the background.

use serde::{Deserialize, Serialize};

use super::json::Json;
use crate::{lenient, text_enum};

/// A piece of background work.
///
/// The words for its state are not published: poll [`Client::job`](crate::Client::job) until [`is_finished`](Self::is_finished),
/// or until the job is not found any more.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct Job {
    /// Names the job in other calls.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// What it does (`type`).
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    pub kind: String,
    /// How it is getting on, in the service's words.
    #[serde(deserialize_with = "lenient::text")]
    pub state: String,
    /// Percent done.
    #[serde(deserialize_with = "lenient::i64")]
    pub progress: i64,
    /// When it was ordered, in milliseconds since 1970.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub created: Option<i64>,
    /// When it was aborted, in milliseconds since 1970.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub aborted: Option<i64>,
    /// What was ordered; an object or a text.
    pub parameters: Json,
    /// What came of it; an object or a text.
    pub result: Json,
}

impl Job {
    /// Whether nothing more will happen, as far as progress and the known words for states tell.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        const FINAL: [&str; 9] = [
            "aborted",
            "canceled",
            "cancelled",
            "completed",
            "done",
            "error",
            "failed",
            "finished",
            "success",
        ];
        let state = self.state.to_ascii_lowercase();
        self.progress >= 100 || self.aborted.is_some() || FINAL.contains(&state.as_str())
    }
}

/// A file or folder by mount and path.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "an address has these two parts")]
pub struct FileAddress {
    /// Id of the mount.
    pub mount_id: String,
    /// Path in the mount, with a leading slash.
    pub path: String,
}

impl FileAddress {
    /// An address by its parts.
    pub fn new(mount_id: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            mount_id: mount_id.into(),
            path: path.into(),
        }
    }
}

/// What to copy or move where, in a job.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "a transfer has two ends")]
pub struct JobTransfer {
    /// What to copy or move.
    pub src: FileAddress,
    /// Where to, with the new name.
    pub dst: FileAddress,
}

text_enum! {
    /// What a job does with targets that exist.
    pub enum ConflictResolution {
        /// Stores under a free name.
        Rename = "RENAME",
        /// Leaves these files out.
        Skip = "SKIP",
    }
}
