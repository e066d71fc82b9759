//! Upload sources: every pass delivers the same bytes from any offset; what changed, cannot be read or can be read only once is told.
//!
//! Not covered: a file that is changed without its size or modification time changing, which cannot be noticed.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use remote_core::{
    error::{Error, ErrorKind, IntegrityError, Result},
    hash::{HashAlgorithm, HashValue},
    source::{
        CHUNK_BYTES, FileSource, Links, MemorySource, SpooledSource, StreamSource, UploadSource,
    },
};

type TestResult = std::result::Result<(), Box<dyn std::error::Error>>;

fn content(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

async fn read_from(source: &dyn UploadSource, offset: u64) -> Result<Vec<u8>> {
    let pieces: Vec<Bytes> = source.open(offset).await?.try_collect().await?;
    assert!(
        pieces
            .iter()
            .all(|piece| !piece.is_empty() && piece.len() <= CHUNK_BYTES)
    );
    Ok(pieces.concat())
}

fn pieces(content: &[u8], length: usize) -> impl stream::Stream<Item = io::Result<Bytes>> + use<> {
    let pieces: Vec<_> = content
        .chunks(length)
        .map(Bytes::copy_from_slice)
        .map(Ok)
        .collect();
    stream::iter(pieces)
}

struct TestFile {
    path: PathBuf,
    _dir: tempfile::TempDir,
}

fn file(content: &[u8]) -> io::Result<TestFile> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("file");
    fs::write(&path, content)?;
    Ok(TestFile { path, _dir: dir })
}

fn set_modified(path: &Path, seconds: u64) -> io::Result<()> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    fs::File::options()
        .write(true)
        .open(path)?
        .set_modified(time)
}

fn failure<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

/// Sizes around the boundaries of pieces, and offsets around the boundaries of sizes.
const SIZES: [usize; 6] = [
    0,
    1,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    3 * CHUNK_BYTES + 7,
];

async fn delivers_from_any_offset(source: &dyn UploadSource, content: &[u8]) -> Result<()> {
    let size = content.len();
    assert_eq!(source.size(), Some(size as u64));
    for offset in [
        0,
        1,
        CHUNK_BYTES,
        CHUNK_BYTES + 1,
        2 * CHUNK_BYTES,
        size.saturating_sub(1),
        size,
    ] {
        let Some(rest) = content.get(offset..) else {
            continue;
        };
        assert!(
            read_from(source, offset as u64).await? == rest,
            "{offset} of {size}"
        );
    }
    assert_eq!(
        failure(read_from(source, size as u64 + 1).await),
        ErrorKind::InvalidInput
    );
    assert_eq!(
        failure(read_from(source, u64::MAX).await),
        ErrorKind::InvalidInput
    );
    Ok(())
}

#[tokio::test]
async fn memory_delivers_from_any_offset() -> TestResult {
    for size in SIZES {
        let content = content(size);
        delivers_from_any_offset(&MemorySource::new(content.clone()), &content).await?;
    }
    Ok(())
}

#[tokio::test]
async fn files_deliver_from_any_offset() -> TestResult {
    for size in SIZES {
        let content = content(size);
        let file = file(&content)?;
        delivers_from_any_offset(&FileSource::open(&file.path).await?, &content).await?;
    }
    Ok(())
}

#[tokio::test]
async fn spooled_bytes_are_delivered_from_any_offset_from_memory_and_disk() -> TestResult {
    for size in SIZES {
        let content = content(size);
        for (limit, piece) in [
            (u64::MAX, 1000),
            (u64::MAX, 3 * CHUNK_BYTES),
            (0, 1000),
            (0, 1 << 20),
        ] {
            let source = SpooledSource::spool(pieces(&content, piece), limit).await?;
            assert_eq!(source.is_on_disk(), limit == 0 && size > 0);
            let hash = HashValue::of(HashAlgorithm::Md5, &content);
            assert_eq!(source.hash(HashAlgorithm::Md5), Some(hash));
            delivers_from_any_offset(&source, &content).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn passes_over_the_same_source_can_overlap() -> TestResult {
    let content = content(5 * CHUNK_BYTES + 1);
    let file = file(&content)?;
    let sources: [Box<dyn UploadSource>; 2] = [
        Box::new(FileSource::open(&file.path).await?),
        Box::new(SpooledSource::spool(pieces(&content, 70_000), 1000).await?),
    ];
    for source in sources {
        let passes = (0..4).map(|offset| read_from(&*source, offset));
        for (offset, read) in futures::future::join_all(passes)
            .await
            .into_iter()
            .enumerate()
        {
            assert!(read? == content[offset..]);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_file_tells_its_size_time_and_path() -> TestResult {
    let file = file(b"content")?;
    set_modified(&file.path, 1_000_000)?;
    let source = FileSource::open(&file.path).await?;
    assert_eq!((source.size(), source.path()), (7, &*file.path));
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    assert_eq!(source.modified(), Some(time));
    Ok(())
}

#[tokio::test]
async fn a_file_that_changed_between_passes_is_noticed() -> TestResult {
    for size in [10, 2 * CHUNK_BYTES] {
        let file = file(&content(size))?;
        set_modified(&file.path, 1_000_000)?;
        let source = FileSource::open(&file.path).await?;
        read_from(&source, 0).await?;

        set_modified(&file.path, 1_000_001)?;
        assert_eq!(
            failure(read_from(&source, 0).await),
            ErrorKind::SourceChanged
        );

        fs::write(&file.path, content(size + 1))?;
        set_modified(&file.path, 1_000_000)?;
        assert_eq!(
            failure(read_from(&source, 0).await),
            ErrorKind::SourceChanged
        );
    }
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_was_replaced_between_passes_is_noticed() -> TestResult {
    let file = file(b"content")?;
    set_modified(&file.path, 1_000_000)?;
    let source = FileSource::open(&file.path).await?;

    let other = file.path.with_extension("other");
    fs::write(&other, b"CONTENT")?;
    set_modified(&other, 1_000_000)?;
    fs::rename(&other, &file.path)?;
    assert_eq!(
        failure(read_from(&source, 0).await),
        ErrorKind::SourceChanged
    );
    Ok(())
}

/// Takes the first piece of a pass, changes the file, and tells how the pass ends and how many bytes it delivered.
async fn changed_under_way(
    change: impl Fn(&Path) -> io::Result<()>,
) -> io::Result<(ErrorKind, usize)> {
    let file = file(&content(8 * CHUNK_BYTES))?;
    set_modified(&file.path, 1_000_000)?;
    let source = FileSource::open(&file.path).await.unwrap();
    let mut pass = source.open(0).await.unwrap();
    let mut delivered = pass.next().await.unwrap().unwrap().len();
    change(&file.path)?;
    loop {
        match pass.next().await.unwrap() {
            Ok(piece) => delivered += piece.len(),
            Err(error) => {
                assert!(pass.next().await.is_none());
                return Ok((error.kind(), delivered));
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_changes_under_way_is_never_delivered_completely() -> TestResult {
    let endings = [
        changed_under_way(|path| {
            fs::File::options()
                .append(true)
                .open(path)?
                .write_all(b"more")
        })
        .await?,
        changed_under_way(|path| fs::File::options().write(true).open(path)?.set_len(1000)).await?,
        changed_under_way(|path| set_modified(path, 1_000_001)).await?,
    ];
    for (kind, delivered) in endings {
        assert_eq!(kind, ErrorKind::SourceChanged);
        assert!(delivered < 8 * CHUNK_BYTES);
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_a_failed_source() -> TestResult {
    let file = file(b"content")?;
    let missing = FileSource::open(file.path.with_extension("missing")).await;
    let error = missing.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceFailed);
    assert!(error.to_string().contains("file.missing"));

    let source = FileSource::open(&file.path).await?;
    fs::remove_file(&file.path)?;
    assert_eq!(
        failure(read_from(&source, 0).await),
        ErrorKind::SourceFailed
    );
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_is_followed_or_refused_also_when_it_took_the_place_of_a_file() -> TestResult {
    let secret = file(b"secret")?;
    let public = file(b"public")?;
    let source = FileSource::open_with(&public.path, Links::Refuse).await?;
    assert_eq!(read_from(&source, 0).await?, b"public");

    fs::remove_file(&public.path)?;
    std::os::unix::fs::symlink(&secret.path, &public.path)?;
    let followed = FileSource::open(&public.path).await?;
    assert_eq!(read_from(&followed, 0).await?, b"secret");
    let refused = FileSource::open_with(&public.path, Links::Refuse).await;
    assert_eq!(failure(refused), ErrorKind::InvalidInput);
    assert_eq!(
        failure(read_from(&source, 0).await),
        ErrorKind::InvalidInput
    );
    Ok(())
}

#[tokio::test]
async fn a_directory_is_no_source() -> TestResult {
    let dir = tempfile::tempdir()?;
    assert_eq!(
        failure(FileSource::open(dir.path()).await),
        ErrorKind::InvalidInput
    );
    Ok(())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn pipes_and_devices_are_no_source_and_nobody_waits_for_them() -> TestResult {
    let dir = tempfile::tempdir()?;
    let pipe = dir.path().join("pipe");
    let (file_type, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, file_type, mode, 0)?;
    for path in [pipe.clone(), "/dev/null".into()] {
        assert_eq!(
            failure(FileSource::open(path).await),
            ErrorKind::InvalidInput
        );
    }

    let file = file(b"content")?;
    let source = FileSource::open(&file.path).await?;
    fs::rename(&pipe, &file.path)?;
    assert_eq!(
        failure(read_from(&source, 0).await),
        ErrorKind::InvalidInput
    );
    Ok(())
}

#[tokio::test]
async fn every_source_is_hashed_by_reading_it() -> TestResult {
    const MIB: usize = 1 << 20;
    for length in [0, 1, CHUNK_BYTES, MIB - 1, MIB, MIB + 1, 3 * MIB + 7] {
        let content = content(length);
        let expected = HashValue::of(HashAlgorithm::Md5, &content);
        let on_disk = file(&content)?;
        let sources: [Box<dyn UploadSource>; 3] = [
            Box::new(MemorySource::new(content.clone())),
            Box::new(FileSource::open(&on_disk.path).await?),
            Box::new(StreamSource::once(pieces(&content, 1000), None)),
        ];
        for source in sources {
            let hash = source.read_hash(HashAlgorithm::Md5).await?;
            assert_eq!(hash, expected, "{length}: {source:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_large_file_is_hashed_in_several_legs() -> TestResult {
    let length = (64 << 20) + 1;
    let long = file(&[])?;
    fs::File::options()
        .write(true)
        .open(&long.path)?
        .set_len(length)?;
    let source = FileSource::open(&long.path).await?;
    let zeros = vec![0; usize::try_from(length)?];
    assert_eq!(
        source.read_hash(HashAlgorithm::Md5).await?,
        HashValue::of(HashAlgorithm::Md5, &zeros)
    );
    fs::File::options()
        .write(true)
        .open(&long.path)?
        .set_len(length - 1)?;
    let failed = source.read_hash(HashAlgorithm::Md5).await;
    assert_eq!(failure(failed), ErrorKind::SourceChanged);
    Ok(())
}

/// Says that it has another number of bytes than it hands out.
#[derive(Debug)]
struct Liar(u64);

#[async_trait::async_trait]
impl UploadSource for Liar {
    fn size(&self) -> Option<u64> {
        Some(self.0)
    }

    async fn open(&self, _offset: u64) -> Result<stream::BoxStream<'static, Result<Bytes>>> {
        let pieces = (0..20).map(|_| Ok(Bytes::from(vec![1; CHUNK_BYTES])));
        Ok(stream::iter(pieces).boxed())
    }
}

#[tokio::test]
async fn a_source_with_another_size_than_it_announced_has_no_hash() {
    for size in [0, 5, 1 << 20, 1 << 40] {
        let error = Liar(size).read_hash(HashAlgorithm::Md5).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceChanged, "{size}");
    }
    let honest = Liar(20 * CHUNK_BYTES as u64);
    assert!(honest.read_hash(HashAlgorithm::Md5).await.is_ok());
}

#[tokio::test]
async fn a_stream_is_spooled_to_disk_beyond_the_limit_only() -> TestResult {
    let content = content(1000);
    let at_limit = SpooledSource::spool(pieces(&content, 100), 1000).await?;
    assert!(!at_limit.is_on_disk());
    let beyond = SpooledSource::spool(pieces(&content, 100), 999).await?;
    assert!(beyond.is_on_disk());
    let from_reader = SpooledSource::from_reader(&content[..], 0).await?;
    assert!(read_from(&from_reader, 0).await? == content);
    Ok(())
}

#[tokio::test]
async fn a_stream_that_fails_is_a_failed_source() {
    let broken = || stream::iter([Ok(Bytes::from("x")), Err(io::Error::other("wire cut"))]);
    let error = SpooledSource::spool(broken(), 10).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceFailed);
    assert!(remote_core::error::report(&error).contains("wire cut"));
    let once = StreamSource::once(broken(), None);
    assert_eq!(failure(read_from(&once, 0).await), ErrorKind::SourceFailed);
}

#[tokio::test]
async fn an_error_of_ours_comes_out_of_a_stream_as_it_was() {
    let inner = Error::new(ErrorKind::StorageOffline);
    let broken = stream::iter([Err(io::Error::other(inner))]);
    let result = SpooledSource::spool(broken, 10).await;
    assert_eq!(failure(result), ErrorKind::StorageOffline);
}

#[tokio::test]
async fn a_one_shot_stream_is_passed_on_once() -> TestResult {
    let content = content(5000);
    let source = StreamSource::once(pieces(&content, 999), None);
    assert!(!source.can_reopen() && source.size().is_none());
    assert_eq!(
        failure(read_from(&source, 1).await),
        ErrorKind::SourceFailed
    );
    assert!(read_from(&source, 0).await? == content);
    let error = read_from(&source, 0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceFailed);
    assert!(error.to_string().contains("only once"));
    assert!(error.help().unwrap().contains("spool"));
    Ok(())
}

#[tokio::test]
async fn a_one_shot_stream_must_have_the_announced_size() -> TestResult {
    let content = content(5000);
    let exact = StreamSource::once(pieces(&content, 999), Some(5000));
    assert!(read_from(&exact, 0).await? == content);
    for (size, cause) in [
        (4999, IntegrityError::Long { expected: 4999 }),
        (
            5001,
            IntegrityError::Short {
                expected: 5001,
                actual: 5000,
            },
        ),
    ] {
        let source = StreamSource::once(pieces(&content, 999), Some(size));
        let error = read_from(&source, 0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceFailed);
        let found = std::error::Error::source(&error).and_then(|source| source.downcast_ref());
        assert_eq!(found, Some(&cause));
    }
    Ok(())
}

#[test]
fn debug_output_has_no_content() {
    let source = MemorySource::new("hunter2");
    assert_eq!(format!("{source:?}"), "MemorySource(7 bytes)");
}
