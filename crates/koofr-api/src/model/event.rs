//! Messages of the event stream.

use serde::Deserialize;

use super::file::FileInfo;
use crate::lenient;

/// Something that happened below a watched folder.
///
/// Paths are relative to the watched folder, with a leading slash; `/` is the folder itself. They are compared without regard to case.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum FileEvent {
    /// A file or folder was made, moved in or copied in, or a file was overwritten.
    Created(EventFile),
    /// Something was copied within the watched folder.
    Copied(EventFile),
    /// Something was moved within the watched folder.
    Moved(EventFile),
    /// A connected cloud changed below this path: list it again.
    Refreshed(EventFile),
    /// Something was removed or moved out; one event for a whole tree.
    Removed(EventFile),
    /// A connected cloud has been synchronised below this path: list it again.
    SyncDone(EventFile),
    /// Tags changed.
    TagsUpdated(EventFile),
    /// An event that this version does not know, by its type.
    Unknown(String),
}

/// What an event is about.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct EventFile {
    /// The id of the mount, never `primary`.
    #[serde(deserialize_with = "lenient::text")]
    pub mount_id: String,
    /// Path relative to the watched folder.
    #[serde(deserialize_with = "lenient::text")]
    pub path: String,
    /// Where it is afterwards, relative to the watched folder; for copies and moves.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub new_path: Option<String>,
    /// The file after the change.
    pub file: Option<FileInfo>,
    /// The program that made the change; a program recognises its own changes by it.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub user_agent: Option<String>,
}

impl<'de> Deserialize<'de> for FileEvent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(rename = "type", default, deserialize_with = "lenient::text")]
            kind: String,
            #[serde(flatten)]
            file: EventFile,
        }

        let Wire { kind, file } = Wire::deserialize(deserializer)?;
        Ok(match kind.as_str() {
            "fileCreated" => Self::Created(file),
            "fileCopied" => Self::Copied(file),
            "fileMoved" => Self::Moved(file),
            "fileRefreshed" => Self::Refreshed(file),
            "fileRemoved" => Self::Removed(file),
            "fileSyncDone" => Self::SyncDone(file),
            "fileTagsUpdated" => Self::TagsUpdated(file),
            _ => Self::Unknown(kind),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_apart_by_type() {
        let json = r#"{"type":"fileMoved","mountId":"m","path":"/a","newPath":"/b","file":{"name":"b","type":"file"}}"#;
        let FileEvent::Moved(event) = serde_json::from_str(json).unwrap() else {
            panic!("another type");
        };
        assert_eq!(event.new_path.as_deref(), Some("/b"));
        let json = r#"{"type":"fileBlessed","path":"/","newPath":""}"#;
        assert_eq!(
            serde_json::from_str::<FileEvent>(json).unwrap(),
            FileEvent::Unknown("fileBlessed".to_owned())
        );
    }
}
