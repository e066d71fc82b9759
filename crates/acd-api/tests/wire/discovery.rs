//! Where the account lives: asked for once, remembered, asked for again when that does not work, and refused when it makes no sense.

use std::time::Duration;

use acd_api::{Client, addresses::Addresses, builder::DEFAULT_DISCOVERY_TTL};
use futures::future::join_all;
use remote_core::error::{Effect, ErrorKind};
use wiremock::{MockServer, ResponseTemplate};

use crate::common::{FILE, answer_all, answers, asking, at, count, failure, json, lines, request};

const ENDPOINT: &str = "/b/account/endpoint";
const NODE: &str = "/m/nodes/n1";

/// The answer that names addresses of this server.
fn told(server: &MockServer) -> ResponseTemplate {
    told_as(at(server, "/m/").as_str(), at(server, "/c/").as_str())
}

fn told_as(metadata: &str, content: &str) -> ResponseTemplate {
    let body = serde_json::json!({
        "customerExists": true,
        "metadataUrl": metadata,
        "contentUrl": content,
    });
    json(200, body.to_string())
}

fn made(server: &MockServer) -> Client {
    asking(server).build().unwrap()
}

async fn asked(server: &MockServer) -> usize {
    let lines = lines(server).await;
    lines.iter().filter(|line| line.contains(ENDPOINT)).count()
}

#[tokio::test]
async fn addresses_are_asked_for_once_also_by_many_at_the_same_time() {
    let server = MockServer::start().await;
    let slow = told(&server).set_delay(Duration::from_millis(30));
    answers(&server, ENDPOINT, &[slow]).await;
    answer_all(&server, json(200, FILE)).await;
    let client = made(&server);
    assert_eq!(count(&server).await, 0);
    let calls = (0..6).map(|_| client.node("n1"));
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    assert!(client.clone().node("n1").await.is_ok());
    assert_eq!((asked(&server).await, count(&server).await), (1, 8));
}

#[tokio::test]
async fn addresses_are_asked_for_again_after_days() {
    let server = MockServer::start().await;
    answers(&server, ENDPOINT, &[told(&server)]).await;
    answer_all(&server, json(200, FILE)).await;
    let client = made(&server);
    for (time, expected) in [
        (Duration::ZERO, 1),
        (DEFAULT_DISCOVERY_TTL - Duration::from_secs(60), 1),
        (Duration::from_secs(61), 2),
    ] {
        tokio::time::pause();
        tokio::time::advance(time).await;
        tokio::time::resume();
        client.node("n1").await.unwrap();
        assert_eq!(asked(&server).await, expected, "{time:?}");
    }
}

#[tokio::test]
async fn an_address_that_nobody_answers_at_is_asked_for_again() {
    let server = MockServer::start().await;
    let dead = told_as("http://127.0.0.1:1/m/", "http://127.0.0.1:1/c/");
    answers(&server, ENDPOINT, &[dead, told(&server)]).await;
    answer_all(&server, json(200, FILE)).await;
    let client = made(&server);
    assert_eq!(client.node("n1").await.unwrap().id, "n1");
    assert_eq!(asked(&server).await, 2);
}

#[tokio::test]
async fn a_change_that_reached_nobody_is_told_as_not_made_and_the_next_call_asks_again() {
    let server = MockServer::start().await;
    let dead = told_as("http://127.0.0.1:1/m/", "http://127.0.0.1:1/c/");
    answers(&server, ENDPOINT, &[dead, told(&server)]).await;
    answer_all(&server, json(200, FILE)).await;
    let client = made(&server);
    let error = client.trash("n1").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Transport, Effect::NotMade)
    );
    assert!(client.trash("n1").await.is_ok());
    assert_eq!(asked(&server).await, 2);
}

#[tokio::test]
async fn three_strange_refusals_in_a_row_make_an_address_doubtful() {
    let server = MockServer::start().await;
    answers(&server, ENDPOINT, &[told(&server)]).await;
    let page = ResponseTemplate::new(404).set_body_raw("<html>gone</html>", "text/html");
    let own = failure(404, "Node does not exists");
    answers(
        &server,
        NODE,
        &[page.clone(), page.clone(), own, page.clone()],
    )
    .await;
    let client = made(&server);
    for (kind, expected) in [
        (ErrorKind::Protocol, 1),
        (ErrorKind::Protocol, 1),
        (ErrorKind::NotFound, 1),
        (ErrorKind::Protocol, 1),
        (ErrorKind::Protocol, 1),
        (ErrorKind::Protocol, 1),
        (ErrorKind::Protocol, 2),
    ] {
        assert_eq!(client.node("n1").await.unwrap_err().kind(), kind);
        assert_eq!(asked(&server).await, expected);
    }
}

// What works at the one address says nothing about the other.
#[tokio::test]
async fn the_address_of_contents_becomes_doubtful_by_itself() {
    let server = MockServer::start().await;
    let moved = told_as(at(&server, "/m/").as_str(), at(&server, "/new/").as_str());
    answers(&server, ENDPOINT, &[told(&server), moved]).await;
    let page = ResponseTemplate::new(404).set_body_raw("<html>gone</html>", "text/html");
    answers(&server, "/c/nodes/n1/content", &[page]).await;
    answer_all(&server, json(200, FILE)).await;
    let client = made(&server);
    for _ in 0..3 {
        assert_eq!(asked(&server).await.max(1), 1);
        let error = client.download("n1", None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        client.node("n1").await.unwrap();
    }
    client.download("n1", None).await.unwrap();
    assert_eq!(asked(&server).await, 2);
}

#[tokio::test]
async fn a_plain_address_on_another_machine_is_told_and_never_used() {
    let server = MockServer::start().await;
    let plain = told_as("http://192.0.2.1/m/", "http://192.0.2.1/c/");
    answers(&server, ENDPOINT, &[plain]).await;
    let client = made(&server);
    for error in [
        client.node("n1").await.unwrap_err(),
        client.download("n1", None).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("192.0.2.1"), "{error}");
    }
    assert_eq!(count(&server).await, asked(&server).await);
}

#[tokio::test]
async fn what_was_told_is_used_as_it_is_with_one_slash_in_between() {
    for suffix in ["", "/", "//"] {
        let server = MockServer::start().await;
        let metadata = format!("{}{suffix}", at(&server, "/deep/er/v1"));
        let content = format!("{}{suffix}", at(&server, "/c"));
        answers(&server, ENDPOINT, &[told_as(&metadata, &content)]).await;
        answer_all(&server, json(200, FILE)).await;
        let client = made(&server);
        client.node("n1").await.unwrap();
        drop(client.download("n1", None).await);
        assert_eq!(
            lines(&server).await[1..],
            ["GET /deep/er/v1/nodes/n1", "GET /c/nodes/n1/content"]
        );
    }
}

#[tokio::test]
async fn an_address_that_is_set_wins_over_the_one_that_is_told() {
    let server = MockServer::start().await;
    let wrong = told_as(at(&server, "/wrong/").as_str(), at(&server, "/c/").as_str());
    answers(&server, ENDPOINT, &[wrong]).await;
    answer_all(&server, json(200, FILE)).await;
    let addresses = Addresses::new(at(&server, "/b/")).with_metadata_url(at(&server, "/m/"));
    let client = asking(&server).addresses(addresses).build().unwrap();
    client.node("n1").await.unwrap();
    drop(client.download("n1", None).await);
    assert_eq!(
        lines(&server).await,
        [
            "GET /b/account/endpoint",
            "GET /m/nodes/n1",
            "GET /c/nodes/n1/content"
        ]
    );
}

#[tokio::test]
async fn nothing_is_asked_where_both_addresses_are_set() {
    let server = MockServer::start().await;
    answer_all(&server, json(200, FILE)).await;
    crate::common::client(&server).node("n1").await.unwrap();
    assert_eq!(lines(&server).await, ["GET /m/nodes/n1"]);
}

#[tokio::test]
async fn answers_without_addresses_are_errors_that_name_the_option() {
    let page = ResponseTemplate::new(200).set_body_raw("<html>", "text/html");
    for answer in [
        json(200, "{}"),
        json(
            200,
            r#"{"customerExists":true,"metadataUrl":"","contentUrl":""}"#,
        ),
        json(200, r#"{"metadataUrl":"http://127.0.0.1/m/"}"#),
        json(200, r#"{"contentUrl":"http://127.0.0.1/c/"}"#),
        told_as("file:///etc/", "http://127.0.0.1/c/"),
        told_as("http://user:pw@127.0.0.1/", "http://127.0.0.1/c/"),
        told_as("http://127.0.0.1/m/?q=1", "http://127.0.0.1/c/"),
        told_as("nodes/", "http://127.0.0.1/c/"),
        json(200, r#"{"metadataUrl":["http://127.0.0.1/m/"]}"#),
        json(200, "[]"),
        json(200, ""),
        page,
    ] {
        let server = MockServer::start().await;
        answer_all(&server, answer).await;
        let client = made(&server);
        let error = client.node("n1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        let error = client.endpoint().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert_eq!(count(&server).await, asked(&server).await);
    }
    let server = MockServer::start().await;
    answer_all(&server, json(200, "{}")).await;
    let error = made(&server).node("n1").await.unwrap_err();
    assert!(
        error
            .help()
            .is_some_and(|help| help.contains("endpoint_url")),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_account_without_a_drive_is_refused_however_that_is_spelled() {
    for exists in ["false", r#""false""#] {
        let server = MockServer::start().await;
        let body = format!(
            r#"{{"customerExists":{exists},"metadataUrl":"http://127.0.0.1/m/","contentUrl":"http://127.0.0.1/c/"}}"#
        );
        answer_all(&server, json(200, body)).await;
        let error = made(&server).node("n1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    }
    for exists in ["true", r#""true""#, "null", "1"] {
        let server = MockServer::start().await;
        let body = serde_json::to_string(at(&server, "/x/").as_str()).unwrap();
        let body =
            format!(r#"{{"customerExists":{exists},"metadataUrl":{body},"contentUrl":{body}}}"#);
        answers(&server, ENDPOINT, &[json(200, body)]).await;
        answer_all(&server, json(200, FILE)).await;
        assert!(made(&server).node("n1").await.is_ok(), "{exists}");
    }
}

#[tokio::test]
async fn a_busy_service_is_asked_again_for_its_addresses() {
    let server = MockServer::start().await;
    let busy = failure(429, "Rate exceeded");
    answers(&server, ENDPOINT, &[busy.clone(), told(&server)]).await;
    request("GET", NODE)
        .respond_with(json(200, FILE))
        .mount(&server)
        .await;
    made(&server).node("n1").await.unwrap();
    assert_eq!(asked(&server).await, 2);

    let server = MockServer::start().await;
    answer_all(&server, busy).await;
    let error = made(&server).node("n1").await.unwrap_err();
    assert_eq!(
        (error.kind(), asked(&server).await),
        (ErrorKind::RateLimited, 3)
    );
}
