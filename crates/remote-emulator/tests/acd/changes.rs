//! The change feed.

use remote_emulator::Emulator;
use remote_emulator::acd::AcdConfig;
use remote_emulator::fault::{Fault, FaultAction};
use remote_emulator::koofr::TreeConfig;
use serde_json::{Value, json};

use crate::client::Server;

fn names(line: &Value) -> Vec<&str> {
    let nodes = line["nodes"].as_array().unwrap().iter();
    nodes
        .map(|node| node["name"].as_str().unwrap_or("-"))
        .collect()
}

#[tokio::test]
async fn a_feed_without_a_checkpoint_tells_everything_and_resets() {
    let server = Server::start().await;
    server.mkdir(&server.root, "d").await;
    for body in [&b""[..], b"{}", b"{\"includePurged\":\"true\"}\n"] {
        let answer = server.send("POST", "/drive/v1/changes", &[], body).await;
        let lines = answer.lines();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["reset"], true);
        assert_eq!(lines[0]["statusCode"], 200);
        assert_eq!(names(&lines[0]), ["-", "d"]);
        assert_eq!(lines[1], json!({"end": true}));
    }
}

#[tokio::test]
async fn a_checkpoint_leads_to_what_came_after_it() {
    let server = Server::start().await;
    let root = server.root.clone();
    let a = server.mkdir(&root, "a").await.id();
    let b = server.mkdir(&root, "b").await.id();
    let id = server.upload(&a, "x", "1").await.id();
    let checkpoint = server.acd().checkpoint();
    let after = async |checkpoint: &str| {
        let order = json!({ "checkpoint": checkpoint });
        server.json("POST", "changes", order).await.lines()
    };
    let nothing = after(&checkpoint).await;
    assert_eq!(
        (names(&nothing[0]).len(), &nothing[0]["reset"]),
        (0, &json!(false))
    );
    // A move is told of the file and of both folders.
    let order = json!({"fromParent": a, "childId": id});
    server
        .json("POST", &format!("nodes/{b}/children"), order)
        .await;
    server.call("PUT", &format!("trash/{id}")).await;
    let lines = after(&checkpoint).await;
    let mut changed = names(&lines[0]);
    changed.sort_unstable();
    assert_eq!(changed, ["a", "b", "x"]);
    let next = lines[0]["checkpoint"].as_str().unwrap();
    assert_eq!(names(&after(next).await[0]).len(), 0);
    for unknown in ["nonsense", "CAAAA", "C"] {
        assert_eq!(after(unknown).await[0]["reset"], true, "{unknown}");
    }
    server
        .acd()
        .change_settings(|settings| settings.forget_checkpoints = 1);
    assert_eq!(after(next).await[0]["reset"], true);
    assert_eq!(after(next).await[0]["reset"], false);
}

#[tokio::test]
async fn chunks_limits_and_purged_nodes() {
    let server = Server::with(|settings| settings.allow_purge = true).await;
    let root = server.root.clone();
    let mut last = String::new();
    for number in 0..5 {
        last = server.mkdir(&root, &format!("d{number}")).await.id();
    }
    let feed = async |order: Value| server.json("POST", "changes", order).await.lines();
    let lines = feed(json!({"chunkSize": 2})).await;
    let counts: Vec<_> = lines[..3].iter().map(|line| names(line).len()).collect();
    assert_eq!(counts, [2, 2, 2]);
    assert_eq!(
        (&lines[0]["reset"], &lines[1]["reset"]),
        (&json!(true), &json!(false))
    );
    // A stop in between leads on to the rest.
    let lines = feed(json!({"chunkSize": 2, "maxNodes": 3})).await;
    assert_eq!(lines.len(), 3);
    let rest = feed(json!({"checkpoint": lines[1]["checkpoint"]})).await;
    assert_eq!(names(&rest[0]), ["d3", "d4"]);
    let checkpoint = server.acd().checkpoint();
    server.call("DELETE", &format!("nodes/{last}")).await;
    let order = json!({ "checkpoint": checkpoint });
    assert_eq!(feed(order.clone()).await[0]["nodes"], json!([]));
    for purged in [json!("true"), json!(true)] {
        let order = json!({"checkpoint": checkpoint, "includePurged": purged});
        let lines = feed(order).await;
        assert_eq!(lines[0]["nodes"], json!([{"id": last, "status": "PURGED"}]));
    }
    server
        .acd()
        .change_settings(|settings| settings.purged_with_kind = true);
    let lines = feed(json!({"checkpoint": checkpoint, "includePurged": true})).await;
    assert_eq!(lines[0]["nodes"][0]["kind"], "FILE");
    for bad in [
        json!({"chunkSize": 0}),
        json!({"maxNodes": "x"}),
        json!({"includePurged": 1}),
    ] {
        assert_eq!(server.json("POST", "changes", bad).await.status, 400);
    }
}

#[tokio::test]
async fn a_feed_can_break_off_fail_in_part_and_be_compressed() {
    let server = Server::start().await;
    let root = server.root.clone();
    for number in 0..3 {
        server.mkdir(&root, &format!("d{number}")).await;
    }
    server.acd().change_settings(|settings| {
        settings.change_chunk = 1;
        settings.truncate_changes_after = Some(2);
    });
    let lines = server.json("POST", "changes", json!({})).await.lines();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line["end"].is_null()));
    server.acd().change_settings(|settings| {
        settings.truncate_changes_after = None;
        settings.change_status = 500;
    });
    let cut = FaultAction::TruncateListing {
        after_lines: 1,
        mid_line: true,
        clean_end: true,
    };
    server.acd().faults().push(Fault::new(cut).on("changes"));
    let text = server.json("POST", "changes", json!({})).await.text();
    assert_eq!(text.matches('\n').count(), 1);
    assert!(text.contains("\"statusCode\":500"));
    server
        .acd()
        .change_settings(|settings| settings.gzip_changes = true);
    let plain = server.json("POST", "changes", json!({})).await;
    assert_eq!(plain.header("content-encoding"), "");
    let headers = [("Accept-Encoding", "gzip")];
    let packed = server
        .send("POST", "/drive/v1/changes", &headers, b"")
        .await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    // One stored block between ten bytes of head and eight of checksum and length.
    assert_eq!(packed.body[15..packed.body.len() - 8], plain.body);
}

#[tokio::test]
async fn the_synthetic_tree_is_told_once_while_it_is_made() {
    let config = AcdConfig::default().tree(TreeConfig::new(5000).folders(5));
    let server = Server::build(Emulator::builder().acd(config)).await;
    let lines = server.json("POST", "changes", json!({})).await.lines();
    let total: usize = lines[..lines.len() - 1]
        .iter()
        .map(|line| names(line).len())
        .sum();
    assert_eq!(total, 5002);
    let checkpoint = lines[lines.len() - 2]["checkpoint"].clone();
    let order = json!({ "checkpoint": checkpoint });
    let lines = server.json("POST", "changes", order).await.lines();
    assert_eq!((lines.len(), names(&lines[0]).len()), (2, 0));
}
