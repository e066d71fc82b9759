//! Writing with faults.
//!
//! Cases:
//!
//! * a full storage (told by the service's own count, and while the body is still on its way), a storage that may not be written, one that
//!   does not keep times;
//! * an answer that lies about size or hash while the file is right, and an answer that cannot be read;
//! * a file that is really damaged on the way, once and for good, over nothing and over an older file;
//! * a server that stores the file under another name although it was told not to, and one that spells the same name its own way;
//! * a source that changes, fails, or can be read only once;
//! * a directory that was known and is gone, a parent that is a file, a target that is a directory;
//! * directories made by many tasks and by two remotes that know nothing of each other; many writers of which one may win;
//! * what the changes of the account say of all this, from a cursor.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, future::try_join_all, stream, stream::BoxStream};
use koofr_api::KoofrRemote;
use remote_core::{
    error::{Effect, Error, ErrorKind, Result, RetryAdvice, report},
    operation::{Change, WriteMode, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
    source::{StreamSource, UploadSource},
};
use remote_emulator::{
    fault::{Fault, FaultAction, FaultAnswer},
    koofr::{KoofrConfig, MountConfig},
};
use tests::{
    koofr::{Bench, path},
    patience::{remote_by, remote_of},
    raw::{MOUNT, RawServer, Relay, Relayed, answer, json},
};

async fn write(remote: &KoofrRemote, to: &str, content: &str) -> Result<()> {
    let options = WriteOptions::default();
    remote
        .write_bytes(&path(to), content.to_owned(), options)
        .await
        .map(|_entry| ())
}

fn stored(bench: &Bench, path: &str) -> Option<Bytes> {
    bench.service().read("primary", path).unwrap()
}

fn order(bench: &Bench, action: FaultAction) {
    let fault = Fault::new(action).on("files/put");
    bench.service().faults().push(fault);
}

fn bodies(bench: &Bench) -> u64 {
    bench.service().log().count("POST", "files/put")
}

#[tokio::test]
async fn a_full_storage_is_told_and_leaves_the_old_file() {
    let small = MountConfig::new("Koofr").space_mib(Some(1));
    let bench = Bench::with(KoofrConfig::default().primary(small)).await;
    let remote = bench.remote();
    write(&remote, "f", "old").await.unwrap();
    let options = WriteOptions::default();
    let large = vec![7_u8; 2 << 20];
    let error = remote
        .write_bytes(&path("f"), large, options)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::QuotaExceeded, Effect::NotMade)
    );
    assert!(error.is_fatal() && error.help().is_some());
    assert_eq!(stored(&bench, "/f").unwrap(), "old");
    assert_eq!(bodies(&bench), 2);

    order(&bench, FaultAction::QuotaExceeded);
    let error = write(&remote, "g", "x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
}

#[tokio::test]
async fn a_refusal_that_comes_while_the_body_is_sent_is_understood() {
    let refusal = answer(
        "413 Payload Too Large",
        "application/json",
        r#"{"error":{"code":"QuotaExceeded","message":"full"},"requestId":"r1"}"#,
    );
    let server = RawServer::start(move |_, mut connection| {
        let refusal = refusal.clone();
        async move {
            let head = connection.head().await.unwrap_or_default();
            match head.contains("/files/put") {
                true => connection.send(refusal).await,
                false => connection.send(json(MOUNT)).await,
            }
            connection.finish().await;
        }
    })
    .await;
    let remote = remote_of(&server.url());
    let options = WriteOptions::default();
    let error = remote
        .write_bytes(&path("f"), vec![1_u8; 32 << 20], options)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::QuotaExceeded, Effect::NotMade),
        "{error:?}"
    );
    assert_eq!(error.request_id(), Some("r1"));
}

#[tokio::test]
async fn a_storage_that_may_not_be_written_is_told() {
    let config = KoofrConfig::default().primary(MountConfig::new("Koofr").read_only());
    let bench = Bench::with(config).await;
    let error = write(&bench.remote(), "f", "x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let error = bench.remote().create_dir(&path("d")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}

#[tokio::test]
async fn a_time_that_is_not_kept_is_not_claimed() {
    let config = KoofrConfig::default().primary(MountConfig::new("Dropbox").without_modified());
    let bench = Bench::with(config).await;
    let remote = bench.remote();
    let time = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let options = WriteOptions::default().with_modified(time);
    let written = remote.write_bytes(&path("f"), "x", options).await.unwrap();
    assert_ne!(written.modified, Some(time));
    let seen = remote.stat(&path("f")).await.unwrap();
    assert_eq!(written.modified, seen.modified);
}

#[tokio::test]
async fn an_answer_that_lies_about_a_file_that_is_right_is_looked_into() {
    for action in [
        FaultAction::WrongHash,
        FaultAction::WrongSize { delta: 1 },
        FaultAction::WrongSize { delta: -1 },
    ] {
        let bench = Bench::start().await;
        let remote = bench.remote();
        order(&bench, action.clone());
        let entry = remote
            .write_bytes(&path("f"), "hello", WriteOptions::default())
            .await
            .unwrap();
        assert_eq!(entry.size, Some(5), "{action:?}");
        assert_eq!(bodies(&bench), 1, "{action:?}");
        assert_eq!(stored(&bench, "/f").unwrap(), "hello");
    }
}

#[tokio::test]
async fn an_answer_without_a_hash_is_enough() {
    let bench = Bench::start().await;
    order(&bench, FaultAction::OmitHash);
    write(&bench.remote(), "f", "hello").await.unwrap();
    order(&bench, FaultAction::NumbersAsStrings);
    write(&bench.remote(), "f", "hello again").await.unwrap();
    assert_eq!(stored(&bench, "/f").unwrap(), "hello again");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_does_not_hide_that_the_file_is_there() {
    for body in ["<html>proxy</html>", "{", "[]", "", "{\"name\":5.5}"] {
        let bench = Bench::start().await;
        let nonsense = FaultAnswer::new(200).with_body(body);
        order(&bench, FaultAction::CommitThenAnswer(nonsense));
        match write(&bench.remote(), "f", "hello").await {
            Ok(()) => {}
            Err(error) => assert_ne!(error.effect(), Effect::NotMade, "{body}: {error:?}"),
        }
        assert_eq!(stored(&bench, "/f").unwrap(), "hello");
        assert_eq!(bodies(&bench), 1, "{body}");
    }
}

#[tokio::test]
async fn a_file_that_is_damaged_once_is_sent_again() {
    let bench = Bench::start().await;
    let relay = Relay::start(bench.service().url(), "/files/put?", Relayed::Damaged).await;
    let remote = remote_by(&relay.url(), bench.service());
    write(&remote, "f", "hello").await.unwrap();
    assert_eq!(stored(&bench, "/f").unwrap(), "hello");
    assert_eq!(bodies(&bench), 2);
}

#[tokio::test]
async fn a_file_that_is_always_damaged_does_not_stay() {
    for (mode, effect) in [
        (WriteMode::CreateNew, Effect::NotMade),
        (WriteMode::Overwrite, Effect::Unknown),
    ] {
        let bench = Bench::start().await;
        let marker = "/files/put?";
        let relay = Relay::start(bench.service().url(), marker, Relayed::DamagedAlways).await;
        let remote = remote_by(&relay.url(), bench.service());
        let options = WriteOptions::default().with_mode(mode);
        let error = remote
            .write_bytes(&path("f"), "hello", options)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Corrupted, effect)
        );
        assert_eq!(error.retry_advice(), RetryAdvice::Never);
        assert_eq!(stored(&bench, "/f"), None);
        assert_eq!(bodies(&bench), 2);
        assert!(report(&error).contains("removed"), "{}", report(&error));
    }
}

#[tokio::test]
async fn a_file_that_was_to_be_matched_is_told_to_be_in_the_trash_when_its_successor_was_damaged() {
    let bench = Bench::start().await;
    bench.service().write("primary", "/f", "old").unwrap();
    let marker = "/files/put?";
    let relay = Relay::start(bench.service().url(), marker, Relayed::DamagedAlways).await;
    let remote = remote_by(&relay.url(), bench.service());
    let tag = remote.stat(&path("f")).await.unwrap().tag.unwrap();
    let options = WriteOptions::default().with_mode(WriteMode::IfMatch(tag));
    let error = remote
        .write_bytes(&path("f"), "hello", options)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Corrupted, Effect::Unknown)
    );
    assert!(report(&error).contains("trash"), "{}", report(&error));
    assert_eq!(bodies(&bench), 1);
}

#[tokio::test]
async fn a_server_that_stores_under_another_name_is_not_believed() {
    let info = r#"{"name":"f (1).txt","type":"file","modified":1,"size":5,"contentType":"text/plain","hash":"5d41402abc4b2a76b9719d911017c592"}"#;
    let (asked, requests) = std::sync::mpsc::channel();
    let asked = std::sync::Mutex::new(asked);
    let server = RawServer::serving(move |head| {
        asked.lock().unwrap().send(head.to_owned()).unwrap();
        match head {
            _ if head.contains("/files/put") => json(info),
            _ if head.contains("/files/remove") => json("{}"),
            _ => json(MOUNT),
        }
    })
    .await;
    let error = write(&remote_of(&server.url()), "f.txt", "hello")
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::AlreadyExists, Effect::NotMade)
    );
    let heads: Vec<String> = requests.try_iter().collect();
    let removal = heads
        .iter()
        .find(|head| head.starts_with("DELETE"))
        .unwrap();
    assert!(removal.contains("path=/f%20%281%29.txt"), "{removal}");
    assert!(removal.contains("removeIfSize=5"), "{removal}");
}

#[tokio::test]
async fn a_server_that_spells_a_name_its_own_way_keeps_the_file() {
    let stored = r#"{"name":"\u00e9.txt","type":"file","modified":1,"size":5,"contentType":"text/plain","hash":"5d41402abc4b2a76b9719d911017c592"}"#;
    let server = RawServer::serving(move |head| match head {
        _ if head.contains("/files/put") || head.contains("/files/info") => json(stored),
        _ if head.contains("/files/remove") => json("{}"),
        _ => json(MOUNT),
    })
    .await;
    // The letter and its accent apart, as file systems of one maker have them.
    write(&remote_of(&server.url()), "e\u{301}.txt", "hello")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_media_type_that_no_header_can_hold_is_left_out() {
    let bench = Bench::start().await;
    let options = WriteOptions::default().with_content_type("text/plain\r\nx-other: 1");
    let remote = bench.remote();
    remote
        .write_bytes(&path("f"), "hello", options)
        .await
        .unwrap();
    assert_eq!(stored(&bench, "/f").unwrap(), "hello");
}

/// Hands out half of its bytes and then an error.
#[derive(Debug)]
struct Breaking(ErrorKind);

#[async_trait]
impl UploadSource for Breaking {
    fn size(&self) -> Option<u64> {
        Some(400_000)
    }

    async fn open(&self, _offset: u64) -> Result<BoxStream<'static, Result<Bytes>>> {
        let kind = self.0;
        let half = Bytes::from(vec![1_u8; 200_000]);
        Ok(stream::iter([Ok(half), Err(Error::new(kind))]).boxed())
    }
}

#[tokio::test]
async fn a_source_that_breaks_leaves_the_old_file_and_is_not_asked_again() {
    for kind in [ErrorKind::SourceChanged, ErrorKind::SourceFailed] {
        let bench = Bench::start().await;
        let remote = bench.remote();
        write(&remote, "f", "old").await.unwrap();
        let source = Arc::new(Breaking(kind));
        let error = remote
            .write(&path("f"), source, WriteOptions::default())
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.effect()), (kind, Effect::NotMade));
        assert_eq!(stored(&bench, "/f").unwrap(), "old");
        assert!(bodies(&bench) <= 2);
    }
}

fn once(content: &'static str) -> Arc<dyn UploadSource> {
    let pieces = stream::iter([Ok(Bytes::from(content))]);
    Arc::new(StreamSource::once(pieces, None))
}

#[tokio::test]
async fn a_source_that_can_be_read_once_is_sent_once() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    remote.mount_id().await.unwrap();
    let options = WriteOptions::default;

    order(&bench, FaultAction::CommitThenClose);
    remote
        .write(&path("f"), once("hello"), options())
        .await
        .unwrap();
    assert_eq!(stored(&bench, "/f").unwrap(), "hello");

    for (action, kind) in [
        (FaultAction::Close, ErrorKind::Transport),
        (FaultAction::status(500), ErrorKind::Service),
        (
            FaultAction::RateLimit { retry_after: None },
            ErrorKind::RateLimited,
        ),
    ] {
        bench.service().log().clear();
        order(&bench, action.clone());
        let error = remote
            .write(&path("g"), once("hello"), options())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert_eq!(error.effect(), Effect::NotMade, "{error:?}");
        // The caller, who may have another source, is told that it may be tried again.
        assert!(
            matches!(error.retry_advice(), RetryAdvice::Safe(_)),
            "{error:?}"
        );
        assert_eq!(bodies(&bench), 1, "{action:?}");
        assert_eq!(stored(&bench, "/g"), None);
    }
}

#[tokio::test]
async fn a_known_directory_that_somebody_removed_is_made_again() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    write(&remote, "a/b/f", "x").await.unwrap();
    bench.remote().remove_dir_all(&path("a")).await.unwrap();
    write(&remote, "a/b/g", "y").await.unwrap();
    assert_eq!(stored(&bench, "/a/b/g").unwrap(), "y");
}

#[tokio::test]
async fn a_file_on_the_way_and_a_directory_in_the_place_are_told() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    write(&remote, "file", "x").await.unwrap();
    for below in ["file/f", "file/a/b/f"] {
        let error = write(&remote, below, "y").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotADirectory, "{below}");
        let error = remote.create_dir(&path(below)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotADirectory, "{below}");
    }
    assert_eq!(
        remote.create_dir(&path("file")).await.unwrap_err().kind(),
        ErrorKind::NotADirectory
    );

    // Known as a directory, and meanwhile a file.
    remote.create_dir(&path("d")).await.unwrap();
    bench.remote().remove_dir(&path("d")).await.unwrap();
    bench
        .service()
        .write("primary", "/d", "now a file")
        .unwrap();
    let error = write(&remote, "d/f", "y").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotADirectory);

    remote.create_dir(&path("e")).await.unwrap();
    for mode in [WriteMode::Overwrite, WriteMode::CreateNew] {
        let options = WriteOptions::default().with_mode(mode);
        let error = remote
            .write_bytes(&path("e"), "y", options)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IsADirectory);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn directories_made_by_many_at_once_are_made_once() {
    let bench = Bench::start().await;
    let remotes = [bench.remote(), bench.remote()];
    let calls = (0..64).map(|index| {
        let remote = remotes[index % 2].clone();
        async move {
            match index % 4 {
                0 | 1 => remote.create_dir(&path("x/y/z")).await,
                _ => write(&remote, &format!("x/y/Z/f{index}"), "x").await,
            }
        }
    });
    try_join_all(calls).await.unwrap();
    assert_eq!(bench.service().counts("primary").unwrap(), (32, 3));
    // Whoever asks for a directory asks the service; of the writers, the first one of each remote finds out for all others.
    let made = bench.service().log().count("POST", "files/folder");
    assert!(made <= 32 + 2 * 8, "{made} requests for directories");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_writers_of_a_new_file_wins() {
    let bench = Bench::start().await;
    let remotes = [bench.remote(), bench.remote()];
    let calls = (0..16).map(|index| {
        let remote = remotes[index % 2].clone();
        async move {
            let options = WriteOptions::default().with_mode(WriteMode::CreateNew);
            let content = format!("writer {index}");
            let result = remote
                .write_bytes(&path("f"), content.clone(), options)
                .await;
            (
                content,
                result.map_err(|error| error.kind()).map(|_entry| ()),
            )
        }
    });
    let results = futures::future::join_all(calls).await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(|(_, result)| result.is_ok());
    assert_eq!(won.len(), 1);
    assert_eq!(stored(&bench, "/f").unwrap(), won[0].0);
    assert!(
        lost.iter()
            .all(|(_, result)| *result == Err(ErrorKind::AlreadyExists))
    );
}

#[tokio::test]
async fn changes_are_told_from_a_cursor_on_also_after_failures() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    write(&remote, "before", "x").await.unwrap();
    let mut changes = remote.changes(None);
    let Change::Checkpoint(cursor) = changes.next().await.unwrap().unwrap() else {
        panic!("the first item is a checkpoint");
    };
    drop(changes);

    write(&remote, "a", "x").await.unwrap();
    remote
        .rename(&path("a"), &path("b"), Default::default())
        .await
        .unwrap();
    remote.remove_file(&path("before")).await.unwrap();
    for action in [FaultAction::Close, FaultAction::status(500)] {
        bench
            .service()
            .faults()
            .push(Fault::new(action).on("user/activity"));
    }
    // Another remote goes on where the first one stopped.
    let mut changes = bench.remote().changes(Some(cursor));
    let mut told = Vec::new();
    loop {
        match changes.next().await.unwrap().unwrap() {
            Change::Written(path, _) => told.push(format!("+{path}")),
            Change::Removed(path) => told.push(format!("-{path}")),
            Change::Renamed { from, to } => told.push(format!("{from}>{to}")),
            Change::Checkpoint(_) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told, ["+a", "a>b", "-before"]);
}
