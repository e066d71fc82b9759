//! The trash of the account.

use std::collections::{HashSet, VecDeque};

use futures::{StreamExt as _, stream, stream::BoxStream};
use http::Method;
use remote_core::error::{Error, ErrorKind, Result};

use crate::{
    call::{Call, Route},
    client::Client,
    model::{
        job::{FileAddress, Job},
        search::SortDirection,
        trash::{TrashFile, TrashPage, TrashSort},
    },
    transport::LIST_BYTES,
};

/// Entries per page unless set; what other clients of the service use.
pub const TRASH_PAGE_SIZE: u32 = 1000;

/// Pages without an entry that are passed over in a row.
const MAX_EMPTY_PAGES: u32 = 100;

/// How the trash is listed.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TrashQuery {
    /// Entries per page; [`TRASH_PAGE_SIZE`] when absent.
    pub page_size: Option<u32>,
    /// By what it is sorted; as the service likes when absent.
    pub sort: Option<(TrashSort, SortDirection)>,
}

impl TrashQuery {
    /// Sets [`page_size`](Self::page_size).
    #[must_use]
    pub fn with_page_size(mut self, entries: u32) -> Self {
        self.page_size = Some(entries);
        self
    }

    /// Sets [`sort`](Self::sort).
    #[must_use]
    pub fn with_sort(mut self, by: TrashSort, direction: SortDirection) -> Self {
        self.sort = Some((by, direction));
        self
    }
}

/// Says that the whole trash of the account is to be deleted for good.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing else to say")]
pub enum EmptyTrash {
    /// Everything in it, from every mount, is lost.
    DeleteEverythingForGood,
}

/// Says that everything in the trash is to come back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing else to say")]
pub enum UndeleteAll {
    /// Everything in it, from every mount.
    Everything,
}

impl Client {
    /// The first page of the trash. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) and the like.
    pub async fn trash_page(&self, query: &TrashQuery) -> Result<TrashPage> {
        let call = Call::get(Route::Api, "trash")
            .at("trash")
            .query_opt("pageSize", Some(query.page_size.unwrap_or(TRASH_PAGE_SIZE)))
            .query_opt("sortField", query.sort.as_ref().map(|(by, _)| by))
            .query_opt(
                "sortDir",
                query.sort.as_ref().map(|(_, direction)| direction),
            );
        self.json_within(call, LIST_BYTES).await
    }

    /// Another page of the trash, by the cursor of the page before. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a cursor that the service does not know.
    pub async fn trash_page_after(&self, cursor: &str) -> Result<TrashPage> {
        let call = Call::get(Route::Api, "trash")
            .at("trash")
            .query("cursor", cursor);
        self.json_within(call, LIST_BYTES).await
    }

    /// Everything in the trash: a lazy stream, one request per page.
    ///
    /// # Errors
    ///
    /// Those of [`trash_page`](Self::trash_page); [`Protocol`](ErrorKind::Protocol) if the service leads in a circle. Nothing follows an error.
    pub fn trash(&self, query: TrashQuery) -> BoxStream<'static, Result<TrashFile>> {
        let walk = TrashWalk {
            client: self.clone(),
            next: Next::First(query),
            seen: HashSet::new(),
            empty_pages: 0,
            files: VecDeque::new(),
        };
        stream::unfold(walk, |mut walk| async move {
            walk.item().await.map(|item| (item, walk))
        })
        .boxed()
    }

    /// Takes files and folders out of the trash, to where they were, as a job. One attempt.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for an empty list, which the service would take for "everything": see [`undelete_all`](Self::undelete_all).
    pub async fn undelete(&self, files: &[FileAddress]) -> Result<Job> {
        if files.is_empty() {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "nothing to take out of the trash",
            ));
        }
        self.undelete_now(files).await
    }

    /// Takes everything out of the trash, as a job. One attempt.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) and the like.
    pub async fn undelete_all(&self, _confirmation: UndeleteAll) -> Result<Job> {
        self.undelete_now(&[]).await
    }

    /// Empties the trash **of the whole account, for good**, as a job. One attempt; doing it twice does no more than doing it once.
    ///
    /// # Errors
    ///
    /// [`PermissionDenied`](ErrorKind::PermissionDenied) where the installation does not allow it; see
    /// [`AppConfig::trash_can_be_emptied`](crate::model::account::AppConfig::trash_can_be_emptied).
    pub async fn empty_trash(&self, _confirmation: EmptyTrash) -> Result<Job> {
        self.json_or_empty(Call::change(Method::DELETE, Route::Api, "trash empty").at("trash"))
            .await
    }

    async fn undelete_now(&self, files: &[FileAddress]) -> Result<Job> {
        let call = Call::change(Method::POST, Route::Api, "trash/undelete")
            .at("trash/undelete")
            .json(&serde_json::json!({ "files": files }));
        self.json_or_empty(call).await
    }
}

enum Next {
    End,
    First(TrashQuery),
    Page(String),
}

struct TrashWalk {
    client: Client,
    next: Next,
    seen: HashSet<String>,
    empty_pages: u32,
    files: VecDeque<TrashFile>,
}

impl TrashWalk {
    async fn item(&mut self) -> Option<Result<TrashFile>> {
        loop {
            if let Some(file) = self.files.pop_front() {
                return Some(Ok(file));
            }
            let page = match std::mem::replace(&mut self.next, Next::End) {
                Next::End => return None,
                Next::First(query) => self.client.trash_page(&query).await,
                Next::Page(cursor) => self.client.trash_page_after(&cursor).await,
            };
            match page.and_then(|page| self.take(page)) {
                Ok(()) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn take(&mut self, page: TrashPage) -> Result<()> {
        self.files = page.files.into();
        let Some(cursor) = page.page_info.cursor else {
            return Ok(());
        };
        self.empty_pages = match self.files.is_empty() {
            true => self.empty_pages + 1,
            false => 0,
        };
        if !self.seen.insert(cursor.clone()) || self.empty_pages > MAX_EMPTY_PAGES {
            self.files.clear();
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the pages of the trash lead nowhere",
            ));
        }
        self.next = Next::Page(cursor);
        Ok(())
    }
}
