//! Where the bytes of a document come from, counted.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes};
use futures::{StreamExt as _, stream::BoxStream};
use remote_core::error::{Error, ErrorKind, Result};
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use super::broke_off;

/// A body as the parser wants it. Its own errors wait inside until the parser has failed because of them.
pub(super) struct Input {
    body: BoxStream<'static, Result<Bytes>>,
    chunk: Bytes,
    /// Bytes that may still be read: of the whole document, and of the present record.
    left: u64,
    left_of_record: u64,
    failure: Option<Error>,
    ended: bool,
}

impl Input {
    pub(super) fn new(body: BoxStream<'static, Result<Bytes>>, limit: u64) -> Self {
        Self {
            body,
            chunk: Bytes::new(),
            left: limit,
            left_of_record: 0,
            failure: None,
            ended: false,
        }
    }

    /// Starts a new record of at most so many bytes.
    pub(super) fn allow(&mut self, bytes: u64) {
        self.left_of_record = bytes;
    }

    /// How many bytes the present record may still have.
    pub(super) fn left_of_record(&self) -> u64 {
        self.left_of_record
    }

    /// What made the parser fail.
    pub(super) fn explain(&mut self, error: quick_xml::Error, place: u64) -> Error {
        if let Some(failure) = self.failure.take() {
            return failure;
        }
        if self.ended && self.chunk.is_empty() {
            return broke_off();
        }
        Error::with_message(
            ErrorKind::Protocol,
            format!("the answer is not well-formed XML at byte {place}"),
        )
        .with_source(error)
        .with_help("check that no sign-in page of a network is in the way")
    }

    fn fail(&mut self, error: Error) -> Poll<io::Result<()>> {
        self.failure = Some(error);
        Poll::Ready(Err(io::Error::other("stopped")))
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.left_of_record == 0 || self.left == 0 {
            return self.fail(Error::with_message(
                ErrorKind::TooLarge,
                "an element of the answer is larger than any the service makes",
            ));
        }
        while self.chunk.is_empty() && !self.ended {
            match ready!(self.body.poll_next_unpin(cx)) {
                Some(Ok(chunk)) => self.chunk = chunk,
                Some(Err(error)) => return self.fail(error),
                None => self.ended = true,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncBufRead for Input {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        ready!(this.poll_chunk(cx))?;
        let most = usize::try_from(this.left_of_record.min(this.left)).unwrap_or(usize::MAX);
        Poll::Ready(Ok(this.chunk.get(..most).unwrap_or(&this.chunk)))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let this = self.get_mut();
        let amount = amount.min(this.chunk.len());
        this.chunk.advance(amount);
        this.left = this.left.saturating_sub(amount as u64);
        this.left_of_record = this.left_of_record.saturating_sub(amount as u64);
    }
}

/// Asked for by the trait above; the parser reads through the buffer only.
impl AsyncRead for Input {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let available = ready!(self.as_mut().poll_fill_buf(cx))?;
        let amount = available.len().min(buffer.remaining());
        if let Some(part) = available.get(..amount) {
            buffer.put_slice(part);
        }
        self.consume(amount);
        Poll::Ready(Ok(()))
    }
}
