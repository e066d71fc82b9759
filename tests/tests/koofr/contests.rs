//! Several callers who want the same thing at once, and a service whose clock is not ours.
//!
//! Cases: many writers who match the same content; many renames to one free name; many directories that share their ancestors; one file that is written while its
//! time is set; `Retry-After` as a date of a clock that is an hour off.

use std::time::{Duration, SystemTime};

use futures::future::join_all;
use remote_core::{
    error::{Error, ErrorKind},
    operation::{RenameOptions, WriteMode, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::fault::{Fault, FaultAction, FaultAnswer};
use tests::{
    changes::{TEMPORARY, tree},
    koofr::{Bench, path},
};

const MANY: usize = 12;

/// One of the results is a success; the kinds of the others.
fn kinds_of_losers<T>(results: &[Result<T, Error>]) -> Vec<ErrorKind> {
    let losers: Vec<ErrorKind> = results
        .iter()
        .filter_map(|result| result.as_ref().err().map(Error::kind))
        .collect();
    assert_eq!(losers.len() + 1, results.len(), "{losers:?}");
    losers
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_writers_who_match_the_same_content_wins() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    let old = remote
        .write_bytes(&path("d/f"), "old", WriteOptions::default())
        .await
        .unwrap();
    let writes = (0..MANY).map(|number| {
        let (remote, tag) = (bench.remote(), old.tag.clone().unwrap());
        async move {
            let options = WriteOptions::default().with_mode(WriteMode::IfMatch(tag));
            let content = format!("by {number}");
            remote.write_bytes(&path("d/f"), content, options).await
        }
    });
    let results = join_all(writes).await;
    let losers = kinds_of_losers(&results);
    assert!(
        losers
            .iter()
            .all(|kind| *kind == ErrorKind::PreconditionFailed),
        "{losers:?}"
    );
    let winner = results.iter().position(Result::is_ok).unwrap();
    let content = remote.read_bytes(&path("d/f"), 100).await.unwrap();
    assert_eq!(content, format!("by {winner}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_renames_to_the_same_name_wins_and_nothing_is_lost() {
    let bench = Bench::start().await;
    for number in 0..MANY {
        let file = format!("/f{number}");
        bench
            .service()
            .write("primary", &file, file.clone())
            .unwrap();
    }
    let renames = (0..MANY).map(|number| {
        let remote = bench.remote();
        async move {
            let from = path(&format!("f{number}"));
            let options = RenameOptions::default();
            remote.rename(&from, &path("target"), options).await
        }
    });
    let losers = kinds_of_losers(&join_all(renames).await);
    assert!(
        losers.iter().all(|kind| *kind == ErrorKind::AlreadyExists),
        "{losers:?}"
    );
    let mut contents: Vec<String> = tree(bench.service()).into_values().flatten().collect();
    contents.sort();
    contents.dedup();
    assert_eq!(contents.len(), MANY);
}

#[tokio::test(flavor = "multi_thread")]
async fn directories_with_common_ancestors_are_made_by_many_remotes_at_once() {
    let bench = Bench::start().await;
    let made = (0..MANY).map(|number| {
        let remote = bench.remote_at("new/root");
        async move {
            let dir = path(&format!("a/b/c{}", number % 3));
            remote.create_dir(&dir).await
        }
    });
    for made in join_all(made).await {
        made.unwrap();
    }
    assert_eq!(bench.service().counts("primary").unwrap(), (0, 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_written_while_its_time_is_set_keeps_the_new_content() {
    let bench = Bench::start().await;
    let service = bench.service();
    service.write("primary", "/f", "old").unwrap();
    let remote = bench.remote();
    remote.mount_id().await.unwrap();
    // Held: the file is about to be set aside, its copy has been made.
    let hold = service
        .faults()
        .hold(Fault::new(FaultAction::Hold).on("files/move"));
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    let file = path("f");
    let setting = remote.set_modified(&file, time);
    let writing = async {
        hold.wait_for(1).await;
        service.write("primary", "/f", "newer").unwrap();
        hold.release_all();
    };
    let (set, ()) = futures::join!(setting, writing);
    assert_eq!(set.unwrap_err().kind(), ErrorKind::PreconditionFailed);
    let tree = tree(service);
    assert_eq!(tree.get("/f"), Some(&Some("newer".to_owned())));
    assert!(!tree.keys().any(|path| path.contains(TEMPORARY)));
}

#[tokio::test]
async fn a_pause_until_a_time_of_a_clock_that_is_an_hour_off_is_as_long_as_it_was_meant() {
    let bench = Bench::start().await;
    bench.service().write("primary", "/f", "content").unwrap();
    let remote = bench.remote();
    remote.mount_id().await.unwrap();
    // Somebody's noon, whatever time it is here.
    for (date, until) in [
        (
            "Fri, 31 Dec 2027 12:00:00 GMT",
            "Fri, 31 Dec 2027 12:00:01 GMT",
        ),
        (
            "Sat, 31 Dec 2022 12:00:00 GMT",
            "Sat, 31 Dec 2022 12:00:01 GMT",
        ),
    ] {
        let busy = FaultAnswer::new(429)
            .with_header("Date", date)
            .with_header("Retry-After", until);
        let fault = Fault::new(FaultAction::Answer(busy)).on("files/info");
        bench.service().faults().push(fault);
        let before = tokio::time::Instant::now();
        remote.stat(&path("f")).await.unwrap();
        assert!(before.elapsed() >= Duration::from_millis(990), "{date}");
    }
}
