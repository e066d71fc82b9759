//! The feed of changes.

use remote_core::lenient;
use serde::Deserialize;

use super::node::Node;

/// One object of the feed: nodes that changed, each in its present state, in no order.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChangeSet {
    /// Where to go on once these nodes were dealt with.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub checkpoint: Option<String>,
    /// What changed. A purged node may have no more than its id and status.
    #[serde(deserialize_with = "lenient::or_default")]
    pub nodes: Vec<Node>,
    /// The checkpoint that was given is not known: everything known so far must be given up.
    #[serde(deserialize_with = "super::flag")]
    pub reset: bool,
    /// 200, or a failure in the middle of the feed.
    #[serde(deserialize_with = "lenient::opt_i64")]
    pub status_code: Option<i64>,
    /// The feed has ended in an orderly way.
    #[serde(deserialize_with = "super::flag")]
    pub end: bool,
}
