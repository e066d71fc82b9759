//! Uploads: modes, conditions, framings, and what happens when they break.

use remote_emulator::koofr::KoofrConfig;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::{Request, Server, basic, put, read_response};

/// `/file` (4 bytes, time 1000) and the folder `/dir`.
async fn sample() -> Server {
    let server = Server::start().await;
    server.put("/", "file", "&modified=1000", "file").await;
    server.koofr().create_dir("primary", "/dir").unwrap();
    server
}

const MD5: &str = "8c7dd922ad47494fc02c388e12c00eac";

#[tokio::test]
async fn the_mode_follows_from_the_parameters() {
    // What an upload to the existing `/file` does, per query: replaces, is renamed, or is refused.
    for (query, name, outcome) in [
        ("", "file (1)", "200"),
        ("&autorename=true", "file (1)", "200"),
        ("&autorename=FALSE", "file (1)", "200"),
        ("&overwrite=True", "file (1)", "200"),
        ("&overwriteIgnoreNonexisting=true", "file (1)", "200"),
        ("&autorename=false", "", "409 Conflict"),
        ("&autorename=false&overwrite=false", "", "409 Conflict"),
        ("&overwrite=true", "file", "200"),
        ("&overwrite=true&autorename=true", "file", "200"),
        (
            "&autorename=false&overwrite=true&overwriteIgnoreNonexisting=",
            "file",
            "200",
        ),
        ("&overwriteIgnoreNonexistent=", "file", "200"),
        ("&overwriteIfSize=4", "file", "200"),
        ("&overwriteIfSize=4&overwriteIfModified=1000", "file", "200"),
        ("&overwriteIfSize=5", "", "409 Conflict"),
        ("&overwriteIfModified=999", "", "409 Conflict"),
        ("&overwriteIfHash=", "", "409 Conflict"),
        (
            "&overwriteIfHash=8C7DD922AD47494FC02C388E12C00EAC",
            "",
            "409 Conflict",
        ),
        (
            "&overwriteIfHash=8c7dd922ad47494fc02c388e12c00eac",
            "file",
            "200",
        ),
        ("&overwriteIfSize=", "", "400"),
        ("&overwriteIfSize=1.5", "", "400"),
        ("&modified=x", "", "400"),
        ("&size=wrong", "file (1)", "200"),
        ("&overwrite=true&overwrite=true", "", "400"),
    ] {
        let server = sample().await;
        let answer = server.put("/", "file", query, "new").await;
        assert_eq!(answer.outcome(), outcome, "{query}");
        if outcome == "200" {
            assert_eq!(answer.json()["name"], name, "{query}");
            assert_eq!(
                server.koofr().read("primary", name).unwrap().unwrap(),
                "new"
            );
        } else {
            assert_eq!(
                server.koofr().read("primary", "file").unwrap().unwrap(),
                "file"
            );
        }
    }
}

#[tokio::test]
async fn missing_targets_and_folders_have_rows_of_their_own() {
    for (name, query, outcome) in [
        ("new", "", "200"),
        ("new", "&autorename=false", "200"),
        ("new", "&overwrite=true", "200"),
        ("new", "&overwriteIfSize=4", "409 Conflict"),
        (
            "new",
            "&overwriteIfSize=4&overwriteIgnoreNonexisting=",
            "200",
        ),
        ("dir", "&autorename=false", "409 Conflict"),
        ("dir", "&overwrite=true", "400 NotFile"),
        ("dir", "&overwriteIfSize=1", "409 Conflict"),
        ("dir", "&overwriteIfSize=0", "400 NotFile"),
        (
            "dir",
            "&overwriteIfSize=0&overwriteIfHash=x",
            "409 Conflict",
        ),
    ] {
        let server = sample().await;
        assert_eq!(
            server.put("/", name, query, "new").await.outcome(),
            outcome,
            "{name} {query}"
        );
    }
    let server = sample().await;
    assert_eq!(
        server.put("/", "dir", "", "new").await.json()["name"],
        "dir (1)"
    );
}

#[tokio::test]
async fn conflicts_come_before_a_missing_parent() {
    let server = sample().await;
    for (parent, query, outcome) in [
        ("/nothing", "", "404 NotFound"),
        ("/nothing", "&overwriteIfSize=4", "409 Conflict"),
        ("/file", "", "400 NotDir"),
    ] {
        assert_eq!(
            server.put(parent, "x", query, "new").await.outcome(),
            outcome,
            "{parent} {query}"
        );
    }
    for name in ["a/b", "..", "a\u{1}"] {
        let answer = server.put("/", name, "", "x").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, ""),
            "{name:?}"
        );
    }
    let unknown = "/content/api/v2.1/mounts/nowhere/files/put?path=/&filename=x&info=true";
    assert_eq!(
        server
            .send(Request::new("POST", unknown).body("x"))
            .await
            .outcome(),
        "404 NotFound"
    );
}

#[tokio::test]
async fn overwriting_keeps_and_extends_tags_and_takes_the_new_spelling() {
    let server = Server::start().await;
    server.put("/", "Doc", "&tags=a%3D1", "one").await;
    let answer = server
        .put(
            "/",
            "DOC",
            "&overwrite=true&tags=a%3D2&tags=b%3D3&modified=0",
            "two",
        )
        .await
        .json();
    assert_eq!(answer["tags"], json!({"a": ["1", "2"], "b": ["3"]}));
    assert_eq!(
        (answer["name"].as_str(), answer["modified"].as_i64()),
        (Some("DOC"), Some(0))
    );
    assert_eq!(server.names("/").await, ["DOC"]);
}

#[tokio::test]
async fn without_info_the_answer_is_an_array_of_names() {
    let server = sample().await;
    let target = "/content/api/v2/mounts/primary/files/put?path=/&filename=file";
    let answer = server.send(Request::new("POST", target).body("x")).await;
    assert_eq!(answer.json(), json!([{"name": "file (1)"}]));
    let answer = server
        .send(Request::new("POST", format!("{target}&info=yes")).body("x"))
        .await;
    assert_eq!((answer.status, answer.code().as_str()), (400, ""));
    let nameless = "/content/api/v2/mounts/primary/files/put?path=/";
    assert_eq!(
        server
            .send(Request::new("POST", nameless).body("x"))
            .await
            .status,
        400
    );
}

fn multipart(query: &str, body: &str) -> Request {
    let target = format!("/content/api/v2/mounts/primary/files/put?path=/&info=true{query}");
    Request::new("POST", target)
        .header("Content-Type", "multipart/form-data; boundary=XX")
        .body(body)
}

const FORM: &str = "--XX\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nignored\r\n--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"dummy\"\r\nContent-Type: image/png\r\n\r\nfile\r\n--XX--\r\n";

#[tokio::test]
async fn a_form_brings_content_and_perhaps_the_name() {
    let server = Server::start().await;
    let answer = server.send(multipart("&filename=a.txt", FORM)).await.json();
    assert_eq!(
        (answer["name"].as_str(), answer["hash"].as_str()),
        (Some("a.txt"), Some(MD5))
    );
    assert_eq!(answer["contentType"], "text/plain");
    let answer = server.send(multipart("", FORM)).await.json();
    assert_eq!(
        (answer["name"].as_str(), answer["size"].as_u64()),
        (Some("dummy"), Some(4))
    );
    // The digest in the log is that of the file, so that raw and form uploads compare.
    assert!(
        server
            .koofr()
            .requests()
            .iter()
            .all(|record| record.body_md5.as_deref() == Some(MD5))
    );
    let nothing = "--XX\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n--XX--\r\n";
    assert_eq!(
        server.send(multipart("&filename=b", nothing)).await.status,
        400
    );
}

#[tokio::test]
async fn a_form_without_its_end_leaves_no_entry() {
    let server = Server::start().await;
    let end = FORM.rfind("\r\n--XX--").unwrap();
    for length in [0, 4, end - 2, end, end + 2, end + 6, end + 7] {
        let answer = server
            .send(multipart("&filename=a.txt", FORM.get(..length).unwrap()))
            .await;
        assert_eq!(answer.status, 400, "{length}");
    }
    assert_eq!(server.koofr().counts("primary").unwrap(), (0, 0));
}

fn chunked_head(filename: &str) -> String {
    format!(
        "POST /content/api/v2.1/mounts/primary/files/put?path=/&filename={filename}&info=true HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        basic(
            remote_emulator::koofr::DEFAULT_USER,
            remote_emulator::koofr::DEFAULT_PASSWORD
        )
    )
}

#[tokio::test]
async fn chunked_bodies_are_stored_when_their_last_chunk_came() {
    let server = Server::start().await;
    let whole = chunked_head("a") + "2\r\nfi\r\n2\r\nle\r\n0\r\n\r\n";
    let answer = server.raw("POST", whole.as_bytes()).await.unwrap();
    assert_eq!(answer.json()["hash"], MD5);

    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all((chunked_head("b") + "4\r\nfile\r\n").as_bytes())
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    assert!(
        read_response(&mut stream, "POST")
            .await
            .is_none_or(|answer| answer.status >= 400)
    );
    assert_eq!(server.names("/").await, ["a"]);
}

#[tokio::test]
async fn a_body_shorter_than_announced_leaves_no_entry() {
    let server = Server::start().await;
    let head = chunked_head("a").replace("Transfer-Encoding: chunked", "Content-Length: 9");
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all((head + "file").as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    assert!(
        read_response(&mut stream, "POST")
            .await
            .is_none_or(|answer| answer.status >= 400)
    );
    assert!(server.names("/").await.is_empty());
}

#[tokio::test]
async fn a_refusal_comes_after_the_body_and_keeps_the_connection() {
    let server = sample().await;
    let head = chunked_head("file").replace("&info=true", "&info=true&autorename=false");
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, "x".repeat(1 << 20));
    for _ in 0..8 {
        stream.write_all(chunk.as_bytes()).await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(
        read_response(&mut stream, "POST").await.unwrap().outcome(),
        "409 Conflict"
    );
    stream
        .write_all(b"GET /profile HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(read_response(&mut stream, "GET").await.unwrap().status, 200);
}

#[tokio::test]
async fn of_racing_creations_exactly_one_wins() {
    let server = Server::start().await;
    let uploads = (0..8).map(|n| {
        let body = n.to_string();
        let server = &server;
        async move {
            server
                .put("/", "lock", "&autorename=false", &body)
                .await
                .status
        }
    });
    let mut outcomes = futures::future::join_all(uploads).await;
    outcomes.sort_unstable();
    assert_eq!(outcomes, [200, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn the_decision_is_made_again_when_the_body_has_arrived() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = chunked_head("a").replace("&info=true", "&info=true&autorename=false");
    stream
        .write_all((head + "4\r\nslow\r\n").as_bytes())
        .await
        .unwrap();
    // The first half must have passed its first check before somebody else creates the file.
    while server.koofr().log().count("POST", "files/put") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        server
            .put("/", "a", "&autorename=false", "fast")
            .await
            .status,
        200
    );
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(
        read_response(&mut stream, "POST").await.unwrap().outcome(),
        "409 Conflict"
    );
    assert_eq!(
        server.koofr().read("primary", "a").unwrap().unwrap(),
        "fast"
    );
}

#[tokio::test]
async fn large_contents_are_received_and_sent_unharmed() {
    let server = Server::with(KoofrConfig::default()).await;
    let body: String = (0..700_000)
        .map(|n| char::from(b'a' + u8::try_from(n % 23).unwrap()))
        .collect();
    let body = body.repeat(4);
    let stored = server.send(put("/", "big", "", &body)).await.json();
    assert_eq!(stored["size"], body.len());
    let got = server.download("/big").await;
    assert!(got.complete && got.body == body.as_bytes());
}

#[tokio::test]
async fn direct_addresses_upload_without_credentials() {
    let server = sample().await;
    let link = server.api("GET", "files/upload?path=/dir").await.json()["link"]
        .as_str()
        .unwrap()
        .to_owned();
    let target = link.strip_prefix("http://test").unwrap();
    let request = Request::new("POST", format!("{target}?filename=a&info=true"))
        .unsigned()
        .body("x");
    assert_eq!(server.send(request.clone()).await.json()["name"], "a");
    server
        .koofr()
        .clock()
        .advance(std::time::Duration::from_secs(3601));
    assert_eq!(server.send(request).await.outcome(), "404 NotFound");
    assert_eq!(
        server.api("GET", "files/upload?path=/file").await.outcome(),
        "400 NotDir"
    );
}

#[tokio::test]
async fn office_documents_start_empty() {
    let server = Server::start().await;
    let name = |answer: crate::client::Response| answer.json()["name"].as_str().unwrap().to_owned();
    assert_eq!(
        name(server.api("PUT", "files/create/docx?path=/").await),
        "New document.docx"
    );
    assert_eq!(
        name(server.api("PUT", "files/create/docx?path=/").await),
        "New document (1).docx"
    );
    assert_eq!(
        server.api("PUT", "files/create/exe?path=/").await.outcome(),
        "400 BadRequest"
    );
}
