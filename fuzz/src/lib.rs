//! What every input must keep to, one function per kind of input.
//!
//! The fuzz targets of this package call them with inputs of libFuzzer, and `tests/tests/fuzz.rs` with changed test vectors.

use std::collections::BTreeMap;

use remote_config::{
    Config, Environment,
    document::Document,
    dump::to_json,
    encryption::{
        ConfigKey, KEY_BYTES, NONCE_BYTES, PasswordCommand, decrypt, encrypt_with, is_encrypted,
    },
    name::{is_legal, make_legal},
    redact::{Redaction, redacted},
    remote_string::{RemoteName, RemoteParts, RemoteString, canonical, human, join, split},
};
use remote_core::{
    auth::{MAX_TOKEN_BYTES, Token},
    options::obscure::{IV_BYTES, obscure_with, reveal, reveal_bytes},
};

/// What the values of a whole document may grow by together, with room for escapes.
const GROWTH_BYTES: usize = 25 << 20;

/// How often an input may come again in what is shown of it: escaped, indented, with names before values.
const GROWTH_FACTOR: usize = 32;

/// What is said of an empty answer.
const ANSWER_BYTES: usize = 4 << 10;

/// Each change finds all sections anew, which takes a while for files larger than this.
const EDITED_BYTES: usize = 128 << 10;

/// How many sections and keys are looked at one by one.
const LOOKS: usize = 20;

/// Unoptimised ciphers are slow with more than this.
const CIPHER_BYTES: usize = 64 << 10;

/// The text of a configuration file.
///
/// # Panics
///
/// If the text breaks a promise.
pub fn file_text(data: &[u8]) {
    let Ok(document) = Document::parse(data) else {
        return;
    };
    assert_eq!(
        document.to_bytes(),
        data,
        "writing gives back what was read"
    );
    let names: Vec<Vec<u8>> = document.sections().map(<[u8]>::to_vec).collect();
    assert!(document.remotes().count() <= names.len());
    let limit = GROWTH_FACTOR * data.len() + GROWTH_BYTES;
    assert!(to_json(&document, &Environment::empty()).len() <= limit);
    for redaction in [Redaction::Careful, Redaction::Rclone] {
        assert!(redacted(&document, &[], redaction).len() <= limit);
    }
    assert!(document.to_rclone_text().len() <= 2 * data.len() + 64);
    for name in names.iter().take(LOOKS) {
        for key in document.keys(name).take(LOOKS) {
            // A key that a file has is read, whatever its value refers to.
            assert!(document.value(name, key).is_some());
            assert!(document.raw(name, key).is_some());
        }
    }
    if data.len() <= EDITED_BYTES {
        edits(&document, names.first().map(Vec::as_slice));
    }
    remotes(document);
}

/// Remotes are found by the names they are listed under, whatever their values refer to.
fn remotes(document: Document) {
    let config = Config::in_memory(document);
    let environment = Environment::empty();
    for name in config.remotes(&environment).iter().take(LOOKS) {
        // The type may be empty, or a reference to nothing.
        if let Ok(remote) = config.remote_named(name, &environment) {
            assert!(!remote.type_name().is_empty());
            assert!(remote.lookup("type", None).is_ok());
        }
    }
}

/// Changes read back as they were made, and leave everything else as it was.
fn edits(before: &Document, first: Option<&[u8]>) {
    let mut document = before.clone();
    if document.set("fuzz", "key", " v`\"\"\" ").is_ok() {
        let text = document.to_bytes();
        // What would read as a marker of encryption comes first only if it did before.
        let read = Document::parse(&text).expect("an edited file can be read again");
        assert_eq!(read.raw("fuzz", "key"), Some(&b" v`\"\"\" "[..]));
        assert!(document.remove("fuzz", "key"));
        for name in before.sections().take(LOOKS) {
            for key in before.keys(name).filter(|&key| key != b"key").take(LOOKS) {
                assert_eq!(document.raw(name, key), before.raw(name, key));
            }
        }
    }
    if let Some(name) = first {
        assert!(document.remove_section(name));
        assert!(!document.has_section(name));
        // Unless what comes first now reads as a marker of encryption, which a store refuses to save.
        if let Ok(read) = Document::parse(&document.to_bytes()) {
            assert!(read.sections().eq(document.sections()));
            for name in read.sections().take(LOOKS) {
                assert!(read.keys(name).eq(document.keys(name)));
            }
        }
    }
}

/// A remote string, a name, and a path to append.
///
/// # Panics
///
/// If the text breaks a promise.
pub fn connection_string(data: &[u8]) {
    RemoteParts::parse(data).ok();
    let text = String::from_utf8_lossy(data);
    let legal = make_legal(&text);
    assert!(is_legal(&legal), "a name can always be made legal");
    assert!(legal.len() <= text.len() + 1);
    assert!(join(&text, "a/../b").len() <= text.len() + 10);
    assert!(join("koofr:x", &text).len() <= text.len() + 10);
    if let Ok((parent, leaf)) = split(&text) {
        assert_eq!(parent.to_owned() + leaf, text);
    }
    let Ok(remote) = RemoteString::parse(&text) else {
        return;
    };
    if remote.name == RemoteName::Local {
        return;
    }
    for options in [canonical(&remote.options), human(&remote.options)] {
        assert!(options.len() <= 2 * text.len() + 8 * remote.options.len());
        let comma = if options.is_empty() { "" } else { "," };
        let again = format!("{}{comma}{options}:{}", remote.name.to_text(), remote.path);
        let again = RemoteString::parse(&again).expect("written options can be read");
        assert!(again == remote, "options and path read back as they were");
    }
}

/// An obscured password.
///
/// # Panics
///
/// If the text breaks a promise.
pub fn obscured_value(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let revealed = reveal_bytes(&text);
    match reveal(&text) {
        Ok(secret) => assert_eq!(revealed.as_deref(), Ok(secret.expose().as_bytes())),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(plain) = revealed {
        assert!(plain.len() <= text.len());
        let again = obscure_with(&plain, [data.len().to_le_bytes()[0]; IV_BYTES]);
        assert_eq!(reveal_bytes(&again), Ok(plain));
    }
    if data.len() <= CIPHER_BYTES {
        let obscured = obscure_with(data, [7; IV_BYTES]);
        assert_eq!(reveal_bytes(&obscured).as_deref(), Ok(data));
    }
}

/// An encrypted file, a password, and a password command.
///
/// # Panics
///
/// If the text breaks a promise.
pub fn encrypted_file(data: &[u8]) {
    let key = ConfigKey::from_bytes([1; KEY_BYTES]);
    if let Ok(plain) = decrypt(data, &key) {
        assert!(is_encrypted(data) && plain.len() <= data.len());
    }
    PasswordCommand::parse(&String::from_utf8_lossy(data)).ok();
    if data.len() <= CIPHER_BYTES {
        sealed(data, &key);
    }
}

/// What is encrypted opens with its key, with no other, and not when it is damaged.
fn sealed(data: &[u8], key: &ConfigKey) {
    let file = encrypt_with(data, key, [2; NONCE_BYTES]);
    assert!(is_encrypted(&file));
    assert!(file.len() <= data.len() / 2 * 3 + 128);
    assert_eq!(decrypt(&file, key).as_deref(), Ok(data));
    // Somewhere near the end, at a place that depends on the input.
    let place = file.len() - 1 - data.len() % 40;
    let mut damaged = file.clone();
    damaged[place] = if damaged[place] == b'A' { b'B' } else { b'A' };
    let opened = decrypt(&damaged, key);
    // The last character before the padding has bits that nobody reads.
    let unread = damaged[place + 1..].iter().all(|&byte| byte == b'=');
    assert!(opened.is_err() || (unread && opened.as_deref() == Ok(data)));
    assert!(decrypt(&file[..place], key).is_err());
    if let Ok(other) = ConfigKey::derive_from_bytes(data) {
        assert!(decrypt(&file, &other).is_err());
    }
}

/// The JSON of a token.
///
/// # Panics
///
/// If the text breaks a promise.
pub fn token_json(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(token) = Token::parse(&text) else {
        return;
    };
    let shown = format!("{token:?}");
    let secret = token.access_token.expose();
    assert!(secret.len() < 8 || !shown.contains(secret) || text.matches(secret).count() > 1);
    let written = token.to_json();
    assert!(written.expose().len() <= MAX_TOKEN_BYTES);
    assert!(!written.expose().contains(['\n', '\r']) && !written.expose().contains("%("));
    let again = Token::parse(written.expose()).expect("a written token can be read");
    // The end may have been of a year that rclone does not read.
    let same = |one: &Token, other: &Token| {
        one.access_token == other.access_token && one.refresh_token == other.refresh_token
    };
    assert!(same(&token, &again), "what was read is what is written");
    assert_eq!(
        again.to_json(),
        written,
        "what is written once stays the same"
    );
}

/// An answer of Jottacloud: XML, JSON, a login token.
///
/// # Panics
///
/// If the answer breaks a promise.
pub fn jotta_answer(data: &[u8]) {
    let read = |piece| jotta_api::fuzzing::answers(data, piece);
    let whole = read(data.len().max(1));
    let length: usize = whole.iter().map(String::len).sum();
    assert!(length <= GROWTH_FACTOR * data.len() + ANSWER_BYTES);
    // Few enough pieces for large inputs, and some that end within a character.
    let piece = 1 + data.len() % 7 + data.len() / 1000;
    assert_eq!(read(piece), whole, "pieces do not change the meaning");
}

/// The functions by name.
pub fn targets() -> BTreeMap<&'static str, fn(&[u8])> {
    BTreeMap::from([
        ("connection_string", connection_string as fn(&[u8])),
        ("encrypted_file", encrypted_file),
        ("file_text", file_text),
        ("jotta_answer", jotta_answer),
        ("obscured_value", obscured_value),
        ("token_json", token_json),
    ])
}
