//! Renaming on the service.

use super::expect::{
    Outcome, Test, as_supported, refused, refused_as, same, same_entry, some_time,
};
use crate::{
    entry::Entry,
    error::{ErrorKind, Result},
    operation::{RenameOptions, TargetMode, WriteOptions},
};

pub(super) async fn a_renamed_file_keeps_what_it_is(test: Test) -> Outcome {
    let options = WriteOptions::default().with_modified(some_time());
    let (from, to) = (test.path("from")?, test.path("to")?);
    let before = test.write_with(&from, b"content", options).await?;
    let result = rename(&test, "from", "to", RenameOptions::default()).await;
    let Some(after) = as_supported("rename", test.capabilities().rename_file, result)? else {
        test.expect_missing(&to).await?;
        return test.expect_content(&from, b"content").await;
    };
    same_entry("rename and stat", &after, &test.remote.stat(&to).await?)?;
    let mut expected = before;
    expected.path = to.clone();
    if !keeps_times(&test) {
        expected.modified = after.modified;
    }
    same_entry("after and before", &after, &expected)?;
    test.expect_content(&to, b"content").await?;
    test.expect_missing(&from).await
}

pub(super) async fn a_renamed_directory_keeps_its_entries(test: Test) -> Outcome {
    for below in ["from/a", "from/sub/b", "from2"] {
        test.write(&test.path(below)?, below.as_bytes()).await?;
    }
    let result = rename(&test, "from", "to", RenameOptions::default()).await;
    if as_supported("rename", test.capabilities().rename_dir, result)?.is_none() {
        return test.expect_content(&test.path("from/a")?, b"from/a").await;
    }
    test.expect_missing(&test.path("from")?).await?;
    test.expect_content(&test.path("to/a")?, b"from/a").await?;
    test.expect_content(&test.path("to/sub/b")?, b"from/sub/b")
        .await?;
    test.expect_content(&test.path("from2")?, b"from2").await?;
    same(
        "number of entries",
        &test.list_recursive(&test.dir).await?.len(),
        &5,
    )
}

pub(super) async fn a_rename_makes_the_directories_on_the_way(test: Test) -> Outcome {
    if !has_files(&test) {
        return Ok(());
    }
    test.write(&test.path("dir/from")?, b"content").await?;
    rename(&test, "dir/from", "new/newer/to", RenameOptions::default()).await?;
    test.expect_content(&test.path("new/newer/to")?, b"content")
        .await?;
    test.expect_missing(&test.path("dir/from")?).await
}

pub(super) async fn a_rename_does_not_replace_unless_told(test: Test) -> Outcome {
    if !has_files(&test) {
        return Ok(());
    }
    test.write(&test.path("from")?, b"from").await?;
    test.write(&test.path("to")?, b"to").await?;
    let result = rename(&test, "from", "to", RenameOptions::default()).await;
    refused("rename", result, ErrorKind::AlreadyExists)?;
    test.expect_content(&test.path("from")?, b"from").await?;
    test.expect_content(&test.path("to")?, b"to").await?;
    same("number of entries", &test.list(&test.dir).await?.len(), &2)
}

pub(super) async fn a_rename_replaces_a_file_when_told(test: Test) -> Outcome {
    if !has_files(&test) {
        return Ok(());
    }
    test.write(&test.path("from")?, b"from").await?;
    test.write(&test.path("to")?, b"to, longer").await?;
    let result = rename(&test, "from", "to", replace()).await;
    let support = test.capabilities().replace_target;
    if as_supported("rename", support, result)?.is_none() {
        return test.expect_content(&test.path("to")?, b"to, longer").await;
    }
    test.expect_content(&test.path("to")?, b"from").await?;
    test.expect_missing(&test.path("from")?).await?;
    same("number of entries", &test.list(&test.dir).await?.len(), &1)
}

pub(super) async fn a_rename_never_replaces_a_directory(test: Test) -> Outcome {
    if !has_files(&test) {
        return Ok(());
    }
    test.write(&test.path("from")?, b"from").await?;
    test.write(&test.path("to/inner")?, b"inner").await?;
    for options in [RenameOptions::default(), replace()] {
        let kinds = [
            ErrorKind::AlreadyExists,
            ErrorKind::IsADirectory,
            ErrorKind::Unsupported,
        ];
        refused_as("rename", rename(&test, "from", "to", options).await, &kinds)?;
    }
    test.expect_content(&test.path("to/inner")?, b"inner")
        .await?;
    test.expect_content(&test.path("from")?, b"from").await
}

pub(super) async fn a_directory_cannot_be_renamed_into_itself(test: Test) -> Outcome {
    if !test.capabilities().rename_dir.is_available() {
        return Ok(());
    }
    test.write(&test.path("dir/inner")?, b"inner").await?;
    for to in ["dir/new", "dir/a/b"] {
        let result = rename(&test, "dir", to, RenameOptions::default()).await;
        refused("rename", result, ErrorKind::IntoSelf)?;
    }
    test.expect_content(&test.path("dir/inner")?, b"inner")
        .await
}

pub(super) async fn a_rename_onto_itself_harms_nothing(test: Test) -> Outcome {
    if !has_files(&test) {
        return Ok(());
    }
    test.write(&test.path("dir/file")?, b"content").await?;
    // Whether this is a success without effect or an error is left to the remote.
    for options in [RenameOptions::default(), replace()] {
        drop(rename(&test, "dir/file", "dir/file", options.clone()).await);
        drop(rename(&test, "dir", "dir", options).await);
        test.expect_content(&test.path("dir/file")?, b"content")
            .await?;
    }
    Ok(())
}

pub(super) async fn nothing_there_cannot_be_renamed(test: Test) -> Outcome {
    if !has_files(&test) {
        return Ok(());
    }
    let result = rename(&test, "missing", "new", RenameOptions::default()).await;
    refused("rename", result, ErrorKind::NotFound)?;
    test.expect_missing(&test.path("new")?).await?;
    test.write(&test.path("to")?, b"to").await?;
    for options in [RenameOptions::default(), replace()] {
        let result = rename(&test, "missing", "to", options).await;
        let kinds = [
            ErrorKind::NotFound,
            ErrorKind::AlreadyExists,
            ErrorKind::Unsupported,
        ];
        refused_as("rename", result, &kinds)?;
        test.expect_content(&test.path("to")?, b"to").await?;
    }
    Ok(())
}

pub(super) async fn upper_and_lower_case_can_be_changed(test: Test) -> Outcome {
    if !has_files(&test) {
        return Ok(());
    }
    let options = WriteOptions::default().with_modified(some_time());
    let before = test
        .write_with(&test.path("Name.txt")?, b"content", options)
        .await?;
    let after = rename(&test, "Name.txt", "nAME.txt", RenameOptions::default()).await?;
    same("hash", &after.hash, &before.hash)?;
    if keeps_times(&test) {
        same("time", &after.modified, &before.modified)?;
    }
    let entries = test.list(&test.dir).await?;
    let paths: Vec<_> = entries.into_iter().map(|entry| entry.path).collect();
    let path = test.path("nAME.txt")?;
    same("entries", &paths, &vec![path.clone()])?;
    test.expect_content(&path, b"content").await
}

pub(super) async fn upper_and_lower_case_of_a_directory_can_be_changed(test: Test) -> Outcome {
    if !test.capabilities().rename_dir.is_available() {
        return Ok(());
    }
    test.write(&test.path("Dir/file")?, b"content").await?;
    rename(&test, "Dir", "dIR", RenameOptions::default()).await?;
    let entries = test.list_recursive(&test.dir).await?;
    let paths: Vec<_> = entries.into_iter().map(|entry| entry.path).collect();
    same(
        "entries",
        &paths,
        &vec![test.path("dIR")?, test.path("dIR/file")?],
    )?;
    test.expect_content(&test.path("dIR/file")?, b"content")
        .await
}

async fn rename(test: &Test, from: &str, to: &str, options: RenameOptions) -> Result<Entry> {
    let (from, to) = (test.dir.join_str(from)?, test.dir.join_str(to)?);
    test.remote.rename(&from, &to, options).await
}

fn replace() -> RenameOptions {
    RenameOptions::default().with_target(TargetMode::Replace)
}

/// A service that assigns times by itself may count a rename as a modification.
fn keeps_times(test: &Test) -> bool {
    test.capabilities().time_precision.is_some()
}

fn has_files(test: &Test) -> bool {
    test.capabilities().rename_file.is_available()
}
