//! The account and the installation: trash, versions, search, jobs, tags, activity, user, settings, Safe Boxes.

#![allow(
    clippy::unwrap_used,
    reason = "tests may unwrap, also in their helper functions"
)]

mod common;

use common::{client, count, failure, json, once, queries, request};
use futures::{StreamExt as _, TryStreamExt as _};
use koofr_api::{
    api::{
        activity::ActivityQuery,
        files::Conditions,
        search::SearchQuery,
        tags::TagConditions,
        trash::{EmptyTrash, TrashQuery, UndeleteAll},
    },
    error::ApiError,
    model::{
        account::{Bookmark, SecuritySettings},
        activity::ActivityKind,
        file::Tags,
        job::{ConflictResolution, FileAddress, JobTransfer},
        search::{SearchFileType, SearchSort, SortDirection},
        trash::{TrashFile, TrashSort},
        vault::NewVaultRepo,
    },
};
use remote_core::error::ErrorKind;
use serde_json::json;
use wiremock::{MockServer, ResponseTemplate, matchers};

const JOB: &str = r#"{"id":5,"type":"copy","state":"running","progress":"40","created":1,"parameters":"{}","result":{}}"#;

#[tokio::test]
async fn the_trash_is_read_page_by_page() {
    let server = MockServer::start().await;
    let first = request("GET", "/api/v2.1/trash").and(matchers::query_param("pageSize", "2"));
    let page =
        r#"{"files":[{"path":"/a"},{"path":"/b"}],"retentionDays":30,"pageInfo":{"cursor":"c 1"}}"#;
    once(&server, first, json(200, page)).await;
    let second = request("GET", "/api/v2.1/trash").and(matchers::query_param("cursor", "c 1"));
    once(
        &server,
        second,
        json(
            200,
            r#"{"files":[{"path":"/c"}],"pageInfo":{"cursor":null}}"#,
        ),
    )
    .await;
    let query = TrashQuery::default()
        .with_page_size(2)
        .with_sort(TrashSort::Deleted, SortDirection::Descending);
    let files: Vec<TrashFile> = client(&server).trash(query).try_collect().await.unwrap();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["/a", "/b", "/c"]);
    assert_eq!(
        queries(&server).await,
        ["pageSize=2&sortField=deleted&sortDir=desc", "cursor=c%201"]
    );
}

#[tokio::test]
async fn pages_that_lead_in_a_circle_are_a_failure() {
    let server = MockServer::start().await;
    let page = json(200, r#"{"files":[],"pageInfo":{"cursor":"same"}}"#);
    request("GET", "/api/v2.1/trash")
        .respond_with(page)
        .mount(&server)
        .await;
    let items: Vec<_> = client(&server).trash(TrashQuery::default()).collect().await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].as_ref().unwrap_err().kind(), ErrorKind::Protocol);
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn restoring_nothing_is_refused_and_everything_must_be_said() {
    let server = MockServer::start().await;
    let some = request("POST", "/api/v2.1/trash/undelete").and(matchers::body_json(
        json!({"files": [{"mountId": "m", "path": "/a"}]}),
    ));
    once(&server, some, json(200, JOB)).await;
    let all =
        request("POST", "/api/v2.1/trash/undelete").and(matchers::body_json(json!({"files": []})));
    once(&server, all, json(200, JOB)).await;
    once(
        &server,
        request("DELETE", "/api/v2.1/trash"),
        ResponseTemplate::new(204),
    )
    .await;
    let client = client(&server);
    assert_eq!(
        client.undelete(&[]).await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    assert_eq!(count(&server).await, 0);
    let job = client
        .undelete(&[FileAddress::new("m", "/a")])
        .await
        .unwrap();
    assert_eq!(
        (job.id.as_str(), job.progress, job.is_finished()),
        ("5", 40, false)
    );
    client.undelete_all(UndeleteAll::Everything).await.unwrap();
    client
        .empty_trash(EmptyTrash::DeleteEverythingForGood)
        .await
        .unwrap();
}

#[tokio::test]
async fn versions_are_listed_recovered_and_put_back() {
    let server = MockServer::start().await;
    let at = "/api/v2.1/mounts/m/files/versions";
    once(
        &server,
        request("GET", at),
        json(200, r#"{"versions":[{"id":3,"type":"file","size":"9"}]}"#),
    )
    .await;
    let asked =
        request("POST", &format!("{at}/recover")).and(matchers::query_param("version", "3"));
    once(&server, asked, json(200, r#"{"newPath":"/a (1)"}"#)).await;
    let asked = request("POST", &format!("{at}/change")).and(matchers::body_json(json!({})));
    once(&server, asked, ResponseTemplate::new(204)).await;
    let client = client(&server);
    let version = client.versions("m", "/a").await.unwrap().remove(0);
    assert_eq!((version.id.as_str(), version.size), ("3", Some(9)));
    assert_eq!(
        client.recover_version("m", "/a", "3").await.unwrap(),
        "/a (1)"
    );
    client.change_version("m", "/a", "3").await.unwrap();
}

#[tokio::test]
async fn snapshots_are_listed_and_gone_back_to() {
    let server = MockServer::start().await;
    once(
        &server,
        request("GET", "/api/v2.1/snapshots"),
        json(200, r#"{"snapshots":[{"id":1,"created":2}]}"#),
    )
    .await;
    let asked = request("POST", "/api/v2.1/jobs/files/restoresnapshot")
        .and(matchers::body_json(json!({"id": 1})));
    once(&server, asked, json(200, JOB)).await;
    let client = client(&server);
    let snapshot = client.snapshots().await.unwrap().remove(0);
    assert_eq!(
        (snapshot.id.as_str(), &snapshot.fields["created"]),
        ("1", &json!(2))
    );
    client.restore_snapshot(&json!({"id": 1})).await.unwrap();
}

#[tokio::test]
async fn a_search_sends_all_its_filters() {
    let server = MockServer::start().await;
    let hit = r#"{"hits":[{"mountId":"m","path":"/a","name":"a","type":"file","score":0.5}],"mounts":{"m":{"id":"m"}}}"#;
    once(&server, request("GET", "/api/v2.1/search"), json(200, hit)).await;
    let query = SearchQuery::new("a b")
        .with_offset(10)
        .with_limit(5)
        .with_sort(SearchSort::Modified, SortDirection::Descending)
        .with_mount_id("m")
        .with_path("/d")
        .with_content_type("text/plain")
        .with_file_type(SearchFileType::Document)
        .with_tag("k", "v");
    let page = client(&server).search_page(&query).await.unwrap();
    assert_eq!(page.hits[0].path, "/a");
    assert_eq!(
        queries(&server).await,
        [
            "query=a%20b&offset=10&limit=5&sortField=modified&sortDir=desc&mountId=m&path=/d\
          &contentType=text/plain&fileType=document&tag=k%3Dv"
        ]
    );
}

#[tokio::test]
async fn a_search_goes_on_until_a_page_is_not_full() {
    let server = MockServer::start().await;
    let second = request("GET", "/api/v2.1/search").and(matchers::query_param("offset", "2"));
    second
        .respond_with(json(200, r#"{"hits":[{"path":"/c"}]}"#))
        .expect(1)
        .with_priority(1)
        .mount(&server)
        .await;
    once(
        &server,
        request("GET", "/api/v2.1/search"),
        json(200, r#"{"hits":[{"path":"/a"},{"path":"/b"}]}"#),
    )
    .await;
    let client = client(&server);
    let hits: Vec<_> = client
        .search(SearchQuery::new("").with_limit(2))
        .try_collect()
        .await
        .unwrap();
    assert_eq!(hits.len(), 3);
    for query in [
        SearchQuery::new("x").with_path("/d"),
        SearchQuery::new("x").with_limit(0),
        SearchQuery::new("x").with_limit(1001),
    ] {
        assert_eq!(
            client.search_page(&query).await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }
}

#[tokio::test]
async fn jobs_are_started_watched_and_put_away() {
    let server = MockServer::start().await;
    let transfer =
        json!({"src": {"mountId": "m", "path": "/a"}, "dst": {"mountId": "n", "path": "/b"}});
    let asked = request("POST", "/api/v2.1/jobs/files/copy").and(matchers::body_json(
        json!({"files": [transfer], "conflictResolution": "RENAME"}),
    ));
    once(&server, asked, json(200, JOB)).await;
    let asked = request("POST", "/api/v2.1/jobs/files/move")
        .and(matchers::body_json(json!({"files": [transfer]})));
    once(
        &server,
        asked,
        json(409, r#"{"errors":[{"error":"exists","file":{}}]}"#),
    )
    .await;
    once(
        &server,
        request("POST", "/api/v2.1/jobs/files/remove"),
        ResponseTemplate::new(204),
    )
    .await;
    once(
        &server,
        request("GET", "/api/v2.1/jobs"),
        json(200, format!(r#"{{"jobs":[{JOB}]}}"#)),
    )
    .await;
    once(&server, request("GET", "/api/v2.1/jobs/5"), json(200, JOB)).await;
    once(
        &server,
        request("PUT", "/api/v2.1/jobs/5/abort"),
        json(200, JOB.replace("\"running\"", "\"Aborted\"")),
    )
    .await;
    once(
        &server,
        request("DELETE", "/api/v2.1/jobs/5"),
        ResponseTemplate::new(204),
    )
    .await;
    once(
        &server,
        request("DELETE", "/api/v2.1/jobs/completed"),
        ResponseTemplate::new(204),
    )
    .await;
    let client = client(&server);
    let files = [JobTransfer {
        src: FileAddress::new("m", "/a"),
        dst: FileAddress::new("n", "/b"),
    }];
    assert!(
        client
            .start_copy_job(&files, Some(&ConflictResolution::Rename))
            .await
            .unwrap()
            .is_some()
    );
    let error = client.start_move_job(&files, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    assert_eq!(
        ApiError::of(&error).unwrap().details["errors"][0]["error"],
        "exists"
    );
    assert!(
        client
            .start_remove_job(&[FileAddress::new("m", "/a")])
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        client.start_remove_job(&[]).await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    assert_eq!(
        client.jobs().await.unwrap()[0],
        client.job("5").await.unwrap()
    );
    assert!(client.abort_job("5").await.unwrap().is_finished());
    client.remove_job("5").await.unwrap();
    client.remove_completed_jobs().await.unwrap();
}

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
        (config.product.name.as_str(), &config.fields["languages"][0]),
        ("Koofr", &json!("en"))
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
