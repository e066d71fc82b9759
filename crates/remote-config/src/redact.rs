//! The configuration without its secrets, to be shown to others.

use remote_core::options::Backend;

use crate::document::{Document, Effort};

/// What is left out of the shown configuration.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Redaction {
    /// What the option tables mark as password or sensitive, what looks like a secret by the name of its key, and users and passwords in
    /// addresses and in remote strings.
    #[default]
    Careful,
    /// Exactly what rclone leaves out: what the option tables mark. **Sections of an unknown type are shown in full.**
    Rclone,
}

/// What stands in place of a secret.
const REPLACEMENT: &[u8] = b"XXX";

const CLOSING_LINE: &[u8] =
    b"### Double check the config for sensitive info before posting publicly\n";

/// Key names that mean something secret, alone or as the end of a longer name.
const SECRET_NAMES: [&str; 23] = [
    "access_token",
    "api_key",
    "auth_code",
    "auth_token",
    "bearer_token",
    "client_secret",
    "connection_string",
    "cookies",
    "credentials",
    "key",
    "key_pem",
    "mnemonic",
    "otp",
    "pass",
    "passphrase",
    "password",
    "password2",
    "private_key",
    "refresh_token",
    "sas_url",
    "secret",
    "session_id",
    "token",
];

/// Key names that tell who somebody is, alone or as the end of a longer name.
const PERSONAL_NAMES: [&str; 2] = ["user", "username"];

/// The text that `rclone config redacted` prints: all sections sorted by name, with the secrets replaced by `XXX`.
///
/// `backends` are the known types. Empty values are shown, because that helps to find mistakes.
#[must_use]
pub fn redacted(document: &Document, backends: &[&Backend], redaction: Redaction) -> Vec<u8> {
    let mut names: Vec<&[u8]> = document.sections().collect();
    if names.is_empty() {
        return [b"; empty config\n", CLOSING_LINE].concat();
    }
    names.sort_unstable();
    let mut effort = Effort::of_document();
    let sections: Vec<Vec<u8>> = names
        .into_iter()
        .map(|name| section(document, name, backends, redaction, &mut effort))
        .collect();
    [sections.join(&b'\n'), CLOSING_LINE.to_vec()].concat()
}

/// One section of [`redacted`], without the closing line.
#[must_use]
pub fn redacted_section(
    document: &Document,
    name: impl AsRef<[u8]>,
    backends: &[&Backend],
    redaction: Redaction,
) -> Vec<u8> {
    let mut effort = Effort::of_document();
    section(document, name.as_ref(), backends, redaction, &mut effort)
}

fn section(
    document: &Document,
    name: &[u8],
    backends: &[&Backend],
    redaction: Redaction,
    effort: &mut Effort,
) -> Vec<u8> {
    let mut text = [b"[", name, b"]\n"].concat();
    let type_name = document
        .value_within(name, "type", effort)
        .unwrap_or_default();
    let backend = std::str::from_utf8(&type_name)
        .ok()
        .and_then(|type_name| backends.iter().find(|backend| backend.is_named(type_name)));
    if backend.is_none() {
        text.extend(match &*type_name {
            [] => format!("# couldn't find type of fs for {}\n", quoted(name)).into_bytes(),
            type_name => {
                format!("# didn't find backend called {}\n", quoted(type_name)).into_bytes()
            }
        });
    }
    for key in document.keys(name) {
        let value = document.value_within(name, key, effort).unwrap_or_default();
        let shown = shown(key, &value, backend.copied(), redaction);
        text.extend([key, b" = ", &shown, b"\n"].concat());
    }
    text
}

fn shown(key: &[u8], value: &[u8], backend: Option<&Backend>, redaction: Redaction) -> Vec<u8> {
    let spec = backend
        .zip(std::str::from_utf8(key).ok())
        .and_then(|(backend, key)| backend.option(key));
    let marked = spec.is_some_and(|spec| spec.secret || spec.sensitive);
    let careful = redaction == Redaction::Careful;
    let named = is_secret_name(key) || (spec.is_none() && is_personal_name(key));
    match careful {
        _ if value.is_empty() => Vec::new(),
        _ if marked || (careful && named) => REPLACEMENT.to_vec(),
        true if is_address(key) => without_user_info(&without_bare_user_info(value)),
        true => without_user_info(&without_secret_options(value)),
        false => value.to_vec(),
    }
}

/// Whether a key means something secret by its name alone.
pub(crate) fn is_secret_name(key: impl AsRef<[u8]>) -> bool {
    SECRET_NAMES
        .iter()
        .any(|name| ends_with(key.as_ref(), name))
}

fn is_personal_name(key: &[u8]) -> bool {
    PERSONAL_NAMES.iter().any(|name| ends_with(key, name))
}

/// Whether a key means an address by its name alone.
fn is_address(key: &[u8]) -> bool {
    ["endpoint", "url"].iter().any(|name| ends_with(key, name))
}

/// Keys are compared without regard to case: nobody says that all programs write them in lower case.
fn ends_with(key: &[u8], name: &str) -> bool {
    let end = key.len().checked_sub(name.len());
    end.and_then(|start| key.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes()))
}

/// Replaces user and password in an address: `https://user:password@host/` becomes `https://XXX@host/`.
fn without_user_info(value: &[u8]) -> Vec<u8> {
    let mut shown = Vec::new();
    let mut rest = value;
    while let Some(start) = rest.windows(3).position(|window| window == b"://") {
        let (scheme, address) = rest.split_at(start + 3);
        shown.extend_from_slice(scheme);
        let host_end = address
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?' | b'#' | b' ' | b','));
        let (host, after) = address.split_at(host_end.unwrap_or(address.len()));
        match host.iter().rposition(|&byte| byte == b'@') {
            Some(at) => {
                shown.extend_from_slice(REPLACEMENT);
                shown.extend_from_slice(host.get(at..).unwrap_or_default());
            }
            None => shown.extend_from_slice(host),
        }
        rest = after;
    }
    shown.extend_from_slice(rest);
    shown
}

/// The same for an address that lacks its scheme: `user:password@host/`.
fn without_bare_user_info(value: &[u8]) -> Vec<u8> {
    let host_end = value
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let host = value
        .get(..host_end.unwrap_or(value.len()))
        .unwrap_or_default();
    match host.iter().rposition(|&byte| byte == b'@') {
        Some(at) => [REPLACEMENT, value.get(at..).unwrap_or_default()].concat(),
        None => value.to_vec(),
    }
}

/// Replaces the values of options in remote strings: `koofr,user=alice,password=x:path` becomes `koofr,user=XXX,password=XXX:path`. The value may hold several remotes, as those of
/// remotes that join others do.
fn without_secret_options(value: &[u8]) -> Vec<u8> {
    let mut shown = Vec::new();
    let mut rest = value;
    while let Some(comma) = rest.iter().position(|&byte| byte == b',') {
        let (before, option) = rest.split_at(comma + 1);
        shown.extend_from_slice(before);
        rest = option;
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
        let end = option.iter().position(|byte| !is_name(byte)).unwrap_or(0);
        let (name, after) = option.split_at(end);
        let Some(text) = after.strip_prefix(b"=") else {
            continue;
        };
        if is_secret_name(name) || is_personal_name(name) {
            shown.extend_from_slice(name);
            shown.push(b'=');
            shown.extend_from_slice(REPLACEMENT);
            rest = text.split_at(value_length(text)).1;
        }
    }
    shown.extend_from_slice(rest);
    shown
}

/// How long the value of an option in a remote string is, quotes included.
fn value_length(text: &[u8]) -> usize {
    let Some(&quote) = text.first().filter(|byte| matches!(byte, b'\'' | b'"')) else {
        let end = text.iter().position(|byte| matches!(byte, b',' | b':'));
        return end.unwrap_or(text.len());
    };
    let mut end = 1;
    while let Some(&byte) = text.get(end) {
        end += 1;
        // A doubled quote stands for one.
        match (byte == quote, text.get(end) == Some(&quote)) {
            (true, true) => end += 1,
            (true, false) => break,
            (false, _) => {}
        }
    }
    end
}

/// A text in double quotes with escapes, as rclone prints it.
fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        chunk
            .valid()
            .chars()
            .for_each(|c| push_escaped(&mut text, c));
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text.push('"');
    text
}

fn push_escaped(text: &mut String, c: char) {
    let short = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{b}' => "\\v",
        c if is_printable(c) => return text.push(c),
        c => {
            let code = u32::from(c);
            return text.push_str(&match code {
                ..0x80 => format!("\\x{code:02x}"),
                0x80..0x1_0000 => format!("\\u{code:04x}"),
                _ => format!("\\U{code:08x}"),
            });
        }
    };
    text.push_str(short);
}

fn is_printable(c: char) -> bool {
    // The escaped form of a printable character is the character itself; quotes have been dealt with.
    c == '\'' || c.escape_debug().eq([c])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn careful(text: &str) -> String {
        let document = Document::parse(text.as_bytes()).unwrap();
        String::from_utf8(redacted(&document, &[], Redaction::Careful)).unwrap()
    }

    #[test]
    fn secrets_of_unknown_types_are_found_by_name() {
        let text = careful(
            "[acd]\ntype = amazon cloud drive\nclient_secret = s3cret\ntoken = {\"access_token\":\"s3cret\"}\nmy_api_key=s3cret\nuser = \n",
        );
        assert!(!text.contains("s3cret"), "{text}");
        assert!(text.contains("user = \n"), "{text}");
    }

    #[test]
    fn users_and_passwords_in_addresses_are_left_out() {
        let text = careful("[a]\nendpoint = https://alice:s3cret@k.example:8443/x@y\n");
        assert!(
            text.contains("endpoint = https://XXX@k.example:8443/x@y\n"),
            "{text}"
        );
    }

    #[test]
    fn an_address_without_a_scheme_shows_no_user_either() {
        let text = careful("[a]\nendpoint = alice:s3cret@k.example/x@y\ntoken_url = k.example\n");
        assert!(text.contains("endpoint = XXX@k.example/x@y\n"), "{text}");
        assert!(text.contains("token_url = k.example\n"), "{text}");
    }

    #[test]
    fn options_in_remote_strings_are_left_out() {
        let text = careful(concat!(
            "[a]\nremote = :koofr,provider=koofr,user=s3cret,password=\"s3c\"\"ret:\",setmtime:path,x=y\n",
            "upstreams = k,password='s3cret':a b,pass=s3cret:b\n",
            "cut = k,password='s3cret\n",
        ));
        assert!(!text.contains("s3c"), "{text}");
        assert!(
            text.contains(
                "remote = :koofr,provider=koofr,user=XXX,password=XXX,setmtime:path,x=y\n"
            ),
            "{text}"
        );
        assert!(
            text.contains("upstreams = k,password=XXX:a b,pass=XXX:b\n"),
            "{text}"
        );
    }
}
