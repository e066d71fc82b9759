//! Removing: to the trash, for good, out of the trash.

use std::time::Duration;

use crate::client::{Request, Server};
use crate::xml;

async fn stocked() -> Server {
    let server = Server::start().await;
    server.put("/Jotta/Archive/d/a", b"a").await;
    server.put("/Jotta/Archive/d/sub/b", b"b").await;
    server.put("/Jotta/Archive/c", b"c").await;
    server
}

async fn purge(server: &Server) -> (u64, u64) {
    let answer = server
        .send(Request::new("POST", "/files/v1/purge_trash"))
        .await;
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    (
        answer["folders"].as_u64().unwrap(),
        answer["files"].as_u64().unwrap(),
    )
}

#[tokio::test]
async fn a_trashed_file_stays_where_it_was_with_a_mark() {
    let server = stocked().await;
    let trashed = server.command("/Jotta/Archive/c?dl=true").await;
    let stamp = xml::attribute(xml::tags(&trashed, "file")[0], "deleted")
        .unwrap()
        .to_owned();
    let file = server.xml("/Jotta/Archive/c").await;
    assert_eq!(
        xml::attribute(xml::tags(&file, "file")[0], "deleted"),
        Some(&*stamp)
    );
    assert_eq!(xml::element(&file, "state"), Some("COMPLETED"));
    let listed = server.xml("/Jotta/Archive").await;
    let child = xml::tags(&listed, "file")[0];
    assert_eq!(xml::attribute(child, "deleted"), Some(&*stamp));
    assert_eq!(
        xml::attribute(xml::tags(&listed, "metadata")[0], "num_files"),
        Some("1")
    );
    assert_eq!(server.get("/Jotta/Archive/c?mode=bin").await.body, b"c");
}

#[tokio::test]
async fn a_trashed_folder_marks_everything_below_and_keeps_older_marks() {
    let server = stocked().await;
    server.command("/Jotta/Archive/d/a?dl=true").await;
    let older = server.jotta().entry("/Jotta/Archive/d/a").unwrap().deleted;
    server.emulator.clock().advance(Duration::from_secs(60));
    let trashed = server.command("/Jotta/Archive/d?dlDir=true").await;
    assert!(xml::tags(&trashed, "folder")[0].contains("deleted="));
    let folder = server.xml("/Jotta/Archive/d").await;
    let root = xml::attribute(xml::tags(&folder, "folder")[0], "deleted").unwrap();
    assert_eq!(
        xml::attribute(xml::tags(&folder, "folder")[1], "deleted"),
        Some(root)
    );
    assert_ne!(
        xml::attribute(xml::tags(&folder, "file")[0], "deleted"),
        Some(root)
    );
    assert_eq!(
        server.jotta().entry("/Jotta/Archive/d/a").unwrap().deleted,
        older
    );
    assert!(
        server
            .jotta()
            .entry("/Jotta/Archive/d/sub/b")
            .unwrap()
            .deleted
            > older
    );
    assert_eq!(server.jotta().trash_count(), 1);
}

#[tokio::test]
async fn trashing_what_is_missing_is_quiet_unless_told_otherwise() {
    let server = stocked().await;
    assert_eq!(server.post("/Jotta/Archive/no?dl=true").await.status, 200);
    assert_eq!(
        server.post("/Jotta/Archive/no?dlDir=true").await.status,
        200
    );
    server
        .jotta()
        .change_settings(|settings| settings.trash_missing_is_404 = true);
    assert_eq!(
        server.post("/Jotta/Archive/no?dl=true").await.outcome(),
        "404 NoSuchFileException"
    );
    assert_eq!(
        server.post("/Jotta/Archive/no?dlDir=true").await.status,
        404
    );
    // Again on a tombstone it succeeds either way, and the stamp stays.
    server.command("/Jotta/Archive/c?dl=true").await;
    let stamp = server.jotta().entry("/Jotta/Archive/c").unwrap().deleted;
    server.emulator.clock().advance(Duration::from_secs(60));
    server.command("/Jotta/Archive/c?dl=true").await;
    assert_eq!(
        server.jotta().entry("/Jotta/Archive/c").unwrap().deleted,
        stamp
    );
}

#[tokio::test]
async fn verbs_of_files_and_folders_are_not_interchangeable() {
    let server = stocked().await;
    for rest in [
        "d?rm=true",
        "d?dl=true",
        "c?rmDir=true",
        "c?dlDir=true",
        "no?rm=true",
        "no?rmDir=true",
    ] {
        assert_eq!(
            server.post(&format!("/Jotta/Archive/{rest}")).await.status,
            404,
            "{rest}"
        );
    }
    assert_eq!(server.jotta().counts("/Jotta/Archive"), (3, 2));
    server
        .jotta()
        .change_settings(|settings| settings.rm_dir_takes_files = true);
    server.command("/Jotta/Archive/c?rmDir=true").await;
    assert_eq!(server.post("/Jotta/Archive/d?rm=true").await.status, 404);
    assert_eq!(server.jotta().counts("/Jotta/Archive"), (2, 2));
}

#[tokio::test]
async fn removing_for_good_answers_with_the_parent() {
    let server = stocked().await;
    let parent = server.command("/Jotta/Archive/d/a?rm=true").await;
    assert_eq!(xml::names(&parent, "folder"), ["d"]);
    let parent = server.command("/Jotta/Archive/d?rmDir=true").await;
    assert_eq!(xml::element(&parent, "name"), Some("Archive"));
    assert_eq!(server.get("/Jotta/Archive/d").await.status, 404);
    assert_eq!(server.jotta().trash_count(), 0);
    // A tombstone goes the same way, by its own path.
    server.command("/Jotta/Archive/c?dl=true").await;
    server.command("/Jotta/Archive/c?rm=true").await;
    assert_eq!(server.jotta().trash_count(), 0);
}

#[tokio::test]
async fn the_view_shows_only_what_is_on_top() {
    let server = stocked().await;
    server.command("/Jotta/Archive/d?dlDir=true").await;
    server.command("/Jotta/Archive/c?dl=true").await;
    let trash = server.xml("/Jotta/Trash").await;
    assert_eq!(xml::names(&trash, "folder"), ["d"]);
    assert_eq!(xml::names(&trash, "file"), ["c"]);
    for tag in xml::tags(&trash, "folder")
        .into_iter()
        .chain(xml::tags(&trash, "file"))
    {
        assert_eq!(xml::attribute(tag, "contextType"), Some("TRASH"));
    }
    let path = format!("/{}/Jotta/Archive", server.user);
    assert_eq!(
        xml::elements(&trash, "abspath")[1..],
        [path.as_str(), path.as_str()]
    );
    assert_eq!(
        xml::attribute(xml::tags(&trash, "metadata")[0], "total"),
        Some("2")
    );
    assert_eq!(
        server
            .transfer("/Jotta/Trash/c", "mv", "/Jotta/Archive/x")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn purging_empties_the_trash_of_the_whole_account() {
    let server = stocked().await;
    server.post("/PC?type=WORKSTATION").await;
    server.put("/PC/Set/f", b"f").await;
    server.command("/PC/Set/f?dl=true").await;
    server.command("/Jotta/Archive/d?dlDir=true").await;
    assert_eq!(purge(&server).await, (1, 1));
    assert_eq!(purge(&server).await, (0, 0));
    assert_eq!(server.get("/Jotta/Archive/d").await.status, 404);
    assert_eq!(server.get("/Jotta/Archive/c").await.status, 200);
}

#[tokio::test]
async fn the_trash_lets_go_after_thirty_days() {
    let server = stocked().await;
    server.command("/Jotta/Archive/d?dlDir=true").await;
    let day = Duration::from_secs(86_400);
    // A token lives for an hour, so the emulator is asked instead of the service.
    let sign_in = || server.jotta().sign_in().unwrap().access_token;
    let get = |token: String| {
        Request::new("GET", server.target("/Jotta/Archive/d"))
            .header("Authorization", format!("Bearer {token}"))
    };
    server.emulator.clock().advance(day * 29);
    assert_eq!(server.send_unsigned(&get(sign_in())).await.status, 200);
    server.emulator.clock().advance(day);
    assert_eq!(server.send_unsigned(&get(sign_in())).await.status, 404);
}
