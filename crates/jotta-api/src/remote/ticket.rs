//! What has to be kept to go on with an upload after a restart.

use std::time::SystemTime;

use remote_core::{
    error::{Error, ErrorKind, Result},
    hash::HashValue,
};
use serde::{Deserialize, Serialize};

use crate::{api::files::ContentTimes, location::Location, time};

/// An upload that was prepared: where it goes, and size, hash and times of its content. It has no secrets and can be stored.
///
/// The service keeps what has arrived of an upload that broke off, and tells how much that is to whoever announces the same content for the same place again. So
/// the ticket of an upload is enough to go on with it in another process, without reading the source again before the first byte that is missing.
///
/// ```
/// use jotta_api::remote::UploadTicket;
///
/// # fn example(ticket: &UploadTicket) -> Result<(), Box<dyn std::error::Error>> {
/// let stored = serde_json::to_string(ticket)?;
/// let ticket: UploadTicket = serde_json::from_str(&stored)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UploadTicket {
    device: String,
    mount_point: String,
    path: String,
    bytes: u64,
    md5: String,
    created: String,
    modified: String,
}

impl UploadTicket {
    pub(super) fn new(place: &Location, content: &ContentTimes) -> Self {
        Self {
            device: place.device().to_owned(),
            mount_point: place.mount_point().to_owned(),
            path: place.path().to_owned(),
            bytes: content.bytes,
            md5: content.md5.to_string(),
            created: time::format_rfc3339(content.created),
            modified: time::format_rfc3339(content.modified),
        }
    }

    /// Where the file is to be.
    #[must_use]
    pub fn place(&self) -> Location {
        Location::new(&self.device, &self.mount_point).below(&self.path)
    }

    /// Its size in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn content(&self) -> Result<ContentTimes> {
        let md5: Option<HashValue> = self.md5.parse().ok();
        let times = time::parse(&self.created).zip(time::parse(&self.modified));
        let (Some(md5), Some((created, modified))) = (md5, times) else {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "the ticket of the upload is damaged",
            )
            .with_help("prepare the upload again"));
        };
        Ok(ContentTimes::new(self.bytes, md5, modified).with_created(created))
    }
}

/// A moment that a ticket can hold, and the service keeps.
pub(super) fn storable(time: SystemTime) -> SystemTime {
    let text = time::format_rfc3339(time);
    time::parse(&text).unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use remote_core::hash::HashAlgorithm;

    use super::*;

    #[test]
    fn a_ticket_survives_its_text() {
        let place = Location::new("Jotta", "Archive").below("a/b c");
        let md5 = HashValue::of(HashAlgorithm::Md5, b"x");
        let modified = storable(SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_999));
        let content = ContentTimes::new(1, md5, modified);
        let ticket = UploadTicket::new(&place, &content);
        let text = serde_json::to_string(&ticket).unwrap();
        let again: UploadTicket = serde_json::from_str(&text).unwrap();
        assert_eq!(again, ticket);
        assert_eq!((again.place(), again.content().unwrap()), (place, content));
    }

    #[test]
    fn a_damaged_ticket_is_refused() {
        let text = r#"{"device":"d","mount_point":"m","path":"p","bytes":1,"md5":"x","created":"","modified":""}"#;
        let ticket: UploadTicket = serde_json::from_str(text).unwrap();
        assert_eq!(
            ticket.content().unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }
}
