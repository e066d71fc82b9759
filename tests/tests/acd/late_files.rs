//! Files whose upload has failed at its end: the service shows them late, not at all, otherwise than they were sent, or twice.
//!
//! The time to wait, `upload_wait_per_gb`, is none, some, or plenty. In each case the answer tells what became of the file, and no body is sent that cannot help.

use std::{sync::Arc, time::Duration};

use acd_api::AcdRemote;
use bytes::Bytes;
use futures::stream;
use remote_core::{
    entry::Entry,
    error::{Effect, ErrorKind, Result, RetryAdvice},
    operation::{WriteMode, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
    source::StreamSource,
};
use remote_emulator::acd::{LateUpload, PlantedNode, StoredAs};
use tests::acd::{Bench, path};

const CONTENT: &str = "the new content";

/// So long a file stays hidden that nobody waits for.
const LONG: Duration = Duration::from_secs(3600);

/// An upload that waits as long as this per gibibyte makes it wait for the content, and no less for being small.
fn waiting(bench: &Bench, wait: Duration) -> AcdRemote {
    let gibibytes = f64::from(u32::try_from(CONTENT.len()).unwrap()) / f64::from(1 << 30);
    bench
        .builder()
        .upload_wait_per_gb(wait.div_f64(gibibytes))
        .upload_wait(Duration::ZERO, Duration::from_millis(10))
        .build()
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wait {
    None,
    Short,
    Plenty,
}

impl Wait {
    fn time(self) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Short => Duration::from_millis(60),
            Self::Plenty => Duration::from_secs(30),
        }
    }
}

struct Case {
    bench: Bench,
    remote: AcdRemote,
}

impl Case {
    async fn new(wait: Wait, is_new: bool, late: LateUpload) -> Self {
        let bench = Bench::start().await;
        let service = bench.service();
        if !is_new {
            // Of the same size.
            service.write("/f", "the old content").unwrap();
        }
        let remote = waiting(&bench, wait.time());
        remote.list_all(&path("")).await.unwrap();
        service.order_late_upload(late);
        service.log().clear();
        Self { bench, remote }
    }

    async fn write(&self, mode: WriteMode) -> Result<Entry> {
        let options = WriteOptions::default().with_mode(mode);
        self.remote.write_bytes(&path("f"), CONTENT, options).await
    }

    fn bodies(&self) -> u64 {
        let log = self.bench.service().log();
        log.count("POST", "content/upload") + log.count("PUT", "content/overwrite")
    }

    fn stored(&self) -> Bytes {
        self.bench.service().read("/f").unwrap().unwrap()
    }
}

fn hidden(time: Duration) -> LateUpload {
    LateUpload::new(504).visible_after_ms(u64::try_from(time.as_millis()).unwrap())
}

#[tokio::test]
async fn a_file_that_shows_in_time_is_sent_once() {
    for is_new in [true, false] {
        let late = hidden(Duration::from_millis(200));
        let case = Case::new(Wait::Plenty, is_new, late).await;
        let entry = case.write(WriteMode::Overwrite).await.unwrap();
        assert_eq!(entry.size, Some(CONTENT.len() as u64));
        assert_eq!(
            (case.bodies(), case.stored()),
            (1, CONTENT.into()),
            "{is_new}"
        );
    }
}

#[tokio::test]
async fn without_time_to_wait_there_is_one_look_also_for_small_files() {
    let bench = Bench::start().await;
    let remote = bench
        .builder()
        .upload_wait_per_gb(Duration::ZERO)
        .upload_wait(LONG, LONG)
        .build();
    remote.list_all(&path("")).await.unwrap();
    bench.service().order_late_upload(LateUpload::new(504));
    bench.service().log().clear();
    let at = path("f");
    let write = remote.write_bytes(&at, CONTENT, WriteOptions::default());
    write.await.unwrap();
    let log = bench.service().log();
    assert_eq!((log.total(), log.count("GET", "nodes/list")), (2, 1));
}

// The service knows the name, so what is sent once more cannot take it, and a third time neither.
#[tokio::test]
async fn a_new_file_that_shows_too_late_is_unknown_after_one_more_body() {
    for mode in [WriteMode::Overwrite, WriteMode::CreateNew] {
        for wait in [Wait::None, Wait::Short] {
            let case = Case::new(wait, true, hidden(LONG)).await;
            let error = case.write(mode.clone()).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.effect(), error.retry_advice()),
                (ErrorKind::Service, Effect::Unknown, RetryAdvice::Never)
            );
            assert!(error.help().is_some_and(|help| help.contains("later")));
            assert_eq!(case.bodies(), 2, "{mode:?} {wait:?}");
            // Whoever looks later finds it, and it can be written again.
            case.bench.service().clock().advance(LONG);
            assert_eq!(case.stored(), CONTENT);
            case.write(WriteMode::Overwrite).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_replaced_file_that_shows_too_late_is_sent_once_more() {
    for wait in [Wait::None, Wait::Short] {
        let case = Case::new(wait, false, hidden(LONG)).await;
        case.write(WriteMode::Overwrite).await.unwrap();
        assert_eq!((case.bodies(), case.stored()), (2, CONTENT.into()));
    }
}

#[tokio::test]
async fn a_file_that_is_stored_otherwise_than_it_was_sent_is_replaced() {
    for stored in [StoredAs::OtherBytes, StoredAs::OtherSize] {
        for is_new in [true, false] {
            for wait in [Wait::None, Wait::Short] {
                let late = LateUpload::new(408).stored(stored);
                let case = Case::new(wait, is_new, late).await;
                case.write(WriteMode::Overwrite).await.unwrap();
                assert_eq!((case.bodies(), case.stored()), (2, CONTENT.into()));
            }
        }
    }
    // Who wanted a new file is told that there is another one.
    let late = LateUpload::new(500).stored(StoredAs::OtherBytes);
    let case = Case::new(Wait::Short, true, late).await;
    let error = case.write(WriteMode::CreateNew).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(case.bodies(), 1);
}

#[tokio::test]
async fn a_file_that_shows_twice_is_sent_once() {
    let case = Case::new(Wait::Plenty, true, hidden(LONG)).await;
    let service = case.bench.service();
    let mut write = Box::pin(case.write(WriteMode::Overwrite));
    while service.log().count("GET", "nodes/list") == 0 {
        tokio::select! {
            _ = &mut write => panic!("there is nothing to be found"),
            () = tokio::time::sleep(Duration::from_millis(1)) => {}
        }
    }
    let root = service.root_id();
    let twin = PlantedNode::file(Some("f"), &[&root], CONTENT);
    service.plant(twin).unwrap();
    service.clock().advance(LONG);
    assert_eq!(write.await.unwrap().size, Some(CONTENT.len() as u64));
    assert_eq!(case.bodies(), 1);
}

#[tokio::test]
async fn a_content_that_is_still_processed_is_not_sent_again() {
    for in_answer in [true, false] {
        for is_new in [true, false] {
            let bench = Bench::start().await;
            let service = bench.service();
            if !is_new {
                service.write("/f", "the old content").unwrap();
            }
            let remote = waiting(&bench, Wait::Short.time());
            remote.list_all(&path("")).await.unwrap();
            service.change_settings(|settings| {
                settings.processing_ms = 3_600_000;
                settings.pending_in_answers = true;
            });
            if !in_answer {
                service.order_late_upload(LateUpload::new(504));
            }
            service.log().clear();
            let at = path("f");
            let write = remote.write_bytes(&at, CONTENT, WriteOptions::default());
            let error = write.await.unwrap_err();
            // A new file that is not told of when it is sent again can be anybody's.
            let expected = match in_answer || !is_new {
                true => Effect::Made,
                false => Effect::Unknown,
            };
            assert_eq!(
                (error.kind(), error.effect()),
                (ErrorKind::Service, expected)
            );
            let log = service.log();
            let bodies =
                log.count("POST", "content/upload") + log.count("PUT", "content/overwrite");
            assert!(bodies <= 2, "{in_answer} {is_new}: {bodies} bodies");
            service.clock().advance(LONG);
            assert_eq!(service.read("/f").unwrap().unwrap(), CONTENT);
            assert_eq!(remote.read_bytes(&path("f"), 100).await.unwrap(), CONTENT);
        }
    }
}

// The content host says by a 400 that the token has ended.
#[tokio::test]
async fn a_token_that_ends_under_bytes_that_are_gone_asks_for_them_and_not_for_a_sign_in() {
    let bench = Bench::start().await;
    let service = bench.service();
    let remote = bench.remote();
    remote.list_all(&path("")).await.unwrap();
    service.clock().advance(Duration::from_secs(4000));
    let source = |content: &'static [u8]| {
        let pieces = stream::iter([Ok(Bytes::from_static(content))]);
        Arc::new(StreamSource::once(pieces, Some(content.len() as u64)))
    };
    let at = path("f");
    let write = remote.write(&at, source(b"once"), WriteOptions::default());
    let error = write.await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Service, Effect::NotMade)
    );
    assert_eq!(error.retry_advice(), RetryAdvice::Safe(None));
    assert!(!error.is_fatal() && error.help().is_some_and(|help| help.contains("once more")));
    let write = remote.write(&at, source(b"again"), WriteOptions::default());
    write.await.unwrap();
    assert_eq!(service.read("/f").unwrap().unwrap(), "again");
    assert_eq!(service.log().count("POST", "identity/token"), 1);
}
