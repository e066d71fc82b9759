//! Properties, the account, and the bulk calls of later years.

use serde_json::json;

use crate::client::Server;

#[tokio::test]
async fn properties_are_set_read_listed_and_deleted() {
    let server = Server::start().await;
    let id = server.upload(&server.root, "a", "x").await.id();
    let base = format!("nodes/{id}/properties/acd-api");
    let value = json!({"value": "2015-09-06T16:07:39Z"});
    let set = server
        .json("PUT", &format!("{base}/mtime"), value.clone())
        .await;
    assert_eq!(set.status, 201);
    assert_eq!(set.json()["key"], "mtime");
    assert_eq!(set.json()["value"], value["value"]);
    assert!(
        set.json()["location"]
            .as_str()
            .unwrap()
            .ends_with(&format!("{base}/mtime"))
    );
    assert_eq!(
        server.get(&format!("{base}/mtime")).await.json()["value"],
        value["value"]
    );
    let list = json!({"count": 1, "data": {"mtime": value["value"]}});
    assert_eq!(server.get(&base).await.json(), list);
    let node = server.get(&format!("nodes/{id}")).await.json();
    assert_eq!(node["properties"]["acd-api"]["mtime"], value["value"]);
    assert_eq!(
        server.call("DELETE", &format!("{base}/mtime")).await.status,
        204
    );
    assert_eq!(
        server.call("DELETE", &format!("{base}/mtime")).await.status,
        404
    );
    assert_eq!(server.get(&format!("{base}/mtime")).await.status, 404);
    assert_eq!(
        server.get(&base).await.json(),
        json!({"count": 0, "data": {}})
    );
    let foreign = format!("nodes/{id}/properties/other/k");
    assert_eq!(
        server
            .json("PUT", &foreign, json!({"value": "v"}))
            .await
            .status,
        201
    );
    server
        .acd()
        .change_settings(|settings| settings.refuse_foreign_properties = true);
    assert_eq!(
        server
            .json("PUT", &foreign, json!({"value": "v"}))
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn properties_have_limits() {
    let server = Server::start().await;
    let id = server.upload(&server.root, "a", "x").await.id();
    let base = format!("nodes/{id}/properties/acd-api");
    let (good, bad) = ("k".repeat(50), "k".repeat(51));
    for (key, value, status) in [
        (good.as_str(), "v".repeat(500), 201),
        (bad.as_str(), "v".to_owned(), 400),
        ("k", "v".repeat(501), 400),
        ("k-k", "v".to_owned(), 400),
    ] {
        let target = format!("{base}/{key}");
        let answer = server.json("PUT", &target, json!({ "value": value })).await;
        assert_eq!(answer.status, status, "{key}");
    }
    for number in 1..10 {
        let target = format!("{base}/k{number}");
        assert_eq!(
            server
                .json("PUT", &target, json!({"value": ""}))
                .await
                .status,
            201
        );
    }
    let more = server
        .json("PUT", &format!("{base}/k10"), json!({"value": ""}))
        .await;
    assert_eq!(more.status, 400);
    let again = server
        .json("PUT", &format!("{base}/k1"), json!({"value": "2"}))
        .await;
    assert_eq!(again.status, 201);
    let metadata = json!({"name": "b", "kind": "FILE", "properties": {"acd-api": {"m": "1"}}});
    let made = server.upload_as("", &metadata, "y").await.json();
    assert_eq!(made["properties"]["acd-api"]["m"], "1");
}

#[tokio::test]
async fn the_account_tells_numbers() {
    let server = Server::start().await;
    let root = server.root.clone();
    for (name, content) in [
        ("a.txt", "12"),
        ("b.jpg", "123"),
        ("c.mp4", "1234"),
        ("d", "1"),
    ] {
        server.upload(&root, name, content).await;
    }
    let info = server.get("account/info").await.json();
    assert_eq!(info, json!({"termsOfUse": "1.0.0", "status": "ACTIVE"}));
    let quota = server.get("account/quota").await.json();
    assert_eq!(quota["quota"], 1_u64 << 40);
    assert_eq!(quota["available"], (1_u64 << 40) - 10);
    let usage = server.get("account/usage").await.json();
    for (category, bytes) in [("doc", 2), ("photo", 3), ("video", 4), ("other", 1)] {
        let sum = json!({"bytes": bytes, "count": 1});
        assert_eq!(usage[category], json!({"total": sum, "billable": sum}));
    }
}

#[tokio::test]
async fn bulk_calls_are_for_first_party_applications() {
    let server = Server::start().await;
    let root = server.root.clone();
    let a = server.upload(&root, "a", "1").await.id();
    let b = server.upload(&root, "b", "2").await.id();
    let add = json!({"recurse": "true", "op": "add", "value": [a, b, "nope"]});
    assert_eq!(server.json("PATCH", "trash", add.clone()).await.status, 403);
    server.acd().change_settings(|settings| {
        settings.extended = true;
        settings.allow_purge = true;
    });
    let answer = server.json("PATCH", "trash", add).await;
    assert_eq!(answer.json(), json!({"errorMap": {"nope": 404}}));
    assert_eq!(server.acd().counts("/"), (0, 0));
    let remove = json!({"op": "remove", "value": [a]});
    assert_eq!(server.json("PATCH", "trash", remove).await.status, 200);
    assert_eq!(server.acd().counts("/"), (1, 0));
    let purge = json!({"recurse": "true", "nodeIds": [b, "nope"]});
    let answer = server.json("POST", "bulk/nodes/purge", purge).await;
    assert_eq!(answer.json(), json!({"errorMap": {"nope": 404}}));
    assert!(server.acd().node(&b).is_none());
    let many = json!({"op": "add", "value": vec!["x"; 51]});
    assert_eq!(server.json("PATCH", "trash", many).await.status, 400);
}
