//! Signing in and renewing: what is sent to the token address, what its refusals mean, and that a refused token is renewed once.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use acd_api::{
    Client,
    api::nodes::NewNode,
    auth::{Credentials, SignInApp, exchange_pasted},
};
use bytes::Bytes;
use futures::{StreamExt as _, future::join_all, stream};
use remote_core::{
    auth::{MemoryTokenStore, Token, TokenCache, TokenStore as _},
    error::{Effect, ErrorKind, RetryAdvice, report},
    http::{HttpClient, HttpSettings},
    retry::{Pacer, Retry},
};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

use crate::common::{
    FILE, answer_all, answers, at, builder, count, failure, header, json, lines, quick, received,
    request,
};

const TOKEN: &str = "/token";
const NODE: &str = "/m/nodes/n1";
const NEW: &str = r#"{"access_token":"Atza|new","token_type":"bearer","expires_in":3600}"#;

fn http() -> HttpClient {
    HttpClient::new(&HttpSettings::default()).unwrap()
}

fn app(server: &MockServer) -> SignInApp {
    SignInApp::new("amzn1.id", "s3cr3t+ secret")
        .with_auth_url(at(server, "/ap/oa"))
        .with_token_url(at(server, TOKEN))
}

/// A client with a token that looks good, and the store it is kept in.
fn signed_in(server: &MockServer) -> (Client, Arc<MemoryTokenStore>) {
    let token = Token::new("Atza|old")
        .with_refresh_token("Atzr|refresh")
        .with_expires_in(Duration::from_secs(3600), SystemTime::now());
    with_token(server, token)
}

fn with_token(server: &MockServer, token: Token) -> (Client, Arc<MemoryTokenStore>) {
    let store = Arc::new(MemoryTokenStore::new(token));
    let http = http();
    let retry = Retry::new(quick(), Pacer::new());
    let oauth = app(server).oauth_client(&http).with_retry(retry);
    let tokens = TokenCache::new(Arc::clone(&store) as Arc<_>, Arc::new(oauth));
    let addresses = builder(server).build().unwrap().addresses().clone();
    let client = Client::builder(Credentials::Tokens(tokens))
        .addresses(addresses)
        .http_client(http)
        .retry_policy(quick())
        .build()
        .unwrap();
    (client, store)
}

fn form(request: &Request) -> HashMap<String, String> {
    assert_eq!(
        header(request, "content-type"),
        "application/x-www-form-urlencoded"
    );
    // Others try it with a header first, which costs a request and can use up the code.
    assert_eq!(header(request, "authorization"), "");
    let text = String::from_utf8(request.body.clone()).unwrap();
    let url = url::Url::parse(&format!("http://x/?{text}")).unwrap();
    url.query_pairs().into_owned().collect()
}

fn fields(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// Serves a node for one token and refuses every other one.
async fn only_for(server: &MockServer, token: &str) {
    let bearer = format!("Bearer {token}");
    request("GET", NODE)
        .and(matchers::header("authorization", bearer.as_str()))
        .respond_with(json(200, FILE))
        .mount(server)
        .await;
    request("GET", NODE)
        .respond_with(failure(401, "Token has expired"))
        .mount(server)
        .await;
}

#[tokio::test]
async fn a_code_is_traded_with_id_and_secret_in_the_form() {
    let server = MockServer::start().await;
    let body = r#"{"access_token":"Atza|a","refresh_token":"Atzr|r","token_type":"bearer","expires_in":3600}"#;
    answer_all(&server, json(200, body)).await;
    let oauth = app(&server).oauth_client(&http());
    let sign_in = oauth.authorize().unwrap();
    let state = sign_in.state().expose();
    let pasted = format!("http://127.0.0.1:53682/?code=ANcode&scope=x&state={state}\n");
    for pasted in [pasted.as_str(), " ANcode "] {
        let token = exchange_pasted(&oauth, &sign_in, pasted).await.unwrap();
        assert_eq!(token.access_token.expose(), "Atza|a");
        assert_eq!(token.refresh_token.unwrap().expose(), "Atzr|r");
        assert_eq!(token.expires_in, Some(Duration::from_secs(3600)));
    }
    for sent in received(&server).await {
        assert_eq!(
            form(&sent),
            fields(&[
                ("grant_type", "authorization_code"),
                ("code", "ANcode"),
                ("redirect_uri", "http://127.0.0.1:53682/"),
                ("client_id", "amzn1.id"),
                ("client_secret", "s3cr3t+ secret"),
            ])
        );
    }
    assert_eq!(lines(&server).await, ["POST /token", "POST /token"]);
}

#[tokio::test]
async fn a_token_that_has_ended_is_renewed_before_it_is_used() {
    let server = MockServer::start().await;
    answers(&server, TOKEN, &[json(200, NEW)]).await;
    only_for(&server, "Atza|new").await;
    let ended = Token::new("Atza|old")
        .with_refresh_token("Atzr|refresh")
        .with_expires(SystemTime::now() + Duration::from_secs(30));
    let (client, store) = with_token(&server, ended);
    assert_eq!(count(&server).await, 0);
    client.node("n1").await.unwrap();
    assert_eq!(lines(&server).await, ["POST /token", "GET /m/nodes/n1"]);
    assert_eq!(
        form(&received(&server).await[0]),
        fields(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", "Atzr|refresh"),
            ("client_id", "amzn1.id"),
            ("client_secret", "s3cr3t+ secret"),
        ])
    );
    let kept = store.load().await.unwrap().unwrap();
    assert_eq!(kept.access_token.expose(), "Atza|new");
    assert_eq!(kept.refresh_token.unwrap().expose(), "Atzr|refresh");
}

// Some proxies that hold the application's secret answer like this.
#[tokio::test]
async fn a_token_may_come_as_a_form_or_labelled_as_text() {
    let form =
        "access_token=Atza%7Cnew&token_type=bearer&expires_in=3600&refresh_token=Atzr%7Cnext";
    for (body, content_type) in [
        (form, "application/x-www-form-urlencoded; charset=utf-8"),
        (form, "text/plain"),
        (NEW, "text/plain"),
        (NEW, "application/octet-stream"),
        (
            r#"{"access_token":"Atza|new","token_type":"bearer","expires_in":"3600"}"#,
            "application/json",
        ),
        (r#"{"access_token":"Atza|new"}"#, "application/json"),
    ] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_raw(body, content_type);
        answers(&server, TOKEN, &[answer]).await;
        only_for(&server, "Atza|new").await;
        let (client, store) = signed_in(&server);
        client.node("n1").await.unwrap();
        let kept = store.load().await.unwrap().unwrap();
        let expected = if body == form {
            "Atzr|next"
        } else {
            "Atzr|refresh"
        };
        assert_eq!(kept.refresh_token.unwrap().expose(), expected);
    }
    for (body, content_type) in [
        ("token_type=bearer", "application/x-www-form-urlencoded"),
        ("<html>sign in</html>", "text/plain"),
        ("{}", "application/json"),
        ("", "text/plain"),
    ] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_raw(body, content_type);
        answers(&server, TOKEN, &[answer]).await;
        only_for(&server, "Atza|new").await;
        let (client, _store) = signed_in(&server);
        let error = client.node("n1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{body}");
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_request_repeated_once() {
    let server = MockServer::start().await;
    answers(&server, TOKEN, &[json(200, NEW)]).await;
    only_for(&server, "Atza|new").await;
    let (client, _store) = signed_in(&server);
    client.node("n1").await.unwrap();
    client.node("n1").await.unwrap();
    assert_eq!(
        lines(&server).await,
        [
            "GET /m/nodes/n1",
            "POST /token",
            "GET /m/nodes/n1",
            "GET /m/nodes/n1"
        ]
    );

    let server = MockServer::start().await;
    answers(&server, TOKEN, &[json(200, NEW)]).await;
    only_for(&server, "nobody's").await;
    let (client, _store) = signed_in(&server);
    let error = client.node("n1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert_eq!(count(&server).await, 3);
}

#[tokio::test]
async fn calls_at_the_same_time_share_one_renewal() {
    let server = MockServer::start().await;
    let slow = json(200, NEW).set_delay(Duration::from_millis(30));
    answers(&server, TOKEN, &[slow]).await;
    only_for(&server, "Atza|new").await;
    let (client, _store) = signed_in(&server);
    let calls = (0..8).map(|_| client.node("n1"));
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    let lines = lines(&server).await;
    let renewals = lines.iter().filter(|line| *line == "POST /token").count();
    assert_eq!((renewals, lines.len()), (1, 17));
}

/// A change is repeated as well: what is refused for its token was not made.
#[tokio::test]
async fn a_change_is_repeated_with_the_new_token() {
    let server = MockServer::start().await;
    answers(&server, TOKEN, &[json(200, NEW)]).await;
    let path = "/m/trash/n1";
    answers(
        &server,
        path,
        &[failure(401, "Token has expired"), json(200, FILE)],
    )
    .await;
    let (client, _store) = signed_in(&server);
    client.trash("n1").await.unwrap();
    let requests = received(&server).await;
    let tokens: Vec<&str> = requests
        .iter()
        .map(|request| header(request, "authorization"))
        .collect();
    assert_eq!(tokens, ["Bearer Atza|old", "", "Bearer Atza|new"]);
}

// The content host reports an ended token by a 400; the bytes are gone then, and the caller can open them again.
#[tokio::test]
async fn an_upload_renews_the_token_and_says_that_it_can_be_sent_again() {
    let disguised = "x UnauthourizedAccessException: HTTP status code=[401] y Token has expired";
    for refusal in [failure(400, disguised), failure(401, "Token has expired")] {
        let server = MockServer::start().await;
        answers(&server, TOKEN, &[json(200, NEW)]).await;
        answers(&server, "/c/nodes", &[refusal, json(201, FILE)]).await;
        let (client, _store) = signed_in(&server);
        let file = NewNode::new("a", "p1");
        let content = || stream::iter([Ok(Bytes::from("x"))]).boxed();
        let error = client
            .upload(&file, content(), Some(1), false)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert_eq!(error.effect(), Effect::NotMade);
        assert_eq!(error.retry_advice(), RetryAdvice::Safe(None));
        assert!(
            client
                .upload(&file, content(), Some(1), false)
                .await
                .is_ok()
        );
        let lines = lines(&server).await;
        assert_eq!(
            lines.iter().filter(|line| *line == "POST /token").count(),
            1
        );
        assert_eq!(lines.len(), 3);
    }
}

#[tokio::test]
async fn a_long_upload_begins_with_a_token_that_lasts() {
    for (left, size, renewals) in [
        (Duration::from_secs(40 * 60), 2 << 30, 1),
        (Duration::from_secs(55 * 60), 2 << 30, 0),
        (Duration::from_secs(40 * 60), 1, 0),
    ] {
        let server = MockServer::start().await;
        answers(&server, TOKEN, &[json(200, NEW)]).await;
        answer_all(&server, failure(403, "enough")).await;
        let token = Token::new("Atza|old")
            .with_refresh_token("Atzr|refresh")
            .with_expires(SystemTime::now() + left);
        let (client, _store) = with_token(&server, token);
        // It ends at once: what is sent does not matter here, only what is asked before.
        let failing = stream::iter([Err(remote_core::error::Error::new(ErrorKind::Cancelled))]);
        let file = NewNode::new("a", "p1");
        let upload = client.upload(&file, failing.boxed(), Some(size), false);
        upload.await.unwrap_err();
        let lines = lines(&server).await;
        let asked = lines.iter().filter(|line| *line == "POST /token").count();
        assert_eq!(asked, renewals, "{left:?} {size}");
    }
}

#[tokio::test]
async fn refusals_of_a_renewal_are_final_and_say_what_to_do() {
    for (status, code, help) in [
        (400, "invalid_grant", "sign in again"),
        (401, "invalid_client", "client"),
        (400, "unauthorized_client", "client"),
        (400, "something_new", "sign in again"),
    ] {
        let server = MockServer::start().await;
        let body =
            format!(r#"{{"error":"{code}","error_description":"it is gone: Atzr|refresh"}}"#);
        answers(&server, TOKEN, &[json(status, body)]).await;
        only_for(&server, "Atza|new").await;
        let (client, _store) = signed_in(&server);
        let error = client.node("n1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{code}");
        assert_eq!(error.retry_advice(), RetryAdvice::Never);
        let text = format!("{} {error:?}", report(&error));
        assert!(text.contains(code), "{text}");
        assert!(!text.contains("Atz") && !text.contains("s3cr3t"), "{text}");
        assert!(
            error.help().is_some_and(|text| text.contains(help)),
            "{error:?}"
        );
        assert_eq!(lines(&server).await, ["GET /m/nodes/n1", "POST /token"]);
    }
}

#[tokio::test]
async fn a_token_address_that_fails_is_no_refusal() {
    let server = MockServer::start().await;
    answers(&server, TOKEN, &[ResponseTemplate::new(500)]).await;
    only_for(&server, "Atza|new").await;
    let (client, store) = signed_in(&server);
    let error = client.node("n1").await.unwrap_err();
    assert_ne!(error.kind(), ErrorKind::Authentication);
    let kept = store.load().await.unwrap().unwrap();
    assert_eq!(kept.access_token.expose(), "Atza|old");
}

// The service answers a request without a token with a riddle about other headers.
#[tokio::test]
async fn an_empty_token_is_never_sent() {
    let server = MockServer::start().await;
    answer_all(&server, json(200, FILE)).await;
    let addresses = builder(&server).build().unwrap().addresses().clone();
    let client = Client::builder(Credentials::token(""))
        .addresses(addresses)
        .build()
        .unwrap();
    let error = client.node("n1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.help().is_some());
    let (client, _store) = with_token(&server, Token::new(""));
    assert_eq!(
        client.node("n1").await.unwrap_err().kind(),
        ErrorKind::Authentication
    );
    assert_eq!(count(&server).await, 0);
}

#[tokio::test]
async fn refused_consent_is_told_with_the_services_reason() {
    let server = MockServer::start().await;
    let oauth = app(&server).oauth_client(&http());
    let sign_in = oauth.authorize().unwrap();
    let state = sign_in.state().expose();
    let refused = format!(
        "http://127.0.0.1:53682/?error=access_denied&error_description=the+user+said+no&state={state}"
    );
    let error = exchange_pasted(&oauth, &sign_in, &refused)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    let text = error.to_string();
    assert!(
        text.contains("access_denied") && text.contains("the user said no"),
        "{text}"
    );
    assert_eq!(count(&server).await, 0);
}

#[tokio::test]
async fn no_secret_shows_in_what_is_printed() {
    let server = MockServer::start().await;
    Mock::given(matchers::any())
        .respond_with(failure(500, "echo of Atza|old"))
        .mount(&server)
        .await;
    let (client, _store) = signed_in(&server);
    let text = format!(
        "{client:?} {:?} {:?}",
        app(&server),
        Credentials::token("Atza|x")
    );
    assert!(!text.contains("Atz") && !text.contains("s3cr3t"), "{text}");
}
