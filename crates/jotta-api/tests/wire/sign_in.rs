//! What refuses a sign-in, and what a person is told.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jotta_api::auth::{Brand, Identity, LoginToken, LoginTokenError, SignInRefusal};
use remote_core::{
    error::{Error, ErrorKind, report},
    http::{HttpClient, HttpSettings},
};
use url::Url;
use wiremock::{MockServer, ResponseTemplate, matchers};

use crate::common::{addresses, json, request, trace};

const REALM: &str = "/auth/realms/jottacloud";

fn identity(server: &MockServer) -> Identity {
    let http = HttpClient::new(&HttpSettings::default()).unwrap();
    Identity::new(http, addresses(server))
}

fn well_known(server: &MockServer) -> String {
    format!("{}{REALM}/.well-known/openid-configuration", server.uri())
}

fn login_token(well_known: &str) -> Result<LoginToken, LoginTokenError> {
    let json = serde_json::json!({
        "username": "jane@example.com", "realm": "jottacloud", "well_known_link": well_known, "auth_token": "canary-secret",
    });
    LoginToken::parse(&URL_SAFE_NO_PAD.encode(json.to_string()))
}

/// A server whose description of the sign-in is good.
async fn described() -> MockServer {
    let server = MockServer::start().await;
    let document = serde_json::json!({
        "issuer": "x", "token_endpoint": format!("{}{REALM}/token", server.uri()), "authorization_endpoint": format!("{}{REALM}/auth", server.uri()),
    });
    let discovery = request("GET", &format!("{REALM}/.well-known/openid-configuration"));
    discovery
        .respond_with(json(200, document.to_string()))
        .mount(&server)
        .await;
    server
}

async fn refused(status: u16, body: &str, headers: &[(&str, &str)]) -> (MockServer, Error) {
    let server = described().await;
    let mut answer = json(status, body);
    for (name, value) in headers {
        answer = answer.insert_header(*name, *value);
    }
    let token = request("POST", &format!("{REALM}/token"));
    token.respond_with(answer).expect(1).mount(&server).await;
    let token = login_token(&well_known(&server)).unwrap();
    let outcome = identity(&server).sign_in_with_login_token(&token).await;
    (server, outcome.unwrap_err())
}

#[tokio::test]
async fn a_login_token_is_exchanged_as_the_service_wants_it() {
    let server = described().await;
    let body = "client_id=jottacli&grant_type=password&username=jane%40example.com&password=canary-secret&scope=openid+offline_access";
    request("POST", &format!("{REALM}/token"))
        .and(matchers::body_string(body))
        .and(matchers::header(
            "content-type",
            "application/x-www-form-urlencoded",
        ))
        .respond_with(json(
            200,
            r#"{"access_token":"a","refresh_token":"r","expires_in":3600}"#,
        ))
        .expect(1)
        .mount(&server)
        .await;
    let token = login_token(&well_known(&server)).unwrap();
    let signed_in = identity(&server)
        .sign_in_with_login_token(&token)
        .await
        .unwrap();
    assert_eq!(signed_in.client_id, "jottacli");
    let requests = server.received_requests().await.unwrap();
    assert!(
        requests
            .iter()
            .all(|request| !request.headers.contains_key("authorization"))
    );
}

#[tokio::test]
async fn a_refused_password_grant_says_how_to_get_another_login_token() {
    for status in [400, 401] {
        let body = r#"{"error":"invalid_grant","error_description":"Invalid user credentials"}"#;
        let (_server, error) = refused(status, body, &[]).await;
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert_eq!(error.http_status(), Some(status));
        assert!(
            error.to_string().contains("used before or has ended"),
            "{error}"
        );
        assert!(
            error.help().unwrap().contains("make a new one"),
            "{error:?}"
        );
        assert_eq!(SignInRefusal::of(&error).unwrap().code, "invalid_grant");
        assert!(!report(&error).contains("canary"));
    }
}

#[tokio::test]
async fn a_locked_account_a_missing_code_and_an_unknown_program_are_told_apart() {
    let otp = ("x-jottacloud-otp", "required; SMS");
    for (body, headers, kind, help) in [
        (
            r#"{"error":"invalid_grant","error_description":"Account is temporarily locked"}"#,
            &[][..],
            ErrorKind::LoginLocked,
            "web page",
        ),
        (
            r#"{"error":"invalid_grant","error_description":"Account disabled"}"#,
            &[],
            ErrorKind::LoginLocked,
            "web page",
        ),
        (
            r#"{"error":"invalid_client"}"#,
            &[],
            ErrorKind::Authentication,
            "",
        ),
        (
            r#"{"error":"unsupported_grant_type"}"#,
            &[],
            ErrorKind::InvalidInput,
            "sign in another way",
        ),
        (
            r#"{"error":"invalid_client_or_otp_missing_or_wrong"}"#,
            &[otp],
            ErrorKind::Authentication,
            "",
        ),
        ("nonsense", &[], ErrorKind::Authentication, ""),
    ] {
        let (_server, error) = refused(400, body, headers).await;
        assert_eq!(error.kind(), kind, "{body}");
        assert!(error.help().unwrap().contains(help), "{body}: {error:?}");
    }
    let (_server, error) = refused(503, "", &[]).await;
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(error.help().unwrap().contains("later"));
}

#[tokio::test]
async fn a_refusal_that_quotes_the_secret_does_not_pass_it_on() {
    let body = r#"{"error":"invalid_grant","error_description":"canary-secret is wrong"}"#;
    let (_server, error) = refused(401, body, &[]).await;
    assert!(!report(&error).contains("canary"), "{}", report(&error));
    assert!(!format!("{error:?}").contains("canary"));
}

#[tokio::test]
async fn a_well_known_address_must_be_encrypted_and_lead_to_a_description() {
    assert_eq!(
        login_token("http://id.jottacloud.com/x").unwrap_err(),
        LoginTokenError::UnsafeAddress
    );
    let error = Brand::of_well_known("http://id.example.org/x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.help().unwrap().contains("https://"), "{error:?}");

    let server = MockServer::start().await;
    let documents = [
        (404, "<html>", ErrorKind::Protocol),
        (200, "<html>", ErrorKind::Protocol),
        (200, "{}", ErrorKind::Protocol),
        (
            200,
            r#"{"token_endpoint":"http://elsewhere.example/token"}"#,
            ErrorKind::Protocol,
        ),
    ];
    for (number, (status, body, kind)) in documents.into_iter().enumerate() {
        let path = format!("/{number}");
        let answer = ResponseTemplate::new(status).set_body_string(body);
        request("GET", &path)
            .respond_with(answer)
            .mount(&server)
            .await;
        let address = Url::parse(&format!("{}{path}", server.uri())).unwrap();
        let error = identity(&server).discover(&address).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{body}");
        assert!(error.help().unwrap().contains("well-known"), "{error:?}");
    }
}

#[tokio::test]
async fn a_well_known_address_that_cannot_be_reached_is_told_as_such() {
    let nowhere = Url::parse("http://127.0.0.1:1/.well-known/openid-configuration").unwrap();
    let http = HttpClient::new(&HttpSettings::default()).unwrap();
    let identity = Identity::new(http, jotta_api::addresses::Addresses::default());
    let error = identity.discover(&nowhere).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(
        error.help().unwrap().contains("check the address"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_refused() {
    let server = described().await;
    let token = request("POST", &format!("{REALM}/token"));
    let answer = json(200, r#"{"access_token":"a","expires_in":3600}"#);
    token.respond_with(answer).mount(&server).await;
    let login = login_token(&well_known(&server)).unwrap();
    let outcome = identity(&server).sign_in_with_login_token(&login).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.help().is_some());
    assert_eq!(trace(&server).await.len(), 2);
}

#[tokio::test]
async fn ending_a_sign_in_and_asking_who_it_is_go_beside_the_token_address() {
    let server = described().await;
    let http = HttpClient::new(&HttpSettings::default()).unwrap();
    let token_url = Url::parse(&format!("https://id.jottacloud.com{REALM}/token")).unwrap();
    let session = jotta_api::auth::Session::new(http, addresses(&server), "desktop", token_url);
    let token = remote_core::auth::Token::new("access").with_refresh_token("refresh");
    request("POST", &format!("{REALM}/logout"))
        .and(matchers::body_string(
            "client_id=desktop&refresh_token=refresh",
        ))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    session.disconnect(&token).await.unwrap();
    request("GET", &format!("{REALM}/userinfo"))
        .and(matchers::header("authorization", "Bearer access"))
        .respond_with(json(
            200,
            r#"{"sub":"f:1:u1","username":"u1","email":5,"more":[]}"#,
        ))
        .expect(1)
        .mount(&server)
        .await;
    let user = session.user_info(&token).await.unwrap();
    assert_eq!(
        (user.username.as_deref(), user.email.as_deref()),
        (Some("u1"), Some("5"))
    );
}
