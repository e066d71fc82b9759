//! Recursive listings, and the synthetic tree.

use std::collections::HashSet;

use remote_emulator::jotta::JottaConfig;
use remote_emulator::koofr::TreeConfig;

use crate::client::{Request, Server, md5, order};
use crate::xml;

/// What rclone counts: folders, and files; the answer's own counts have to be the same.
fn count(listing: &str) -> (usize, usize) {
    let mut paths = HashSet::new();
    let mut folders = 0;
    let mut files = 0;
    let (entries, stats) = listing.split_once("<stats>").unwrap();
    let pieces: Vec<&str> = entries.split("<path>").collect();
    for pair in pieces.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        let path = after.split('<').next().unwrap();
        if before.ends_with("<folder>") {
            assert!(paths.insert(path), "twice, or after its files: {path}");
            folders += 1;
        } else {
            folders += usize::from(paths.insert(path));
            files += 1;
        }
    }
    let said = |name| xml::element(stats, name).unwrap().parse::<usize>().unwrap();
    assert_eq!((folders, files), (said("folders"), said("files")));
    (folders, files)
}

async fn stocked() -> Server {
    let server = Server::start().await;
    server.put("/Jotta/Archive/top", b"t").await;
    server
        .put("/Jotta/Archive/docs/R&D;x=1 +é.txt", b"hello")
        .await;
    server.put("/Jotta/Archive/docs/sub/deep/x", b"x").await;
    server.command("/Jotta/Archive/empty?mkDir=true").await;
    server.put("/Jotta/Archive/gone/y", b"y").await;
    server.command("/Jotta/Archive/gone?dlDir=true").await;
    server.put("/Jotta/Archive/trashed", b"z").await;
    server.command("/Jotta/Archive/trashed?dl=true").await;
    server
        .allocate(&order("/Jotta/Archive/promised", b"never"))
        .await;
    server
}

#[tokio::test]
async fn the_stream_has_everything_live_and_complete() {
    let server = stocked().await;
    let listing = server.xml("/Jotta/Archive?mode=liststream").await;
    // The mount point itself, docs, docs/sub, docs/sub/deep, empty.
    assert_eq!(count(&listing), (5, 3));
    let file = xml::elements(&listing, "file")
        .into_iter()
        .find(|file| file.contains("R&amp;D"))
        .unwrap()
        .to_owned();
    let expected = format!(
        "<path>/Archive/docs</path><filename>R&amp;D;x=1 +é.txt</filename><md5>{}</md5><size>5</size>\
         <modified>2026-01-02T03:04:05.000Z</modified><created>2026-01-01T00:00:00.000Z</created>",
        md5(b"hello")
    );
    assert_eq!(file, expected);
    for missing in ["gone", "trashed", "promised", "\n"] {
        assert!(!listing.contains(missing), "{missing:?}");
    }
    assert!(listing.contains("<folder><path>/Archive/empty</path></folder>"));
    assert!(listing.contains("<folder><path>/Archive</path></folder>"));
}

#[tokio::test]
async fn the_stream_begins_at_any_live_folder() {
    let server = stocked().await;
    let listing = server.xml("/Jotta/archive/DOCS/?mode=liststream").await;
    assert_eq!(count(&listing), (3, 2));
    assert!(listing.contains("<path>/Archive/docs/sub/deep</path>"));
    for (rest, status) in [("gone", 404), ("no", 404), ("top", 404), ("empty", 200)] {
        let answer = server
            .get(&format!("/Jotta/Archive/{rest}?mode=liststream"))
            .await;
        assert_eq!(answer.status, status, "{rest}");
    }
    let empty = server.xml("/Jotta/Sync?mode=liststream").await;
    assert_eq!(count(&empty), (1, 0));
}

#[tokio::test]
async fn the_stream_can_take_other_shapes() {
    let server = stocked().await;
    server.jotta().change_settings(|settings| {
        settings.stream_root = "tree".to_owned();
        settings.stream_all_folders = false;
        settings.stream_of_trashed_is_empty = true;
    });
    let listing = server.xml("/Jotta/Archive?mode=liststream").await;
    assert_eq!(count(&listing), (5, 3));
    assert_eq!(xml::elements(&listing, "folder").len(), 2);
    assert!(listing.ends_with("</tree>"));
    let trashed = server.xml("/Jotta/Archive/gone?mode=liststream").await;
    assert_eq!(count(&trashed), (0, 0));
}

#[tokio::test]
async fn the_old_listing_shows_the_trash_and_what_is_unfinished() {
    let server = stocked().await;
    let listing = server.xml("/Jotta/Archive?mode=list").await;
    assert_eq!(
        xml::names(&listing, "folder"),
        ["Archive", "docs", "sub", "deep", "empty", "gone"]
    );
    assert!(xml::tags(&listing, "folder")[5].contains("deleted="));
    let mut files = xml::names(&listing, "file");
    files.sort_unstable();
    assert_eq!(
        files,
        ["R&amp;D;x=1 +é.txt", "promised", "top", "trashed", "x", "y"]
    );
    let promised = xml::elements(&listing, "file")
        .into_iter()
        .find(|file| file.contains("latestRevision"))
        .unwrap();
    assert!(xml::element(promised, "size").is_none());
    let path = format!("/{}/Jotta/Archive", server.user);
    assert!(listing.contains(&format!("<path xml:space=\"preserve\">{path}</path>")));
    assert_eq!(
        server.get("/Jotta/Archive/gone?mode=list").await.status,
        200
    );
}

async fn with_tree(entries: u64, folders: u64) -> Server {
    let tree = TreeConfig::new(entries).folders(folders);
    Server::with(JottaConfig::default().tree(tree)).await
}

#[tokio::test]
async fn the_synthetic_tree_is_listed_by_every_call() {
    let server = with_tree(5000, 7).await;
    server.put("/Jotta/Archive/real", b"x").await;
    let listing = server.xml("/Jotta/Archive?mode=liststream").await;
    // The mount point and the tree's own folder come on top.
    assert_eq!(count(&listing), (9, 4994));
    let below = server.xml("/Jotta/Archive/tree?mode=liststream").await;
    assert_eq!(count(&below), (8, 4993));
    let one = server
        .xml("/Jotta/Archive/tree/folder-000003?mode=liststream")
        .await;
    assert_eq!(count(&one), (1, 713));
    let old = server.xml("/Jotta/Archive?mode=list").await;
    assert_eq!(xml::names(&old, "folder").len(), 9);
    assert_eq!(xml::names(&old, "file").len(), 4994);
    let mount = server.xml("/Jotta/Archive").await;
    assert_eq!(xml::names(&mount, "folder"), ["tree"]);
    let root = server.xml("/Jotta/Archive/tree").await;
    assert_eq!(xml::names(&root, "folder").len(), 8);
    let folder = server.xml("/Jotta/Archive/tree/folder-000003").await;
    assert_eq!(xml::names(&folder, "file").len(), 713);
    assert_eq!(
        xml::attribute(xml::tags(&folder, "metadata")[0], "num_files"),
        Some("713")
    );
}

#[tokio::test]
async fn files_of_the_synthetic_tree_are_what_the_listings_say() {
    let server = with_tree(50, 2).await;
    let file = "/Jotta/Archive/tree/folder-000001/file-000005.txt";
    let content = server.get(&format!("{file}?mode=bin")).await.body;
    let info = server.xml(file).await;
    assert_eq!(xml::element(&info, "md5"), Some(&*md5(&content)));
    assert_eq!(
        xml::element(&info, "size"),
        Some(&*content.len().to_string())
    );
    let listing = server
        .xml("/Jotta/Archive/tree/folder-000001?mode=liststream")
        .await;
    assert!(listing.contains(&md5(&content)));
    let part = Request::new("GET", server.target(&format!("{file}?mode=bin")))
        .header("Range", "bytes=0-4");
    assert_eq!(server.send(part).await.body, b"entry");
}

#[tokio::test]
async fn the_synthetic_tree_can_be_removed_and_not_changed() {
    let server = with_tree(50, 2).await;
    let folder = "/Jotta/Archive/tree/folder-000001";
    assert_eq!(
        server
            .post(&format!("{folder}/new?mkDir=true"))
            .await
            .status,
        403
    );
    let inside = server
        .allocate(&order(&format!("{folder}/new"), b"x"))
        .await;
    assert_eq!(inside.status, 403);
    let moved = server.transfer(folder, "mvDir", "/Jotta/Archive/x").await;
    assert_eq!(moved.status, 403);
    assert_eq!(
        server
            .post(&format!("{folder}/file-000000.txt?dl=true"))
            .await
            .status,
        200
    );
    assert_eq!(
        server
            .get(&format!("{folder}/file-000000.txt"))
            .await
            .status,
        404
    );
    let listing = server.xml(&format!("{folder}?mode=liststream")).await;
    assert_eq!(count(&listing), (1, 23));
    assert_eq!(
        server.post(&format!("{folder}?rmDir=true")).await.status,
        200
    );
    let listing = server.xml("/Jotta/Archive/tree?mode=liststream").await;
    assert_eq!(count(&listing), (2, 24));
    assert_eq!(
        server.post("/Jotta/Archive/tree?dlDir=true").await.status,
        200
    );
    assert_eq!(server.get("/Jotta/Archive/tree").await.status, 404);
    // Afterwards the name is free.
    server.put("/Jotta/Archive/tree/a", b"x").await;
}
