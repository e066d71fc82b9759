//! The activity log of the account: what changed since the last look.

use remote_core::error::Result;
use serde::Deserialize;

use crate::{
    call::{Call, Route},
    client::Client,
    lenient,
    model::activity::Activity,
    transport::LIST_BYTES,
};

/// Which part of the log.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ActivityQuery {
    /// At most this many entries; as many as the service likes when absent.
    pub limit: Option<u32>,
    /// Only entries after this one.
    pub start_id_exclusive: Option<String>,
    /// Where to begin, in milliseconds since 1970.
    pub start_time: Option<i64>,
    /// Only entries since then, in milliseconds since 1970.
    pub since_time: Option<i64>,
    /// Only this mount.
    pub mount_id: Option<String>,
    /// Only these groups of entries, in the service's words.
    pub categories: Vec<String>,
}

impl ActivityQuery {
    /// Sets [`limit`](Self::limit).
    #[must_use]
    pub fn with_limit(mut self, entries: u32) -> Self {
        self.limit = Some(entries);
        self
    }

    /// Sets [`start_id_exclusive`](Self::start_id_exclusive).
    #[must_use]
    pub fn with_start_id_exclusive(mut self, id: impl Into<String>) -> Self {
        self.start_id_exclusive = Some(id.into());
        self
    }

    /// Sets [`start_time`](Self::start_time).
    #[must_use]
    pub fn with_start_time(mut self, millis: i64) -> Self {
        self.start_time = Some(millis);
        self
    }

    /// Sets [`since_time`](Self::since_time).
    #[must_use]
    pub fn with_since_time(mut self, millis: i64) -> Self {
        self.since_time = Some(millis);
        self
    }

    /// Sets [`mount_id`](Self::mount_id).
    #[must_use]
    pub fn with_mount_id(mut self, mount: impl Into<String>) -> Self {
        self.mount_id = Some(mount.into());
        self
    }

    /// Adds one of the [`categories`](Self::categories).
    #[must_use]
    pub fn with_category(mut self, category: impl Into<String>) -> Self {
        self.categories.push(category.into());
        self
    }
}

#[derive(Deserialize)]
struct Activities {
    #[serde(default, deserialize_with = "lenient::or_default")]
    activity: Vec<Activity>,
}

impl Client {
    /// Entries of the activity log. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Authentication`](remote_core::error::ErrorKind::Authentication) and the like.
    pub async fn activity(&self, query: &ActivityQuery) -> Result<Vec<Activity>> {
        let categories = query.categories.join(",");
        let call = Call::get(Route::Api, "user/activity")
            .at("user/activity")
            .query_opt("limit", query.limit)
            .query_opt("startIdExclusive", query.start_id_exclusive.as_deref())
            .query_opt("startTime", query.start_time)
            .query_opt("sinceTime", query.since_time)
            .query_opt("mountId", query.mount_id.as_deref())
            .query_opt(
                "categories",
                Some(categories).filter(|text| !text.is_empty()),
            );
        let answer: Activities = self.json_within(call, LIST_BYTES).await?;
        Ok(answer.activity)
    }
}
