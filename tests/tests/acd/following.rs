//! The feed of changes as the contract tells it: by path, also where a thing has changed in several ways between two polls.

use std::time::Duration;

use acd_api::AcdRemote;
use futures::{StreamExt as _, stream::BoxStream};
use remote_core::{
    error::Result,
    operation::{Change, ChangeCursor},
    remote::{Remote as _, RemoteExt as _},
};
use tests::acd::{Bench, path};

struct Follower {
    remote: AcdRemote,
    changes: BoxStream<'static, Result<Change>>,
}

impl Follower {
    /// Begins to follow once all of these folders were listed.
    async fn new(bench: &Bench, listed: &[&str]) -> Self {
        let remote = bench
            .builder()
            .poll_interval(Duration::from_millis(5))
            .build();
        for dir in listed {
            remote.list_all(&path(dir)).await.unwrap();
        }
        let mut changes = remote.changes(None);
        let Some(Ok(Change::Checkpoint(_))) = changes.next().await else {
            panic!("it begins with a checkpoint");
        };
        Self { remote, changes }
    }

    /// What is told up to a file that is written for it, without that file, the folders and the checkpoints.
    async fn until_mark(&mut self, bench: &Bench, mark: &str) -> Vec<String> {
        bench.service().write(&format!("/{mark}"), "mark").unwrap();
        let mut told = Vec::new();
        loop {
            match self.changes.next().await.unwrap().unwrap() {
                Change::Written(at, _) if at == path(mark) => return told,
                Change::Written(at, entry) => {
                    told.push(format!("written {at} {:?}", entry.and_then(|it| it.size)));
                }
                Change::Removed(at) => told.push(format!("removed {at}")),
                Change::Renamed { from, to } => told.push(format!("renamed {from} {to}")),
                Change::Rescan(at) => told.push(format!("rescan {at}")),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_was_renamed_and_rewritten_is_told_as_both() {
    let bench = Bench::start().await;
    let service = bench.service();
    let id = service.write("/d/a", "old").unwrap();
    let mut follower = Follower::new(&bench, &["", "d"]).await;
    service.write("/d/a", "newer").unwrap();
    service.rename(&id, "b").unwrap();
    let told = follower.until_mark(&bench, "mark").await;
    assert_eq!(told, ["renamed d/a d/b", "written d/b Some(5)"]);
    // With the same content only the name is told.
    service.rename(&id, "c").unwrap();
    let told = follower.until_mark(&bench, "mark 2").await;
    assert_eq!(told, ["renamed d/b d/c"]);
}

#[tokio::test]
async fn what_is_below_a_renamed_folder_is_told_below_its_new_name() {
    let bench = Bench::start().await;
    let service = bench.service();
    let dir = service.create_dir("/d/below").unwrap();
    let mut follower = Follower::new(&bench, &["", "d", "d/below"]).await;
    service.write("/d/below/f", "1").unwrap();
    let told = follower.until_mark(&bench, "mark").await;
    assert_eq!(told, ["written d/below/f Some(1)"]);
    service.rename(&dir, "new").unwrap();
    let told = follower.until_mark(&bench, "mark 2").await;
    assert_eq!(told, ["renamed d/below d/new"]);
    service.write("/d/new/f", "12").unwrap();
    let told = follower.until_mark(&bench, "mark 3").await;
    assert_eq!(told, ["written d/new/f Some(2)"]);
}

#[tokio::test]
async fn a_hard_link_is_told_in_each_of_its_folders() {
    let bench = Bench::start().await;
    let service = bench.service();
    let file = service.write("/a/f", "1").unwrap();
    let folders = ["/b", "/c"].map(|folder| service.create_dir(folder).unwrap());
    let mut follower = Follower::new(&bench, &["", "a", "b", "c"]).await;
    service.add_parent(&file, &folders[0]).unwrap();
    let told = follower.until_mark(&bench, "mark").await;
    assert_eq!(told, ["written b/f Some(1)", "written a/f Some(1)"]);
    service.write("/b/f", "12").unwrap();
    let told = follower.until_mark(&bench, "mark 2").await;
    assert_eq!(told, ["written a/f Some(2)", "written b/f Some(2)"]);
    service.move_to(&file, &folders[0], &folders[1]).unwrap();
    let told = follower.until_mark(&bench, "mark 3").await;
    assert_eq!(told, ["renamed b/f c/f", "written a/f Some(2)"]);
    service.remove_parent(&file, &folders[1]).unwrap();
    let told = follower.until_mark(&bench, "mark 4").await;
    assert_eq!(told, ["removed c/f", "written a/f Some(2)"]);
    service.trash(&file).unwrap();
    let told = follower.until_mark(&bench, "mark 5").await;
    assert_eq!(told, ["removed a/f"]);
}

#[tokio::test]
async fn a_folder_that_others_moved_before_is_told_where_it_is() {
    let bench = Bench::start().await;
    let service = bench.service();
    let dir = service.create_dir("/old/d").unwrap();
    service.create_dir("/new").unwrap();
    let ids = ["/old", "/new"].map(|folder| service.entry(folder).unwrap().id);
    let remote = bench
        .builder()
        .poll_interval(Duration::from_millis(5))
        .build();
    for listed in ["", "old", "old/d", "new"] {
        remote.list_all(&path(listed)).await.unwrap();
    }
    // Before it is followed, and while the service forgets where the follower was.
    service.move_to(&dir, &ids[0], &ids[1]).unwrap();
    let mut changes = remote.changes(None);
    changes.next().await.unwrap().unwrap();
    let mut follower = Follower { remote, changes };
    service.write("/new/d/f", "1").unwrap();
    let told = follower.until_mark(&bench, "mark").await;
    assert_eq!(told, ["written new/d/f Some(1)"]);

    service.change_settings(|settings| settings.forget_checkpoints = 1);
    service.move_to(&dir, &ids[1], &ids[0]).unwrap();
    loop {
        match follower.changes.next().await.unwrap().unwrap() {
            Change::Rescan(at) if at.is_root() => break,
            _ => {}
        }
    }
    service.write("/old/d/g", "1").unwrap();
    let told = follower.until_mark(&bench, "mark 2").await;
    assert!(
        told.contains(&"written old/d/g Some(1)".to_owned()),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_cursor_that_was_kept_goes_on_where_it_was_in_another_run() {
    let bench = Bench::start().await;
    let service = bench.service();
    let mut follower = Follower::new(&bench, &[""]).await;
    service.write("/before", "1").unwrap();
    let mut kept = None;
    let mut seen = false;
    while !(seen && kept.is_some()) {
        match follower.changes.next().await.unwrap().unwrap() {
            Change::Written(at, _) => seen |= at == path("before"),
            Change::Checkpoint(cursor) if seen => kept = Some(cursor.as_str().to_owned()),
            _ => {}
        }
    }
    drop(follower);
    service.write("/between", "12").unwrap();
    for _run in 0..2 {
        let remote = bench
            .builder()
            .poll_interval(Duration::from_millis(5))
            .build();
        let cursor = kept.clone().map(ChangeCursor::new);
        let changes = remote.changes(cursor);
        let mut follower = Follower { remote, changes };
        let Change::Written(at, _) = follower.changes.next().await.unwrap().unwrap() else {
            panic!("the file was written between the runs");
        };
        assert_eq!(at, path("between"));
        assert!(follower.remote.stat(&at).await.unwrap().is_file());
    }
}
