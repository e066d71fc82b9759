//! Listings as JSON, made comparable.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Entries of an `lsjson` answer by path.
pub type Entries = BTreeMap<String, Map<String, Value>>;

/// Entries by path, without what nobody promises: the order, which is not stated anywhere; `MimeType`, which rclone guesses from the extension with
/// the help of files of the system; and `ModTime` of folders, which the service does not keep: 1.60.1 prints 1970, 1.75.2 prints 2000.
#[must_use]
pub fn entries(listing: &Value) -> Entries {
    let mut entries = entries_with_folder_times(listing);
    for entry in entries.values_mut() {
        if entry.get("IsDir") == Some(&Value::Bool(true)) {
            entry.remove("ModTime");
        }
    }
    entries
}

/// The same with the times of folders, for programs that agree on them.
#[must_use]
pub fn entries_with_folder_times(listing: &Value) -> Entries {
    listing
        .as_array()
        .expect("lsjson prints a list")
        .iter()
        .map(|entry| entry.as_object().expect("of objects").clone())
        .map(|mut entry| {
            entry.remove("MimeType");
            (path(&entry), entry)
        })
        .collect()
}

/// Asserts that two listings are the same, and shows only what is not.
pub fn expect_same(left: &Entries, right: &Entries, what: &str) {
    let paths: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let differences: Vec<String> = paths
        .into_iter()
        .filter(|path| left.get(*path) != right.get(*path))
        .map(|path| format!("{path:?}: {:?} and {:?}", left.get(path), right.get(path)))
        .collect();
    assert!(differences.is_empty(), "{what}: {differences:#?}");
}

fn path(entry: &Map<String, Value>) -> String {
    entry
        .get("Path")
        .and_then(Value::as_str)
        .expect("every entry has a path")
        .to_owned()
}
