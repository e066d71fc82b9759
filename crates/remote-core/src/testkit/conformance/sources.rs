//! Sources that break their word.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};

use super::expect::{Outcome, Test, content, ensure, refused, refused_as};
use crate::{
    error::{Effect, Error, ErrorKind, Result},
    hash::{HashAlgorithm, HashValue},
    operation::WriteOptions,
    source::UploadSource,
};

/// A source whose passes end with an error, or that promises what it does not keep.
#[derive(Debug)]
struct UnreliableSource {
    content: Bytes,
    size: Option<u64>,
    hash: Option<HashValue>,
    failure: Option<ErrorKind>,
}

impl UnreliableSource {
    fn new(content: Vec<u8>) -> Self {
        Self {
            size: Some(content.len() as u64),
            content: content.into(),
            hash: None,
            failure: None,
        }
    }
}

#[async_trait]
impl UploadSource for UnreliableSource {
    fn size(&self) -> Option<u64> {
        self.size
    }

    fn hash(&self, _algorithm: HashAlgorithm) -> Option<HashValue> {
        self.hash
    }

    async fn open(&self, offset: u64) -> Result<BoxStream<'static, Result<Bytes>>> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.content.slice(start.min(self.content.len())..);
        let failure = self.failure.map(|kind| Err(Error::new(kind)));
        let pieces: Vec<_> = rest
            .chunks(PIECE_BYTES)
            .map(Bytes::copy_from_slice)
            .collect();
        Ok(stream::iter(pieces.into_iter().map(Ok).chain(failure)).boxed())
    }
}

const PIECE_BYTES: usize = 50_000;
const CONTENT_BYTES: usize = 4 * PIECE_BYTES;

pub(super) async fn a_changed_source_leaves_the_old_file(test: Test) -> Outcome {
    let path = test.path("file")?;
    test.write(&path, b"old").await?;
    for size in [Some(2 * CONTENT_BYTES as u64), None] {
        let source = UnreliableSource {
            size,
            failure: Some(ErrorKind::SourceChanged),
            ..UnreliableSource::new(content(CONTENT_BYTES))
        };
        let result = write(&test, source).await;
        let error = refused("write", result, ErrorKind::SourceChanged)?;
        ensure(
            error.effect() == Effect::NotMade,
            format!("effect is {:?}", error.effect()),
        )?;
        test.expect_content(&path, b"old").await?;
    }
    Ok(())
}

pub(super) async fn a_failing_source_leaves_nothing(test: Test) -> Outcome {
    for size in [Some(2 * CONTENT_BYTES as u64), None] {
        let source = UnreliableSource {
            size,
            failure: Some(ErrorKind::SourceFailed),
            ..UnreliableSource::new(content(CONTENT_BYTES))
        };
        let result = write(&test, source).await;
        refused("write", result, ErrorKind::SourceFailed)?;
        test.expect_missing(&test.path("file")?).await?;
    }
    Ok(())
}

pub(super) async fn a_source_that_is_too_short_is_refused(test: Test) -> Outcome {
    wrong_size(test, CONTENT_BYTES as u64 + 1).await
}

pub(super) async fn a_source_that_is_too_long_is_refused(test: Test) -> Outcome {
    wrong_size(test, CONTENT_BYTES as u64 - 1).await
}

async fn wrong_size(test: Test, announced: u64) -> Outcome {
    let path = test.path("file")?;
    test.write(&path, b"old").await?;
    let source = UnreliableSource {
        size: Some(announced),
        ..UnreliableSource::new(content(CONTENT_BYTES))
    };
    let kinds = [ErrorKind::SourceChanged, ErrorKind::SourceFailed];
    refused_as("write", write(&test, source).await, &kinds)?;
    test.expect_content(&path, b"old").await
}

pub(super) async fn a_source_that_lies_about_its_hash_is_refused(test: Test) -> Outcome {
    if test.capabilities().hashes.is_empty() {
        return Ok(());
    }
    let path = test.path("file")?;
    let source = UnreliableSource {
        hash: Some(HashValue::of(HashAlgorithm::Md5, b"something else")),
        ..UnreliableSource::new(content(CONTENT_BYTES))
    };
    let kinds = [
        ErrorKind::SourceChanged,
        ErrorKind::SourceFailed,
        ErrorKind::Corrupted,
    ];
    let error = refused_as("write", write(&test, source).await, &kinds)?;
    match error.effect() {
        Effect::NotMade => test.expect_missing(&path).await,
        // A service that verifies nothing itself has stored the file by the time that the remote can compare.
        _ => Ok(()),
    }
}

async fn write(test: &Test, source: UnreliableSource) -> Result<crate::entry::Entry> {
    let path = test.dir.join_str("file")?;
    test.remote
        .write(&path, Arc::new(source), WriteOptions::default())
        .await
}
