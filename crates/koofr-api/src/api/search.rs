//! Search by name, type and tags.

use std::collections::VecDeque;

use futures::{StreamExt as _, stream, stream::BoxStream};
use remote_core::error::{Error, ErrorKind, Result};

use crate::{
    call::{Call, Route},
    client::Client,
    model::search::{SearchFileType, SearchHit, SearchPage, SearchSort, SortDirection},
    transport::LIST_BYTES,
};

/// Hits per page that the service gives at most.
pub const MAX_SEARCH_LIMIT: u32 = 1000;

/// What to look for. An empty query that is sorted by modification time, latest first, finds the files that were used last.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SearchQuery {
    /// Part of a name; may be empty.
    pub query: String,
    /// Hits to leave out at the beginning.
    pub offset: u64,
    /// Hits per page, at most [`MAX_SEARCH_LIMIT`]; as many as the service likes (256) when absent.
    pub limit: Option<u32>,
    /// By what hits are sorted; by how well they fit when absent.
    pub sort: Option<(SearchSort, SortDirection)>,
    /// Only in this mount.
    pub mount_id: Option<String>,
    /// Only below this path; needs a mount.
    pub path: Option<String>,
    /// Only this media type.
    pub content_type: Option<String>,
    /// Only this group of media types.
    pub file_type: Option<SearchFileType>,
    /// Only with all these tags, as pairs of key and value.
    pub tags: Vec<(String, String)>,
}

impl SearchQuery {
    /// Looks for a part of a name.
    pub fn new(query: impl Into<String>) -> Self {
        Self {
            query: query.into(),
            ..Self::default()
        }
    }

    /// Sets [`offset`](Self::offset).
    #[must_use]
    pub fn with_offset(mut self, hits: u64) -> Self {
        self.offset = hits;
        self
    }

    /// Sets [`limit`](Self::limit).
    #[must_use]
    pub fn with_limit(mut self, hits: u32) -> Self {
        self.limit = Some(hits);
        self
    }

    /// Sets [`sort`](Self::sort).
    #[must_use]
    pub fn with_sort(mut self, by: SearchSort, direction: SortDirection) -> Self {
        self.sort = Some((by, direction));
        self
    }

    /// Sets [`mount_id`](Self::mount_id).
    #[must_use]
    pub fn with_mount_id(mut self, mount: impl Into<String>) -> Self {
        self.mount_id = Some(mount.into());
        self
    }

    /// Sets [`path`](Self::path).
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Sets [`content_type`](Self::content_type).
    #[must_use]
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// Sets [`file_type`](Self::file_type).
    #[must_use]
    pub fn with_file_type(mut self, file_type: SearchFileType) -> Self {
        self.file_type = Some(file_type);
        self
    }

    /// Adds one of the [`tags`](Self::tags).
    #[must_use]
    pub fn with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((key.into(), value.into()));
        self
    }
}

impl Client {
    /// One page of what a search finds. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a path without a mount, or a limit above [`MAX_SEARCH_LIMIT`].
    pub async fn search_page(&self, query: &SearchQuery) -> Result<SearchPage> {
        check(query)?;
        let mut call = Call::get(Route::Api, "search")
            .at("search")
            .query("query", &query.query)
            .query_opt("offset", (query.offset > 0).then_some(query.offset))
            .query_opt("limit", query.limit)
            .query_opt("sortField", query.sort.as_ref().map(|(by, _)| by))
            .query_opt(
                "sortDir",
                query.sort.as_ref().map(|(_, direction)| direction),
            )
            .query_opt("mountId", query.mount_id.as_deref());
        if let Some(path) = &query.path {
            call = call.path(path);
        }
        call = call
            .query_opt("contentType", query.content_type.as_deref())
            .query_opt("fileType", query.file_type.as_ref());
        for (key, value) in &query.tags {
            call = call.query("tag", &format!("{key}={value}"));
        }
        self.json_within(call, LIST_BYTES).await
    }

    /// Everything that a search finds: a lazy stream, one request per page.
    ///
    /// Pages are counted by position, so what changes meanwhile may show twice or not at all.
    ///
    /// # Errors
    ///
    /// Those of [`search_page`](Self::search_page). Nothing follows an error.
    pub fn search(&self, query: SearchQuery) -> BoxStream<'static, Result<SearchHit>> {
        let limit = query.limit.unwrap_or(MAX_SEARCH_LIMIT);
        let walk = SearchWalk {
            client: self.clone(),
            query: Some(query.with_limit(limit)),
            hits: VecDeque::new(),
        };
        stream::unfold(walk, |mut walk| async move {
            walk.item().await.map(|item| (item, walk))
        })
        .boxed()
    }
}

struct SearchWalk {
    client: Client,
    /// The next page; nothing after the last one.
    query: Option<SearchQuery>,
    hits: VecDeque<SearchHit>,
}

impl SearchWalk {
    async fn item(&mut self) -> Option<Result<SearchHit>> {
        loop {
            if let Some(hit) = self.hits.pop_front() {
                return Some(Ok(hit));
            }
            let mut query = self.query.take()?;
            match self.client.search_page(&query).await {
                Ok(page) => {
                    let count = page.hits.len() as u64;
                    self.hits = page.hits.into();
                    query.offset = query.offset.saturating_add(count);
                    // A page that is not full is the last one.
                    let is_full = query.limit.is_some_and(|limit| count >= u64::from(limit));
                    self.query = Some(query).filter(|_query| is_full && count > 0);
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

fn check(query: &SearchQuery) -> Result<()> {
    let wrong = if query.path.is_some() && query.mount_id.is_none() {
        "a search below a path needs the mount"
    } else if query
        .limit
        .is_some_and(|limit| limit == 0 || limit > MAX_SEARCH_LIMIT)
    {
        "a page of a search has between 1 and 1000 hits"
    } else {
        return Ok(());
    };
    Err(Error::with_message(ErrorKind::InvalidInput, wrong))
}
