//! What the service says when it fails.

pub(crate) mod classify;

use std::error::Error as StdError;

use remote_core::text_enum;

text_enum! {
    /// The service's own name for a failure. Many failures have none, so the status and the text count as well.
    pub enum ApiErrorCode {
        /// A file has this content already, and duplicates were not allowed. The name of the code is not confirmed.
        Md5Duplicate = "MD5_DUPLICATE",
        /// Something has this name already, in upper or lower case.
        NameAlreadyExists = "NAME_ALREADY_EXISTS",
        /// The account has no plan, or its room is used up.
        NoActiveSubscription = "NO_ACTIVE_SUBSCRIPTION_FOUND",
        /// There is no node with this id.
        NodeNotFound = "NODE_NOT_FOUND",
        /// There is no folder with this id.
        ParentNotFound = "PARENT_NODE_ID_NOT_FOUND",
    }
}

/// What the service said; found in the chain of errors that came from it.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq, thiserror::Error)]
#[error("the service answered {status}{}{}", self.code_text(), self.message_text())]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The service's own code, where there is one.
    pub code: Option<ApiErrorCode>,
    /// Its text, shortened; empty where there is none.
    pub message: String,
    /// The id of the request in the service's log.
    pub request_id: Option<String>,
    /// The node that is in the way, for conflicts.
    pub conflicting_node: Option<String>,
    /// Whether the answer had the service's own form; a gateway's has not.
    pub is_own_form: bool,
}

impl ApiError {
    /// Finds what the service said in an error or its sources.
    #[must_use]
    pub fn of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    /// Whether something has the name already.
    #[must_use]
    pub fn is_name_conflict(&self) -> bool {
        self.status == 409 && !self.is_duplicate_content()
    }

    /// Whether a file has the content already.
    #[must_use]
    pub fn is_duplicate_content(&self) -> bool {
        self.status == 409 && self.code == Some(ApiErrorCode::Md5Duplicate)
    }

    /// Whether a page was asked for too late: the listing has to begin anew.
    #[must_use]
    pub fn is_page_expired(&self) -> bool {
        self.status == 400 && self.says("next token is expired")
    }

    /// Whether the access token has ended: a 401, or the 400 by which the content host says the same.
    #[must_use]
    pub fn is_token_expired(&self) -> bool {
        self.status == 401
            || self.status == 400
                && (self.says("token has expired") || self.says("unauthourizedaccess"))
    }

    /// Whether the service gave up on an upload that may succeed the next time.
    #[must_use]
    pub fn is_incomplete_upload(&self) -> bool {
        self.status == 400 && self.says("cannot complete upload")
    }

    pub(crate) fn says(&self, lower_case: &str) -> bool {
        self.message.to_lowercase().contains(lower_case)
    }

    fn code_text(&self) -> String {
        match &self.code {
            Some(code) => format!(" {code}"),
            None => String::new(),
        }
    }

    fn message_text(&self) -> String {
        if self.message.is_empty() {
            String::new()
        } else {
            format!(": {}", self.message)
        }
    }
}
