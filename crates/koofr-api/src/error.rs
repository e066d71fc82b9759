//! What the service said when a call failed.
//!
//! Methods of [`Client`](crate::Client) fail with [`remote_core::error::Error`]. Where the service answered, an [`ApiError`] is
//! in its chain of sources:
//!
//! ```
//! use koofr_api::error::{ApiError, ApiErrorCode};
//!
//! fn quota_is_full(error: &remote_core::error::Error) -> bool {
//!     ApiError::of(error).is_some_and(|said| said.code == Some(ApiErrorCode::QuotaExceeded))
//! }
//! ```

use std::error::Error as StdError;

use crate::{model::json::Json, text_enum};

pub(crate) mod classify;

text_enum! {
    /// The word by which the service tells failures apart.
    pub enum ApiErrorCode {
        /// The name is taken: by a file or directory, in any spelling of its case.
        AlreadyExists = "AlreadyExists",
        /// The request cannot be used; for names in a body, the name is not allowed.
        BadRequest = "BadRequest",
        /// A condition did not hold.
        Conflict = "Conflict",
        /// A directory cannot be copied into itself.
        CopyIntoSelf = "CopyIntoSelf",
        /// The storage behind the mount is not connected. Comes with status 404.
        DeviceOffline = "DeviceOffline",
        /// The connected cloud is still being synchronised.
        FilesNotSynced = "FilesNotSynced",
        /// The account may not do this.
        Forbidden = "Forbidden",
        /// The path is not allowed.
        InvalidPath = "InvalidPath",
        /// An entry cannot be moved into itself, or to its own name in another case.
        MoveIntoSelf = "MoveIntoSelf",
        /// A file is where a directory is needed, or the root of a mount was to be removed or renamed.
        NotDir = "NotDir",
        /// A directory is where a file is needed.
        NotFile = "NotFile",
        /// The path, its parent or the mount does not exist.
        NotFound = "NotFound",
        /// Anything else, such as a range outside the file or an internal failure.
        Other = "Other",
        /// The storage is full. Comes with status 413.
        QuotaExceeded = "QuotaExceeded",
        /// The credentials were refused.
        Unauthorized = "Unauthorized",
        /// The folder already is a Safe Box.
        VaultReposAlreadyExists = "VaultReposAlreadyExists",
        /// The folder of a Safe Box is missing.
        VaultReposLocationNotFound = "VaultReposLocationNotFound",
        /// The account has as many Safe Boxes as it may.
        VaultReposMaxTotalLimitExceeded = "VaultReposMaxTotalLimitExceeded",
        /// This mount cannot hold Safe Boxes.
        VaultReposMountNotAllowed = "VaultReposMountNotAllowed",
    }
}

/// An answer of the service that reports a failure.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the service answered {status}{}{}", self.code_text(), self.message_text())]
pub struct ApiError {
    /// The HTTP status; 200 for an error line inside a recursive listing.
    pub status: u16,
    /// The service's code; absent when the answer was not in the service's own form.
    pub code: Option<ApiErrorCode>,
    /// The service's text for people, or the beginning of a plain-text answer; may be empty.
    pub message: String,
    /// The id of the failed request, to quote to the service's support.
    pub request_id: Option<String>,
    /// The free-form `extra` of the service's own form, or the whole answer where it is JSON in another form; usually nothing.
    pub details: Json,
}

impl ApiError {
    /// An answer with a status and nothing else.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            code: None,
            message: String::new(),
            request_id: None,
            details: Json::default(),
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_status_code_and_message() {
        let mut error = ApiError::new(404);
        assert_eq!(error.to_string(), "the service answered 404");
        error.code = Some(ApiErrorCode::NotFound);
        error.message = "No such entry".to_owned();
        assert_eq!(
            error.to_string(),
            "the service answered 404 NotFound: No such entry"
        );
    }

    #[test]
    fn unknown_codes_are_kept() {
        let code: ApiErrorCode = serde_json::from_str("\"Novel\"").unwrap();
        assert_eq!(code, ApiErrorCode::Unknown("Novel".to_owned()));
        assert_eq!(serde_json::to_string(&code).unwrap(), "\"Novel\"");
    }
}
