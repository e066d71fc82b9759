//! `cphash`: touch, instant copy, revive.

use crate::client::{Request, Server, md5};
use crate::xml;

fn times(answer: &str) -> (Option<&str>, Option<&str>) {
    (
        xml::element(answer, "created"),
        xml::element(answer, "modified"),
    )
}

const NEW_TIMES: (Option<&str>, Option<&str>) =
    (Some("2020-01-01-T00:00:00Z"), Some("2021-02-03-T04:05:06Z"));

#[tokio::test]
async fn the_same_content_gets_new_times_and_no_new_revision() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"x").await;
    let touched = server.hash_copy("/Jotta/Archive/a", b"x").await;
    assert_eq!(touched.status, 200);
    let touched = touched.xml();
    assert_eq!(times(&touched), NEW_TIMES);
    assert_eq!(xml::element(&touched, "number"), Some("1"));
    server
        .jotta()
        .change_settings(|settings| settings.touch_adds_revision = true);
    let touched = server.hash_copy("/Jotta/Archive/a", b"x").await.xml();
    assert_eq!(xml::element(&touched, "number"), Some("2"));
}

#[tokio::test]
async fn a_known_content_is_put_in_place_and_an_unknown_one_is_not_found() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"one").await;
    server.put("/Jotta/Archive/b", b"two").await;
    let made = server.hash_copy("/Jotta/Archive/new/c", b"one").await;
    assert_eq!(made.status, 200);
    assert_eq!(
        server
            .jotta()
            .read("/Jotta/Archive/new/c")
            .unwrap()
            .unwrap(),
        "one"
    );
    let replaced = server.hash_copy("/Jotta/Archive/b", b"one").await.xml();
    assert_eq!(xml::element(&replaced, "number"), Some("2"));
    let unknown = server.hash_copy("/Jotta/Archive/d/e", b"three").await;
    assert_eq!(unknown.outcome(), "404 NoSuchFileException");
    assert!(server.jotta().entry("/Jotta/Archive/d").is_none());
}

#[tokio::test]
async fn a_trashed_file_comes_back_with_the_folders_above_it() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/d/sub/a", b"x").await;
    server.put("/Jotta/Archive/d/b", b"y").await;
    server.command("/Jotta/Archive/d?dlDir=true").await;
    let revived = server.hash_copy("/Jotta/Archive/d/sub/a", b"x").await;
    assert_eq!(revived.status, 200);
    assert!(!revived.xml().contains("deleted"));
    assert_eq!(server.jotta().counts("/Jotta/Archive"), (1, 2));
    assert!(
        server
            .jotta()
            .entry("/Jotta/Archive/d/b")
            .unwrap()
            .deleted
            .is_some()
    );
}

#[tokio::test]
async fn a_content_is_known_for_good() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"old").await;
    server.put("/Jotta/Archive/a", b"new").await;
    server.command("/Jotta/Archive/a?rm=true").await;
    let revived = server.hash_copy("/Jotta/Archive/a", b"old").await;
    assert_eq!(revived.status, 200);
    assert_eq!(server.get("/Jotta/Archive/a?mode=bin").await.body, b"old");
}

#[tokio::test]
async fn md5_is_compared_without_case_and_printed_as_sent() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"x").await;
    let upper = md5(b"x").to_ascii_uppercase();
    let request = Request::new("POST", server.target("/Jotta/Archive/b?cphash=true"))
        .header("jsize", "1")
        .header("jmd5", upper.as_str());
    let copied = server.send(request).await.xml();
    assert_eq!(xml::element(&copied, "md5"), Some(&*upper));
    server
        .jotta()
        .change_settings(|settings| settings.keep_md5_case = false);
    let file = server.xml("/Jotta/Archive/a").await;
    assert_eq!(xml::element(&file, "md5"), Some(&*upper));
}

#[tokio::test]
async fn odd_dates_are_never_an_error() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"x").await;
    let touch = |modified: &str| {
        Request::new("POST", server.target("/Jotta/Archive/a?cphash=true"))
            .header("JSize", "1")
            .header("JMd5", md5(b"x"))
            .header("JCreated", "nonsense")
            .header("JModified", modified)
    };
    let rows = [
        ("0001-01-01-T00:00:00Z", "0001-01-01-T00:00:00Z"),
        ("1927-05-06-T07:08:09Z", "1927-05-06-T07:08:09Z"),
        ("2026-03-04-T06:06:07+0100", "2026-03-04-T05:06:07Z"),
        ("2026-03-04-T05:06:07.987Z", "2026-03-04-T05:06:07Z"),
    ];
    for (sent, stored) in rows {
        let answer = server.send(touch(sent)).await;
        assert_eq!(answer.status, 200, "{sent}");
        assert_eq!(xml::element(&answer.xml(), "modified"), Some(stored));
    }
    server
        .jotta()
        .change_settings(|settings| settings.year_one_is_now = true);
    let answer = server.send(touch("0001-01-01-T00:00:00Z")).await.xml();
    assert!(
        !xml::element(&answer, "modified")
            .unwrap()
            .starts_with("0001")
    );
}

#[tokio::test]
async fn a_description_has_to_be_complete() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"x").await;
    let target = server.target("/Jotta/Archive/a?cphash=true");
    let no_md5 = Request::new("POST", target.as_str()).header("JSize", "1");
    assert_eq!(
        server.send(no_md5).await.outcome(),
        "400 InvalidArgumentException"
    );
    let no_size = Request::new("POST", target).header("JMd5", md5(b"x"));
    assert_eq!(
        server.send(no_size).await.outcome(),
        "400 InvalidArgumentException"
    );
}
