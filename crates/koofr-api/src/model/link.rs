//! Public links to files and folders, and upload links into folders (receivers).

use std::fmt;

use remote_core::secret::Secret;
use serde::{Deserialize, Deserializer};

use crate::lenient;

/// A password in an answer.
fn opt_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(lenient::opt_text(deserializer)?.map(Secret::new))
}

/// What public links and upload links have in common.
///
/// The addresses let anyone in, so they are left out of `Debug`.
#[non_exhaustive]
#[derive(Clone, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct LinkFields {
    /// Names the link in other calls.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// The mount of what it leads to.
    #[serde(deserialize_with = "lenient::text")]
    pub mount_id: String,
    /// Name of what it leads to.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// Path of what it leads to.
    #[serde(deserialize_with = "lenient::text")]
    pub path: String,
    /// How often it was used: downloads of a public link, uploads of the other one.
    #[serde(deserialize_with = "lenient::i64")]
    pub counter: i64,
    /// The address to give to people.
    #[serde(deserialize_with = "lenient::text")]
    pub url: String,
    /// The same, short.
    #[serde(deserialize_with = "lenient::text")]
    pub short_url: String,
    /// Last part of the short address.
    #[serde(deserialize_with = "lenient::text")]
    pub hash: String,
    /// Host of the short address.
    #[serde(deserialize_with = "lenient::text")]
    pub host: String,
    /// Whether visitors are asked for a password.
    #[serde(deserialize_with = "lenient::or_default")]
    pub has_password: bool,
    /// The password, as the owner sees it.
    #[serde(deserialize_with = "opt_secret")]
    pub password: Option<Secret>,
    /// Why the account demands a password.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub password_required_reason: Option<String>,
    /// From when it is valid, in milliseconds since 1970; absent or 0 without limit.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub valid_from: Option<i64>,
    /// Until when it is valid, in milliseconds since 1970; absent or 0 without limit.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub valid_to: Option<i64>,
    /// A message to visitors.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub message: Option<String>,
}

impl fmt::Debug for LinkFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkFields")
            .field("id", &"…")
            .field("mount_id", &self.mount_id)
            .field("path", &self.path)
            .field("counter", &self.counter)
            .field("has_password", &self.has_password)
            .field("valid_from", &self.valid_from)
            .field("valid_to", &self.valid_to)
            .finish_non_exhaustive()
    }
}

/// A public link.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Link {
    /// What it leads to, its addresses and its limits.
    #[serde(flatten)]
    pub common: LinkFields,
    /// Whether the account demands a password.
    #[serde(deserialize_with = "lenient::or_default")]
    pub password_required: bool,
    /// Whether visitors may download, and not only look.
    #[serde(deserialize_with = "lenient::or_default")]
    pub downloadable: bool,
}

/// An upload link: lets others put files into a folder.
#[non_exhaustive]
#[derive(Clone, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Receiver {
    /// The folder, the addresses and their limits.
    #[serde(flatten)]
    pub common: LinkFields,
    /// Whether the owner is told of uploads.
    #[serde(deserialize_with = "lenient::or_default")]
    pub alert: bool,
    /// Mails to this address end up in the folder, so it is left out of `Debug`.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub mail_upload_address: Option<String>,
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("common", &self.common)
            .field("alert", &self.alert)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_show_neither_password_nor_address() {
        let json = r#"{"id":"secret-id","url":"https://h/links/secret-id","password":"hunter2","counter":"5"}"#;
        let link: Link = serde_json::from_str(json).unwrap();
        assert_eq!(link.common.counter, 5);
        assert_eq!(
            link.common.password.as_ref().map(Secret::expose),
            Some("hunter2")
        );
        let shown = format!("{link:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("secret-id"),
            "{shown}"
        );
        let receiver: Receiver = serde_json::from_str(json).unwrap();
        assert!(!format!("{receiver:?}").contains("secret-id"));
    }
}
