//! `allocate`, the bytes that follow, and the revisions they become.

use remote_emulator::fault::{Fault, FaultAction};
use remote_emulator::jotta::JottaConfig;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::{Request, Server, md5, order};
use crate::xml;

#[tokio::test]
async fn unknown_bytes_are_asked_for_and_become_the_current_revision() {
    let server = Server::start().await;
    let allocated = server
        .allocate(&order("/Jotta/Archive/d/a.txt", b"hello"))
        .await
        .json();
    assert_eq!(allocated["state"], "INCOMPLETE");
    assert_eq!(allocated["resume_pos"], 0);
    assert_eq!(allocated["bytes"], 5);
    let url = allocated["upload_url"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("http://{}/upload/", server.address)),
        "{url}"
    );
    // Until then only a promise is there.
    let promised = server.xml("/Jotta/Archive/d/a.txt").await;
    assert!(!promised.contains("currentRevision"));
    let latest = xml::element(&promised, "latestRevision").unwrap();
    assert_eq!(xml::element(latest, "state"), Some("INCOMPLETE"));
    assert_eq!(xml::element(latest, "size"), Some("0"));
    let listed = server.xml("/Jotta/Archive/d").await;
    assert!(xml::element(xml::element(&listed, "latestRevision").unwrap(), "size").is_none());

    let done = server.upload(&allocated, b"hello", None).await;
    assert_eq!(done.status, 200);
    let done = done.json();
    assert_eq!(done["bytes"], 5);
    assert_eq!(done["md5"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(done["modified"], 1_767_323_045_000_i64);
    let file = server.xml("/Jotta/Archive/d/a.txt").await;
    assert!(!file.contains("latestRevision"));
    assert_eq!(xml::element(&file, "number"), Some("1"));
    assert_eq!(xml::element(&file, "mime"), Some("text/plain"));
    assert_eq!(xml::element(&file, "mstyle"), Some("TEXT_PLAIN"));
    assert_eq!(
        xml::element(&file, "created"),
        Some("2026-01-01-T00:00:00Z")
    );
    assert_eq!(
        xml::element(&file, "modified"),
        Some("2026-01-02-T03:04:05Z")
    );
}

#[tokio::test]
async fn known_bytes_need_not_be_sent_and_a_tombstone_comes_back() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"hello").await;
    let other = server
        .allocate(&order("/Jotta/Archive/new/b", b"hello"))
        .await
        .json();
    assert_eq!(other["state"], "COMPLETED");
    assert_eq!(
        server
            .jotta()
            .read("/Jotta/Archive/new/b")
            .unwrap()
            .unwrap(),
        "hello"
    );
    server.command("/Jotta/Archive/a?dl=true").await;
    let again = server
        .allocate(&order("/Jotta/Archive/a", b"hello"))
        .await
        .json();
    assert_eq!(again["state"], "COMPLETED");
    let entry = server.jotta().entry("/Jotta/Archive/a").unwrap();
    assert!(entry.deleted.is_none());
    assert_eq!(entry.revisions.len(), 1);
}

#[tokio::test]
async fn a_trashed_file_comes_back_with_new_bytes_too() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"old").await;
    server.command("/Jotta/Archive/a?dl=true").await;
    let allocated = server
        .allocate(&order("/Jotta/Archive/a", b"newer"))
        .await
        .json();
    assert!(
        server
            .jotta()
            .entry("/Jotta/Archive/a")
            .unwrap()
            .deleted
            .is_some()
    );
    server.upload(&allocated, b"newer", None).await;
    let entry = server.jotta().entry("/Jotta/Archive/a").unwrap();
    assert!(entry.deleted.is_none());
    assert_eq!(entry.current().unwrap().number, 2);
}

#[tokio::test]
async fn times_come_as_text_or_as_a_number() {
    let server = Server::start().await;
    let rows = [
        (json!("2026-01-02T03:04:05Z"), "2026-01-02-T03:04:05Z"),
        (
            json!("2026-01-02T04:04:05.999+01:00"),
            "2026-01-02-T03:04:05Z",
        ),
        (json!("2026-01-02-T03:04:05Z"), "2026-01-02-T03:04:05Z"),
        (json!(1_767_323_045_999_i64), "2026-01-02-T03:04:05Z"),
    ];
    for (sent, stored) in rows {
        let mut order = order("/Jotta/Archive/a", b"x");
        order["modified"] = sent;
        let allocated = server.allocate(&order).await.json();
        if allocated["state"] != "COMPLETED" {
            server.upload(&allocated, b"x", None).await;
        }
        let file = server.xml("/Jotta/Archive/a").await;
        assert_eq!(xml::element(&file, "modified"), Some(stored));
    }
    let mut bare = order("/Jotta/Archive/b", b"x");
    bare.as_object_mut().unwrap().remove("created");
    bare.as_object_mut().unwrap().remove("modified");
    assert_eq!(server.allocate(&bare).await.json()["state"], "COMPLETED");
}

#[tokio::test]
async fn the_short_form_of_a_path_means_the_built_in_device() {
    let server = Server::start().await;
    let mut short = order("", b"x");
    short["path"] = json!("Archive/d/a");
    let allocated = server.allocate(&short).await.json();
    server.upload(&allocated, b"x", None).await;
    assert_eq!(server.get("/Jotta/Archive/d/a").await.status, 200);
}

#[tokio::test]
async fn an_empty_file_needs_an_empty_body_once() {
    let server = Server::start().await;
    let allocated = server
        .allocate(&order("/Jotta/Archive/a", b""))
        .await
        .json();
    assert_eq!(allocated["state"], "INCOMPLETE");
    assert_eq!(server.upload(&allocated, b"", None).await.status, 200);
    let file = server.xml("/Jotta/Archive/a").await;
    assert_eq!(xml::element(&file, "size"), Some("0"));
    assert_eq!(server.get("/Jotta/Archive/a?mode=bin").await.body, b"");
}

#[tokio::test]
async fn too_few_bytes_are_kept_and_the_rest_is_asked_for() {
    let server = Server::start().await;
    let content = b"0123456789";
    let wanted = order("/Jotta/Archive/a", content);
    let allocated = server.allocate(&wanted).await.json();
    let short = server
        .upload(&allocated, &content[..4], Some("bytes=0-3"))
        .await;
    assert_eq!(short.outcome(), "420 IncompleteUploadOpenApiException");
    let file = server.xml("/Jotta/Archive/a").await;
    assert_eq!(xml::element(&file, "size"), Some("4"));
    let allocated = server.allocate(&wanted).await.json();
    assert_eq!(allocated["resume_pos"], 4);
    // The end of the range is not looked at.
    let short = server
        .upload(&allocated, &content[4..7], Some("bytes=4-10"))
        .await;
    assert_eq!(short.status, 420);
    let allocated = server.allocate(&wanted).await.json();
    assert_eq!(allocated["resume_pos"], 7);
    let wrong = server
        .upload(&allocated, &content[5..], Some("bytes=5-9"))
        .await;
    assert_eq!(wrong.status, 416);
    let done = server
        .upload(&allocated, &content[7..], Some("bytes=7-9"))
        .await;
    assert_eq!(done.status, 200);
    assert_eq!(server.get("/Jotta/Archive/a?mode=bin").await.body, content);
    assert_eq!(
        server
            .jotta()
            .entry("/Jotta/Archive/a")
            .unwrap()
            .revisions
            .len(),
        1
    );
}

#[tokio::test]
async fn bytes_without_a_range_begin_anew() {
    let server = Server::start().await;
    let wanted = order("/Jotta/Archive/a", b"0123456789");
    let allocated = server.allocate(&wanted).await.json();
    server.upload(&allocated, b"0123", None).await;
    let done = server.upload(&allocated, b"0123456789", None).await;
    assert_eq!(done.status, 200);
}

#[tokio::test]
async fn nothing_is_missing_and_still_it_has_to_be_concluded() {
    let server = Server::start().await;
    let wanted = order("/Jotta/Archive/a", b"0123456789");
    let allocated = server.allocate(&wanted).await.json();
    // All bytes arrive, and the connection breaks before the end of the body.
    let cut = Fault::new(FaultAction::CutRequest { after: 10 }).on("upload");
    server.jotta().faults().push(cut);
    let mut request = server.signed(server.upload_request(&allocated, b"0123456789", None));
    request = request.header("Content-Length", "10");
    server.try_send(&request).await;
    let allocated = server.allocate(&wanted).await.json();
    assert_eq!(allocated["state"], "INCOMPLETE");
    assert_eq!(allocated["resume_pos"], 10);
    let done = server.upload(&allocated, b"", Some("bytes=10-9")).await;
    assert_eq!(done.status, 200);
    assert_eq!(
        server.get("/Jotta/Archive/a?mode=bin").await.body,
        b"0123456789"
    );
}

#[tokio::test]
async fn what_arrives_before_the_client_goes_away_is_kept() {
    let server = Server::start().await;
    let content = vec![7_u8; 100_000];
    let wanted = order("/Jotta/Archive/a", &content);
    let allocated = server.allocate(&wanted).await.json();
    let request = server.signed(server.upload_request(&allocated, &content, None));
    let bytes = request.bytes(&server.address);
    let head = bytes.len() - content.len();
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(&bytes[..head + 60_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    let allocated = server.allocate(&wanted).await.json();
    assert_eq!(allocated["resume_pos"], 60_000);
    drop(stream);
    let done = server
        .upload(&allocated, &content[60_000..], Some("bytes=60000-99999"))
        .await;
    assert_eq!(done.status, 200);
}

#[tokio::test]
async fn other_bytes_than_promised_make_a_corrupt_revision() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"good").await;
    let wanted = order("/Jotta/Archive/a", b"new");
    let allocated = server.allocate(&wanted).await.json();
    let spoilt = server.upload(&allocated, b"bad", None).await;
    assert_eq!(spoilt.outcome(), "421 CorruptUploadOpenApiException");
    let file = server.xml("/Jotta/Archive/a").await;
    let latest = xml::element(&file, "latestRevision").unwrap();
    assert_eq!(xml::element(latest, "state"), Some("CORRUPT"));
    assert_eq!(xml::element(latest, "number"), Some("2"));
    assert!(xml::element(latest, "size").is_none());
    assert_eq!(server.get("/Jotta/Archive/a?mode=bin").await.body, b"good");
    let again = server.allocate(&wanted).await.json();
    assert_eq!(
        (again["state"].as_str(), again["resume_pos"].as_u64()),
        (Some("CORRUPT"), Some(0))
    );
    assert_eq!(server.upload(&again, b"new", None).await.status, 200);
    assert_eq!(server.get("/Jotta/Archive/a?mode=bin").await.body, b"new");

    server
        .jotta()
        .change_settings(|settings| settings.corrupt_status = 400);
    let allocated = server
        .allocate(&order("/Jotta/Archive/b", b"12345"))
        .await
        .json();
    assert_eq!(server.upload(&allocated, b"123456", None).await.status, 400);
}

#[tokio::test]
async fn five_revisions_are_kept() {
    let server = Server::start().await;
    for number in 1..=7 {
        server
            .put("/Jotta/Archive/a", format!("content {number}").as_bytes())
            .await;
    }
    let file = server.xml("/Jotta/Archive/a").await;
    assert_eq!(xml::elements(&file, "number"), ["7", "6", "5", "4", "3"]);
    assert_eq!(xml::elements(&file, "revision").len(), 4);
    // A failed upload is a number of its own, and history once a later one succeeds.
    server
        .allocate(&order("/Jotta/Archive/a", b"never sent"))
        .await;
    server.put("/Jotta/Archive/a", b"content 9").await;
    let file = server.xml("/Jotta/Archive/a").await;
    assert!(!file.contains("latestRevision"));
    assert_eq!(xml::elements(&file, "number"), ["9", "8", "7", "6", "5"]);
    assert_eq!(
        xml::element(xml::elements(&file, "revision")[0], "state"),
        Some("INCOMPLETE")
    );
    let listed = server.xml("/Jotta/Archive").await;
    assert_eq!(xml::elements(&listed, "number"), ["9"]);
}

#[tokio::test]
async fn conflicts_are_rejected_on_request() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"x").await;
    let mut wanted = order("/Jotta/Archive/a", b"y");
    wanted["conflict_handler"] = json!("REJECT_CONFLICTS");
    let refused = server.allocate(&wanted).await;
    assert_eq!(refused.outcome(), "409 UniqueFileException");
    server
        .jotta()
        .change_settings(|settings| settings.conflict_status = 400);
    assert_eq!(server.allocate(&wanted).await.status, 400);
    wanted["conflict_handler"] = json!("CREATE_NEW_REVISION");
    assert_eq!(server.allocate(&wanted).await.status, 200);
    let mut fresh = order("/Jotta/Archive/b", b"y");
    fresh["conflict_handler"] = json!("REJECT_CONFLICTS");
    assert_eq!(server.allocate(&fresh).await.status, 200);
}

#[tokio::test]
async fn a_full_account_takes_nothing_more() {
    let server = Server::with(JottaConfig::default().capacity(10)).await;
    server.put("/Jotta/Archive/a", b"12345").await;
    let refused = server.allocate(&order("/Jotta/Archive/b", b"123456")).await;
    assert_eq!(refused.status, 460);
    // What replaces something needs only the difference.
    server.put("/Jotta/Archive/a", b"1234567890").await;
    server.jotta().set_capacity(-1).unwrap();
    let allocated = server
        .allocate(&order("/Jotta/Archive/b", b"123456"))
        .await
        .json();
    server.jotta().set_capacity(10).unwrap();
    assert_eq!(server.upload(&allocated, b"123456", None).await.status, 460);
    server
        .jotta()
        .change_settings(|settings| settings.enforce_capacity = false);
    assert_eq!(server.upload(&allocated, b"123456", None).await.status, 200);
    server.jotta().set_locked(true, false).unwrap();
    assert_eq!(
        server
            .allocate(&order("/Jotta/Archive/c", b"1"))
            .await
            .status,
        460
    );
}

#[tokio::test]
async fn an_address_is_good_for_its_upload_only() {
    let server = Server::start().await;
    let allocated = server
        .allocate(&order("/Jotta/Archive/a", b"x"))
        .await
        .json();
    server.upload(&allocated, b"x", None).await;
    assert_eq!(server.upload(&allocated, b"x", None).await.status, 404);
    // A promise of something else replaces the earlier one.
    let first = server
        .allocate(&order("/Jotta/Archive/b", b"one"))
        .await
        .json();
    server.allocate(&order("/Jotta/Archive/b", b"two")).await;
    assert_eq!(server.upload(&first, b"one", None).await.status, 404);
}

fn direct(server: &Server, query: &str, size: usize, md5: &str, body: &[u8]) -> Request {
    Request::new(
        "POST",
        server.target(&format!("/Jotta/Archive/d/a?{query}")),
    )
    .header("Content-Type", "application/octet-stream")
    .header("JSize", size.to_string())
    .header("JMd5", md5)
    .header("JModified", "2026-01-02-T03:04:05Z")
    .body(body)
}

#[tokio::test]
async fn a_direct_upload_answers_201_whatever_became_of_the_content() {
    let server = Server::start().await;
    let hash = md5(b"0123456789");
    let raw = |body: &[u8]| direct(&server, "umode=nomultipart", 10, &hash, body);
    let short = server.send(raw(b"0123")).await;
    assert_eq!(short.status, 201);
    let short = short.xml();
    assert_eq!(xml::element(&short, "state"), Some("INCOMPLETE"));
    assert_eq!(xml::element(&short, "size"), Some("4"));
    let rest = server.send(raw(b"456789")).await;
    assert_eq!(xml::element(&rest.xml(), "state"), Some("COMPLETED"));
    assert_eq!(
        server.get("/Jotta/Archive/d/a?mode=bin").await.body,
        b"0123456789"
    );
    let wrong = direct(&server, "umode=nomultipart", 3, &md5(b"abc"), b"abd");
    let wrong = server.send(wrong).await;
    assert_eq!(wrong.status, 201);
    let wrong = wrong.xml();
    let latest = xml::element(&wrong, "latestRevision").unwrap();
    assert_eq!(xml::element(latest, "state"), Some("CORRUPT"));
    let no_md5 = direct(&server, "umode=nomultipart", 3, "", b"abc");
    assert_eq!(
        server.send(no_md5).await.outcome(),
        "400 InvalidArgumentException"
    );
}

#[tokio::test]
async fn a_form_is_a_direct_upload_too() {
    let server = Server::start().await;
    let form = |fields: &str| {
        let body = format!(
            "{fields}--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nhello\r\n--B--\r\n"
        );
        Request::new("POST", server.target("/Jotta/Archive/f"))
            .header("Content-Type", "multipart/form-data; boundary=B")
            .body(body)
    };
    let made = server.send(form("")).await;
    assert_eq!(made.status, 201);
    assert_eq!(
        xml::element(&made.xml(), "md5"),
        Some("5d41402abc4b2a76b9719d911017c592")
    );
    let field = |name: &str, value: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let described = field("md5", &md5(b"other")) + &field("modified", "2026-01-02-T03:04:05Z");
    let made = server.send(form(&described)).await;
    assert_eq!(made.status, 201);
    let made = made.xml();
    assert_eq!(
        xml::element(xml::element(&made, "latestRevision").unwrap(), "state"),
        Some("CORRUPT")
    );
}
