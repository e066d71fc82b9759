//! The body of a request as the services read it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

/// Why a body could not be read to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BodyError {
    /// The client went away, or its framing is wrong.
    Broken,
    /// A fault ended the connection here.
    Cut,
    /// The body is longer than the limit of the call.
    TooLong,
}

/// A request body that counts what it received and can be told to break.
#[derive(Debug)]
pub(crate) struct RequestBody {
    incoming: Option<Incoming>,
    received: u64,
    cut_after: Option<u64>,
    failed: Option<BodyError>,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming) -> Self {
        Self {
            incoming: Some(incoming),
            received: 0,
            cut_after: None,
            failed: None,
        }
    }

    /// A body of nothing, in the place of one that was taken away.
    pub(crate) fn none() -> Self {
        Self {
            incoming: None,
            received: 0,
            cut_after: None,
            failed: None,
        }
    }

    /// Breaks the body once `bytes` of it were read.
    pub(crate) fn cut_after(&mut self, bytes: u64) {
        self.cut_after = Some(bytes);
    }

    /// The number of bytes read so far.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Whether a fault broke the body.
    pub(crate) fn was_cut(&self) -> bool {
        self.failed == Some(BodyError::Cut)
    }

    /// The announced length, when there is one.
    pub(crate) fn announced(&self) -> Option<u64> {
        self.incoming.as_ref()?.size_hint().exact()
    }

    /// The next piece, or `None` after the last one.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let Some(incoming) = &mut self.incoming else {
            return Ok(None);
        };
        loop {
            if self.cut_after.is_some_and(|limit| self.received >= limit) {
                self.failed = Some(BodyError::Cut);
                return Err(BodyError::Cut);
            }
            match incoming.frame().await {
                None => {
                    self.incoming = None;
                    return Ok(None);
                }
                Some(Err(error)) => {
                    tracing::debug!(%error, "request body broke off");
                    self.failed = Some(BodyError::Broken);
                    return Err(BodyError::Broken);
                }
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        self.received += bytes.len() as u64;
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }

    /// The whole body, refused beyond `limit` bytes.
    pub(crate) async fn read_all(&mut self, limit: usize) -> Result<Bytes, BodyError> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if all.len() + chunk.len() > limit {
                return Err(BodyError::TooLong);
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// Reads and throws away the rest, so that a streaming client sees the answer and not a broken pipe.
    ///
    /// Returns false when the connection broke or the time ran out.
    pub(crate) async fn drain(&mut self, limit: Duration) -> bool {
        if self.failed.is_some() {
            return false;
        }
        if self.incoming.as_ref().is_none_or(Body::is_end_stream) {
            return true;
        }
        let rest = async {
            while let Ok(chunk) = self.chunk().await {
                if chunk.is_none() {
                    return true;
                }
            }
            false
        };
        tokio::time::timeout(limit, rest).await.unwrap_or(false)
    }
}
