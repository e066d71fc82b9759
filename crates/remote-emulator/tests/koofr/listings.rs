//! Recursive listings and the synthetic tree.

use remote_emulator::koofr::{KoofrConfig, TreeConfig};
use serde_json::{Value, json};

use crate::client::{Server, escape};

async fn recursive(server: &Server, path: &str) -> Vec<Value> {
    let answer = server.get(&target(path)).await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/x-ndjson; charset=utf-8")
    );
    assert!(answer.complete && answer.body.ends_with(b"\n"));
    answer.lines()
}

fn target(path: &str) -> String {
    format!(
        "/content/api/v2.1/mounts/primary/files/listrecursive?path={}",
        escape(path)
    )
}

fn paths(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line["path"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_listing_is_depth_first_relative_and_begins_with_the_folder_itself() {
    let server = Server::start().await;
    for path in ["/top/b/2", "/top/b/1", "/top/a", "/other"] {
        server.koofr().write("primary", path, "x").unwrap();
    }
    let lines = recursive(&server, "/TOP").await;
    assert_eq!(paths(&lines), ["/", "/b", "/b/2", "/b/1", "/a"]);
    assert_eq!(
        (lines[0]["type"].as_str(), lines[0]["file"]["name"].as_str()),
        (Some("file"), Some("top"))
    );
    assert_eq!(lines[2]["file"], server.info("/top/b/2").await.json());
    let all = recursive(&server, "/").await;
    assert_eq!(
        paths(&all),
        [
            "/", "/top", "/top/b", "/top/b/2", "/top/b/1", "/top/a", "/other"
        ]
    );
    assert_eq!(all[0]["file"]["name"], "");
    assert_eq!(
        server.get(&target("/nothing")).await.outcome(),
        "404 NotFound"
    );
    assert_eq!(server.get(&target("/other")).await.outcome(), "400 NotDir");
}

#[tokio::test]
async fn the_nested_form_holds_the_same() {
    let server = Server::start().await;
    server.koofr().write("primary", "/a/b/c", "x").unwrap();
    let tree = server
        .get("/api/v2/mounts/primary/files/tree?path=/a")
        .await
        .json();
    assert_eq!(tree["children"][0]["children"][0]["name"], "c");
}

#[tokio::test]
async fn listings_larger_than_a_piece_are_whole() {
    let server = Server::start().await;
    for number in 0..1500 {
        server
            .koofr()
            .write("primary", &format!("/d{}/{number}", number % 7), "x")
            .unwrap();
    }
    let lines = recursive(&server, "/").await;
    assert_eq!(lines.len(), 1 + 7 + 1500);
}

async fn tree_server(entries: u64, folders: u64) -> Server {
    let config = KoofrConfig::default().tree(TreeConfig::new(entries).folders(folders));
    Server::with(config).await
}

#[tokio::test]
async fn the_synthetic_tree_is_seen_by_every_kind_of_listing() {
    let server = tree_server(2005, 5).await;
    server.koofr().write("primary", "/real", "x").unwrap();
    let lines = recursive(&server, "/tree").await;
    assert_eq!(lines.len(), 2006);
    assert_eq!(
        paths(&lines)[..3],
        ["/", "/folder-000000", "/folder-000000/file-000000.txt"]
    );
    let merged = recursive(&server, "/").await;
    assert_eq!(merged.len(), 1 + 1 + 2006);
    assert_eq!(paths(&merged)[..3], ["/", "/real", "/tree"]);
    assert_eq!(recursive(&server, "/Tree/FOLDER-000001").await.len(), 401);
    assert_eq!(server.names("/").await, ["real", "tree"]);
    assert_eq!(server.names("/tree").await.len(), 5);
    assert_eq!(server.names("/tree/folder-000004").await.len(), 400);
    let bundle = server.api("GET", "bundle?path=/tree").await.json();
    assert_eq!(bundle["files"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn synthetic_files_can_be_read_and_verified() {
    let server = tree_server(100, 3).await;
    let info = server
        .info("/tree/folder-000002/file-000007.txt")
        .await
        .json();
    let got = server.download("/tree/folder-000002/file-000007.txt").await;
    assert_eq!(info["size"], got.body.len());
    let described: Value = serde_json::from_str(got.header("x-file-info").unwrap()).unwrap();
    assert_eq!(described, info);
    let listed = recursive(&server, "/tree/folder-000002").await;
    assert!(listed.iter().any(|line| line["file"] == info));
}

#[tokio::test]
async fn synthetic_entries_can_be_removed_one_by_one_and_as_a_whole() {
    let server = tree_server(23, 3).await;
    let remove = async |path: &str| {
        server
            .api(
                "DELETE",
                &format!("files/remove?path={path}&removeIfEmpty="),
            )
            .await
            .outcome()
    };
    assert_eq!(remove("/tree").await, "409 Conflict");
    assert_eq!(remove("/tree/folder-000000/file-000003.txt").await, "200");
    assert_eq!(
        remove("/tree/folder-000000/file-000003.txt").await,
        "404 NotFound"
    );
    assert_eq!(
        server
            .api("DELETE", "files/remove?path=/tree/folder-000001")
            .await
            .status,
        200
    );
    let lines = recursive(&server, "/tree").await;
    assert_eq!(lines.len(), 1 + 2 + 7 - 1 + 6);
    assert_eq!(
        server.api("DELETE", "files/remove?path=/tree").await.status,
        200
    );
    assert_eq!(server.info("/tree").await.outcome(), "404 NotFound");
    assert!(server.names("/").await.is_empty());
    assert_eq!(server.mkdir("/", "tree").await.status, 200);
    assert!(server.names("/tree").await.is_empty());
}

#[tokio::test]
async fn synthetic_entries_are_otherwise_fixed() {
    let server = tree_server(10, 2).await;
    assert_eq!(
        server.put("/tree", "x", "", "x").await.outcome(),
        "403 Forbidden"
    );
    assert_eq!(
        server.put("/", "TREE", "", "x").await.json()["name"],
        "TREE (1)"
    );
    assert_eq!(
        server.mkdir("/tree/folder-000000", "x").await.outcome(),
        "403 Forbidden"
    );
    assert_eq!(
        server.mkdir("/", "tree").await.outcome(),
        "409 AlreadyExists"
    );
    let to = json!({"toMountId": "primary", "toPath": "/elsewhere"});
    assert_eq!(
        server
            .api_json("PUT", "files/move?path=/tree", to)
            .await
            .outcome(),
        "403 Forbidden"
    );
}

#[tokio::test]
async fn a_storage_that_goes_away_ends_the_listing_with_an_error_line() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = tree_server(500_000, 100).await;
    let mut stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    let authorization = crate::client::basic(
        remote_emulator::koofr::DEFAULT_USER,
        remote_emulator::koofr::DEFAULT_PASSWORD,
    );
    let head = format!(
        "GET {} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nConnection: close\r\n\r\n",
        target("/tree")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // Most of the listing is still to come, since nobody reads on: sending waits for the reader.
    stream.readable().await.unwrap();
    server.koofr().set_online("primary", false).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    let text = String::from_utf8(all).unwrap();
    let tail = text.get(text.len() - 200..).unwrap();
    assert!(
        tail.contains("DeviceOffline") && tail.ends_with("0\r\n\r\n"),
        "{tail}"
    );
}
