//! The OAuth flows, one exchange at a time.

use std::{collections::HashMap, time::Duration};

use remote_core::{
    auth::{OAuthClient, Token, TokenRefresher},
    error::{ErrorKind, report},
    http::{HttpClient, HttpSettings},
    secret::Secret,
};
use serde_json::json;
use url::Url;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{body_string_contains, header, method, path},
};

async fn start() -> (MockServer, OAuthClient) {
    let server = MockServer::start().await;
    let url = |path: &str| Url::parse(&server.uri()).unwrap().join(path).unwrap();
    let http = HttpClient::new(&HttpSettings::default()).unwrap();
    let client = OAuthClient::new(http, "my-id", url("/token"))
        .with_client_secret(Secret::new("my-secret"))
        .with_auth_url(url("/auth"))
        .with_device_url(url("/device"))
        .with_redirect_url(Url::parse("http://127.0.0.1:53682/").unwrap())
        .with_scopes(["public", "files.read"]);
    (server, client)
}

async fn answer(server: &MockServer, answer: ResponseTemplate) {
    Mock::given(method("POST"))
        .and(path("/token"))
        .respond_with(answer)
        .mount(server)
        .await;
}

fn tokens() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "access_token": "access", "token_type": "Bearer", "refresh_token": "rotated",
        "expires_in": 3600, "scope": "public", "server": "https://h.example"
    }))
}

async fn forms(server: &MockServer) -> Vec<HashMap<String, String>> {
    let form = |request: &Request| {
        url::form_urlencoded::parse(&request.body)
            .into_owned()
            .collect()
    };
    server
        .received_requests()
        .await
        .unwrap()
        .iter()
        .map(form)
        .collect()
}

fn old() -> Token {
    Token::new("old").with_refresh_token("hunter2-refresh")
}

#[tokio::test]
async fn a_token_is_renewed_with_the_form_the_standard_describes() {
    let (server, client) = start().await;
    answer(&server, tokens()).await;
    let token = client.refresh(&old()).await.unwrap();
    assert_eq!(token.access_token.expose(), "access");
    assert_eq!(token.token_type, "Bearer");
    assert_eq!(token.refresh_token, Some("rotated".into()));
    assert_eq!(token.expires_in, Some(Duration::from_secs(3600)));
    assert!(token.expires.is_some());
    let forms = forms(&server).await;
    assert_eq!(forms.len(), 1);
    assert_eq!(forms[0]["grant_type"], "refresh_token");
    assert_eq!(forms[0]["refresh_token"], "hunter2-refresh");
    assert_eq!(forms[0]["client_id"], "my-id");
    assert_eq!(forms[0]["client_secret"], "my-secret");
}

#[tokio::test]
async fn id_and_secret_go_into_a_header_on_request() {
    let (server, client) = start().await;
    Mock::given(header("authorization", "Basic bXktaWQ6bXktc2VjcmV0"))
        .respond_with(tokens())
        .mount(&server)
        .await;
    client.with_basic_auth(true).refresh(&old()).await.unwrap();
    assert!(!forms(&server).await[0].contains_key("client_secret"));
}

#[tokio::test]
async fn dialects_of_answers_are_understood() {
    let (server, client) = start().await;
    let body = json!({"access_token": "access", "expires_in": "1800"}).to_string();
    answer(
        &server,
        ResponseTemplate::new(201).set_body_raw(body, "text/plain"),
    )
    .await;
    let token = client.refresh(&old()).await.unwrap();
    assert_eq!(token.token_type, "");
    assert_eq!(token.expires_in, Some(Duration::from_secs(1800)));
    assert_eq!(token.refresh_token, Some("hunter2-refresh".into()));
}

#[tokio::test]
async fn an_answer_may_be_a_form() {
    for content_type in [
        "application/x-www-form-urlencoded",
        "Text/Plain; charset=utf-8",
    ] {
        let (server, client) = start().await;
        let body = "access_token=a%7Cb+c&refresh_token=next&expires_in=1800&token_type=bearer";
        answer(
            &server,
            ResponseTemplate::new(200).set_body_raw(body, content_type),
        )
        .await;
        let token = client.refresh(&old()).await.unwrap();
        assert_eq!(token.access_token, "a|b c".into());
        assert_eq!(token.expires_in, Some(Duration::from_secs(1800)));
        assert_eq!(token.refresh_token, Some("next".into()));
    }
}

#[tokio::test]
async fn refusals_ask_for_a_new_sign_in_and_repeat_no_secret() {
    for (status, error, kind) in [
        (400, "invalid_grant", ErrorKind::Authentication),
        (401, "invalid_grant", ErrorKind::Authentication),
        (401, "invalid_client", ErrorKind::Authentication),
        (400, "invalid_scope", ErrorKind::InvalidInput),
        (400, "something_new", ErrorKind::Authentication),
    ] {
        let (server, client) = start().await;
        let body = json!({"error": error, "error_description": "token hunter2-refresh is gone"});
        answer(&server, ResponseTemplate::new(status).set_body_json(body)).await;
        let failure = client.refresh(&old()).await.unwrap_err();
        assert_eq!(failure.kind(), kind, "{error}");
        assert_eq!(failure.http_status(), Some(status));
        assert!(failure.to_string().contains(error), "{failure}");
        assert!(failure.help().is_some());
        let text = format!("{} {failure:?}", report(&failure));
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!(forms(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn the_explanation_of_a_service_is_passed_on() {
    let (server, client) = start().await;
    let body = json!({"error": "invalid_grant", "error_description": "session ended"});
    answer(&server, ResponseTemplate::new(400).set_body_json(body)).await;
    let failure = client.refresh(&old()).await.unwrap_err();
    assert!(failure.to_string().contains("session ended"), "{failure}");
}

#[tokio::test]
async fn a_bare_401_asks_for_a_new_sign_in() {
    let (server, client) = start().await;
    answer(&server, ResponseTemplate::new(401)).await;
    let failure = client.refresh(&old()).await.unwrap_err();
    assert_eq!(failure.kind(), ErrorKind::Authentication);
    assert_eq!(failure.help(), Some("sign in again"));
}

#[tokio::test]
async fn a_failing_service_is_no_refusal_and_a_refresh_token_is_not_presented_twice() {
    let (server, client) = start().await;
    answer(
        &server,
        ResponseTemplate::new(502).set_body_string("<html>Bad gateway"),
    )
    .await;
    let failure = client.refresh(&old()).await.unwrap_err();
    assert_eq!(failure.kind(), ErrorKind::Service);
    assert_eq!(forms(&server).await.len(), 1);
}

#[tokio::test]
async fn a_reusable_refresh_token_is_presented_again() {
    let (server, client) = start().await;
    Mock::given(path("/token"))
        .respond_with(ResponseTemplate::new(502))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    answer(&server, tokens()).await;
    let client = client.with_reusable_refresh_tokens(true);
    client.refresh(&old()).await.unwrap();
    assert_eq!(forms(&server).await.len(), 2);
}

#[tokio::test]
async fn answers_that_do_not_fit_are_named_without_their_content() {
    for body in [
        "<html>hunter2",
        r#"{"token":"hunter2"}"#,
        r#"["hunter2"]"#,
        r#"{"access_token":["hunter2"]}"#,
        "",
    ] {
        let (server, client) = start().await;
        answer(&server, ResponseTemplate::new(200).set_body_string(body)).await;
        let failure = client.refresh(&old()).await.unwrap_err();
        assert_eq!(failure.kind(), ErrorKind::Protocol, "{body}");
        let text = format!("{} {failure:?}", report(&failure));
        assert!(body.starts_with('<') || !text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn the_token_endpoint_cannot_send_the_request_elsewhere() {
    let (server, client) = start().await;
    let elsewhere = ResponseTemplate::new(307).insert_header("location", "https://evil.example/");
    answer(&server, elsewhere).await;
    let failure = client.refresh(&old()).await.unwrap_err();
    assert_eq!(failure.kind(), ErrorKind::Protocol);
    assert!(failure.to_string().contains("evil.example"), "{failure}");
}

#[tokio::test]
async fn a_token_without_refresh_token_cannot_be_renewed() {
    let (server, client) = start().await;
    let failure = client.refresh(&Token::new("old")).await.unwrap_err();
    assert_eq!(failure.kind(), ErrorKind::Authentication);
    assert!(forms(&server).await.is_empty());
}

#[tokio::test]
async fn signing_in_by_browser_carries_state_and_challenge() {
    let (server, client) = start().await;
    answer(&server, tokens()).await;
    let sign_in = client.authorize().unwrap();
    let query: HashMap<_, _> = sign_in.url().query_pairs().into_owned().collect();
    assert_eq!(sign_in.url().path(), "/auth");
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["client_id"], "my-id");
    assert_eq!(query["redirect_uri"], "http://127.0.0.1:53682/");
    assert_eq!(query["scope"], "public files.read");
    assert_eq!(query["code_challenge_method"], "S256");

    let redirect = format!("http://127.0.0.1:53682/?code=abc&state={}", query["state"]);
    let code = sign_in.code_from(&Url::parse(&redirect).unwrap()).unwrap();
    let token = client.exchange_code(&sign_in, &code).await.unwrap();
    assert_eq!(token.access_token.expose(), "access");
    let form = &forms(&server).await[0];
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["code"], "abc");
    assert_eq!(form["redirect_uri"], "http://127.0.0.1:53682/");
    assert!(form["code_verifier"].len() >= 43);
}

#[tokio::test]
async fn the_answer_of_another_sign_in_is_not_accepted() {
    let (_server, client) = start().await;
    let (first, second) = (client.authorize().unwrap(), client.authorize().unwrap());
    let answer = |state: &str, rest: &str| {
        Url::parse(&format!("http://127.0.0.1:53682/?state={state}&{rest}")).unwrap()
    };
    let state = first.state().expose();
    let kind = |url: Url| first.code_from(&url).unwrap_err().kind();
    assert_eq!(
        kind(answer(second.state().expose(), "code=x")),
        ErrorKind::InvalidInput
    );
    assert_eq!(
        kind(Url::parse("http://127.0.0.1/?code=x").unwrap()),
        ErrorKind::InvalidInput
    );
    assert_eq!(
        kind(answer(state, "error=access_denied")),
        ErrorKind::Authentication
    );
    assert_eq!(kind(answer(state, "")), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn programs_sign_in_with_their_own_credentials() {
    let (server, client) = start().await;
    answer(&server, tokens()).await;
    client.client_credentials().await.unwrap();
    let form = &forms(&server).await[0];
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(form["scope"], "public files.read");
}

async fn device(server: &MockServer) {
    Mock::given(path("/device"))
        .and(body_string_contains("client_id=my-id"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({
            "device_code": "hunter2-device", "user_code": "AB-CD", "expires_in": 600, "interval": 1,
            "verification_uri": "https://h.example/device"
        })))
        .mount(server)
        .await;
}

#[tokio::test]
async fn signing_in_with_a_device_code_waits_until_it_was_typed_in() {
    let (server, client) = start().await;
    device(&server).await;
    Mock::given(path("/token"))
        .respond_with(
            ResponseTemplate::new(400).set_body_json(json!({"error": "authorization_pending"})),
        )
        .up_to_n_times(1)
        .mount(&server)
        .await;
    answer(&server, tokens()).await;
    let sign_in = client.start_device().await.unwrap();
    assert_eq!(sign_in.user_code(), "AB-CD");
    assert_eq!(sign_in.verification_url(), "https://h.example/device");
    assert_eq!(sign_in.expires_in(), Duration::from_secs(600));
    assert!(!format!("{sign_in:?}").contains("hunter2"));
    let token = client.finish_device(&sign_in).await.unwrap();
    assert_eq!(token.token_type, "Bearer");
}

#[tokio::test]
async fn a_refusal_ends_the_waiting_for_a_device_code() {
    for refusal in [
        ResponseTemplate::new(400).set_body_json(json!({"error": "access_denied"})),
        ResponseTemplate::new(401),
    ] {
        let (server, client) = start().await;
        device(&server).await;
        answer(&server, refusal).await;
        let sign_in = client.start_device().await.unwrap();
        let failure = client.finish_device(&sign_in).await.unwrap_err();
        assert_eq!(failure.kind(), ErrorKind::Authentication);
    }
}

#[tokio::test]
async fn flows_that_a_service_does_not_have_say_so() {
    let http = HttpClient::new(&HttpSettings::default()).unwrap();
    let url = Url::parse("https://h.example/token").unwrap();
    let client = OAuthClient::new(http, "id", url).with_client_secret(Secret::new("hunter2"));
    assert_eq!(
        client.authorize().unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    let error = client.start_device().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(!format!("{client:?}").contains("hunter2"));
}
