//! Devices, mount points and folders.

use crate::client::{Server, order};
use crate::xml;

#[tokio::test]
async fn the_built_in_device_has_its_mount_points() {
    let server = Server::start().await;
    let device = server.xml("/Jotta").await;
    assert_eq!(xml::element(&device, "type"), Some("JOTTA"));
    assert_eq!(xml::element(&device, "user"), Some(&*server.user));
    let mounts = xml::elements(&device, "mountPoint");
    let names: Vec<_> = mounts
        .iter()
        .filter_map(|mount| xml::element(mount, "name"))
        .collect();
    assert_eq!(names, ["Archive", "Latest", "Shared", "Sync", "Trash"]);
    // Nothing was ever stored: the date is empty.
    assert_eq!(xml::element(mounts[0], "modified"), Some(""));
    assert_eq!(
        xml::attribute(xml::tags(&device, "metadata")[0], "num_mountpoints"),
        Some("5")
    );
    // One that is not listed can be reached.
    assert_eq!(server.get("/Jotta/Links").await.status, 200);
}

#[tokio::test]
async fn devices_are_created_and_found_in_any_case() {
    let server = Server::start().await;
    let made = server.post("/My%20PC?type=WORKSTATION").await;
    assert_eq!(made.status, 201);
    let made = made.xml();
    assert_eq!(xml::element(&made, "name"), Some("My PC"));
    assert!(!made.contains("mountPoints"));
    let again = server.post("/my%20pc?type=LAPTOP").await;
    assert_eq!(again.status, 201);
    assert_eq!(xml::element(&again.xml(), "name"), Some("My PC"));
    let device = server.xml("/MY%20PC").await;
    assert_eq!(xml::element(&device, "type"), Some("WORKSTATION"));
    assert!(!device.contains("<mountPoints>"), "{device}");
    let account = server.xml("").await;
    let devices: Vec<_> = xml::elements(&account, "device");
    assert_eq!(devices.len(), 2);
}

#[tokio::test]
async fn mount_points_are_created_trashed_and_deleted() {
    let server = Server::start().await;
    server.post("/PC?type=WORKSTATION").await;
    let made = server.post("/PC/Set").await;
    assert_eq!(made.status, 201);
    let made = made.xml();
    assert_eq!(xml::element(&made, "device"), Some("PC"));
    assert!(!made.contains("<metadata"));
    assert_eq!(server.post("/pc/SET").await.status, 200);
    server.put("/PC/Set/a", b"x").await;
    let trashed = server.command("/PC/Set?dl=true").await;
    assert!(xml::element(&trashed, "deleted").is_some());
    let device = server.xml("/PC").await;
    assert!(xml::element(xml::element(&device, "mountPoint").unwrap(), "deleted").is_some());
    let trash = server.xml("/Jotta/Trash").await;
    let path = format!("/{}/PC", server.user);
    assert_eq!(xml::names(&trash, "folder"), ["Set"]);
    assert_eq!(xml::elements(&trash, "abspath")[1], path);
    let device = server.command("/PC/Set?rm=true").await;
    assert!(device.starts_with("<?xml") && device.contains("<device "));
    assert_eq!(
        server.get("/PC/Set").await.outcome(),
        "404 NoSuchMountPointException"
    );
    let account = server.command("/PC?rm=true").await;
    assert_eq!(xml::elements(&account, "device").len(), 1);
    assert_eq!(server.get("/PC").await.status, 404);
}

#[tokio::test]
async fn built_in_places_cannot_be_removed_or_moved() {
    let server = Server::start().await;
    for rest in [
        "/Jotta?rm=true",
        "/Jotta/Archive?rm=true",
        "/Jotta/Archive?dl=true",
        "/Jotta/Trash?rm=true",
    ] {
        assert_eq!(
            server.post(rest).await.outcome(),
            "403 AccessDeniedException",
            "{rest}"
        );
    }
    let moved = server
        .transfer("/Jotta/Archive", "mvDir", "/Jotta/Other/x")
        .await;
    assert_eq!(moved.status, 500);
    assert_eq!(server.post("/Jotta/Archive?dlDir=true").await.status, 404);
}

#[tokio::test]
async fn views_store_nothing() {
    let server = Server::start().await;
    for view in ["Trash", "Links", "Latest", "Shared"] {
        let made = server.post(&format!("/Jotta/{view}/x?mkDir=true")).await;
        assert_eq!(made.outcome(), "403 AccessDeniedException", "{view}");
        let answer = server
            .allocate(&order(&format!("/Jotta/{view}/f"), b"x"))
            .await;
        assert_eq!(answer.outcome(), "403 AccessDeniedException", "{view}");
        assert_eq!(server.get(&format!("/Jotta/{view}/x")).await.status, 404);
        assert_eq!(
            server
                .get(&format!("/Jotta/{view}?mode=liststream"))
                .await
                .status,
            404
        );
    }
}

#[tokio::test]
async fn folders_are_made_with_their_parents_and_again() {
    let server = Server::start().await;
    let made = server.command("/Jotta/Archive/a/b/c?mkDir=true").await;
    assert_eq!(xml::names(&made, "folder"), ["c"]);
    assert!(!made.contains("<metadata"));
    assert_eq!(server.jotta().counts("/Jotta/Archive"), (0, 3));
    let again = server.command("/Jotta/Archive/A/B?mkDir=true").await;
    assert_eq!(xml::names(&again, "folder"), ["b"]);
    let mount = server.command("/Jotta/Archive?mkDir=true").await;
    assert_eq!(xml::element(&mount, "name"), Some("Archive"));
    let parent = server.xml("/Jotta/Archive/a").await;
    assert_eq!(xml::names(&parent, "folder"), ["a", "b"]);
    let counts = xml::tags(&parent, "metadata")[0];
    assert_eq!(xml::attribute(counts, "num_folders"), Some("1"));
    assert_eq!(xml::attribute(counts, "first"), Some(""));
}

#[tokio::test]
async fn a_missing_mount_point_is_made_on_the_way() {
    let server = Server::start().await;
    server.post("/PC?type=WORKSTATION").await;
    server.command("/PC/New/a?mkDir=true").await;
    assert_eq!(server.get("/PC/New").await.status, 200);
    server.put("/PC/Other/f", b"x").await;
    assert_eq!(server.get("/PC/Other/f").await.status, 200);
    assert_eq!(server.post("/Nowhere/New/a?mkDir=true").await.status, 404);
}

#[tokio::test]
async fn a_trashed_folder_is_revived_without_its_children() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a/f", b"x").await;
    server.put("/Jotta/Archive/a/sub/g", b"x").await;
    server.command("/Jotta/Archive/a?dlDir=true").await;
    let made = server.command("/Jotta/Archive/a?mkDir=true").await;
    assert!(!made.contains("deleted"));
    let listed = server.xml("/Jotta/Archive/a").await;
    assert!(xml::tags(&listed, "file")[0].contains("deleted="));
    assert!(xml::tags(&listed, "folder")[1].contains("deleted="));
    assert_eq!(server.jotta().counts("/Jotta/Archive"), (0, 1));
    // An upload below does the same.
    server.command("/Jotta/Archive/a?dlDir=true").await;
    server.put("/Jotta/Archive/a/new", b"x").await;
    assert_eq!(server.jotta().counts("/Jotta/Archive"), (1, 1));
}

#[tokio::test]
async fn names_of_files_and_folders_collide_only_while_they_live() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/x", b"x").await;
    let made = server.post("/Jotta/Archive/x?mkDir=true").await;
    assert_eq!(made.outcome(), "409 UniqueFileException");
    let below = server.allocate(&order("/Jotta/Archive/x/y", b"x")).await;
    assert_eq!(below.outcome(), "409 UniqueFileException");
    server.command("/Jotta/Archive/x?dl=true").await;
    server.put("/Jotta/Archive/x/y", b"x").await;
    let listed = server.xml("/Jotta/Archive").await;
    assert_eq!(xml::names(&listed, "folder"), ["x"]);
    // The tombstone is in the trash still.
    assert_eq!(xml::names(&server.xml("/Jotta/Trash").await, "file"), ["x"]);

    let file = server.allocate(&order("/Jotta/Archive/x", b"x")).await;
    assert_eq!(file.outcome(), "409 UniqueFileException");
    server.command("/Jotta/Archive/x?dlDir=true").await;
    server.put("/Jotta/Archive/x", b"x").await;
    assert_eq!(
        xml::names(&server.xml("/Jotta/Archive/x").await, "file"),
        ["x"]
    );
    assert_eq!(
        xml::names(&server.xml("/Jotta/Trash").await, "folder"),
        ["x"]
    );
}

#[tokio::test]
async fn names_of_tombstones_can_be_made_to_collide() {
    let server = Server::start().await;
    server
        .jotta()
        .change_settings(|settings| settings.trashed_names_conflict = true);
    server.put("/Jotta/Archive/f", b"x").await;
    server.command("/Jotta/Archive/f?dl=true").await;
    server.command("/Jotta/Archive/d?mkDir=true").await;
    server.command("/Jotta/Archive/d?dlDir=true").await;
    let made = server.post("/Jotta/Archive/f?mkDir=true").await;
    assert_eq!(made.outcome(), "409 UniqueFileException");
    let file = server.allocate(&order("/Jotta/Archive/d", b"x")).await;
    assert_eq!(file.outcome(), "409 UniqueFileException");
    // Those of the same kind come back as ever.
    server.put("/Jotta/Archive/f", b"x").await;
    server.command("/Jotta/Archive/d?mkDir=true").await;
}
