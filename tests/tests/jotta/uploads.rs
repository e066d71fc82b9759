//! Uploads that break off, are refused, or were never sent; what is kept of the old file meanwhile.
//!
//! Cases: a connection that breaks at the first, a middle and the last byte, in process; 420 for ever; bytes damaged
//! on the way once and always; answers that make no sense or cannot be read; a service that is down; an address for the upload that is not the service's, that has a password in it, and one that redirects; no room; views; times and
//! creation times; a source that cannot be read twice. Tickets and
//! `no_versions` have files of their own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use jotta_api::JottaRemote;
use remote_core::{
    error::{Effect, ErrorKind, Result, report},
    operation::WriteOptions,
    progress::Progress,
    remote::{Remote as _, RemoteExt as _},
    source::{MemorySource, StreamSource, UploadSource},
};
use remote_emulator::fault::{Fault, FaultAction, FaultAnswer};
use tests::{jotta::JottaBench, koofr::path};

/// Bytes without a pattern, different for each seed.
pub(crate) fn content(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

const LENGTH: usize = 400_000;

/// How many bytes each request to send was about to send, in order.
pub(crate) fn announced(bench: &JottaBench) -> Vec<u64> {
    let records = bench.service().requests();
    let uploads = records.iter().filter(|record| record.endpoint == "upload");
    uploads
        .map(|record| {
            record
                .header("content-length")
                .unwrap_or("0")
                .parse()
                .unwrap()
        })
        .collect()
}

#[tokio::test]
async fn a_connection_that_breaks_costs_the_missing_bytes_only() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    for (number, after) in [0, 1, 200_000, LENGTH as u64 - 1].into_iter().enumerate() {
        let file = path(&format!("file {number}"));
        let bytes = content(2 * number as u64 + 11, LENGTH);
        bench.service().log().clear();
        bench
            .service()
            .faults()
            .push(Fault::new(FaultAction::CutRequest { after }).on("upload"));
        let entry = remote
            .write_bytes(&file, bytes.clone(), WriteOptions::default())
            .await
            .unwrap();
        assert_eq!(entry.size, Some(LENGTH as u64));
        let stored = bench
            .service()
            .read(&format!("/Jotta/Archive/file {number}"))
            .unwrap();
        assert_eq!(stored.unwrap(), bytes, "{after}");
        let sent = announced(&bench);
        // The service keeps what has arrived, which may be more than it has read.
        assert!(
            sent.len() == 2 && sent[0] == LENGTH as u64 && sent[1] <= LENGTH as u64 - after,
            "{after}: {sent:?}"
        );
    }
}

#[tokio::test]
async fn an_upload_that_never_completes_ends_with_an_error_and_keeps_the_old_file() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    remote
        .write_bytes(&path("a"), "old", WriteOptions::default())
        .await
        .unwrap();
    let incomplete = FaultAnswer::new(420)
        .with_body(r#"{"code":420,"error_id":"IncompleteUploadOpenApiException","message":"m"}"#);
    bench.service().faults().push(
        Fault::new(FaultAction::Answer(incomplete))
            .on("upload")
            .always(),
    );
    let error = remote
        .write_bytes(&path("a"), "new content", WriteOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Service, Effect::NotMade)
    );
    assert!(
        report(&error).contains("misses bytes"),
        "{}",
        report(&error)
    );
    bench.service().faults().clear();
    assert_eq!(
        bench.remote().read_bytes(&path("a"), 100).await.unwrap(),
        "old"
    );
}

#[tokio::test]
async fn bytes_damaged_on_the_way_are_sent_again_once() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    let corrupt = || {
        let answer = FaultAnswer::new(421)
            .with_body(r#"{"code":421,"error_id":"CorruptUploadOpenApiException"}"#);
        Fault::new(FaultAction::Answer(answer)).on("upload")
    };
    bench.service().faults().push(corrupt());
    remote
        .write_bytes(&path("once"), content(5, 1000), WriteOptions::default())
        .await
        .unwrap();
    bench.service().faults().push(corrupt().always());
    let error = remote
        .write_bytes(&path("always"), content(6, 1000), WriteOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Corrupted, Effect::NotMade)
    );
    bench.service().faults().clear();
    assert!(
        remote
            .stat(&path("always"))
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn an_announcement_whose_answer_makes_no_sense_is_no_success() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    for answer in [
        "",
        "[]",
        "{}",
        "<html></html>",
        r#"{"state":"COMPLETED","bytes":99}"#,
        r#"{"state":"INCOMPLETE","upload_url":"x","resume_pos":1.5}"#,
        r#"{"state":"INCOMPLETE","upload_url":"x","resume_pos":4}"#,
    ] {
        let fault = FaultAction::Answer(FaultAnswer::new(200).with_body(answer));
        let fault = Fault::new(fault).on("files/allocate");
        bench.service().faults().push(fault.always());
        let error = remote
            .write_bytes(&path("a"), "abc", WriteOptions::default())
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Protocol, Effect::NotMade),
            "{answer}"
        );
        bench.service().faults().clear();
    }
}

#[tokio::test]
async fn a_service_that_is_down_is_asked_as_often_as_the_policy_says() {
    let bench = JottaBench::start().await;
    bench.service().write("/Jotta/Archive/file", "x").unwrap();
    let remote = bench.remote();
    remote.stat(&path("file")).await.unwrap();
    let broken = |endpoint: &str| {
        bench.service().log().clear();
        let answer = FaultAction::Answer(FaultAnswer::new(500));
        bench.service().faults().clear();
        bench
            .service()
            .faults()
            .push(Fault::new(answer).on(endpoint).always());
    };
    let asked = |endpoint: &str| {
        let records = bench.service().requests();
        records
            .iter()
            .filter(|record| record.endpoint == endpoint)
            .count()
    };
    broken("files/allocate");
    let file = path("new");
    let write = remote.write_bytes(&file, "new", WriteOptions::default());
    assert_eq!(write.await.unwrap_err().attempts(), 4);
    assert_eq!(asked("files/allocate"), 4);
    broken("jfs/mkDir");
    assert!(remote.create_dir(&path("dir")).await.is_err());
    assert_eq!(asked("jfs/mkDir"), 4);
    broken("jfs/cphash");
    let time = SystemTime::UNIX_EPOCH;
    assert!(remote.set_modified(&path("file"), time).await.is_err());
    assert_eq!(asked("jfs/cphash"), 4);
}

#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl Progress for Counter {
    fn moved(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    fn restarted(&self, bytes: u64) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn an_upload_whose_answer_cannot_be_read_is_looked_into() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    for (number, answer) in ["<html></html>", r#"{"path":"x","#, "{}", ""]
        .iter()
        .enumerate()
    {
        let answer = FaultAnswer::new(200).with_body(*answer);
        let unreadable = Fault::new(FaultAction::CommitThenAnswer(answer)).on("upload");
        bench.service().faults().push(unreadable);
        let (file, bytes) = (
            path(&format!("{number}")),
            content(2 * number as u64 + 501, 50_000),
        );
        let counter = Arc::new(Counter::default());
        let options =
            WriteOptions::default().with_progress(Arc::clone(&counter) as Arc<dyn Progress>);
        let entry = remote.write_bytes(&file, bytes, options).await.unwrap();
        assert_eq!(entry.size, Some(50_000));
        assert_eq!(counter.0.load(Ordering::Relaxed), 50_000, "{number}");
    }
}

/// Other bytes each time it is opened.
#[derive(Debug)]
struct Changing(AtomicU64);

#[async_trait]
impl UploadSource for Changing {
    fn size(&self) -> Option<u64> {
        Some(1000)
    }

    async fn open(&self, offset: u64) -> Result<BoxStream<'static, Result<Bytes>>> {
        let seed = self.0.fetch_add(2, Ordering::Relaxed);
        MemorySource::new(content(seed, 1000)).open(offset).await
    }
}

#[tokio::test]
async fn a_source_that_changes_while_it_is_sent_is_told_as_such() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    remote
        .write_bytes(&path("a"), "old", WriteOptions::default())
        .await
        .unwrap();
    let source = Arc::new(Changing(101.into()));
    let error = remote
        .write(&path("a"), source, WriteOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::SourceChanged, Effect::NotMade)
    );
    assert_eq!(
        bench.remote().read_bytes(&path("a"), 100).await.unwrap(),
        "old"
    );
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_is_not_the_services() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    let promise = |url: &str| {
        FaultAnswer::new(200).with_body(format!(
            r#"{{"state":"INCOMPLETE","upload_url":"{url}","bytes":3,"resume_pos":0}}"#
        ))
    };
    let (_, own_host) = bench.service().url().split_once("//").unwrap();
    let with_password = format!("http://u:canary@{own_host}/upload/x");
    for (address, word) in [
        ("https://upload.evil.example/x", "not one of its hosts"),
        ("http://up-no-001.jottacloud.com/x", "not one of its hosts"),
        ("nonsense", "no address"),
        (with_password.as_str(), "password in the address"),
    ] {
        bench.service().faults().push(
            Fault::new(FaultAction::Answer(promise(address)))
                .on("files/allocate")
                .always(),
        );
        let error = remote
            .write_bytes(&path("a"), "abc", WriteOptions::default())
            .await
            .unwrap_err();
        bench.service().faults().clear();
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Protocol, Effect::NotMade)
        );
        assert!(report(&error).contains(word), "{}", report(&error));
        assert!(!report(&error).contains("canary"), "{}", report(&error));
    }
    assert_eq!(announced(&bench), [0_u64; 0]);
    let away = FaultAction::Redirect {
        location: "https://upload.evil.example/x".to_owned(),
        status: 307,
    };
    bench
        .service()
        .faults()
        .push(Fault::new(away).on("upload").always());
    let error = remote
        .write_bytes(&path("a"), "abc", WriteOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(
        report(&error).contains("another address"),
        "{}",
        report(&error)
    );
}

#[tokio::test]
async fn a_full_account_refuses_once_with_a_sentence() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    remote
        .write_bytes(&path("small"), "x", WriteOptions::default())
        .await
        .unwrap();
    bench.service().set_capacity(100).unwrap();
    let file = path("big");
    let write = remote.write_bytes(&file, content(8, 5000), WriteOptions::default());
    let (outcome, requests) = bench.counted(write).await;
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::QuotaExceeded, Effect::NotMade)
    );
    // One look at whether it is full or locked.
    assert_eq!(requests, 2);
    assert!(error.help().unwrap().contains("free some room"));
    let usage = remote.usage().await.unwrap();
    assert_eq!(usage.total, Some(100));
    bench.service().set_capacity(-1).unwrap();
    assert_eq!(remote.usage().await.unwrap().total, None);
}

#[tokio::test]
async fn views_refuse_changes_before_anything_is_sent() {
    let bench = JottaBench::start().await;
    for view in ["Trash", "latest", "LINKS", "Shared"] {
        let remote = JottaRemote::builder(bench.client())
            .mount_point("jotta", view)
            .build();
        let file = path("a");
        let errors = [
            remote
                .write_bytes(&file, "x", WriteOptions::default())
                .await
                .map(drop),
            remote.create_dir(&file).await,
            remote.remove_file(&file).await.map(drop),
            remote.remove_dir_all(&file).await.map(drop),
        ];
        for outcome in errors {
            assert_eq!(
                outcome.unwrap_err().kind(),
                ErrorKind::PermissionDenied,
                "{view}"
            );
        }
    }
    assert_eq!(bench.requests(), 0);
}

#[tokio::test]
async fn creation_times_stay_and_can_be_set() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let options = WriteOptions::default().with_modified(at(2_000_000));
    let source = Arc::new(MemorySource::new("x"));
    let written = remote
        .write_created_at(&path("a.txt"), source, options, at(1_000_000))
        .await
        .unwrap();
    assert_eq!(
        (written.created, written.modified),
        (Some(at(1_000_000)), Some(at(2_000_000)))
    );
    remote
        .set_modified(&path("a.txt"), at(3_000_000))
        .await
        .unwrap();
    let metadata = remote.metadata(&path("a.txt")).await.unwrap();
    assert_eq!(
        (metadata.created, metadata.modified),
        (Some(at(1_000_000)), Some(at(3_000_000)))
    );
    assert!(metadata.uploaded.is_some() && metadata.content_type.is_some());
    let entry = remote
        .set_times(&path("a.txt"), None, Some(at(500_000)))
        .await
        .unwrap();
    assert_eq!(
        (entry.created, entry.modified),
        (Some(at(500_000)), Some(at(3_000_000)))
    );
}

#[tokio::test]
async fn a_stream_is_kept_in_memory_or_on_disk_and_sent() {
    let bench = JottaBench::start().await;
    for limit in [0, 1 << 20] {
        let remote = bench.builder().md5_memory_limit(limit).build();
        let bytes = content(limit + 21, 200_000);
        let pieces: Vec<std::io::Result<Bytes>> = bytes
            .chunks(7000)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let source = StreamSource::once(futures::stream::iter(pieces), None);
        bench
            .service()
            .faults()
            .push(Fault::new(FaultAction::CutRequest { after: 1000 }).on("upload"));
        let file = path(&format!("stream {limit}"));
        remote
            .write(&file, Arc::new(source), WriteOptions::default())
            .await
            .unwrap();
        assert_eq!(remote.read_bytes(&file, 1 << 20).await.unwrap(), bytes);
    }
}

#[tokio::test]
async fn a_token_that_ends_before_any_request_of_an_upload_is_renewed_once() {
    for endpoint in ["files/allocate", "upload"] {
        let bench = JottaBench::start().await;
        let remote = bench.remote();
        bench
            .service()
            .faults()
            .push(Fault::new(FaultAction::ExpireTokens).on(endpoint));
        let written = remote
            .write_bytes(&path("a"), "content", WriteOptions::default())
            .await;
        assert_eq!(written.unwrap().size, Some(7), "{endpoint}");
        let stats = bench.service().identity().stats();
        assert_eq!(
            (stats.totals.refreshes, stats.totals.reuse_detected),
            (1, 0),
            "{endpoint}"
        );
    }
}

#[tokio::test]
async fn a_time_that_was_not_stored_is_not_told_as_stored() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    let at = |seconds| {
        WriteOptions::default().with_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    };
    remote
        .write_bytes(&path("a"), "the same", at(1_000_000))
        .await
        .unwrap();
    let broken = Fault::new(FaultAction::Answer(FaultAnswer::new(500))).on("files/allocate");
    bench.service().faults().push(broken.always());
    let error = remote
        .write_bytes(&path("a"), "the same", at(2_000_000))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
}
