//! Copying on the service.

use super::expect::{
    Outcome, Test, as_supported, refused, refused_as, same, same_entry, some_time,
};
use crate::{
    capabilities::Support,
    entry::Entry,
    error::{ErrorKind, Result},
    operation::{CopyOptions, TargetMode, WriteOptions},
};

pub(super) async fn a_file_can_be_copied(test: Test) -> Outcome {
    let options = WriteOptions::default().with_modified(some_time());
    let from = test.path("from")?;
    let original = test.write_with(&from, b"content", options).await?;
    let result = copy(&test, "from", "to", CopyOptions::default()).await;
    let to = test.path("to")?;
    let Some(copied) = as_supported("copy", test.capabilities().copy_file, result)? else {
        return test.expect_missing(&to).await;
    };
    same_entry("copy and stat", &copied, &test.remote.stat(&to).await?)?;
    same("path", &copied.path, &to)?;
    same("size", &copied.size, &original.size)?;
    same("hash", &copied.hash, &original.hash)?;
    if test.capabilities().time_precision.is_some() {
        same("time", &copied.modified, &original.modified)?;
    }
    test.expect_content(&to, b"content").await?;
    test.expect_content(&from, b"content").await
}

pub(super) async fn a_copy_can_have_another_time(test: Test) -> Outcome {
    test.write(&test.path("from")?, b"content").await?;
    let options = CopyOptions::default().with_modified(some_time());
    let result = copy(&test, "from", "to", options).await;
    let Some(copied) = as_supported("copy", test.capabilities().copy_file, result)? else {
        return Ok(());
    };
    match test.stored_time(some_time()) {
        Some(expected) => same("time", &copied.modified, &Some(expected)),
        None => Ok(()),
    }
}

pub(super) async fn a_directory_can_be_copied(test: Test) -> Outcome {
    for below in ["from/a", "from/sub/b"] {
        test.write(&test.path(below)?, below.as_bytes()).await?;
    }
    test.remote.create_dir(&test.path("from/empty")?).await?;
    let result = copy(&test, "from", "to", CopyOptions::default()).await;
    let to = test.path("to")?;
    let Some(copied) = as_supported("copy", test.capabilities().copy_dir, result)? else {
        return test.expect_missing(&to).await;
    };
    same("path", &copied.path, &to)?;
    for dir in ["from", "to"] {
        test.expect_content(&test.path(&format!("{dir}/a"))?, b"from/a")
            .await?;
        test.expect_content(&test.path(&format!("{dir}/sub/b"))?, b"from/sub/b")
            .await?;
        let all = test.list_recursive(&test.path(dir)?).await?;
        same("number of entries", &all.len(), &4)?;
    }
    Ok(())
}

pub(super) async fn a_copy_makes_the_directories_on_the_way(test: Test) -> Outcome {
    if !has(test.capabilities().copy_file) {
        return Ok(());
    }
    test.write(&test.path("from")?, b"content").await?;
    copy(&test, "from", "new/newer/to", CopyOptions::default()).await?;
    test.expect_content(&test.path("new/newer/to")?, b"content")
        .await
}

pub(super) async fn a_copy_does_not_replace_unless_told(test: Test) -> Outcome {
    if !has(test.capabilities().copy_file) {
        return Ok(());
    }
    test.write(&test.path("from")?, b"from").await?;
    test.write(&test.path("to")?, b"to").await?;
    let result = copy(&test, "from", "to", CopyOptions::default()).await;
    refused("copy", result, ErrorKind::AlreadyExists)?;
    test.expect_content(&test.path("to")?, b"to").await?;
    same("number of entries", &test.list(&test.dir).await?.len(), &2)
}

pub(super) async fn a_copy_replaces_a_file_when_told(test: Test) -> Outcome {
    if !has(test.capabilities().copy_file) {
        return Ok(());
    }
    test.write(&test.path("from")?, b"from").await?;
    test.write(&test.path("to")?, b"to, longer").await?;
    let result = copy(&test, "from", "to", replace()).await;
    let support = test.capabilities().replace_target;
    if as_supported("copy", support, result)?.is_none() {
        return test.expect_content(&test.path("to")?, b"to, longer").await;
    }
    test.expect_content(&test.path("to")?, b"from").await?;
    test.expect_content(&test.path("from")?, b"from").await?;
    same("number of entries", &test.list(&test.dir).await?.len(), &2)
}

pub(super) async fn a_copy_never_replaces_a_directory(test: Test) -> Outcome {
    if !has(test.capabilities().copy_file) {
        return Ok(());
    }
    test.write(&test.path("from")?, b"from").await?;
    test.write(&test.path("to/inner")?, b"inner").await?;
    for options in [CopyOptions::default(), replace()] {
        let kinds = [
            ErrorKind::AlreadyExists,
            ErrorKind::IsADirectory,
            ErrorKind::Unsupported,
        ];
        refused_as("copy", copy(&test, "from", "to", options).await, &kinds)?;
    }
    test.expect_content(&test.path("to/inner")?, b"inner")
        .await?;
    test.expect_content(&test.path("from")?, b"from").await
}

pub(super) async fn a_directory_cannot_be_copied_into_itself(test: Test) -> Outcome {
    if !has(test.capabilities().copy_dir) {
        return Ok(());
    }
    test.write(&test.path("dir/inner")?, b"inner").await?;
    for to in ["dir/copy", "dir/a/b"] {
        let result = copy(&test, "dir", to, CopyOptions::default()).await;
        refused("copy", result, ErrorKind::IntoSelf)?;
    }
    let all = test.list_recursive(&test.dir).await?;
    same("number of entries", &all.len(), &2)
}

pub(super) async fn a_copy_onto_itself_harms_nothing(test: Test) -> Outcome {
    if !has(test.capabilities().copy_file) {
        return Ok(());
    }
    let path = test.path("file")?;
    test.write(&path, b"content").await?;
    let result = copy(&test, "file", "file", CopyOptions::default()).await;
    refused("copy", result, ErrorKind::AlreadyExists)?;
    // Whether this is a success without effect or an error is left to the remote.
    drop(copy(&test, "file", "file", replace()).await);
    test.expect_content(&path, b"content").await
}

pub(super) async fn nothing_there_cannot_be_copied(test: Test) -> Outcome {
    if !has(test.capabilities().copy_file) {
        return Ok(());
    }
    for options in [CopyOptions::default(), replace()] {
        test.write(&test.path("to")?, b"to").await?;
        let result = copy(&test, "missing", "to", options).await;
        let kinds = [
            ErrorKind::NotFound,
            ErrorKind::AlreadyExists,
            ErrorKind::Unsupported,
        ];
        refused_as("copy", result, &kinds)?;
        test.expect_content(&test.path("to")?, b"to").await?;
    }
    let result = copy(&test, "missing", "new", CopyOptions::default()).await;
    refused("copy", result, ErrorKind::NotFound)?;
    test.expect_missing(&test.path("new")?).await
}

pub(super) async fn a_copy_below_a_file_is_refused(test: Test) -> Outcome {
    if !has(test.capabilities().copy_file) {
        return Ok(());
    }
    test.write(&test.path("from")?, b"from").await?;
    test.write(&test.path("file")?, b"file").await?;
    let result = copy(&test, "from", "file/to", CopyOptions::default()).await;
    refused("copy", result, ErrorKind::NotADirectory)?;
    test.expect_content(&test.path("file")?, b"file").await
}

async fn copy(test: &Test, from: &str, to: &str, options: CopyOptions) -> Result<Entry> {
    let (from, to) = (test.dir.join_str(from)?, test.dir.join_str(to)?);
    test.remote.copy(&from, &to, options).await
}

fn replace() -> CopyOptions {
    CopyOptions::default().with_target(TargetMode::Replace)
}

fn has(support: Support) -> bool {
    support.is_available()
}
