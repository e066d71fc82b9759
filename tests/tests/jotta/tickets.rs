//! Uploads with a ticket: they go on after a restart, and a ticket or source that does not fit changes nothing.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use jotta_api::remote::UploadTicket;
use remote_core::{
    error::{Effect, ErrorKind, Result},
    hash::{HashAlgorithm, HashValue},
    operation::WriteOptions,
    remote::{Remote as _, RemoteExt as _},
    source::{MemorySource, UploadSource},
};
use remote_emulator::fault::{Fault, FaultAction};
use tests::{jotta::JottaBench, koofr::path};

use crate::uploads::{announced, content};

/// More than the buffers of a connection hold.
const LARGE: usize = 12_000_000;

#[tokio::test]
async fn an_upload_goes_on_after_a_restart_with_what_is_missing() {
    let bench = JottaBench::start().await;
    let bytes = content(3, LARGE);
    let source: Arc<dyn UploadSource> = Arc::new(MemorySource::new(bytes.clone()));
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    let options = WriteOptions::default().with_modified(modified);
    let ticket = {
        let first = bench.remote();
        let ticket = first
            .prepare_upload(&path("big"), &source, &options)
            .await
            .unwrap();
        bench
            .service()
            .faults()
            .push(Fault::new(FaultAction::CutRequest { after: 1_000_000 }).on("upload"));
        bench.service().faults().push(
            Fault::new(FaultAction::Close)
                .on("files/allocate")
                .skip(1)
                .always(),
        );
        let error = first
            .send_upload(&ticket, Arc::clone(&source), None)
            .await
            .unwrap_err();
        assert_ne!(error.effect(), Effect::Made);
        bench.service().faults().clear();
        serde_json::to_string(&ticket).unwrap()
    };
    assert!(
        bench
            .remote()
            .stat(&path("big"))
            .await
            .unwrap_err()
            .is_not_found()
    );

    bench.service().log().clear();
    let second = bench.remote();
    let ticket: UploadTicket = serde_json::from_str(&ticket).unwrap();
    let entry = second.send_upload(&ticket, source, None).await.unwrap();
    assert_eq!((entry.path, entry.modified), (path("big"), Some(modified)));
    let sent = announced(&bench);
    assert!(
        sent.len() == 1 && sent[0] > 0 && sent[0] <= LARGE as u64 - 1_000_000,
        "{sent:?}"
    );
    assert_eq!(
        second.read_bytes(&path("big"), 1 << 24).await.unwrap(),
        bytes
    );

    let error = second
        .send_upload(&ticket, Arc::new(MemorySource::new("short")), None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceChanged);
    let elsewhere = bench.remote_at("other");
    let error = elsewhere
        .send_upload(&ticket, Arc::new(MemorySource::new(bytes)), None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_ticket_that_does_not_fit_sends_nothing() {
    let bench = JottaBench::start().await;
    let remote = bench.remote_at("root");
    let source: Arc<dyn UploadSource> = Arc::new(MemorySource::new("the content"));
    let options = WriteOptions::default();
    let ticket = remote.prepare_upload(&path("a"), &source, &options).await;
    let ticket = serde_json::to_string(&ticket.unwrap()).unwrap();
    bench.service().log().clear();
    for (old, new) in [
        (r#""path":"root/a""#, r#""path":"""#),
        (r#""path":"root/a""#, r#""path":"root""#),
        (r#""path":"root/a""#, r#""path":"root/../b""#),
        (r#""path":"root/a""#, r#""path":"elsewhere/a""#),
        ("Archive", "Sync"),
        ("Archive", "Trash"),
        (r#""bytes":11"#, r#""bytes":12"#),
        (r#""md5":""#, r#""md5":"x"#),
        (r#""modified":""#, r#""modified":"x"#),
    ] {
        let changed = ticket.replace(old, new);
        assert_ne!(changed, ticket, "{old}");
        let changed: UploadTicket = serde_json::from_str(&changed).unwrap();
        let sent = remote.send_upload(&changed, Arc::clone(&source), None);
        let error = sent.await.unwrap_err();
        let refused = [
            ErrorKind::InvalidInput,
            ErrorKind::InvalidName,
            ErrorKind::IsADirectory,
            ErrorKind::PermissionDenied,
            ErrorKind::SourceChanged,
        ];
        assert!(refused.contains(&error.kind()), "{new}: {error:?}");
    }
    assert_eq!(bench.requests(), 0);
}

/// Knows its hash without being read.
#[derive(Debug)]
struct Hashed(MemorySource);

#[async_trait]
impl UploadSource for Hashed {
    fn size(&self) -> Option<u64> {
        self.0.size()
    }

    fn hash(&self, algorithm: HashAlgorithm) -> Option<HashValue> {
        Some(HashValue::of(algorithm, b"new bytes"))
    }

    async fn open(&self, offset: u64) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.0.open(offset).await
    }
}

#[tokio::test]
async fn a_source_that_changed_after_its_ticket_was_made_is_told_and_nothing_is_lost() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    let options = WriteOptions::default;
    remote
        .write_bytes(&path("a"), "as it was", options())
        .await
        .unwrap();
    let prepared: Arc<dyn UploadSource> = Arc::new(MemorySource::new("old bytes"));
    let ticket = remote
        .prepare_upload(&path("a"), &prepared, &options())
        .await
        .unwrap();
    let silent: Arc<dyn UploadSource> = Arc::new(MemorySource::new("new bytes"));
    let telling: Arc<dyn UploadSource> = Arc::new(Hashed(MemorySource::new("new bytes")));
    for (source, most) in [(silent, 3), (telling, 0)] {
        bench.service().log().clear();
        let error = remote.send_upload(&ticket, source, None).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::SourceChanged, Effect::NotMade)
        );
        assert!(bench.requests() <= most);
    }
    assert_eq!(
        bench.remote().read_bytes(&path("a"), 100).await.unwrap(),
        "as it was"
    );
}
