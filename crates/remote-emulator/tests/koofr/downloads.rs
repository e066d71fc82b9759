//! Downloads: headers, ranges, archives, direct addresses.

use remote_emulator::koofr::{KoofrConfig, KoofrSettings};
use serde_json::{Value, json};

use crate::client::{Request, Server, download, escape};

async fn ranged(server: &Server, path: &str, range: &str) -> (u16, Option<String>, String) {
    let answer = server
        .send(Request::new("GET", download(path)).header("Range", range))
        .await;
    let range = answer.header("content-range").map(str::to_owned);
    let body = if answer.status == 416 {
        answer.code()
    } else {
        answer.text()
    };
    (answer.status, range, body)
}

#[tokio::test]
async fn a_download_describes_the_file_in_its_headers() {
    let server = Server::start().await;
    server.put("/", "ü.txt", "&modified=7", "hello world").await;
    let answer = server.download("/ü.txt").await;
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (200, "hello world")
    );
    assert_eq!(answer.header("content-length"), Some("11"));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    let info: Value = serde_json::from_str(answer.header("x-file-info").unwrap()).unwrap();
    assert_eq!(info, server.info("/ü.txt").await.json());
    let head = server.send(Request::new("HEAD", download("/ü.txt"))).await;
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("11"))
    );
    let named = format!(
        "/content/api/v2/mounts/primary/files/get/anything.bin?path={}&force=true",
        escape("/ü.txt")
    );
    let forced = server.get(&named).await;
    assert_eq!(
        forced.header("content-disposition"),
        Some("attachment; filename*=UTF-8''%C3%BC%2Etxt")
    );
}

#[tokio::test]
async fn ranges_are_answered_row_by_row() {
    let server = Server::start().await;
    server.put("/", "ten", "", "0123456789").await;
    for (range, content_range, body) in [
        ("bytes=0-0", "bytes 0-0/10", "0"),
        ("bytes=2-4", "bytes 2-4/10", "234"),
        ("bytes=5-", "bytes 5-9/10", "56789"),
        ("bytes=-3", "bytes 7-9/10", "789"),
        ("bytes=0-9", "bytes 0-9/10", "0123456789"),
        ("bytes=0-10", "bytes 0-9/10", "0123456789"),
        ("bytes=-10", "bytes 0-9/10", "0123456789"),
        ("bytes=8-100", "bytes 8-9/10", "89"),
    ] {
        let expected = (206, Some(content_range.to_owned()), body.to_owned());
        assert_eq!(ranged(&server, "/ten", range).await, expected, "{range}");
    }
    for range in [
        "bytes=10-",
        "bytes=10-12",
        "bytes=12-9",
        "bytes=-0",
        "bytes=-11",
        "bytes=0-1,3-4",
        "bytes=",
        "bytes=-",
        "bytes= 0-1",
        "items=0-1",
        "",
    ] {
        let expected = (416, Some("bytes */10".to_owned()), "Other".to_owned());
        assert_eq!(ranged(&server, "/ten", range).await, expected, "{range:?}");
    }
}

#[tokio::test]
async fn an_empty_file_is_sent_whole_for_ranges_from_its_start() {
    let server = Server::start().await;
    server.put("/", "zero", "", "").await;
    for range in ["bytes=0-", "bytes=0-0"] {
        assert_eq!(
            ranged(&server, "/zero", range).await,
            (200, None, String::new()),
            "{range}"
        );
    }
    for range in ["bytes=1-", "bytes=-1"] {
        assert_eq!(ranged(&server, "/zero", range).await.0, 416, "{range}");
    }
}

#[tokio::test]
async fn what_is_no_file_is_refused_before_its_range() {
    let server = Server::start().await;
    server.koofr().create_dir("primary", "/dir").unwrap();
    for (path, outcome) in [
        ("/nothing", "404 NotFound"),
        ("/dir", "400 NotFile"),
        ("/", "400 NotFile"),
    ] {
        let request = Request::new("GET", download(path)).header("Range", "bytes=99-1");
        assert_eq!(server.send(request).await.outcome(), outcome, "{path}");
    }
}

#[tokio::test]
async fn the_api_address_redirects_to_the_content_address() {
    let server = Server::start().await;
    server.put("/", "a", "", "abc").await;
    let answer = server.api("GET", "files/get?path=%2Fa").await;
    assert_eq!(answer.status, 303);
    let target = "http://test/content/api/v2.1/mounts/primary/files/get?path=%2Fa";
    assert_eq!(answer.header("location"), Some(target));
}

#[tokio::test]
async fn direct_addresses_need_no_credentials_and_end() {
    let server = Server::start().await;
    server.put("/", "a", "", "abc").await;
    let link = server.api("GET", "files/download?path=/a").await.json()["link"]
        .as_str()
        .unwrap()
        .to_owned();
    let target = link.strip_prefix("http://test").unwrap();
    for _ in 0..2 {
        let answer = server
            .send(
                Request::new("GET", target)
                    .unsigned()
                    .header("Range", "bytes=1-"),
            )
            .await;
        assert_eq!((answer.status, answer.text().as_str()), (206, "bc"));
    }
    server
        .koofr()
        .clock()
        .advance(std::time::Duration::from_secs(3601));
    assert_eq!(
        server
            .send(Request::new("GET", target).unsigned())
            .await
            .outcome(),
        "404 NotFound"
    );
}

#[tokio::test]
async fn archives_hold_the_named_entries() {
    let mut settings = KoofrSettings::default();
    settings.zip_folders = true;
    settings.escape_file_info = true;
    let server = Server::with(KoofrConfig::default().settings(settings)).await;
    for path in ["/d/a.txt", "/d/sub/b.txt", "/d/c.txt"] {
        server.koofr().write("primary", path, path).unwrap();
    }
    let form = |target: &str, body: &str| {
        let request = Request::new("POST", format!("/content/api/v2.1/{target}"));
        request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
    };
    let children = server
        .send(form(
            "mounts/primary/files/get?path=/d",
            "files=a.txt&files=sub",
        ))
        .await;
    assert_eq!(children.header("content-type"), Some("application/zip"));
    let text = String::from_utf8_lossy(&children.body).into_owned();
    assert!(text.contains("a.txt") && text.contains("sub/b.txt") && !text.contains("c.txt"));
    let anywhere = server
        .send(form("files/get/x.zip", "files=primary:/d/c.txt"))
        .await;
    assert!(String::from_utf8_lossy(&anywhere.body).contains("/d/c.txt"));
    assert_eq!(
        server
            .send(form("files/get", "files=primary:/nothing"))
            .await
            .outcome(),
        "404 NotFound"
    );
    assert_eq!(
        server.download("/d").await.header("content-type"),
        Some("application/zip")
    );
    server.koofr().write("primary", "/ü", "").unwrap();
    let info = server
        .download("/ü")
        .await
        .header("x-file-info")
        .unwrap()
        .to_owned();
    assert!(info.is_ascii() && info.contains("\\u00fc"));
    assert_eq!(
        serde_json::from_str::<Value>(&info).unwrap()["name"],
        json!("ü")
    );
}
