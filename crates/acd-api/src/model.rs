//! What the service sends, field by field. Unknown fields are skipped, unknown words are kept, and values that are missing are absent.

pub mod account;
pub mod changes;
pub mod node;
pub mod property;

use serde::{Deserialize as _, Deserializer};

/// A flag that is also sent as text; anything else is no flag.
fn opt_flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_bool().or_else(|| value.as_str()?.parse().ok()))
}

/// A flag that is off unless it says that it is on.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    opt_flag(deserializer).map(Option::unwrap_or_default)
}
