//! Configuration files against the recorded answers of rclone: whether they load, the JSON dump, the list of remotes, the form without
//! secrets, and the text rclone writes after loading them.
//!
//! Where a reason for failure is recorded, ours names the same line; its wording is our own.

mod support;

use std::{fs, path::Path};

use remote_config::{
    Environment,
    document::Document,
    dump::to_json,
    redact::{Redaction, redacted},
};
use serde_json::Value;
use support::text;

fn each_file(check: impl Fn(&Path, &Value, Vec<u8>)) {
    for folder in support::folders() {
        let folder = folder.join("ini");
        for row in support::rows_of(&folder.join("index.jsonl")) {
            let bytes = fs::read(folder.join(text(&row, "file"))).expect("the file of the row");
            check(&folder, &row, bytes);
        }
    }
}

fn each_loadable(check: impl Fn(&Path, &Value, Document)) {
    each_file(|folder, row, bytes| {
        if row["ok"] == true {
            check(
                folder,
                row,
                Document::parse(&bytes).unwrap_or_else(|error| panic!("{row}: {error}")),
            );
        }
    });
}

fn dump(document: &Document) -> String {
    to_json(document, &Environment::empty())
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_same_files_are_readable() {
    each_file(|_, row, bytes| {
        let parsed = Document::parse(&bytes);
        assert_eq!(parsed.is_ok(), row["ok"] == true, "{row} {parsed:?}");
        let Err(error) = parsed else { return };
        let Some(line) = text(row, "error").strip_prefix("could not parse line: ") else {
            return;
        };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let named = bytes
            .split(|&byte| byte == b'\n')
            .nth(error.line - 1)
            .expect("the line exists");
        assert_eq!(
            lossy(named).trim_matches(char::is_whitespace),
            line,
            "{row}"
        );
    });
}

#[test]
fn written_text_is_the_text_that_was_read() {
    each_file(|_, row, bytes| {
        if let Ok(document) = Document::parse(&bytes) {
            assert_eq!(document.to_bytes(), bytes, "{row}");
        }
    });
}

#[test]
fn dumps_are_identical() {
    each_loadable(|folder, row, document| {
        let expected = fs::read_to_string(folder.join(text(row, "dump"))).expect("the dump");
        assert_eq!(dump(&document), expected, "{row}");
    });
}

#[test]
fn the_same_remotes_are_listed() {
    each_loadable(|_, row, document| {
        let remotes: Vec<String> = document.remotes().map(|name| lossy(name) + ":").collect();
        let expected = row["listremotes"].as_array().expect("a list");
        // Invalid bytes are printed differently there.
        if text(row, "file") != "invalid-utf8.conf" {
            assert_eq!(remotes, *expected, "{row}");
        }
        assert_eq!(remotes.len(), expected.len(), "{row}");
    });
}

#[test]
fn the_same_values_are_redacted() {
    each_loadable(|folder, row, document| {
        let expected = fs::read(folder.join(text(row, "redacted"))).expect("the redacted text");
        let shown = redacted(&document, &support::backends(), Redaction::Rclone);
        assert_eq!(lossy(&shown), lossy(&expected), "{row}");
    });
}

#[test]
fn the_regenerated_text_is_identical() {
    each_loadable(|folder, row, document| {
        let expected = fs::read(folder.join(text(row, "rewritten"))).expect("the rewritten file");
        assert_eq!(lossy(&document.to_rclone_text()), lossy(&expected), "{row}");
        assert_eq!(document.to_rclone_text(), expected, "{row}");
    });
}

#[test]
fn regenerated_text_loses_what_rclone_loses() {
    each_loadable(|folder, row, document| {
        let reloaded = Document::parse(&document.to_rclone_text());
        if row["reload_error"].is_string() {
            assert!(reloaded.is_err(), "{row}");
            return;
        }
        let reloaded = dump(&reloaded.unwrap_or_else(|error| panic!("{row}: {error}")));
        if row["rewrite_is_lossless"] == true {
            assert_eq!(reloaded, dump(&document), "{row}");
        } else {
            let expected =
                fs::read_to_string(folder.join(text(row, "reloaded"))).expect("the second dump");
            assert_eq!(reloaded, expected, "{row}");
        }
    });
}
