//! What survives the end of the process, shown by a second emulator on the same directory.

use std::path::Path;

use remote_emulator::Emulator;
use remote_emulator::jotta::JottaConfig;

use crate::client::{Server, order};
use crate::xml;

async fn start(dir: &Path) -> Server {
    let config = JottaConfig::default().capacity(1_000_000);
    Server::build(Emulator::builder().jotta(config).state_dir(dir)).await
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    server.post("/PC?type=LAPTOP").await;
    server.put("/PC/Set/a", b"one").await;
    server.put("/PC/Set/a", b"two").await;
    server.put("/PC/Set/empty", b"").await;
    server.put("/Jotta/Archive/d/gone", b"gone").await;
    server.command("/Jotta/Archive/d?dlDir=true").await;
    server.put("/Jotta/Archive/d", b"a file now").await;
    server.put("/Jotta/Archive/erased", b"erased").await;
    server.command("/Jotta/Archive/erased?rm=true").await;
    server.xml("/PC/Set/a?mode=enableShare").await;
    let token = server.token.clone();
    let before = (
        server.jotta().entries("/PC"),
        server.jotta().entries("/Jotta"),
    );
    let trash = server.xml("/Jotta/Trash").await;
    server.emulator.shutdown().await;

    let mut server = start(dir.path()).await;
    server.token = token;
    let after = (
        server.jotta().entries("/PC"),
        server.jotta().entries("/Jotta"),
    );
    assert_eq!(after, before);
    let trash_after = server.xml("/Jotta/Trash").await;
    assert_eq!(
        xml::names(&trash_after, "folder"),
        xml::names(&trash, "folder")
    );
    assert_eq!(server.get("/PC/Set/a?mode=bin").await.body, b"two");
    assert_eq!(
        server.get("/PC/Set/a?mode=bin&revision=1").await.body,
        b"one"
    );
    assert_eq!(server.get("/PC/Set/empty?mode=bin").await.body, b"");
    assert_eq!(
        xml::element(&server.xml("/PC").await, "type"),
        Some("LAPTOP")
    );
    // A content stays known although no file has it any more.
    assert_eq!(
        server
            .hash_copy("/Jotta/Archive/back", b"erased")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_unfinished_upload_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let content = b"0123456789";
    let wanted = order("/Jotta/Archive/a", content);
    let server = start(dir.path()).await;
    let allocated = server.allocate(&wanted).await.json();
    server.upload(&allocated, &content[..4], None).await;
    server.emulator.shutdown().await;

    let server = start(dir.path()).await;
    let again = server.allocate(&wanted).await.json();
    assert_eq!(again["resume_pos"], 4);
    assert_eq!(again["upload_id"], allocated["upload_id"]);
    let done = server
        .upload(&again, &content[4..], Some("bytes=4-9"))
        .await;
    assert_eq!(done.status, 200);
    assert_eq!(server.get("/Jotta/Archive/a?mode=bin").await.body, content);
    // The parts are gone, the content stays.
    let objects = std::fs::read_dir(dir.path().join("jotta/objects"))
        .unwrap()
        .count();
    assert_eq!(objects, 1);
}

#[tokio::test]
async fn refresh_tokens_survive_and_a_second_process_is_kept_out() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let refresh = server.jotta().sign_in().unwrap().refresh_token;
    let second = Emulator::builder()
        .jotta(JottaConfig::default())
        .state_dir(dir.path());
    assert!(second.start().await.is_err());
    server.emulator.shutdown().await;
    let server = start(dir.path()).await;
    assert!(server.jotta().identity().is_current(&refresh));
}
