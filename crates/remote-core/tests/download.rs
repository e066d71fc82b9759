//! Downloads: every difference between what was promised and what comes is told, and never after a complete delivery; bodies go on after lost connections.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream, stream::BoxStream};
use remote_core::{
    download::{Download, MIN_PROGRESS, resuming},
    entry::Entry,
    error::{Error, ErrorKind, IntegrityError, Result, RetryAdvice},
    hash::{HashAlgorithm, HashValue},
    path::RemotePath,
    retry::{Pacer, Retry, RetryPolicy},
};
use tokio::io::AsyncReadExt as _;

const CONTENT: &[u8] = b"0123456789";

fn entry() -> Entry {
    let path = RemotePath::parse("dir/file").unwrap();
    let hash = HashValue::of(HashAlgorithm::Md5, CONTENT);
    Entry::file(path, CONTENT.len() as u64).with_hash(Some(hash))
}

fn body(pieces: &[&'static str]) -> BoxStream<'static, Result<Bytes>> {
    let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from(*piece))).collect();
    stream::iter(pieces).boxed()
}

fn broken(piece: impl Into<Bytes>, error: Error) -> BoxStream<'static, Result<Bytes>> {
    stream::iter([Ok(piece.into()), Err(error)]).boxed()
}

fn lost() -> Error {
    Error::new(ErrorKind::Transport).with_retry_advice(RetryAdvice::IfIdempotent(None))
}

fn integrity(error: &Error) -> Option<&IntegrityError> {
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    std::error::Error::source(error)?.downcast_ref()
}

#[tokio::test]
async fn a_whole_file_comes_with_what_is_known_about_it() -> Result<()> {
    let download = Download::new(entry(), None, body(&["01234", "", "56789"]));
    assert!(download.is_whole());
    assert_eq!((download.range(), download.entry()), (0..10, &entry()));
    assert_eq!(download.bytes(10).await?, CONTENT);
    Ok(())
}

#[tokio::test]
async fn a_part_is_not_compared_with_the_hash_of_the_whole() -> Result<()> {
    let download = Download::new(entry(), Some(2..5), body(&["234"]));
    assert!(!download.is_whole());
    assert_eq!(download.bytes(10).await?, "234");
    Ok(())
}

#[tokio::test]
async fn a_file_of_unknown_size_is_compared_with_its_hash() -> Result<()> {
    let mut unknown = entry();
    unknown.size = None;
    let download = Download::new(unknown.clone(), None, body(&["0123456789"]));
    assert_eq!((download.range(), download.is_whole()), (0..u64::MAX, true));
    assert_eq!(download.bytes(10).await?, CONTENT);
    let corrupted = Download::new(unknown, None, body(&["0123456780"]));
    assert_eq!(
        corrupted.bytes(10).await.unwrap_err().kind(),
        ErrorKind::Corrupted
    );
    Ok(())
}

#[tokio::test]
async fn a_short_body_is_corrupted() {
    let error = Download::new(entry(), None, body(&["01234"]))
        .bytes(10)
        .await
        .unwrap_err();
    let expected = IntegrityError::Short {
        expected: 10,
        actual: 5,
    };
    assert_eq!(integrity(&error), Some(&expected));
    assert_eq!(error.operation(), Some("read"));
    assert_eq!(error.path(), Some(&entry().path));
}

#[tokio::test]
async fn a_long_body_is_corrupted_and_the_excess_is_not_delivered() {
    let mut download = Download::new(entry(), Some(0..5), body(&["0123", "4567", "89"]));
    assert_eq!(download.next().await.unwrap().unwrap(), "0123");
    let error = download.next().await.unwrap().unwrap_err();
    assert_eq!(
        integrity(&error),
        Some(&IntegrityError::Long { expected: 5 })
    );
    assert!(download.next().await.is_none());
}

#[tokio::test]
async fn a_wrong_byte_is_noticed_before_the_last_piece_is_delivered() {
    let mut download = Download::new(entry(), None, body(&["01234", "5678x"]));
    assert_eq!(download.next().await.unwrap().unwrap(), "01234");
    let error = download.next().await.unwrap().unwrap_err();
    assert!(matches!(
        integrity(&error),
        Some(IntegrityError::Hash { .. })
    ));
    assert!(download.next().await.is_none());
}

#[tokio::test]
async fn nothing_follows_an_error() {
    let pieces = [Err(lost()), Ok(Bytes::from("0123456789"))];
    let mut download = Download::new(entry(), None, stream::iter(pieces).boxed());
    let error = download.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(download.next().await.is_none());
}

#[tokio::test]
async fn an_empty_file_is_checked_too() -> Result<()> {
    let path = RemotePath::parse("empty")?;
    let empty = Entry::file(path, 0).with_hash(Some(HashValue::of(HashAlgorithm::Md5, b"")));
    assert_eq!(
        Download::new(empty.clone(), None, body(&[]))
            .bytes(0)
            .await?,
        ""
    );
    let wrong = empty.with_hash(Some(HashValue::of(HashAlgorithm::Md5, b"x")));
    let error = Download::new(wrong, None, body(&[]))
        .bytes(0)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    Ok(())
}

#[tokio::test]
async fn a_limit_is_kept_for_known_and_unknown_sizes() {
    let never = stream::once(async { panic!("fetched") }).boxed();
    let error = Download::new(entry(), None, never)
        .bytes(9)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let mut unknown = entry();
    unknown.size = None;
    for pieces in [&["0123456789"][..], &["01234", "56789"]] {
        let download = Download::new(unknown.clone(), None, body(pieces));
        assert_eq!(
            download.bytes(9).await.unwrap_err().kind(),
            ErrorKind::TooLarge
        );
    }
}

#[tokio::test]
async fn bytes_go_to_a_writer() -> Result<()> {
    let mut written = Vec::new();
    let download = Download::new(entry(), None, body(&["01234", "56789"]));
    assert_eq!(download.copy_to(&mut written).await?, 10);
    assert_eq!(written, CONTENT);

    let mut full = io::Cursor::new(vec![0; 3].into_boxed_slice());
    let download = Download::new(entry(), None, body(&["01234", "56789"]));
    let error = download.copy_to(&mut full).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    Ok(())
}

#[tokio::test]
async fn a_reader_tells_corruption_as_invalid_data() -> Result<()> {
    let mut text = String::new();
    let download = Download::new(entry(), None, body(&["01234", "56789"]));
    let mut reader = download.into_reader();
    assert_eq!(reader.read_to_string(&mut text).await.unwrap(), 10);

    let short = Download::new(entry(), None, body(&["0"]));
    let error = short
        .into_reader()
        .read_to_string(&mut text)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    let inner = error.downcast::<Error>().unwrap();
    assert_eq!(inner.kind(), ErrorKind::Corrupted);
    Ok(())
}

type Body = BoxStream<'static, Result<Bytes>>;

/// Bodies that are handed out one after the other, and the offsets they were asked for.
#[derive(Clone, Default)]
struct Server {
    bodies: Arc<Mutex<Vec<Result<Body>>>>,
    offsets: Arc<Mutex<Vec<u64>>>,
}

impl Server {
    fn new(bodies: impl IntoIterator<Item = Result<Body>>) -> Self {
        let mut bodies: Vec<_> = bodies.into_iter().collect();
        bodies.reverse();
        Self {
            bodies: Arc::new(Mutex::new(bodies)),
            offsets: Arc::default(),
        }
    }

    fn offsets(&self) -> Vec<u64> {
        self.offsets.lock().unwrap().clone()
    }

    async fn read(&self, range: std::ops::Range<u64>, attempts: u32) -> Result<Vec<u8>> {
        let server = self.clone();
        let open = move |offset| {
            server.offsets.lock().unwrap().push(offset);
            let next = server.bodies.lock().unwrap().pop().unwrap();
            async move { next }.boxed()
        };
        let policy = RetryPolicy::default()
            .with_max_attempts(attempts)
            .with_base_delay(Duration::from_millis(1));
        let body = resuming(open, range, Retry::new(policy, Pacer::new()));
        let pieces: Vec<Bytes> = body.try_collect().await?;
        Ok(pieces.concat())
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_body_goes_on_at_the_next_missing_byte() -> Result<()> {
    let server = Server::new([
        Ok(broken("012", lost())),
        Ok(broken("34", lost())),
        Ok(body(&["5678"])),
    ]);
    assert_eq!(server.read(0..9, 3).await?, b"012345678");
    assert_eq!(server.offsets(), [0, 3, 5]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn ranges_are_resumed_inside_the_range() -> Result<()> {
    let server = Server::new([Ok(broken("45", lost())), Ok(body(&["67"]))]);
    assert_eq!(server.read(4..8, 2).await?, b"4567");
    assert_eq!(server.offsets(), [4, 6]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn failures_without_progress_are_counted_and_those_with_progress_are_not() {
    let enough = vec![b'x'; usize::try_from(MIN_PROGRESS).unwrap()];
    let progress = || Ok(broken(enough.clone(), lost()));
    let none = || Ok(stream::iter([Err(lost())]).boxed());
    let server = Server::new([
        progress(),
        none(),
        progress(),
        Err(lost()),
        progress(),
        none(),
        none(),
    ]);
    let error = server.read(0..u64::MAX, 2).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 2));
    let offsets = [0, 1, 1, 2, 2, 3, 3].map(|bodies| bodies * MIN_PROGRESS);
    assert_eq!(server.offsets(), offsets);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_sends_a_byte_per_connection_is_not_called_for_every_byte() {
    let server = Server::new((0..100).map(|_| Ok(broken("1", lost()))));
    let started = tokio::time::Instant::now();
    let error = server.read(0..100, 5).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 5));
    assert_eq!(server.offsets(), [0, 1, 2, 3, 4]);
    assert!(
        started.elapsed() > Duration::ZERO,
        "no pause between attempts"
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changed_is_not_resumed() {
    let changed = || Error::new(ErrorKind::PreconditionFailed);
    let server = Server::new([Ok(broken("01", lost())), Err(changed())]);
    let error = server.read(0..10, 5).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
}

#[tokio::test(start_paused = true)]
async fn errors_that_stay_end_the_body() {
    let server = Server::new([Ok(broken("01", Error::new(ErrorKind::Protocol)))]);
    let error = server.read(0..10, 5).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(server.offsets(), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_ends_early_without_an_error_is_not_resumed() -> Result<()> {
    let server = Server::new([Ok(body(&["01"]))]);
    assert_eq!(server.read(0..10, 5).await?, b"01");
    assert_eq!(server.offsets(), [0]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_error_after_the_last_byte_does_not_matter() -> Result<()> {
    let server = Server::new([Ok(broken("0123", lost()))]);
    assert_eq!(server.read(0..4, 5).await?, b"0123");
    assert_eq!(server.offsets(), [0]);
    Ok(())
}

#[tokio::test]
async fn nothing_is_opened_for_an_empty_range() -> Result<()> {
    let server = Server::default();
    assert_eq!(server.read(3..3, 5).await?, b"");
    assert!(server.offsets().is_empty());
    Ok(())
}
