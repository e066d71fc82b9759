//! The trash: what goes, what comes back, what ends.

use std::time::Duration;

use serde_json::json;

use crate::client::Server;

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn a_folder_goes_with_all_below_it_and_comes_back_with_what_went_then() {
    let server = Server::start().await;
    let root = server.root.clone();
    let folder = server.mkdir(&root, "d").await.id();
    let inner = server.mkdir(&folder, "inner").await.id();
    let early = server.upload(&folder, "early", "1").await.id();
    let late = server.upload(&inner, "late", "2").await.id();
    server.call("PUT", &format!("trash/{early}")).await;
    let answer = server.call("PUT", &format!("trash/{folder}")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["status"], "TRASH");
    server
        .acd()
        .change_settings(|settings| settings.trash_flags = true);
    for id in [&folder, &inner, &late] {
        let node = server.get(&format!("nodes/{id}")).await.json();
        assert_eq!(node["status"], "TRASH");
        assert_eq!(node["recursivelyTrashed"], *id != *folder);
    }
    assert!(
        server
            .query(&format!("parents:{folder}"))
            .await
            .names()
            .is_empty()
    );
    assert_eq!(server.get("trash").await.names(), ["d", "early"]);
    assert_eq!(server.get("trash?limit=1").await.json()["count"], 2);
    // Again is no error.
    assert_eq!(
        server.call("PUT", &format!("trash/{folder}")).await.status,
        200
    );
    let back = server
        .call("POST", &format!("trash/{folder}/restore"))
        .await;
    assert_eq!(back.json()["status"], "AVAILABLE");
    assert_eq!(server.acd().entry("/d/inner/late").unwrap().id, late);
    assert!(server.acd().entry("/d/early").is_none());
    assert_eq!(server.get("trash").await.names(), ["early"]);
}

#[tokio::test]
async fn what_cannot_be_trashed_or_purged_is_refused() {
    let server = Server::start().await;
    let root = server.root.clone();
    let id = server.upload(&root, "a", "1").await.id();
    assert_eq!(
        server.call("PUT", &format!("trash/{root}")).await.status,
        403
    );
    assert_eq!(server.call("PUT", "trash/nope").await.status, 404);
    assert_eq!(server.call("POST", "trash/nope/restore").await.status, 404);
    let purge = server.call("DELETE", &format!("nodes/{id}")).await;
    assert_eq!(purge.status, 403);
    assert_eq!(
        purge.message(),
        "Insufficient permissions granted for operation: purgeNode"
    );
    server
        .acd()
        .change_settings(|settings| settings.allow_purge = true);
    assert_eq!(
        server.call("DELETE", &format!("nodes/{id}")).await.status,
        204
    );
    assert_eq!(server.get(&format!("nodes/{id}")).await.status, 404);
}

#[tokio::test]
async fn nodes_in_the_trash_can_be_renamed_and_linked_but_not_moved() {
    // The way of a client that moves A/x to B/y while A has a y and B has an x.
    let server = Server::start().await;
    let root = server.root.clone();
    let a = server.mkdir(&root, "A").await.id();
    let b = server.mkdir(&root, "B").await.id();
    let id = server.upload(&a, "x", "1").await.id();
    server.upload(&a, "y", "2").await;
    server.upload(&b, "x", "3").await;
    let rename = json!({"name": "y"});
    let target = format!("nodes/{id}");
    let blocked = server.json("PATCH", &target, rename.clone()).await;
    assert_eq!(blocked.status, 409);
    server.call("PUT", &format!("trash/{id}")).await;
    let order = json!({"fromParent": a, "childId": id});
    let moved = server
        .json("POST", &format!("nodes/{b}/children"), order)
        .await;
    assert_eq!(moved.status, 403);
    assert_eq!(server.json("PATCH", &target, rename).await.status, 200);
    let linked = server
        .call("PUT", &format!("nodes/{b}/children/{id}"))
        .await;
    assert_eq!(linked.status, 200);
    let unlinked = server
        .call("DELETE", &format!("nodes/{a}/children/{id}"))
        .await;
    assert_eq!(unlinked.json()["status"], "TRASH");
    let back = server.call("POST", &format!("trash/{id}/restore")).await;
    assert_eq!(back.json()["name"], "y");
    assert_eq!(back.json()["parents"], json!([b]));
    assert_eq!(server.acd().read("/B/y").unwrap().unwrap(), "1");
}

#[tokio::test]
async fn a_restore_looks_at_the_names_again() {
    let server = Server::start().await;
    let root = server.root.clone();
    let old = server.upload(&root, "a", "1").await.id();
    server.call("PUT", &format!("trash/{old}")).await;
    let new = server.upload(&root, "A", "2").await.id();
    let target = format!("trash/{old}/restore");
    let answer = server.call("POST", &target).await;
    assert_eq!(answer.outcome(), "409 NAME_ALREADY_EXISTS");
    assert_eq!(answer.json()["info"]["nodeId"], new.as_str());
    server
        .json("PATCH", &format!("nodes/{old}"), json!({"name": "b"}))
        .await;
    assert_eq!(server.call("POST", &target).await.status, 200);
    server.call("PUT", &format!("trash/{old}")).await;
    server
        .acd()
        .change_settings(|settings| settings.restore_checks_names = false);
    server
        .json("PATCH", &format!("nodes/{old}"), json!({"name": "a"}))
        .await;
    assert_eq!(server.call("POST", &target).await.status, 200);
}

#[tokio::test]
async fn a_linked_file_goes_with_its_folder_unless_it_is_to_be_spared() {
    for spared in [false, true] {
        let server = Server::with(|settings| settings.trash_spares_linked = spared).await;
        let root = server.root.clone();
        let a = server.mkdir(&root, "A").await.id();
        let b = server.mkdir(&root, "B").await.id();
        let id = server.upload(&a, "x", "1").await.id();
        server
            .call("PUT", &format!("nodes/{b}/children/{id}"))
            .await;
        server.call("PUT", &format!("trash/{a}")).await;
        let found = server.acd().entry("/B/x").is_some();
        assert_eq!(found, spared);
    }
}

#[tokio::test]
async fn after_thirty_days_the_trash_lets_go() {
    let server = Server::start().await;
    let root = server.root.clone();
    let id = server.upload(&root, "a", "12345").await.id();
    let checkpoint = server.acd().checkpoint();
    server.call("PUT", &format!("trash/{id}")).await;
    server
        .acd()
        .clock()
        .advance(DAY * 30 - Duration::from_secs(60));
    assert!(server.acd().node(&id).is_some());
    server.acd().clock().advance(Duration::from_secs(60));
    assert!(server.acd().node(&id).is_none());
    let token = server.acd().sign_in().unwrap().access_token;
    let server = Server { token, ..server };
    assert_eq!(server.get(&format!("nodes/{id}")).await.status, 404);
    assert!(server.get("trash").await.names().is_empty());
    let order = json!({"checkpoint": checkpoint, "includePurged": "true"});
    let lines = server.json("POST", "changes", order).await.lines();
    assert_eq!(lines[0]["nodes"], json!([{"id": id, "status": "PURGED"}]));
}
