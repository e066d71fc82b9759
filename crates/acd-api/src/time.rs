//! Times on the wire: RFC 3339 with fractions of a second, such as `2015-05-03T16:12:35.394Z`. The service assigns them; they cannot be set.

use std::time::SystemTime;

use jiff::Timestamp;
use remote_core::lenient::Text;
use serde::{Deserialize, Deserializer};

/// The point in time of a text of the service; nothing for what is no time.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use acd_api::time::parse;
///
/// let after = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
/// assert_eq!(parse("1970-01-01T00:00:01.5Z"), Some(after(1500)));
/// assert_eq!(parse("1970-01-01T01:00:00+01:00"), Some(after(0)));
/// assert_eq!(parse("yesterday"), None);
/// ```
#[must_use]
pub fn parse(text: &str) -> Option<SystemTime> {
    text.parse::<Timestamp>().ok().map(SystemTime::from)
}

/// Reads a time leniently: what cannot be read is absent.
pub(crate) fn lenient<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SystemTime>, D::Error> {
    Text::deserialize(deserializer).map(|text| parse(text.as_str()))
}
