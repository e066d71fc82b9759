//! Reading.

use std::ops::Range;

use super::expect::{Failure, Outcome, Test, as_supported, content, refused, same, same_bytes};
use crate::{error::ErrorKind, operation::ReadOptions, path::RemotePath};

pub(super) async fn whole_files_can_be_read(test: Test) -> Outcome {
    let path = test.path("file")?;
    let content = content(FILE_BYTES);
    let written = test.write(&path, &content).await?;
    let download = test.remote.read(&path, ReadOptions::default()).await?;
    same("path", &download.entry().path, &path)?;
    same("size", &download.entry().size, &written.size)?;
    same("range", &download.range(), &(0..content.len() as u64))?;
    same("whole", &download.is_whole(), &true)?;
    // A service may tell less with a download than with a look, but nothing else.
    if download.entry().tag.is_some() {
        same("tag", &download.entry().tag, &written.tag)?;
    }
    if download.entry().hash.is_some() {
        same("hash", &download.entry().hash, &written.hash)?;
    }
    same_bytes(
        "content",
        &download.bytes(FILE_BYTES as u64).await?,
        &content,
    )
}

pub(super) async fn an_empty_file_can_be_read(test: Test) -> Outcome {
    let path = test.path("empty")?;
    test.write(&path, b"").await?;
    test.expect_content(&path, b"").await?;
    let options = ReadOptions::default().with_range(0..10);
    let result = test.remote.read(&path, options).await;
    let support = test.capabilities().ranged_read;
    let Some(download) = as_supported("read", support, result)? else {
        return Ok(());
    };
    same("range", &download.range(), &(0..0))?;
    same_bytes("content", &download.bytes(10).await?, b"")
}

pub(super) async fn ranges_deliver_exactly_their_bytes(test: Test) -> Outcome {
    let size = FILE_BYTES as u64;
    let ranges = [0..1, 0..size, 1..size, 5..6, 1000..200_001, size - 1..size];
    read_ranges(test, &ranges).await
}

pub(super) async fn ranges_are_cut_off_at_the_end(test: Test) -> Outcome {
    let size = FILE_BYTES as u64;
    read_ranges(test, &[0..size + 1, size - 10..size + 10, 5..u64::MAX]).await
}

async fn read_ranges(test: Test, ranges: &[Range<u64>]) -> Outcome {
    let path = test.path("file")?;
    let content = content(FILE_BYTES);
    let written = test.write(&path, &content).await?;
    for wanted in ranges {
        let options = ReadOptions::default().with_range(wanted.clone());
        let result = test.remote.read(&path, options).await;
        let support = test.capabilities().ranged_read;
        let Some(download) = as_supported("read", support, result)? else {
            return Ok(());
        };
        let end = wanted.end.min(FILE_BYTES as u64);
        same("range", &download.range(), &(wanted.start..end))?;
        same("size of the file", &download.entry().size, &written.size)?;
        let actual = download.bytes(FILE_BYTES as u64).await?;
        same_bytes(
            &format!("bytes {wanted:?}"),
            &actual,
            part(&content, wanted.start..end)?,
        )?;
    }
    Ok(())
}

fn part(content: &[u8], range: Range<u64>) -> Outcome<&[u8]> {
    let index = |position| usize::try_from(position).map_err(|_too_far| Failure::new("range"));
    let part = content.get(index(range.start)?..index(range.end)?);
    part.ok_or_else(|| Failure::new("range"))
}

pub(super) async fn ranges_behind_the_end_are_refused(test: Test) -> Outcome {
    if !test.capabilities().ranged_read.is_available() {
        return Ok(());
    }
    let path = test.path("file")?;
    test.write(&path, b"0123456789").await?;
    for range in [10..11, 10..20, 11..12, u64::MAX - 1..u64::MAX] {
        let options = ReadOptions::default().with_range(range.clone());
        let what = format!("read of bytes {range:?}");
        refused(
            &what,
            start_and_finish(&test, &path, options).await,
            ErrorKind::InvalidInput,
        )?;
    }
    Ok(())
}

pub(super) async fn nothing_there_cannot_be_read(test: Test) -> Outcome {
    test.write(&test.path("file")?, b"x").await?;
    for below in ["missing", "missing/below", "file/below"] {
        let path = test.path(below)?;
        let result = start_and_finish(&test, &path, ReadOptions::default()).await;
        refused("read", result, ErrorKind::NotFound)?;
    }
    Ok(())
}

pub(super) async fn a_directory_cannot_be_read(test: Test) -> Outcome {
    for dir in [test.dir.clone(), RemotePath::root()] {
        let result = start_and_finish(&test, &dir, ReadOptions::default()).await;
        refused("read", result, ErrorKind::IsADirectory)?;
    }
    Ok(())
}

pub(super) async fn a_read_can_insist_on_the_content(test: Test) -> Outcome {
    let path = test.path("file")?;
    let old = test.write(&path, b"old").await?;
    let tag = old
        .tag
        .ok_or_else(|| Failure::new("a written file has no tag"))?;
    let options = ReadOptions::default().with_if_match(tag);
    let read = start_and_finish(&test, &path, options.clone()).await?;
    same_bytes("content", &read, b"old")?;

    test.write(&path, b"newer").await?;
    let stale = start_and_finish(&test, &path, options).await;
    refused("read", stale, ErrorKind::PreconditionFailed)?;
    Ok(())
}

/// Errors may come with the start or with the body.
async fn start_and_finish(
    test: &Test,
    path: &RemotePath,
    options: ReadOptions,
) -> crate::error::Result<bytes::Bytes> {
    test.remote
        .read(path, options)
        .await?
        .bytes(FILE_BYTES as u64)
        .await
}

/// More than the pieces of any layer, and not a multiple of them.
const FILE_BYTES: usize = 256 * 1024 + 1;
