//! Moving, renaming and copying.

use remote_emulator::jotta::OntoLive;

use crate::client::{Server, md5};
use crate::xml;

async fn stocked() -> Server {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"aaa").await;
    server.put("/Jotta/Archive/b", b"bb").await;
    server.put("/Jotta/Archive/d/x", b"x").await;
    server
}

/// What an answer to a move or copy has to say for rclone to believe it.
fn assert_describes(answer: &str, name: &str, content: &[u8]) {
    assert_eq!(xml::names(answer, "file"), [name]);
    let current = xml::element(answer, "currentRevision").unwrap();
    assert_eq!(xml::element(current, "state"), Some("COMPLETED"));
    assert_eq!(
        xml::element(current, "size"),
        Some(&*content.len().to_string())
    );
    assert_eq!(xml::element(current, "md5"), Some(&*md5(content)));
    assert_eq!(
        xml::element(current, "modified"),
        Some("2026-01-02-T03:04:05Z")
    );
    assert_eq!(
        xml::element(current, "created"),
        Some("2026-01-01-T00:00:00Z")
    );
    assert!(xml::element(current, "mime").is_some());
}

#[tokio::test]
async fn a_file_moves_with_its_history_and_parents_are_made() {
    let server = stocked().await;
    server.post("/PC?type=WORKSTATION").await;
    let before = server.jotta().entry("/Jotta/Archive/a").unwrap();
    let moved = server
        .transfer("/Jotta/Archive/a", "mv", "/PC/Set/new/a2")
        .await;
    assert_eq!(moved.status, 200);
    let moved = moved.xml();
    assert_describes(&moved, "a2", b"aaa");
    assert!(!xml::tags(&moved, "file")[0].contains("deleted"));
    assert_eq!(server.get("/Jotta/Archive/a").await.status, 404);
    let after = server.jotta().entry("/PC/Set/new/a2").unwrap();
    assert_eq!(after.revisions, before.revisions);
}

#[tokio::test]
async fn a_folder_moves_with_or_without_a_slash() {
    let server = stocked().await;
    let moved = server
        .transfer("/Jotta/Archive/d/", "mvDir", "/Jotta/Archive/e/d2")
        .await;
    assert_eq!(moved.status, 200);
    assert_eq!(xml::names(&moved.xml(), "folder"), ["d2"]);
    let back = server
        .transfer("/Jotta/Archive/e/d2", "mvDir", "/Jotta/Sync/d")
        .await;
    assert_eq!(back.status, 200);
    assert_eq!(
        server.jotta().read("/Jotta/Sync/d/x").unwrap().unwrap(),
        "x"
    );
}

#[tokio::test]
async fn sources_have_to_be_there_and_of_the_right_kind() {
    let server = stocked().await;
    server.put("/Jotta/Archive/gone", b"g").await;
    server.command("/Jotta/Archive/gone?dl=true").await;
    for (from, verb) in [
        ("d", "mv"),
        ("no", "mv"),
        ("a", "mvDir"),
        ("no", "mvDir"),
        ("no", "cp"),
        ("d", "cp"),
        ("gone", "mv"),
    ] {
        let answer = server
            .transfer(&format!("/Jotta/Archive/{from}"), verb, "/Jotta/Archive/z")
            .await;
        assert_eq!(answer.status, 404, "{verb} {from}");
        assert!(answer.text().contains("source"), "{verb} {from}");
    }
    let into = server
        .transfer("/Jotta/Archive/d", "mvDir", "/Jotta/Archive/d/sub/d")
        .await;
    assert_eq!(into.outcome(), "400 InvalidArgumentException");
    let other = server
        .post("/Jotta/Archive/a?mv=%2Fsomebody%2FJotta%2FArchive%2Fz")
        .await;
    assert_eq!(other.outcome(), "403 AccessDeniedException");
    let view = server
        .transfer("/Jotta/Archive/a", "mv", "/Jotta/Shared/z")
        .await;
    assert_eq!(view.outcome(), "403 AccessDeniedException");
}

#[tokio::test]
async fn a_move_onto_something_live_is_refused_unless_told_otherwise() {
    let server = stocked().await;
    let answer = server
        .transfer("/Jotta/Archive/a", "mv", "/Jotta/Archive/B")
        .await;
    assert_eq!(answer.outcome(), "409 UniqueFileException");
    server.put("/Jotta/Archive/e/y", b"y").await;
    let answer = server
        .transfer("/Jotta/Archive/d", "mvDir", "/Jotta/Archive/e")
        .await;
    assert_eq!(answer.outcome(), "409 UniqueFileException");
    assert_eq!(server.jotta().counts("/Jotta/Archive"), (4, 2));
    server
        .jotta()
        .change_settings(|settings| settings.move_onto_live = OntoLive::Replace);
    let answer = server
        .transfer("/Jotta/Archive/a", "mv", "/Jotta/Archive/B")
        .await;
    assert_describes(&answer.xml(), "B", b"aaa");
    assert_eq!(server.jotta().trash_count(), 1);
}

#[tokio::test]
async fn a_move_onto_a_tombstone_makes_the_destination_live() {
    let server = stocked().await;
    server.command("/Jotta/Archive/b?dl=true").await;
    let moved = server
        .transfer("/Jotta/Archive/a", "mv", "/Jotta/Archive/b")
        .await;
    let moved = moved.xml();
    assert_describes(&moved, "b", b"aaa");
    assert!(!moved.contains("deleted"));
    server.put("/Jotta/Archive/e/y", b"y").await;
    server.command("/Jotta/Archive/e?dlDir=true").await;
    let moved = server
        .transfer("/Jotta/Archive/d/", "mvDir", "/Jotta/Archive/e")
        .await;
    assert_eq!(moved.status, 200);
    let listed = server.xml("/Jotta/Archive/e").await;
    assert_eq!(xml::names(&listed, "file"), ["x"]);
    assert!(!listed.contains("deleted"));
}

#[tokio::test]
async fn a_move_onto_a_tombstone_can_be_made_to_fail() {
    let server = stocked().await;
    server.command("/Jotta/Archive/b?dl=true").await;
    server
        .jotta()
        .change_settings(|settings| settings.move_onto_trashed_fails = true);
    let moved = server
        .transfer("/Jotta/Archive/a", "mv", "/Jotta/Archive/b")
        .await;
    assert_eq!(moved.status, 500);
    assert_eq!(server.get("/Jotta/Archive/a").await.status, 200);
}

#[tokio::test]
async fn a_rename_can_change_nothing_but_the_case() {
    let server = stocked().await;
    let renamed = server
        .transfer("/Jotta/Archive/a", "mv", "/Jotta/Archive/A")
        .await;
    assert_describes(&renamed.xml(), "A", b"aaa");
    let renamed = server
        .transfer("/Jotta/Archive/d", "mvDir", "/Jotta/Archive/D")
        .await;
    assert_eq!(renamed.status, 200);
    let listed = server.xml("/Jotta/Archive").await;
    assert_eq!(xml::names(&listed, "file"), ["A", "b"]);
    assert_eq!(xml::names(&listed, "folder"), ["D"]);
}

#[tokio::test]
async fn a_rename_of_nothing_but_the_case_can_be_made_a_conflict() {
    let server = stocked().await;
    server
        .jotta()
        .change_settings(|settings| settings.case_rename_conflicts = true);
    for (from, verb, to) in [("a", "mv", "A"), ("d", "mvDir", "D")] {
        let renamed = server
            .transfer(
                &format!("/Jotta/Archive/{from}"),
                verb,
                &format!("/Jotta/Archive/{to}"),
            )
            .await;
        assert_eq!(renamed.outcome(), "409 UniqueFileException");
    }
}

#[tokio::test]
async fn a_copy_keeps_times_and_makes_parents() {
    let server = stocked().await;
    let copied = server
        .transfer("/Jotta/Archive/a", "cp", "/Jotta/Sync/n/a b+c&é")
        .await;
    assert_describes(&copied.xml(), "a b+c&amp;é", b"aaa");
    assert_eq!(
        server.jotta().read("/Jotta/Archive/a").unwrap().unwrap(),
        "aaa"
    );
}

#[tokio::test]
async fn a_copy_onto_a_live_file_is_its_next_revision() {
    let server = stocked().await;
    let copied = server
        .transfer("/Jotta/Archive/a", "cp", "/Jotta/Archive/b")
        .await;
    let copied = copied.xml();
    assert_describes(&copied, "b", b"aaa");
    assert_eq!(xml::element(&copied, "number"), Some("2"));
    let folder = server
        .transfer("/Jotta/Archive/a", "cp", "/Jotta/Archive/d")
        .await;
    assert_eq!(folder.outcome(), "409 UniqueFileException");
}

#[tokio::test]
async fn a_copy_onto_a_tombstone_replaces_the_content_and_stays_in_the_trash() {
    let server = stocked().await;
    server.command("/Jotta/Archive/b?dl=true").await;
    let copied = server
        .transfer("/Jotta/Archive/a", "cp", "/Jotta/Archive/b")
        .await;
    assert_eq!(copied.status, 200);
    let copied = copied.xml();
    assert_describes(&copied, "b", b"aaa");
    assert!(xml::tags(&copied, "file")[0].contains("deleted="));
    // The repair that clients do.
    let repaired = server.hash_copy("/Jotta/Archive/b", b"aaa").await;
    assert!(!repaired.xml().contains("deleted"));
}
