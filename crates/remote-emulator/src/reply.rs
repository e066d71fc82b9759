//! Answers before they become HTTP messages, so that faults can be applied to any of them.

use std::fmt;
use std::io;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;

pub(crate) type ByteStream = BoxStream<'static, io::Result<Bytes>>;
pub(crate) type HttpBody = UnsyncBoxBody<Bytes, io::Error>;

pub(crate) const JSON: &str = "application/json; charset=utf-8";
pub(crate) const NDJSON: &str = "application/x-ndjson; charset=utf-8";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// What an answer carries after its headers.
pub(crate) enum ReplyBody {
    Bytes(Bytes),
    Empty,
    /// Sent piece by piece; chunked unless the answer has a `Content-Length`.
    Stream(ByteStream),
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(formatter, "{} bytes", bytes.len()),
            Self::Empty => formatter.write_str("empty"),
            Self::Stream(_) => formatter.write_str("stream"),
        }
    }
}

impl ReplyBody {
    /// The body as a stream, whatever it was.
    pub(crate) fn into_stream(self) -> ByteStream {
        match self {
            Self::Bytes(bytes) => futures::stream::iter([Ok(bytes)]).boxed(),
            Self::Empty => futures::stream::empty().boxed(),
            Self::Stream(stream) => stream,
        }
    }
}

/// A status, headers and a body.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: ReplyBody,
}

impl Reply {
    /// An answer without a body.
    pub(crate) fn status(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: ReplyBody::Empty,
        }
    }

    /// `200` with `value` as JSON.
    pub(crate) fn json(value: &impl Serialize) -> Self {
        Self::json_with(StatusCode::OK, value)
    }

    /// `value` as JSON with a status of its own.
    pub(crate) fn json_with(status: StatusCode, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => Self::bytes(status, JSON, bytes.into()),
            Err(error) => Self::text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }

    /// A plain text answer.
    pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Self {
        Self::bytes(status, TEXT, Bytes::from(text.into()))
    }

    /// An answer of known bytes.
    pub(crate) fn bytes(status: StatusCode, content_type: &'static str, bytes: Bytes) -> Self {
        let mut reply = Self::status(status);
        reply
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        reply.body = ReplyBody::Bytes(bytes);
        reply
    }

    /// An answer that is produced while it is sent.
    pub(crate) fn stream(content_type: &'static str, stream: ByteStream) -> Self {
        let mut reply = Self::status(StatusCode::OK);
        reply
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        reply.body = ReplyBody::Stream(stream);
        reply
    }

    /// Adds a header; a value that cannot be one is left out.
    pub(crate) fn header(mut self, name: HeaderName, value: impl AsRef<[u8]>) -> Self {
        if let Ok(value) = HeaderValue::from_bytes(value.as_ref()) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Announces the length of a streamed body.
    pub(crate) fn length(mut self, bytes: u64) -> Self {
        self.headers.insert(CONTENT_LENGTH, bytes.into());
        self
    }

    /// The same headers as for GET, without the body.
    pub(crate) fn without_body(mut self) -> Self {
        if let ReplyBody::Bytes(bytes) = &self.body {
            self.headers
                .entry(CONTENT_LENGTH)
                .or_insert(bytes.len().into());
        }
        self.body = ReplyBody::Empty;
        self
    }

    pub(crate) fn into_http(self) -> Response<HttpBody> {
        let body = match self.body {
            ReplyBody::Bytes(bytes) => Full::new(bytes)
                .map_err(|never| match never {})
                .boxed_unsync(),
            ReplyBody::Empty => Empty::new().map_err(|never| match never {}).boxed_unsync(),
            ReplyBody::Stream(stream) => {
                StreamBody::new(stream.map(|item| item.map(Frame::data))).boxed_unsync()
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
