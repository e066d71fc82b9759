//! Tags of files and folders.

use http::Method;
use remote_core::error::Result;
use serde::Serialize;

use super::files::Conditions;
use crate::{
    call::{Call, Route},
    client::Client,
    model::file::Tags,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change<'a> {
    tags: &'a Tags,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_modified: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_hash: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_old_tags: Option<&'a Tags>,
}

/// What a file and its tags must be like for tags to be set.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TagConditions {
    /// What the file must be like.
    pub file: Conditions,
    /// The values each named key must have, in any order; no values: the key must be absent. Keys that are not named do not matter.
    pub old_tags: Option<Tags>,
}

impl TagConditions {
    /// Sets [`file`](Self::file).
    #[must_use]
    pub fn with_file(mut self, conditions: Conditions) -> Self {
        self.file = conditions;
        self
    }

    /// Sets [`old_tags`](Self::old_tags).
    #[must_use]
    pub fn with_old_tags(mut self, tags: Tags) -> Self {
        self.old_tags = Some(tags);
        self
    }
}

impl Client {
    /// Adds values to the tags of a file or folder. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if nothing is there.
    pub async fn add_tags(&self, mount: &str, path: &str, tags: &Tags) -> Result<()> {
        let conditions = TagConditions::default();
        let call = tag_call("files/tags/add", mount, path, tags, &conditions);
        self.done(call).await
    }

    /// Removes values from the tags of a file or folder. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if nothing is there.
    pub async fn remove_tags(&self, mount: &str, path: &str, tags: &Tags) -> Result<()> {
        let conditions = TagConditions::default();
        let call = tag_call("files/tags/remove", mount, path, tags, &conditions);
        self.done(call).await
    }

    /// Sets tags: the values of each named key are replaced, a key without values is removed, others stay. Repeated after failures that allow it
    /// unless there are conditions.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if nothing is there,
    /// [`PreconditionFailed`](remote_core::error::ErrorKind::PreconditionFailed) for a condition.
    pub async fn set_tags(
        &self,
        mount: &str,
        path: &str,
        tags: &Tags,
        conditions: &TagConditions,
    ) -> Result<()> {
        let call = tag_call("files/tags/set", mount, path, tags, conditions);
        // After a first attempt that went through, the old tags are not the old ones any more.
        let has_conditions = *conditions != TagConditions::default();
        self.done(if has_conditions {
            call
        } else {
            call.repeatable()
        })
        .await
    }
}

fn tag_call(
    label: &'static str,
    mount: &str,
    path: &str,
    tags: &Tags,
    conditions: &TagConditions,
) -> Call {
    Call::change(Method::POST, Route::Api, label)
        .mount(mount, label)
        .path(path)
        .json(&Change {
            tags,
            if_modified: conditions.file.modified,
            if_size: conditions.file.size,
            if_hash: conditions.file.hash.as_deref(),
            if_old_tags: conditions.old_tags.as_ref(),
        })
}
