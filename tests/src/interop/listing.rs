//! Listings as JSON, made comparable.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Entries of an `lsjson` answer by path, without what nobody promises:
///
/// * the order, which is not stated anywhere;
/// * `MimeType`, which rclone guesses from the extension with the help of files of the system;
/// * `ModTime` of folders, which the service does not keep: 1.60.1 prints 1970, 1.75.2 prints 2000.
#[must_use]
pub fn entries(listing: &Value) -> BTreeMap<String, Map<String, Value>> {
    listing
        .as_array()
        .expect("lsjson prints a list")
        .iter()
        .map(|entry| entry.as_object().expect("of objects").clone())
        .map(|mut entry| {
            entry.remove("MimeType");
            if entry.get("IsDir") == Some(&Value::Bool(true)) {
                entry.remove("ModTime");
            }
            (path(&entry), entry)
        })
        .collect()
}

fn path(entry: &Map<String, Value>) -> String {
    entry
        .get("Path")
        .and_then(Value::as_str)
        .expect("every entry has a path")
        .to_owned()
}
