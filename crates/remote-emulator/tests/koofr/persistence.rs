//! What survives the end of an emulator.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use remote_emulator::Emulator;
use remote_emulator::koofr::{KoofrConfig, KoofrSettings, TreeConfig};
use serde_json::json;

use crate::client::{Server, put};

async fn open(dir: &Path) -> Server {
    let config = KoofrConfig::default().tree(TreeConfig::new(20).folders(2));
    Server::build(Emulator::builder().koofr(config).state_dir(dir)).await
}

fn objects(dir: &Path) -> usize {
    fs::read_dir(dir.join("koofr/objects")).unwrap().count()
}

#[tokio::test]
async fn everything_that_was_answered_is_there_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = open(dir.path()).await;
    let big = "x".repeat(2_000_000);
    server
        .koofr()
        .write("primary", "/d/small", "small")
        .unwrap();
    server
        .send(put("/d", "big", "&modified=123&tags=k%3Dv", &big))
        .await;
    server.put("/", "empty", "", "").await;
    server.put("/", "old", "", "one").await;
    server.put("/", "old", "&overwrite=true", "two").await;
    server
        .api_json(
            "PUT",
            "files/move?path=/d/small",
            json!({"toMountId": "primary", "toPath": "/moved"}),
        )
        .await;
    server
        .api_json(
            "PUT",
            "files/copy?path=/d",
            json!({"toMountId": "primary", "toPath": "/copy"}),
        )
        .await;
    server.api("DELETE", "files/remove?path=/d").await;
    server
        .api(
            "DELETE",
            "files/remove?path=/tree/folder-000000/file-000003.txt",
        )
        .await;
    let link = server
        .api_json("POST", "links", json!({"path": "/moved"}))
        .await
        .json();
    let names = server.names("/").await;
    let entries = server.koofr().entries("primary").unwrap();
    let (mount, token) = (
        server.koofr().mount_id("primary").unwrap(),
        server.koofr().login_token().unwrap(),
    );
    server.emulator.shutdown().await;

    let server = open(dir.path()).await;
    assert_eq!(server.koofr().mount_id("primary").unwrap(), mount);
    assert_eq!(server.names("/").await, names);
    assert_eq!(server.koofr().entries("primary").unwrap(), entries);
    assert_eq!(server.download("/copy/big").await.body, big.as_bytes());
    assert_eq!(
        server.koofr().read("primary", "/moved").unwrap().unwrap(),
        "small"
    );
    assert_eq!(server.koofr().trash_count(), 2);
    assert_eq!(server.names("/tree/folder-000000").await.len(), 8);
    assert_eq!(
        server.api("GET", "links").await.json()["links"][0]["id"],
        link["id"]
    );
    let request = crate::client::Request::new("GET", "/api/v2/user")
        .header("Authorization", format!("Token {token}"));
    assert_eq!(server.send(request).await.status, 200);
    assert_eq!(
        server.get("/api/v2/mounts/primary").await.json()["spaceUsed"],
        2
    );
    let all = json!({"files": []});
    let undelete = crate::client::Request::new("POST", "/api/v2.1/trash/undelete").json(&all);
    assert_eq!(server.send(undelete).await.status, 200);
    assert_eq!(server.download("/d/big").await.body, big.as_bytes());
}

#[tokio::test]
async fn a_line_that_was_being_written_is_dropped_and_its_content_swept() {
    let dir = tempfile::tempdir().unwrap();
    let server = open(dir.path()).await;
    server.put("/", "a", "", "abc").await;
    server.emulator.shutdown().await;
    let journal = dir.path().join("koofr/journal.jsonl");
    let mut file = OpenOptions::new().append(true).open(&journal).unwrap();
    file.write_all(br#"[{"node":{"id":99,"parent":1,"#).unwrap();
    fs::write(dir.path().join("koofr/objects/orphan"), "x").unwrap();
    fs::write(dir.path().join("koofr/objects/new-half"), "x").unwrap();

    let server = open(dir.path()).await;
    assert_eq!(
        server.koofr().read("primary", "/a").unwrap().unwrap(),
        "abc"
    );
    assert_eq!(objects(dir.path()), 1);
}

#[tokio::test]
async fn a_journal_that_is_something_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("koofr")).unwrap();
    fs::write(dir.path().join("koofr/journal.jsonl"), "not ours\n").unwrap();
    let started = Emulator::builder()
        .koofr(KoofrConfig::default())
        .state_dir(dir.path())
        .start()
        .await;
    let error = started.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("line 1"), "{cause}");
}

#[tokio::test]
async fn a_directory_has_one_user_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).await;
    let second = Emulator::builder()
        .koofr(KoofrConfig::default())
        .state_dir(dir.path())
        .start()
        .await;
    assert!(second.is_err());
    first.emulator.shutdown().await;
    open(dir.path()).await;
}

#[tokio::test]
async fn contents_nobody_has_any_more_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let server = open(dir.path()).await;
    server.put("/", "a", "", "one").await;
    server
        .api_json(
            "PUT",
            "files/copy?path=/a",
            json!({"toMountId": "primary", "toPath": "/b"}),
        )
        .await;
    assert_eq!(objects(dir.path()), 1);
    server.api("DELETE", "files/remove?path=/a").await;
    server
        .send(crate::client::Request::new("DELETE", "/api/v2.1/trash"))
        .await;
    assert_eq!(objects(dir.path()), 1);
    server.api("DELETE", "files/remove?path=/b").await;
    server
        .send(crate::client::Request::new("DELETE", "/api/v2.1/trash"))
        .await;
    assert_eq!(objects(dir.path()), 0);

    let mut settings = KoofrSettings::default();
    settings.trash = false;
    let dir = tempfile::tempdir().unwrap();
    let builder = Emulator::builder()
        .koofr(KoofrConfig::default().settings(settings))
        .state_dir(dir.path());
    let server = Server::build(builder).await;
    server.put("/", "a", "", "one").await;
    server.put("/", "a", "&overwrite=true", "two").await;
    assert_eq!((objects(dir.path()), server.koofr().trash_count()), (1, 0));
}
