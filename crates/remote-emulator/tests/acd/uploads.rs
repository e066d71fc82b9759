//! Uploads and overwrites, and those that end in an error although they are stored.

use std::time::Duration;

use remote_emulator::acd::{LateUpload, StoredAs};
use remote_emulator::fault::{Fault, FaultAction};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Server, multipart};

const HELLO: &str = "5d41402abc4b2a76b9719d911017c592";

#[tokio::test]
async fn an_upload_is_answered_with_the_complete_node() {
    let server = Server::start().await;
    let answer = server.upload(&server.root, "a b.txt", "hello").await;
    assert_eq!(answer.status, 201);
    let node = answer.json();
    assert_eq!(node["name"], "a b.txt");
    assert_eq!(node["status"], "AVAILABLE");
    let content = json!({
        "size": 5, "md5": HELLO, "version": 1, "contentType": "text/plain", "extension": "txt",
    });
    assert_eq!(node["contentProperties"], content);
    let unknown = server.upload(&server.root, "x.unknown", "").await.json();
    let content = &unknown["contentProperties"];
    assert_eq!(content["contentType"], "application/octet-stream");
    assert_eq!(content["md5"], "d41d8cd98f00b204e9800998ecf8427e");
    let record = server.acd().requests().pop().unwrap();
    assert_eq!(record.endpoint, "content/upload");
    assert_eq!(
        record.body_md5.as_deref(),
        Some("d41d8cd98f00b204e9800998ecf8427e")
    );
}

#[tokio::test]
async fn bodies_come_chunked_unless_they_are_empty() {
    let server = Server::start().await;
    let content = "x".repeat(5000);
    let target = "/cdproxy/nodes?suppress=deduplication";
    let body = multipart(Some(&json!({"name": "a", "kind": "FILE"})), &content);
    let answer = server.chunked("POST", target, &body).await;
    assert_eq!(answer.json()["contentProperties"]["size"], 5000);
    let body = multipart(Some(&json!({"name": "b", "kind": "FILE"})), "");
    assert_eq!(server.chunked("POST", target, &body).await.status, 411);
    assert!(server.acd().entry("/b").is_none());
    server
        .acd()
        .change_settings(|settings| settings.refuse_chunked_empty = false);
    assert_eq!(server.chunked("POST", target, &body).await.status, 201);
}

#[tokio::test]
async fn broken_uploads_are_refused_and_store_nothing() {
    let server = Server::start().await;
    let target = "/cdproxy/nodes?suppress=deduplication";
    let whole = multipart(Some(&json!({"name": "a", "kind": "FILE"})), "x");
    let bodies: [&[u8]; 4] = [
        b"",
        b"--0123456789abcdef--\r\n",
        &multipart(None, "x"),
        &whole[..whole.len() - 30],
    ];
    for body in bodies {
        let answer = server.multipart("POST", target, body).await;
        assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(body));
    }
    let only_metadata = b"--0123456789abcdef\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{}\r\n--0123456789abcdef--\r\n";
    assert_eq!(
        server.multipart("POST", target, only_metadata).await.status,
        400
    );
    let plain = server.send("POST", target, &[], &whole).await;
    assert_eq!(plain.status, 400);
    for (metadata, expected) in [
        (json!({"kind": "FILE"}), "400"),
        (json!({"name": "a", "kind": "FOLDER"}), "400"),
        (
            json!({"name": "a", "kind": "FILE", "parents": ["nope"]}),
            "400 PARENT_NODE_ID_NOT_FOUND",
        ),
    ] {
        let answer = server.upload_as("", &metadata, "x").await;
        assert_eq!(answer.outcome(), expected);
    }
    server
        .acd()
        .faults()
        .push(Fault::new(FaultAction::CutRequest { after: 10 }).on("content/upload"));
    assert_eq!(server.upload(&server.root, "cut", "x").await.status, 0);
    assert_eq!(server.acd().counts("/"), (0, 0));
}

#[tokio::test]
async fn the_same_content_is_refused_unless_that_is_suppressed() {
    let server = Server::start().await;
    let root = server.root.clone();
    let first = server.upload(&root, "a", "hello").await.id();
    let metadata = json!({"name": "b", "kind": "FILE"});
    let twin = server.upload_as("", &metadata, "hello").await;
    assert_eq!(twin.outcome(), "409 MD5_DUPLICATE");
    assert_eq!(twin.json()["info"]["nodeId"], first.as_str());
    server.upload(&root, "empty", "").await;
    assert_eq!(server.upload_as("", &metadata, "").await.status, 201);
    assert_eq!(server.upload(&root, "c", "hello").await.status, 201);
    server.acd().change_settings(|settings| {
        settings.duplicate_code = "OTHER".to_owned();
        settings.duplicate_names_node = false;
    });
    let metadata = json!({"name": "d", "kind": "FILE"});
    let twin = server.upload_as("", &metadata, "hello").await;
    assert_eq!(twin.outcome(), "409 OTHER");
    assert!(twin.json()["info"].is_null());
}

#[tokio::test]
async fn an_overwrite_keeps_the_node_and_counts_versions() {
    let server = Server::start().await;
    let root = server.root.clone();
    let first = server.upload(&root, "a.txt", "hello").await.json();
    let id = first["id"].as_str().unwrap();
    let answer = server.overwrite(id, "hello world").await;
    assert_eq!(answer.status, 200);
    let node = answer.json();
    assert_eq!((&node["id"], &node["name"]), (&first["id"], &first["name"]));
    assert_eq!(node["version"], 2);
    assert_eq!(node["contentProperties"]["version"], 2);
    assert_eq!(node["contentProperties"]["size"], 11);
    assert_ne!(node["eTagResponse"], first["eTagResponse"]);
    // A metadata part is tolerated.
    let body = multipart(Some(&json!({"name": "other"})), "third");
    let target = format!("/cdproxy/nodes/{id}/content?suppress=deduplication");
    let answer = server.multipart("PUT", &target, &body).await;
    assert_eq!(answer.json()["name"], "a.txt");
    assert_eq!(server.acd().read("/a.txt").unwrap().unwrap(), "third");
    assert_eq!(server.overwrite("nope", "x").await.status, 404);
    assert_eq!(server.overwrite(&root, "x").await.status, 400);
}

#[tokio::test]
async fn contents_that_do_not_fit_are_refused_each_in_its_way() {
    let server = Server::with(|settings| {
        settings.quota = 10;
        settings.max_file_size = 8;
    })
    .await;
    let root = server.root.clone();
    let large = server.upload(&root, "large", "123456789").await;
    assert_eq!((large.status, large.body.len()), (504, 0));
    let id = server.upload(&root, "a", "12345678").await.id();
    let full = server.upload(&root, "b", "123").await;
    assert_eq!(full.outcome(), "403 NO_ACTIVE_SUBSCRIPTION_FOUND");
    // What is replaced makes room.
    assert_eq!(server.overwrite(&id, "87654321").await.status, 200);
    server
        .acd()
        .change_settings(|settings| settings.customer_exists = false);
    let nobody = server.upload(&root, "c", "1").await;
    assert_eq!(nobody.outcome(), "403 NO_ACTIVE_SUBSCRIPTION_FOUND");
}

#[tokio::test]
async fn a_late_upload_fails_and_appears_afterwards() {
    let server = Server::start().await;
    let root = server.root.clone();
    let order = json!({"status": 504, "visible_after_ms": 3000});
    let ordered = server.admin("POST", "acd/late-upload", order).await;
    assert_eq!(ordered.status, 204);
    let answer = server.upload(&root, "a", "hello").await;
    assert_eq!((answer.status, answer.body.len()), (504, 0));
    assert!(server.query("name:a").await.names().is_empty());
    let conflict = server.upload(&root, "a", "hello").await;
    assert_eq!(conflict.outcome(), "409 NAME_ALREADY_EXISTS");
    let id = conflict.json()["info"]["nodeId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(server.get(&format!("nodes/{id}")).await.status, 404);
    server.acd().clock().advance(Duration::from_secs(3));
    assert_eq!(server.query("name:a").await.names(), ["a"]);
    assert_eq!(server.get(&format!("nodes/{id}")).await.status, 200);
    // An overwrite can be late as well: the old content is seen until then.
    let late = LateUpload::new(408).visible_after_ms(1000);
    server.acd().order_late_upload(late);
    assert_eq!(server.overwrite(&id, "other").await.status, 408);
    let md5 = async || {
        let node = server.get(&format!("nodes/{id}")).await.json();
        node["contentProperties"]["md5"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(md5().await, HELLO);
    server.acd().clock().advance(Duration::from_secs(1));
    assert_ne!(md5().await, HELLO);
}

#[tokio::test]
async fn a_late_upload_can_store_something_else() {
    let server = Server::start().await;
    let root = server.root.clone();
    for (name, stored, size) in [
        ("bytes", StoredAs::OtherBytes, 5),
        ("size", StoredAs::OtherSize, 6),
        ("same", StoredAs::Same, 5),
    ] {
        server
            .acd()
            .order_late_upload(LateUpload::new(500).stored(stored));
        assert_eq!(server.upload(&root, name, "hello").await.status, 500);
        let node = server.acd().entry(&format!("/{name}")).unwrap();
        assert_eq!(node.size, Some(size));
        assert_eq!(node.md5.as_deref() == Some(HELLO), stored == StoredAs::Same);
    }
}

#[tokio::test]
async fn a_content_is_processed_before_its_size_is_told() {
    let server = Server::with(|settings| settings.processing_ms = 2000).await;
    let root = server.root.clone();
    let answer = server.upload(&root, "a", "hello").await;
    assert_eq!(answer.json()["status"], "AVAILABLE");
    assert_eq!(answer.json()["contentProperties"]["md5"], HELLO);
    let id = answer.id();
    let node = server.get(&format!("nodes/{id}")).await.json();
    assert_eq!(node["status"], "PENDING");
    assert!(node["contentProperties"]["size"].is_null());
    assert_eq!(server.query("name:a").await.names(), ["a"]);
    server.acd().change_settings(|settings| {
        settings.pending_in_queries = false;
        settings.pending_in_answers = true;
    });
    assert!(server.query("name:a").await.names().is_empty());
    assert_eq!(
        server.upload(&root, "b", "x").await.json()["status"],
        "PENDING"
    );
    let promote = server
        .json(
            "PATCH",
            &format!("nodes/{id}"),
            json!({"status": "AVAILABLE"}),
        )
        .await;
    assert_eq!(promote.json()["status"], "AVAILABLE");
    let checkpoint = server.acd().checkpoint();
    server.acd().clock().advance(Duration::from_secs(2));
    assert_eq!(server.query("name:b").await.names(), ["b"]);
    // The end of processing is a change.
    let order = json!({ "checkpoint": checkpoint });
    let lines = server.json("POST", "changes", order).await.lines();
    assert_eq!(lines[0]["nodes"][0]["status"], "AVAILABLE");
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_file_is_stored() {
    let server = Server::start().await;
    let root = server.root.clone();
    let lose = Fault::new(FaultAction::CommitThenClose).on("content/upload");
    server.acd().faults().push(lose);
    assert_eq!(server.upload(&root, "a", "hello").await.status, 0);
    assert_eq!(server.acd().read("/a").unwrap().unwrap(), "hello");
}

/// Sends an upload whose token ends `late` before its body does.
async fn upload_across(server: &Server, name: &str, late: Duration) -> String {
    let body = multipart(Some(&json!({"name": name, "kind": "FILE"})), "hello");
    let address = server.acd().url().strip_prefix("http://").unwrap();
    let token = server.acd().sign_in().unwrap().access_token;
    let head = format!(
        "POST /cdproxy/nodes?suppress=deduplication HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Type: multipart/form-data; boundary=0123456789abcdef\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    let before = server.acd().log().total();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body[..20]).await.unwrap();
    // Everything runs on one thread: once the request is in the log, it was looked at.
    while server.acd().log().total() == before {
        tokio::task::yield_now().await;
    }
    server
        .acd()
        .clock()
        .advance(Duration::from_secs(3600) + late);
    stream.write_all(&body[20..]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn the_token_is_judged_when_the_head_arrives() {
    let server = Server::start().await;
    let day = Duration::from_secs(86_400);
    assert_eq!(upload_across(&server, "a", day).await, "201");
    server
        .acd()
        .change_settings(|settings| settings.fail_uploads_after_expiry_ms = Some(60_000));
    let soon = Duration::from_secs(30);
    assert_eq!(upload_across(&server, "b", soon).await, "201");
    assert_eq!(upload_across(&server, "c", day).await, "400");
    assert_eq!(server.acd().counts("/"), (2, 0));
}

// rclone would see a broken connection instead of the status.
#[tokio::test]
async fn a_refused_upload_is_read_to_its_end() {
    let server = Server::start().await;
    let large = "x".repeat(4 << 20);
    let metadata = json!({"name": "a", "kind": "FILE", "parents": ["nope"]});
    let refused = server.upload_as("", &metadata, &large).await;
    assert_eq!(refused.outcome(), "400 PARENT_NODE_ID_NOT_FOUND");
    let server = Server {
        token: "wrong".to_owned(),
        ..server
    };
    let root = server.root.clone();
    assert_eq!(server.upload(&root, "a", &large).await.status, 401);
    server
        .acd()
        .faults()
        .push(Fault::new(FaultAction::status(503)).on("content/upload"));
    assert_eq!(server.upload(&root, "a", &large).await.status, 503);
}
