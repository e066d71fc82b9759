//! Query strings and forms as the services read them.

use percent_encoding::percent_decode_str;

/// The decoded pairs of a query string or form; a key without `=` has an empty value.
///
/// `+` is a space. Escapes that do not decode to UTF-8 become U+FFFD.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(key), decode(value))
        })
}

pub(crate) fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// A query with the values of parameters that carry secrets replaced.
pub(crate) fn redacted(query: &str) -> String {
    const SECRETS: [&str; 6] = [
        "password",
        "client_secret",
        "refresh_token",
        "code",
        "token",
        "access_token",
    ];
    query
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((key, _)) if SECRETS.contains(&key) => format!("{key}=[redacted]"),
            _ => part.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plus_and_escapes_are_decoded() {
        let all: Vec<_> =
            pairs("path=%2Ftop%2Fx&filename=b+c%2B%C3%A9.txt&flag=&bare&bad=%FE").collect();
        let expected = [
            ("path", "/top/x"),
            ("filename", "b c+é.txt"),
            ("flag", ""),
            ("bare", ""),
            ("bad", "\u{fffd}"),
        ];
        assert_eq!(all, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn passwords_are_not_kept() {
        assert_eq!(
            redacted("path=%2F&password=x"),
            "path=%2F&password=[redacted]"
        );
    }
}
