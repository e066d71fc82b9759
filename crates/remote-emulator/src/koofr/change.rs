//! Changes as the event stream and the activity log tell them.

use serde::Serialize;
use serde_json::{Value, json};

use crate::koofr::files::FileInfo;
use crate::koofr::path::Path;

/// What happened to an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ChangeKind {
    Copied,
    Created,
    Moved,
    Refreshed,
    Removed,
    SyncDone,
    TagsUpdated,
}

/// A change of one entry, or of a whole tree by its top.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    pub(crate) mount: String,
    pub(crate) path: Path,
    /// Where a copy or move went.
    pub(crate) to: Option<(String, Path)>,
    pub(crate) file: Option<FileInfo>,
    pub(crate) user_agent: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    mount_id: &'a str,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a FileInfo>,
    #[serde(skip_serializing_if = "str::is_empty")]
    user_agent: &'a str,
}

impl Change {
    /// The event a listener on `base` of `mount` receives, if any.
    ///
    /// What crosses the border of the listened folder arrives as a creation or a removal.
    pub(crate) fn seen_from(&self, mount: &str, base: &Path) -> Option<Value> {
        let inside =
            |at: &str, path: &Path| (at == mount).then(|| path.relative_to(base)).flatten();
        let from = inside(&self.mount, &self.path);
        let to = self.to.as_ref().and_then(|(at, path)| inside(at, path));
        let (kind, path, new_path) = match (self.kind, from, to) {
            (ChangeKind::Created, Some(path), _) => ("fileCreated", path, None),
            (ChangeKind::Removed, Some(path), _) => ("fileRemoved", path, None),
            (ChangeKind::TagsUpdated, Some(path), _) => ("fileTagsUpdated", path, None),
            (ChangeKind::Refreshed, Some(path), _) => ("fileRefreshed", path, None),
            (ChangeKind::SyncDone, Some(path), _) => ("fileSyncDone", path, None),
            (ChangeKind::Copied, Some(path), Some(new)) => ("fileCopied", path, Some(new)),
            (ChangeKind::Moved, Some(path), Some(new)) => ("fileMoved", path, Some(new)),
            (ChangeKind::Copied | ChangeKind::Moved, None, Some(new)) => ("fileCreated", new, None),
            (ChangeKind::Moved, Some(path), None) => ("fileRemoved", path, None),
            _ => return None,
        };
        Some(json!(Event {
            kind,
            mount_id: mount,
            path,
            new_path,
            file: self.file.as_ref(),
            user_agent: &self.user_agent,
        }))
    }
}
