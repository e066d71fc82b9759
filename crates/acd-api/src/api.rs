//! The endpoints of the service, a method of [`Client`](crate::Client) for each.
//!
//! | group | methods |
//! | --- | --- |
//! | [`account`] | where the account lives, whether it works, room and usage, whose token it is |
//! | [`nodes`] | get, query by [`Filter`](crate::filter::Filter), children, make folders, change names and more |
//! | [`placing`] | move, add and remove parents |
//! | [`content`] | upload, overwrite, download with ranges, temporary links, previews |
//! | [`trash`] | remove, list, restore, purge, several at once |
//! | [`properties`] | values that an application attaches to nodes |
//! | [`changes`] | the feed of changes |

pub mod account;
pub mod changes;
pub mod content;
pub mod nodes;
pub mod placing;
pub mod properties;
pub mod trash;
