//! What [`MemoryRemote`] promises beyond the contract: room, clock, counted requests, changes and paths of any spelling and depth.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use remote_core::{
    capabilities::CaseRule,
    error::{ErrorKind, Result},
    memory::MemoryRemote,
    operation::{
        Change, ChangeCursor, CopyOptions, LinkOptions, ListOptions, RenameOptions, TargetMode,
        WriteOptions,
    },
    path::{MAX_PATH_BYTES, RemotePath},
    remote::{Remote, RemoteExt as _},
    secret::Secret,
    source::StreamSource,
};

fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).unwrap()
}

async fn write(remote: &MemoryRemote, at: &str, content: &str) -> Result<()> {
    let content = content.to_owned();
    remote
        .write_bytes(&path(at), content, WriteOptions::default())
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_full_remote_refuses_what_does_not_fit() -> Result<()> {
    let remote = MemoryRemote::builder().capacity_bytes(Some(10)).build();
    write(&remote, "a", "123456").await?;
    let error = write(&remote, "b", "12345").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
    let copied = remote
        .copy(&path("a"), &path("c"), CopyOptions::default())
        .await;
    assert_eq!(copied.unwrap_err().kind(), ErrorKind::QuotaExceeded);
    write(&remote, "a", "1234567890").await?;
    remote
        .rename(&path("a"), &path("d"), RenameOptions::default())
        .await?;
    let usage = remote.usage().await?;
    assert_eq!(
        (usage.total, usage.used, usage.free),
        (Some(10), Some(10), Some(0))
    );
    remote.remove_file(&path("d")).await?;
    assert_eq!(remote.usage().await?.used, Some(0));
    Ok(())
}

#[tokio::test]
async fn an_endless_source_ends_at_the_capacity() {
    let remote = MemoryRemote::builder().capacity_bytes(Some(1000)).build();
    let endless = stream::repeat_with(|| Ok(Bytes::from_static(b"more")));
    let source = Arc::new(StreamSource::once(endless, None));
    let result = remote
        .write(&path("a"), source, WriteOptions::default())
        .await;
    assert_eq!(result.unwrap_err().kind(), ErrorKind::QuotaExceeded);
    assert!(!remote.exists(&path("a")).await.unwrap());
}

#[tokio::test]
async fn used_bytes_follow_replaced_copies_and_renames() -> Result<()> {
    let remote = MemoryRemote::new();
    write(&remote, "dir/a", "123").await?;
    write(&remote, "dir/b", "12345").await?;
    remote
        .copy(&path("dir"), &path("copy"), CopyOptions::default())
        .await?;
    let replace = CopyOptions::default().with_target(TargetMode::Replace);
    remote
        .copy(&path("dir/a"), &path("copy/b"), replace)
        .await?;
    assert_eq!(remote.usage().await?.used, Some(3 + 5 + 3 + 3));
    let replace = RenameOptions::default().with_target(TargetMode::Replace);
    remote
        .rename(&path("dir/a"), &path("dir/b"), replace)
        .await?;
    assert_eq!(remote.usage().await?.used, Some(3 + 3 + 3));
    remote.remove_dir_all(&RemotePath::root()).await?;
    assert_eq!(remote.usage().await?.used, Some(0));
    assert!(remote.list_all(&RemotePath::root()).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn times_come_from_the_clock() -> Result<()> {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(77);
    let remote = MemoryRemote::builder().clock(move || now).build();
    write(&remote, "a", "x").await?;
    let entry = remote.stat(&path("a")).await?;
    assert_eq!((entry.modified, entry.created), (Some(now), Some(now)));
    Ok(())
}

#[tokio::test]
async fn each_call_counts_as_one_request() -> Result<()> {
    let remote = MemoryRemote::new();
    for number in 0..600 {
        write(&remote, &format!("dir/{number}"), "x").await?;
    }
    let entries: Vec<_> = remote
        .clone()
        .list_recursive(&RemotePath::root(), ListOptions::default())
        .try_collect()
        .await?;
    assert_eq!(entries.len(), 601);
    assert_eq!(remote.request_count(), 601);
    Ok(())
}

#[tokio::test]
async fn a_directory_that_vanishes_breaks_its_listing() -> Result<()> {
    let remote = MemoryRemote::new();
    for number in 0..600 {
        write(&remote, &format!("dir/{number}"), "x").await?;
    }
    let mut listing = remote.list(&path("dir"), ListOptions::default());
    listing.next().await.unwrap()?;
    remote.remove_dir_all(&path("dir")).await?;
    let last = listing.collect::<Vec<_>>().await.pop().unwrap();
    assert_eq!(last.unwrap_err().kind(), ErrorKind::NotFound);
    Ok(())
}

#[tokio::test]
async fn without_case_entries_have_the_stored_spelling_below_the_asked_directory() -> Result<()> {
    let remote = MemoryRemote::builder().case(CaseRule::Insensitive).build();
    write(&remote, "Dir/Sub/File", "x").await?;
    assert_eq!(
        remote.stat(&path("DIR/sub/FILE")).await?.path,
        path("DIR/sub/File")
    );
    let below = remote.list_recursive(&path("dIR"), ListOptions::default());
    let entries: Vec<_> = below.map_ok(|entry| entry.path).try_collect().await?;
    assert_eq!(entries, [path("dIR/Sub"), path("dIR/Sub/File")]);
    Ok(())
}

#[tokio::test]
async fn paths_stay_bounded_when_directories_move_deeper() -> Result<()> {
    let remote = MemoryRemote::new();
    let name = "d".repeat(255);
    let deep = format!("{name}/").repeat(MAX_PATH_BYTES / 256 - 1) + "x";
    write(&remote, &deep, "x").await?;
    let depth = remote
        .list_recursive(&RemotePath::root(), ListOptions::default())
        .count()
        .await;
    assert_eq!(depth, path(&deep).depth());
    let target = path(&"t/".repeat(300));
    let copied = remote
        .copy(&path(&name), &target, CopyOptions::default())
        .await;
    assert_eq!(copied.unwrap_err().kind(), ErrorKind::InvalidInput);
    let renamed = remote
        .rename(&path(&name), &target, RenameOptions::default())
        .await;
    assert_eq!(renamed.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert!(remote.exists(&path(&deep)).await?);
    Ok(())
}

#[tokio::test]
async fn links_can_end_but_have_no_password() -> Result<()> {
    let now = SystemTime::UNIX_EPOCH;
    let remote = MemoryRemote::builder().clock(move || now).build();
    write(&remote, "a", "x").await?;
    let hour = Duration::from_secs(3600);
    let options = LinkOptions::default().with_expires_in(hour);
    assert_eq!(
        remote.public_link(&path("a"), options).await?.expires,
        Some(now + hour)
    );
    let options = LinkOptions::default().with_password(Secret::new("hunter2"));
    let error = remote.public_link(&path("a"), options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    Ok(())
}

/// The changes up to the next checkpoint, in short, and the checkpoint.
async fn until_checkpoint(
    changes: &mut (impl futures::Stream<Item = Result<Change>> + Unpin),
) -> Result<(Vec<String>, ChangeCursor)> {
    let mut seen = Vec::new();
    loop {
        seen.push(match changes.next().await.unwrap()? {
            Change::Written(path, _) => format!("+{path}"),
            Change::Removed(path) => format!("-{path}"),
            Change::Renamed { from, to } => format!("{from}>{to}"),
            Change::Rescan(path) => format!("?{path}"),
            Change::Checkpoint(cursor) => return Ok((seen, cursor)),
            other => panic!("{other:?}"),
        });
    }
}

#[tokio::test]
async fn changes_are_told_in_order_and_from_a_cursor_on() -> Result<()> {
    let remote = MemoryRemote::new();
    write(&remote, "before", "x").await?;
    let mut changes = remote.changes(None);
    let (seen, start) = until_checkpoint(&mut changes).await?;
    assert!(seen.is_empty());

    write(&remote, "dir/a", "x").await?;
    remote
        .rename(&path("dir/a"), &path("b"), RenameOptions::default())
        .await?;
    remote.remove_file(&path("b")).await?;
    let expected = ["+dir", "+dir/a", "dir/a>b", "-b"];
    assert_eq!(until_checkpoint(&mut changes).await?.0, expected);
    let again = until_checkpoint(&mut remote.changes(Some(start))).await?;
    assert_eq!(again.0, expected);
    let later = until_checkpoint(&mut remote.changes(Some(again.1))).await?;
    assert!(later.0.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_waiting_follower_is_woken() -> Result<()> {
    let remote = MemoryRemote::new();
    let mut changes = remote.changes(None);
    until_checkpoint(&mut changes).await?;
    let follower = tokio::spawn(async move { until_checkpoint(&mut changes).await });
    tokio::task::yield_now().await;
    write(&remote, "a", "x").await?;
    assert_eq!(follower.await.unwrap()?.0, ["+a"]);
    Ok(())
}

#[tokio::test]
async fn a_foreign_cursor_is_refused() {
    for text in ["", "x", "99"] {
        let mut changes = MemoryRemote::new().changes(Some(ChangeCursor::new(text)));
        let error = changes.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(changes.next().await.is_none());
    }
}

#[test]
fn remotes_are_what_users_rely_on() {
    fn is_usable<T: Clone + Send + Sync + 'static>(_: &T) {}
    let remote = MemoryRemote::new();
    is_usable(&remote);
    let dynamic: Arc<dyn Remote> = Arc::new(remote);
    assert_eq!(dynamic.request_count(), 0);
}
