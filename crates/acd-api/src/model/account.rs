//! The account.

use std::time::SystemTime;

use remote_core::{lenient, text_enum};
use serde::Deserialize;

use crate::time;

text_enum! {
    /// Whether the account can be used.
    pub enum AccountStatus {
        /// It can.
        Active = "ACTIVE",
    }
}

/// The account as such.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountInfo {
    /// The version of the terms of use that were agreed to.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub terms_of_use: Option<String>,
    /// Whether the account can be used.
    pub status: Option<AccountStatus>,
}

/// How much room there is. Calculated now and then, not live.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Quota {
    /// All of the room, in bytes; a very large number for plans without a limit.
    #[serde(deserialize_with = "lenient::opt_u64")]
    pub quota: Option<u64>,
    /// What is left of it, in bytes.
    #[serde(deserialize_with = "lenient::opt_u64")]
    pub available: Option<u64>,
    /// When this was calculated.
    #[serde(deserialize_with = "time::lenient")]
    pub last_calculated: Option<SystemTime>,
}

/// How much is stored, by kind of content. Calculated now and then, not live.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountUsage {
    /// Documents.
    #[serde(deserialize_with = "lenient::or_default")]
    pub doc: CategoryUsage,
    /// Anything else.
    #[serde(deserialize_with = "lenient::or_default")]
    pub other: CategoryUsage,
    /// Pictures.
    #[serde(deserialize_with = "lenient::or_default")]
    pub photo: CategoryUsage,
    /// Films.
    #[serde(deserialize_with = "lenient::or_default")]
    pub video: CategoryUsage,
    /// When this was calculated.
    #[serde(deserialize_with = "time::lenient")]
    pub last_calculated: Option<SystemTime>,
}

impl AccountUsage {
    /// All kinds of content together, in bytes.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        [self.doc, self.other, self.photo, self.video]
            .iter()
            .fold(0, |sum, category| sum.saturating_add(category.total.bytes))
    }
}

/// One kind of content.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct CategoryUsage {
    /// All of it.
    #[serde(deserialize_with = "lenient::or_default")]
    pub total: Amount,
    /// The part that counts against the quota.
    #[serde(deserialize_with = "lenient::or_default")]
    pub billable: Amount,
}

/// A number of files and their size.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct Amount {
    /// Bytes.
    #[serde(deserialize_with = "unsigned")]
    pub bytes: u64,
    /// Files.
    #[serde(deserialize_with = "unsigned")]
    pub count: u64,
}

fn unsigned<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    lenient::opt_u64(deserializer).map(Option::unwrap_or_default)
}

/// Where the service keeps the account.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointInfo {
    /// Whether the user has a drive at all; absent counts as yes.
    #[serde(deserialize_with = "super::opt_flag")]
    pub customer_exists: Option<bool>,
    /// Where contents are sent to and fetched from.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub content_url: Option<String>,
    /// Where everything else is asked.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub metadata_url: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_categories_count_nothing() {
        let usage: AccountUsage = serde_json::from_str(
            r#"{"doc":{"total":{"bytes":5000000000,"count":2}},"photo":{},"video":null}"#,
        )
        .unwrap();
        assert_eq!(usage.total_bytes(), 5_000_000_000);
        let none: AccountUsage = serde_json::from_str("{}").unwrap();
        assert_eq!(none.total_bytes(), 0);
    }
}
