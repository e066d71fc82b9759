//! What survives a restart; the program and the configuration it writes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use remote_emulator::Emulator;
use remote_emulator::acd::{AcdConfig, AcdSettings};
use remote_emulator::koofr::TreeConfig;
use serde_json::{Value, json};

use crate::client::Server;

async fn open(dir: &Path) -> Server {
    let mut settings = AcdSettings::default();
    settings.allow_purge = true;
    let config = AcdConfig::default()
        .settings(settings)
        .tree(TreeConfig::new(20).folders(2));
    Server::build(Emulator::builder().acd(config).state_dir(dir)).await
}

#[tokio::test]
async fn everything_that_was_answered_is_there_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = open(dir.path()).await;
    let root = server.root.clone();
    let token = server.token.clone();
    let folder = server.mkdir(&root, "d").await.id();
    let big = "x".repeat(2_000_000);
    let file = server.upload(&folder, "big", &big).await.id();
    server.upload(&root, "empty", "").await;
    server.overwrite(&file, "smaller").await;
    let gone = server.upload(&root, "gone", "1").await.id();
    server.call("PUT", &format!("trash/{gone}")).await;
    let purged = server.upload(&root, "purged", "2").await.id();
    let checkpoint = server.acd().checkpoint();
    server.call("DELETE", &format!("nodes/{purged}")).await;
    let target = format!("nodes/{file}/properties/acd-api/k");
    server.json("PUT", &target, json!({"value": "v"})).await;
    let tree = server.query("name:folder-000001").await.json();
    let tree = tree["data"][0]["id"].as_str().unwrap().to_owned();
    server.call("PUT", &format!("trash/{tree}")).await;
    let before = server.get(&format!("nodes/{file}")).await.json();
    let objects = || {
        fs::read_dir(dir.path().join("acd/objects"))
            .unwrap()
            .count()
    };
    assert_eq!(objects(), 2);
    server.emulator.shutdown().await;

    let again = open(dir.path()).await;
    let again = Server { token, ..again };
    assert_eq!(again.root, root);
    assert_eq!(again.get(&format!("nodes/{file}")).await.json(), before);
    assert_eq!(again.acd().read("/d/big").unwrap().unwrap(), "smaller");
    assert_eq!(again.acd().entry("/empty").unwrap().size, Some(0));
    assert_eq!(again.get("trash").await.names(), ["gone"]);
    let order = json!({"checkpoint": checkpoint, "includePurged": true});
    let lines = again.json("POST", "changes", order).await.lines();
    assert_eq!(lines[0]["reset"], false);
    assert_eq!(lines[0]["nodes"].as_array().unwrap().len(), 2);
    assert_eq!(again.get(&format!("nodes/{tree}")).await.status, 404);
    again
        .acd()
        .clock()
        .advance(Duration::from_secs(30 * 86_400));
    assert!(again.acd().trash_list().is_empty());
}

#[tokio::test]
async fn the_program_serves_and_writes_a_section_for_rclone_and_for_us() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("rclone.conf");
    let mut child = Command::new(env!("CARGO_BIN_EXE_remote-emulator"))
        .args([
            "--acd",
            "127.0.0.1:0",
            "--acd-tree",
            "10",
            "--acd-folders",
            "2",
        ])
        .args(["--acd-token-lifetime", "600s"])
        .args(["--acd-settings", "{\"page_size\":3}"])
        .args(["--write-config".as_ref(), config.as_os_str()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let url = ready["acd"].as_str().unwrap();
    let text = fs::read_to_string(&config).unwrap();
    let section = text.split("[acd]\n").nth(1).unwrap();
    let value = |key: &str| {
        let mut lines = section.lines();
        lines
            .find_map(|line| line.strip_prefix(&format!("{key} = ")))
            .unwrap()
            .to_owned()
    };
    assert_eq!(value("type"), "amazon cloud drive");
    assert!(value("client_id").starts_with("amzn1.application-oa2-client."));
    assert_eq!(value("token_url"), format!("{url}/auth/o2/token"));
    assert_eq!(value("auth_url"), format!("{url}/ap/oa"));
    assert_eq!(value("endpoint_url"), format!("{url}/drive/v1/"));
    let token: Value = serde_json::from_str(&value("token")).unwrap();
    assert!(token["access_token"].as_str().unwrap().starts_with("Atza|"));
    assert!(
        token["refresh_token"]
            .as_str()
            .unwrap()
            .starts_with("Atzr|")
    );
    assert_eq!(token["token_type"], "bearer");
    assert!(token["expiry"].as_str().unwrap().ends_with('Z'));
    child.kill().unwrap();
    child.wait().unwrap();
}
