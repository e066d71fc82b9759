//! Futures and streams that are dropped before their end.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    StreamExt as _,
    future::{self, Either},
    stream::{self, BoxStream},
};
use tokio::sync::Notify;

use super::expect::{Failure, Outcome, Test, content, ensure};
use crate::{
    error::Result,
    operation::{ListOptions, ReadOptions, WriteOptions},
    path::RemotePath,
    source::UploadSource,
};

/// A source that delivers half of what it promises, says so, and then nothing more.
#[derive(Debug)]
struct StallingSource {
    stalled: Arc<Notify>,
}

const HALF_BYTES: usize = 100_000;

#[async_trait]
impl UploadSource for StallingSource {
    fn size(&self) -> Option<u64> {
        Some(2 * HALF_BYTES as u64)
    }

    async fn open(&self, _offset: u64) -> Result<BoxStream<'static, Result<Bytes>>> {
        let half = Bytes::from(content(HALF_BYTES));
        let stalled = Arc::clone(&self.stalled);
        let rest = stream::once(async move {
            stalled.notify_one();
            future::pending().await
        });
        Ok(stream::iter([Ok(half)]).chain(rest).boxed())
    }
}

pub(super) async fn a_dropped_write_leaves_the_old_file(test: Test) -> Outcome {
    let path = test.path("file")?;
    test.write(&path, b"old").await?;
    drop_a_write(&test, &path).await?;
    test.expect_content(&path, b"old").await?;
    test.write(&path, b"new").await?;
    test.expect_content(&path, b"new").await
}

pub(super) async fn a_dropped_write_of_a_new_file_leaves_nothing(test: Test) -> Outcome {
    let path = test.path("file")?;
    drop_a_write(&test, &path).await?;
    test.expect_missing(&path).await?;
    test.write(&path, b"new").await?;
    test.expect_content(&path, b"new").await
}

async fn drop_a_write(test: &Test, path: &RemotePath) -> Outcome {
    let stalled = Arc::new(Notify::new());
    let source = StallingSource {
        stalled: Arc::clone(&stalled),
    };
    let write = test
        .remote
        .write(path, Arc::new(source), WriteOptions::default());
    match future::select(write, std::pin::pin!(stalled.notified())).await {
        Either::Left((result, _)) => Err(Failure::new(format!(
            "a write ended before its source did: {result:?}"
        ))),
        Either::Right(_) => Ok(()),
    }
}

pub(super) async fn a_dropped_download_harms_nothing(test: Test) -> Outcome {
    let path = test.path("file")?;
    let content = content(test.settings.large_file_bytes);
    test.write(&path, &content).await?;
    let mut download = test.remote.read(&path, ReadOptions::default()).await?;
    let first = download.next().await.transpose()?;
    ensure(first.is_some_and(|piece| !piece.is_empty()), "nothing came")?;
    drop(download);
    test.expect_content(&path, &content).await
}

pub(super) async fn a_dropped_listing_harms_nothing(test: Test) -> Outcome {
    for name in ["a", "b", "c"] {
        test.write(&test.path(name)?, b"x").await?;
    }
    let mut listing = test
        .remote
        .list_recursive(&test.dir, ListOptions::default());
    listing.next().await.transpose()?;
    drop(listing);
    let entries = test.list(&test.dir).await?;
    ensure(
        entries.len() == 3,
        format!("{} of 3 entries", entries.len()),
    )
}
