//! Looking at files and folders, and changing them: one exchange per endpoint, and every failure that the service describes.

use crate::common::{FILE, client, count, failure, json, once, queries, request};
use koofr_api::{
    api::files::{Conditions, CopyOptions, RemoveOptions},
    error::{ApiError, ApiErrorCode},
};
use remote_core::error::{Effect, ErrorKind};
use wiremock::{MockServer, ResponseTemplate, matchers};

const M: &str = "/api/v2.1/mounts/m";

#[tokio::test]
async fn info_asks_with_credentials_version_and_an_encoded_path() {
    let server = MockServer::start().await;
    let asked = request("GET", &format!("{M}/files/info"))
        .and(matchers::header(
            "authorization",
            "Basic YW5uQGV4YW1wbGUub3JnOmFwcCBwYXNzd29yZA==",
        ))
        .and(matchers::header("x-koofr-version", "2.1"))
        .and(matchers::header("accept", "application/json"))
        .and(matchers::query_param("path", "/é+ &/a.txt"));
    once(&server, asked, json(200, FILE)).await;
    let file = client(&server).info("m", "/é+ &/a.txt").await.unwrap();
    assert_eq!((file.name.as_str(), file.size), ("a.txt", Some(11)));
    assert_eq!(queries(&server).await, ["path=/%C3%A9%2B%20%26/a.txt"]);
}

#[tokio::test]
async fn list_returns_what_is_in_the_folder() {
    let server = MockServer::start().await;
    let asked = request("GET", &format!("{M}/files/list"));
    once(
        &server,
        asked,
        json(
            200,
            format!(r#"{{"files":[{FILE},{{"name":"d","type":"dir"}}]}}"#),
        ),
    )
    .await;
    let files = client(&server).list("m", "/").await.unwrap();
    assert_eq!(files.len(), 2);
    assert!(files[1].is_dir());
}

#[tokio::test]
async fn bundle_tells_file_and_folder_apart() {
    let server = MockServer::start().await;
    once(
        &server,
        request("GET", &format!("{M}/bundle")),
        json(200, format!(r#"{{"file":{FILE}}}"#)),
    )
    .await;
    let bundle = client(&server).bundle("m", "/a.txt").await.unwrap();
    assert_eq!(bundle.file.info.name, "a.txt");
    assert!(bundle.files.is_none());
}

#[tokio::test]
async fn tree_is_asked_for_at_the_older_level() {
    let server = MockServer::start().await;
    let asked = request("GET", "/api/v2/mounts/m/files/tree");
    once(
        &server,
        asked,
        json(
            200,
            format!(r#"{{"name":"","type":"dir","children":[{FILE}]}}"#),
        ),
    )
    .await;
    let tree = client(&server).tree("m", "/").await.unwrap();
    assert_eq!(tree.children.len(), 1);
    let requests = server.received_requests().await.unwrap();
    assert!(requests[0].headers.get("x-koofr-version").is_none());
}

#[tokio::test]
async fn folders_are_made_with_parent_in_the_query_and_name_in_the_body() {
    let server = MockServer::start().await;
    let asked = request("POST", &format!("{M}/files/folder"))
        .and(matchers::query_param("path", "/top"))
        .and(matchers::header("content-type", "application/json"))
        .and(matchers::body_json(serde_json::json!({"name": "new"})));
    once(&server, asked, ResponseTemplate::new(200)).await;
    client(&server)
        .create_folder("m", "/top", "new")
        .await
        .unwrap();
}

#[tokio::test]
async fn remove_sends_conditions_and_flags_with_empty_values() {
    let server = MockServer::start().await;
    let asked = request("DELETE", &format!("{M}/files/remove"));
    once(&server, asked, json(200, r#"{"version":17}"#)).await;
    let conditions = Conditions::default()
        .with_modified(-5)
        .with_size(3)
        .with_hash("abc");
    let options = RemoveOptions::default()
        .with_conditions(conditions)
        .with_if_empty(true);
    let removed = client(&server).remove("m", "/d", &options).await.unwrap();
    assert_eq!(removed.version.as_deref(), Some("17"));
    assert_eq!(
        queries(&server).await,
        ["path=/d&removeIfModified=-5&removeIfSize=3&removeIfHash=abc&removeIfEmpty="]
    );
}

#[tokio::test]
async fn remove_takes_an_empty_answer_and_is_not_repeated() {
    let server = MockServer::start().await;
    let asked = request("DELETE", &format!("{M}/files/remove"));
    asked
        .respond_with(ResponseTemplate::new(200))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    let client = client(&server);
    let removed = client
        .remove("m", "/a", &RemoveOptions::default())
        .await
        .unwrap();
    assert_eq!(removed.version, None);
    let asked = request("DELETE", &format!("{M}/files/remove"));
    asked
        .respond_with(ResponseTemplate::new(502))
        .mount(&server)
        .await;
    let error = client
        .remove("m", "/a", &RemoveOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Service, Effect::Unknown)
    );
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn a_folder_that_is_not_empty_is_told_apart_from_other_conditions() {
    let server = MockServer::start().await;
    let asked = request("DELETE", &format!("{M}/files/remove"));
    asked
        .respond_with(failure(409, "Conflict"))
        .mount(&server)
        .await;
    let client = client(&server);
    let only_empty = RemoveOptions::default().with_if_empty(true);
    let error = client.remove("m", "/d", &only_empty).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DirectoryNotEmpty);
    let conditions = RemoveOptions::default().with_conditions(Conditions::default().with_size(1));
    let error = client.remove("m", "/d", &conditions).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
}

#[tokio::test]
async fn rename_copy_and_move_send_their_target_in_the_body() {
    let server = MockServer::start().await;
    let asked = request("PUT", &format!("{M}/files/rename"))
        .and(matchers::query_param("path", "/a"))
        .and(matchers::body_json(serde_json::json!({"name": "b"})));
    once(&server, asked, ResponseTemplate::new(200)).await;
    let asked = request("PUT", &format!("{M}/files/copy"))
        .and(matchers::query_param("path", "/a"))
        .and(matchers::body_json(
            serde_json::json!({"toMountId": "n", "toPath": "/x/b", "modified": 7, "ifHash": "h"}),
        ));
    once(&server, asked, json(200, r#"{"name":"b"}"#)).await;
    let asked = request("PUT", &format!("{M}/files/move")).and(matchers::body_json(
        serde_json::json!({"toMountId": "m", "toPath": "/b", "ifModified": 1, "ifSize": 2}),
    ));
    once(&server, asked, json(200, r#"{"name":"b"}"#)).await;

    let client = client(&server);
    client.rename("m", "/a", "b").await.unwrap();
    let options = CopyOptions::default()
        .with_modified(7)
        .with_conditions(Conditions::default().with_hash("h"));
    assert_eq!(
        client
            .copy("m", "/a", "n", "/x/b", &options)
            .await
            .unwrap()
            .name,
        "b"
    );
    let conditions = Conditions::default().with_modified(1).with_size(2);
    assert_eq!(
        client
            .move_file("m", "/a", "m", "/b", &conditions)
            .await
            .unwrap()
            .name,
        "b"
    );
}

#[tokio::test]
async fn the_root_is_never_a_target() {
    let server = MockServer::start().await;
    let client = client(&server);
    for target in ["", "/", "//"] {
        let error = client
            .move_file("m", "/a", "m", target, &Conditions::default())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{target:?}");
    }
    assert_eq!(count(&server).await, 0);
}

#[tokio::test]
async fn connected_clouds_tell_status_and_address() {
    let server = MockServer::start().await;
    once(
        &server,
        request("GET", &format!("{M}/files/externalstatus")),
        json(200, r#"{"status":"synced"}"#),
    )
    .await;
    let elsewhere =
        ResponseTemplate::new(303).insert_header("location", "https://cloud.example.org/f");
    once(
        &server,
        request("GET", &format!("{M}/files/external")),
        elsewhere,
    )
    .await;
    let client = client(&server);
    assert_eq!(client.external_status("m").await.unwrap(), "synced");
    let url = client.external_url("m", "/f").await.unwrap();
    assert_eq!(url.expose(), "https://cloud.example.org/f");
}

#[tokio::test]
async fn every_code_of_the_service_has_its_kind() {
    let table = [
        (404, "NotFound", ErrorKind::NotFound),
        (404, "DeviceOffline", ErrorKind::StorageOffline),
        (400, "FilesNotSynced", ErrorKind::NotSynced),
        (409, "AlreadyExists", ErrorKind::AlreadyExists),
        (400, "AlreadyExists", ErrorKind::AlreadyExists),
        (409, "Conflict", ErrorKind::PreconditionFailed),
        (400, "BadRequest", ErrorKind::InvalidName),
        (400, "NotDir", ErrorKind::NotADirectory),
        (400, "NotFile", ErrorKind::IsADirectory),
        (400, "MoveIntoSelf", ErrorKind::IntoSelf),
        (400, "CopyIntoSelf", ErrorKind::IntoSelf),
        (400, "InvalidPath", ErrorKind::InvalidName),
        (413, "QuotaExceeded", ErrorKind::QuotaExceeded),
        (403, "Forbidden", ErrorKind::PermissionDenied),
    ];
    for (status, code, kind) in table {
        let server = MockServer::start().await;
        let asked = request("PUT", &format!("{M}/files/rename"));
        once(&server, asked, failure(status, code)).await;
        let error = client(&server).rename("m", "/a", "b").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status} {code}");
        assert_eq!(error.effect(), Effect::NotMade);
        assert_eq!(error.request_id(), Some("request-7"));
        let said = ApiError::of(&error).expect("the service's words are in the chain");
        assert_eq!(
            (said.status, &said.code),
            (status, &Some(ApiErrorCode::from(code)))
        );
    }
}

#[tokio::test]
async fn answers_that_are_not_the_services_are_no_missing_files() {
    let page = ResponseTemplate::new(404).set_body_raw("<html>nothing here", "text/html");
    for answer in [ResponseTemplate::new(404), page] {
        let server = MockServer::start().await;
        request("GET", "/api/v2.1/mounts/m/files/info")
            .respond_with(answer.clone())
            .mount(&server)
            .await;
        request("GET", "/api/v2/mounts/m/files/info")
            .respond_with(answer)
            .mount(&server)
            .await;
        let error = client(&server).info("m", "/a").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.help().is_some_and(|help| help.contains("endpoint")));
    }
}

#[tokio::test]
async fn a_web_page_in_place_of_an_answer_is_a_failure_even_with_status_200() {
    let server = MockServer::start().await;
    let page = ResponseTemplate::new(200)
        .set_body_raw("<html>sign in to the hotel", "text/html; charset=utf-8");
    wiremock::Mock::given(matchers::any())
        .respond_with(page)
        .mount(&server)
        .await;
    let client = client(&server);
    assert_eq!(
        client.info("m", "/a").await.unwrap_err().kind(),
        ErrorKind::Protocol
    );
    let error = client.rename("m", "/a", "b").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Protocol, Effect::Unknown)
    );
}

#[tokio::test]
async fn plain_text_refusals_of_a_path_are_about_the_name() {
    let server = MockServer::start().await;
    let refusal = ResponseTemplate::new(400).set_body_string("invalid path");
    wiremock::Mock::given(matchers::any())
        .respond_with(refusal)
        .mount(&server)
        .await;
    let client = client(&server);
    assert_eq!(
        client.info("m", "/a\\b").await.unwrap_err().kind(),
        ErrorKind::InvalidName
    );
    assert_eq!(
        client.info("m", "/a").await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}

#[tokio::test]
async fn reading_is_repeated_after_a_failure_that_passes() {
    let server = MockServer::start().await;
    let path = format!("{M}/files/info");
    request("GET", &path)
        .respond_with(ResponseTemplate::new(502))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    request("GET", &path)
        .respond_with(json(200, FILE))
        .mount(&server)
        .await;
    assert!(client(&server).info("m", "/a.txt").await.is_ok());
    assert_eq!(count(&server).await, 3);
}

#[tokio::test]
async fn exhausted_repetition_returns_the_last_failure() {
    let server = MockServer::start().await;
    wiremock::Mock::given(matchers::any())
        .respond_with(ResponseTemplate::new(500))
        .mount(&server)
        .await;
    let error = client(&server).info("m", "/a").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Service, 3));
    assert_eq!(error.http_status(), Some(500));
}
