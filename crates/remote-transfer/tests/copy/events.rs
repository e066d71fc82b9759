//! What an observer is told.

use std::sync::Arc;

use remote_core::{
    error::ErrorKind,
    memory::MemoryRemote,
    remote::Remote,
    testkit::{Fault, FaultyRemote},
};
use remote_transfer::{Event, FileOutcome, Location, copy};

use crate::support::{Recorder, at, fill, folder, on, options, time, touch};

fn moved(events: &[Event]) -> u64 {
    events.iter().fold(0, |sum, event| match event {
        Event::Moved { bytes, .. } => sum + bytes,
        Event::Restarted { bytes, .. } => sum - bytes,
        _ => sum,
    })
}

fn finished(events: &[Event], wanted: FileOutcome) -> usize {
    let is_it =
        |event: &&Event| matches!(event, Event::FileFinished { outcome, .. } if *outcome == wanted);
    events.iter().filter(is_it).count()
}

#[tokio::test]
async fn every_file_and_byte_is_told() {
    let large = "x".repeat(1 << 20);
    let dir = folder(&[("a", &large), ("sub/b", "two"), ("c", "three")]);
    let remote = MemoryRemote::new();
    let (from, to) = (Location::local(dir.path()), at("t", &remote));
    let recorder = Arc::new(Recorder::default());
    let watched = options().with_observer(Arc::<Recorder>::clone(&recorder));
    let summary = copy(&from, &to, &watched).await.unwrap();
    let events = recorder.events();
    assert_eq!(moved(&events), summary.bytes_transferred);
    assert_eq!(finished(&events, FileOutcome::Transferred), 3);
    assert!(matches!(events[0], Event::TargetListed { entries: 0 }));
    let is_scan_end = |event: &&Event| matches!(event, Event::ScanFinished { files: 3, bytes } if *bytes == (1 << 20) + 8);
    assert_eq!(events.iter().filter(is_scan_end).count(), 1);
    let made = |event: &&Event| matches!(event, Event::DirectoryCreated { .. });
    assert_eq!(events.iter().filter(made).count(), 2);
    for name in ["a", "sub/b", "c"] {
        let position = |wanted: fn(&Event) -> Option<&remote_core::path::RemotePath>| {
            events
                .iter()
                .position(|event| wanted(event).is_some_and(|path| path.to_string() == name))
                .unwrap()
        };
        let order = [
            position(|event| match event {
                Event::FileFound { path, .. } => Some(path),
                _ => None,
            }),
            position(|event| match event {
                Event::FileStarted { path, .. } => Some(path),
                _ => None,
            }),
            position(|event| match event {
                Event::Moved { path, .. } => Some(path),
                _ => None,
            }),
            position(|event| match event {
                Event::FileFinished { path, .. } => Some(path),
                _ => None,
            }),
        ];
        assert!(order.is_sorted(), "{name}: {order:?}");
    }

    touch(&dir.path().join("c"), time(1_800_000_000));
    let recorder = Arc::new(Recorder::default());
    copy(
        &from,
        &to,
        &options().with_observer(Arc::<Recorder>::clone(&recorder)),
    )
    .await
    .unwrap();
    let events = recorder.events();
    assert_eq!(finished(&events, FileOutcome::Unchanged), 2);
    assert_eq!(finished(&events, FileOutcome::TimeUpdated), 1);
    assert_eq!(moved(&events), 0);
}

#[tokio::test]
async fn bytes_of_a_failed_file_are_taken_back_and_the_problem_is_told() {
    let memory = MemoryRemote::new();
    let large = "x".repeat(1 << 20);
    fill(&memory, &[("b/a", &large), ("b/c", "three")]).await;
    let faulty = FaultyRemote::new(Arc::new(memory));
    let is_a = |call: &remote_core::testkit::Call| call.path.raw_name().as_ref() == b"a";
    faulty.order(
        Fault::cut_download(600_000, ErrorKind::Transport)
            .on("read")
            .when(is_a),
    );
    let remote: Arc<dyn Remote> = Arc::new(faulty);
    let dir = tempfile::tempdir().unwrap();
    let recorder = Arc::new(Recorder::default());
    let to = Location::local(dir.path());
    let watched = options().with_observer(Arc::<Recorder>::clone(&recorder));
    let summary = copy(&on(&remote, "b"), &to, &watched).await.unwrap();
    let events = recorder.events();
    assert_eq!((moved(&events), summary.bytes_transferred), (5, 5));
    let problems = |event: &&Event| matches!(event, Event::Problem(problem) if problem.path.to_string() == "a");
    assert_eq!(events.iter().filter(problems).count(), 1);
}
