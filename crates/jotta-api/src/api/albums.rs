//! Photo albums: reading those that somebody shares, and the account's own.
//!
//! Files of albums are no files of the account's devices: they have neither place nor MD5. What is known comes from a public client of 2026.

use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use remote_core::{
    error::{Error, ErrorKind, Result},
    http::{Method, Request},
    retry::Idempotency,
    secret::Secret,
};
use url::Url;

use super::download::FileDownload;
use crate::{
    addresses::fixed,
    call::{Base, Call},
    client::Client,
    error::classify::Asked,
    model::album::{Album, Photo},
    transport::failure,
};

/// How many photos [`Client::public_photos`] asks for at once; what the service's own web page does.
pub const ALBUM_PAGE_PHOTOS: u32 = 100;

/// Where people look at shared albums.
const WEB: &str = "https://jottacloud.com/";

/// In which size a photo is wanted.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PhotoSize {
    /// A large preview.
    Large,
    /// The file itself.
    #[default]
    Original,
    /// A small preview.
    Small,
}

impl Client {
    /// A page of a shared album, oldest photo first: at most `limit` photos after `cursor`, the [`timestamp`](Photo::timestamp) of the last one of the page
    /// before; from the beginning without one. Needs no sign-in, and sends no token. Repeated after failures that allow it.
    ///
    /// A page with fewer photos than `limit` is the last one.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there is no such album, or it is not shared any more.
    pub async fn public_album(
        &self,
        share: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Album> {
        let call = Call::get(Base::Api, "photos/v1/public")
            .at("photos/v1/public")
            .segment(share);
        let call = match cursor {
            None => call.at(""),
            Some(cursor) => call.segment(cursor),
        };
        let call = call
            .query("order", "ASC")
            .query("limit", &limit.to_string())
            .query("comments", "false");
        self.json_of(call.anonymous()).await
    }

    /// All photos of a shared album, oldest first, page by page as they are taken: one request for [`ALBUM_PAGE_PHOTOS`] photos.
    ///
    /// # Errors
    ///
    /// As [`public_album`](Self::public_album); [`Protocol`](ErrorKind::Protocol) if a page does not lead further. Nothing follows an error.
    pub fn public_photos(&self, share: &str) -> BoxStream<'static, Result<Photo>> {
        let (client, share) = (self.clone(), share.to_owned());
        stream::try_unfold(Some(None::<String>), move |cursor| {
            let (client, share) = (client.clone(), share.clone());
            async move {
                let Some(cursor) = cursor else {
                    return Ok::<_, Error>(None);
                };
                let page = client
                    .public_album(&share, cursor.as_deref(), ALBUM_PAGE_PHOTOS)
                    .await?;
                let next = next_cursor(&page.photos, cursor.as_deref())?;
                Ok(Some((page.photos, next.map(Some))))
            }
        })
        .flat_map(|page| match page {
            Ok(photos) => stream::iter(photos).map(Ok).left_stream(),
            Err(error) => stream::once(async { Err(error) }).right_stream(),
        })
        .boxed()
    }

    /// An album of the account, shared or not. Repeated after failures that allow it.
    ///
    /// That the address is there is documented; its answer has not been seen, and is read like that of a shared album.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound).
    pub async fn album(&self, id: &str) -> Result<Album> {
        let call = Call::get(Base::Api, "photos/v1/albums")
            .at("photos/v1/albums")
            .segment(id);
        self.json_of(call).await
    }

    /// Downloads a photo or a preview of it. The addresses are those of the album, which may last for a short time only; no token is sent there. Repeated,
    /// until the body begins, after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) or [`PermissionDenied`](ErrorKind::PermissionDenied) if the address has ended: ask for the album again.
    /// [`Protocol`](ErrorKind::Protocol) if the album names an address that is not one of the service's.
    pub async fn photo(&self, photo: &Photo, size: PhotoSize) -> Result<FileDownload> {
        let url = self.photo_address(photo, size)?;
        let inner = &self.inner;
        let attempts = inner.retry.run(Idempotency::Idempotent, |attempt| {
            let request = Request::new(Method::GET, url.clone(), "photo").attempt(attempt.number);
            async move {
                let response = inner.http.send(request).await?;
                match response.status().is_success() {
                    true => Ok(response),
                    false => Err(failure(response, Asked::default()).await?),
                }
            }
        });
        Ok(FileDownload::whole(attempts.await?))
    }

    fn photo_address(&self, photo: &Photo, size: PhotoSize) -> Result<Url> {
        let preview = |ending| Secret::new(format!("{}{ending}", photo.thumbnail_url.expose()));
        let text = match size {
            PhotoSize::Large => preview(".l"),
            PhotoSize::Original => photo.file_url.clone(),
            PhotoSize::Small => preview(".s"),
        };
        self.addresses().handed_out(&text, "the photo")
    }
}

/// What comes after a page, if anything.
fn next_cursor(photos: &[Photo], cursor: Option<&str>) -> Result<Option<String>> {
    let Some(last) = photos
        .last()
        .filter(|_last| photos.len() >= ALBUM_PAGE_PHOTOS as usize)
    else {
        return Ok(None);
    };
    if last.timestamp.is_empty() || cursor == Some(last.timestamp.as_str()) {
        return Err(Error::with_message(
            ErrorKind::Protocol,
            "the pages of the album do not lead further",
        ));
    }
    Ok(Some(last.timestamp.clone()))
}

/// The page on which people look at a photo of a shared album.
#[must_use]
pub fn photo_page(share: &str, photo: &Photo) -> Url {
    let mut url = fixed(WEB);
    if let Ok(mut path) = url.path_segments_mut() {
        path.extend(["share", share, photo.id.as_str()]);
    }
    url
}
