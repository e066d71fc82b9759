//! Downloads: the parameters, what is read from the head of the answer, ranges that are honoured, ignored and wrong, archives.

use crate::common::{client, failure, json, once, queries, request};
use bytes::Bytes;
use futures::TryStreamExt as _;
use koofr_api::{
    api::download::{ByteRange, FileDownload, GetOptions, Thumbnail},
    model::job::FileAddress,
};
use remote_core::error::{Error, ErrorKind, Result};
use wiremock::{MockServer, ResponseTemplate, matchers};

const GET: &str = "/content/api/v2.1/mounts/m/files/get";
const INFO: &str = r#"{"name":"é.txt","type":"file","modified":5,"size":11,"hash":"5eb63bbbe01eeed093cb22bb8f5acdc3"}"#;

async fn text(download: FileDownload) -> String {
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

async fn get(range: Option<ByteRange>, answer: ResponseTemplate) -> Result<FileDownload> {
    let server = MockServer::start().await;
    once(&server, request("GET", GET), answer).await;
    let mut options = GetOptions::default();
    options.range = range;
    client(&server).get("m", "/é.txt", &options).await
}

#[tokio::test]
async fn the_file_comes_with_what_is_known_about_it() {
    for name in [INFO.to_owned(), INFO.replace('é', "\\u00e9")] {
        let answer = whole().insert_header(
            "x-file-info",
            http::HeaderValue::from_bytes(name.as_bytes()).unwrap(),
        );
        let download = get(None, answer).await.unwrap();
        let info = download.info.as_ref().unwrap();
        assert_eq!((info.name.as_str(), info.size), ("é.txt", Some(11)));
        assert_eq!(
            (download.total, download.range.clone()),
            (Some(11), Some(0..11))
        );
        assert_eq!(download.content_type.as_deref(), Some("text/plain"));
        assert_eq!(text(download).await, "hello world");
    }
}

#[tokio::test]
async fn a_missing_or_broken_description_is_no_failure() {
    for answer in [whole(), whole().insert_header("x-file-info", "{")] {
        let download = get(None, answer).await.unwrap();
        assert!(download.info.is_none());
        assert_eq!(text(download).await, "hello world");
    }
}

#[tokio::test]
async fn each_form_of_range_is_sent_as_one() {
    let table = [
        (
            ByteRange::Window(2..5),
            "bytes=2-4",
            part("llo", "bytes 2-4/11"),
        ),
        (
            ByteRange::From(6),
            "bytes=6-",
            part("world", "bytes 6-10/11"),
        ),
        (ByteRange::Last(3), "bytes=-3", part("rld", "bytes 8-10/11")),
    ];
    for (range, header, answer) in table {
        let server = MockServer::start().await;
        let asked = request("GET", GET).and(matchers::header("range", header));
        once(&server, asked, answer).await;
        let options = GetOptions::default().with_range(range);
        let download = client(&server).get("m", "/a", &options).await.unwrap();
        assert_eq!(download.total, Some(11));
        let length = download.range.clone().map(|range| range.end - range.start);
        assert_eq!(text(download).await.len() as u64, length.unwrap());
    }
}

#[tokio::test]
async fn an_ignored_range_is_cut_out() {
    let table = [
        (ByteRange::Window(2..5), "llo", 2..5),
        (ByteRange::Window(6..100), "world", 6..11),
        (ByteRange::From(6), "world", 6..11),
        (ByteRange::Last(3), "rld", 8..11),
    ];
    for (range, expected, delivered) in table {
        let download = get(Some(range), whole()).await.unwrap();
        assert_eq!(download.range, Some(delivered));
        assert_eq!(text(download).await, expected);
    }
}

#[tokio::test]
async fn another_part_than_the_one_asked_for_is_a_failure() {
    for answer in [
        part("ell", "bytes 1-3/11"),
        part("llo", "bytes 2-3/11"),
        part("llo", "nonsense"),
    ] {
        let error = get(Some(ByteRange::Window(2..5)), answer)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
    }
    let error = get(None, part("llo", "bytes 2-4/11")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn failures_have_their_kinds() {
    let kind = async |answer| {
        get(Some(ByteRange::From(20)), answer)
            .await
            .map_err(|error: Error| error.kind())
    };
    assert_eq!(
        kind(failure(416, "Other")).await.unwrap_err(),
        ErrorKind::InvalidInput
    );
    assert_eq!(
        kind(failure(404, "NotFound")).await.unwrap_err(),
        ErrorKind::NotFound
    );
    assert_eq!(
        kind(failure(404, "DeviceOffline")).await.unwrap_err(),
        ErrorKind::StorageOffline
    );
    assert_eq!(
        kind(failure(400, "NotFile")).await.unwrap_err(),
        ErrorKind::IsADirectory
    );
    assert_eq!(kind(whole()).await.unwrap_err(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn empty_ranges_are_refused_before_anything_is_sent() {
    let server = MockServer::start().await;
    let options = GetOptions::default().with_range(ByteRange::Window(5..5));
    let error = client(&server).get("m", "/a", &options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(crate::common::count(&server).await, 0);
}

#[tokio::test]
async fn pages_are_content_like_any_other() {
    let page = ResponseTemplate::new(200).set_body_raw("<html>mine", "text/html");
    assert_eq!(text(get(None, page).await.unwrap()).await, "<html>mine");
}

#[tokio::test]
async fn versions_previews_and_renditions_are_asked_for_by_parameter() {
    let server = MockServer::start().await;
    once(
        &server,
        request("GET", &format!("{GET}/a%20b.txt")),
        whole(),
    )
    .await;
    let options = GetOptions::default()
        .with_version("v1")
        .with_thumbnail(Thumbnail::Shmedium)
        .with_convert("pdf")
        .with_force(true);
    client(&server)
        .get_as("m", "/a b.txt", "a b.txt", &options)
        .await
        .unwrap();
    assert_eq!(
        queries(&server).await,
        ["path=/a%20b.txt&version=v1&thumb=shmedium&convert=pdf&force=true"]
    );
}

#[tokio::test]
async fn the_beginning_of_a_download_is_repeated_after_a_failure() {
    let server = MockServer::start().await;
    request("GET", GET)
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    request("GET", GET)
        .respond_with(whole())
        .mount(&server)
        .await;
    let download = client(&server)
        .get("m", "/a", &GetOptions::default())
        .await
        .unwrap();
    assert_eq!(text(download).await, "hello world");
}

#[tokio::test]
async fn archives_are_asked_for_by_form() {
    let server = MockServer::start().await;
    let asked = request("POST", GET)
        .and(matchers::query_param("path", "/d"))
        .and(matchers::header(
            "content-type",
            "application/x-www-form-urlencoded",
        ))
        .and(matchers::body_string("files=a%20b&files=c"));
    let archive = || ResponseTemplate::new(200).set_body_raw("PK", "application/zip");
    once(&server, asked, archive()).await;
    let asked = request("POST", "/content/api/v2.1/files/get")
        .and(matchers::body_string("files=m%3A%2Fa&files=n%3A%2Fb"));
    once(&server, asked, archive()).await;
    let client = client(&server);
    assert_eq!(
        text(client.zip("m", "/d", &["a b", "c"]).await.unwrap()).await,
        "PK"
    );
    let files = [FileAddress::new("m", "/a"), FileAddress::new("n", "/b")];
    assert_eq!(text(client.zip_files(&files).await.unwrap()).await, "PK");
    assert_eq!(
        client.zip("m", "/d", &[]).await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    let long = "x".repeat(1_000_000);
    let names = vec![long.as_str(); 11];
    assert_eq!(
        client.zip("m", "/d", &names).await.unwrap_err().kind(),
        ErrorKind::TooLarge
    );
}

#[tokio::test]
async fn addresses_of_content_are_handed_out_as_secrets() {
    let server = MockServer::start().await;
    let elsewhere =
        ResponseTemplate::new(303).insert_header("location", "https://h/content?token=s3cret");
    once(
        &server,
        request("GET", "/api/v2.1/mounts/m/files/get"),
        elsewhere,
    )
    .await;
    once(
        &server,
        request("GET", "/api/v2.1/mounts/m/files/download"),
        json(200, r#"{"link":"https://h/s3cret"}"#),
    )
    .await;
    let client = client(&server);
    let url = client.content_url("m", "/a").await.unwrap();
    let link = client.download_link("m", "/a").await.unwrap();
    assert_eq!(link.expose(), "https://h/s3cret");
    assert!(!format!("{url:?}{link:?}").contains("s3cret"));
}
