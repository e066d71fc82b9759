//! Reading files that change while they are read: what comes is one content, or an error.
//!
//! Cases: a change between the parts of a body that broke off, of the same size and of another, of a whole file and of a part, of a file that the remote
//! knows and of one it does not; a change between the answer that goes on and the look at the file; a part of a named content; a file that goes; the same
//! content written again, which is no change; a body that is damaged although nothing changed.

use futures::TryStreamExt as _;
use jotta_api::JottaRemote;
use remote_core::{
    download::Download,
    entry::Tag,
    error::{Error, ErrorKind},
    operation::{ReadOptions, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::fault::{Fault, FaultAction};
use tests::{jotta::JottaBench, koofr::path};

const FILE: &str = "/Jotta/Archive/a";
const LENGTH: usize = 600_000;
const CUT: usize = 200_000;

fn content(seed: u8, length: usize) -> Vec<u8> {
    (0..length)
        .map(|index| seed.wrapping_add(u8::try_from(index % 251).unwrap()))
        .collect()
}

async fn start(known: bool) -> (JottaBench, JottaRemote, Tag) {
    let bench = JottaBench::start().await;
    let writer = bench.remote();
    let written = writer
        .write_bytes(&path("a"), content(1, LENGTH), WriteOptions::default())
        .await
        .unwrap();
    let remote = match known {
        true => writer,
        false => bench.remote(),
    };
    (bench, remote, written.tag.unwrap())
}

fn cut(bench: &JottaBench) {
    let cut = FaultAction::CutResponse { after: CUT as u64 };
    bench.service().faults().push(Fault::new(cut).on("jfs/bin"));
}

/// Takes what comes before the break.
async fn first_part(download: &mut Download) -> Vec<u8> {
    let mut got = Vec::new();
    while got.len() < CUT {
        let piece = download.try_next().await.unwrap().expect("there is more");
        got.extend_from_slice(&piece);
    }
    assert_eq!(got.len(), CUT);
    got
}

async fn rest(mut download: Download, mut got: Vec<u8>) -> Result<Vec<u8>, Error> {
    while let Some(piece) = download.try_next().await? {
        got.extend_from_slice(&piece);
    }
    Ok(got)
}

#[tokio::test]
async fn parts_of_two_contents_are_never_put_together() {
    for known in [true, false] {
        for range in [None, Some(0..LENGTH as u64 - 1)] {
            for changed in [
                content(9, LENGTH),
                content(9, LENGTH - 1),
                content(9, LENGTH + 1),
            ] {
                let (bench, remote, _tag) = start(known).await;
                cut(&bench);
                let mut options = ReadOptions::default();
                options.range.clone_from(&range);
                let mut download = remote.read(&path("a"), options).await.unwrap();
                let got = first_part(&mut download).await;
                bench.service().write(FILE, changed).unwrap();
                let error = rest(download, got).await.unwrap_err();
                assert_eq!(
                    error.kind(),
                    ErrorKind::PreconditionFailed,
                    "known {known}, {range:?}: {error:?}"
                );
                assert!(remote.read_bytes(&path("a"), 1 << 20).await.is_ok());
            }
        }
    }
}

#[tokio::test]
async fn a_change_between_the_answer_and_the_look_is_noticed() {
    for range in [None, Some(0..LENGTH as u64 - 1)] {
        for changes_first in [true, false] {
            let (bench, remote, _tag) = start(true).await;
            cut(&bench);
            let mut options = ReadOptions::default();
            options.range.clone_from(&range);
            let mut download = remote.read(&path("a"), options).await.unwrap();
            let got = first_part(&mut download).await;
            // Before the service looks up what it sends, and after.
            let held = if changes_first { "jfs/bin" } else { "jfs/info" };
            let hold = bench
                .service()
                .faults()
                .hold(Fault::new(FaultAction::Hold).on(held));
            let reading = tokio::spawn(rest(download, got));
            hold.wait_for(1).await;
            bench.service().write(FILE, content(9, LENGTH)).unwrap();
            hold.release_all();
            let error = reading.await.unwrap().unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::PreconditionFailed,
                "{range:?} {changes_first}: {error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_named_part_is_of_the_named_content_or_refused() {
    for held in ["jfs/bin", "jfs/info"] {
        let (bench, remote, tag) = start(false).await;
        remote.client().username().await.unwrap();
        let hold = bench
            .service()
            .faults()
            .hold(Fault::new(FaultAction::Hold).on(held));
        let options = ReadOptions::default()
            .with_range(10..20)
            .with_if_match(tag.clone());
        let reading = tokio::spawn({
            let remote = remote.clone();
            async move { remote.read(&path("a"), options).await.map(drop) }
        });
        hold.wait_for(1).await;
        bench.service().write(FILE, content(9, LENGTH)).unwrap();
        hold.release_all();
        let error = reading.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PreconditionFailed, "{held}");
    }
    let (bench, remote, tag) = start(false).await;
    let options = ReadOptions::default().with_range(10..20).with_if_match(tag);
    let part = remote.read(&path("a"), options.clone()).await.unwrap();
    assert_eq!(part.entry().size, Some(LENGTH as u64));
    assert_eq!(part.bytes(20).await.unwrap(), content(1, LENGTH)[10..20]);
    for changed in [content(1, LENGTH - 1), content(2, LENGTH), Vec::new()] {
        bench.service().write(FILE, changed).unwrap();
        let error = remote.read(&path("a"), options.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    }
    bench.service().trash(FILE).unwrap();
    let error = remote.read(&path("a"), options).await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
}

#[tokio::test]
async fn a_file_that_goes_in_the_middle_is_told_and_the_same_content_is_no_change() {
    let (bench, remote, _tag) = start(true).await;
    cut(&bench);
    let mut download = remote
        .read(&path("a"), ReadOptions::default())
        .await
        .unwrap();
    let got = first_part(&mut download).await;
    // Again the same, as another program that backs it up would.
    bench.service().write(FILE, content(1, LENGTH)).unwrap();
    assert_eq!(rest(download, got).await.unwrap(), content(1, LENGTH));

    cut(&bench);
    let mut download = remote
        .read(&path("a"), ReadOptions::default())
        .await
        .unwrap();
    let got = first_part(&mut download).await;
    let hard = bench.builder().hard_delete(true).build();
    hard.remove_file(&path("a")).await.unwrap();
    let error = rest(download, got).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed, "{error:?}");
}

#[tokio::test]
async fn damage_is_told_from_a_change_for_files_that_were_not_seen_before() {
    let (bench, remote, _tag) = start(false).await;
    let damage = FaultAction::CorruptBody { at: 1000 };
    bench
        .service()
        .faults()
        .push(Fault::new(damage).on("jfs/bin"));
    let error = remote.read_bytes(&path("a"), 1 << 20).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted);

    let remote = bench.remote();
    remote.client().username().await.unwrap();
    let hold = bench
        .service()
        .faults()
        .hold(Fault::new(FaultAction::Hold).on("jfs/bin"));
    let reading = tokio::spawn({
        let remote = remote.clone();
        async move { remote.read_bytes(&path("a"), 1 << 20).await }
    });
    hold.wait_for(1).await;
    bench.service().write(FILE, content(9, LENGTH)).unwrap();
    hold.release_all();
    let error = reading.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed, "{error:?}");
}
