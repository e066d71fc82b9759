//! What other clients of the service do wrong, as the specification lists it, and ours must not.

use std::time::Duration;

use acd_api::api::nodes::NodeQuery;
use futures::StreamExt as _;
use remote_core::{
    error::{Effect, ErrorKind},
    operation::{Change, RenameOptions, TargetMode, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::{
    acd::{LateUpload, PlantedNode},
    fault::{Fault, FaultAction, FaultAnswer},
};
use tests::acd::{Bench, path};

fn answered(status: u16, body: &str) -> FaultAction {
    FaultAction::Answer(FaultAnswer::new(status).with_body(body))
}

// rclone waits for every failed upload, an hour for a large one that was refused for good.
#[tokio::test]
async fn an_upload_that_was_refused_is_not_waited_for() {
    for (status, body, kind) in [
        (
            403,
            r#"{"code":"NO_ACTIVE_SUBSCRIPTION_FOUND","message":"File size exceeds account allowance."}"#,
            ErrorKind::QuotaExceeded,
        ),
        (
            400,
            r#"{"message":"bad metadata"}"#,
            ErrorKind::InvalidInput,
        ),
        (413, "", ErrorKind::TooLarge),
        (
            429,
            r#"{"message":"Rate exceeded"}"#,
            ErrorKind::RateLimited,
        ),
    ] {
        let bench = Bench::start().await;
        let remote = bench
            .builder()
            .upload_wait(Duration::from_secs(3600), Duration::from_secs(3600))
            .build();
        remote.list_all(&path("")).await.unwrap();
        let refusal = Fault::new(answered(status, body)).on("content/upload");
        bench.service().faults().push(refusal.always());
        bench.service().log().clear();
        let at = path("f");
        let write = remote.write_bytes(&at, "content", WriteOptions::default());
        let error = write.await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (kind, Effect::NotMade));
        let log = bench.service().log();
        assert_eq!(log.total(), log.count("POST", "content/upload"), "{status}");
    }
}

// The content that was there before has the same size, which rclone takes for a success.
#[tokio::test]
async fn old_content_of_the_same_size_is_not_taken_for_the_new_one() {
    for is_stored in [true, false] {
        let bench = Bench::start().await;
        let service = bench.service();
        service.write("/f", "AAAAAAA").unwrap();
        let remote = bench
            .builder()
            .upload_wait(Duration::from_millis(600), Duration::from_millis(10))
            .build();
        remote.list_all(&path("")).await.unwrap();
        if is_stored {
            service.order_late_upload(LateUpload::new(504).visible_after_ms(100));
        } else {
            let lost = Fault::new(FaultAction::status(504)).on("content/overwrite");
            service.faults().push(lost);
        }
        let at = path("f");
        let write = remote.write_bytes(&at, "BBBBBBB", WriteOptions::default());
        write.await.unwrap();
        assert_eq!(service.read("/f").unwrap().unwrap(), "BBBBBBB");
        let sent = service.log().count("PUT", "content/overwrite");
        assert_eq!(sent, if is_stored { 1 } else { 2 });
    }
}

// Waiting ends with the future; rclone's sleeps go on.
#[tokio::test]
async fn whoever_stops_waiting_stops_the_looking() {
    let bench = Bench::start().await;
    let remote = bench
        .builder()
        .upload_wait(Duration::from_secs(3600), Duration::from_millis(5))
        .build();
    remote.list_all(&path("")).await.unwrap();
    let lost = Fault::new(FaultAction::status(504)).on("content/upload");
    bench.service().faults().push(lost);
    bench.service().log().clear();
    let at = path("f");
    let mut write = Box::pin(remote.write_bytes(&at, "content", WriteOptions::default()));
    while bench.requests() < 3 {
        tokio::select! {
            _ = &mut write => panic!("there is nothing to be found"),
            () = tokio::time::sleep(Duration::from_millis(1)) => {}
        }
    }
    drop(write);
    // A request that was under way arrives at most.
    let before = bench.requests();
    remote.usage().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(bench.requests() <= before + 2);
}

// It succeeds the second time; the file may be there nevertheless.
#[tokio::test]
async fn an_upload_that_could_not_be_completed_is_sent_again_after_a_look() {
    let bench = Bench::start().await;
    let remote = bench
        .builder()
        .upload_wait(Duration::from_secs(3600), Duration::from_secs(3600))
        .build();
    remote.list_all(&path("")).await.unwrap();
    bench.service().log().clear();
    let incomplete = answered(400, r#"{"message":"Cannot complete upload"}"#);
    let fault = Fault::new(incomplete).on("content/upload");
    bench.service().faults().push(fault);
    let at = path("f");
    let write = remote.write_bytes(&at, "content", WriteOptions::default());
    write.await.unwrap();
    let log = bench.service().log();
    assert_eq!(log.count("POST", "content/upload"), 2);
    assert_eq!(log.count("GET", "nodes/list"), 1);
}

// rclone's way by the trash takes the only parent away when just the name changes.
#[tokio::test]
async fn a_rename_that_is_refused_leaves_the_node_where_it_is() {
    let bench = Bench::start().await;
    let service = bench.service();
    let id = service.write("/d/a", "a").unwrap();
    service.write("/d/b", "b").unwrap();
    let remote = bench.remote();
    let options = RenameOptions::default().with_target(TargetMode::CreateNew);
    let error = remote
        .rename(&path("d/a"), &path("d/b"), options)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::AlreadyExists, Effect::NotMade)
    );
    let parent = service.entry("/d").unwrap().id;
    let node = service.node(&id).unwrap();
    assert_eq!((node.parents, node.status), (vec![parent], "AVAILABLE"));
    assert_eq!(service.read("/d/b").unwrap().unwrap(), "b");
}

// Taking the old target back would leave two files of one name, or the wrong one.
#[tokio::test]
async fn a_move_that_was_made_is_not_undone_because_nobody_can_look_at_it() {
    let bench = Bench::start().await;
    let service = bench.service();
    service.write("/d/a", "new").unwrap();
    service.write("/d/b", "old").unwrap();
    let remote = bench.remote();
    remote.list_all(&path("d")).await.unwrap();
    // The first look is at what is to be moved.
    let unseen = Fault::new(FaultAction::status(500)).on("nodes/get").skip(1);
    service.faults().push(unseen.always());
    let options = RenameOptions::default().with_target(TargetMode::Replace);
    let (from, to) = (path("d/a"), path("d/b"));
    let moved = remote.rename(&from, &to, options);
    let error = moved.await.unwrap_err();
    assert_eq!(error.effect(), Effect::Made);
    assert_eq!(service.read("/d/b").unwrap().unwrap(), "new");
    assert_eq!(service.trash_list().len(), 1);
    assert_eq!(service.log().count("POST", "trash/restore"), 0);
}

#[tokio::test]
async fn an_error_on_the_way_through_the_trash_says_that_the_node_may_be_there() {
    let bench = Bench::start().await;
    let service = bench.service();
    let id = service.write("/a/x", "new").unwrap();
    service.write("/a/y", "in the way of the name").unwrap();
    service.write("/b/x", "in the way of the move").unwrap();
    let remote = bench.remote();
    for dir in ["a", "b"] {
        remote.list_all(&path(dir)).await.unwrap();
    }
    let lost = Fault::new(FaultAction::CommitThenClose).on("trash/add");
    service.faults().push(lost);
    let unseen = Fault::new(FaultAction::status(500)).on("nodes/get").skip(1);
    service.faults().push(unseen.always());
    let (from, to) = (path("a/x"), path("b/y"));
    let moved = remote.rename(&from, &to, RenameOptions::default());
    let error = moved.await.unwrap_err();
    assert_eq!(error.effect(), Effect::Unknown);
    let said = error.to_string();
    assert!(said.contains(&id) && said.contains("trash"), "{said}");
    assert!(error.help().is_some());
}

// rclone takes the folder above for the name: it renames nearly always, and forgets to where the two are the same word.
#[tokio::test]
async fn a_folder_is_renamed_exactly_when_its_name_changes() {
    for (from, to, patches) in [
        ("q/zz", "w/zz", 0),
        ("q/zz", "w/q", 1),
        ("q/zz", "q/w", 1),
        ("zz", "w/zz", 0),
    ] {
        let bench = Bench::start().await;
        let service = bench.service();
        service.write(&format!("/{from}/f"), "x").unwrap();
        service.create_dir("/w").unwrap();
        let remote = bench.remote();
        remote
            .rename(&path(from), &path(to), RenameOptions::default())
            .await
            .unwrap();
        assert_eq!(service.read(&format!("/{to}/f")).unwrap().unwrap(), "x");
        assert!(service.entry(&format!("/{from}")).is_none());
        assert_eq!(
            service.log().count("PATCH", "nodes/patch"),
            patches,
            "{from} {to}"
        );
    }
}

#[tokio::test]
async fn a_folder_in_several_places_is_moved_and_not_renamed() {
    let bench = Bench::start().await;
    let service = bench.service();
    let shared = service.create_dir("/a/shared").unwrap();
    let b = service.create_dir("/b").unwrap();
    service.create_dir("/c").unwrap();
    service.add_parent(&shared, &b).unwrap();
    let remote = bench.remote();
    let options = RenameOptions::default;
    let error = remote
        .rename(&path("a/shared"), &path("a/other"), options())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    remote
        .rename(&path("a/shared"), &path("c/shared"), options())
        .await
        .unwrap();
    for (at, is_there) in [
        ("/a/shared", false),
        ("/b/shared", true),
        ("/c/shared", true),
    ] {
        assert_eq!(service.entry(at).is_some(), is_there, "{at}");
    }
}

// A purged node may be of the kind FILE and have no name, which ends rclone.
#[tokio::test]
async fn purged_nodes_without_a_name_do_no_harm() {
    let bench = Bench::with_settings(|settings| {
        settings.allow_purge = true;
        settings.purged_with_kind = true;
    })
    .await;
    let service = bench.service();
    let id = service.write("/d/f", "x").unwrap();
    let remote = bench
        .builder()
        .poll_interval(Duration::from_millis(5))
        .build();
    remote.list_all(&path("d")).await.unwrap();
    let mut changes = remote.changes(None);
    changes.next().await.unwrap().unwrap();
    remote.client().purge(&id).await.unwrap();
    let orphan = PlantedNode::file(None, &[], "x");
    let orphan = service.plant(orphan).unwrap();
    remote.client().purge(&orphan).await.unwrap();
    service.write("/d/last", "x").unwrap();
    let mut told = Vec::new();
    loop {
        match changes.next().await.unwrap().unwrap() {
            Change::Removed(at) => told.push(at),
            Change::Written(at, _) if at == path("d/last") => break,
            _ => {}
        }
    }
    assert_eq!(told, [path("d/f")]);
}

// rclone ignores both, and does not renew its token while it polls.
#[tokio::test]
async fn a_poll_survives_an_ended_token_a_busy_service_and_tells_a_reset() {
    let bench = Bench::start().await;
    let service = bench.service();
    let remote = bench
        .builder()
        .poll_interval(Duration::from_millis(5))
        .build();
    remote.list_all(&path("")).await.unwrap();
    let mut changes = remote.changes(None);
    changes.next().await.unwrap().unwrap();
    service.clock().advance(Duration::from_secs(4000));
    let busy = FaultAction::RateLimit { retry_after: None };
    service.faults().push(Fault::new(busy).on("changes"));
    service
        .faults()
        .push(Fault::new(FaultAction::status(503)).on("changes"));
    service.write("/a", "x").unwrap();
    loop {
        match changes.next().await.unwrap().unwrap() {
            Change::Written(at, _) => break assert_eq!(at, path("a")),
            Change::Checkpoint(_) => {}
            other => panic!("{other:?}"),
        }
    }
    service.change_settings(|settings| settings.forget_checkpoints = 1);
    loop {
        match changes.next().await.unwrap().unwrap() {
            Change::Rescan(at) => break assert_eq!(at, path("")),
            Change::Checkpoint(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

// For others an existing folder of that name is a failure.
#[tokio::test]
async fn two_programs_make_the_same_folders_at_the_same_time() {
    let bench = Bench::with_settings(|settings| settings.index_lag_ms = 50).await;
    let remotes = [bench.remote(), bench.remote(), bench.remote()];
    let deep = path("a/b/c");
    let made = remotes.iter().map(|remote| remote.create_dir(&deep));
    for made in futures::future::join_all(made).await {
        made.unwrap();
    }
    assert_eq!(bench.service().counts("/"), (0, 3));
}

// Deleting twice, in other words what a lost answer leads to.
#[tokio::test]
async fn the_trash_shows_files_and_folders() {
    let bench = Bench::start().await;
    let service = bench.service();
    service.write("/f", "x").unwrap();
    service.write("/d/g", "x").unwrap();
    let remote = bench.remote();
    remote.trash(&path("f")).await.unwrap();
    remote.trash(&path("d")).await.unwrap();
    let trash = remote.list_trash().await.unwrap();
    let mut names: Vec<_> = trash.iter().filter_map(|it| it.name.as_deref()).collect();
    names.sort_unstable();
    assert_eq!(names, ["d", "f"]);
    let one = NodeQuery::default().with_limit(1);
    let page = remote.client().trash_page(&one, None).await.unwrap();
    assert!(page.data.len() == 1 && page.next_token.is_some());
}

// The storage of large files fails for such names; only another name helps.
#[tokio::test]
async fn large_files_of_names_beyond_latin_1_fail_with_what_the_storage_said() {
    let bench = Bench::with_settings(|settings| settings.redirect_from = 5).await;
    bench.service().write("/日本", "hello world").unwrap();
    bench.service().write("/plain", "hello world").unwrap();
    let remote = bench.remote();
    let error = remote.read_bytes(&path("日本"), 100).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(error.http_status(), Some(400));
    remote
        .rename(&path("日本"), &path("japan"), RenameOptions::default())
        .await
        .unwrap();
    let content = remote.read_bytes(&path("japan"), 100).await.unwrap();
    assert_eq!(content, "hello world");
}
