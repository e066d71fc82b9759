//! Downloads, old revisions, thumbnails and public links.

use crate::client::{Request, Server};
use crate::xml;

fn ranged(server: &Server, range: &str) -> Request {
    Request::new("GET", server.target("/Jotta/Archive/a.txt?mode=bin")).header("Range", range)
}

#[tokio::test]
async fn files_are_sent_whole_or_in_part() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a.txt", b"0123456789").await;
    let whole = server.get("/Jotta/Archive/a.txt?mode=bin").await;
    assert_eq!((whole.status, &*whole.body), (200, &b"0123456789"[..]));
    assert_eq!(whole.header("content-length"), Some("10"));
    assert_eq!(whole.header("content-type"), Some("text/plain"));
    let rows: [(&str, u16, &[u8]); 6] = [
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=8-99", 206, b"89"),
        ("bytes=0-9", 206, b"0123456789"),
        ("bytes=10-12", 416, b""),
        ("bytes=4-2", 416, b""),
    ];
    for (range, status, body) in rows {
        let part = server.send(ranged(&server, range)).await;
        assert_eq!(part.status, status, "{range}");
        if status == 206 {
            assert_eq!(part.body, body, "{range}");
        } else {
            assert_eq!(part.outcome(), "416 RequestedRangeNotSatisfiedException");
        }
    }
    let part = server.send(ranged(&server, "bytes=2-4")).await;
    assert_eq!(part.header("content-range"), Some("bytes 2-4/10"));
    let head = Request::new("HEAD", server.target("/Jotta/Archive/a.txt?mode=bin"));
    assert_eq!(server.send(head).await.header("content-length"), Some("10"));
}

#[tokio::test]
async fn an_empty_file_has_no_ranges_to_refuse() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a.txt", b"").await;
    assert_eq!(server.send(ranged(&server, "bytes=0-")).await.status, 200);
    assert_eq!(server.send(ranged(&server, "bytes=1-")).await.status, 416);
}

#[tokio::test]
async fn old_revisions_can_be_read_and_restored() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a.txt", b"one").await;
    server.put("/Jotta/Archive/a.txt", b"two").await;
    let bin = |query: &str| format!("/Jotta/Archive/a.txt?mode=bin{query}");
    assert_eq!(server.get(&bin("&revision=1")).await.body, b"one");
    assert_eq!(server.get(&bin("&revision=2")).await.body, b"two");
    assert_eq!(server.get(&bin("&revision=3")).await.status, 404);
    assert_eq!(server.get(&bin("&revision=x")).await.status, 400);
    let restored = server.hash_copy("/Jotta/Archive/a.txt", b"one").await.xml();
    assert_eq!(xml::element(&restored, "number"), Some("3"));
    assert_eq!(server.get(&bin("")).await.body, b"one");
    server
        .jotta()
        .change_settings(|settings| settings.old_revisions = false);
    assert_eq!(server.get(&bin("&revision=2")).await.body, b"one");
}

#[tokio::test]
async fn images_have_thumbnails() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/p.jpg", b"picture").await;
    server.put("/Jotta/Archive/a.txt", b"text").await;
    for size in ["WS", "WM", "WL", "WXL"] {
        let thumb = server
            .get(&format!("/Jotta/Archive/p.jpg?mode=thumb&ts={size}"))
            .await;
        assert_eq!(thumb.header("content-type"), Some("image/jpeg"));
    }
    assert_eq!(
        server
            .get("/Jotta/Archive/p.jpg?mode=thumb&ts=XX")
            .await
            .status,
        400
    );
    assert_eq!(
        server
            .get("/Jotta/Archive/a.txt?mode=thumb&ts=WS")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn links_are_made_and_taken_back_without_harm_when_repeated() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/d/a.txt", b"shared").await;
    let on = server.xml("/Jotta/Archive/d/a.txt?mode=enableShare").await;
    let uri = xml::element(&on, "publicURI").unwrap().to_owned();
    assert!(uri.len() == 32 && uri.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let page = xml::element(&on, "publicSharePath").unwrap().to_owned();
    let again = server.xml("/Jotta/Archive/d/a.txt?mode=enableShare").await;
    assert_eq!(xml::element(&again, "publicURI"), Some(&*uri));
    assert_eq!(
        xml::element(&server.xml("/Jotta/Archive/d/a.txt").await, "publicURI"),
        Some(&*uri)
    );

    let target = format!("/opin/io/downloadPublic/{}/{uri}", server.user);
    let download = server
        .send_unsigned(&Request::new("GET", target.as_str()))
        .await;
    assert_eq!(download.body, b"shared");
    let page = server
        .send_unsigned(&Request::new("GET", format!("/{page}")))
        .await;
    assert!(page.text().contains("a.txt"));
    let wrong = format!("/opin/io/downloadPublic/somebody/{uri}");
    assert_eq!(
        server
            .send_unsigned(&Request::new("GET", wrong))
            .await
            .status,
        404
    );
    let links = server.xml("/Jotta/Links").await;
    assert_eq!(xml::names(&links, "file"), ["a.txt"]);
    assert_eq!(xml::element(&links, "publicURI"), Some(&*uri));

    let off = server.xml("/Jotta/Archive/d/a.txt?mode=disableShare").await;
    assert!(!off.contains("publicURI"));
    assert!(
        !server
            .xml("/Jotta/Archive/d/a.txt?mode=disableShare")
            .await
            .contains("publicURI")
    );
    assert_eq!(
        server
            .send_unsigned(&Request::new("GET", target))
            .await
            .status,
        404
    );
    assert_eq!(
        server
            .get("/Jotta/Archive/no?mode=enableShare")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_shared_folder_is_an_archive() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/d/a.txt", b"shared").await;
    let on = server.xml("/Jotta/Archive/d?mode=enableShare").await;
    let uri = xml::element(&on, "publicURI").unwrap();
    let target = format!("/opin/io/downloadPublic/{}/{uri}", server.user);
    let archive = server.send_unsigned(&Request::new("GET", target)).await;
    assert_eq!(archive.header("content-type"), Some("application/zip"));
    assert!(archive.body.starts_with(b"PK"));
    let target = format!("/opin/io/streamPublic/{}/{uri}", server.user);
    let refused = server.send_unsigned(&Request::new("GET", target)).await;
    assert_eq!(refused.status, 404);
    let mount = server.xml("/Jotta/Archive?mode=enableShare").await;
    assert!(mount.contains("publicURI"));
    assert_eq!(server.get("/Jotta?mode=enableShare").await.status, 404);
}

#[tokio::test]
async fn a_shared_file_is_streamed_and_an_image_has_a_preview() {
    let server = Server::start().await;
    for (name, previews) in [("a.txt", 404), ("a.png", 200)] {
        let path = format!("/Jotta/Archive/{name}");
        server.put(&path, b"0123456789").await;
        let on = server.xml(&format!("{path}?mode=enableShare")).await;
        let uri = xml::element(&on, "publicURI").unwrap();
        let target = |place| format!("/opin/io/{place}/{}/{uri}", server.user);
        let part = Request::new("GET", target("streamPublic")).header("range", "bytes=2-4");
        let part = server.send_unsigned(&part).await;
        assert_eq!((part.status, part.body.as_slice()), (206, &b"234"[..]));
        let preview = Request::new("GET", target("publicThumb"));
        let preview = server.send_unsigned(&preview).await;
        assert_eq!(preview.status, previews, "{name}");
    }
}
