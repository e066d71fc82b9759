//! The JSON of a whole configuration.

use std::collections::BTreeMap;

use crate::{
    document::{Document, Effort},
    environment::Environment,
};

/// The JSON that `rclone config dump` prints: an object of sections, each an object of its keys, sorted, indented by four blanks, without a
/// final line end.
///
/// Values are those that are read, with replacements, and for keys that exist in the file a variable `RCLONE_CONFIG_<NAME>_<KEY>` takes
/// precedence. Passwords stay obscured; **tokens and keys are shown**. See [`redact`](crate::redact) for a form that can be
/// passed on.
#[must_use]
pub fn to_json(document: &Document, environment: &Environment) -> String {
    let sections: BTreeMap<&[u8], &[u8]> = document.sections().map(|name| (name, name)).collect();
    let mut effort = Effort::of_document();
    let sections = sections
        .into_keys()
        .map(|name| (name, section(document, environment, name, &mut effort)));
    object(sections, 0)
}

fn section(
    document: &Document,
    environment: &Environment,
    name: &[u8],
    effort: &mut Effort,
) -> String {
    let mut keys: Vec<&[u8]> = document.keys(name).collect();
    keys.sort_unstable();
    let text_name = String::from_utf8_lossy(name);
    // Hardly any section has variables, and then none needs to be looked for key by key.
    let named = environment.has_any(&Environment::remote_variable(&text_name, ""));
    let members = keys.into_iter().map(|key| {
        let variable = named.then(|| {
            let key = String::from_utf8_lossy(key);
            environment.get(&Environment::remote_variable(&text_name, &key))
        });
        let value = match variable.flatten() {
            Some(value) => string(value.as_encoded_bytes()),
            None => string(&document.value_within(name, key, effort).unwrap_or_default()),
        };
        (key, value)
    });
    object(members, 1)
}

fn object<'a>(members: impl Iterator<Item = (&'a [u8], String)>, depth: usize) -> String {
    const INDENT: &str = "    ";
    let inner = INDENT.repeat(depth + 1);
    let members: Vec<String> = members
        .map(|(name, value)| format!("{inner}{}: {value}", string(name)))
        .collect();
    if members.is_empty() {
        return "{}".to_owned();
    }
    format!("{{\n{}\n{}}}", members.join(",\n"), INDENT.repeat(depth))
}

/// A JSON string with the characters escaped that rclone escapes. Each byte that is not part of UTF-8 becomes one
/// replacement character.
fn string(bytes: &[u8]) -> String {
    let mut escaped = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        let quoted = serde_json::Value::from(chunk.valid()).to_string();
        let inside = quoted
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        for c in inside.unwrap_or_default().chars() {
            match c {
                '<' => escaped.push_str("\\u003c"),
                '>' => escaped.push_str("\\u003e"),
                '&' => escaped.push_str("\\u0026"),
                '\u{2028}' => escaped.push_str("\\u2028"),
                '\u{2029}' => escaped.push_str("\\u2029"),
                c => escaped.push(c),
            }
        }
        chunk
            .invalid()
            .iter()
            .for_each(|_| escaped.push_str("\\ufffd"));
    }
    escaped.push('"');
    escaped
}
