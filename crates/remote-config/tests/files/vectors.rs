//! Encrypted files against the recorded answers of rclone 1.60.1 and 1.75.2: the keys of passwords, which file opens with which password and
//! what it holds, and which kind of error the others give.
//!
//! Two altered files are taken for plain text by rclone, with nonsense as the result. Here they are treated by design:
//!
//! * behind a byte order mark the marker counts, so the file opens;
//! * a marker behind other text is an error that says so.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use remote_config::{
    Environment, Error,
    dump::to_json,
    encryption::{
        ConfigKey, DecryptError, PasswordError, PasswordOrigin, PasswordSources, UnlockError,
        decrypt, encrypt, is_encrypted,
    },
    location::Location,
    store::Store,
};
use remote_core::secret::Secret;
use serde_json::Value;

use crate::support::{self, text};

fn bytes(row: &Value, field: &str) -> Vec<u8> {
    STANDARD.decode(text(row, field)).expect("base64")
}

fn each(check: impl Fn(&Path, &Value)) {
    let mut files = 0;
    for folder in support::folders() {
        let folder = folder.join("encrypted");
        for row in support::rows_of(&folder.join("index.jsonl")) {
            check(&folder.join(text(&row, "file")), &row);
            files += 1;
        }
    }
    assert!(files > 30);
}

/// A store that has the password of the row in its environment, as the recorded rclone had.
fn store(file: &Path, row: &Value) -> Store {
    let password = row["password"].as_str();
    let environment =
        Environment::from_iter(password.map(|password| ("RCLONE_CONFIG_PASS", password)));
    Store::new(Location::File(file.to_owned()))
        .passwords(PasswordSources::from_environment(&environment))
}

/// The class of an error in the words of the vectors.
fn class(error: &Error) -> &'static str {
    match error {
        Error::Unlock { source, .. } => match source {
            UnlockError::NoPassword => "no_password",
            UnlockError::Wrong {
                origin: PasswordOrigin::Variable,
            }
            | UnlockError::Unusable {
                source: PasswordError::Blank,
                ..
            } => "cannot_decrypt",
            _ => "other",
        },
        Error::Decrypt { source, .. } => match source {
            DecryptError::Base64 { .. } => "bad_base64",
            DecryptError::LateMarker { .. } => "not_recognised_as_encrypted",
            DecryptError::NewerFormat => "unsupported_version",
            DecryptError::TooShort { .. } => "too_short",
            _ => "other",
        },
        _ => "other",
    }
}

#[test]
fn passwords_give_the_same_keys() {
    let mut keys = 0;
    for row in support::rows("encrypted/keys.jsonl") {
        let key = ConfigKey::derive_from_bytes(&bytes(&row, "password_b64"));
        keys += 1;
        let expected = match row["error"].as_str() {
            Some("no characters in password") => Err(PasswordError::Blank),
            Some("password contains invalid utf8 characters") => Err(PasswordError::NotText),
            Some(error) => panic!("{error}"),
            None => Ok(text(&row, "key").to_owned()),
        };
        let hex = |key: ConfigKey| -> String {
            key.expose()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect()
        };
        assert_eq!(key.map(hex), expected, "{row}");
    }
    assert!(keys >= 44);
}

#[test]
fn the_same_files_open_and_the_others_fail_for_the_same_reason() {
    each(|file, row| {
        let loaded = store(file, row).load();
        let by_design = text(row, "file") == "p-v19-bom.conf";
        if row["ok"] == true || by_design {
            let (document, _) = loaded.unwrap_or_else(|error| panic!("{row}: {error:?}"));
            if by_design {
                assert!(document.remotes().count() > 0, "{row}");
                return;
            }
            let dump = fs::read_to_string(file.with_file_name(text(row, "dump"))).expect("a dump");
            assert_eq!(to_json(&document, &Environment::empty()), dump, "{row}");
            assert_eq!(document.to_bytes(), bytes(row, "plaintext_b64"), "{row}");
        } else {
            let error = loaded.expect_err(&row.to_string());
            assert_eq!(class(&error), text(row, "error_class"), "{row}: {error:?}");
        }
    });
}

#[test]
fn every_file_is_recognised_as_encrypted_without_a_password() {
    each(|file, row| {
        let content = fs::read(file).expect("the file of the row");
        let late = text(row, "file") == "p-v16-marker-after-key.conf";
        assert_eq!(is_encrypted(&content), !late, "{row}");
        let store = store(file, &Value::Null);
        assert_eq!(store.is_encrypted().expect("readable"), !late, "{row}");
    });
}

#[test]
fn decrypted_text_encrypts_to_a_file_that_opens_again_and_is_different_each_time() {
    each(|file, row| {
        if row["ok"] != true {
            return;
        }
        let key = ConfigKey::derive_from_bytes(&bytes(row, "password_b64")).expect("a password");
        let plain = decrypt(&fs::read(file).expect("the file"), &key).expect("it opens");
        let (first, second) = (encrypt(&plain, &key), encrypt(&plain, &key));
        assert_ne!(first, second, "{row}");
        assert_eq!(first.len(), second.len(), "{row}");
        assert_eq!(decrypt(&first, &key).as_deref(), Ok(&*plain), "{row}");
    });
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let key = ConfigKey::from_bytes([1; 32]);
    let file = encrypt(b"[a]\ntype = memory\n", &key);
    let start = file.len() - 80;
    for place in start..file.len() {
        for bit in 0..8 {
            let mut damaged = file.clone();
            damaged[place] ^= 1 << bit;
            // The last character before the padding has bits that nobody reads, as in rclone.
            let ignored = decrypt(&damaged, &key).is_ok();
            assert!(!ignored || damaged[place + 1..].iter().all(|byte| *byte == b'='));
        }
        assert!(decrypt(&file[..place], &key).is_err(), "cut at {place}");
    }
}

#[test]
fn a_row_of_combining_marks_is_broken_up_as_in_rclone() {
    // Written by rclone 1.75.2 for an "a" with forty accents; Go's normalisation puts a joiner after the thirtieth.
    let file = concat!(
        "RCLONE_ENCRYPT_V0:\n",
        "v9gWLz8nLDH4QFznrzbxsYhoNUy81+eftqYmLspfkNXs2Tkh3nknJ6QQOgssKopRzVq/kXKkxY19WUk="
    );
    let password = format!("a{}b", "\u{301}".repeat(40));
    let key = ConfigKey::derive(&Secret::new(password)).unwrap();
    assert_eq!(
        decrypt(file.as_bytes(), &key).as_deref(),
        Ok(&b"[a]\ntype = memory\n\n"[..])
    );
}
