//! Photo albums.

use futures::TryStreamExt as _;
use jotta_api::{
    Client,
    api::albums::{PhotoSize, photo_page},
    model::album::{Album, Photo, PhotoKind},
};
use remote_core::error::{ErrorKind, report};
use serde_json::json;
use wiremock::{MockServer, ResponseTemplate, matchers};

use crate::common::{at, client, header, json, once, only, request, trace};

fn photo(server: &MockServer, number: u64) -> serde_json::Value {
    let address = format!("{}/content/{number}", server.uri());
    json!({
        "id": format!("p{number}"), "filename": format!("{number}.jpg"), "width": 4, "height": 3, "mimetype": "image/jpeg",
        "timestamp": (1_700_000_000_000_000_000 + number).to_string(), "capturedDate": 1_700_000_000_000_u64, "content": "image",
        "duration": 0, "hidden": false, "deleted": false, "thumbnail_url": address, "file_url": address,
    })
}

fn page(photos: &[serde_json::Value]) -> ResponseTemplate {
    let album = json!({"id": "a1", "title": "Holidays", "lastModified": 1_700_000_000_000_u64, "photos": photos});
    json(200, album.to_string())
}

async fn album(server: &MockServer, client: &Client) -> Album {
    let first = request("GET", "/photos/v1/public/share%20me/");
    first
        .respond_with(page(&[photo(server, 1)]))
        .mount(server)
        .await;
    client.public_album("share me", None, 5).await.unwrap()
}

#[tokio::test]
async fn a_shared_album_is_read_without_a_token() {
    let server = MockServer::start().await;
    let album = album(&server, &client(&server)).await;
    assert_eq!(
        (album.id.as_str(), album.title.as_str()),
        ("a1", "Holidays")
    );
    assert_eq!(album.modified, Some(at(1_700_000_000)));
    let [photo] = album.photos.as_slice() else {
        panic!("{album:?}")
    };
    assert_eq!((&photo.kind, photo.width), (&PhotoKind::Image, Some(4)));
    assert_eq!(photo.captured, Some(at(1_700_000_000)));
    assert_eq!(
        photo_page("share me", photo).as_str(),
        "https://jottacloud.com/share/share%20me/p1"
    );
    assert_eq!(header(&only(&server).await, "authorization"), "");
    assert_eq!(
        trace(&server).await,
        ["GET /photos/v1/public/share%20me/?order=ASC&limit=5&comments=false"]
    );
}

#[tokio::test]
async fn all_photos_come_page_by_page() {
    let server = MockServer::start().await;
    let full: Vec<_> = (0..100).map(|number| photo(&server, number)).collect();
    let first = request("GET", "/photos/v1/public/s/");
    first
        .respond_with(page(&full))
        .expect(1)
        .mount(&server)
        .await;
    let cursor = "/photos/v1/public/s/1700000000000000099";
    let last = request("GET", cursor);
    let rest = page(&[photo(&server, 100), photo(&server, 101)]);
    last.respond_with(rest).expect(1).mount(&server).await;
    let photos: Vec<Photo> = client(&server)
        .public_photos("s")
        .try_collect()
        .await
        .unwrap();
    let ids: Vec<_> = photos.iter().map(|photo| photo.id.clone()).collect();
    let expected: Vec<_> = (0..102).map(|number| format!("p{number}")).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn pages_that_lead_nowhere_or_in_a_circle_are_a_failure() {
    let server = MockServer::start().await;
    let mut full: Vec<_> = (0..100).map(|number| photo(&server, number)).collect();
    let any = wiremock::Mock::given(matchers::path_regex("^/photos/v1/public/circle/"));
    any.respond_with(page(&full)).mount(&server).await;
    full[99]["timestamp"] = json!("");
    let nowhere = request("GET", "/photos/v1/public/nowhere/");
    nowhere.respond_with(page(&full)).mount(&server).await;
    for share in ["circle", "nowhere"] {
        let photos = client(&server).public_photos(share);
        let error = photos.try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{share}");
    }
    assert_eq!(trace(&server).await.len(), 3);
}

#[tokio::test]
async fn an_album_of_ones_own_is_asked_for_with_the_token() {
    let server = MockServer::start().await;
    let own = request("GET", "/photos/v1/albums/a1");
    once(&server, own, page(&[])).await;
    let album = client(&server).album("a1").await.unwrap();
    assert!(album.photos.is_empty() && album.title == "Holidays");
    let gone = request("GET", "/photos/v1/albums/a2");
    once(&server, gone, json(404, r#"{"code":404}"#)).await;
    assert!(
        client(&server)
            .album("a2")
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn photos_and_previews_are_fetched_without_a_token_from_the_service_only() {
    let server = MockServer::start().await;
    let client = client(&server);
    let album = album(&server, &client).await;
    let mut photo = album.photos[0].clone();
    for (size, path) in [
        (PhotoSize::Original, "/content/1"),
        (PhotoSize::Small, "/content/1.s"),
        (PhotoSize::Large, "/content/1.l"),
    ] {
        let content = ResponseTemplate::new(200).set_body_string(path);
        request("GET", path)
            .respond_with(content)
            .mount(&server)
            .await;
        let download = client.photo(&photo, size).await.unwrap();
        let pieces: Vec<bytes::Bytes> = download.body.try_collect().await.unwrap();
        assert_eq!(pieces.concat(), path.as_bytes());
    }
    for request in server.received_requests().await.unwrap() {
        assert_eq!(header(&request, "authorization"), "");
    }
    for (address, word) in [
        ("https://photos.evil.example/canary", "not one of its hosts"),
        ("canary", "no address"),
        ("", "no address"),
    ] {
        photo.file_url = address.into();
        let error = client.photo(&photo, PhotoSize::Original).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains(word), "{error}");
        assert!(!report(&error).contains("canary"), "{}", report(&error));
    }
    photo.file_url = format!("{}/content/ended", server.uri()).into();
    let error = client.photo(&photo, PhotoSize::Original).await.unwrap_err();
    assert!(error.is_not_found());
}

#[tokio::test]
async fn odd_albums_are_errors_or_empty() {
    for (body, expected) in [
        ("{}", Ok(0)),
        (r#"{"photos":[{}]}"#, Ok(1)),
        (r#"{"photos":{}}"#, Err(ErrorKind::Protocol)),
        ("[]", Err(ErrorKind::Protocol)),
        ("<html>", Err(ErrorKind::Protocol)),
    ] {
        let server = MockServer::start().await;
        let album = request("GET", "/photos/v1/public/s/");
        album.respond_with(json(200, body)).mount(&server).await;
        let found = client(&server).public_album("s", None, 1).await;
        let found = found.map(|album| album.photos.len());
        assert_eq!(found.map_err(|error| error.kind()), expected, "{body}");
    }
}
