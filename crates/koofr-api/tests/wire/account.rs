//! The account and the installation: tags, activity, user, settings, Safe Boxes.

use crate::common::{client, count, failure, json, once, queries, request};
use koofr_api::{
    api::{activity::ActivityQuery, files::Conditions, tags::TagConditions},
    model::{
        account::{Bookmark, SecuritySettings},
        activity::ActivityKind,
        file::Tags,
        vault::NewVaultRepo,
    },
};
use remote_core::error::ErrorKind;
use serde_json::json;
use wiremock::{MockServer, ResponseTemplate, matchers};

#[tokio::test]
async fn tags_are_added_removed_and_set_under_conditions() {
    let server = MockServer::start().await;
    let at = "/api/v2.1/mounts/m/files/tags";
    let body = json!({"tags": {"k": ["v"]}});
    for call in ["add", "remove"] {
        let asked = request("POST", &format!("{at}/{call}")).and(matchers::body_json(&body));
        once(&server, asked, ResponseTemplate::new(200)).await;
    }
    let asked = request("POST", &format!("{at}/set")).and(matchers::body_json(
        json!({"tags": {"k": ["v"]}, "ifSize": 3, "ifOldTags": {"k": []}}),
    ));
    once(&server, asked, failure(409, "Conflict")).await;
    let client = client(&server);
    let tags = Tags::from([("k".to_owned(), vec!["v".to_owned()])]);
    client.add_tags("m", "/a", &tags).await.unwrap();
    client.remove_tags("m", "/a", &tags).await.unwrap();
    let conditions = TagConditions::default()
        .with_file(Conditions::default().with_size(3))
        .with_old_tags(Tags::from([("k".to_owned(), Vec::new())]));
    let error = client
        .set_tags("m", "/a", &tags, &conditions)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
}

#[tokio::test]
async fn setting_tags_is_repeated_only_without_conditions() {
    let server = MockServer::start().await;
    wiremock::Mock::given(matchers::any())
        .respond_with(ResponseTemplate::new(502))
        .mount(&server)
        .await;
    let client = client(&server);
    client
        .set_tags("m", "/a", &Tags::new(), &TagConditions::default())
        .await
        .unwrap_err();
    assert_eq!(count(&server).await, 3);
    let conditions = TagConditions::default().with_file(Conditions::default().with_size(3));
    client
        .set_tags("m", "/a", &Tags::new(), &conditions)
        .await
        .unwrap_err();
    assert_eq!(count(&server).await, 4);
}

#[tokio::test]
async fn the_activity_log_is_asked_from_a_point_on() {
    let server = MockServer::start().await;
    let entry = r#"{"activity":[{"type":"file_moved","id":12,"timestamp":5,"path":"/a","newPath":"/b","user":{"id":"u"},"user_agent":"x"},{"type":"sneezed"}]}"#;
    once(
        &server,
        request("GET", "/api/v2.1/user/activity"),
        json(200, entry),
    )
    .await;
    let query = ActivityQuery::default()
        .with_limit(30)
        .with_start_id_exclusive("11")
        .with_start_time(1)
        .with_since_time(2)
        .with_mount_id("m")
        .with_category("files")
        .with_category("links");
    let activity = client(&server).activity(&query).await.unwrap();
    assert_eq!(
        (activity[0].id.as_str(), &activity[0].kind),
        ("12", &ActivityKind::FileMoved)
    );
    assert_eq!(activity[0].user_agent.as_deref(), Some("x"));
    assert_eq!(
        activity[1].kind,
        ActivityKind::Unknown("sneezed".to_owned())
    );
    assert_eq!(
        queries(&server).await,
        ["limit=30&startIdExclusive=11&startTime=1&sinceTime=2&mountId=m&categories=files%2Clinks"]
    );
}

#[tokio::test]
async fn user_and_credentials_are_looked_at() {
    let server = MockServer::start().await;
    let user = r#"{"id":"u","email":"ann@example.org","firstName":"Ann","lastName":"X","hasPassword":true,"level":2}"#;
    once(&server, request("GET", "/api/v2.1/user"), json(200, user)).await;
    let path = "/api/v2.1/user/authenticated";
    request("GET", path)
        .respond_with(ResponseTemplate::new(204))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    request("GET", path)
        .respond_with(ResponseTemplate::new(401))
        .mount(&server)
        .await;
    let picture = ResponseTemplate::new(200).set_body_raw(&b"JPEG"[..], "image/jpeg");
    once(
        &server,
        request("GET", "/content/api/v2.1/users/u/profile-picture"),
        picture,
    )
    .await;
    let client = client(&server);
    assert_eq!(client.user().await.unwrap().first_name, "Ann");
    assert_eq!(client.profile_picture("u").await.unwrap(), "JPEG");
    assert!(client.authenticated().await.unwrap());
    assert!(!client.authenticated().await.unwrap());
}

#[tokio::test]
async fn application_passwords_are_made_and_revoked_without_showing() {
    let server = MockServer::start().await;
    let at = "/api/v2.1/user/apw";
    once(
        &server,
        request("GET", at),
        json(
            200,
            r#"{"passwords":[{"id":"p","name":"backup","lastUsed":5}]}"#,
        ),
    )
    .await;
    let asked = request("PUT", at).and(matchers::body_json(
        json!({"name": "backup", "scopes": ["files"]}),
    ));
    once(
        &server,
        asked,
        json(
            200,
            r#"{"id":"p","name":"backup","scopes":["files"],"plain":"s3cret"}"#,
        ),
    )
    .await;
    once(
        &server,
        request("DELETE", "/api/v2.1/user/apw/p"),
        ResponseTemplate::new(200),
    )
    .await;
    let client = client(&server);
    assert_eq!(client.app_passwords().await.unwrap()[0].last_used, Some(5));
    let made = client
        .create_app_password("backup", &["files"])
        .await
        .unwrap();
    assert!(!format!("{made:?}").contains("s3cret"));
    assert_eq!(made.plain.unwrap().expose(), "s3cret");
    client.remove_app_password("p").await.unwrap();
}

#[tokio::test]
async fn bookmarks_are_kept() {
    let server = MockServer::start().await;
    let at = "/api/v2.1/user/bookmarks";
    let one = json!({"name": "b", "mountId": "m", "path": "/d"});
    once(
        &server,
        request("GET", at),
        json(200, json!({"bookmarks": [one]}).to_string()),
    )
    .await;
    let asked = request("PUT", at).and(matchers::body_json(json!({"bookmarks": [one]})));
    once(&server, asked, ResponseTemplate::new(204)).await;
    once(
        &server,
        request("POST", at).and(matchers::body_json(&one)),
        ResponseTemplate::new(201),
    )
    .await;
    once(&server, request("DELETE", at), failure(404, "NotFound")).await;
    let client = client(&server);
    let bookmarks = client.bookmarks().await.unwrap();
    let expected = Bookmark {
        name: "b".to_owned(),
        mount_id: "m".to_owned(),
        path: "/d".to_owned(),
    };
    assert_eq!(bookmarks, [expected]);
    client.set_bookmarks(&bookmarks).await.unwrap();
    client.add_bookmark(&bookmarks[0]).await.unwrap();
    assert!(
        client
            .remove_bookmark("m", "/d")
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert_eq!(queries(&server).await[3], "mountId=m&path=/d");
}

#[tokio::test]
async fn settings_and_features_are_read_and_set() {
    let server = MockServer::start().await;
    let features = r#"{"trash":{"emptyEnabled":true},"snapshots":{"enabled":false}}"#;
    once(
        &server,
        request("GET", "/api/v2.1/user/appconfig"),
        json(200, features),
    )
    .await;
    let at = "/api/v2.1/user/settings/security";
    once(
        &server,
        request("GET", at),
        json(200, r#"{"downloadLinkRequirePassword":true}"#),
    )
    .await;
    let asked = request("PUT", at).and(matchers::body_json(json!({
        "downloadLinkAutoPassword": false, "downloadLinkRequirePassword": true,
        "uploadLinkAutoPassword": false, "uploadLinkRequirePassword": false})));
    once(&server, asked, ResponseTemplate::new(204)).await;
    let client = client(&server);
    let config = client.app_config().await.unwrap();
    assert_eq!(
        (config.trash_can_be_emptied(), config.has_snapshots()),
        (Some(true), Some(false))
    );
    let settings: SecuritySettings = client.security_settings().await.unwrap();
    assert!(settings.download_link_require_password);
    client.set_security_settings(&settings).await.unwrap();
}

#[tokio::test]
async fn an_installation_presents_itself_without_credentials() {
    let server = MockServer::start().await;
    let config =
        r#"{"product":{"name":"Koofr","publicUrl":"https://koofr.eu"},"languages":["en"]}"#;
    once(
        &server,
        request("GET", "/api/v2.1/basicconfig"),
        json(200, config),
    )
    .await;
    once(
        &server,
        request("GET", "/profile"),
        json(200, r#"{"base":"b","name":"n","version":"1"}"#),
    )
    .await;
    request("GET", "/ip")
        .respond_with(ResponseTemplate::new(200).set_body_string("192.0.2.7"))
        .mount(&server)
        .await;
    let client = client(&server);
    let config = client.basic_config().await.unwrap();
    assert_eq!(
        (
            config.product.name.as_str(),
            config.fields.at("/languages/0").unwrap().as_str()
        ),
        ("Koofr", Some("en"))
    );
    assert_eq!(client.profile().await.unwrap().version, "1");
    assert_eq!(client.ip().await.unwrap().to_string(), "192.0.2.7");
    for asked in server.received_requests().await.unwrap() {
        assert!(asked.headers.get("authorization").is_none());
    }
}

#[tokio::test]
async fn safe_boxes_are_registered_and_taken_off_the_register() {
    let server = MockServer::start().await;
    let at = "/api/v2.1/vault/repos";
    let repo = r#"{"id":"r","name":"box","mountId":"m","path":"/box","passwordValidator":"pv"}"#;
    once(
        &server,
        request("GET", at),
        json(200, format!(r#"{{"repos":[{repo}],"mounts":{{}}}}"#)),
    )
    .await;
    let asked = request("POST", at).and(matchers::body_json(json!({
        "mountId": "m", "path": "/box", "passwordValidator": "pv", "passwordValidatorEncrypted": "pe"})));
    once(&server, asked, failure(409, "VaultReposAlreadyExists")).await;
    once(
        &server,
        request("DELETE", "/api/v2.1/vault/repos/r"),
        ResponseTemplate::new(204),
    )
    .await;
    let client = client(&server);
    assert_eq!(client.vault_repos().await.unwrap().repos[0].name, "box");
    let new = NewVaultRepo {
        mount_id: "m".to_owned(),
        path: "/box".to_owned(),
        salt: None,
        password_validator: "pv".to_owned(),
        password_validator_encrypted: "pe".to_owned(),
    };
    assert!(
        client
            .create_vault_repo(&new)
            .await
            .unwrap_err()
            .is_already_exists()
    );
    client.remove_vault_repo("r").await.unwrap();
}
