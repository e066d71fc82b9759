//! Contents: up, down, and by temporary link.

use std::{fmt, ops::Range, time::Duration};

use bytes::Bytes;
use futures::stream::BoxStream;
use http::Method;
use remote_core::{
    error::{Error, ErrorKind, Result},
    http::{ByteRange, Response, Window},
    secret::Secret,
};
use url::Url;

use super::nodes::NewNode;
use crate::{
    call::{Base, Call},
    client::Client,
    model::node::{Node, NodeKind},
    multipart::Envelope,
};

/// From this size on a token should be good for most of its hour before the upload begins: the service fails uploads that end long after their token.
const LONG_UPLOAD_BYTES: u64 = 1 << 30;

/// How long it should be good then.
const LONG_UPLOAD_TIME: Duration = Duration::from_secs(50 * 60);

/// The content of a file on its way in.
#[non_exhaustive]
pub struct ContentDownload {
    /// Size of the whole file in bytes, where it is told.
    pub total: Option<u64>,
    /// The bytes that are delivered, where that is told; fewer than were asked for at the end of the file.
    pub range: Option<Range<u64>>,
    /// The bytes. Nothing is compared with a size or hash.
    pub body: BoxStream<'static, Result<Bytes>>,
}

impl fmt::Debug for ContentDownload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentDownload")
            .field("total", &self.total)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Uploads a new file. One attempt: the bytes can be sent once only. The size should be stated where it is known.
    ///
    /// With `deduplicate` the service refuses a content that any file of the drive has already.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) if something has the name, or a file the content; the [`ApiError`](crate::error::ApiError) in the chain
    /// tells which, and which node. [`NotFound`](ErrorKind::NotFound) for an unknown folder, [`QuotaExceeded`](ErrorKind::QuotaExceeded). At the end of large
    /// uploads the service often fails although the file appears later.
    pub async fn upload(
        &self,
        file: &NewNode,
        content: BoxStream<'static, Result<Bytes>>,
        size: Option<u64>,
        deduplicate: bool,
    ) -> Result<Node> {
        let metadata = file.to_json(&NodeKind::File).to_string();
        let call = Call::change(Method::POST, Base::Content, "nodes")
            .at("nodes")
            .query_opt("suppress", (!deduplicate).then_some("deduplication"))
            .query_opt("localId", file.local_id.as_deref());
        self.send(call, Envelope::new(Some(&metadata)), content, size)
            .await
    }

    /// Replaces the content of a file; id, name and parents stay. One attempt, as [`upload`](Self::upload).
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound), [`QuotaExceeded`](ErrorKind::QuotaExceeded); see [`upload`](Self::upload).
    pub async fn overwrite(
        &self,
        id: &str,
        content: BoxStream<'static, Result<Bytes>>,
        size: Option<u64>,
    ) -> Result<Node> {
        let call = Call::change(Method::PUT, Base::Content, "nodes/{id}/content")
            .at("nodes")
            .id(id)
            .at("content")
            .query("suppress", "deduplication");
        self.send(call, Envelope::new(None), content, size).await
    }

    async fn send(
        &self,
        call: Call,
        envelope: Envelope,
        content: BoxStream<'static, Result<Bytes>>,
        size: Option<u64>,
    ) -> Result<Node> {
        if size.is_none_or(|size| size > LONG_UPLOAD_BYTES) {
            self.inner.auth.last(LONG_UPLOAD_TIME).await?;
        }
        let call = call.header("content-type", envelope.content_type());
        let body = envelope.enclose(content, size).await;
        self.send_body(call, body).await
    }

    /// Downloads a file or a part of it. Redirects to the host of large files are followed, without the token.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound), [`InvalidInput`](ErrorKind::InvalidInput) for a range behind the end.
    pub async fn download(&self, id: &str, range: Option<&ByteRange>) -> Result<ContentDownload> {
        let mut call = content_call(id);
        if let Some(range) = range {
            call = call.header("range", range.to_header()?);
        }
        let response = self.open(call).await?;
        delivered(response, range)
    }

    /// An address that gives the content of a file to everybody who has it, for a limited time that the service does not tell; minutes, to be safe.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound), [`IsADirectory`](ErrorKind::IsADirectory) for a folder.
    pub async fn temporary_link(&self, id: &str) -> Result<Secret> {
        let node = self.node_with(id, true, false).await?;
        let no_link = || match node.is_folder() {
            true => Error::new(ErrorKind::IsADirectory),
            false => Error::with_message(ErrorKind::Protocol, "the service told no temporary link"),
        };
        let link = node.temp_link.clone().filter(|link| !link.is_empty());
        link.ok_or_else(no_link)
    }

    /// Downloads from a temporary link, without the token.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication), [`PermissionDenied`](ErrorKind::PermissionDenied), [`NotFound`](ErrorKind::NotFound) or
    /// [`Protocol`](ErrorKind::Protocol) when the link has ended: ask for another one. [`InvalidInput`](ErrorKind::InvalidInput) for a range behind the end, or
    /// a text that is no address.
    pub async fn download_link(
        &self,
        link: &Secret,
        range: Option<&ByteRange>,
    ) -> Result<ContentDownload> {
        let url = address_of(link)?;
        let header = range.map(ByteRange::to_header).transpose()?;
        let response = self.open_link("templink", url, header).await?;
        delivered(response, range)
    }

    /// Downloads a small JPEG of a picture or film, of at most `max_edge` pixels in each direction.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound), [`InvalidInput`](ErrorKind::InvalidInput) for files that have none.
    pub async fn thumbnail(&self, id: &str, max_edge: u32) -> Result<ContentDownload> {
        self.preview(id, &max_edge.to_string()).await
    }

    /// Like [`thumbnail`](Self::thumbnail), of at most so many pixels in width and height.
    ///
    /// # Errors
    ///
    /// As [`thumbnail`](Self::thumbnail).
    pub async fn thumbnail_within(
        &self,
        id: &str,
        width: u32,
        height: u32,
    ) -> Result<ContentDownload> {
        self.preview(id, &format!("{width},{height}")).await
    }

    async fn preview(&self, id: &str, view_box: &str) -> Result<ContentDownload> {
        let response = self
            .open(content_call(id).query("viewBox", view_box))
            .await?;
        delivered(response, None)
    }

    /// Like [`thumbnail`](Self::thumbnail), from a [temporary link](Self::temporary_link) and without the token.
    ///
    /// # Errors
    ///
    /// As [`download_link`](Self::download_link).
    pub async fn link_thumbnail(&self, link: &Secret, max_edge: u32) -> Result<ContentDownload> {
        let mut url = address_of(link)?;
        url.query_pairs_mut()
            .append_pair("viewBox", &max_edge.to_string());
        let response = self.open_link("templink", url, None).await?;
        delivered(response, None)
    }
}

fn address_of(link: &Secret) -> Result<Url> {
    Url::parse(link.expose()).map_err(|error| {
        Error::with_message(ErrorKind::InvalidInput, "the temporary link is no address")
            .with_source(error)
    })
}

fn content_call(id: &str) -> Call {
    Call::get(Base::Content, "nodes/{id}/content")
        .at("nodes")
        .id(id)
        .at("content")
}

fn delivered(response: Response, range: Option<&ByteRange>) -> Result<ContentDownload> {
    let window = Window::of(&response, range, None)?;
    let body = window.cut_out(response.into_stream());
    Ok(ContentDownload {
        total: window.total,
        range: window.range,
        body,
    })
}
