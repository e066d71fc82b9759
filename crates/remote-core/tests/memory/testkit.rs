//! The remotes that record and fail on request, and that the conformance suite finds what is wrong.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use remote_core::{
    entry::Entry,
    error::{Effect, ErrorKind, Result},
    memory::MemoryRemote,
    operation::{ListOptions, ReadOptions, RenameOptions, WriteOptions},
    path::RemotePath,
    remote::{Remote, RemoteExt as _},
    testkit::{
        Fault, FaultyRemote, RecordingRemote,
        conformance::{self, Settings},
    },
};

fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).unwrap()
}

async fn faulty() -> Result<FaultyRemote> {
    let memory = MemoryRemote::new();
    for name in ["a", "b", "c"] {
        let content = "0123456789";
        memory
            .write_bytes(&path(name), content, WriteOptions::default())
            .await?;
    }
    Ok(FaultyRemote::new(Arc::new(memory)))
}

async fn listed(remote: &dyn Remote) -> Vec<Result<Entry>> {
    let listing = remote.list(&RemotePath::root(), ListOptions::default());
    listing.collect().await
}

#[tokio::test]
async fn calls_are_recorded_in_order() -> Result<()> {
    let remote = RecordingRemote::new(Arc::new(faulty().await?));
    remote.stat(&path("a")).await?;
    remote
        .rename(&path("a"), &path("dir/d"), RenameOptions::default())
        .await?;
    drop(remote.list(&path("x"), ListOptions::default()));
    listed(&remote).await;
    let calls: Vec<_> = remote.calls().iter().map(ToString::to_string).collect();
    assert_eq!(calls, ["stat a", "rename a -> dir/d", "list"]);
    assert_eq!(remote.count("stat"), 1);
    assert_eq!(remote.take_calls().len(), 3);
    assert!(remote.calls().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_fault_before_has_no_effect_and_one_after_has() -> Result<()> {
    let remote = faulty().await?;
    remote.order(Fault::before(ErrorKind::Service).on("remove_file").times(1));
    remote.order(
        Fault::after(ErrorKind::Transport)
            .on("remove_file")
            .times(1),
    );
    let error = remote.remove_file(&path("a")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Service, Effect::NotMade)
    );
    assert!(remote.exists(&path("a")).await?);
    let error = remote.remove_file(&path("a")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Transport, Effect::Unknown)
    );
    assert!(!remote.exists(&path("a")).await?);
    Ok(())
}

#[tokio::test]
async fn a_fault_picks_its_calls() -> Result<()> {
    let remote = faulty().await?;
    let fault = Fault::before(ErrorKind::Timeout).when(|call| call.path == path("b"));
    remote.order(fault.skip(1).times(1));
    let mut outcomes = Vec::new();
    for name in ["b", "a", "b", "b"] {
        outcomes.push(remote.stat(&path(name)).await.is_ok());
    }
    assert_eq!(outcomes, [true, true, false, true]);
    remote.order(Fault::before(ErrorKind::Timeout));
    remote.repair();
    remote.stat(&path("b")).await?;
    Ok(())
}

#[tokio::test]
async fn a_listing_breaks_where_it_is_told_to() -> Result<()> {
    let remote = faulty().await?;
    for count in [0, 2] {
        remote.order(Fault::break_listing(count, ErrorKind::Transport).times(1));
        let items = listed(&remote).await;
        assert_eq!(items.len(), count + 1);
        assert!(items.last().unwrap().is_err());
    }
    assert_eq!(listed(&remote).await.len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_body_is_cut_or_corrupted_where_it_is_told_to() -> Result<()> {
    let remote = faulty().await?;
    remote.order(Fault::cut_download(4, ErrorKind::Transport).times(1));
    let body = remote
        .read(&path("a"), ReadOptions::default())
        .await?
        .into_stream();
    let pieces: Vec<_> = body.collect().await;
    assert_eq!(pieces.first().unwrap().as_ref().unwrap(), "0123");
    assert_eq!(
        pieces.last().unwrap().as_ref().unwrap_err().kind(),
        ErrorKind::Transport
    );

    remote.order(Fault::corrupt_byte(9).times(1));
    let error = remote.read_bytes(&path("a"), 10).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted);

    remote.order(Fault::corrupt_byte(1).times(1));
    let options = ReadOptions::default().with_range(0..3);
    let part = remote.read(&path("a"), options).await?;
    let part: Vec<_> = part.try_collect().await?;
    assert_eq!(part.concat(), [b'0', !b'1', b'2']);
    Ok(())
}

/// The names of the checks that a remote with this fault does not pass.
async fn failing(fault: impl Fn() -> Fault + Send + Sync) -> Vec<&'static str> {
    let new_remote = || async {
        let remote = FaultyRemote::new(Arc::new(MemoryRemote::new()));
        remote.order(fault());
        Ok(Arc::new(remote) as Arc<dyn Remote>)
    };
    let result = conformance::run(new_remote, &Settings::default()).await;
    let failures = result.unwrap_err();
    failures.iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn the_suite_finds_operations_that_fail() {
    let failing = failing(|| Fault::before(ErrorKind::Unsupported).on("rename")).await;
    assert!(failing.contains(&"a_renamed_file_keeps_what_it_is"));
    assert!(!failing.contains(&"a_file_can_be_copied"));
}

#[tokio::test]
async fn the_suite_finds_wrong_bytes_and_short_listings() {
    let failing_bytes = failing(|| Fault::corrupt_byte(200_000)).await;
    assert!(failing_bytes.contains(&"contents_of_all_sizes_come_back"));
    let failing_lists = failing(|| Fault::break_listing(250, ErrorKind::Transport)).await;
    assert!(failing_lists.contains(&"listings_of_many_entries_are_complete"));
}

#[tokio::test]
async fn an_unreachable_remote_passes_nothing() {
    let failing = failing(|| Fault::before(ErrorKind::Transport)).await;
    assert_eq!(failing.len(), conformance::checks().len());
}

#[tokio::test]
async fn checks_can_be_left_out() {
    let settings = Settings::default().with_skip(vec!["the_root_is_a_directory"]);
    let new_remote = || async { Ok(Arc::new(MemoryRemote::new()) as Arc<dyn Remote>) };
    let passed = conformance::run(new_remote, &settings).await.unwrap();
    assert_eq!(passed.len(), conformance::checks().len() - 1);
}
