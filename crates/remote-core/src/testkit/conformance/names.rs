//! Names that are hard to carry through paths, addresses, headers and other systems' rules.

use std::collections::BTreeSet;

use super::expect::{Failure, Outcome, Test, ensure, refused, same, same_bytes};
use crate::{
    capabilities::CaseRule,
    error::ErrorKind,
    operation::{WriteMode, WriteOptions},
    path::RemotePath,
    remote::RemoteExt as _,
};

pub(super) async fn difficult_file_names_come_back(test: Test) -> Outcome {
    let mut expected = BTreeSet::new();
    for name in storable_names(&test) {
        let path = test.dir.child(&name)?;
        let entry = test
            .write(&path, &name)
            .await
            .map_err(|failure| named(&name, &failure))?;
        same("path after the write", &entry.path, &path)?;
        let seen = test.remote.stat(&path).await;
        same(
            "path after a look",
            &seen.map_err(|error| named(&name, &error.into()))?.path,
            &path,
        )?;
        expected.insert(path);
    }
    same_paths(&test.list(&test.dir).await?, &expected)?;
    same_paths(&test.list_recursive(&test.dir).await?, &expected)?;
    for path in expected {
        let name = path.raw_name().into_owned();
        let content = test.remote.read_bytes(&path, 1024).await;
        let content = content.map_err(|error| named(&name, &error.into()))?;
        same_bytes(&format!("content of {path}"), &content, &name)?;
    }
    Ok(())
}

pub(super) async fn difficult_directory_names_come_back(test: Test) -> Outcome {
    let mut expected = BTreeSet::new();
    for name in storable_names(&test) {
        let dir = test.dir.child(&name)?;
        let file = dir.child(&name)?;
        test.write(&file, &name)
            .await
            .map_err(|failure| named(&name, &failure))?;
        let inner = test
            .list(&dir)
            .await
            .map_err(|error| named(&name, &error.into()))?;
        same_paths(&inner, &BTreeSet::from([file.clone()]))?;
        expected.extend([dir, file]);
    }
    same_paths(&test.list_recursive(&test.dir).await?, &expected)
}

pub(super) async fn refused_names_are_invalid_names(test: Test) -> Outcome {
    for name in &test.settings.refused_names {
        let path = test.dir.child(name)?;
        let options = WriteOptions::default();
        let written = test.remote.write_bytes(&path, "x", options).await;
        refused(&format!("write of {path}"), written, ErrorKind::InvalidName)?;
        let made = test.remote.create_dir(&path).await;
        refused(
            &format!("create_dir of {path}"),
            made,
            ErrorKind::InvalidName,
        )?;
    }
    same("entries", &test.list(&test.dir).await?, &Vec::new())
}

pub(super) async fn upper_and_lower_case_follow_the_rule(test: Test) -> Outcome {
    for (first, second) in [
        ("Name.txt", "nAME.TXT"),
        ("ÄRGER", "ärger"),
        ("Dir/x", "dIR/X"),
    ] {
        let (one, other) = (test.path(first)?, test.path(second)?);
        test.write(&one, first.as_bytes()).await?;
        if test.capabilities().case == CaseRule::Sensitive {
            test.expect_missing(&other).await?;
            test.write(&other, second.as_bytes()).await?;
            test.expect_content(&one, first.as_bytes()).await?;
            continue;
        }
        test.expect_content(&other, first.as_bytes()).await?;
        create_new_is_refused(&test, &other).await?;
        let entries = test.list_recursive(&test.dir).await?.len();
        test.write(&other, second.as_bytes()).await?;
        test.expect_content(&one, second.as_bytes()).await?;
        same(
            "number of entries",
            &test.list_recursive(&test.dir).await?.len(),
            &entries,
        )?;
    }
    Ok(())
}

async fn create_new_is_refused(test: &Test, path: &RemotePath) -> Outcome {
    if !test.capabilities().create_new.is_available() {
        return Ok(());
    }
    let options = WriteOptions::default().with_mode(WriteMode::CreateNew);
    let result = test.remote.write_bytes(path, "new", options).await;
    refused("write", result, ErrorKind::AlreadyExists)?;
    Ok(())
}

pub(super) async fn neighbours_with_similar_names_are_apart(test: Test) -> Outcome {
    let names = [
        "a", "a ", "a.", "a%", "a%20", "a+", "a/b", "a-b", "aa", "a\\b",
    ];
    for name in names.iter().filter(|name| **name != "a/b") {
        test.write(&test.dir.child(name.as_bytes())?, name.as_bytes())
            .await?;
    }
    let slash = test.dir.child(b"a/b")?;
    test.write(&slash, b"a/b").await?;
    for name in names {
        test.expect_content(&test.dir.child(name.as_bytes())?, name.as_bytes())
            .await?;
    }
    same(
        "number of entries",
        &test.list(&test.dir).await?.len(),
        &names.len(),
    )
}

fn same_paths(entries: &[crate::entry::Entry], expected: &BTreeSet<RemotePath>) -> Outcome {
    let actual: BTreeSet<_> = entries.iter().map(|entry| entry.path.clone()).collect();
    let missing: Vec<_> = expected.difference(&actual).collect();
    let strange: Vec<_> = actual.difference(expected).collect();
    ensure(
        missing.is_empty() && strange.is_empty(),
        format!("listing lacks {missing:?} and has {strange:?} instead"),
    )?;
    same("number of entries", &entries.len(), &expected.len())
}

fn named(name: &[u8], failure: &Failure) -> Failure {
    Failure::new(format!("name \"{}\": {failure}", name.escape_ascii()))
}

/// The names that the service can store, by its capabilities and the settings.
fn storable_names(test: &Test) -> Vec<Vec<u8>> {
    let limit = test.capabilities().max_name_bytes.unwrap_or(usize::MAX);
    let names = TEXT_NAMES.iter().map(|name| name.as_bytes().to_vec());
    let bytes = BYTE_NAMES.iter().map(|name| name.to_vec());
    names
        .chain(bytes)
        .chain([
            vec![b'x'; 200],
            "ä".repeat(100).into_bytes(),
            "日".repeat(70).into_bytes(),
        ])
        .filter(|name| name.len() <= limit && !test.settings.refused_names.contains(name))
        .collect()
}

/// No two of them are equal apart from upper and lower case.
const TEXT_NAMES: &[&str] = &[
    // Places where names get trimmed.
    " leading space",
    "trailing space ",
    " ",
    "  ",
    "trailing dot.",
    ".hidden",
    "...",
    "a . b",
    "tab\t",
    "\u{a0}no-break\u{a0}",
    // Characters with a meaning in paths, addresses, headers, shells and other systems.
    "back\\slash",
    "AC/DC",
    "100%",
    "%41",
    "%2F",
    "%",
    "%zz",
    "a+b c",
    "semi;colon",
    "#hash",
    "what?",
    "st*r",
    "<angle>",
    "pi|pe",
    "co:lon",
    "a&b=c",
    "comma,",
    "[square]",
    "{curly}",
    "(round)",
    "@at",
    "!bang",
    "^caret",
    "$HOME",
    "`tick`",
    "'single'",
    "\"double\"",
    "-rf",
    "~",
    "~tmp",
    "?x=1#y",
    "e=mc²",
    // Control characters.
    "nul\0byte",
    "\0",
    "new\nline",
    "return\r",
    "\u{1}\u{1f}",
    "del\u{7f}",
    "c1 \u{85}",
    // Dots and their wide forms.
    ".",
    "..",
    "．",
    "．．",
    "a．．",
    // Look-alikes that encodings use, and the mark that protects them.
    "‛",
    "‛‛",
    "‛quoted‛",
    "‛／",
    "wide／slash",
    "％",
    "＊",
    "␀",
    "␁",
    "␡",
    "␠",
    "a␠",
    "trailing．",
    "‛．",
    "＼",
    "：",
    // Names with a meaning of their own on other systems.
    "con",
    "nul.txt",
    "COM1",
    "desktop.ini",
    ".DS_Store",
    "Thumbs.db",
    // Text beyond ASCII: both normal forms, beyond the basic plane, joined, from right to left, invisible.
    "caf\u{e9}",
    "cafe\u{301}",
    "😀",
    "👩‍👩‍👧",
    "שלום",
    "\u{202e}override",
    "zero\u{200b}width",
    "\u{feff}mark",
    "\u{fffd}",
    "\u{10fffd}",
    "ﬁ",
    "日本語.txt",
];

const BYTE_NAMES: &[&[u8]] = &[
    b"latin1 \xe9",
    b"\xff\xfe",
    b"cut short \xe2\x82",
    b"\x80",
    b"surrogate \xed\xa0\x80",
];
