//! Faults, as far as they are about this service's documents, and counting.

use std::time::Duration;

use remote_emulator::fault::{Fault, FaultAction, FaultAnswer, RetryAfter};

use crate::client::{Request, Server, order};
use crate::xml;

async fn stocked() -> Server {
    let server = Server::start().await;
    server.put("/Jotta/Archive/d/a", b"hello").await;
    server.put("/Jotta/Archive/d/b", b"hi").await;
    server
}

fn ordered(server: &Server, endpoint: &str, action: FaultAction) {
    server
        .jotta()
        .faults()
        .push(Fault::new(action).on(endpoint));
}

#[tokio::test]
async fn requests_are_counted_by_what_they_do() {
    let server = stocked().await;
    server.get("/Jotta/Archive/d?mode=liststream").await;
    server.command("/Jotta/Archive/d?dlDir=true").await;
    let log = server.jotta().log();
    assert_eq!(log.count("POST", "files/allocate"), 2);
    assert_eq!(log.count("POST", "upload"), 2);
    assert_eq!(log.count("GET", "jfs/liststream"), 1);
    assert_eq!(log.count("POST", "jfs/dlDir"), 1);
    assert_eq!(log.total(), 6);
    let secret = log
        .records()
        .iter()
        .any(|record| format!("{record:?}").contains(&server.token));
    assert!(!secret);
}

#[tokio::test]
async fn a_move_can_be_done_and_answered_with_an_error() {
    let server = stocked().await;
    let mut answer = FaultAnswer::new(500);
    answer.code = Some("InternalServerException".to_owned());
    ordered(&server, "jfs/mvDir", FaultAction::CommitThenAnswer(answer));
    let moved = server
        .transfer("/Jotta/Archive/d/", "mvDir", "/Jotta/Archive/e")
        .await;
    assert_eq!(moved.outcome(), "500 InternalServerException");
    assert_eq!(server.get("/Jotta/Archive/e/a").await.status, 200);
    let again = server
        .transfer("/Jotta/Archive/d/", "mvDir", "/Jotta/Archive/e")
        .await;
    assert_eq!(again.outcome(), "404 NoSuchPathException");
}

#[tokio::test]
async fn answers_of_the_other_interface_are_worded_its_way() {
    let server = stocked().await;
    for (code, endpoint) in [("OutOfQuota", "files/allocate"), ("X", "account/customer")] {
        let mut answer = FaultAnswer::new(460);
        answer.code = Some(code.to_owned());
        ordered(&server, endpoint, FaultAction::Answer(answer));
    }
    let full = server.allocate(&order("/Jotta/Archive/x", b"x")).await;
    assert_eq!(full.outcome(), "460 OutOfQuota");
    assert_eq!(full.json()["code"], 460);
    let customer = server
        .send(Request::new("GET", "/account/v1/customer"))
        .await;
    assert_eq!(customer.outcome(), "460 X");
    ordered(&server, "files/allocate", FaultAction::QuotaExceeded);
    assert_eq!(
        server
            .allocate(&order("/Jotta/Archive/x", b"x"))
            .await
            .status,
        460
    );
    ordered(&server, "jfs/info", FaultAction::DeviceOffline);
    assert_eq!(server.get("/Jotta/Archive").await.status, 503);
}

#[tokio::test]
async fn limits_tell_how_long_to_wait() {
    let server = stocked().await;
    let limit = FaultAction::RateLimit {
        retry_after: Some(RetryAfter::Seconds(3)),
    };
    ordered(&server, "jfs/info", limit);
    let limited = server.get("/Jotta/Archive").await;
    assert_eq!(limited.status, 429);
    assert_eq!(limited.header("retry-after"), Some("3"));
}

#[tokio::test]
async fn tokens_end_when_ordered() {
    let server = stocked().await;
    ordered(&server, "jfs/info", FaultAction::ExpireTokens);
    assert_eq!(
        server.get("/Jotta/Archive").await.outcome(),
        "401 BadCredentialsException"
    );
    assert!(server.jotta().sign_in().is_ok());
}

#[tokio::test]
async fn hashes_and_sizes_can_be_wrong_or_missing() {
    let server = stocked().await;
    let good = server.xml("/Jotta/Archive/d/a").await;
    ordered(&server, "jfs/info", FaultAction::WrongHash);
    let wrong = server.xml("/Jotta/Archive/d/a").await;
    assert_ne!(xml::element(&wrong, "md5"), xml::element(&good, "md5"));
    ordered(&server, "jfs/info", FaultAction::OmitHash);
    assert!(xml::element(&server.xml("/Jotta/Archive/d/a").await, "md5").is_none());
    ordered(
        &server,
        "jfs/liststream",
        FaultAction::WrongSize { delta: 10 },
    );
    let listing = server.xml("/Jotta/Archive/d?mode=liststream").await;
    assert_eq!(xml::elements(&listing, "size"), ["15", "12"]);
    ordered(&server, "jfs/account", FaultAction::OmitSpace);
    let account = server.xml("").await;
    assert!(
        xml::element(&account, "usage").is_none() && xml::element(&account, "username").is_some()
    );
}

#[tokio::test]
async fn listings_can_end_between_and_inside_elements() {
    let server = stocked().await;
    let truncate = |after_lines, mid_line, clean_end| FaultAction::TruncateListing {
        after_lines,
        mid_line,
        clean_end,
    };
    // The folder is the first entry, then two files.
    ordered(&server, "jfs/liststream", truncate(2, false, false));
    let cut = server.get("/Jotta/Archive/d?mode=liststream").await;
    assert!(!cut.complete && cut.text().ends_with("</file>"));
    ordered(&server, "jfs/liststream", truncate(1, true, true));
    let cut = server.get("/Jotta/Archive/d?mode=liststream").await;
    assert!(cut.complete && cut.text().contains("<file>") && !cut.text().contains("</file>"));
}

#[tokio::test]
async fn answers_can_say_what_no_service_should() {
    let server = stocked().await;
    let replace = |find: &str, with: &str| FaultAction::ReplaceText {
        find: find.to_owned(),
        with: with.to_owned(),
    };
    ordered(
        &server,
        "jfs/liststream",
        replace("<files>2</files>", "<files>3</files>"),
    );
    let listing = server.xml("/Jotta/Archive/d?mode=liststream").await;
    assert_eq!(xml::element(&listing, "files"), Some("3"));
    ordered(&server, "jfs/info", replace("2026-01-02-T03:04:05Z", ""));
    let file = server.xml("/Jotta/Archive/d/a").await;
    assert_eq!(xml::element(&file, "modified"), Some(""));
    ordered(
        &server,
        "files/allocate",
        replace("\"resume_pos\":0", "\"resume_pos\":99"),
    );
    let allocated = server.allocate(&order("/Jotta/Archive/n", b"x")).await;
    assert_eq!(allocated.json()["resume_pos"], 99);
}

#[tokio::test]
async fn what_is_stored_can_stay_hidden_for_a_while() {
    let server = stocked().await;
    ordered(&server, "upload", FaultAction::DelayVisibility { ms: 5000 });
    server.put("/Jotta/Archive/d/late", b"late").await;
    assert_eq!(server.get("/Jotta/Archive/d/late").await.status, 404);
    assert_eq!(
        xml::names(&server.xml("/Jotta/Archive/d").await, "file"),
        ["a", "b"]
    );
    let listing = server.xml("/Jotta/Archive/d?mode=liststream").await;
    assert_eq!(xml::element(&listing, "files"), Some("2"));
    server.emulator.clock().advance(Duration::from_secs(6));
    assert_eq!(server.get("/Jotta/Archive/d/late").await.status, 200);
}

#[tokio::test]
async fn an_upload_can_be_stored_and_its_answer_lost() {
    let server = stocked().await;
    let allocated = server
        .allocate(&order("/Jotta/Archive/n", b"new"))
        .await
        .json();
    ordered(&server, "upload", FaultAction::CommitThenClose);
    let request = server.signed(server.upload_request(&allocated, b"new", None));
    assert!(server.try_send(&request).await.is_none());
    assert_eq!(
        server.jotta().read("/Jotta/Archive/n").unwrap().unwrap(),
        "new"
    );
    let again = server
        .allocate(&order("/Jotta/Archive/n", b"new"))
        .await
        .json();
    assert_eq!(again["state"], "COMPLETED");
}
