//! Photo albums.

use serde_json::Value;

use crate::client::{Request, Server};

async fn page(server: &Server, target: &str) -> Value {
    let answer = server.send_unsigned(&Request::new("GET", target)).await;
    assert_eq!(answer.status, 200, "{target}: {answer:?}");
    answer.json()
}

fn names(page: &Value) -> Vec<&str> {
    let photos = page["photos"].as_array().unwrap();
    photos
        .iter()
        .map(|photo| photo["filename"].as_str().unwrap())
        .collect()
}

async fn filled() -> (Server, String, String) {
    let server = Server::start().await;
    for name in ["a.jpg", "b.mp4", "c.png"] {
        let path = format!("/Jotta/Archive/{name}");
        server
            .jotta()
            .write(&path, format!("content of {name}"))
            .unwrap();
    }
    let files = ["a.jpg", "b.mp4", "c.png"].map(|name| format!("/Jotta/Archive/{name}"));
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let album = server.jotta().share_album("Holidays", &files).unwrap();
    (server, album.id, album.share)
}

#[tokio::test]
async fn a_shared_album_is_read_page_by_page_without_a_sign_in() {
    let (server, id, share) = filled().await;
    let first = page(
        &server,
        &format!("/photos/v1/public/{share}/?order=ASC&limit=2&comments=false"),
    )
    .await;
    assert_eq!(
        (first["id"].as_str(), first["title"].as_str()),
        (Some(&*id), Some("Holidays"))
    );
    assert_eq!(names(&first), ["a.jpg", "b.mp4"]);
    let kinds: Vec<_> = first["photos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|photo| photo["content"].clone())
        .collect();
    assert_eq!(kinds, ["image", "video"]);
    let cursor = first["photos"][1]["timestamp"].as_str().unwrap();
    let rest = page(
        &server,
        &format!("/photos/v1/public/{share}/{cursor}?order=ASC&limit=2"),
    )
    .await;
    assert_eq!(names(&rest), ["c.png"]);
    let last = rest["photos"][0]["timestamp"].as_str().unwrap();
    let end = page(
        &server,
        &format!("/photos/v1/public/{share}/{last}?limit=2"),
    )
    .await;
    assert!(names(&end).is_empty());
    let backwards = page(&server, &format!("/photos/v1/public/{share}/?order=DESC")).await;
    assert_eq!(names(&backwards), ["c.png", "b.mp4", "a.jpg"]);
}

#[tokio::test]
async fn photos_and_previews_are_at_the_addresses_in_it() {
    let (server, _, share) = filled().await;
    let album = page(&server, &format!("/photos/v1/public/{share}/")).await;
    let address = album["photos"][0]["file_url"].as_str().unwrap();
    let path = address
        .strip_prefix(&format!("http://{}", server.address))
        .unwrap();
    for ending in ["", ".s", ".l"] {
        let photo = server
            .send_unsigned(&Request::new("GET", format!("{path}{ending}")))
            .await;
        assert_eq!(
            (photo.status, photo.text().as_str()),
            (200, "content of a.jpg")
        );
        assert_eq!(photo.header("content-type"), Some("image/jpeg"));
    }
    let unknown = server
        .send_unsigned(&Request::new("GET", "/photos/content/x.s"))
        .await;
    assert_eq!(unknown.outcome(), "404 NoSuchFileException");
}

#[tokio::test]
async fn an_album_that_is_not_shared_is_for_its_owner_only() {
    let (server, id, share) = filled().await;
    assert!(server.jotta().unshare_album(&share));
    assert!(!server.jotta().unshare_album(&share));
    let public = format!("/photos/v1/public/{share}/");
    let gone = server.send_unsigned(&Request::new("GET", public)).await;
    assert_eq!(gone.outcome(), "404 NoSuchPathException");
    let own = format!("/photos/v1/albums/{id}");
    let stranger = server
        .send_unsigned(&Request::new("GET", own.as_str()))
        .await;
    assert_eq!(stranger.status, 401);
    let album = server.send(Request::new("GET", own)).await.json();
    assert_eq!(names(&album), ["a.jpg", "b.mp4", "c.png"]);
    let missing = server
        .send(Request::new("GET", "/photos/v1/albums/x"))
        .await;
    assert_eq!(missing.status, 404);
    let bad = Request::new("GET", format!("/photos/v1/public/{share}/soon"));
    assert_eq!(server.send_unsigned(&bad).await.status, 404);
    assert!(
        server
            .jotta()
            .share_album("t", &["/Jotta/Archive/missing"])
            .is_err()
    );
}
