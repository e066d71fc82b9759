//! A body that goes on after a lost connection.

use std::ops::Range;

use bytes::Bytes;
use futures::{
    StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};

use crate::{
    error::{Error, Result, RetryAdvice},
    retry::{Idempotency, Retry},
};

/// What a body must bring before it breaks off to count as progress, in bytes: less than a connection that works at all moves before it is lost.
pub const MIN_PROGRESS: u64 = 8 * 1024;

type Body = BoxStream<'static, Result<Bytes>>;

/// For implementors of remotes: the bytes of `range`, going on from the next missing byte when a body breaks off.
///
/// `open` starts a body at an offset into the file, which lies in `range`, and makes one attempt at it. It must see to it that all bodies are of the same content, by a condition on
/// the request or by comparing what comes with them, and fail with
/// [`PreconditionFailed`](crate::error::ErrorKind::PreconditionFailed) otherwise. The body ends at the end of `range`. Where the size of a file is unknown, that is
/// [`u64::MAX`].
///
/// A body that fails with an error that allows for a retry is opened again, in the way of `retry`; opening counts as successful with the first byte. A body
/// that breaks off before it brought [`MIN_PROGRESS`] bytes counts as a failed attempt as well, with a delay before the next one, so that a
/// service that sends a byte per connection is not called for every byte. Any other error is passed on and ends the stream. A body that ends early *without* an error is not resumed,
/// since nothing was lost on the way: [`Download`](super::Download) reports it as corrupted.
///
/// Nothing is opened before the first poll, nor for an empty range.
pub fn resuming<F>(open: F, range: Range<u64>, retry: Retry) -> Body
where
    F: FnMut(u64) -> BoxFuture<'static, Result<Body>> + Send + 'static,
{
    if range.is_empty() {
        return stream::empty().boxed();
    }
    let resuming = Resuming {
        open,
        retry,
        body: None,
        position: range.start,
        end: range.end,
        gained: 0,
        fruitless: 0,
    };
    stream::unfold(Some(resuming), |resuming| async move {
        let mut resuming = resuming?;
        match resuming.next().await {
            Ok(piece) => Some((Ok(piece?), Some(resuming))),
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

struct Resuming<F> {
    open: F,
    retry: Retry,
    body: Option<Body>,
    position: u64,
    end: u64,
    /// Bytes of the present body.
    gained: u64,
    /// Bodies in a row that brought too little.
    fruitless: u32,
}

impl<F> Resuming<F>
where
    F: FnMut(u64) -> BoxFuture<'static, Result<Body>> + Send,
{
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let piece = match self.body.take() {
            Some(body) => self.go_on(body).await?,
            None => self.start().await?,
        };
        if let Some(piece) = &piece {
            self.position = self.position.saturating_add(piece.len() as u64);
            self.gained = self.gained.saturating_add(piece.len() as u64);
        }
        Ok(piece)
    }

    async fn go_on(&mut self, body: Body) -> Result<Option<Bytes>> {
        match first_piece(body).await {
            Ok((piece, body)) => {
                self.body = Some(body);
                Ok(piece)
            }
            // All bytes are there; how the connection ended does not matter any more.
            Err(_) if self.position >= self.end => Ok(None),
            Err(error) if error.retry_advice() == RetryAdvice::Never => Err(error),
            Err(error) => {
                tracing::debug!(kind = ?error.kind(), position = self.position, "resuming a body");
                self.pause_after(error).await?;
                self.start().await
            }
        }
    }

    /// Waits if the body that broke off brought too little, and gives up after too many of them.
    async fn pause_after(&mut self, error: Error) -> Result<()> {
        if self.gained >= MIN_PROGRESS {
            self.fruitless = 0;
            return Ok(());
        }
        self.fruitless += 1;
        let pause = self.retry.pause_after(self.fruitless);
        let pause = pause.ok_or_else(|| error.with_attempts(self.fruitless))?;
        tokio::time::sleep(pause).await;
        Ok(())
    }

    async fn start(&mut self) -> Result<Option<Bytes>> {
        let Self {
            open,
            position,
            retry,
            ..
        } = self;
        let attempts = retry.run(Idempotency::Idempotent, |_attempt| {
            let body = open(*position);
            async move { first_piece(body.await?).await }
        });
        let (piece, body) = attempts.await?;
        self.body = Some(body);
        self.gained = 0;
        Ok(piece)
    }
}

/// The next piece that is not empty, none at the end.
async fn first_piece(mut body: Body) -> Result<(Option<Bytes>, Body)> {
    loop {
        match body.next().await.transpose()? {
            Some(piece) if piece.is_empty() => {}
            piece => return Ok((piece, body)),
        }
    }
}
