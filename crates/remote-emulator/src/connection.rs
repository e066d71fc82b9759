//! A socket that tells when everything written to it has left the process.
//!
//! A body that is to be cut after exactly n bytes must not close the connection while some of those bytes are still
//! in a buffer; it waits on the [`FlushSignal`] of its connection first.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use futures::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Shared between a connection and the bodies that are sent over it.
#[derive(Debug, Default)]
pub(crate) struct FlushSignal {
    flushed: AtomicBool,
    waker: AtomicWaker,
}

impl FlushSignal {
    /// Ends once the connection has flushed everything it was given before this call.
    pub(crate) async fn flushed(&self) {
        self.flushed.store(false, Ordering::Release);
        futures::future::poll_fn(|context| {
            self.waker.register(context.waker());
            if self.flushed.load(Ordering::Acquire) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    fn report(&self) {
        self.flushed.store(true, Ordering::Release);
        self.waker.wake();
    }
}

/// A connection with its [`FlushSignal`].
#[derive(Debug)]
pub(crate) struct Connection<S> {
    stream: S,
    signal: Arc<FlushSignal>,
}

impl<S> Connection<S> {
    pub(crate) fn new(stream: S, signal: Arc<FlushSignal>) -> Self {
        Self { stream, signal }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.signal.report();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
