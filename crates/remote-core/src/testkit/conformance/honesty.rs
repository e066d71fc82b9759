//! Whether entries, capabilities and errors tell the truth.

use std::time::Duration;

use futures::StreamExt as _;

use super::expect::{
    Failure, Outcome, Test, as_supported, ensure, expected_hash, refused, same, some_time,
};
use crate::{
    entry::{Entry, Tag},
    error::{Error, ErrorKind},
    operation::{Change, LinkOptions, ReadOptions, WriteOptions},
    path::RemotePath,
};

pub(super) async fn tags_stand_for_the_content(test: Test) -> Outcome {
    let path = test.path("file")?;
    let mut seen: Vec<Option<Tag>> = Vec::new();
    for content in ["first", "other", "third, longer"] {
        let written = test.write(&path, content.as_bytes()).await?;
        ensure(written.tag.is_some(), "a written file has no tag")?;
        ensure(
            !seen.contains(&written.tag),
            "another content has the same tag",
        )?;
        same(
            "tag of a look",
            &test.remote.stat(&path).await?.tag,
            &written.tag,
        )?;
        let tags = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.tag).collect();
        let listed: Vec<_> = tags(test.list(&test.dir).await?);
        same("tag of a listing", &listed, &vec![written.tag.clone()])?;
        let listed: Vec<_> = tags(test.list_recursive(&test.dir).await?);
        same(
            "tag of a recursive listing",
            &listed,
            &vec![written.tag.clone()],
        )?;
        let text = written.tag.as_ref().map(ToString::to_string);
        same(
            "tag from its text",
            &text.and_then(|text| text.parse().ok()),
            &written.tag,
        )?;
        seen.push(written.tag);
    }
    Ok(())
}

pub(super) async fn hashes_are_those_of_the_content(test: Test) -> Outcome {
    for (name, content) in [("empty", ""), ("file", "some content")] {
        let path = test.path(name)?;
        test.write(&path, content.as_bytes()).await?;
        let hash = expected_hash(test.capabilities(), content.as_bytes());
        same(
            "hash of a look",
            &test.remote.stat(&path).await?.hash,
            &hash,
        )?;
    }
    Ok(())
}

pub(super) async fn entries_have_what_capabilities_promise(test: Test) -> Outcome {
    let options = WriteOptions::default().with_modified(some_time());
    let path = test.path("dir/file")?;
    test.write_with(&path, b"content", options).await?;
    for entry in test.list_recursive(&test.dir).await? {
        if entry.is_directory() {
            let promised = test.capabilities().directory_times;
            ensure(
                entry.modified.is_some() || !promised,
                "a directory has no time",
            )?;
            continue;
        }
        same("size", &entry.size, &Some(7))?;
        same(
            "hash",
            &entry.hash,
            &expected_hash(test.capabilities(), b"content"),
        )?;
        if let Some(time) = test.stored_time(some_time()) {
            same("time", &entry.modified, &Some(time))?;
        }
    }
    Ok(())
}

pub(super) async fn usage_is_plausible(test: Test) -> Outcome {
    test.write(&test.path("file")?, b"content").await?;
    let result = test.remote.usage().await;
    let Some(usage) = as_supported("usage", test.capabilities().usage, result)? else {
        return Ok(());
    };
    ensure(
        usage.total.is_some() || usage.used.is_some() || usage.free.is_some(),
        "usage tells nothing",
    )?;
    let total = usage.total.unwrap_or(u64::MAX);
    for part in [usage.used, usage.free, usage.trashed] {
        ensure(
            part.unwrap_or(0) <= total,
            format!("more than the whole: {usage:?}"),
        )?;
    }
    ensure(
        usage.used != Some(0),
        "nothing is used although a file is there",
    )
}

pub(super) async fn public_links_lead_somewhere(test: Test) -> Outcome {
    let path = test.path("file")?;
    test.write(&path, b"content").await?;
    let support = test.capabilities().public_link;
    let result = test.remote.public_link(&path, LinkOptions::default()).await;
    let Some(link) = as_supported("public_link", support, result)? else {
        return Ok(());
    };
    ensure(
        link.url.contains(':'),
        format!("not an address: {}", link.url),
    )?;
    let again = test
        .remote
        .public_link(&path, LinkOptions::default())
        .await?;
    same("link made again", &again.url, &link.url)?;
    let missing = test.path("missing")?;
    let result = test
        .remote
        .public_link(&missing, LinkOptions::default())
        .await;
    refused("public_link", result, ErrorKind::NotFound)?;
    Ok(())
}

pub(super) async fn a_trash_can_be_emptied_where_there_is_one(test: Test) -> Outcome {
    let support = test.capabilities().empty_trash;
    if support.is_available() && !test.settings.may_empty_trash {
        return Ok(());
    }
    let path = test.path("kept")?;
    test.write(&path, b"kept").await?;
    as_supported("empty_trash", support, test.remote.empty_trash().await)?;
    test.expect_content(&path, b"kept").await
}

pub(super) async fn changes_are_told_where_they_can_be_followed(test: Test) -> Outcome {
    let path = test.path("file")?;
    if !test.capabilities().changes.is_available() {
        let first = test.remote.changes(None).next().await;
        let first = first.ok_or_else(|| Failure::new("changes ended without an error"))?;
        refused("changes", first, ErrorKind::Unsupported)?;
        return Ok(());
    }
    let mut changes = test.remote.changes(None);
    // What is written before the stream is connected to the service need not be told, so writes go on until it is.
    let told = async {
        loop {
            match changes.next().await {
                Some(Ok(change)) if concerns(&change, &path) => return Ok(()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err(Failure::new("changes ended")),
            }
        }
    };
    let writing = async {
        for number in 0.. {
            let content = format!("change {number}");
            test.write(&path, content.as_bytes()).await?;
            tokio::time::sleep(WRITE_PAUSE).await;
        }
        Ok(())
    };
    let either = futures::future::select(Box::pin(told), Box::pin(writing));
    match tokio::time::timeout(CHANGE_DEADLINE, either).await {
        Ok(outcome) => outcome.factor_first().0,
        Err(_elapsed) => Err(Failure::new("no change was told in time")),
    }
}

/// How long a service may take to tell of a change.
const CHANGE_DEADLINE: Duration = Duration::from_secs(30);
const WRITE_PAUSE: Duration = Duration::from_millis(100);

fn concerns(change: &Change, path: &RemotePath) -> bool {
    match change {
        Change::Written(written, _) => written == path,
        Change::Rescan(dir) => path.starts_with(dir),
        Change::Removed(_) | Change::Renamed { .. } | Change::Checkpoint(_) => false,
    }
}

pub(super) async fn errors_name_the_operation_and_path(test: Test) -> Outcome {
    let path = test.path("missing")?;
    let stat = test.remote.stat(&path).await;
    let stat = refused("stat", stat, ErrorKind::NotFound)?;
    named(&stat, "stat", &path)?;
    let read = test.remote.read(&path, ReadOptions::default()).await;
    named(&refused("read", read, ErrorKind::NotFound)?, "read", &path)?;
    let list = refused("list", test.list(&path).await, ErrorKind::NotFound)?;
    named(&list, "list", &path)
}

fn named(error: &Error, operation: &str, path: &RemotePath) -> Outcome {
    same(
        "operation of the error",
        &error.operation(),
        &Some(operation),
    )?;
    same("path of the error", &error.path(), &Some(path))
}
