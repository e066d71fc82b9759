//! Uploads: every mode with its parameters, the body, and each refusal.

use crate::common::{FILE, builder, count, failure, json, once, queries, request};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use koofr_api::{
    Client,
    api::{
        files::Conditions,
        upload::{PutMode, PutOptions, Template},
    },
    level::ApiLevel,
};
use remote_core::{
    error::{Effect, Error, ErrorKind},
    http::Body,
};
use wiremock::{MockServer, ResponseTemplate, matchers};

const PUT: &str = "/content/api/v2.1/mounts/m/files/put";

/// A client that knows level and credentials, so that no small request comes first.
fn ready(server: &MockServer) -> Client {
    builder(server)
        .level(ApiLevel::V2_1)
        .build()
        .expect("the settings are right")
}

fn content() -> Body {
    Body::Bytes(Bytes::from_static(b"hello world"))
}

async fn query_of(options: &PutOptions) -> String {
    let server = MockServer::start().await;
    once(&server, request("POST", PUT), json(200, FILE)).await;
    ready(&server)
        .put("m", "/top", "b c+é.txt", content(), options)
        .await
        .unwrap();
    let query = queries(&server).await.remove(0);
    let start = "path=/top&filename=b%20c%2B%C3%A9.txt&info=true&";
    query
        .strip_prefix(start)
        .expect("the query starts with the target")
        .to_owned()
}

#[tokio::test]
async fn each_mode_has_its_parameters() {
    let conditions = Conditions::default()
        .with_modified(-1)
        .with_size(2)
        .with_hash("h");
    let conditional = "overwriteIfModified=-1&overwriteIfSize=2&overwriteIfHash=h";
    let table = [
        (PutMode::AutoRename, "autorename=true&size=11".to_owned()),
        (PutMode::CreateOnly, "autorename=false&size=11".to_owned()),
        (
            PutMode::Overwrite,
            "autorename=false&overwrite=true&overwriteIgnoreNonexisting=&size=11".to_owned(),
        ),
        (
            PutMode::OverwriteIf(conditions.clone()),
            format!("autorename=false&{conditional}&size=11"),
        ),
        (
            PutMode::OverwriteIfOrCreate(conditions),
            format!("autorename=false&{conditional}&overwriteIgnoreNonexisting=&size=11"),
        ),
    ];
    for (mode, expected) in table {
        assert_eq!(
            query_of(&PutOptions::default().with_mode(mode)).await,
            expected
        );
    }
}

#[tokio::test]
async fn time_size_and_tags_are_announced() {
    let options = PutOptions::default()
        .with_mode(PutMode::CreateOnly)
        .with_modified(-1500)
        .with_size(12)
        .with_tag("description", "a=b c");
    assert_eq!(
        query_of(&options).await,
        "autorename=false&modified=-1500&size=12&tags=description%3Da%3Db%20c"
    );
}

#[tokio::test]
async fn the_body_is_sent_raw_with_its_length() {
    let server = MockServer::start().await;
    let asked = request("POST", PUT)
        .and(matchers::header("content-type", "application/octet-stream"))
        .and(matchers::header("content-length", "11"))
        .and(matchers::body_bytes(b"hello world"));
    once(&server, asked, json(200, FILE)).await;
    let pieces =
        stream::iter(["hello ", "world"]).map(|piece| Ok(Bytes::from_static(piece.as_bytes())));
    let body = Body::stream(pieces.boxed(), Some(11));
    let stored = ready(&server)
        .put("m", "/", "a.txt", body, &PutOptions::default())
        .await
        .unwrap();
    assert_eq!((stored.name.as_str(), stored.size), ("a.txt", Some(11)));
}

#[tokio::test]
async fn a_body_of_unknown_length_is_sent_in_chunks_without_a_size() {
    let server = MockServer::start().await;
    let asked = request("POST", PUT)
        .and(matchers::header("content-type", "text/plain"))
        .and(matchers::body_bytes(b"hello world"));
    once(&server, asked, json(200, FILE)).await;
    let pieces =
        stream::iter(["hello ", "world"]).map(|piece| Ok(Bytes::from_static(piece.as_bytes())));
    let options = PutOptions::default().with_content_type("text/plain");
    ready(&server)
        .put(
            "m",
            "/",
            "a.txt",
            Body::stream(pieces.boxed(), None),
            &options,
        )
        .await
        .unwrap();
    let requests = server.received_requests().await.unwrap();
    assert!(requests[0].headers.get("content-length").is_none());
    assert!(!queries(&server).await[0].contains("size="));
}

#[tokio::test]
async fn nothing_is_sent_for_conditions_without_a_condition() {
    let server = MockServer::start().await;
    for mode in [
        PutMode::OverwriteIf(Conditions::default()),
        PutMode::OverwriteIfOrCreate(Conditions::default()),
    ] {
        let options = PutOptions::default().with_mode(mode);
        let error = ready(&server)
            .put("m", "/", "a", content(), &options)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(count(&server).await, 0);
}

async fn refusal(mode: PutMode, name: &str, answer: ResponseTemplate) -> Error {
    let server = MockServer::start().await;
    once(&server, request("POST", PUT), answer).await;
    let options = PutOptions::default().with_mode(mode);
    ready(&server)
        .put("m", "/", name, content(), &options)
        .await
        .unwrap_err()
}

#[tokio::test]
async fn refusals_have_their_kinds() {
    let condition = || PutMode::OverwriteIf(Conditions::default().with_size(1));
    let table = [
        (
            PutMode::CreateOnly,
            failure(409, "Conflict"),
            ErrorKind::AlreadyExists,
        ),
        (
            PutMode::CreateOnly,
            failure(400, "Conflict"),
            ErrorKind::AlreadyExists,
        ),
        (
            condition(),
            failure(409, "Conflict"),
            ErrorKind::PreconditionFailed,
        ),
        (
            PutMode::Overwrite,
            failure(400, "NotFile"),
            ErrorKind::IsADirectory,
        ),
        (
            PutMode::Overwrite,
            failure(404, "NotFound"),
            ErrorKind::NotFound,
        ),
        (
            PutMode::Overwrite,
            failure(404, "DeviceOffline"),
            ErrorKind::StorageOffline,
        ),
        (
            PutMode::Overwrite,
            failure(413, "QuotaExceeded"),
            ErrorKind::QuotaExceeded,
        ),
        (
            PutMode::Overwrite,
            ResponseTemplate::new(413),
            ErrorKind::QuotaExceeded,
        ),
        (
            PutMode::Overwrite,
            failure(403, "Forbidden"),
            ErrorKind::PermissionDenied,
        ),
    ];
    for (mode, answer, kind) in table {
        let error = refusal(mode, "a", answer).await;
        assert_eq!((error.kind(), error.effect()), (kind, Effect::NotMade));
    }
    let text = ResponseTemplate::new(400).set_body_string("invalid filename");
    assert_eq!(
        refusal(PutMode::Overwrite, "a/b", text).await.kind(),
        ErrorKind::InvalidName
    );
}

#[tokio::test]
async fn an_upload_is_attempted_once_and_its_effect_told() {
    let error = refusal(PutMode::Overwrite, "a", ResponseTemplate::new(504)).await;
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Service, Effect::Unknown)
    );
    let array = json(200, r#"[{"name":"a"}]"#);
    let error = refusal(PutMode::Overwrite, "a", array).await;
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Protocol, Effect::Made)
    );
}

#[tokio::test]
async fn links_for_uploads_are_secret() {
    let server = MockServer::start().await;
    let asked =
        request("GET", "/api/v2.1/mounts/m/files/upload").and(matchers::query_param("path", "/d"));
    once(
        &server,
        asked,
        json(200, r#"{"link":"https://h/direct/s3cret"}"#),
    )
    .await;
    let link = ready(&server).upload_link("m", "/d").await.unwrap();
    assert_eq!(link.expose(), "https://h/direct/s3cret");
    assert!(!format!("{link:?}").contains("s3cret"));
}

#[tokio::test]
async fn documents_are_made_from_templates() {
    let server = MockServer::start().await;
    let asked = request("PUT", "/api/v2.1/mounts/m/files/create/docx")
        .and(matchers::query_param("path", "/d"));
    once(&server, asked, json(200, r#"{"name":"New document.docx"}"#)).await;
    let stored = ready(&server)
        .create_from_template("m", "/d", &Template::Docx)
        .await
        .unwrap();
    assert_eq!(stored.name, "New document.docx");
}
