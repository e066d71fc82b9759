//! Uploads in one request, as was usual before 2019.
//!
//! Nothing needs it any more: [`upload`](super::upload) tells beforehand what the service has, goes on with uploads that broke off, and is what the service's own
//! programs use. It is a second way where that one does not work; a public client of 2026 uses it with the same tokens.

use remote_core::{
    error::{Effect, Error, ErrorKind, Result, RetryAdvice},
    http::Body,
};

use super::files::ContentTimes;
use crate::{
    call::{Base, Call},
    client::Client,
    error::{ApiError, ErrorClass, classify::Asked},
    location::Location,
    model::{
        file::{FileInfo, RevisionState},
        item::Item,
    },
    time::format_jfs,
    transport::after_success,
};

impl Client {
    /// Stores a file by one request to the path itself. Folders on the way are made. One attempt.
    ///
    /// `content` describes all of it, also when `body` is the rest of an upload that broke off. How much of one has arrived is the size of
    /// [`latest`](FileInfo::latest) of the [file](Self::file).
    ///
    /// What it sends and gets is known from public clients of 2016 to 2026.
    ///
    /// # Errors
    ///
    /// * [`Corrupted`](ErrorKind::Corrupted) if the bytes are not those that were described: the service reports success then and keeps a damaged revision,
    /// * [`Service`](ErrorKind::Service) with an [`ApiError`] whose [`is_incomplete_upload`](ApiError::is_incomplete_upload) if bytes are still missing,
    /// * [`QuotaExceeded`](ErrorKind::QuotaExceeded), [`InvalidName`](ErrorKind::InvalidName),
    ///   [`PermissionDenied`](ErrorKind::PermissionDenied) on a view of the service,
    /// * [`Authentication`](ErrorKind::Authentication) with [`RetryAdvice::Safe`] when the token had ended and was renewed, so that the upload may be made
    ///   once more.
    ///
    /// # Cancellation
    ///
    /// The bytes that have arrived are kept; the file is stored if all of them have.
    pub async fn upload_directly(
        &self,
        place: &Location,
        content: &ContentTimes,
        body: Body,
    ) -> Result<FileInfo> {
        let mut call = Call::post(Base::Uploads, "direct upload")
            .take_away(place)
            .query("umode", "nomultipart");
        if let Some(invalid) = call.take_invalid() {
            return Err(invalid);
        }
        let url = call.url(self.addresses(), self.username().await?);
        let mut headers = content_headers(content);
        headers.push(("content-type", "application/octet-stream".to_owned()));
        let asked = Asked {
            changes: true,
            names: true,
        };
        let response = self
            .send_body("direct upload", url, headers, body, asked)
            .await?;
        let item = Item::read(response.into_stream()).await;
        let file = item
            .and_then(Item::into_file)
            .map_err(|error| after_success(error, asked))?;
        check(&file, content)?;
        Ok(file)
    }
}

/// A content as headers tell it.
pub(super) fn content_headers(content: &ContentTimes) -> Vec<(&'static str, String)> {
    vec![
        ("JSize", content.bytes.to_string()),
        ("JMd5", content.md5.to_string()),
        ("JCreated", format_jfs(content.created)),
        ("JModified", format_jfs(content.modified)),
    ]
}

/// The service answers with success whatever became of the content; the file tells.
fn check(file: &FileInfo, content: &ContentTimes) -> Result<()> {
    let state = file.latest.as_ref().map(|latest| &latest.state);
    let (kind, class, message, advice) = match state {
        Some(RevisionState::Corrupt) => (
            ErrorKind::Corrupted,
            ErrorClass::CorruptUpload,
            "the service received other bytes than were described",
            RetryAdvice::Never,
        ),
        Some(_unfinished) => (
            ErrorKind::Service,
            ErrorClass::IncompleteUpload,
            "the service still misses bytes of the upload",
            RetryAdvice::IfIdempotent(None),
        ),
        None if is_stored(file, content) => return Ok(()),
        None => {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the service describes another content than was sent",
            )
            .with_effect(Effect::Unknown));
        }
    };
    let mut said = ApiError::new(201);
    said.class = Some(class);
    Err(Error::with_message(kind, message)
        .with_http_status(said.status)
        .with_effect(Effect::NotMade)
        .with_retry_advice(advice)
        .with_source(said))
}

fn is_stored(file: &FileInfo, content: &ContentTimes) -> bool {
    file.content()
        .is_some_and(|stored| stored.size == Some(content.bytes) && stored.md5 == Some(content.md5))
}
