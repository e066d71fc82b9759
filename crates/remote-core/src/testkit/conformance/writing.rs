//! Writing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures::stream;

use super::expect::{
    Outcome, Test, as_supported, content, ensure, expected_hash, refused, same, same_entry,
    some_time,
};
use crate::{
    entry::Entry,
    error::{ErrorKind, Result},
    operation::{ReadOptions, WriteOptions},
    path::RemotePath,
    progress::Progress,
    remote::RemoteExt as _,
    source::{SpooledSource, StreamSource},
};

pub(super) async fn a_write_makes_the_directories_on_the_way(test: Test) -> Outcome {
    let path = test.path("new/newer/file")?;
    test.write(&path, b"content").await?;
    test.expect_content(&path, b"content").await?;
    let dir = test.remote.stat(&test.path("new/newer")?).await?;
    ensure(dir.is_directory(), "new/newer is not a directory")
}

pub(super) async fn contents_of_all_sizes_come_back(test: Test) -> Outcome {
    for length in [0, 1, 256 * 1024 + 1, test.settings.large_file_bytes] {
        let content = content(length);
        let path = test.path(&format!("file of {length}"))?;
        let entry = test.write(&path, &content).await?;
        same("size", &entry.size, &Some(length as u64))?;
        test.expect_content(&path, &content).await?;
    }
    Ok(())
}

pub(super) async fn a_source_of_unknown_size_can_be_written(test: Test) -> Outcome {
    for length in [0, 1, 300_000] {
        let content = content(length);
        let path = test.path(&format!("file of {length}"))?;
        let source = StreamSource::once(pieces(&content), None);
        let options = WriteOptions::default();
        let entry = test.remote.write(&path, Arc::new(source), options).await?;
        same("size", &entry.size, &Some(length as u64))?;
        test.expect_content(&path, &content).await?;
    }
    Ok(())
}

pub(super) async fn a_source_of_one_pass_can_be_written(test: Test) -> Outcome {
    let content = content(300_000);
    let path = test.path("file")?;
    let source = StreamSource::once(pieces(&content), Some(content.len() as u64));
    let options = WriteOptions::default();
    test.remote.write(&path, Arc::new(source), options).await?;
    test.expect_content(&path, &content).await?;

    let source = SpooledSource::spool(pieces(b"spooled"), 3).await?;
    let options = WriteOptions::default();
    test.remote.write(&path, Arc::new(source), options).await?;
    test.expect_content(&path, b"spooled").await
}

fn pieces(content: &[u8]) -> impl stream::Stream<Item = std::io::Result<Bytes>> + Send + use<> {
    let pieces: Vec<_> = content
        .chunks(10_000)
        .map(Bytes::copy_from_slice)
        .map(Ok)
        .collect();
    stream::iter(pieces)
}

pub(super) async fn a_write_returns_what_a_look_returns(test: Test) -> Outcome {
    let path = test.path("dir/file")?;
    let options = WriteOptions::default().with_modified(some_time());
    for content in ["first", "second, longer"] {
        let written = test
            .write_with(&path, content.as_bytes(), options.clone())
            .await?;
        let seen = test.remote.stat(&path).await?;
        same("path", &written.path, &path)?;
        same_entry("write and stat", &written, &seen)?;
        let hash = expected_hash(test.capabilities(), content.as_bytes());
        same("hash", &written.hash, &hash)?;
    }
    Ok(())
}

pub(super) async fn the_modification_time_is_kept(test: Test) -> Outcome {
    let path = test.path("file")?;
    let epoch = SystemTime::UNIX_EPOCH;
    for time in [some_time(), epoch + Duration::from_secs(86_400)] {
        let options = WriteOptions::default().with_modified(time);
        let entry = test.write_with(&path, b"content", options).await?;
        if let Some(expected) = test.stored_time(time) {
            same("time", &entry.modified, &Some(expected))?;
        }
    }
    Ok(())
}

pub(super) async fn a_write_without_a_time_has_a_recent_one(test: Test) -> Outcome {
    let entry = test.write(&test.path("file")?, b"content").await?;
    let Some(modified) = entry.modified else {
        return ensure(
            test.capabilities().time_precision.is_none(),
            "a written file has no time",
        );
    };
    // Wide enough for the clock of another machine and for emulators with a clock of their own that started today.
    let day = Duration::from_secs(86_400);
    let now = SystemTime::now();
    ensure(
        modified > now - day && modified < now + day,
        format!("time of a file written now: {modified:?}"),
    )
}

pub(super) async fn overwriting_leaves_one_entry_with_the_last_content(test: Test) -> Outcome {
    let path = test.path("file")?;
    for content in ["a long first content", "short", "", "last"] {
        test.write(&path, content.as_bytes()).await?;
        test.expect_content(&path, content.as_bytes()).await?;
    }
    let entries = test.list(&test.dir).await?;
    same("number of entries", &entries.len(), &1)
}

pub(super) async fn a_file_cannot_be_written_over_a_directory(test: Test) -> Outcome {
    let dir = test.path("dir")?;
    let inner = test.path("dir/inner")?;
    test.write(&inner, b"inner").await?;
    let refusal = test.remote_write(&dir).await;
    refused("write", refusal, ErrorKind::IsADirectory)?;
    test.expect_content(&inner, b"inner").await
}

pub(super) async fn a_file_cannot_be_written_below_a_file(test: Test) -> Outcome {
    let file = test.path("file")?;
    test.write(&file, b"file").await?;
    for below in ["file/below", "file/a/b"] {
        let refusal = test.remote_write(&test.path(below)?).await;
        refused("write", refusal, ErrorKind::NotADirectory)?;
    }
    test.expect_content(&file, b"file").await
}

impl Test {
    async fn remote_write(&self, path: &RemotePath) -> Result<Entry> {
        let options = WriteOptions::default();
        self.remote.write_bytes(path, "content", options).await
    }
}

pub(super) async fn the_modification_time_can_be_changed(test: Test) -> Outcome {
    let path = test.path("file")?;
    let before = test.write(&path, b"content").await?;
    let result = test.remote.set_modified(&path, some_time()).await;
    let support = test.capabilities().set_modified;
    let Some(entry) = as_supported("set_modified", support, result)? else {
        return same_entry("after a refusal", &test.remote.stat(&path).await?, &before);
    };
    same("time", &entry.modified, &test.stored_time(some_time()))?;
    same_entry(
        "set_modified and stat",
        &entry,
        &test.remote.stat(&path).await?,
    )?;
    test.expect_content(&path, b"content").await
}

pub(super) async fn the_time_of_nothing_cannot_be_changed(test: Test) -> Outcome {
    if !test.capabilities().set_modified.is_available() {
        return Ok(());
    }
    let path = test.path("missing")?;
    let result = test.remote.set_modified(&path, some_time()).await;
    refused("set_modified", result, ErrorKind::NotFound)?;
    test.expect_missing(&path).await
}

pub(super) async fn progress_counts_the_bytes(test: Test) -> Outcome {
    let content = content(300_000);
    let path = test.path("file")?;
    let sent = Arc::new(Counter::default());
    let options = WriteOptions::default().with_progress(Arc::clone(&sent) as Arc<dyn Progress>);
    test.write_with(&path, &content, options).await?;
    same("bytes sent", &sent.bytes(), &(content.len() as u64))?;

    let received = Arc::new(Counter::default());
    let options = ReadOptions::default().with_progress(Arc::clone(&received) as Arc<dyn Progress>);
    let download = test.remote.read(&path, options).await?;
    download.bytes(content.len() as u64).await?;
    same("bytes received", &received.bytes(), &(content.len() as u64))
}

#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl Counter {
    fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Progress for Counter {
    fn moved(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    fn restarted(&self, bytes: u64) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}
