//! Conditional writes, which are atomic or missing.

use futures::future::join_all;

use super::expect::{
    Failure, Outcome, Test, as_supported, ensure, refused, refused_as, same_entry,
};
use crate::{
    entry::{Entry, Tag},
    error::{ErrorKind, Result},
    operation::{WriteMode, WriteOptions},
    path::RemotePath,
    remote::RemoteExt as _,
};

pub(super) async fn create_new_writes_once(test: Test) -> Outcome {
    let path = test.path("new/file")?;
    let support = test.capabilities().create_new;
    let first = write(&test, &path, "first", WriteMode::CreateNew).await;
    if as_supported("write", support, first)?.is_none() {
        return test.expect_missing(&path).await;
    }
    let second = write(&test, &path, "second", WriteMode::CreateNew).await;
    refused("write", second, ErrorKind::AlreadyExists)?;
    test.expect_content(&path, b"first").await?;
    // The same content is no exception.
    let again = write(&test, &path, "first", WriteMode::CreateNew).await;
    refused("write", again, ErrorKind::AlreadyExists)?;
    Ok(())
}

pub(super) async fn create_new_does_not_replace_a_directory(test: Test) -> Outcome {
    if !test.capabilities().create_new.is_available() {
        return Ok(());
    }
    let dir = test.path("dir")?;
    test.remote.create_dir(&dir).await?;
    let result = write(&test, &dir, "content", WriteMode::CreateNew).await;
    let kinds = [ErrorKind::AlreadyExists, ErrorKind::IsADirectory];
    refused_as("write", result, &kinds)?;
    let entry = test.remote.stat(&dir).await?;
    ensure(entry.is_directory(), "the directory is gone")
}

pub(super) async fn of_many_creators_one_wins(test: Test) -> Outcome {
    if !test.capabilities().create_new.is_available() {
        return Ok(());
    }
    race(
        &test,
        &test.path("file")?,
        &WriteMode::CreateNew,
        ErrorKind::AlreadyExists,
    )
    .await
}

pub(super) async fn if_match_replaces_the_expected_content(test: Test) -> Outcome {
    let path = test.path("file")?;
    let old = test.write(&path, b"old").await?;
    let support = test.capabilities().if_match;
    let result = write(&test, &path, "new", WriteMode::IfMatch(tag(&old)?)).await;
    let Some(new) = as_supported("write", support, result)? else {
        return test.expect_content(&path, b"old").await;
    };
    same_entry("write and stat", &new, &test.remote.stat(&path).await?)?;
    test.expect_content(&path, b"new").await
}

pub(super) async fn if_match_refuses_other_content(test: Test) -> Outcome {
    if !test.capabilities().if_match.is_available() {
        return Ok(());
    }
    let path = test.path("file")?;
    let old = test.write(&path, b"old").await?;
    test.write(&path, b"newer").await?;
    let result = write(&test, &path, "late", WriteMode::IfMatch(tag(&old)?)).await;
    refused("write", result, ErrorKind::PreconditionFailed)?;
    test.expect_content(&path, b"newer").await
}

pub(super) async fn if_match_refuses_nothing_there(test: Test) -> Outcome {
    if !test.capabilities().if_match.is_available() {
        return Ok(());
    }
    let old = test.write(&test.path("file")?, b"old").await?;
    let missing = test.path("missing")?;
    let result = write(&test, &missing, "new", WriteMode::IfMatch(tag(&old)?)).await;
    refused("write", result, ErrorKind::PreconditionFailed)?;
    test.expect_missing(&missing).await
}

pub(super) async fn of_many_replacers_one_wins(test: Test) -> Outcome {
    if !test.capabilities().if_match.is_available() {
        return Ok(());
    }
    let path = test.path("file")?;
    let old = test.write(&path, b"old").await?;
    let mode = WriteMode::IfMatch(tag(&old)?);
    race(&test, &path, &mode, ErrorKind::PreconditionFailed).await
}

/// Several writers at once, of which exactly one must win and the others must be told why not.
async fn race(test: &Test, path: &RemotePath, mode: &WriteMode, loss: ErrorKind) -> Outcome {
    const WRITERS: usize = 8;
    let contents: Vec<_> = (0..WRITERS)
        .map(|number| format!("writer {number}"))
        .collect();
    let writes = contents
        .iter()
        .map(|content| write(test, path, content, mode.clone()));
    let mut winners = Vec::new();
    for (result, content) in join_all(writes).await.into_iter().zip(&contents) {
        match result {
            Ok(_) => winners.push(content),
            lost => drop(refused("the losing write", lost, loss)?),
        }
    }
    match winners.as_slice() {
        [winner] => test.expect_content(path, winner.as_bytes()).await,
        _ => Err(Failure::new(format!(
            "{} of {WRITERS} writers won",
            winners.len()
        ))),
    }
}

async fn write(test: &Test, path: &RemotePath, content: &str, mode: WriteMode) -> Result<Entry> {
    let options = WriteOptions::default().with_mode(mode);
    test.remote
        .write_bytes(path, content.to_owned(), options)
        .await
}

fn tag(entry: &Entry) -> Outcome<Tag> {
    let tag = entry.tag.clone();
    tag.ok_or_else(|| Failure::new("a written file has no tag"))
}
