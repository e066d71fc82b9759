//! The legacy sign-in: which secret renews its token, and what refusals mean.

use std::{collections::BTreeMap, error::Error as _, sync::Arc};

use jotta_api::{JottaRemote, auth::Session};
use remote_core::{
    auth::{MemoryTokenStore, RefreshTokenRefused, Token, TokenStore as _},
    error::{Error, ErrorKind, report},
    http::{HttpClient, HttpSettings},
    options::obscure::obscure,
    path::RemotePath,
    secret::Secret,
};
use wiremock::{MockServer, matchers};

use crate::common::{addresses, json, request};

const TOKEN: &str = r#"{"token_type":"bearer","access_token":"new","refresh_token":"r2","session_id":"s","expires_in":3600}"#;
const UNKNOWN_CLIENT: &str =
    r#"{"error":"invalid_client","error_description":"the device is not registered"}"#;

/// A server that knows the device by one secret.
async fn service(secret: &str) -> MockServer {
    let server = MockServer::start().await;
    let fields = [
        ("grant_type", "REFRESH_TOKEN"),
        ("refresh_token", "r1"),
        ("client_id", "device-1"),
        ("client_secret", secret),
    ];
    let body: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    request("POST", "/auth/v1/token")
        .and(matchers::body_string(body))
        .respond_with(json(200, TOKEN))
        .mount(&server)
        .await;
    request("POST", "/auth/v1/token")
        .respond_with(json(400, UNKNOWN_CLIENT))
        .with_priority(9)
        .mount(&server)
        .await;
    server
}

/// A remote of a legacy configuration whose token has ended.
fn remote(server: &MockServer, stored_secret: &str, store: &MemoryTokenStore) -> JottaRemote {
    let options: BTreeMap<String, String> = [
        ("configVersion", "0"),
        ("client_id", "device-1"),
        ("client_secret", stored_secret),
        ("jfs_url", &format!("{}/jfs/", server.uri())),
        ("api_url", &server.uri()),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    JottaRemote::from_options_with(
        &options,
        RemotePath::root(),
        &HttpSettings::default(),
        Some(Arc::new(store.clone())),
    )
    .unwrap()
}

fn ended() -> MemoryTokenStore {
    let token = Token::new("old").with_refresh_token("r1");
    MemoryTokenStore::new(token.with_expires(std::time::SystemTime::UNIX_EPOCH))
}

/// Renews the token of a configuration, and tells how many requests that took.
async fn renew(known: &str, stored: &str) -> (Result<Secret, Error>, usize) {
    let (server, store) = (service(known).await, ended());
    request("GET", "/account/v1/customer")
        .respond_with(json(200, r#"{"username":"u1"}"#))
        .mount(&server)
        .await;
    let outcome = remote(&server, stored, &store).user_info().await;
    let requests = server.received_requests().await.unwrap();
    let asked = requests.iter().filter(|request| request.method == "POST");
    let token = store.load().await.unwrap().unwrap();
    (outcome.map(|_customer| token.access_token), asked.count())
}

#[tokio::test]
async fn the_secret_is_revealed_and_tried_as_it_stands_if_that_is_refused() {
    let obscured = obscure(&Secret::new("device secret"));
    let (token, requests) = renew("device secret", &obscured).await;
    assert_eq!((token.unwrap().expose(), requests), ("new", 1));
    // rclone presents the obscured text, so a service may have come to know that one.
    let (token, requests) = renew(&obscured, &obscured).await;
    assert_eq!((token.unwrap().expose(), requests), ("new", 2));
    // What was never obscured cannot be revealed.
    let (token, requests) = renew("plain", "plain").await;
    assert_eq!((token.unwrap().expose(), requests), ("new", 1));
}

#[tokio::test]
async fn a_device_that_the_service_does_not_know_is_told_as_such() {
    let obscured = obscure(&Secret::new("canary secret"));
    let (outcome, requests) = renew("another", &obscured).await;
    let error = outcome.unwrap_err();
    assert_eq!((error.kind(), requests), (ErrorKind::Authentication, 2));
    let text = report(&error);
    assert!(text.contains("does not know this program"), "{text}");
    assert!(error.help().unwrap().contains("client_secret"), "{error:?}");
    assert!(
        !text.contains("canary") && !text.contains(obscured.as_str()),
        "{text}"
    );
    assert!(!names_the_token(&error), "the token may still be good");
}

fn names_the_token(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<RefreshTokenRefused>() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[tokio::test]
async fn a_refused_refresh_token_is_named_as_the_cause() {
    for (body, names) in [
        (
            r#"{"error":"invalid_grant","error_description":"Stale token"}"#,
            true,
        ),
        (r#"{"error":"invalid_request"}"#, false),
    ] {
        let server = MockServer::start().await;
        let refused = request("POST", "/auth/v1/token");
        let refused = refused.respond_with(json(400, body));
        refused.expect(1).mount(&server).await;
        let http = HttpClient::new(&HttpSettings::default()).unwrap();
        let secret = Some(Secret::new("device secret"));
        let session = Session::legacy(http, addresses(&server), "device-1", secret);
        let old = Token::new("old").with_refresh_token("r1");
        let error = session.refresher().refresh(&old).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{body}");
        assert_eq!(names_the_token(&error), names, "{body}");
        assert!(error.help().unwrap().contains("set the remote up again"));
    }
}

#[tokio::test]
async fn a_refused_password_does_not_name_a_token() {
    let server = MockServer::start().await;
    let refused = r#"{"error":"invalid_grant","error_description":"wrong user name or password"}"#;
    let answer = json(400, refused);
    request("POST", "/auth/v1/token")
        .respond_with(answer)
        .mount(&server)
        .await;
    let http = HttpClient::new(&HttpSettings::default()).unwrap();
    let identity = jotta_api::auth::Identity::new(http, addresses(&server));
    let password = Secret::new("canary password");
    let outcome = identity.sign_in_with_password(None, "jane", &password, None);
    let error = outcome.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(!names_the_token(&error) && error.help().is_some());
    assert!(!report(&error).contains("canary"));
}
