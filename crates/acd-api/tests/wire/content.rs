//! Contents: the form of uploads, ranges, redirects to the storage, temporary links and previews.

use acd_api::{
    api::{content::ContentDownload, nodes::NewNode},
    error::ApiError,
};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream, stream::BoxStream};
use remote_core::{
    error::{Effect, Error, ErrorKind, Result},
    http::ByteRange,
    secret::Secret,
};
use wiremock::{MockServer, Request, ResponseTemplate, matchers};

use crate::common::{
    BEARER, FILE, answer_all, answers, at, client, count, failure, header, json, line, lines,
    received, request,
};

const CONTENT: &str = "/c/nodes/n1/content";

fn pieces(content: &[&str]) -> BoxStream<'static, Result<Bytes>> {
    let pieces: Vec<_> = content
        .iter()
        .map(|piece| Ok(Bytes::copy_from_slice(piece.as_bytes())))
        .collect();
    stream::iter(pieces).boxed()
}

async fn text(download: ContentDownload) -> String {
    let pieces: Vec<Bytes> = download.body.try_collect().await.unwrap();
    String::from_utf8(pieces.concat()).unwrap()
}

fn whole() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw("hello world", "text/plain")
}

fn part(content: &str, range: &str) -> ResponseTemplate {
    ResponseTemplate::new(206)
        .set_body_raw(content, "text/plain")
        .insert_header("content-range", range)
}

/// The body of a request with its boundary replaced.
fn form(request: &Request) -> String {
    let content_type = header(request, "content-type");
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=");
    let boundary = boundary.expect("the body is a form");
    assert!((16..=70).contains(&boundary.len()));
    let body = String::from_utf8(request.body.clone()).unwrap();
    body.replace(boundary, "BBB")
}

#[tokio::test]
async fn an_upload_describes_the_file_before_its_bytes() {
    let server = MockServer::start().await;
    answer_all(&server, json(201, FILE)).await;
    let file = NewNode::new("a\n\"b\".txt", "p1");
    let made = client(&server)
        .upload(&file, pieces(&["hello ", "world"]), Some(11), false)
        .await
        .unwrap();
    assert_eq!((made.id.as_str(), made.size()), ("n1", Some(11)));
    let requests = received(&server).await;
    let sent = &requests[0];
    assert_eq!(line(sent), "POST /c/nodes?suppress=deduplication");
    assert_eq!(header(sent, "authorization"), BEARER);
    assert_eq!(header(sent, "content-length"), sent.body.len().to_string());
    let form = form(sent);
    let (described, bytes) = form
        .strip_prefix("--BBB\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n")
        .unwrap()
        .split_once("\r\n--BBB\r\n")
        .unwrap();
    let described: serde_json::Value = serde_json::from_str(described).unwrap();
    assert_eq!(
        described,
        serde_json::json!({"name": "a\n\"b\".txt", "kind": "FILE", "parents": ["p1"]})
    );
    // The name is in the description only, where it cannot break a header.
    assert_eq!(
        bytes,
        "Content-Disposition: form-data; name=\"content\"; filename=\"content\"\r\n\
         Content-Type: application/octet-stream\r\n\r\nhello world\r\n--BBB--\r\n"
    );
}

#[tokio::test]
async fn labels_description_and_local_id_go_with_the_upload() {
    let server = MockServer::start().await;
    answer_all(&server, json(201, FILE)).await;
    let file = NewNode::new("a", "p1")
        .with_labels(["x"])
        .with_description("d")
        .with_local_id("id-1");
    let client = client(&server);
    for deduplicate in [false, true] {
        client
            .upload(&file, pieces(&["x"]), Some(1), deduplicate)
            .await
            .unwrap();
    }
    let lines = lines(&server).await;
    assert_eq!(
        lines,
        [
            "POST /c/nodes?suppress=deduplication&localId=id-1",
            "POST /c/nodes?localId=id-1"
        ]
    );
    let requests = received(&server).await;
    let form = form(&requests[0]);
    assert!(form.contains(r#""labels":["x"]"#) && form.contains(r#""description":"d""#));
}

#[tokio::test]
async fn an_overwrite_sends_nothing_but_the_bytes() {
    let server = MockServer::start().await;
    answer_all(&server, json(200, FILE)).await;
    client(&server)
        .overwrite("n1", pieces(&["hello world"]), Some(11))
        .await
        .unwrap();
    let requests = received(&server).await;
    assert_eq!(
        line(&requests[0]),
        "PUT /c/nodes/n1/content?suppress=deduplication"
    );
    assert_eq!(
        form(&requests[0]),
        "--BBB\r\nContent-Disposition: form-data; name=\"content\"; filename=\"content\"\r\n\
         Content-Type: application/octet-stream\r\n\r\nhello world\r\n--BBB--\r\n"
    );
}

#[tokio::test]
async fn only_bytes_of_unknown_number_are_sent_in_chunks() {
    let server = MockServer::start().await;
    answer_all(&server, json(201, FILE)).await;
    let client = client(&server);
    let file = NewNode::new("a", "p1");
    for (content, size) in [
        (&["x"][..], None),
        (&["", ""], None),
        (&[], None),
        (&[], Some(0)),
        (&["x"], Some(1)),
    ] {
        client
            .upload(&file, pieces(content), size, false)
            .await
            .unwrap();
    }
    let chunked: Vec<bool> = received(&server)
        .await
        .iter()
        .map(|sent| {
            let is_chunked = header(sent, "transfer-encoding") == "chunked";
            assert_ne!(is_chunked, !header(sent, "content-length").is_empty());
            is_chunked
        })
        .collect();
    assert_eq!(chunked, [true, false, false, false, false]);
}

#[tokio::test]
async fn a_source_that_ends_early_stores_nothing() {
    let server = MockServer::start().await;
    answer_all(&server, json(201, FILE)).await;
    let file = NewNode::new("a", "p1");
    let error = client(&server)
        .upload(&file, pieces(&["short"]), Some(11), false)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::SourceChanged, Effect::NotMade)
    );
    let broken = stream::iter([
        Ok(Bytes::from("he")),
        Err(Error::with_message(ErrorKind::Other, "the disk is gone")),
    ]);
    let error = client(&server)
        .upload(&file, broken.boxed(), Some(11), false)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
}

#[tokio::test]
async fn refusals_of_an_upload_are_told_apart_and_not_repeated() {
    let table = [
        (
            json(
                409,
                r#"{"code":"NAME_ALREADY_EXISTS","info":{"nodeId":"f1"},"message":"x"}"#,
            ),
            ErrorKind::AlreadyExists,
            Effect::NotMade,
        ),
        (
            json(
                409,
                r#"{"code":"MD5_DUPLICATE","info":{"nodeId":"f1"},"message":"x"}"#,
            ),
            ErrorKind::AlreadyExists,
            Effect::NotMade,
        ),
        (
            failure(400, r"One of the parentId doesn\u0027t exists"),
            ErrorKind::NotFound,
            Effect::NotMade,
        ),
        (
            json(
                403,
                r#"{"code":"NO_ACTIVE_SUBSCRIPTION_FOUND","message":"File size exceeds account allowance."}"#,
            ),
            ErrorKind::QuotaExceeded,
            Effect::NotMade,
        ),
        (
            failure(429, "Rate exceeded"),
            ErrorKind::RateLimited,
            Effect::NotMade,
        ),
        (
            ResponseTemplate::new(413),
            ErrorKind::TooLarge,
            Effect::NotMade,
        ),
        (
            failure(400, "Cannot complete upload"),
            ErrorKind::Service,
            Effect::Unknown,
        ),
        (
            ResponseTemplate::new(408),
            ErrorKind::Timeout,
            Effect::Unknown,
        ),
        (
            ResponseTemplate::new(504),
            ErrorKind::Service,
            Effect::Unknown,
        ),
        (json(201, ""), ErrorKind::Protocol, Effect::Made),
    ];
    for (answer, kind, effect) in table {
        let server = MockServer::start().await;
        answer_all(&server, answer).await;
        let file = NewNode::new("a", "p1");
        let error = client(&server)
            .upload(&file, pieces(&["x"]), Some(1), true)
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.effect()), (kind, effect), "{error}");
        assert_eq!(count(&server).await, 1);
        let said = ApiError::of(&error);
        let is_duplicate = said.is_some_and(ApiError::is_duplicate_content);
        assert_eq!(is_duplicate, error.to_string().contains("this content"));
        if kind == ErrorKind::AlreadyExists {
            assert_eq!(said.unwrap().conflicting_node.as_deref(), Some("f1"));
        }
    }
}

#[tokio::test]
async fn a_download_comes_whole_or_as_the_part_that_was_asked_for() {
    for (range, sent, answer, expected, delivered) in [
        (None, "", whole(), "hello world", 0..11),
        (
            Some(ByteRange::Window(2..5)),
            "bytes=2-4",
            part("llo", "bytes 2-4/11"),
            "llo",
            2..5,
        ),
        // What lies behind the end is left out.
        (
            Some(ByteRange::Window(6..128)),
            "bytes=6-127",
            part("world", "bytes 6-10/11"),
            "world",
            6..11,
        ),
        (
            Some(ByteRange::From(6)),
            "bytes=6-",
            part("world", "bytes 6-10/11"),
            "world",
            6..11,
        ),
        (
            Some(ByteRange::Last(3)),
            "bytes=-3",
            part("rld", "bytes 8-10/11"),
            "rld",
            8..11,
        ),
        // A range that is ignored must not deliver other bytes than those asked for.
        (
            Some(ByteRange::Window(2..5)),
            "bytes=2-4",
            whole(),
            "llo",
            2..5,
        ),
    ] {
        let server = MockServer::start().await;
        answer_all(&server, answer).await;
        let download = client(&server)
            .download("n1", range.as_ref())
            .await
            .unwrap();
        assert_eq!(
            (download.total, download.range.clone()),
            (Some(11), Some(delivered))
        );
        assert_eq!(text(download).await, expected);
        let requests = received(&server).await;
        assert_eq!(line(&requests[0]), "GET /c/nodes/n1/content");
        assert_eq!(header(&requests[0], "range"), sent);
    }
}

#[tokio::test]
async fn refused_and_wrong_parts_are_errors() {
    for (answer, kind) in [
        (ResponseTemplate::new(416), ErrorKind::InvalidInput),
        (failure(416, "out of range"), ErrorKind::InvalidInput),
        (part("ell", "bytes 1-3/11"), ErrorKind::Protocol),
        (part("llo", "nonsense"), ErrorKind::Protocol),
        (failure(404, "Node does not exists"), ErrorKind::NotFound),
        (failure(403, "not your scope"), ErrorKind::PermissionDenied),
    ] {
        let server = MockServer::start().await;
        answer_all(&server, answer).await;
        let range = ByteRange::Window(2..5);
        let error = client(&server)
            .download("n1", Some(&range))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[tokio::test]
async fn the_token_is_not_taken_along_to_the_storage_and_the_range_is() {
    for status in [301, 302, 307] {
        let (server, storage) = (MockServer::start().await, MockServer::start().await);
        let elsewhere = format!(
            "{}?X-Amz-Algorithm=AWS4&X-Amz-Signature=s",
            at(&storage, "/bucket/key")
        );
        let away = ResponseTemplate::new(status).insert_header("location", elsewhere.as_str());
        answer_all(&server, away).await;
        answer_all(&storage, part("llo", "bytes 2-4/11")).await;
        let range = ByteRange::Window(2..5);
        let download = client(&server).download("n1", Some(&range)).await.unwrap();
        assert_eq!(text(download).await, "llo");
        assert_eq!(header(&received(&server).await[0], "authorization"), BEARER);
        let at_storage = received(&storage).await;
        assert_eq!(
            line(&at_storage[0]),
            "GET /bucket/key?X-Amz-Algorithm=AWS4&X-Amz-Signature=s"
        );
        assert_eq!(header(&at_storage[0], "authorization"), "");
        assert_eq!(header(&at_storage[0], "range"), "bytes=2-4");
    }
}

#[tokio::test]
async fn what_the_storage_refuses_in_xml_is_an_error() {
    let (server, storage) = (MockServer::start().await, MockServer::start().await);
    let elsewhere = at(&storage, "/key?X-Amz-Algorithm=a");
    let away = ResponseTemplate::new(307).insert_header("location", elsewhere.as_str());
    answer_all(&server, away).await;
    let xml = "<Error><Code>InvalidArgument</Code><Message>Header value cannot be represented using ISO-8859-1</Message></Error>";
    let refusal = ResponseTemplate::new(400).set_body_raw(xml, "application/xml");
    answer_all(&storage, refusal).await;
    let error = client(&server).download("n1", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(ApiError::of(&error).is_some_and(|said| said.message.contains("ISO-8859-1")));
}

// Metadata is never looked for elsewhere, or the token would have to go there.
#[tokio::test]
async fn metadata_and_uploads_are_not_redirected() {
    let (server, other) = (MockServer::start().await, MockServer::start().await);
    let away = ResponseTemplate::new(307).insert_header("location", at(&other, "/x").as_str());
    answer_all(&server, away).await;
    let client = client(&server);
    let error = client.node("n1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    let file = NewNode::new("a", "p1");
    let upload = client.upload(&file, pieces(&["x"]), Some(1), false);
    assert_eq!(upload.await.unwrap_err().kind(), ErrorKind::Protocol);
    assert_eq!(count(&other).await, 0);
}

#[tokio::test]
async fn a_temporary_link_is_asked_for_and_used_without_the_token() {
    let (server, host) = (MockServer::start().await, MockServer::start().await);
    let link = at(&host, "/cdproxy/templink/s3cr3t");
    let node = format!(r#"{{"id":"n1","kind":"FILE","tempLink":"{link}"}}"#);
    answer_all(&server, json(200, node)).await;
    answer_all(&host, part("llo", "bytes 2-4/11")).await;
    let client = client(&server);
    let told = client.temporary_link("n1").await.unwrap();
    assert_eq!(lines(&server).await, ["GET /m/nodes/n1?tempLink=true"]);
    assert!(!format!("{told:?}").contains("s3cr3t"));
    let range = ByteRange::Window(2..5);
    let download = client.download_link(&told, Some(&range)).await.unwrap();
    assert_eq!(
        (download.total, text(download).await.as_str()),
        (Some(11), "llo")
    );
    let requests = received(&host).await;
    assert_eq!(line(&requests[0]), "GET /cdproxy/templink/s3cr3t");
    assert_eq!(header(&requests[0], "authorization"), "");
    assert_eq!(header(&requests[0], "range"), "bytes=2-4");
}

#[tokio::test]
async fn a_node_without_a_link_is_told() {
    for (body, kind) in [
        (r#"{"id":"n1","kind":"FOLDER"}"#, ErrorKind::IsADirectory),
        (r#"{"id":"n1","kind":"FILE"}"#, ErrorKind::Protocol),
        (
            r#"{"id":"n1","kind":"FILE","tempLink":""}"#,
            ErrorKind::Protocol,
        ),
    ] {
        let server = MockServer::start().await;
        answer_all(&server, json(200, body)).await;
        let error = client(&server).temporary_link("n1").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{body}");
    }
    let server = MockServer::start().await;
    for text in ["", "no address", "/templink/x"] {
        let link = Secret::new(text);
        let error = client(&server)
            .download_link(&link, None)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text:?}");
    }
}

// rclone takes the page that reports the failure for the content.
#[tokio::test]
async fn a_link_that_has_ended_delivers_an_error_and_no_page() {
    for (status, kind) in [
        (401, ErrorKind::Authentication),
        (403, ErrorKind::PermissionDenied),
        (404, ErrorKind::NotFound),
        (410, ErrorKind::Protocol),
        (416, ErrorKind::InvalidInput),
    ] {
        let server = MockServer::start().await;
        answer_all(&server, failure(status, "Link expired")).await;
        let link = Secret::new(at(&server, "/t/x").to_string());
        let error = client(&server)
            .download_link(&link, None)
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.http_status()), (kind, Some(status)));
        assert_eq!(count(&server).await, 1);
    }
    let server = MockServer::start().await;
    answers(&server, "/t/x", &[ResponseTemplate::new(503), whole()]).await;
    let link = Secret::new(at(&server, "/t/x").to_string());
    let download = client(&server).download_link(&link, None).await.unwrap();
    assert_eq!(text(download).await, "hello world");
}

#[tokio::test]
async fn previews_fit_into_an_edge_or_a_box() {
    let server = MockServer::start().await;
    let picture = ResponseTemplate::new(200).set_body_raw(&b"\xff\xd8jpeg"[..], "image/jpeg");
    request("GET", CONTENT)
        .and(matchers::query_param("viewBox", "100"))
        .respond_with(picture.clone())
        .mount(&server)
        .await;
    request("GET", CONTENT)
        .and(matchers::query_param("viewBox", "200,100"))
        .respond_with(picture.clone())
        .mount(&server)
        .await;
    request("GET", "/t/x")
        .respond_with(picture)
        .mount(&server)
        .await;
    let client = client(&server);
    let link = Secret::new(at(&server, "/t/x?key=1").to_string());
    for preview in [
        client.thumbnail("n1", 100).await.unwrap(),
        client.thumbnail_within("n1", 200, 100).await.unwrap(),
        client.link_thumbnail(&link, 50).await.unwrap(),
    ] {
        assert_eq!(preview.total, Some(6));
        let bytes: Vec<Bytes> = preview.body.try_collect().await.unwrap();
        assert_eq!(bytes.concat(), b"\xff\xd8jpeg");
    }
    assert_eq!(
        lines(&server).await,
        [
            "GET /c/nodes/n1/content?viewBox=100",
            "GET /c/nodes/n1/content?viewBox=200%2C100",
            "GET /t/x?key=1&viewBox=50"
        ]
    );
    let requests = received(&server).await;
    assert_eq!(header(&requests[2], "authorization"), "");
    let server = MockServer::start().await;
    answer_all(&server, failure(400, "no thumbnail")).await;
    let error = crate::common::client(&server).thumbnail("n1", 100).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput);
}
