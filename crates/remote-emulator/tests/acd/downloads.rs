//! Downloads: whole and in ranges, through links, from the storage, as small pictures.

use std::time::Duration;

use serde_json::json;

use crate::client::Server;

#[tokio::test]
async fn a_file_comes_whole_or_in_ranges() {
    let server = Server::start().await;
    let id = server
        .upload(&server.root, "a.txt", "0123456789")
        .await
        .id();
    for (range, status, body, content_range) in [
        ("", 200, "0123456789", ""),
        ("bytes=2-4", 206, "234", "bytes 2-4/10"),
        ("bytes=5-", 206, "56789", "bytes 5-9/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"),
        ("bytes=0-134217727", 206, "0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, "", "bytes */10"),
    ] {
        let answer = server.download(&id, range).await;
        assert_eq!(answer.status, status, "{range}");
        assert_eq!(answer.header("content-range"), content_range, "{range}");
        if status != 416 {
            assert_eq!(answer.text(), body, "{range}");
            assert_eq!(answer.header("content-length"), body.len().to_string());
            assert_eq!(answer.header("content-type"), "text/plain");
        }
    }
    assert_eq!(server.download("nope", "").await.status, 404);
    assert_eq!(server.download(&server.root, "").await.status, 400);
    let target = format!("/cdproxy/nodes/{id}/content?download=true");
    let answer = server.send("GET", &target, &[], b"").await;
    assert!(
        answer
            .header("content-disposition")
            .starts_with("attachment")
    );
}

#[tokio::test]
async fn large_files_are_redirected_to_a_storage_that_wants_no_token() {
    let server = Server::with(|settings| settings.redirect_from = 5).await;
    let id = server
        .upload(&server.root, "a b.txt", "0123456789")
        .await
        .id();
    let answer = server.download(&id, "bytes=2-4").await;
    assert_eq!(answer.status, 302);
    let location = answer.header("location").to_owned();
    assert!(location.contains("?X-Amz-Algorithm=AWS4-HMAC-SHA256"));
    let target = location
        .strip_prefix(server.acd().url())
        .unwrap()
        .to_owned();
    let headers = [("Authorization", ""), ("Range", "bytes=2-4")];
    let part = server.send("GET", &target, &headers, b"").await;
    assert_eq!((part.status, part.text().as_str()), (206, "234"));
    let both = server.send("GET", &target, &[], b"").await;
    assert_eq!(both.status, 400);
    assert!(both.text().contains("<Code>InvalidArgument</Code>"));
    assert!(both.text().contains("only the X-Amz-Algorithm"));
    let unsigned = target.split('?').next().unwrap();
    let headers = [("Authorization", "")];
    assert_eq!(
        server.send("GET", unsigned, &headers, b"").await.status,
        403
    );
    server.acd().clock().advance(Duration::from_secs(900));
    assert_eq!(server.send("GET", &target, &headers, b"").await.status, 403);
    // Smaller files come directly, and who comes to a real name is sent to one.
    let small = server.upload(&server.root, "small", "0123").await.id();
    assert_eq!(server.download(&small, "").await.status, 200);
    let target = format!("/cdproxy/nodes/{id}/content");
    let host = [("Host", "content-na.drive.amazonaws.com")];
    let real = server.send("GET", &target, &host, b"").await;
    let location = real.header("location");
    assert!(location.starts_with("https://acd-storage.s3.amazonaws.com/storage/"));
}

#[tokio::test]
async fn the_storage_fails_for_names_beyond_latin_1() {
    let server = Server::with(|settings| {
        settings.redirect_from = 1;
        settings.storage_origin = Some("http://storage.test".to_owned());
    })
    .await;
    for (name, status) in [("é", 200), ("日本", 400)] {
        let id = server.upload(&server.root, name, "x").await.id();
        let answer = server.download(&id, "").await;
        let location = answer.header("location");
        let target = location.strip_prefix("http://storage.test").unwrap();
        let answer = server
            .send("GET", target, &[("Authorization", "")], b"")
            .await;
        assert_eq!(answer.status, status, "{name}");
    }
}

#[tokio::test]
async fn temporary_links_need_no_token_and_end() {
    let server = Server::start().await;
    let root = server.root.clone();
    let id = server.upload(&root, "a", "0123456789").await.id();
    let node = server
        .get(&format!("nodes/{id}?tempLink=true"))
        .await
        .json();
    let link = node["tempLink"].as_str().unwrap().to_owned();
    let target = link.strip_prefix(server.acd().url()).unwrap().to_owned();
    assert!(target.starts_with("/cdproxy/templink/"));
    let headers = [("Authorization", ""), ("Range", "bytes=-2")];
    let part = server.send("GET", &target, &headers, b"").await;
    assert_eq!((part.status, part.text().as_str()), (206, "89"));
    // A folder has none, and that is no error.
    let folder = server.get(&format!("nodes/{root}?tempLink=true")).await;
    assert_eq!(folder.status, 200);
    assert!(folder.json()["tempLink"].is_null());
    let listed = server
        .get(&format!("nodes/{root}/children?tempLink=true"))
        .await;
    assert!(listed.json()["data"][0]["tempLink"].is_string());
    server.acd().expire_links();
    assert_eq!(server.send("GET", &target, &headers, b"").await.status, 403);
    let unknown = server
        .send("GET", "/cdproxy/templink/nope", &headers, b"")
        .await;
    assert_eq!(unknown.status, 403);
}

#[tokio::test]
async fn pictures_and_films_have_small_pictures() {
    let server = Server::start().await;
    let root = server.root.clone();
    let picture = server.upload(&root, "a.jpg", "not really").await.id();
    let text = server.upload(&root, "a.txt", "text").await.id();
    for (id, query, status) in [
        (&picture, "viewBox=100", 200),
        (&picture, "viewBox=100,50", 200),
        (&picture, "viewBox=0", 400),
        (&picture, "viewBox=a", 400),
        (&text, "viewBox=100", 404),
    ] {
        let target = format!("/cdproxy/nodes/{id}/content?{query}");
        let answer = server.send("GET", &target, &[], b"").await;
        assert_eq!(answer.status, status, "{query}");
        if status == 200 {
            assert_eq!(answer.header("content-type"), "image/jpeg");
            assert!(answer.body.starts_with(&[0xff, 0xd8]));
        }
    }
    let assets = async |id: &str| {
        let node = server.get(&format!("nodes/{id}?asset=ALL")).await.json();
        node["assets"].clone()
    };
    let of_picture = assets(&picture).await;
    assert_eq!(of_picture[0]["kind"], "ASSET");
    assert_eq!(of_picture[0]["parents"], json!([picture]));
    assert_eq!(assets(&text).await, json!([]));
    let plain = server.get(&format!("nodes/{picture}")).await.json();
    assert!(plain["assets"].is_null());
}

#[tokio::test]
async fn files_of_zeros_have_any_size() {
    let server = Server::start().await;
    let size = 9 << 40;
    server
        .acd()
        .change_settings(|settings| settings.redirect_from = u64::MAX);
    let id = server.acd().write_zeros("/huge", size, None).unwrap();
    let node = server.get(&format!("nodes/{id}")).await.json();
    assert_eq!(node["contentProperties"]["size"], size);
    assert!(node["contentProperties"]["md5"].is_null());
    let end = server.download(&id, "bytes=-600000").await;
    assert_eq!(end.body, vec![0; 600_000]);
}

#[tokio::test]
async fn parts_of_one_file_are_fetched_at_the_same_time() {
    let server = Server::start().await;
    let root = server.root.clone();
    let id = server.upload(&root, "f", "0123456789").await.id();
    let (one, two, three) = tokio::join!(
        server.download(&id, "bytes=0-3"),
        server.download(&id, "bytes=4-7"),
        server.download(&id, "bytes=8-134217727"),
    );
    assert_eq!([one.status, two.status, three.status], [206; 3]);
    assert_eq!(
        [one.text(), two.text(), three.text()].concat(),
        "0123456789"
    );
}
