//! Reading with faults.
//!
//! Cases:
//!
//! * a body that is cut at any of several places, once or several times in a row: read on from the next missing byte, also in the middle of a
//!   range, and never more than the missing bytes are asked for;
//! * a file that is changed, or removed, between the two parts: an error, and never a mixture;
//! * a length that is too long or too short, a byte that is wrong, a hash or size of the file that is wrong;
//! * no description of the file with the content; no hash at all; a range that is ignored;
//! * an empty file with ranges, ranges behind the end;
//! * a body that stands still, and one that comes in drops;
//! * a connection that is lost before the answer, a 500 before it;
//! * what progress is told when a body is resumed.
//!
//! Not simulated: a byte that is wrong in a part whose hash cannot be known.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use futures::StreamExt as _;
use koofr_api::KoofrRemote;
use remote_core::{
    error::{ErrorKind, Result},
    operation::{ReadOptions, WriteOptions},
    progress::Progress,
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::{
    fault::{Fault, FaultAction},
    koofr::{KoofrConfig, MountConfig},
};
use tests::{
    koofr::{Bench, path},
    patience::remote_by,
    raw::{MOUNT, RawServer, json},
};

const SIZE: usize = 300_000;

fn content() -> Bytes {
    (0..SIZE)
        .map(|index| u8::try_from(index % 251).unwrap())
        .collect::<Vec<_>>()
        .into()
}

async fn bench() -> (Bench, KoofrRemote) {
    let bench = Bench::start().await;
    bench.service().write("primary", "/f", content()).unwrap();
    let remote = remote_by(bench.service().url(), bench.service());
    remote.mount_id().await.unwrap();
    bench.service().log().clear();
    (bench, remote)
}

fn order(bench: &Bench, action: FaultAction) {
    let fault = Fault::new(action).on("files/get");
    bench.service().faults().push(fault);
}

async fn read(remote: &KoofrRemote) -> Result<Bytes> {
    remote.read_bytes(&path("f"), u64::MAX).await
}

/// The `Range` headers of all downloads.
fn ranges(bench: &Bench) -> Vec<Option<String>> {
    let requests = bench.service().requests();
    requests
        .iter()
        .filter(|request| request.endpoint == "files/get")
        .map(|request| request.header("range").map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_cut_body_goes_on_with_the_next_missing_byte() {
    for after in [0, 1, 1000, 65_536, 299_999] {
        let (bench, remote) = bench().await;
        order(&bench, FaultAction::CutResponse { after });
        assert_eq!(read(&remote).await.unwrap(), content(), "cut at {after}");
        let rest = format!("bytes={after}-299999");
        assert_eq!(ranges(&bench), [None, Some(rest)], "cut at {after}");
    }
}

#[tokio::test]
async fn a_body_that_is_cut_again_and_again_arrives_in_the_end() {
    let (bench, remote) = bench().await;
    for _ in 0..20 {
        order(&bench, FaultAction::CutResponse { after: 10_000 });
    }
    assert_eq!(read(&remote).await.unwrap(), content());
    let ranges = ranges(&bench);
    assert_eq!(ranges.len(), 21);
    assert_eq!(ranges[20].as_deref(), Some("bytes=200000-299999"));
}

#[tokio::test]
async fn a_body_that_brings_nothing_any_more_ends() {
    let (bench, remote) = bench().await;
    order(&bench, FaultAction::CutResponse { after: 10 });
    let fault = Fault::new(FaultAction::CutResponse { after: 0 }).on("files/get");
    bench.service().faults().push(fault.always());
    let error = read(&remote).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.path(), Some(&path("f")));
    assert!(ranges(&bench).len() < 20);
}

#[tokio::test]
async fn a_cut_range_goes_on_inside_itself() {
    let (bench, remote) = bench().await;
    order(&bench, FaultAction::CutResponse { after: 100 });
    let options = ReadOptions::default().with_range(1000..2000);
    let download = remote.read(&path("f"), options).await.unwrap();
    assert_eq!(
        download.bytes(2000).await.unwrap(),
        content().slice(1000..2000)
    );
    let asked = ["bytes=1000-1999", "bytes=1100-1999"].map(|range| Some(range.to_owned()));
    assert_eq!(ranges(&bench), asked);
}

#[tokio::test]
async fn a_file_that_changed_in_between_is_not_mixed() {
    let (bench, remote) = bench().await;
    order(&bench, FaultAction::CutResponse { after: 100_000 });
    let mut download = remote
        .read(&path("f"), ReadOptions::default())
        .await
        .unwrap();
    let first = download.next().await.unwrap().unwrap();
    let other = vec![0_u8; SIZE];
    bench.service().write("primary", "/f", other).unwrap();
    let mut got = first.len();
    let error = loop {
        match download.next().await.unwrap() {
            Ok(piece) => got += piece.len(),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    assert_eq!(got, 100_000);
    assert!(download.next().await.is_none());
}

#[tokio::test]
async fn a_file_that_is_gone_in_between_is_not_found() {
    let (bench, remote) = bench().await;
    order(&bench, FaultAction::CutResponse { after: 100_000 });
    let download = remote
        .read(&path("f"), ReadOptions::default())
        .await
        .unwrap();
    bench.remote().remove_file(&path("f")).await.unwrap();
    let error = download.bytes(u64::MAX).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn wrong_lengths_never_give_a_wrong_file() {
    for delta in [-1, -100_000] {
        let (bench, remote) = bench().await;
        order(&bench, FaultAction::ContentLength { delta });
        match read(&remote).await {
            Ok(got) => assert_eq!(got, content(), "{delta}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupted, "{delta}"),
        }
    }
    let (bench, remote) = bench().await;
    order(&bench, FaultAction::ContentLength { delta: 5 });
    assert_eq!(read(&remote).await.unwrap(), content());
}

#[tokio::test]
async fn a_wrong_byte_is_noticed_and_not_delivered_as_complete() {
    for at in [0, 150_000, 299_999] {
        let (bench, remote) = bench().await;
        order(&bench, FaultAction::CorruptBody { at });
        let mut download = remote
            .read(&path("f"), ReadOptions::default())
            .await
            .unwrap();
        let mut got = 0;
        let error = loop {
            match download.next().await.unwrap() {
                Ok(piece) => got += piece.len(),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Corrupted, "byte {at}");
        assert!(got < SIZE, "byte {at}");
    }
}

#[tokio::test]
async fn a_wrong_description_of_the_file_is_noticed() {
    for action in [
        FaultAction::WrongHash,
        FaultAction::WrongSize { delta: 1 },
        FaultAction::WrongSize { delta: -1 },
    ] {
        let (bench, remote) = bench().await;
        order(&bench, action.clone());
        let error = read(&remote).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupted, "{action:?}");
    }
}

#[tokio::test]
async fn without_a_description_the_file_is_looked_at() {
    let (bench, remote) = bench().await;
    order(&bench, FaultAction::OmitFileInfo);
    let download = remote
        .read(&path("f"), ReadOptions::default())
        .await
        .unwrap();
    assert_eq!(download.entry().size, Some(SIZE as u64));
    assert!(download.entry().hash.is_some() && download.is_whole());
    assert_eq!(download.bytes(u64::MAX).await.unwrap(), content());
    assert_eq!(bench.requests(), 2);
}

#[tokio::test]
async fn without_hashes_a_cut_body_goes_on_by_size_and_time() {
    let primary = MountConfig::new("Dropbox").without_hashes();
    let bench = Bench::with(KoofrConfig::default().primary(primary)).await;
    let remote = bench.remote();
    remote
        .write_bytes(&path("f"), content(), WriteOptions::default())
        .await
        .unwrap();
    order(&bench, FaultAction::CutResponse { after: 7 });
    assert_eq!(read(&remote).await.unwrap(), content());

    // Another file of the same size is told by its time.
    order(&bench, FaultAction::CutResponse { after: 100_000 });
    let download = remote
        .read(&path("f"), ReadOptions::default())
        .await
        .unwrap();
    bench
        .service()
        .clock()
        .advance(std::time::Duration::from_secs(5));
    bench
        .service()
        .write("primary", "/f", vec![0_u8; SIZE])
        .unwrap();
    let error = download.bytes(u64::MAX).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
}

#[tokio::test]
async fn a_range_that_is_ignored_is_cut_out() {
    let (bench, remote) = bench().await;
    order(&bench, FaultAction::IgnoreRange);
    let options = ReadOptions::default().with_range(100_000..100_010);
    let download = remote.read(&path("f"), options).await.unwrap();
    assert_eq!(download.range(), 100_000..100_010);
    assert_eq!(
        download.bytes(10).await.unwrap(),
        content().slice(100_000..100_010)
    );

    // The same in the middle of a body that is resumed.
    order(&bench, FaultAction::CutResponse { after: 50_000 });
    order(&bench, FaultAction::IgnoreRange);
    assert_eq!(read(&remote).await.unwrap(), content());
}

#[tokio::test]
async fn an_empty_file_has_one_empty_range() {
    let (bench, remote) = bench().await;
    bench.service().write("primary", "/empty", "").unwrap();
    let part = |range| {
        let options = ReadOptions::default().with_range(range);
        let remote = remote.clone();
        async move {
            let download = remote.read(&path("empty"), options).await?;
            download.bytes(10).await
        }
    };
    assert_eq!(part(0..10).await.unwrap(), "");
    assert_eq!(part(0..0).await.unwrap(), "");
    assert_eq!(remote.read_bytes(&path("empty"), 0).await.unwrap(), "");
    assert_eq!(
        part(1..10).await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}

#[tokio::test]
async fn ranges_behind_the_end_are_cut_off_or_refused() {
    let (_bench, remote) = bench().await;
    let read = |range| {
        let options = ReadOptions::default().with_range(range);
        let remote = remote.clone();
        async move { remote.read(&path("f"), options).await }
    };
    let tail = read(299_990..u64::MAX).await.unwrap();
    assert_eq!(tail.range(), 299_990..300_000);
    assert_eq!(
        tail.bytes(10).await.unwrap(),
        content().slice(299_990..300_000)
    );
    for range in [300_000..300_001, 400_000..u64::MAX, u64::MAX - 1..u64::MAX] {
        let error = read(range).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}

#[tokio::test]
async fn a_body_that_stands_still_is_a_timeout_unless_the_rest_comes_by_another_request() {
    let (bench, remote) = bench().await;
    order(&bench, FaultAction::StallBody { after: 1000 });
    assert_eq!(read(&remote).await.unwrap(), content());
    let stalling = Fault::new(FaultAction::StallBody { after: 0 }).on("files/get");
    bench.service().faults().push(stalling.always());
    let error = read(&remote).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn a_body_in_drops_takes_longer_than_every_limit_and_arrives() {
    const DROPS: usize = 15;
    let info = r#"{"name":"f","type":"file","modified":1,"size":15,"contentType":"","hash":""}"#;
    let server = RawServer::start(move |_, mut connection| async move {
        let head = connection.head().await.unwrap_or_default();
        if !head.contains("/files/get") {
            connection.send(json(MOUNT)).await;
            connection.finish().await;
            return;
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {DROPS}\r\nx-file-info: {info}\r\nconnection: close\r\n\r\n"
        );
        connection.send(head).await;
        for _ in 0..DROPS {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            connection.send("x").await;
        }
        connection.finish().await;
    })
    .await;
    let remote = tests::patience::remote_of(&server.url());
    assert_eq!(read(&remote).await.unwrap(), "x".repeat(DROPS));
}

#[tokio::test]
async fn what_is_lost_before_the_answer_is_asked_for_again() {
    for action in [
        FaultAction::Close,
        FaultAction::status(500),
        FaultAction::NoAnswer,
    ] {
        let (bench, remote) = bench().await;
        order(&bench, action);
        assert_eq!(read(&remote).await.unwrap(), content());
        assert_eq!(ranges(&bench), [None, None]);
    }
}

#[derive(Debug, Default)]
struct Counter {
    moved: AtomicU64,
    restarted: AtomicU64,
}

impl Progress for Counter {
    fn moved(&self, bytes: u64) {
        self.moved.fetch_add(bytes, Ordering::Relaxed);
    }

    fn restarted(&self, bytes: u64) {
        self.restarted.fetch_add(bytes, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn progress_counts_every_byte_once() {
    let (bench, remote) = bench().await;
    order(&bench, FaultAction::CutResponse { after: 123_456 });
    let counter = Arc::new(Counter::default());
    let options = ReadOptions::default().with_progress(Arc::<Counter>::clone(&counter));
    let download = remote.read(&path("f"), options).await.unwrap();
    assert_eq!(download.bytes(u64::MAX).await.unwrap(), content());
    assert_eq!(counter.moved.load(Ordering::Relaxed), SIZE as u64);
    assert_eq!(counter.restarted.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn progress_of_an_upload_that_was_sent_twice_counts_its_bytes_once() {
    let (bench, remote) = bench().await;
    for action in [
        FaultAction::CutRequest { after: 100_000 },
        FaultAction::status(500),
    ] {
        let fault = Fault::new(action).on("files/put");
        bench.service().faults().push(fault);
    }
    let counter = Arc::new(Counter::default());
    let options = WriteOptions::default().with_progress(Arc::<Counter>::clone(&counter));
    remote
        .write_bytes(&path("g"), content(), options)
        .await
        .unwrap();
    let (moved, restarted) = (
        counter.moved.load(Ordering::Relaxed),
        counter.restarted.load(Ordering::Relaxed),
    );
    assert!(restarted > 0);
    assert_eq!(moved - restarted, SIZE as u64);
}
