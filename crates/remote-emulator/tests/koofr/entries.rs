//! The decision tables of entries, row by row.

use remote_emulator::koofr::{KoofrConfig, KoofrSettings, MountConfig};
use serde_json::{Value, json};

use crate::client::{Request, Server, escape};

/// `/dir` with `/dir/inner`, `/empty`, and the files `/file` and `/other`.
async fn sample() -> Server {
    let server = Server::start().await;
    let koofr = server.koofr();
    koofr.write("primary", "/dir/inner", "inner").unwrap();
    koofr.create_dir("primary", "/empty").unwrap();
    koofr.write("primary", "/file", "file").unwrap();
    koofr.write("primary", "/other", "other").unwrap();
    server
}

#[tokio::test]
async fn info_describes_files_folders_and_the_root() {
    let server = sample().await;
    server
        .put(
            "/",
            "Report.TXT",
            "&modified=1700000000123&tags=k%3Dv&tags=k%3Dw",
            "hello world",
        )
        .await;
    assert_eq!(
        server.info("/REPORT.txt").await.json(),
        json!({
            "name": "Report.TXT", "type": "file", "modified": 1_700_000_000_123_i64, "size": 11,
            "contentType": "text/plain", "hash": "5eb63bbbe01eeed093cb22bb8f5acdc3", "tags": {"k": ["v", "w"]},
        })
    );
    let root = server.info("").await.json();
    assert_eq!(
        (
            root["name"].as_str(),
            root["type"].as_str(),
            root["size"].as_u64()
        ),
        (Some(""), Some("dir"), Some(0))
    );
    assert!(root.get("hash").is_none());
    assert_eq!(root["contentType"], "");
}

#[tokio::test]
async fn info_list_and_bundle_find_what_is_there() {
    let server = sample().await;
    for (call, outcome) in [
        ("files/info?path=/nothing", "404 NotFound"),
        ("files/info?path=/dir/", "200"),
        ("files/list?path=/nothing", "404 NotFound"),
        ("files/list?path=/file", "400 NotDir"),
        ("bundle?path=/nothing", "404 NotFound"),
    ] {
        assert_eq!(server.api("GET", call).await.outcome(), outcome, "{call}");
    }
    assert_eq!(
        server.api("GET", "files/list?path=/empty").await.json(),
        json!({"files": []})
    );
    let bundle = server.api("GET", "bundle?path=/dir").await.json();
    assert_eq!(
        (
            bundle["file"]["name"].as_str(),
            bundle["files"][0]["name"].as_str()
        ),
        (Some("dir"), Some("inner"))
    );
    assert!(
        server
            .api("GET", "bundle?path=/file")
            .await
            .json()
            .get("files")
            .is_none()
    );
    let unknown = server
        .get("/api/v2.1/mounts/nowhere/files/info?path=/")
        .await;
    assert_eq!(unknown.outcome(), "404 NotFound");
    assert_eq!(unknown.json()["requestId"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn folders_are_created_once() {
    let server = sample().await;
    for (parent, name, outcome) in [
        ("/", "new", "200"),
        ("/", "NEW", "409 AlreadyExists"),
        ("/", "file", "409 AlreadyExists"),
        ("/nothing", "x", "404 NotFound"),
        ("/file", "x", "400 NotDir"),
        ("/", "", "400 BadRequest"),
        ("/", "..", "400 BadRequest"),
        ("/", "a/b", "400 BadRequest"),
        ("/", "a\u{7f}", "400 BadRequest"),
        ("/new/", "sub", "200"),
    ] {
        let answer = server.mkdir(parent, name).await;
        assert_eq!(answer.outcome(), outcome, "{parent} {name:?}");
    }
    let created = server.mkdir("/new", "quiet").await;
    assert_eq!(
        (
            created.header("content-length"),
            created.header("content-type")
        ),
        (Some("0"), None)
    );
}

#[tokio::test]
async fn level_2_0_says_400_for_what_exists_and_409_for_conditions() {
    let server = sample().await;
    let v2 = |method: &str, target: &str| {
        Request::new(method, format!("/api/v2/mounts/primary/{target}"))
    };
    let folder = || v2("POST", "files/folder?path=/").json(&json!({"name": "dir"}));
    assert_eq!(server.send(folder()).await.outcome(), "400 AlreadyExists");
    assert_eq!(
        server
            .send(folder().header("X-Koofr-Version", "2.1"))
            .await
            .outcome(),
        "409 AlreadyExists"
    );
    let copy = v2("PUT", "files/copy?path=/file")
        .json(&json!({"toMountId": "primary", "toPath": "/other"}));
    assert_eq!(server.send(copy).await.outcome(), "400 AlreadyExists");
    let create_only =
        "/content/api/v2/mounts/primary/files/put?path=/&filename=file&info=true&autorename=false";
    assert_eq!(
        server
            .send(Request::new("POST", create_only).body("x"))
            .await
            .outcome(),
        "400 Conflict"
    );
    let condition = format!("{create_only}&overwriteIfSize=99");
    assert_eq!(
        server
            .send(Request::new("POST", condition).body("x"))
            .await
            .outcome(),
        "409 Conflict"
    );
    let remove = v2("DELETE", "files/remove?path=/dir&removeIfEmpty=");
    assert_eq!(server.send(remove).await.outcome(), "409 Conflict");
}

#[tokio::test]
async fn removing_checks_its_conditions() {
    let server = sample().await;
    let md5 = server.info("/file").await.json()["hash"]
        .as_str()
        .unwrap()
        .to_owned();
    let modified = server.info("/file").await.json()["modified"]
        .as_i64()
        .unwrap();
    for (query, outcome) in [
        ("path=/".to_owned(), "400 NotDir"),
        ("path=/nothing".to_owned(), "404 NotFound"),
        ("path=/file&removeIfSize=5".to_owned(), "409 Conflict"),
        ("path=/file&removeIfModified=1".to_owned(), "409 Conflict"),
        (
            format!("path=/file&removeIfHash={}", md5.to_uppercase()),
            "409 Conflict",
        ),
        ("path=/file&removeIfSize=x".to_owned(), "400"),
        ("path=/dir&removeIfEmpty=".to_owned(), "409 Conflict"),
        (
            format!("path=/file&removeIfSize=4&removeIfHash={md5}&removeIfModified={modified}"),
            "200",
        ),
        ("path=/file".to_owned(), "404 NotFound"),
        ("path=/empty&removeIfEmpty=".to_owned(), "200"),
        ("path=/other&removeIfEmpty=".to_owned(), "200"),
        ("path=/dir".to_owned(), "200"),
    ] {
        let answer = server.api("DELETE", &format!("files/remove?{query}")).await;
        assert_eq!(answer.outcome(), outcome, "{query}");
    }
    assert_eq!(server.koofr().counts("primary").unwrap(), (0, 0));
}

async fn transfer(server: &Server, call: &str, from: &str, body: Value) -> String {
    let target = format!("files/{call}?path={}", escape(from));
    server.api_json("PUT", &target, body).await.outcome()
}

#[tokio::test]
async fn moves_are_refused_in_the_order_of_the_service() {
    let server = sample().await;
    for (from, to, outcome) in [
        ("/file", "/", "400 BadRequest"),
        ("/file", "/a/../b", "400 BadRequest"),
        ("/file", "/a\\b", "400 BadRequest"),
        ("/file", "/a\u{1}", "400 BadRequest"),
        ("/", "/x", "400 MoveIntoSelf"),
        ("/dir", "/DIR/x", "400 MoveIntoSelf"),
        ("/file", "/FILE", "400 MoveIntoSelf"),
        ("/nothing", "/nothing", "400 MoveIntoSelf"),
        ("/nothing", "/other", "409 AlreadyExists"),
        ("/file", "/OTHER", "409 AlreadyExists"),
        ("/nothing", "/x", "404 NotFound"),
        ("/file", "/nothing/x", "404 NotFound"),
        ("/file", "/other/x", "400 NotDir"),
    ] {
        let body = json!({"toMountId": "primary", "toPath": to});
        assert_eq!(
            transfer(&server, "move", from, body).await,
            outcome,
            "{from} {to:?}"
        );
    }
    for (condition, outcome) in [
        (json!({"ifSize": 5}), "409 Conflict"),
        (json!({"ifModified": 1}), "409 Conflict"),
        (json!({"ifHash": "x"}), "409 Conflict"),
        (json!({"ifSize": "4"}), "422"),
        (
            json!({"ifSize": 4, "ifModified": null, "ifHash": null}),
            "200",
        ),
    ] {
        let mut body = json!({"toMountId": "primary", "toPath": "dir/moved/"});
        body.as_object_mut()
            .unwrap()
            .extend(condition.as_object().unwrap().clone());
        assert_eq!(
            transfer(&server, "move", "/file", body).await,
            outcome,
            "{condition}"
        );
    }
    assert_eq!(server.names("/dir").await, ["inner", "moved"]);
    let unknown = json!({"toMountId": "nowhere", "toPath": "/x"});
    assert_eq!(
        transfer(&server, "move", "/other", unknown).await,
        "404 NotFound"
    );
}

#[tokio::test]
async fn copies_are_deep_and_keep_or_set_the_time() {
    let server = sample().await;
    server.put("/dir", "old.txt", "&modified=1000", "x").await;
    let to = |path: &str| json!({"toMountId": "primary", "toPath": path});
    assert_eq!(transfer(&server, "copy", "/dir", to("/copy")).await, "200");
    assert_eq!(server.names("/copy").await, ["inner", "old.txt"]);
    assert_eq!(server.info("/copy/old.txt").await.json()["modified"], 1000);
    assert_eq!(
        transfer(&server, "copy", "/dir", to("/dir/x")).await,
        "400 CopyIntoSelf"
    );
    assert_eq!(
        transfer(&server, "copy", "/dir", to("/copy")).await,
        "409 AlreadyExists"
    );
    let stamped = json!({"toMountId": "primary", "toPath": "/stamped.bin", "modified": -5});
    assert_eq!(
        transfer(&server, "copy", "/dir/old.txt", stamped).await,
        "200"
    );
    let info = server.info("/stamped.bin").await.json();
    assert_eq!(
        (info["modified"].as_i64(), info["contentType"].as_str()),
        (Some(-5), Some("text/plain"))
    );
}

#[tokio::test]
async fn renaming_keeps_the_time_and_refuses_a_change_of_case() {
    let server = sample().await;
    server.put("/", "a.txt", "&modified=1000", "x").await;
    let rename = async |path: &str, name: &str| {
        let target = format!("files/rename?path={}", escape(path));
        server
            .api_json("PUT", &target, json!({ "name": name }))
            .await
            .outcome()
    };
    for (path, name, outcome) in [
        ("/a.txt", "a/b", "400 BadRequest"),
        ("/", "x", "400 NotDir"),
        ("/a.txt", "A.txt", "400 MoveIntoSelf"),
        ("/a.txt", "FILE", "409 AlreadyExists"),
        ("/nothing", "x", "404 NotFound"),
        ("/a.txt", "b.bin", "200"),
    ] {
        assert_eq!(rename(path, name).await, outcome, "{path} {name}");
    }
    let info = server.info("/b.bin").await.json();
    assert_eq!(
        (info["modified"].as_i64(), info["contentType"].as_str()),
        (Some(1000), Some("text/plain"))
    );
}

#[tokio::test]
async fn moved_and_overwritten_entries_go_to_the_end_of_the_listing() {
    let server = sample().await;
    assert_eq!(server.names("/").await, ["dir", "empty", "file", "other"]);
    server.put("/", "DIR2", "", "x").await;
    server.put("/", "File", "&overwrite=true", "new").await;
    transfer(
        &server,
        "move",
        "/empty",
        json!({"toMountId": "primary", "toPath": "/void"}),
    )
    .await;
    assert_eq!(
        server.names("/").await,
        ["dir", "other", "DIR2", "File", "void"]
    );
}

#[tokio::test]
async fn entries_move_between_mounts() {
    let server = Server::with(KoofrConfig::default().mount(MountConfig::new("Second"))).await;
    let second = server.koofr().mount_id("Second").unwrap();
    server.koofr().write("primary", "/dir/a", "abc").unwrap();
    assert_eq!(
        transfer(
            &server,
            "move",
            "/dir",
            json!({"toMountId": second, "toPath": "/dir"})
        )
        .await,
        "200"
    );
    assert_eq!(server.koofr().counts("primary").unwrap(), (0, 0));
    assert_eq!(
        server.koofr().read("Second", "/DIR/A").unwrap().unwrap(),
        "abc"
    );
}

#[tokio::test]
async fn tags_are_changed_per_key_and_under_conditions() {
    let server = sample().await;
    let call = async |kind: &str, body: Value| {
        server
            .api_json("POST", &format!("files/tags/{kind}?path=/file"), body)
            .await
            .outcome()
    };
    assert_eq!(
        call("set", json!({"tags": {"a": ["1", "2"], "b": ["3"]}})).await,
        "200"
    );
    assert_eq!(
        call(
            "set",
            json!({"tags": {"b": []}, "ifOldTags": {"a": ["2", "1"], "c": []}})
        )
        .await,
        "200"
    );
    assert_eq!(
        call("set", json!({"tags": {}, "ifOldTags": {"a": ["1"]}})).await,
        "409 Conflict"
    );
    assert_eq!(
        call("set", json!({"tags": {}, "ifSize": 3})).await,
        "409 Conflict"
    );
    assert_eq!(call("add", json!({"tags": {"a": ["2", "4"]}})).await, "200");
    assert_eq!(call("remove", json!({"tags": {"a": ["1"]}})).await, "200");
    assert_eq!(
        server.info("/file").await.json()["tags"],
        json!({"a": ["2", "4"]})
    );
    assert_eq!(
        server
            .api_json(
                "POST",
                "files/tags/set?path=/",
                json!({"tags": {"x": ["y"]}})
            )
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn offline_and_read_only_storage_has_answers_of_its_own() {
    let config = KoofrConfig::default()
        .mount(MountConfig::new("Laptop").origin("desktop").online(false))
        .mount(MountConfig::new("Archive").read_only())
        .mount(
            MountConfig::new("Cloud")
                .space_mib(None)
                .without_hashes()
                .without_modified()
                .not_synced(),
        );
    let server = Server::with(config).await;
    let id = |name: &str| server.koofr().mount_id(name).unwrap();
    let (laptop, archive, cloud) = (id("Laptop"), id("Archive"), id("Cloud"));
    let offline = server
        .get(&format!("/api/v2.1/mounts/{laptop}/files/info?path=/"))
        .await;
    assert_eq!(offline.outcome(), "404 DeviceOffline");
    let mount = server
        .get(&format!("/api/v2.1/mounts/{laptop}"))
        .await
        .json();
    assert_eq!(
        (mount["online"].as_bool(), mount["origin"].as_str()),
        (Some(false), Some("desktop"))
    );
    server.koofr().set_online("Laptop", true).unwrap();
    assert_eq!(
        server
            .get(&format!("/api/v2.1/mounts/{laptop}/files/info?path=/"))
            .await
            .status,
        200
    );

    let folder = Request::new(
        "POST",
        format!("/api/v2.1/mounts/{archive}/files/folder?path=/"),
    );
    assert_eq!(
        server
            .send(folder.json(&json!({"name": "x"})))
            .await
            .outcome(),
        "403 Forbidden"
    );
    assert_eq!(
        server
            .get(&format!("/api/v2.1/mounts/{archive}"))
            .await
            .json()["permissions"]["WRITE"],
        false
    );

    let put = Request::new(
        "POST",
        format!(
            "/content/api/v2.1/mounts/{cloud}/files/put?path=/&filename=a&info=true&modified=1"
        ),
    );
    let stored = server.send(put.body("x")).await.json();
    assert!(stored.get("hash").is_none() && stored["modified"].as_i64().unwrap() > 1);
    assert!(
        server
            .get(&format!("/api/v2.1/mounts/{cloud}"))
            .await
            .json()
            .get("spaceTotal")
            .is_none()
    );
    let recursive = format!("/content/api/v2.1/mounts/{cloud}/files/listrecursive?path=/");
    assert_eq!(server.get(&recursive).await.code(), "FilesNotSynced");
}

#[tokio::test]
async fn space_is_counted_in_mib_rounded_up() {
    let server =
        Server::with(KoofrConfig::default().primary(MountConfig::new("Koofr").space_mib(Some(1))))
            .await;
    let used = async || server.get("/api/v2/mounts/primary").await.json()["spaceUsed"].as_u64();
    assert_eq!(used().await, Some(0));
    server.put("/", "a", "", "x").await;
    assert_eq!(used().await, Some(1));
    let big = "x".repeat(1024 * 1024);
    assert_eq!(
        server.put("/", "b", "", &big).await.outcome(),
        "413 QuotaExceeded"
    );
    // Replacing gives the old content's space back first.
    assert_eq!(
        server
            .put("/", "a", "&overwrite=true", &big)
            .await
            .outcome(),
        "200"
    );
    let to = json!({"toMountId": "primary", "toPath": "/c"});
    assert_eq!(
        transfer(&server, "copy", "/a", to).await,
        "413 QuotaExceeded"
    );
    server.api("DELETE", "files/remove?path=/a").await;
    assert_eq!(used().await, Some(0));
}

#[tokio::test]
async fn the_choices_of_the_published_test_server_can_be_taken() {
    let mut settings = KoofrSettings::default();
    settings.require_info = true;
    settings.remove_conditions = false;
    settings.remove_version = false;
    settings.lenient_flags = true;
    let server = Server::with(KoofrConfig::default().settings(settings)).await;
    let target = "/content/api/v2.1/mounts/primary/files/put?path=/&filename=a";
    assert_eq!(
        server
            .send(Request::new("POST", target).body("x"))
            .await
            .outcome(),
        "400 BadRequest"
    );
    assert_eq!(
        server
            .put("/", "a", "&overwriteIgnoreNonexisting=true", "x")
            .await
            .status,
        200
    );
    assert_eq!(
        server
            .put("/", "a", "&overwriteIgnoreNonexisting=true", "y")
            .await
            .json()["name"],
        "a"
    );
    let removed = server
        .api("DELETE", "files/remove?path=/a&removeIfSize=99")
        .await;
    assert_eq!((removed.status, removed.body.len()), (200, 0));
}
