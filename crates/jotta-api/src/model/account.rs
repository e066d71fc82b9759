//! The account.

use remote_core::lenient;
use serde::Deserialize;

use super::{device::Device, folder::records};
use crate::xml::Node;

/// The account as the file interface tells it: room, locks and devices.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// The internal name of the user.
    pub username: String,
    /// What has been bought, such as `free` or `unlimited`.
    pub account_type: Option<String>,
    /// All the room in bytes; absent when it is unlimited.
    pub capacity: Option<u64>,
    /// Bytes in use.
    pub usage: Option<u64>,
    /// Whether the account is locked altogether.
    pub locked: bool,
    /// Whether nothing can be read.
    pub read_locked: bool,
    /// Whether nothing can be written.
    pub write_locked: bool,
    /// Whether nothing can be written because the storage is full.
    pub quota_write_locked: bool,
    /// The devices, without their mount points.
    pub devices: Vec<Device>,
}

impl Account {
    pub(crate) fn of(node: &Node) -> Self {
        Self {
            username: node
                .text_of("username")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            account_type: node.string_of("account-type"),
            // Zero is what rclone takes for unlimited as well as −1.
            capacity: node.number_of("capacity").filter(|bytes| *bytes > 0),
            usage: node.number_of("usage"),
            locked: node.flag_of("locked"),
            read_locked: node.flag_of("read-locked"),
            write_locked: node.flag_of("write-locked"),
            quota_write_locked: node.flag_of("quota-write-locked"),
            devices: records(node, "devices", "device", Device::of),
        }
    }
}

/// The customer behind the account.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Customer {
    /// The internal name of the user, which stands in all addresses of files. Not the e-mail address.
    #[serde(default, deserialize_with = "lenient::text")]
    pub username: String,
    /// E-mail address.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub email: Option<String>,
    /// Name for people.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
    /// Country.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub country_code: Option<String>,
    /// Language.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub language_code: Option<String>,
    /// Which brand the customer belongs to.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub brand_code: Option<String>,
    /// Which group of customers of the brand.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub customer_group_code: Option<String>,
    /// What kind of account it is.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub account_type: Option<String>,
    /// What has been bought.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub subscription_type: Option<String>,
    /// Bytes in use.
    #[serde(default, deserialize_with = "lenient::opt_u64")]
    pub usage: Option<u64>,
    /// All the room in bytes; absent when it is unlimited.
    #[serde(default, deserialize_with = "lenient::opt_u64")]
    pub quota: Option<u64>,
    /// Whether nothing can be written.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub write_locked: bool,
    /// Whether nothing can be read.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub read_locked: bool,
}
