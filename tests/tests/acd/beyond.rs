//! What the service offers beyond the contract: trash by path, the feed of changes, hard links, properties, previews.

use futures::StreamExt as _;
use remote_core::{
    error::ErrorKind,
    operation::{Change, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
};
use tests::acd::{Bench, path};

#[tokio::test]
async fn what_was_removed_comes_back_by_path() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    let options = WriteOptions::default;
    remote
        .write_bytes(&path("d/f"), "content", options())
        .await
        .unwrap();
    remote.trash(&path("d/f")).await.unwrap();
    let trash = remote.list_trash().await.unwrap();
    assert_eq!(trash.len(), 1);
    assert_eq!(trash[0].path.as_ref(), Some(&path("d/f")));
    let entry = remote.restore(&path("d/f")).await.unwrap();
    assert_eq!(entry.size, Some(7));
    assert_eq!(
        remote.read_bytes(&path("d/f"), 100).await.unwrap(),
        "content"
    );

    remote.trash(&path("d/f")).await.unwrap();
    remote
        .write_bytes(&path("d/f"), "newer", options())
        .await
        .unwrap();
    let error = remote.restore(&path("d/f")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    remote
        .restore_as(&path("d/f"), &path("d/old"))
        .await
        .unwrap();
    assert_eq!(
        remote.read_bytes(&path("d/old"), 100).await.unwrap(),
        "content"
    );
    let error = remote.restore(&path("d/never")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_checkpoint_goes_on_only_when_changes_were_acknowledged() {
    let bench = Bench::start().await;
    let client = bench.client();
    let start = bench.service().checkpoint();
    bench.service().write("/a", "x").unwrap();
    let mut feed = client.change_feed(Some(start.clone()));
    let set = feed.next().await.unwrap().unwrap();
    assert!(
        set.nodes
            .iter()
            .any(|node| node.name.as_deref() == Some("a"))
    );
    assert_eq!(feed.checkpoint(), Some(start.as_str()));
    feed.acknowledge();
    assert_ne!(feed.checkpoint(), Some(start.as_str()));
    assert!(
        feed.next()
            .await
            .unwrap()
            .is_none_or(|set| set.nodes.is_empty())
    );
}

#[tokio::test]
async fn the_feed_goes_on_where_it_breaks_off_and_tells_a_reset() {
    let bench = Bench::start().await;
    for number in 0..9 {
        bench.service().write(&format!("/f{number}"), "x").unwrap();
    }
    bench.service().change_settings(|settings| {
        settings.change_chunk = 2;
        settings.truncate_changes_after = Some(1);
    });
    let mut feed = bench.client().change_feed(None);
    let mut names = std::collections::BTreeSet::new();
    let mut was_reset = false;
    for _ in 0..40 {
        let Ok(Some(set)) = feed.next().await else {
            break;
        };
        was_reset |= set.reset;
        names.extend(set.nodes.iter().filter_map(|node| node.name.clone()));
        feed.acknowledge();
    }
    assert!(was_reset);
    assert_eq!(names.len(), 9);
}

#[tokio::test]
async fn changes_by_others_are_told_by_path() {
    let bench = Bench::start().await;
    let service = bench.service();
    service.write("/root/d/old", "x").unwrap();
    let remote = bench.remote_at("root");
    remote.list_all(&path("")).await.unwrap();
    remote.list_all(&path("d")).await.unwrap();
    let mut changes = remote.changes(None);
    let Some(Ok(Change::Checkpoint(_))) = changes.next().await else {
        panic!("it begins with a checkpoint");
    };
    service.write("/root/d/new", "content").unwrap();
    service.write("/elsewhere", "x").unwrap();
    let old = service.entry("/root/d/old").unwrap().id;
    service.rename(&old, "older").unwrap();
    let (mut written, mut renamed) = (false, false);
    while !(written && renamed) {
        match changes.next().await.unwrap().unwrap() {
            Change::Written(at, entry) => {
                assert_eq!(at, path("d/new"));
                assert_eq!(entry.unwrap().size, Some(7));
                written = true;
            }
            Change::Renamed { from, to } => {
                assert_eq!((from, to), (path("d/old"), path("d/older")));
                renamed = true;
            }
            Change::Checkpoint(_) => {}
            other => panic!("{other:?}"),
        }
    }
    service.trash(&old).unwrap();
    loop {
        match changes.next().await.unwrap().unwrap() {
            Change::Removed(at) => break assert_eq!(at, path("d/older")),
            Change::Checkpoint(_) | Change::Rescan(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn nodes_have_properties_labels_and_several_parents() {
    let bench = Bench::start().await;
    let client = bench.client();
    let id = bench.service().write("/a.txt", "x").unwrap();
    let folder = bench.service().create_dir("/b").unwrap();
    let owner = client
        .node(&id)
        .await
        .unwrap()
        .created_by
        .unwrap_or_else(|| "acd-api".into());
    client
        .set_property(&id, &owner, "mtime", "2015-09-06T16:07:39Z")
        .await
        .unwrap();
    let property = client.property(&id, &owner, "mtime").await.unwrap();
    assert_eq!(property.value, "2015-09-06T16:07:39Z");
    assert_eq!(client.properties(&id, &owner).await.unwrap().data.len(), 1);
    client.remove_property(&id, &owner, "mtime").await.unwrap();
    let error = client
        .set_property(&id, &owner, "a b", "x")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);

    client.add_parent(&id, &folder).await.unwrap();
    assert_eq!(client.node(&id).await.unwrap().parents.len(), 2);
    client.remove_parent(&id, &folder).await.unwrap();
    let root = bench.service().root_id();
    let error = client.remove_parent(&id, &root).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(client.account_usage().await.unwrap().total_bytes(), 1);
    let error = client.purge(&id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let link = client.temporary_link(&id).await.unwrap();
    assert!(client.download_link(&link, None).await.is_ok());
}
