//! Connections that leave HTTP behind for another protocol.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{HeaderMap, HttpClient, Request, StatusCode};
use crate::error::{Error, ErrorKind, Result};

/// A connection on which both sides now speak another protocol. Its limits are the caller's business.
pub struct Upgraded(reqwest::Upgraded);

impl HttpClient {
    /// Sends a request that asks for another protocol, and hands out the connection and the headers of the answer.
    ///
    /// The client must be made with [`HttpSettings::http1_only`](super::HttpSettings::http1_only): newer versions of HTTP
    /// share their connections and cannot give one away.
    ///
    /// # Errors
    ///
    /// Those of [`HttpClient::send`]; [`ErrorKind::Protocol`] if the service answers with anything but "switching protocols", with its status.
    pub async fn upgrade(&self, request: Request) -> Result<(Upgraded, HeaderMap)> {
        let response = self.send(request.follow_redirects(false)).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let status = response.status().as_u16();
            response.drain().await;
            return Err(Error::with_message(
                ErrorKind::Protocol,
                format!("the service did not switch protocols but answered {status}"),
            )
            .with_http_status(status));
        }
        let headers = response.headers().clone();
        Ok((response.into_upgraded().await?, headers))
    }
}

impl Upgraded {
    pub(super) fn new(inner: reqwest::Upgraded) -> Self {
        Self(inner)
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgraded(…)")
    }
}
