//! What the service said when a call failed.
//!
//! Methods of [`Client`](crate::Client) fail with [`remote_core::error::Error`]. Where the service answered, an [`ApiError`] is
//! in its chain of sources:
//!
//! ```
//! use jotta_api::error::{ApiError, ErrorClass};
//!
//! fn is_incomplete(error: &remote_core::error::Error) -> bool {
//!     ApiError::of(error).is_some_and(|said| said.class == Some(ErrorClass::IncompleteUpload))
//! }
//! ```

use std::error::Error as StdError;

use remote_core::text_enum;

pub(crate) mod classify;

text_enum! {
    /// The name by which the service tells failures apart.
    pub enum ErrorClass {
        /// The token is missing, malformed or has ended.
        BadCredentials = "BadCredentialsException",
        /// All bytes came, and they were not those that were announced.
        CorruptUpload = "CorruptUploadOpenApiException",
        /// The address is not escaped as the service wants it.
        IllegalArgument = "IllegalArgumentException",
        /// Not all bytes came; those that came are kept.
        IncompleteUpload = "IncompleteUploadOpenApiException",
        /// A parameter cannot be used.
        InvalidArgument = "InvalidArgumentException",
        /// There is no such file.
        NoSuchFile = "NoSuchFileException",
        /// There is no such mount point.
        NoSuchMountPoint = "NoSuchMountPointException",
        /// There is no such folder.
        NoSuchPath = "NoSuchPathException",
        /// The range lies outside the file.
        RequestedRangeNotSatisfied = "RequestedRangeNotSatisfiedException",
        /// The name is taken.
        UniqueFile = "UniqueFileException",
        /// The address has no user name.
        UsernameNotFound = "UsernameNotFoundException",
    }
}

/// An answer of the service that reports a failure.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the service answered {status}{}{}", self.class_text(), self.message_text())]
pub struct ApiError {
    /// The HTTP status. 420, 421 and 460 are the service's own: bytes missing, bytes wrong, storage full.
    pub status: u16,
    /// The code in the answer, which normally is the same.
    pub code: Option<u16>,
    /// The service's name of the failure; absent when the answer was not in the service's own form.
    pub class: Option<ErrorClass>,
    /// The service's text for people, or the beginning of a plain-text answer; may be empty.
    pub message: String,
    /// The id of the failed request, to quote to the service's support.
    pub request_id: Option<String>,
}

impl ApiError {
    /// An answer with a status and nothing else.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            code: None,
            class: None,
            message: String::new(),
            request_id: None,
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

    /// Whether bytes of an upload are missing (420).
    #[must_use]
    pub fn is_incomplete_upload(&self) -> bool {
        self.class == Some(ErrorClass::IncompleteUpload) || self.status == 420
    }

    /// Whether the bytes of an upload were not those that were announced (421).
    #[must_use]
    pub fn is_corrupt_upload(&self) -> bool {
        self.class == Some(ErrorClass::CorruptUpload) || self.status == 421
    }

    fn class_text(&self) -> String {
        match &self.class {
            Some(class) => format!(" {class}"),
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
