//! Trash, versions, shares, search, jobs, activity and the rest of the account.

use std::time::Duration;

use remote_emulator::koofr::UserConfig;
use serde_json::{Value, json};

use crate::client::{Request, Server, basic};
use crate::links::{link_to, public};

pub(crate) fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}

async fn call(server: &Server, method: &str, target: &str, body: Value) -> crate::client::Response {
    server
        .send(Request::new(method, format!("/api/v2.1/{target}")).json(&body))
        .await
}

#[tokio::test]
async fn removed_entries_come_back_from_the_trash() {
    let server = Server::start().await;
    server.koofr().write("primary", "/d/a.txt", "one").unwrap();
    server.koofr().write("primary", "/b.txt", "two").unwrap();
    let removed = server.api("DELETE", "files/remove?path=/d").await.json();
    assert!(removed["version"].is_string());
    server.api("DELETE", "files/remove?path=/b.txt").await;
    let trash = server.get("/api/v2.1/trash?sortField=name").await.json();
    assert_eq!(names(&trash["files"]), ["b.txt", "d"]);
    assert_eq!(
        (
            trash["retentionDays"].as_u64(),
            trash["pageInfo"]["cursor"].is_null()
        ),
        (Some(30), true)
    );
    let mount = server.koofr().mount_id("primary").unwrap();
    assert_eq!(trash["mounts"][&mount]["name"], "Koofr");

    server
        .koofr()
        .write("primary", "/b.txt", "in the way")
        .unwrap();
    let order = json!({"files": [{"mountId": mount, "path": "/b.txt"}]});
    let job = call(&server, "POST", "trash/undelete", order).await.json();
    assert_eq!(
        (job["state"].as_str(), job["progress"].as_u64()),
        (Some("completed"), Some(100))
    );
    assert_eq!(
        server
            .koofr()
            .read("primary", "/b (1).txt")
            .unwrap()
            .unwrap(),
        "two"
    );
    call(&server, "POST", "trash/undelete", json!({"files": []})).await;
    assert_eq!(
        server.koofr().read("primary", "/d/a.txt").unwrap().unwrap(),
        "one"
    );
    assert_eq!(server.koofr().trash_count(), 0);

    server.api("DELETE", "files/remove?path=/d").await;
    assert_eq!(
        server
            .send(Request::new("DELETE", "/api/v2.1/trash"))
            .await
            .status,
        200
    );
    assert_eq!(server.koofr().trash_count(), 0);
}

#[tokio::test]
async fn the_trash_is_paged_and_lets_go_after_its_time() {
    let server = Server::start().await;
    for name in ["a", "b", "c"] {
        server.put("/", name, "", "x").await;
        server
            .api("DELETE", &format!("files/remove?path=/{name}"))
            .await;
    }
    let mut target = "/api/v2.1/trash?pageSize=2&sortField=name&sortDir=desc".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = server.get(&target).await.json();
        seen.extend(names(&page["files"]).into_iter().map(str::to_owned));
        let Some(cursor) = page["pageInfo"]["cursor"].as_str() else {
            break;
        };
        target = format!("/api/v2.1/trash?cursor={cursor}");
    }
    assert_eq!(seen, ["c", "b", "a"]);
    assert_eq!(
        server.get("/api/v2.1/trash?cursor=nonsense").await.status,
        400
    );
    server
        .koofr()
        .clock()
        .advance(Duration::from_secs(31 * 24 * 3600));
    assert!(names(&server.get("/api/v2.1/trash").await.json()["files"]).is_empty());
}

#[tokio::test]
async fn overwritten_contents_are_versions() {
    let server = Server::start().await;
    for body in ["one", "two!", "three"] {
        server.put("/", "a.txt", "&overwrite=true", body).await;
    }
    let versions = server.api("GET", "files/versions?path=/A.txt").await.json();
    let sizes: Vec<_> = versions["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["size"].as_u64().unwrap())
        .collect();
    assert_eq!(sizes, [4, 3]);
    let oldest = versions["versions"][1]["id"].as_str().unwrap();
    let old = server
        .get(&format!(
            "/content/api/v2.1/mounts/primary/files/get?path=/a.txt&version={oldest}"
        ))
        .await;
    assert_eq!(old.text(), "one");
    let recovered = server
        .api(
            "POST",
            &format!("files/versions/recover?path=/a.txt&version={oldest}"),
        )
        .await
        .json();
    assert_eq!(recovered["newPath"], "/a (1).txt");
    let changed = server
        .api_json(
            "POST",
            &format!("files/versions/change?path=/a.txt&version={oldest}"),
            json!({}),
        )
        .await;
    assert_eq!(changed.status, 204);
    assert_eq!(
        server.koofr().read("primary", "/a.txt").unwrap().unwrap(),
        "one"
    );
    assert_eq!(
        server
            .api("GET", "files/versions?path=/nothing")
            .await
            .outcome(),
        "404 NotFound"
    );
}

#[tokio::test]
async fn a_shared_folder_is_a_mount_of_its_own_for_both_sides() {
    let server = Server::start().await;
    server
        .koofr()
        .add_user(&UserConfig::new("friend@example.com", "pw"))
        .unwrap();
    server.koofr().write("primary", "/team/a", "x").unwrap();
    let share = server
        .api_json("POST", "submounts", json!({"path": "/team"}))
        .await;
    assert_eq!(
        (share.status, share.json()["type"].as_str()),
        (201, Some("export"))
    );
    let id = share.json()["id"].as_str().unwrap().to_owned();
    let member =
        json!({"email": "friend@example.com", "permissions": {"READ": true, "WRITE": false}});
    let member = call(&server, "POST", &format!("mounts/{id}/users"), member).await;
    assert_eq!(member.status, 201);
    let user = member.json()["id"].as_str().unwrap().to_owned();
    let friend = |method: &str, target: String| {
        Request::new(method, target).header("Authorization", basic("friend@example.com", "pw"))
    };
    let seen = server
        .send(friend("GET", "/api/v2.1/shared".to_owned()))
        .await
        .json();
    assert_eq!(
        (
            names(&seen["files"]),
            seen["files"][0]["mount"]["type"].as_str()
        ),
        (vec!["team"], Some("import"))
    );
    let list = friend("GET", format!("/api/v2.1/mounts/{id}/files/list?path=/"));
    assert_eq!(names(&server.send(list).await.json()["files"]), ["a"]);
    let folder = || {
        friend("POST", format!("/api/v2.1/mounts/{id}/files/folder?path=/"))
            .json(&json!({"name": "n"}))
    };
    assert_eq!(server.send(folder()).await.outcome(), "403 Forbidden");
    let rights = json!({"permissions": {"READ": true, "WRITE": true}});
    assert_eq!(
        call(&server, "PUT", &format!("mounts/{id}/users/{user}"), rights)
            .await
            .status,
        204
    );
    assert_eq!(server.send(folder()).await.status, 200);
    assert_eq!(server.names("/team").await, ["a", "n"]);
    assert_eq!(
        server
            .send(friend("DELETE", format!("/api/v2.1/mounts/{id}")))
            .await
            .status,
        204
    );
    assert_eq!(
        server
            .send(friend("GET", format!("/api/v2.1/mounts/{id}")))
            .await
            .outcome(),
        "404 NotFound"
    );
    let bundle = server.api("GET", "bundle?path=/").await.json();
    assert_eq!(bundle["files"][0]["mount"]["id"], id.as_str());
    server.api("DELETE", "files/remove?path=/team").await;
    assert_eq!(
        server.get("/api/v2.1/mounts").await.json()["mounts"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let places = server.get("/api/v2.1/places").await.json();
    assert_eq!(names(&places["places"]), ["Koofr"]);
}

#[tokio::test]
async fn search_finds_by_name_type_place_and_tag() {
    let server = Server::start().await;
    for (path, body) in [
        ("/docs/Report.txt", "long text"),
        ("/docs/photo.jpg", "x"),
        ("/report.pdf", "yy"),
    ] {
        server.koofr().write("primary", path, body).unwrap();
    }
    server
        .api_json(
            "POST",
            "files/tags/set?path=/report.pdf",
            json!({"tags": {"k": ["v"]}}),
        )
        .await;
    let mount = server.koofr().mount_id("primary").unwrap();
    let found = async |query: &str| {
        let answer = server
            .get(&format!("/api/v2.1/search?{query}"))
            .await
            .json();
        names(&answer["hits"]).join(" ")
    };
    assert_eq!(found("query=REPORT").await, "Report.txt report.pdf");
    assert_eq!(
        found("query=&sortField=size&sortDir=desc&fileType=file").await,
        "Report.txt report.pdf photo.jpg"
    );
    assert_eq!(found("query=&fileType=image").await, "photo.jpg");
    assert_eq!(found("query=&fileType=folder").await, "docs");
    assert_eq!(found("query=&tag=k%3Dv").await, "report.pdf");
    assert_eq!(
        found(&format!("query=report&mountId={mount}&path=/docs")).await,
        "Report.txt"
    );
    assert_eq!(found("query=report&limit=1&offset=1").await, "report.pdf");
    assert_eq!(
        server
            .get("/api/v2.1/search?query=x&path=/docs")
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn jobs_are_done_at_once_and_remembered() {
    let server = Server::start().await;
    server.koofr().write("primary", "/a", "x").unwrap();
    server.koofr().write("primary", "/b", "y").unwrap();
    let mount = server.koofr().mount_id("primary").unwrap();
    let pair = |from: &str, to: &str| json!({"src": {"mountId": mount, "path": from}, "dst": {"mountId": mount, "path": to}});
    let copy =
        |resolution: Value| json!({"files": [pair("/a", "/b")], "conflictResolution": resolution});
    assert_eq!(
        call(&server, "POST", "jobs/files/copy", copy(Value::Null))
            .await
            .status,
        409
    );
    assert_eq!(
        call(&server, "POST", "jobs/files/copy", copy(json!("SKIP")))
            .await
            .status,
        204
    );
    let job = call(&server, "POST", "jobs/files/copy", copy(json!("RENAME")))
        .await
        .json();
    assert_eq!(server.names("/").await, ["a", "b", "b (1)"]);
    let id = job["id"].as_str().unwrap();
    assert_eq!(
        server.get(&format!("/api/v2.1/jobs/{id}")).await.json()["state"],
        "completed"
    );
    let moved = json!({"files": [pair("/b (1)", "/c")]});
    assert_eq!(
        call(&server, "POST", "jobs/files/move", moved).await.status,
        200
    );
    let remove = json!({"files": [{"mountId": mount, "path": "/c"}]});
    assert_eq!(
        call(&server, "POST", "jobs/files/remove", remove)
            .await
            .status,
        200
    );
    assert_eq!(
        server.get("/api/v2.1/jobs").await.json()["jobs"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        server
            .send(Request::new("DELETE", format!("/api/v2.1/jobs/{id}")))
            .await
            .status,
        204
    );
    assert_eq!(
        server.get(&format!("/api/v2.1/jobs/{id}")).await.outcome(),
        "404 NotFound"
    );
    assert_eq!(
        server
            .send(Request::new("DELETE", "/api/v2.1/jobs/completed"))
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn the_activity_log_tells_what_happened_newest_first() {
    let server = Server::start().await;
    server.mkdir("/", "d").await;
    server.put("/d", "a", "", "x").await;
    server
        .api_json("PUT", "files/rename?path=/d/a", json!({"name": "b"}))
        .await;
    server
        .api_json(
            "PUT",
            "files/move?path=/d/b",
            json!({"toMountId": "primary", "toPath": "/c"}),
        )
        .await;
    server.api("DELETE", "files/remove?path=/c").await;
    let log = server.get("/api/v2.1/user/activity").await.json();
    let kinds: Vec<_> = log["activity"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "file_deleted",
            "file_moved",
            "file_renamed",
            "file_uploaded",
            "file_dir_created"
        ]
    );
    assert_eq!(log["activity"][1]["newPath"], "/c");
    let last = log["activity"][0]["id"].as_str().unwrap();
    let older = server
        .get(&format!(
            "/api/v2.1/user/activity?startIdExclusive={last}&limit=2"
        ))
        .await
        .json();
    assert_eq!(older["activity"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_account_can_be_looked_at_and_changed() {
    let server = Server::start().await;
    assert_eq!(
        server.get("/api/v2.1/user").await.json()["email"],
        "user@example.com"
    );
    let made = call(
        &server,
        "PUT",
        "user/apw",
        json!({"name": "laptop", "scopes": []}),
    )
    .await
    .json();
    let plain = made["plain"].as_str().unwrap();
    let with = || {
        Request::new("GET", "/api/v2.1/user")
            .header("Authorization", basic("user@example.com", plain))
    };
    assert_eq!(server.send(with()).await.status, 200);
    let listed = server.get("/api/v2.1/user/apw").await;
    assert!(!listed.text().contains(plain) && listed.text().contains("laptop"));
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        server
            .send(Request::new("DELETE", format!("/api/v2.1/user/apw/{id}")))
            .await
            .status,
        200
    );
    assert_eq!(server.send(with()).await.status, 401);

    let mark = json!({"name": "home", "mountId": "m", "path": "/d"});
    assert_eq!(
        call(&server, "POST", "user/bookmarks", mark.clone())
            .await
            .status,
        201
    );
    assert_eq!(
        server.get("/api/v2.1/user/bookmarks").await.json(),
        json!({"bookmarks": [mark]})
    );
    let delete = || Request::new("DELETE", "/api/v2.1/user/bookmarks?mountId=m&path=/d");
    assert_eq!(server.send(delete()).await.status, 204);
    assert_eq!(server.send(delete()).await.status, 404);

    let security = json!({"downloadLinkAutoPassword": true});
    assert_eq!(
        call(&server, "PUT", "user/settings/security", security)
            .await
            .status,
        204
    );
    server.put("/", "a", "", "x").await;
    assert_eq!(link_to(&server, "/a").await["hasPassword"], true);
    assert_eq!(
        public(&server, "/api/v2.1/basicconfig").await.json()["product"]["name"],
        "Koofr"
    );
    assert_eq!(public(&server, "/ip").await.text(), "127.0.0.1");
}

#[tokio::test]
async fn safe_boxes_are_registered_until_their_folder_goes() {
    let server = Server::start().await;
    server.koofr().create_dir("primary", "/box").unwrap();
    let mount = server.koofr().mount_id("primary").unwrap();
    let order = |path: &str| json!({"mountId": mount, "path": path, "passwordValidator": "v", "passwordValidatorEncrypted": "e"});
    assert_eq!(
        call(&server, "POST", "vault/repos", order("/none"))
            .await
            .outcome(),
        "404 VaultReposLocationNotFound"
    );
    assert_eq!(
        call(&server, "POST", "vault/repos", order("/box"))
            .await
            .status,
        201
    );
    assert_eq!(
        call(&server, "POST", "vault/repos", order("/box"))
            .await
            .outcome(),
        "409 VaultReposAlreadyExists"
    );
    assert_eq!(
        server.api("GET", "bundle?path=/box").await.json()["file"]["vaultRepo"]["name"],
        "box"
    );
    server.api("DELETE", "files/remove?path=/box").await;
    assert_eq!(
        server.get("/api/v2.1/vault/repos").await.json()["repos"],
        json!([])
    );
}
