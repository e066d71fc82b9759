//! Links and receivers, for their owner and for the public.

use std::time::Duration;

use remote_emulator::koofr::{KoofrConfig, KoofrSettings};
use serde_json::{Value, json};

use crate::account::names;
use crate::client::{Request, Server};

pub(crate) async fn link_to(server: &Server, path: &str) -> Value {
    let answer = server
        .api_json("POST", "links", json!({ "path": path }))
        .await;
    assert_eq!(answer.status, 201);
    answer.json()
}

pub(crate) async fn public(server: &Server, target: &str) -> crate::client::Response {
    server.send(Request::new("GET", target).unsigned()).await
}

#[tokio::test]
async fn links_serve_what_is_linked() {
    let server = Server::start().await;
    server.koofr().write("primary", "/d/a.txt", "one").unwrap();
    let file = link_to(&server, "/d/a.txt").await;
    let url = file["url"].as_str().unwrap();
    assert_eq!(url.matches("/links").count(), 1);
    let id = file["id"].as_str().unwrap();
    // The address rclone makes of the link's.
    let direct = format!("/content/links/{id}/files/get?path=%2F");
    assert_eq!(public(&server, &direct).await.text(), "one");
    assert_eq!(
        public(
            &server,
            &format!("/content/links/{id}/files/get/a.txt?path=%2Fa.txt")
        )
        .await
        .text(),
        "one"
    );
    assert_eq!(
        server
            .api("GET", &format!("links/{id}/counter"))
            .await
            .json()["counter"],
        2
    );
    let folder = link_to(&server, "/d/").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        public(
            &server,
            &format!("/content/links/{folder}/files/get?path=/A.TXT")
        )
        .await
        .text(),
        "one"
    );
    let zip = public(
        &server,
        &format!("/content/links/{folder}/files/get?path=/"),
    )
    .await;
    assert_eq!(zip.header("content-type"), Some("application/zip"));
    let info = public(&server, &format!("/api/v2/public/links/{folder}"))
        .await
        .json();
    assert_eq!(
        (info["name"].as_str(), info["file"]["type"].as_str()),
        (Some("d"), Some("dir"))
    );
    let bundle = public(
        &server,
        &format!("/api/v2/public/links/{folder}/bundle?path=/"),
    )
    .await
    .json();
    assert_eq!(names(&bundle["files"]), ["a.txt"]);
    let short = file["shortUrl"]
        .as_str()
        .unwrap()
        .strip_prefix("http://test")
        .unwrap()
        .to_owned();
    assert_eq!(public(&server, &short).await.header("location"), Some(url));
    assert_eq!(
        server
            .api_json("POST", "links", json!({"path": "/nothing"}))
            .await
            .outcome(),
        "404 NotFound"
    );
    assert_eq!(
        names(&server.api("GET", "links").await.json()["links"]),
        ["a.txt", "d"]
    );
    let bundle = server.api("GET", "bundle?path=/d").await.json();
    assert_eq!(bundle["file"]["link"]["id"], folder.as_str());
}

#[tokio::test]
async fn links_have_passwords_and_a_life_time() {
    let server = Server::start().await;
    server.put("/", "a", "", "x").await;
    let id = link_to(&server, "/a").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let direct = format!("/content/links/{id}/files/get?path=/");
    let edit = async |what: &str, body: Value| {
        server
            .api_json("PUT", &format!("links/{id}/{what}"), body)
            .await
            .json()
    };
    assert_eq!(
        edit("password/set", json!({"password": "s"})).await["hasPassword"],
        true
    );
    assert_eq!(public(&server, &direct).await.status, 401);
    assert_eq!(
        public(&server, &format!("{direct}&password=s"))
            .await
            .status,
        200
    );
    assert!(
        server
            .api("PUT", &format!("links/{id}/password/reset"))
            .await
            .json()["password"]
            .is_string()
    );
    assert_eq!(
        server
            .api("DELETE", &format!("links/{id}/password"))
            .await
            .json()["hasPassword"],
        false
    );
    let now = server.koofr().clock().now_ms();
    edit("validity", json!({"validTo": now + 60_000})).await;
    assert_eq!(public(&server, &direct).await.status, 200);
    server.koofr().clock().advance(Duration::from_secs(61));
    assert_eq!(public(&server, &direct).await.outcome(), "404 NotFound");
    edit("validity", json!({"validTo": 0})).await;
    assert_eq!(public(&server, &direct).await.status, 200);
    assert_eq!(
        edit("message", json!({"message": "hi"})).await["message"],
        "hi"
    );
    edit("downloadable", json!({"downloadable": false})).await;
    assert_eq!(public(&server, &direct).await.outcome(), "403 Forbidden");
    let hash = edit("urlHash", json!({"hash": "mine"})).await;
    assert!(hash["shortUrl"].as_str().unwrap().ends_with("/mine"));
    assert_eq!(
        server.api("DELETE", &format!("links/{id}")).await.status,
        204
    );
    assert_eq!(
        server.api("GET", &format!("links/{id}")).await.outcome(),
        "404 NotFound"
    );
}

#[tokio::test]
async fn link_settings_can_be_made_stricter() {
    let mut settings = KoofrSettings::default();
    settings.check_referer = true;
    settings.link_limit = Some(1);
    let server = Server::with(KoofrConfig::default().settings(settings)).await;
    server.put("/", "a", "", "x").await;
    let id = link_to(&server, "/a").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let direct = format!("/content/links/{id}/files/get?path=/");
    assert_eq!(public(&server, &direct).await.status, 403);
    let request = Request::new("GET", direct)
        .unsigned()
        .header("Referer", format!("http://test/links/{id}"));
    assert_eq!(server.send(request).await.status, 200);
    assert_eq!(
        server
            .api_json("POST", "links", json!({"path": "/a"}))
            .await
            .status,
        429
    );
}

#[tokio::test]
async fn receivers_take_uploads_without_an_account() {
    let server = Server::start().await;
    server.koofr().create_dir("primary", "/in").unwrap();
    let receiver = server
        .api_json("POST", "receivers", json!({"path": "/in/"}))
        .await;
    let id = receiver.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (receiver.status, receiver.json()["alert"].as_bool()),
        (201, Some(false))
    );
    let upload = || {
        Request::new(
            "POST",
            format!("/content/receivers/{id}/files/put?filename=a"),
        )
        .unsigned()
        .body("x")
    };
    assert_eq!(server.send(upload()).await.json()["name"], "a");
    assert_eq!(server.send(upload()).await.json()["name"], "a (1)");
    let changed = server
        .api_json(
            "PUT",
            &format!("receivers/{id}/alert"),
            json!({"alert": true}),
        )
        .await
        .json();
    assert_eq!(
        (changed["alert"].as_bool(), changed["counter"].as_u64()),
        (Some(true), Some(2))
    );
    assert_eq!(
        server.api("GET", &format!("links/{id}")).await.outcome(),
        "404 NotFound"
    );
}
