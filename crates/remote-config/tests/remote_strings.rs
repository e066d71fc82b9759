//! Remote strings against the recorded answers of rclone: parsing, cutting, joining, legal names, and options back to text.

mod support;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use remote_config::{
    name::{is_legal, make_legal},
    remote_string::{
        RemoteName, RemoteParts, RemoteString, RemoteStringError, canonical, human, join, split,
    },
};
use serde_json::Value;
use support::text;

fn rows(op: &str) -> Vec<Value> {
    let rows = support::rows("connection_strings.jsonl");
    rows.into_iter().filter(|row| row["op"] == op).collect()
}

/// A text, or bytes that are none.
fn bytes(value: &Value) -> Vec<u8> {
    match value.as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => STANDARD
            .decode(text(value, "b64"))
            .expect("base64 in the vectors"),
    }
}

fn class(error: RemoteStringError) -> &'static str {
    match error {
        RemoteStringError::AfterQuote => "after_quote",
        RemoteStringError::BadParameter => "bad_param_char",
        RemoteStringError::EmptyName => "empty_name",
        RemoteStringError::EmptyParameter => "empty_param",
        RemoteStringError::EmptyString => "empty_string",
        RemoteStringError::InvalidName => "invalid_name",
        RemoteStringError::NameNotTerminated => "name_not_terminated",
        RemoteStringError::ParameterNotTerminated => "param_not_terminated",
        RemoteStringError::QuoteNotClosed => "quote_not_closed",
        RemoteStringError::ValueNotTerminated => "value_not_terminated",
        _ => "unknown",
    }
}

#[test]
fn strings_are_taken_apart_like_rclone_does() {
    for row in rows("parse") {
        let input = STANDARD
            .decode(text(&row, "input_b64"))
            .expect("base64 in the vectors");
        let parts = match RemoteParts::parse(&input) {
            Ok(parts) => parts,
            Err(error) => {
                assert_eq!(row["error_class"], class(error), "{row}");
                continue;
            }
        };
        assert_eq!(row["ok"], true, "{row}");
        let colon: &[u8] = if parts.on_the_fly { b":" } else { b"" };
        assert_eq!([colon, parts.name].concat(), bytes(&row["name"]), "{row}");
        assert_eq!(row["on_the_fly"], parts.on_the_fly, "{row}");
        assert_eq!(parts.path, bytes(&row["path"]), "{row}");
        assert_eq!(parts.config_string, bytes(&row["config_string"]), "{row}");
        let expected = row["options"].as_object().expect("options");
        let expected: BTreeMap<&[u8], Vec<u8>> = expected
            .iter()
            .map(|(key, value)| (key.as_bytes(), bytes(value)))
            .collect();
        assert_eq!(parts.options, expected, "{row}");
    }
}

#[test]
fn the_type_follows_from_the_string_where_it_can() {
    for row in rows("parse")
        .iter()
        .filter(|row| row["ok"] == true && row["input"].is_string())
    {
        let remote = RemoteString::parse(text(row, "input")).expect("a row that parses");
        let type_name = match &remote.name {
            RemoteName::Configured(_) => None,
            RemoteName::Local => Some("local"),
            RemoteName::OnTheFly(backend) => Some(backend.as_str()),
        };
        let expected = row["type"].as_str();
        assert_eq!(type_name, expected, "{row}");
        assert_eq!(remote.name.to_text(), text(row, "name"), "{row}");
    }
}

#[test]
fn paths_are_cut_like_rclone_does() {
    for row in rows("split") {
        match split(text(&row, "input")) {
            Ok((parent, leaf)) => {
                assert_eq!(row["ok"], true, "{row}");
                assert_eq!(
                    (parent, leaf),
                    (text(&row, "parent"), text(&row, "leaf")),
                    "{row}"
                );
            }
            Err(error) => assert_eq!(row["error_class"], class(error), "{row}"),
        }
    }
}

#[test]
fn paths_are_joined_like_rclone_does() {
    for row in rows("join") {
        assert_eq!(
            join(text(&row, "input"), text(&row, "file_path")),
            text(&row, "result"),
            "{row}"
        );
    }
}

#[test]
fn names_are_checked_like_rclone_does_and_always_become_legal() {
    for row in rows("check_name") {
        let (name, fixed) = (text(&row, "input"), text(&row, "fixed"));
        assert_eq!(row["ok"], is_legal(name), "{row}");
        let ours = make_legal(name);
        assert!(is_legal(&ours), "{row} {ours}");
        // rclone leaves some names illegal.
        if is_legal(fixed) {
            assert_eq!(ours, fixed, "{row}");
        }
    }
}

#[test]
fn options_are_written_like_rclone_does() {
    for row in rows("format") {
        let options: BTreeMap<String, String> =
            serde_json::from_value(row["config"].clone()).expect("a map of texts");
        assert_eq!(canonical(&options), text(&row, "canonical"), "{row}");
        assert_eq!(human(&options), text(&row, "human"), "{row}");
    }
}
