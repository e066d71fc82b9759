//! Values in addresses, escaped so that every server reads them in the same way.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the unreserved characters is escaped: a plus sign would be read as a blank by some, a percent sign as an escape.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// For implementors of remotes: a value as it may stand in a segment or in the query of an address, a slash in it escaped as well.
///
/// ```
/// use remote_core::http::escaped;
///
/// assert_eq!(escaped("a b+c/é").to_string(), "a%20b%2Bc%2F%C3%A9");
/// ```
pub fn escaped(value: &str) -> impl fmt::Display + use<'_> {
    utf8_percent_encode(value, ESCAPED)
}

/// For implementors of remotes: the query of an address, parameter by parameter, values [escaped].
///
/// ```
/// use remote_core::http::Query;
///
/// let mut query = Query::default();
/// assert_eq!(query.as_str(), None);
/// query.add("filters", "a b");
/// query.add("limit", "10");
/// assert_eq!(query.as_str(), Some("filters=a%20b&limit=10"));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Query(String);

impl Query {
    /// Adds a parameter. The key is sent as it is.
    pub fn add(&mut self, key: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(key);
        self.0.push('=');
        self.0.extend(utf8_percent_encode(value, ESCAPED));
    }

    /// What is behind the question mark, if there is anything.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|text| !text.is_empty())
    }
}
