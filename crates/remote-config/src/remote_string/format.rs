//! Options back to text.

use std::collections::BTreeMap;

/// Options in the form that is the same for the same options: sorted, every value quoted.
#[must_use]
pub fn canonical(options: &BTreeMap<String, String>) -> String {
    let parts: Vec<String> = options
        .iter()
        .map(|(key, value)| format!("{key}={}", quoted(value)))
        .collect();
    parts.join(",")
}

/// Options in the form for people: sorted, quoted only where needed, the name alone for the value `true`.
///
/// # Examples
///
/// ```
/// use std::collections::BTreeMap;
/// use remote_config::remote_string::human;
///
/// let options = [("setmtime", "true"), ("endpoint", "https://k.example")];
/// let options = BTreeMap::from(options.map(|(key, value)| (key.to_owned(), value.to_owned())));
/// assert_eq!(human(&options), "endpoint='https://k.example',setmtime");
/// ```
#[must_use]
pub fn human(options: &BTreeMap<String, String>) -> String {
    let part = |(key, value): (&String, &String)| {
        if value == "true" {
            key.clone()
        } else if value.contains(['\'', '"', ':', '=', ',']) {
            format!("{key}={}", quoted(value))
        } else {
            format!("{key}={value}")
        }
    };
    let parts: Vec<String> = options.iter().map(part).collect();
    parts.join(",")
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}
