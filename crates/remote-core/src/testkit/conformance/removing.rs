//! Removing.

use super::expect::{Outcome, Test, ensure, refused, same};
use crate::{error::ErrorKind, operation::RemoveOutcome, path::RemotePath};

pub(super) async fn removing_a_file_tells_whether_it_was_there(test: Test) -> Outcome {
    let path = test.path("file")?;
    test.write(&path, b"x").await?;
    same(
        "first",
        &test.remote.remove_file(&path).await?,
        &RemoveOutcome::Removed,
    )?;
    test.expect_missing(&path).await?;
    same(
        "second",
        &test.remote.remove_file(&path).await?,
        &RemoveOutcome::Missing,
    )?;
    let below = test.path("missing/below")?;
    same(
        "below nothing",
        &test.remote.remove_file(&below).await?,
        &RemoveOutcome::Missing,
    )
}

pub(super) async fn removing_a_file_spares_its_neighbours(test: Test) -> Outcome {
    let neighbours = ["file2", "fil", "other/file"];
    for name in neighbours {
        test.write(&test.path(name)?, name.as_bytes()).await?;
    }
    let path = test.path("file")?;
    test.write(&path, b"x").await?;
    test.remote.remove_file(&path).await?;
    for name in neighbours {
        test.expect_content(&test.path(name)?, name.as_bytes())
            .await?;
    }
    Ok(())
}

pub(super) async fn remove_file_spares_directories(test: Test) -> Outcome {
    let empty = test.path("empty")?;
    test.remote.create_dir(&empty).await?;
    let inner = test.path("full/inner")?;
    test.write(&inner, b"inner").await?;
    for dir in [empty.clone(), test.path("full")?, RemotePath::root()] {
        let result = test.remote.remove_file(&dir).await;
        refused("remove_file", result, ErrorKind::IsADirectory)?;
    }
    ensure(
        test.remote.stat(&empty).await?.is_directory(),
        "the directory is gone",
    )?;
    test.expect_content(&inner, b"inner").await
}

pub(super) async fn remove_dir_removes_empty_directories(test: Test) -> Outcome {
    let dir = test.path("dir")?;
    test.remote.create_dir(&dir).await?;
    same(
        "first",
        &test.remote.remove_dir(&dir).await?,
        &RemoveOutcome::Removed,
    )?;
    test.expect_missing(&dir).await?;
    same(
        "second",
        &test.remote.remove_dir(&dir).await?,
        &RemoveOutcome::Missing,
    )
}

pub(super) async fn remove_dir_spares_entries(test: Test) -> Outcome {
    let inner = test.path("dir/sub/inner")?;
    test.write(&inner, b"inner").await?;
    test.remote.create_dir(&test.path("other/sub")?).await?;
    for dir in ["dir", "dir/sub", "other"] {
        let result = test.remote.remove_dir(&test.path(dir)?).await;
        refused("remove_dir", result, ErrorKind::DirectoryNotEmpty)?;
    }
    test.expect_content(&inner, b"inner").await?;
    let sub = test.remote.stat(&test.path("other/sub")?).await?;
    ensure(sub.is_directory(), "the directory in it is gone")
}

pub(super) async fn remove_dir_spares_files(test: Test) -> Outcome {
    let path = test.path("file")?;
    test.write(&path, b"file").await?;
    let result = test.remote.remove_dir(&path).await;
    refused("remove_dir", result, ErrorKind::NotADirectory)?;
    test.expect_content(&path, b"file").await
}

pub(super) async fn remove_dir_spares_the_root(test: Test) -> Outcome {
    let result = test.remote.remove_dir(&RemotePath::root()).await;
    refused("remove_dir", result, ErrorKind::InvalidInput)?;
    ensure(
        test.remote.stat(&test.dir).await?.is_directory(),
        "everything is gone",
    )
}

pub(super) async fn remove_dir_all_removes_everything_below(test: Test) -> Outcome {
    let dir = test.path("dir")?;
    for below in ["dir/a", "dir/sub/b", "dir/sub/sub/c", "dir2/kept", "di"] {
        test.write(&test.path(below)?, below.as_bytes()).await?;
    }
    test.remote.create_dir(&test.path("dir/empty")?).await?;
    same(
        "first",
        &test.remote.remove_dir_all(&dir).await?,
        &RemoveOutcome::Removed,
    )?;
    test.expect_missing(&dir).await?;
    test.expect_missing(&test.path("dir/sub/sub/c")?).await?;
    for kept in ["dir2/kept", "di"] {
        test.expect_content(&test.path(kept)?, kept.as_bytes())
            .await?;
    }
    same(
        "second",
        &test.remote.remove_dir_all(&dir).await?,
        &RemoveOutcome::Missing,
    )
}

pub(super) async fn remove_dir_all_spares_files(test: Test) -> Outcome {
    let path = test.path("file")?;
    test.write(&path, b"file").await?;
    let result = test.remote.remove_dir_all(&path).await;
    refused("remove_dir_all", result, ErrorKind::NotADirectory)?;
    test.expect_content(&path, b"file").await
}
