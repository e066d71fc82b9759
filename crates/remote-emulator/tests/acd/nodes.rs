//! Nodes: making, renaming, moving, linking, and the rules of names.

use remote_emulator::acd::PlantedNode;
use serde_json::json;

use crate::client::Server;

#[tokio::test]
async fn a_new_folder_is_answered_as_a_complete_node() {
    let server = Server::start().await;
    let answer = server.mkdir(&server.root, "Reports").await;
    assert_eq!(answer.status, 201);
    let node = answer.json();
    assert_eq!(node["id"].as_str().unwrap().len(), 22);
    for (name, value) in [
        ("name", json!("Reports")),
        ("kind", json!("FOLDER")),
        ("version", json!(1)),
        ("labels", json!([])),
        ("parents", json!([server.root])),
        ("status", json!("AVAILABLE")),
        ("restricted", json!(false)),
        ("isShared", json!(false)),
        ("createdBy", json!("acd-api")),
    ] {
        assert_eq!(node[name], value, "{name}");
    }
    assert!(node["contentProperties"].is_null());
    let date = node["modifiedDate"].as_str().unwrap();
    assert!(date.len() == 24 && date.ends_with('Z'), "{date}");
    // Without parents it is made in the root.
    let body = json!({"name": "x", "kind": "FOLDER"});
    let other = server.json("POST", "nodes", body).await.json();
    assert_eq!(other["parents"], json!([server.root]));
}

#[tokio::test]
async fn names_are_unique_without_regard_to_case_across_files_and_folders() {
    let server = Server::start().await;
    let root = server.root.clone();
    let folder = server.mkdir(&root, "Reports").await.id();
    let text = format!(
        "Node with the name reports already exists under parentId {root} conflicting NodeId: {folder}"
    );
    for answer in [
        server.mkdir(&root, "REPORTS").await,
        server.upload(&root, "reports", "x").await,
    ] {
        assert_eq!(answer.outcome(), "409 NAME_ALREADY_EXISTS");
        assert_eq!(answer.message(), text);
        assert_eq!(answer.json()["info"]["nodeId"], folder.as_str());
        assert_eq!(answer.json()["logref"].as_str().unwrap().len(), 36);
        let kind = answer.header("content-type");
        assert!(kind == "application/json" || kind == "application/vnd.error+json");
    }
    // In another folder the name is free.
    assert_eq!(server.mkdir(&folder, "reports").await.status, 201);
}

#[tokio::test]
async fn bad_new_nodes_are_refused() {
    let server = Server::start().await;
    let root = server.root.clone();
    let file = server.upload(&root, "f", "x").await.id();
    let trashed = server.mkdir(&root, "gone").await.id();
    server.acd().trash(&trashed).unwrap();
    let parent = "400 PARENT_NODE_ID_NOT_FOUND";
    for (body, expected) in [
        (
            json!({"name": "a", "kind": "FOLDER", "parents": ["nope"]}),
            parent,
        ),
        (
            json!({"name": "a", "kind": "FOLDER", "parents": [file]}),
            parent,
        ),
        (
            json!({"name": "a", "kind": "FOLDER", "parents": [trashed]}),
            parent,
        ),
        (json!({"name": "a", "kind": "FOLDER", "parents": []}), "400"),
        (
            json!({"name": "a", "kind": "FOLDER", "parents": root}),
            "400",
        ),
        (json!({"name": "", "kind": "FOLDER"}), "400"),
        (json!({"name": "n".repeat(257), "kind": "FOLDER"}), "400"),
        (json!({"kind": "FOLDER"}), "400"),
        (json!({"name": "a", "kind": "FILE"}), "400"),
        (
            json!({"name": "a", "kind": "FOLDER", "labels": vec!["x"; 11]}),
            "400",
        ),
        (
            json!({"name": "a", "kind": "FOLDER", "description": "d".repeat(501)}),
            "400",
        ),
        (json!([]), "400"),
    ] {
        let answer = server.json("POST", "nodes", body.clone()).await;
        assert_eq!(answer.outcome(), expected, "{body}");
    }
    let target = "/drive/v1/nodes";
    let broken = server.send("POST", target, &[], b"{\"name\":").await;
    assert_eq!(broken.status, 400);
    assert_eq!(server.acd().counts("/"), (1, 0));
    server
        .acd()
        .change_settings(|settings| settings.forbidden_name_chars = "/".to_owned());
    assert_eq!(server.mkdir(&root, "a/b").await.status, 400);
}

#[tokio::test]
async fn a_local_id_makes_a_create_happen_once() {
    let server = Server::start().await;
    let body = json!({"name": "a", "kind": "FOLDER"});
    let first = server.json("POST", "nodes?localId=L1", body).await.id();
    let body = json!({"name": "b", "kind": "FOLDER"});
    let second = server.json("POST", "nodes?localId=L1", body).await;
    assert_eq!(second.status, 409);
    assert_eq!(second.json()["info"]["nodeId"], first.as_str());
    server
        .acd()
        .change_settings(|settings| settings.local_id_names_node = false);
    let body = json!({"name": "c", "kind": "FOLDER"});
    let third = server.json("POST", "nodes?localId=L1", body).await;
    assert_eq!((third.status, third.json().get("info")), (409, None));
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let server = Server::start().await;
    let root = server.root.clone();
    let folder = server.mkdir(&root, "d").await.id();
    let id = server.upload(&root, "a.txt", "x").await.id();
    let target = format!("nodes/{id}");
    let patch = async |body| server.json("PATCH", &target, body).await;
    let answer = patch(json!({"name": "b.txt", "labels": ["l"], "description": "d"})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["version"], 2);
    assert_eq!(answer.json()["labels"], json!(["l"]));
    let found = server.query("labels:l").await.names();
    assert_eq!(found, ["b.txt"]);
    // The node itself is no conflict, in any case.
    assert_eq!(patch(json!({"name": "b.txt"})).await.status, 200);
    assert_eq!(patch(json!({"name": "B.TXT"})).await.status, 200);
    let conflict = patch(json!({"name": "D"})).await;
    assert_eq!(conflict.json()["info"]["nodeId"], folder.as_str());
    let moved = patch(json!({"parents": [folder]})).await;
    assert_eq!(moved.json()["parents"], json!([folder]));
    for body in [
        json!({"contentProperties": {"md5": "x"}}),
        json!({"contentProperties": {}}),
    ] {
        assert_eq!(patch(body).await.status, 403);
    }
    let unknown = server
        .json("PATCH", "nodes/nope", json!({"name": "x"}))
        .await;
    assert_eq!(unknown.outcome(), "404 NODE_NOT_FOUND");
    assert_eq!(unknown.message(), "Node does not exists");
    server
        .acd()
        .change_settings(|settings| settings.same_name_conflicts = true);
    assert_eq!(patch(json!({"name": "B.TXT"})).await.status, 409);
}

#[tokio::test]
async fn a_move_replaces_one_parent_and_leaves_the_others() {
    let server = Server::start().await;
    let root = server.root.clone();
    let a = server.mkdir(&root, "A").await.id();
    let b = server.mkdir(&root, "B").await.id();
    let c = server.mkdir(&root, "C").await.id();
    let id = server.upload(&a, "x", "1").await.id();
    let link = server
        .call("PUT", &format!("nodes/{c}/children/{id}"))
        .await;
    assert_eq!(link.json()["parents"], json!([a, c]));
    let again = server
        .call("PUT", &format!("nodes/{c}/children/{id}"))
        .await;
    assert_eq!((again.status, &again.json()["version"]), (200, &json!(2)));
    let order = json!({"fromParent": a, "childId": id});
    let moved = server
        .json("POST", &format!("nodes/{b}/children"), order.clone())
        .await;
    assert_eq!(moved.json()["parents"], json!([c, b]));
    // The old parent is none any more.
    let again = server
        .json("POST", &format!("nodes/{b}/children"), order)
        .await;
    assert_eq!(again.outcome(), "404 NODE_NOT_FOUND");
    server.upload(&a, "X", "2").await;
    let blocked = server
        .json(
            "POST",
            &format!("nodes/{a}/children"),
            json!({"fromParent": b, "childId": id}),
        )
        .await;
    assert_eq!(blocked.outcome(), "409 NAME_ALREADY_EXISTS");
    let blocked = server
        .call("PUT", &format!("nodes/{a}/children/{id}"))
        .await;
    assert_eq!(blocked.outcome(), "409 NAME_ALREADY_EXISTS");
    for (from, to, child) in [("nope", &b, &id), (&*b, &"nope".to_owned(), &id)] {
        let order = json!({"fromParent": from, "childId": child});
        let answer = server
            .json("POST", &format!("nodes/{to}/children"), order)
            .await;
        assert_eq!(answer.status, 404);
    }
    // A rename shows under every parent.
    server
        .json("PATCH", &format!("nodes/{id}"), json!({"name": "y"}))
        .await;
    for parent in [&b, &c] {
        let names = server
            .get(&format!("nodes/{parent}/children"))
            .await
            .names();
        assert_eq!(names, ["y"]);
    }
}

#[tokio::test]
async fn a_node_that_loses_its_last_parent_is_an_orphan() {
    let server = Server::start().await;
    let root = server.root.clone();
    let id = server.upload(&root, "x", "1").await.id();
    let target = format!("nodes/{root}/children/{id}");
    let answer = server.call("DELETE", &target).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["parents"], json!([]));
    assert_eq!(server.call("DELETE", &target).await.status, 404);
    assert_eq!(
        server.get(&format!("nodes/{id}")).await.json()["status"],
        "AVAILABLE"
    );
    assert_eq!(server.acd().counts("/"), (0, 0));
    // It still counts as a duplicate.
    let metadata = json!({"name": "y", "kind": "FILE"});
    let twin = server.upload_as("", &metadata, "1").await;
    assert_eq!(twin.outcome(), "409 MD5_DUPLICATE");
    server.acd().change_settings(|settings| {
        settings.orphans_to_root = true;
        settings.remove_parent_status = 202;
    });
    let folder = server.mkdir(&root, "d").await.id();
    let other = server.upload(&folder, "z", "2").await.id();
    let answer = server
        .call("DELETE", &format!("nodes/{folder}/children/{other}"))
        .await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json()["parents"], json!([root]));
}

#[tokio::test]
async fn folders_may_contain_their_ancestors_unless_that_is_switched_off() {
    let server = Server::start().await;
    let root = server.root.clone();
    let a = server.mkdir(&root, "a").await.id();
    let b = server.mkdir(&a, "b").await.id();
    let itself = server.call("PUT", &format!("nodes/{a}/children/{a}")).await;
    assert_eq!(itself.status, 400);
    server
        .acd()
        .change_settings(|settings| settings.refuse_cycles = true);
    let target = format!("nodes/{b}/children/{a}");
    assert_eq!(server.call("PUT", &target).await.status, 400);
    server
        .acd()
        .change_settings(|settings| settings.refuse_cycles = false);
    assert_eq!(server.call("PUT", &target).await.status, 200);
    // Nothing goes round for ever.
    assert_eq!(server.acd().entries("/").len(), 3);
    assert_eq!(server.call("PUT", &format!("trash/{a}")).await.status, 200);
}

#[tokio::test]
async fn planted_nodes_break_every_rule() {
    let server = Server::start().await;
    let root = server.root.clone();
    let acd = server.acd();
    for node in [
        PlantedNode::file(Some("twin"), &[&root], "1"),
        PlantedNode::file(Some("twin"), &[&root], "2"),
        PlantedNode::file(None, &[&root], "3"),
        PlantedNode::folder(Some("lost"), &["AAAAAAAAAAAAAAAAAAAAAA"]),
    ] {
        acd.plant(node).unwrap();
    }
    let twins = server
        .query(&format!("parents:\"{root}\" AND name:\"twin\""))
        .await;
    assert_eq!(twins.json()["count"], 2);
    let all = server.get(&format!("nodes/{root}/children")).await.names();
    assert_eq!(all, ["twin", "twin", "-"]);
    let lost = server.query("parents:AAAAAAAAAAAAAAAAAAAAAA").await.names();
    assert_eq!(lost, ["lost"]);
}
