//! What a request carries.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use serde::Serialize;
use url::form_urlencoded;

use super::watch::Watch;
use crate::{
    error::{Error, ErrorKind, Result},
    progress::Progress,
};

/// Pieces in which bodies are handed to the connection: small enough that a slow line shows movement between two of them, large
/// enough that the work per piece does not count.
const PIECE_BYTES: usize = 64 * 1024;

/// The body of a request.
#[non_exhaustive]
#[derive(Default)]
pub enum Body {
    /// No body at all.
    #[default]
    Empty,
    /// Bytes in memory.
    Bytes(Bytes),
    /// Bytes in memory with the content type they imply.
    Typed {
        /// Sent as `Content-Type` unless the request has that header.
        content_type: &'static str,
        /// The bytes.
        bytes: Bytes,
    },
    /// Bytes that come while the request is sent.
    ///
    /// A failing stream ends the request, and [`HttpClient::send`](super::HttpClient::send) returns the stream's own error.
    Stream {
        /// The bytes, in pieces of any size.
        stream: BoxStream<'static, Result<Bytes>>,
        /// Their exact number, sent as `Content-Length`; without it they are sent chunked. A stream of another length
        /// is stopped with [`ErrorKind::SourceChanged`] before its last byte is sent.
        size: Option<u64>,
        /// Told of every piece that is handed to the network, and, if the attempt fails or is answered with a status of 400 or
        /// above, that they do not count any more.
        progress: Option<Arc<dyn Progress>>,
    },
}

impl Body {
    /// A value as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for a value that JSON cannot express, such as a map with keys that are not text.
    pub fn json(value: &impl Serialize) -> Result<Self> {
        let bytes = serde_json::to_vec(value).map_err(|error| {
            Error::with_message(ErrorKind::InvalidInput, "value cannot be written as JSON")
                .with_source(error)
        })?;
        Ok(Self::Typed {
            content_type: "application/json",
            bytes: bytes.into(),
        })
    }

    /// Pairs as an HTML form, names and values percent-encoded as UTF-8.
    #[must_use]
    pub fn form(pairs: &[(&str, &str)]) -> Self {
        let text = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        Self::Typed {
            content_type: "application/x-www-form-urlencoded",
            bytes: text.into(),
        }
    }

    /// A stream of known or unknown length, watched by nobody.
    #[must_use]
    pub fn stream(stream: BoxStream<'static, Result<Bytes>>, size: Option<u64>) -> Self {
        Self::Stream {
            stream,
            size,
            progress: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    pub(super) fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::Typed { content_type, .. } => Some(content_type),
            _ => None,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) | Self::Typed { bytes, .. } => {
                write!(f, "Bytes({})", bytes.len())
            }
            Self::Stream { size, .. } => write!(f, "Stream({size:?})"),
        }
    }
}

/// A body made ready for the connection, with its length where that has to be stated.
pub(super) struct Prepared {
    pub(super) body: Option<reqwest::Body>,
    pub(super) content_length: Option<u64>,
}

/// Makes a body ready; short ones go out with the head, in one piece.
pub(super) async fn prepare(body: Body, watch: &Arc<Watch>) -> Result<Prepared> {
    let (stream, size) = match body {
        Body::Empty => return Ok(in_memory(Bytes::new(), watch)),
        Body::Bytes(bytes) | Body::Typed { bytes, .. } if bytes.len() <= PIECE_BYTES => {
            return Ok(in_memory(bytes, watch));
        }
        Body::Bytes(bytes) | Body::Typed { bytes, .. } => {
            let size = bytes.len() as u64;
            (stream::iter([Ok(bytes)]).boxed(), Some(size))
        }
        Body::Stream {
            mut stream,
            size: Some(0),
            ..
        } => {
            // The connection never asks a body for its end if its length is zero.
            while let Some(bytes) = stream.next().await.transpose()? {
                if !bytes.is_empty() {
                    return Err(changed("more than 0 bytes"));
                }
            }
            return Ok(in_memory(Bytes::new(), watch));
        }
        Body::Stream { stream, size, .. } => (stream, size),
    };
    let pieces = Pieces {
        stream: stream.fuse(),
        rest: Bytes::new(),
        missing: size,
        watch: Arc::clone(watch),
    };
    Ok(Prepared {
        body: Some(reqwest::Body::wrap_stream(pieces)),
        content_length: size,
    })
}

fn in_memory(bytes: Bytes, watch: &Watch) -> Prepared {
    watch.unattended();
    let length = bytes.len() as u64;
    Prepared {
        body: (length > 0).then(|| bytes.into()),
        content_length: Some(length),
    }
}

fn changed(got: &str) -> Error {
    Error::with_message(
        ErrorKind::SourceChanged,
        format!("the source gave {got}, not the size it had before"),
    )
}

/// Ends the request; the real error waits in the [`Watch`].
#[derive(Debug, thiserror::Error)]
#[error("the source of the body failed")]
pub(super) struct Stopped;

/// A stream cut into pieces, counted, and observed by a [`Watch`].
struct Pieces {
    stream: stream::Fuse<BoxStream<'static, Result<Bytes>>>,
    /// Taken from the stream and not handed on yet.
    rest: Bytes,
    /// How many bytes the stream still has to give, where its length is known.
    missing: Option<u64>,
    watch: Arc<Watch>,
}

impl Pieces {
    /// Takes the next bytes from the stream; `None` at its end.
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        loop {
            match ready!(self.stream.poll_next_unpin(cx)) {
                Some(Ok(bytes)) if bytes.is_empty() => {}
                next => return Poll::Ready(next),
            }
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if self.rest.is_empty() {
            match ready!(self.poll_source(cx)) {
                Some(Ok(bytes)) => self.rest = bytes,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None if self.missing.is_some_and(|missing| missing > 0) => {
                    return Poll::Ready(Some(Err(changed("fewer bytes"))));
                }
                None => return Poll::Ready(None),
            }
        }
        if let Some(missing) = self.missing {
            let here = self.rest.len() as u64;
            if here > missing {
                return Poll::Ready(Some(Err(changed("more bytes"))));
            }
            // The last bytes are kept back until the stream has said that they are the last, or a file that
            // has grown would be stored as if it were complete.
            if here == missing {
                match ready!(self.poll_source(cx)) {
                    Some(Ok(_)) => return Poll::Ready(Some(Err(changed("more bytes")))),
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => {}
                }
            }
        }
        let piece = self.rest.split_to(self.rest.len().min(PIECE_BYTES));
        if let Some(missing) = &mut self.missing {
            *missing = missing.saturating_sub(piece.len() as u64);
        }
        Poll::Ready(Some(Ok(piece)))
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, Stopped>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        match this.poll_piece(cx) {
            Poll::Pending => {
                this.watch.waiting_for_source();
                Poll::Pending
            }
            Poll::Ready(Some(Ok(piece))) => {
                this.watch.handed(piece.len() as u64);
                if this.missing == Some(0) {
                    this.watch.complete();
                }
                Poll::Ready(Some(Ok(piece)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.watch.source_failed(error);
                Poll::Ready(Some(Err(Stopped)))
            }
            Poll::Ready(None) => {
                this.watch.complete();
                Poll::Ready(None)
            }
        }
    }
}
