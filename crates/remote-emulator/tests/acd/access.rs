//! Discovery, tokens, scopes, and what is wrong with a request whatever it asks for.

use std::collections::BTreeSet;
use std::time::Duration;

use remote_emulator::fault::{Fault, FaultAction, FaultAnswer};
use remote_emulator::identity::Consent;
use serde_json::json;

use crate::client::{Server, escape};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn discovery_names_addresses_that_the_client_can_reach() {
    let server = Server::start().await;
    let answer = server.get("account/endpoint").await;
    let url = server.acd().url();
    assert_eq!(answer.json()["customerExists"], true);
    assert_eq!(
        answer.json()["metadataUrl"],
        server.acd().endpoint_url().as_str()
    );
    assert_eq!(answer.json()["contentUrl"], format!("{url}/cdproxy/"));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-amzn-requestid").len(), 36);
    // Who came to the real name is told real names.
    let host = [("Host", "drive.amazonaws.com")];
    let real = server
        .send("GET", "/drive/v1/account/endpoint", &host, b"")
        .await;
    assert_eq!(
        real.json()["metadataUrl"],
        "https://cdws.us-east-1.amazonaws.com/drive/v1/"
    );
    assert_eq!(
        real.json()["contentUrl"],
        "https://content-na.drive.amazonaws.com/cdproxy/"
    );
}

#[tokio::test]
async fn discovery_can_be_told_what_to_say() {
    let server = Server::start().await;
    let settings = json!({"metadata_url": "http://localhost:1/m", "customer_exists": false});
    let changed = server.admin("PATCH", "acd/settings", settings).await;
    assert_eq!(changed.json()["customer_exists"], false);
    let answer = server.get("account/endpoint").await.json();
    assert_eq!(answer["metadataUrl"], "http://localhost:1/m/");
    assert_eq!(answer["customerExists"], false);
    server.acd().change_settings(|settings| {
        settings.endpoints_missing = true;
    });
    let answer = server.get("account/endpoint").await.json();
    assert_eq!(answer, json!({"customerExists": false}));
    let wrong = server
        .admin("PATCH", "acd/settings", json!({"no_such": 1}))
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("no_such"), "{}", wrong.text());
}

#[tokio::test]
async fn tokens_are_judged_as_the_two_hosts_judge_them() {
    let server = Server::start().await;
    let root = server.root.clone();
    let file = server.upload(&root, "a.txt", "a").await.id();
    for (header, expected) in [
        ("Bearer wrong", "401"),
        ("Basic eDp5", "401"),
        ("Bearer", "403"),
        ("Bearer ", "403"),
    ] {
        let headers = [("Authorization", header)];
        let answer = server.send("GET", "/drive/v1/nodes", &headers, b"").await;
        assert_eq!(answer.outcome(), expected, "{header}");
    }
    let headers = [("Authorization", "Bearer ")];
    let empty = server.send("GET", "/drive/v1/nodes", &headers, b"").await;
    assert!(empty.message().contains("Authorization header requires"));
    let token = server.token.clone();
    let headers = [
        ("Authorization", ""),
        ("x-amz-access-token", token.as_str()),
    ];
    let first_party = server.send("GET", "/drive/v1/nodes", &headers, b"").await;
    assert_eq!(first_party.status, 200);

    server.acd().clock().advance(HOUR);
    let metadata = server.get("nodes").await;
    assert_eq!(metadata.outcome(), "401");
    assert_eq!(metadata.message(), "Token has expired");
    assert_eq!(server.download(&file, "").await.outcome(), "401");
    let upload = server.upload(&root, "b.txt", "b").await;
    assert_eq!(upload.outcome(), "400");
    assert!(upload.message().contains("UnauthourizedAccessException"));
    assert!(
        upload
            .message()
            .contains("HTTP status code=[401], message=[Token has expired]")
    );
    let overwrite = server.overwrite(&file, "c").await;
    assert_eq!(overwrite.outcome(), "400");
    server.acd().change_settings(|settings| {
        settings.disguise_expired_uploads = false;
    });
    assert_eq!(server.upload(&root, "b.txt", "b").await.outcome(), "401");
}

#[tokio::test]
async fn a_refresh_keeps_the_refresh_token_unless_rotation_is_ordered() {
    let server = Server::start().await;
    let tokens = server.acd().sign_in().unwrap();
    let refresh = async |token: &str| {
        let body = format!(
            "grant_type=refresh_token&refresh_token={}&client_id={}&client_secret={}",
            escape(token),
            server.acd().client_id(),
            server.acd().client_secret()
        );
        let headers = [
            ("Authorization", ""),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        server
            .send("POST", "/auth/o2/token", &headers, body.as_bytes())
            .await
    };
    let answer = refresh(&tokens.refresh_token).await.json();
    assert_eq!(answer["refresh_token"], tokens.refresh_token.as_str());
    assert_eq!(answer["token_type"], "bearer");
    assert_eq!(answer["expires_in"], 3600);
    server
        .acd()
        .identity()
        .change_settings(|settings| settings.amazon_rotates = true);
    let rotated = refresh(&tokens.refresh_token).await.json();
    assert_ne!(rotated["refresh_token"], tokens.refresh_token.as_str());
    server.acd().identity().revoke_all().unwrap();
    let revoked = refresh(rotated["refresh_token"].as_str().unwrap()).await;
    assert_eq!(revoked.status, 400);
    assert_eq!(revoked.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn the_sign_in_page_sends_the_browser_back_at_once() {
    let server = Server::start().await;
    let target = format!(
        "/ap/oa?client_id={}&response_type=code&scope=clouddrive%3Aread_all+clouddrive%3Awrite&redirect_uri={}&state=S",
        server.acd().client_id(),
        escape("http://127.0.0.1:53682/")
    );
    let back = server.send("GET", &target, &[], b"").await;
    assert_eq!(back.status, 302);
    let location = back.header("location");
    assert!(location.starts_with("http://127.0.0.1:53682/?code="));
    assert!(location.ends_with("&state=S"), "{location}");
}

#[tokio::test]
async fn scopes_limit_what_a_token_is_good_for() {
    let server = Server::start().await;
    let root = server.root.clone();
    let picture = server.upload(&root, "a.jpg", "a").await.id();
    let text = server.upload(&root, "a.txt", "b").await.id();
    let target = format!(
        "/ap/oa?client_id={}&response_type=code&scope=clouddrive%3Aread_image&redirect_uri={}",
        server.acd().client_id(),
        escape("http://127.0.0.1/")
    );
    let back = server.send("GET", &target, &[], b"").await;
    let code = back.header("location").split("code=").nth(1).unwrap();
    let code = code.split('&').next().unwrap();
    let body = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={}&client_id={}&client_secret={}",
        escape("http://127.0.0.1/"),
        server.acd().client_id(),
        server.acd().client_secret()
    );
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = server
        .send("POST", "/auth/o2/token", &headers, body.as_bytes())
        .await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let server = Server { token, ..server };
    assert_eq!(server.get("nodes").await.status, 200);
    assert_eq!(server.download(&picture, "").await.status, 200);
    assert_eq!(server.download(&text, "").await.status, 403);
    assert_eq!(server.mkdir(&root, "x").await.status, 403);
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_refused() {
    let server = Server::start().await;
    for target in [
        "nothing",
        "nodes/",
        "nodes//children",
        "nodes/x/properties//k",
    ] {
        let answer = server.get(target).await;
        assert_eq!(answer.status, 404, "{target}");
        assert_eq!(answer.text(), "<UnknownOperationException/>");
    }
    for (method, target) in [
        ("PUT", "nodes"),
        ("POST", "trash"),
        ("GET", "changes"),
        ("DELETE", "account/info"),
    ] {
        let answer = server.call(method, target).await;
        assert_eq!(answer.status, 405, "{method} {target}");
        assert!(!answer.header("allow").is_empty());
    }
    // One client joined addresses with two slashes, and it worked.
    assert_eq!(server.get("/nodes").await.status, 200);
}

#[tokio::test]
async fn ordered_failures_look_like_the_services_own() {
    let server = Server::start().await;
    let order = |action| Fault::new(action).on("nodes/list");
    let rate = FaultAction::RateLimit { retry_after: None };
    server.acd().faults().push(order(rate));
    let answer = server.get("nodes").await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.message(), "Rate exceeded");
    for status in [408, 500, 502, 503, 504] {
        server
            .acd()
            .faults()
            .push(order(FaultAction::status(status)));
        assert_eq!(server.get("nodes").await.status, status);
    }
    server.acd().faults().push(order(FaultAction::ExpireTokens));
    assert_eq!(server.get("nodes").await.status, 401);
}

#[tokio::test]
async fn every_answer_has_the_id_of_its_request() {
    let server = Server::start().await;
    let order = |action| {
        server
            .acd()
            .faults()
            .push(Fault::new(action).on("account/info"));
    };
    for target in ["nodes", "nodes/nope", "nothing", "account/endpoint"] {
        let answer = server.get(target).await;
        assert_eq!(answer.header("x-amzn-requestid").len(), 36, "{target}");
    }
    for target in ["/auth/o2/token", "/user/profile"] {
        let answer = server.send("POST", target, &[], b"").await;
        assert_eq!(answer.header("x-amzn-requestid").len(), 36, "{target}");
    }
    order(FaultAction::RateLimit { retry_after: None });
    order(FaultAction::QuotaExceeded);
    for status in [429, 403] {
        let answer = server.get("account/info").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("x-amzn-requestid").len(), 36);
    }
    // The service labels its failures now like this, now like that; other tests of this process take their turns as well.
    let mut labels = BTreeSet::new();
    for _answer in 0..50 {
        let answer = server.get("nodes/nope").await;
        labels.insert(answer.header("content-type").to_owned());
    }
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    assert_eq!(labels, ["application/json", "application/vnd.error+json"]);
}

#[tokio::test]
async fn refusals_of_tokens_can_be_ordered_in_the_services_words() {
    let server = Server::start().await;
    for (status, error) in [
        (400, "invalid_grant"),
        (401, "invalid_client"),
        (400, "unauthorized_client"),
    ] {
        let body = format!(r#"{{"error":"{error}","error_description":"ordered"}}"#);
        let refusal = FaultAction::Answer(FaultAnswer::new(status).with_body(body));
        server
            .acd()
            .faults()
            .push(Fault::new(refusal).on("identity/token"));
        let answer = server.send("POST", "/auth/o2/token", &[], b"x=1").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.json()["error"], error);
    }
    server
        .acd()
        .identity()
        .change_settings(|settings| settings.consent = Consent::Deny);
    let target = format!(
        "/ap/oa?client_id={}&response_type=code&scope=clouddrive%3Aread_all&redirect_uri={}&state=S",
        server.acd().client_id(),
        escape("http://127.0.0.1:53682/")
    );
    let back = server.send("GET", &target, &[], b"").await;
    let location = back.header("location");
    assert!(
        location.contains("error=access%5Fdenied") && location.contains("state=S"),
        "{location}"
    );
}
