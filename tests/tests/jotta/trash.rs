//! The trash: what is hidden, shown, brought back and removed for good.

use jotta_api::location::Location;
use remote_core::{
    error::ErrorKind,
    operation::{CopyOptions, LinkOptions, RemoveOutcome, RenameOptions, TargetMode, WriteOptions},
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::fault::{Fault, FaultAction, FaultAnswer};
use tests::{jotta::JottaBench, koofr::path};

async fn write(remote: &jotta_api::JottaRemote, file: &str, content: &str) {
    let options = WriteOptions::default();
    remote
        .write_bytes(&path(file), content.to_owned(), options)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_file_in_the_trash_is_hidden_shown_and_brought_back() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    write(&remote, "dir/a", "content").await;
    let before = remote.stat(&path("dir/a")).await.unwrap();
    remote.remove_file(&path("dir/a")).await.unwrap();
    assert!(
        remote
            .read_bytes(&path("dir/a"), 10)
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(
        bench
            .remote()
            .read_bytes(&path("dir/a"), 10)
            .await
            .unwrap_err()
            .is_not_found()
    );

    let trash = bench.builder().trashed_only(true).build();
    let names: Vec<_> = trash.list_all(&path("dir")).await.unwrap();
    assert_eq!(names.len(), 1);
    assert_eq!(
        trash.read_bytes(&path("dir/a"), 10).await.unwrap(),
        "content"
    );
    let view = remote.client().trash().await.unwrap();
    let file = view.files.first().unwrap();
    let place = Location::in_parent(file.parent.as_deref().unwrap(), &file.name).unwrap();
    assert_eq!(place, remote.location(&path("dir/a")).unwrap());

    let restored = remote.restore_at(&place).await.unwrap();
    assert_eq!((restored.files, restored.folders), (1, 0));
    let after = remote.stat(&path("dir/a")).await.unwrap();
    assert_eq!(
        (after.hash, after.modified, after.created),
        (before.hash, before.modified, before.created)
    );
    let error = remote.restore(&path("dir/a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
}

#[tokio::test]
async fn a_tree_comes_back_without_what_was_trashed_before() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    for file in ["d/a", "d/sub/b", "d/sub/deep/c", "d/old"] {
        write(&remote, file, file).await;
    }
    remote.create_dir(&path("d/empty")).await.unwrap();
    remote.remove_file(&path("d/old")).await.unwrap();
    bench
        .service()
        .clock()
        .advance(std::time::Duration::from_secs(60));
    remote.remove_dir_all(&path("d")).await.unwrap();
    assert!(remote.stat(&path("d")).await.unwrap_err().is_not_found());

    let restored = remote.restore(&path("d")).await.unwrap();
    assert_eq!((restored.files, restored.folders), (3, 4));
    assert_eq!(
        remote.read_bytes(&path("d/sub/deep/c"), 100).await.unwrap(),
        "d/sub/deep/c"
    );
    assert!(remote.stat(&path("d/empty")).await.unwrap().is_directory());
    assert!(
        remote
            .stat(&path("d/old"))
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn a_tree_that_came_back_in_part_is_brought_back_to_the_end() {
    for endpoint in ["jfs/cphash", "jfs/mkDir"] {
        let bench = JottaBench::start().await;
        let remote = bench.remote();
        for file in ["d/a", "d/b", "d/sub/c", "d/sub/deep/e", "d/old"] {
            write(&remote, file, file).await;
        }
        let minute = std::time::Duration::from_secs(60);
        remote.remove_file(&path("d/old")).await.unwrap();
        bench.service().clock().advance(minute);
        remote.remove_dir_all(&path("d")).await.unwrap();
        bench.service().clock().advance(minute);
        let broken = Fault::new(FaultAction::Answer(FaultAnswer::new(500))).on(endpoint);
        bench.service().faults().push(broken.skip(1).always());
        let error = remote.restore(&path("d")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Service, "{endpoint}");
        bench.service().faults().clear();
        // Something has taken a name in the meantime.
        bench
            .service()
            .write("/Jotta/Archive/d/B", "newer")
            .unwrap();

        remote.restore(&path("d")).await.unwrap();
        for file in ["d/a", "d/sub/c", "d/sub/deep/e"] {
            let content = remote.read_bytes(&path(file), 100).await.unwrap();
            assert_eq!(content, file, "{endpoint}");
        }
        assert_eq!(remote.read_bytes(&path("d/b"), 100).await.unwrap(), "newer");
        let old = remote.stat(&path("d/old")).await.unwrap_err();
        assert!(old.is_not_found(), "{endpoint}");
    }
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    write(&remote, "d/a", "x").await;
    for there in ["d", ""] {
        let error = remote.restore(&path(there)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PreconditionFailed, "{there}");
    }
}

#[tokio::test]
async fn purging_one_thing_spares_what_is_not_in_the_trash() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    write(&remote, "live", "x").await;
    write(&remote, "gone/a", "y").await;
    remote.remove_dir_all(&path("gone")).await.unwrap();
    let error = remote.purge_trashed(&path("live")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    assert_eq!(
        remote.purge_trashed(&path("gone")).await.unwrap(),
        RemoveOutcome::Removed
    );
    assert_eq!(
        remote.purge_trashed(&path("gone")).await.unwrap(),
        RemoveOutcome::Missing
    );
    assert_eq!(bench.service().trash_count(), 0);
    assert_eq!(remote.read_bytes(&path("live"), 10).await.unwrap(), "x");
}

#[tokio::test]
async fn removing_for_good_leaves_nothing_in_the_trash() {
    let bench = JottaBench::start().await;
    let remote = bench.builder().hard_delete(true).build();
    write(&remote, "a", "x").await;
    write(&remote, "d/b", "y").await;
    assert_eq!(
        remote.remove_file(&path("a")).await.unwrap(),
        RemoveOutcome::Removed
    );
    assert_eq!(
        remote.remove_dir_all(&path("d")).await.unwrap(),
        RemoveOutcome::Removed
    );
    assert_eq!(bench.service().trash_count(), 0);
}

#[tokio::test]
async fn copies_and_moves_onto_something_in_the_trash_are_live() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    for target in ["copied", "moved"] {
        write(&remote, target, "former").await;
        remote.remove_file(&path(target)).await.unwrap();
    }
    write(&remote, "source", "content").await;
    let original = remote.stat(&path("source")).await.unwrap();
    let copied = remote
        .copy(&path("source"), &path("copied"), CopyOptions::default())
        .await
        .unwrap();
    assert_eq!(
        (copied.modified, copied.created),
        (original.modified, original.created)
    );
    remote
        .rename(&path("source"), &path("moved"), RenameOptions::default())
        .await
        .unwrap();
    for target in ["copied", "moved"] {
        assert_eq!(
            bench.remote().read_bytes(&path(target), 100).await.unwrap(),
            "content",
            "{target}"
        );
    }
}

#[tokio::test]
async fn a_move_that_the_trash_blocks_is_refused_with_help_and_harms_nothing() {
    let bench = JottaBench::start().await;
    bench
        .service()
        .change_settings(|settings| settings.move_onto_trashed_fails = true);
    let remote = bench.remote();
    write(&remote, "gone", "former").await;
    remote.remove_file(&path("gone")).await.unwrap();
    write(&remote, "source", "content").await;
    let error = remote
        .rename(&path("source"), &path("gone"), RenameOptions::default())
        .await
        .unwrap_err();
    assert!(
        error.help().unwrap_or_default().contains("trash"),
        "{error:?}"
    );
    assert_eq!(
        remote.read_bytes(&path("source"), 100).await.unwrap(),
        "content"
    );
    // A target that is there is set aside, not trashed, so its name is free.
    write(&remote, "target", "old").await;
    let replace = RenameOptions::default().with_target(TargetMode::Replace);
    remote
        .rename(&path("source"), &path("target"), replace)
        .await
        .unwrap();
    assert_eq!(
        remote.read_bytes(&path("target"), 100).await.unwrap(),
        "content"
    );
}

#[tokio::test]
async fn older_contents_are_listed_read_and_made_the_present_one() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    for content in ["one", "two, longer", "three"] {
        write(&remote, "a", content).await;
    }
    let revisions = remote.revisions(&path("a")).await.unwrap();
    let numbers: Vec<_> = revisions
        .iter()
        .map(|revision| revision.number.unwrap())
        .collect();
    assert_eq!(numbers.len(), 3);
    let second = remote.read_revision(&path("a"), numbers[1]).await.unwrap();
    assert_eq!(second.bytes(100).await.unwrap(), "two, longer");
    remote
        .restore_revision(&path("a"), numbers[2])
        .await
        .unwrap();
    assert_eq!(remote.read_bytes(&path("a"), 100).await.unwrap(), "one");
    let error = remote.read_revision(&path("a"), 99).await.unwrap_err();
    assert!(error.is_not_found());

    // A service that does not heed the number is found out.
    bench
        .service()
        .change_settings(|settings| settings.old_revisions = false);
    let outcome = match remote.read_revision(&path("a"), numbers[1]).await {
        Ok(download) => download.bytes(100).await.map(drop),
        Err(error) => Err(error),
    };
    assert!(matches!(
        outcome.unwrap_err().kind(),
        ErrorKind::Unsupported | ErrorKind::Corrupted
    ));
}

#[tokio::test]
async fn links_lead_to_the_service_and_end() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    write(&remote, "dir/a b", "x").await;
    let link = remote
        .public_link(&path("dir/a b"), LinkOptions::default())
        .await
        .unwrap();
    assert!(
        link.url
            .starts_with("https://www.jottacloud.com/opin/io/downloadPublic/"),
        "{}",
        link.url
    );
    assert_eq!(remote.client().links().await.unwrap().files.len(), 1);
    remote.remove_public_link(&path("dir/a b")).await.unwrap();
    assert!(remote.client().links().await.unwrap().files.is_empty());
    let folder = remote
        .public_link(&path("dir"), LinkOptions::default())
        .await
        .unwrap();
    assert_ne!(folder.url, link.url);
    let protected = LinkOptions::default().with_expires_in(std::time::Duration::from_secs(60));
    let error = remote
        .public_link(&path("dir"), protected)
        .await
        .unwrap_err();
    assert!(error.is_unsupported());
}

#[tokio::test]
async fn devices_and_mount_points_are_made_listed_and_removed() {
    let bench = JottaBench::start().await;
    let client = bench.client();
    let kind = jotta_api::model::device::DeviceType::Laptop;
    client.create_device("My laptop", &kind).await.unwrap();
    client
        .create_mount_point("My laptop", "Set 1")
        .await
        .unwrap();
    client
        .create_mount_point("My laptop", "Set 1")
        .await
        .unwrap();
    let account = client.account().await.unwrap();
    let names: Vec<_> = account
        .devices
        .iter()
        .map(|device| device.name.as_str())
        .collect();
    assert!(
        names.contains(&"My laptop") && names.contains(&"Jotta"),
        "{names:?}"
    );
    let live = |device: jotta_api::model::device::Device| {
        device
            .mount_points
            .iter()
            .filter(|mount_point| !mount_point.is_deleted())
            .count()
    };
    assert_eq!(live(client.device("my LAPTOP").await.unwrap()), 1);
    client
        .trash_mount_point("My laptop", "Set 1")
        .await
        .unwrap();
    assert_eq!(live(client.device("My laptop").await.unwrap()), 0);
    client.remove_device("My laptop").await.unwrap();
    assert!(client.device("My laptop").await.unwrap_err().is_not_found());
    for refused in [
        client.remove_device("jotta").await,
        client.trash_mount_point("Jotta", "Archive").await,
        client.remove_mount_point("Jotta", "Archive").await,
        client.create_mount_point("JOTTA", "Mine").await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    assert!(bench.remote().stat(&RemotePath::root()).await.is_ok());
}
