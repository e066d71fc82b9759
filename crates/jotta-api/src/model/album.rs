//! Photo albums.

use std::{fmt, time::SystemTime};

use remote_core::{lenient, secret::Secret, text_enum};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::time;

text_enum! {
    /// What a photo is.
    pub enum PhotoKind {
        /// A picture.
        Image = "image",
        /// A film.
        Video = "video",
    }
}

/// An album, or a page of one.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Album {
    /// Its id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: String,
    /// What its owner calls it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub title: String,
    /// When it was changed last. Taken for milliseconds since 1970, which has not been verified.
    #[serde(default, rename = "lastModified", deserialize_with = "moment")]
    pub modified: Option<SystemTime>,
    /// The photos of the page.
    #[serde(default)]
    pub photos: Vec<Photo>,
}

/// A photo of an album.
///
/// `Debug` does not show its addresses: whoever knows them can look at it.
#[non_exhaustive]
#[derive(Clone, Deserialize)]
pub struct Photo {
    /// Its id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: String,
    /// The name of its file.
    #[serde(default, deserialize_with = "lenient::text")]
    pub filename: String,
    /// Width in pixels.
    #[serde(default, deserialize_with = "count")]
    pub width: Option<u64>,
    /// Height in pixels.
    #[serde(default, deserialize_with = "count")]
    pub height: Option<u64>,
    /// Media type.
    #[serde(default, rename = "mimetype", deserialize_with = "lenient::opt_text")]
    pub mime: Option<String>,
    /// Its place in the order of the album, a number of nanoseconds as text; the cursor of the page after it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub timestamp: String,
    /// When it was taken.
    #[serde(default, rename = "capturedDate", deserialize_with = "moment")]
    pub captured: Option<SystemTime>,
    /// Picture or film.
    #[serde(default = "unknown_kind", rename = "content")]
    pub kind: PhotoKind,
    /// How long a film is, as the service tells it; in which unit is not known.
    #[serde(default, deserialize_with = "count")]
    pub duration: Option<u64>,
    /// Whether its owner hides it.
    #[serde(default, deserialize_with = "flag")]
    pub hidden: bool,
    /// Whether it was removed.
    #[serde(default, deserialize_with = "flag")]
    pub deleted: bool,
    /// Where previews are, without the ending for the size.
    #[serde(default, deserialize_with = "secret")]
    pub thumbnail_url: Secret,
    /// Where the file is.
    #[serde(default, deserialize_with = "secret")]
    pub file_url: Secret,
}

impl fmt::Debug for Photo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Photo")
            .field("id", &self.id)
            .field("filename", &self.filename)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

fn unknown_kind() -> PhotoKind {
    PhotoKind::from("")
}

/// A number; absent for anything else.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(integer(&Value::deserialize(deserializer)?).and_then(|number| number.try_into().ok()))
}

fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Value::deserialize(deserializer)? == Value::Bool(true))
}

/// Milliseconds since 1970; absent for anything else.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SystemTime>, D::Error> {
    Ok(integer(&Value::deserialize(deserializer)?).and_then(time::from_millis))
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    lenient::text(deserializer).map(Secret::new)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn odd_values_do_not_hide_a_photo() {
        let json = r#"{"id":7,"title":null,"lastModified":"soon","more":{},"photos":[
            {"id":"a","filename":"a.jpg","width":-1,"height":"20","timestamp":1700000000000000001,"capturedDate":"1700000000123",
             "content":"hologram","duration":1.5,"hidden":"yes","thumbnail_url":null,"file_url":"https://uc-1.jottacloud.com/canary"},{}]}"#;
        let album: Album = serde_json::from_str(json).unwrap();
        assert_eq!((album.id.as_str(), album.title.as_str()), ("7", ""));
        assert_eq!(album.modified, None);
        let [photo, empty] = album.photos.as_slice() else {
            panic!("{album:?}")
        };
        assert_eq!((photo.width, photo.height), (None, Some(20)));
        assert_eq!(photo.timestamp, "1700000000000000001");
        let taken = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
        assert_eq!(photo.captured, Some(taken));
        assert_eq!((photo.kind.as_str(), photo.hidden), ("hologram", false));
        assert!(!format!("{album:?}").contains("canary"));
        assert_eq!(empty.kind.as_str(), "");
    }
}
