//! Uploads: announce, then send what the service does not have.

use remote_core::{error::Result, http::Body};
use serde::Serialize;

use super::files::ContentTimes;
use crate::{
    call::{Base, Call},
    client::Client,
    error::classify::Asked,
    location::Location,
    model::upload::{Allocation, Uploaded},
    time::format_rfc3339,
    transport::read_json,
};

/// What an upload does with a file that is there.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ConflictHandler {
    /// Keeps its content as an older revision.
    #[default]
    CreateNewRevision,
    /// Fails with [`AlreadyExists`](remote_core::error::ErrorKind::AlreadyExists). Seen in one public client in 2022; whether the service still does so, and whether of two
    /// uploads at the same time one fails, is not known.
    RejectConflicts,
}

/// The body of the announcement; rclone sends exactly these five fields.
#[derive(Serialize)]
struct Announcement<'a> {
    path: String,
    bytes: u64,
    md5: String,
    created: String,
    modified: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict_handler: Option<&'a str>,
}

impl Client {
    /// Announces an upload: size, MD5 and times of the whole content. Folders on the way are made. Repeated after failures that allow it.
    ///
    /// If the service has the content already, the file is stored (or brought back from the trash) by this call alone:
    /// [`Allocation::is_completed`]. Otherwise the answer tells which bytes are missing; a file that is there stays until all have come.
    /// Announcing the same again tells how far an upload that broke off has come.
    ///
    /// # Errors
    ///
    /// * [`QuotaExceeded`](remote_core::error::ErrorKind::QuotaExceeded) if the storage is full or locked for writing,
    /// * [`InvalidName`](remote_core::error::ErrorKind::InvalidName) for a name that the service refuses,
    /// * [`AlreadyExists`](remote_core::error::ErrorKind::AlreadyExists) as [`ConflictHandler`] says,
    /// * [`PermissionDenied`](remote_core::error::ErrorKind::PermissionDenied) on a view of the service.
    pub async fn allocate(
        &self,
        place: &Location,
        content: &ContentTimes,
        conflict: ConflictHandler,
    ) -> Result<Allocation> {
        let call = announce(place, content, conflict)?.repeatable();
        self.json_of(call).await
    }

    /// Like [`allocate`](Self::allocate), for loops of their own. One attempt.
    pub(crate) async fn allocate_once(
        &self,
        place: &Location,
        content: &ContentTimes,
    ) -> Result<Allocation> {
        let call = announce(place, content, ConflictHandler::CreateNewRevision)?;
        self.json_of(call).await
    }

    /// Sends the bytes of an announced upload from [`resume_pos`](Allocation::resume_pos) to the end. One attempt: after a failure, announce again and send
    /// what is missing then. Compare size and MD5 of the answer with what was sent.
    ///
    /// # Errors
    ///
    /// * [`Service`](remote_core::error::ErrorKind::Service) with an [`ApiError`](crate::error::ApiError) whose
    ///   [`is_incomplete_upload`](crate::error::ApiError::is_incomplete_upload) if bytes are still missing; those that came are kept,
    /// * [`Corrupted`](remote_core::error::ErrorKind::Corrupted) if the bytes are not those that were announced,
    /// * [`QuotaExceeded`](remote_core::error::ErrorKind::QuotaExceeded),
    /// * [`Protocol`](remote_core::error::ErrorKind::Protocol) if the service names an address that is not one of its own, to which nothing is sent, or redirects to another,
    /// * [`Authentication`](remote_core::error::ErrorKind::Authentication) with [`RetryAdvice::Safe`](remote_core::error::RetryAdvice::Safe) when the token had
    ///   ended and was renewed, so that the upload may be made once more.
    ///
    /// # Cancellation
    ///
    /// The bytes that have arrived are kept; the file is stored if all of them have.
    pub async fn upload(
        &self,
        allocation: &Allocation,
        bytes: u64,
        body: Body,
    ) -> Result<Uploaded> {
        let url = self
            .addresses()
            .handed_out(&allocation.upload_url, "the upload")?;
        let mut headers = vec![("content-type", "application/octet-stream".to_owned())];
        let from = allocation.resume_pos;
        if from > 0 {
            // The end before the start, when nothing is missing, is what completes the upload.
            let last = bytes.saturating_sub(1);
            headers.push(("range", format!("bytes={from}-{last}")));
        }
        let asked = Asked {
            changes: true,
            names: false,
        };
        let response = self.send_body("upload", url, headers, body, asked).await?;
        read_json(response, asked).await
    }
}

fn announce(place: &Location, content: &ContentTimes, conflict: ConflictHandler) -> Result<Call> {
    place.check()?;
    place.check_writable()?;
    let body = Announcement {
        path: place.for_allocate(),
        bytes: content.bytes,
        md5: content.md5.to_string(),
        created: format_rfc3339(content.created),
        modified: format_rfc3339(content.modified),
        conflict_handler: match conflict {
            ConflictHandler::CreateNewRevision => None,
            ConflictHandler::RejectConflicts => Some("REJECT_CONFLICTS"),
        },
    };
    let mut call = Call::post(Base::Api, "files/v1/allocate")
        .at("files/v1/allocate")
        .json(&body);
    call.asked.names = true;
    Ok(call)
}
