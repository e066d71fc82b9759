//! Lists written as one record of separated values.

use super::ParseValueError;

const EXPECTED: &str = "a list of separated values, with double quotes around a value that contains the separator or a quote";

/// Reads the first record of a text; an empty text is an empty list.
pub(super) fn parse_list(text: &str, separator: char) -> Result<Vec<String>, ParseValueError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let text = normalise_line_ends(text);
    let record = text.trim_start_matches('\n');
    if record.is_empty() {
        return Err(ParseValueError::new(EXPECTED));
    }
    parse_record(record, separator).ok_or(ParseValueError::new(EXPECTED))
}

/// Writes a list as one record. White space at the ends of the whole text is lost, like in rclone.
pub(super) fn format_list(items: &[String], separator: char) -> String {
    let fields: Vec<String> = items
        .iter()
        .map(|item| format_field(item, separator))
        .collect();
    fields.join(&separator.to_string()).trim().to_owned()
}

/// Writes a string array: like a comma list, except that one empty string shows as `""`.
pub(super) fn format_array(items: &[String]) -> String {
    match items {
        [only] if only.is_empty() => "\"\"".to_owned(),
        _ => format_list(items, ','),
    }
}

fn normalise_line_ends(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    match text.strip_suffix('\r') {
        Some(without) => without.to_owned(),
        None => text,
    }
}

fn parse_record(record: &str, separator: char) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = record;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => plain_field(rest, separator)?,
        };
        fields.push(field);
        match after.strip_prefix(separator) {
            Some(next) => rest = next,
            None if after.is_empty() || after.starts_with('\n') => return Some(fields),
            None => return None,
        }
    }
}

fn plain_field(text: &str, separator: char) -> Option<(String, &str)> {
    let end = text.find([separator, '\n']).unwrap_or(text.len());
    let (field, after) = text.split_at(end);
    (!field.contains('"')).then(|| (field.to_owned(), after))
}

/// Reads up to the closing quote; the text starts behind the opening one.
fn quoted_field(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((field, after)),
        }
    }
}

fn format_field(field: &str, separator: char) -> String {
    let quote =
        field.contains([separator, '"', '\r', '\n']) || field.starts_with(char::is_whitespace);
    if quote {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
