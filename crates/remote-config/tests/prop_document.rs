//! What holds for every input: nothing panics, writing gives back what was read, edits change only the lines they must, and no input
//! takes more than linear time.

use proptest::prelude::*;
use remote_config::{
    Environment,
    document::Document,
    dump::to_json,
    name::{is_legal, make_legal},
    obscure::{IV_BYTES, obscure_with, reveal_bytes},
    redact::{Redaction, redacted},
    remote_string::{RemoteParts, RemoteString, canonical, join, split},
};

/// Texts made of the pieces that mean something in the format.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("[a]".to_owned()),
        Just("[b.c]".to_owned()),
        Just("[]".to_owned()),
        Just("[DEFAULT]".to_owned()),
        Just("# comment".to_owned()),
        Just(" ; other".to_owned()),
        Just(String::new()),
        Just("- = x".to_owned()),
        Just("\"\" = x".to_owned()),
        Just("type = koofr".to_owned()),
        Just("k = `a` b".to_owned()),
        Just("k=%(type)s".to_owned()),
        Just("\"q k\" : \"\"\"v\"\"\"".to_owned()),
        Just("\u{feff}k = 1".to_owned()),
        Just("[ a ]".to_owned()),
        Just("[x]y]".to_owned()),
        "[a-c]{1,2} ?[=:] ?[a-z\"`%()s ]{0,6}",
    ];
    let line = (piece, prop_oneof![Just("\n"), Just("\r\n"), Just("\n\n")])
        .prop_map(|(piece, end)| piece + end);
    (
        any::<bool>(),
        prop::collection::vec(line, 0..20),
        any::<bool>(),
    )
        .prop_map(|(mark, lines, cut)| {
            let mut bytes = if mark {
                b"\xef\xbb\xbf".to_vec()
            } else {
                Vec::new()
            };
            bytes.extend(lines.concat().into_bytes());
            if cut {
                bytes.pop();
            }
            bytes
        })
}

/// A change to a document.
#[derive(Clone, Debug)]
enum Edit {
    Add(String),
    Copy(String, String),
    Remove(String, String),
    RemoveSection(String),
    Rename(String, String),
    Set(String, String, String),
}

impl Edit {
    /// Makes the change, if it is possible.
    fn apply(&self, document: &mut Document) {
        match self {
            Self::Add(section) => drop(document.add_section(section)),
            Self::Copy(from, to) => drop(document.copy_section(from, to)),
            Self::Remove(section, key) => drop(document.remove(section, key)),
            Self::RemoveSection(section) => drop(document.remove_section(section)),
            Self::Rename(from, to) => drop(document.rename_section(from, to)),
            Self::Set(section, key, value) => drop(document.set(section, key, value)),
        }
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let section = || "[a-c]|b\\.c|DEFAULT|x\\]y|\\]|\\[z| a|new|";
    let key = || "[a-k]|type|q k|-|#1|\u{feff}k|\"\"|=|";
    let value = "[^\n\r]{0,8}|[\"` %()s]{0,8}|\"{1,9}|`{1,3}|;x|#x|\\[x\\]| x |%\\(a\\)s";
    prop_oneof![
        section().prop_map(Edit::Add),
        (section(), section()).prop_map(|(from, to)| Edit::Copy(from, to)),
        (section(), key()).prop_map(|(section, key)| Edit::Remove(section, key)),
        section().prop_map(Edit::RemoveSection),
        (section(), section()).prop_map(|(from, to)| Edit::Rename(from, to)),
        (section(), key(), value).prop_map(|(section, key, value)| Edit::Set(section, key, value)),
    ]
}

/// A key with its stored value.
type Entry = (Vec<u8>, Vec<u8>);

/// All sections with their entries.
fn contents(document: &Document) -> Vec<(Vec<u8>, Vec<Entry>)> {
    let sections = document.sections().map(|section| {
        let keys = document.keys(section).map(|key| {
            let value = document.raw(section, key).unwrap_or_default();
            (key.to_vec(), value.to_vec())
        });
        (section.to_vec(), keys.collect())
    });
    sections.collect()
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split(|&byte| byte == b'\n').collect()
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_and_written_back(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(document) = Document::parse(&bytes) {
            prop_assert_eq!(document.to_bytes(), bytes);
            drop(to_json(&document, &Environment::empty()));
            drop(redacted(&document, &[], Redaction::Careful));
            drop(document.to_rclone_text());
        }
    }

    #[test]
    fn files_are_written_back(bytes in file()) {
        if let Ok(document) = Document::parse(&bytes) {
            prop_assert_eq!(document.to_bytes(), bytes);
            drop(to_json(&document, &Environment::empty()));
            drop(document.to_rclone_text());
        }
    }

    #[test]
    fn a_set_value_is_read_back_and_changes_one_line(bytes in file(), value in "[^\n\r]{0,12}") {
        let Ok(mut document) = Document::parse(&bytes) else { return Ok(()) };
        let before = document.clone();
        if document.set("a", "k", &value).is_err() {
            prop_assert_eq!(document, before);
            return Ok(());
        }
        prop_assert_eq!(document.raw("a", "k"), Some(value.as_bytes()));
        let written = document.to_bytes();
        let reread = Document::parse(&written).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(reread.raw("a", "k"), Some(value.as_bytes()));
        for section in before.sections() {
            for key in before.keys(section).filter(|&key| (section, key) != (b"a", b"k")) {
                prop_assert_eq!(reread.raw(section, key), before.raw(section, key));
            }
        }
        let (old, new) = (lines(&bytes), lines(&written));
        if before.raw("a", "k").is_some() {
            let changed = old.iter().zip(&new).filter(|(old, new)| old != new).count();
            prop_assert!(old.len() == new.len() && changed <= 1);
        }
    }

    #[test]
    fn whatever_is_edited_is_read_back_as_it_was_written(bytes in file(), edits in prop::collection::vec(edit(), 1..12)) {
        let Ok(mut document) = Document::parse(&bytes) else { return Ok(()) };
        for edit in edits {
            edit.apply(&mut document);
            let written = document.to_bytes();
            let reread = Document::parse(&written).map_err(|error| TestCaseError::fail(format!("{edit:?}: {error}")))?;
            prop_assert_eq!(contents(&reread), contents(&document), "{:?}", edit);
            prop_assert_eq!(reread.to_bytes(), written);
        }
    }

    #[test]
    fn setting_and_removing_gives_the_other_values_back(bytes in file()) {
        let Ok(before) = Document::parse(&bytes) else { return Ok(()) };
        let mut document = before.clone();
        document.set("a", "fresh", "x").map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(document.remove("a", "fresh"));
        for section in before.sections() {
            prop_assert_eq!(document.keys(section).collect::<Vec<_>>(), before.keys(section).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_removed_section_is_gone_and_the_others_stay(bytes in file()) {
        let Ok(before) = Document::parse(&bytes) else { return Ok(()) };
        let mut document = before.clone();
        prop_assert_eq!(document.remove_section("a"), before.has_section("a"));
        let reread = Document::parse(&document.to_bytes()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(!reread.has_section("a"));
        for section in before.sections().filter(|&section| section != b"a") {
            for key in before.keys(section) {
                prop_assert_eq!(reread.raw(section, key), before.raw(section, key));
            }
        }
    }

    #[test]
    fn obscured_passwords_are_revealed(plain in prop::collection::vec(any::<u8>(), 0..100), iv in any::<[u8; IV_BYTES]>()) {
        prop_assert_eq!(reveal_bytes(&obscure_with(&plain, iv)), Ok(plain));
    }

    #[test]
    fn revealing_never_panics(text in ".{0,60}") {
        reveal_bytes(&text).ok();
    }

    #[test]
    fn options_survive_a_remote_string(options in prop::collection::btree_map("[a-z_.]{1,5}", ".{0,10}", 0..4), path in ".{0,10}") {
        let comma = if options.is_empty() { "" } else { "," };
        let text = format!("name{comma}{}:{path}", canonical(&options));
        let parsed = RemoteString::parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!((parsed.options, parsed.path), (options, path));
    }

    #[test]
    fn remote_strings_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), text in "[a:,='\"/.\\\\ é]{0,20}", file in ".{0,10}") {
        RemoteParts::parse(&bytes).ok();
        if let Ok((parent, leaf)) = split(&text) {
            prop_assert_eq!(parent.to_owned() + leaf, text.clone());
        }
        drop(join(&text, &file));
    }

    #[test]
    fn every_name_can_be_made_legal(name in ".{0,12}", gaps in "[a -]{0,6}") {
        prop_assert!(is_legal(&make_legal(&name)));
        prop_assert!(is_legal(&make_legal(&gaps)));
    }
}

/// Inputs of a size at which anything worse than linear would not come back in a lifetime.
#[test]
fn hostile_files_are_read_in_linear_time() {
    let million = 1_000_000;
    let texts = [
        "[".repeat(million) + "]",
        "\"".repeat(million) + "=1",
        "k = ".to_owned() + &"%(".repeat(million),
        "k = ".to_owned() + &"%(".repeat(million) + ")s",
        "k = ".to_owned() + &"%(a)s".repeat(million / 10),
        "k = `".to_owned() + &"\"\"\"".repeat(million) + "`",
        "[a]\n".repeat(million / 10),
        "- = 1\n".repeat(million / 10),
        "#\n".repeat(million / 10) + "[a]\n",
        format!("[{}]\nk = 1\n", ".".repeat(million)),
        "\u{3000}".repeat(million / 3) + "k = v",
    ];
    for text in texts {
        if let Ok(document) = Document::parse(text.as_bytes()) {
            drop(to_json(&document, &Environment::empty()));
            drop(document.to_rclone_text());
        }
    }
}
