//! What the service offers beyond the contract: trash by path, the feed of changes, hard links, properties, previews.

use std::collections::BTreeSet;

use acd_api::{
    Client,
    api::nodes::{NewNode, NodePatch, NodeQuery},
    error::ApiError,
    filter::Filter,
    model::{account::AccountStatus, node::Node},
};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use remote_core::{
    error::{ErrorKind, Result},
    http::ByteRange,
    operation::{Change, ReadOptions, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::fault::{Fault, FaultAction};
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
    let mut names = BTreeSet::new();
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

    // Also at the creation, and with other changes.
    let noted = NewNode::new("noted", &folder).with_property(&owner, "a", "1");
    let noted = client.create_folder(&noted).await.unwrap();
    assert_eq!(noted.properties[&owner]["a"], "1");
    let patch = NodePatch::name("noted too").with_property(&owner, "b", "2");
    let noted = client.update_node(&noted.id, &patch).await.unwrap();
    assert_eq!(noted.properties[&owner]["b"], "2");

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

async fn upload(
    client: &Client,
    file: &NewNode,
    content: &'static str,
    dedup: bool,
) -> Result<Node> {
    let pieces = stream::iter([Ok(Bytes::from(content))]).boxed();
    let size = Some(content.len() as u64);
    client.upload(file, pieces, size, dedup).await
}

#[tokio::test]
async fn nodes_are_found_by_their_labels() {
    let bench = Bench::start().await;
    let client = bench.client();
    let root = bench.service().root_id();
    let file = NewNode::new("a", &root).with_labels(["to do", "x"]);
    upload(&client, &file, "a", false).await.unwrap();
    let folder = NewNode::new("b", &root).with_description("of things");
    let folder = client.create_folder(&folder).await.unwrap();
    assert_eq!(folder.description.as_deref(), Some("of things"));
    let patch = NodePatch::default().with_labels(["to do"]);
    let patched = client.update_node(&folder.id, &patch).await.unwrap();
    assert_eq!(patched.labels, ["to do"]);
    for (label, expected) in [("to do", 2), ("x", 1), ("to", 0)] {
        let query = NodeQuery::new(Filter::label(label));
        assert_eq!(
            client.all_nodes(&query).await.unwrap().len(),
            expected,
            "{label}"
        );
    }
}

#[tokio::test]
async fn content_that_is_there_already_is_found_before_and_refused_on_request() {
    let bench = Bench::start().await;
    let client = bench.client();
    let root = bench.service().root_id();
    let first = upload(&client, &NewNode::new("a", &root), "content", false).await;
    let first = first.unwrap();
    let md5 = first.md5().unwrap().to_string();
    let query = NodeQuery::new(Filter::md5(&md5));
    let same = client.all_nodes(&query).await.unwrap();
    assert_eq!((same.len(), same[0].size()), (1, Some(7)));

    let again = NewNode::new("b", &root);
    let error = upload(&client, &again, "content", true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    let said = ApiError::of(&error).unwrap();
    assert!(said.is_duplicate_content() && !said.is_name_conflict());
    assert_eq!(said.conflicting_node.as_deref(), Some(first.id.as_str()));
    // What is in no folder any more counts as well.
    client.remove_any_parent(&first.id, &root).await.unwrap();
    let error = upload(&client, &again, "content", true).await.unwrap_err();
    assert!(ApiError::of(&error).is_some_and(ApiError::is_duplicate_content));
    // Unless that is not asked for, and for nothing at all.
    assert!(upload(&client, &again, "content", false).await.is_ok());
    for name in ["empty", "empty too"] {
        assert!(
            upload(&client, &NewNode::new(name, &root), "", true)
                .await
                .is_ok()
        );
    }
}

#[tokio::test]
async fn a_local_id_tells_that_a_lost_creation_was_made() {
    let bench = Bench::start().await;
    let client = bench.client();
    let root = bench.service().root_id();
    client.root_node().await.unwrap();
    let lost = || Fault::new(FaultAction::CommitThenClose);
    let folder = NewNode::new("docs", &root).with_local_id("id-1");
    bench.service().faults().push(lost().on("nodes/create"));
    client.create_folder(&folder).await.unwrap_err();
    let error = client.create_folder(&folder).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    let made = bench.service().entry("/docs").unwrap().id;
    let said = ApiError::of(&error).unwrap();
    assert_eq!(said.conflicting_node.as_deref(), Some(made.as_str()));

    let file = NewNode::new("a", &root).with_local_id("id-2");
    bench.service().faults().push(lost().on("content/upload"));
    upload(&client, &file, "content", false).await.unwrap_err();
    let error = upload(&client, &file, "content", false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(bench.service().counts("/"), (1, 1));
}

#[tokio::test]
async fn pictures_have_previews_and_renditions() {
    let bench = Bench::start().await;
    let client = bench.client();
    let picture = bench.service().write("/a.jpg", "a large picture").unwrap();
    let text = bench.service().write("/a.txt", "no picture").unwrap();
    let link = client.temporary_link(&picture).await.unwrap();
    for preview in [
        client.thumbnail(&picture, 100).await.unwrap(),
        client.thumbnail_within(&picture, 200, 100).await.unwrap(),
        client.link_thumbnail(&link, 100).await.unwrap(),
    ] {
        let bytes: Vec<Bytes> = preview.body.try_collect().await.unwrap();
        assert!(bytes.concat().starts_with(b"\xff\xd8"));
    }
    assert!(client.thumbnail(&text, 100).await.is_err());
    let node = client.node_with(&picture, false, true).await.unwrap();
    assert!(!node.assets.is_empty() && node.temp_link.is_none());
    let node = client.node_with(&text, true, true).await.unwrap();
    assert!(node.assets.is_empty() && node.temp_link.is_some());
    let folder = bench.service().create_dir("/d").unwrap();
    assert!(
        client
            .node_with(&folder, true, false)
            .await
            .unwrap()
            .temp_link
            .is_none()
    );
}

#[tokio::test]
async fn the_account_tells_its_status_room_and_usage() {
    let bench = Bench::with_settings(|settings| settings.quota = 1 << 40).await;
    for (name, content) in [("a.txt", "12"), ("b.jpg", "123"), ("c.mp4", "1234")] {
        bench.service().write(&format!("/{name}"), content).unwrap();
    }
    let client = bench.client();
    let info = client.account_info().await.unwrap();
    assert_eq!(info.status, Some(AccountStatus::Active));
    let usage = client.account_usage().await.unwrap();
    assert_eq!(
        [usage.doc, usage.photo, usage.video].map(|kind| kind.total.bytes),
        [2, 3, 4]
    );
    let endpoint = client.endpoint().await.unwrap();
    assert_eq!(endpoint.content_url, Some(bench.service().content_url()));
    let usage = bench.remote().usage().await.unwrap();
    assert_eq!(
        (usage.total, usage.used, usage.free),
        (Some(1 << 40), Some(9), Some((1 << 40) - 9))
    );
}

#[tokio::test]
async fn damage_on_either_way_is_noticed() {
    let bench = Bench::start().await;
    let service = bench.service();
    let remote = bench.remote();
    let at = path("f");
    remote.list_all(&path("")).await.unwrap();
    // The answer tells a wrong hash, and a look shows the right one.
    let fault = || Fault::new(FaultAction::WrongHash).on("content/upload");
    service.faults().push(fault());
    let written = remote.write_bytes(&at, "hello world", WriteOptions::default());
    assert_eq!(written.await.unwrap().size, Some(11));
    // A byte is flipped on the way here.
    let flipped = Fault::new(FaultAction::CorruptBody { at: 3 });
    service
        .faults()
        .push(flipped.on("content/download").always());
    let error = remote.read_bytes(&at, 100).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    service.faults().clear();
    assert_eq!(remote.read_bytes(&at, 100).await.unwrap(), "hello world");
}

#[tokio::test]
async fn a_download_that_breaks_off_goes_on_where_it_was() {
    let bench = Bench::start().await;
    let service = bench.service();
    service.write("/f", "0123456789").unwrap();
    let remote = bench.remote();
    remote.list_all(&path("")).await.unwrap();
    for after in [4, 2] {
        let cut = Fault::new(FaultAction::CutResponse { after });
        service.faults().push(cut.on("content/download"));
    }
    assert_eq!(
        remote.read_bytes(&path("f"), 100).await.unwrap(),
        "0123456789"
    );
    let requests = service.requests();
    let ranges: Vec<&str> = requests
        .iter()
        .filter(|request| request.endpoint == "content/download")
        .map(|request| request.header("range").unwrap_or_default())
        .collect();
    assert_eq!(ranges, ["", "bytes=4-9", "bytes=6-9"]);

    // Not with the bytes of another file.
    let cut = Fault::new(FaultAction::CutResponse { after: 4 });
    service.faults().push(cut.on("content/download"));
    let download = remote
        .read(&path("f"), ReadOptions::default())
        .await
        .unwrap();
    service.write("/f", "abcdefghij").unwrap();
    let error = download.bytes(100).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);

    let part = ByteRange::Window(2..4);
    let id = service.entry("/f").unwrap().id;
    let part = remote.client().download(&id, Some(&part)).await.unwrap();
    let bytes: Vec<Bytes> = part.body.try_collect().await.unwrap();
    assert_eq!((part.total, bytes.concat()), (Some(10), b"cd".to_vec()));
}

#[tokio::test]
async fn a_file_is_linked_into_another_folder_and_moved_between_folders() {
    let bench = Bench::start().await;
    let service = bench.service();
    let client = bench.client();
    let file = service.write("/a/f", "shared").unwrap();
    let folders = ["/a", "/b", "/c"].map(|path| service.create_dir(path).unwrap());
    client.add_parent(&file, &folders[1]).await.unwrap();
    let there = || -> BTreeSet<String> {
        let entries = service.entries("/").into_iter();
        entries
            .map(|(path, _)| path)
            .filter(|path| path.ends_with('f'))
            .collect()
    };
    assert_eq!(there().len(), 2);
    client
        .move_node(&file, &folders[1], &folders[2])
        .await
        .unwrap();
    assert!(service.read("/a/f").unwrap().is_some() && service.read("/c/f").unwrap().is_some());
    // One content: changed in one place, changed in both.
    let remote = bench.remote();
    remote
        .write_bytes(&path("c/f"), "newer", WriteOptions::default())
        .await
        .unwrap();
    assert_eq!(service.read("/a/f").unwrap().unwrap(), "newer");
    client.remove_parent(&file, &folders[0]).await.unwrap();
    assert_eq!(there().len(), 1);
}

#[tokio::test]
async fn a_folder_comes_back_with_all_that_went_with_it() {
    let bench = Bench::start().await;
    let service = bench.service();
    for file in ["/d/a", "/d/e/b", "/d/gone before"] {
        service.write(file, "x").unwrap();
    }
    let remote = bench.remote();
    remote.trash(&path("d/gone before")).await.unwrap();
    remote.trash(&path("d")).await.unwrap();
    assert_eq!(service.counts("/"), (0, 0));
    let entry = remote.restore(&path("d")).await.unwrap();
    assert!(entry.is_directory());
    assert_eq!(service.counts("/"), (2, 2));
    remote.restore(&path("d/gone before")).await.unwrap();
    assert_eq!(service.counts("/"), (3, 2));
    // Of two things of one name, the one that went last.
    remote.trash(&path("d/a")).await.unwrap();
    service.clock().advance(std::time::Duration::from_secs(1));
    remote
        .write_bytes(&path("d/a"), "newer", WriteOptions::default())
        .await
        .unwrap();
    remote.trash(&path("d/a")).await.unwrap();
    assert_eq!(remote.restore(&path("d/a")).await.unwrap().size, Some(5));
}
