//! Signing in: what is sent, what a refusal does, and that wrong credentials are presented once.
//!
//! Covered: Basic, token exchange in both forms, a given token, OAuth with refresh; refusal, lockout, other rate limits; parallel first requests;
//! the level of the interface. Not covered: TLS, which has a suite of its own.

use std::{sync::Arc, time::Duration};

use crate::common::{FILE, builder, client, count, failure, json, once, request};
use futures::future::join_all;
use koofr_api::{
    Client,
    api::upload::PutOptions,
    auth::{Credentials, oauth::OAuthSession},
    level::ApiLevel,
    provider::Provider,
};
use remote_core::{
    auth::{MemoryTokenStore, Token, TokenStore as _},
    error::{ErrorKind, RetryAdvice},
    http::{Body, HttpClient, HttpSettings},
    secret::Secret,
};
use url::Url;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

const INFO: &str = "/api/v2.1/mounts/m/files/info";

async fn answer_all(server: &MockServer, answer: ResponseTemplate) {
    Mock::given(matchers::any())
        .respond_with(answer)
        .mount(server)
        .await;
}

#[tokio::test]
async fn refused_basic_credentials_are_presented_once() {
    let server = MockServer::start().await;
    let refusal = ResponseTemplate::new(401).set_delay(Duration::from_millis(50));
    answer_all(&server, refusal.insert_header("www-authenticate", "Token")).await;
    let client = client(&server);
    let calls = (0..8).map(|_| client.info("m", "/a"));
    for result in join_all(calls).await {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert_eq!(error.http_status(), Some(401));
        assert!(
            error
                .help()
                .is_some_and(|help| help.contains("application password"))
        );
        assert!(!format!("{error:?}").contains("app password"));
    }
    assert_eq!(
        client.info("m", "/a").await.unwrap_err().kind(),
        ErrorKind::Authentication
    );
    assert_eq!(count(&server).await, 1);
    let again = client.with_credentials(Credentials::basic("ann@example.org", "right"));
    again.info("m", "/a").await.unwrap_err();
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn the_first_request_goes_alone_and_the_rest_together() {
    let server = MockServer::start().await;
    answer_all(
        &server,
        json(200, FILE).set_delay(Duration::from_millis(50)),
    )
    .await;
    let client = client(&server);
    let calls = (0..4).map(|_| client.info("m", "/a"));
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(count(&server).await, 4);
}

#[tokio::test]
async fn lockout_is_told_apart_and_those_who_waited_do_not_ask() {
    let server = MockServer::start().await;
    let locked = ResponseTemplate::new(429).set_body_string("Too many login retries");
    answer_all(&server, locked.set_delay(Duration::from_millis(50))).await;
    let client = client(&server);
    let calls = (0..5).map(|_| client.info("m", "/a"));
    for result in join_all(calls).await {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::LoginLocked);
    }
    assert_eq!(count(&server).await, 1);
}

#[tokio::test]
async fn other_rate_limits_are_waited_for() {
    let server = MockServer::start().await;
    let slow_down = ResponseTemplate::new(429).insert_header("retry-after", "0");
    request("GET", INFO)
        .respond_with(slow_down)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    request("GET", INFO)
        .respond_with(json(200, FILE))
        .mount(&server)
        .await;
    assert!(client(&server).info("m", "/a").await.is_ok());
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn a_missing_file_shows_that_the_credentials_are_right() {
    let server = MockServer::start().await;
    answer_all(&server, failure(404, "NotFound")).await;
    let client = client(&server);
    assert!(client.info("m", "/a").await.unwrap_err().is_not_found());
    let body = Body::stream(Box::pin(futures::stream::empty()), Some(0));
    let options = PutOptions::default();
    let put = client.put("m", "/", "a", body, &options);
    assert!(put.await.unwrap_err().is_not_found());
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn a_first_upload_is_preceded_by_a_small_request() {
    let server = MockServer::start().await;
    once(
        &server,
        request("GET", "/api/v2.1/user"),
        ResponseTemplate::new(401),
    )
    .await;
    let client = client(&server);
    let body = Body::stream(Box::pin(futures::stream::empty()), Some(0));
    let error = client
        .put("m", "/", "a", body, &PutOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert_eq!(count(&server).await, 1);
}

#[tokio::test]
async fn a_password_is_exchanged_for_a_token_once_and_again_after_a_refusal() {
    let server = MockServer::start().await;
    let exchange = || {
        request("POST", "/token").and(matchers::body_json(
            serde_json::json!({"email": "ann@example.org", "password": "pw"}),
        ))
    };
    exchange()
        .respond_with(json(200, r#"{"token":"t1"}"#))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    exchange()
        .respond_with(json(200, r#"{"Token":"t2"}"#))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    let with = |token: &str| {
        request("GET", INFO).and(matchers::header(
            "authorization",
            format!("Token token={token}").as_str(),
        ))
    };
    with("t1")
        .respond_with(json(200, FILE))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    with("t1")
        .respond_with(ResponseTemplate::new(401))
        .mount(&server)
        .await;
    with("t2")
        .respond_with(json(200, FILE))
        .mount(&server)
        .await;

    let client = builder(&server)
        .credentials(Credentials::login("ann@example.org", "pw"))
        .build()
        .unwrap();
    assert!(
        join_all([client.info("m", "/a"), client.info("m", "/b")])
            .await
            .iter()
            .all(Result::is_ok)
    );
    assert_eq!(count(&server).await, 3);
    assert!(client.info("m", "/a").await.is_ok());
    assert_eq!(count(&server).await, 6);
}

#[tokio::test]
async fn a_refused_exchange_is_final() {
    let server = MockServer::start().await;
    once(
        &server,
        request("POST", "/token"),
        ResponseTemplate::new(401),
    )
    .await;
    let client = builder(&server)
        .credentials(Credentials::login("ann@example.org", "wrong"))
        .build()
        .unwrap();
    for result in join_all((0..3).map(|_| client.info("m", "/a"))).await {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Authentication);
    }
}

#[tokio::test]
async fn a_token_that_stays_refused_is_renewed_once_per_call() {
    let server = MockServer::start().await;
    request("POST", "/token")
        .respond_with(json(200, r#"{"token":"t"}"#))
        .mount(&server)
        .await;
    request("GET", INFO)
        .respond_with(ResponseTemplate::new(401))
        .mount(&server)
        .await;
    let client = builder(&server)
        .credentials(Credentials::login("ann@example.org", "pw"))
        .build()
        .unwrap();
    assert_eq!(
        client.info("m", "/a").await.unwrap_err().kind(),
        ErrorKind::Authentication
    );
    let requests = server.received_requests().await.unwrap();
    let paths: Vec<&str> = requests.iter().map(|request| request.url.path()).collect();
    assert_eq!(paths, ["/token", INFO, "/token", INFO]);
}

#[tokio::test]
async fn tokens_are_made_by_header_and_given_back() {
    let server = MockServer::start().await;
    let asked = request("GET", "/token")
        .and(matchers::header("x-koofr-email", "ann@example.org"))
        .and(matchers::header("x-koofr-password", "pw"));
    let answer = ResponseTemplate::new(200)
        .insert_header("x-koofr-token", "t")
        .insert_header("x-user-id", "u");
    once(&server, asked, answer).await;
    let asked = request("DELETE", "/token").and(matchers::header("authorization", "Token token=t"));
    once(&server, asked, ResponseTemplate::new(204)).await;
    let visitor = builder(&server).build().unwrap();
    let login = visitor
        .login_by_header("ann@example.org", &Secret::new("pw"))
        .await
        .unwrap();
    assert_eq!(login.user_id.as_deref(), Some("u"));
    visitor
        .with_credentials(Credentials::Token(login.token))
        .logout()
        .await
        .unwrap();
}

async fn oauth(server: &MockServer, token: Token) -> (Client, MemoryTokenStore) {
    let endpoint = Url::parse(&server.uri()).unwrap();
    let http = HttpClient::new(&HttpSettings::default()).unwrap();
    let provider = Provider::Other(endpoint);
    let session = OAuthSession::new(http, &provider, "id", Some(Secret::new("client secret")));
    let store = MemoryTokenStore::new(token);
    let client = builder(server)
        .credentials(Credentials::OAuth(session.tokens(Arc::new(store.clone()))))
        .server_hint(session.server())
        .build()
        .unwrap();
    (client, store)
}

#[tokio::test]
async fn a_refused_access_token_is_refreshed_and_the_request_repeated() {
    let server = MockServer::start().await;
    let asked = request("POST", "/oauth2/token")
        .and(matchers::body_string_contains("grant_type=refresh_token"))
        .and(matchers::body_string_contains("refresh_token=r1"))
        .and(matchers::body_string_contains("client_id=id"));
    let answer = json(
        200,
        r#"{"access_token":"a2","refresh_token":"r2","expires_in":3600,"server":"https://elsewhere.example.org"}"#,
    );
    once(&server, asked, answer).await;
    let with = |token: &str| {
        request("GET", INFO).and(matchers::header(
            "authorization",
            format!("Bearer {token}").as_str(),
        ))
    };
    with("a1")
        .respond_with(ResponseTemplate::new(401))
        .mount(&server)
        .await;
    with("a2")
        .respond_with(json(200, FILE))
        .mount(&server)
        .await;
    let (client, store) = oauth(&server, Token::new("a1").with_refresh_token("r1")).await;
    assert!(client.info("m", "/a").await.is_ok());
    let saved = store.load().await.unwrap().unwrap();
    assert_eq!(saved.refresh_token.as_ref().map(Secret::expose), Some("r2"));
    // A server that is not trusted is not used.
    assert!(client.info("m", "/b").await.is_ok());
}

#[tokio::test]
async fn a_stream_that_met_an_old_token_may_be_sent_again() {
    let server = MockServer::start().await;
    let asked = request("POST", "/oauth2/token");
    once(
        &server,
        asked,
        json(
            200,
            r#"{"access_token":"a2","refresh_token":"r2","expires_in":3600}"#,
        ),
    )
    .await;
    let put = "/content/api/v2.1/mounts/m/files/put";
    request("POST", put)
        .respond_with(ResponseTemplate::new(401))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    request("POST", put)
        .respond_with(json(200, FILE))
        .mount(&server)
        .await;
    request("GET", INFO)
        .respond_with(json(200, FILE))
        .mount(&server)
        .await;
    let (client, _store) = oauth(&server, Token::new("a1").with_refresh_token("r1")).await;
    client.info("m", "/a").await.unwrap();
    let body = || Body::stream(Box::pin(futures::stream::empty()), Some(0));
    let error = client
        .put("m", "/", "a", body(), &PutOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.retry_advice()),
        (ErrorKind::Authentication, RetryAdvice::Safe(None))
    );
    assert!(
        client
            .put("m", "/", "a", body(), &PutOptions::default())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_revoked_refresh_token_asks_for_a_new_sign_in() {
    let server = MockServer::start().await;
    once(
        &server,
        request("POST", "/oauth2/token"),
        ResponseTemplate::new(401),
    )
    .await;
    request("GET", INFO)
        .respond_with(ResponseTemplate::new(401))
        .mount(&server)
        .await;
    let (client, _store) = oauth(&server, Token::new("a1").with_refresh_token("r1")).await;
    assert_eq!(
        client.info("m", "/a").await.unwrap_err().kind(),
        ErrorKind::Authentication
    );
}

#[tokio::test]
async fn signing_in_by_browser_starts_at_the_services_page() {
    let endpoint = Url::parse("https://files.example.org/sub").unwrap();
    let http = HttpClient::new(&HttpSettings::default()).unwrap();
    let session = OAuthSession::new(http, &Provider::Other(endpoint), "id", None)
        .with_redirect_url(Url::parse("http://127.0.0.1:1/").unwrap());
    let sign_in = session.client().authorize().unwrap();
    let text = sign_in.url().as_str();
    assert!(
        text.starts_with("https://files.example.org/sub/oauth2/auth?"),
        "{text}"
    );
    assert!(
        text.contains("scope=public") && text.contains("client_id=id"),
        "{text}"
    );
    let then = Url::parse("https://app.example.org/").unwrap();
    let logout = session.logout_url("id", &then, "s");
    assert!(
        logout
            .as_str()
            .contains("/oauth2/logout?client_id=id&post_logout_redirect_uri=https")
    );
}

#[tokio::test]
async fn an_older_installation_is_found_out_once() {
    let server = MockServer::start().await;
    let old = request("GET", "/api/v2/mounts/m/files/info");
    old.respond_with(json(200, FILE)).mount(&server).await;
    let client = client(&server);
    assert!(client.info("m", "/a").await.is_ok());
    assert!(client.info("m", "/b").await.is_ok());
    let requests = server.received_requests().await.unwrap();
    let paths: Vec<&str> = requests.iter().map(|request| request.url.path()).collect();
    assert_eq!(
        paths,
        [
            INFO,
            "/api/v2/mounts/m/files/info",
            "/api/v2/mounts/m/files/info"
        ]
    );
    assert_eq!(requests[1].headers.get("x-koofr-version").unwrap(), "2.1");
}

#[tokio::test]
async fn an_installation_that_refuses_the_version_header_is_spoken_to_without_it() {
    let server = MockServer::start().await;
    let path = "/api/v2/mounts/m/files/info";
    let with_header = request("GET", path).and(matchers::header_exists("x-koofr-version"));
    with_header
        .respond_with(ResponseTemplate::new(404))
        .with_priority(1)
        .mount(&server)
        .await;
    request("GET", path)
        .respond_with(failure(404, "NotFound"))
        .mount(&server)
        .await;
    let client = client(&server);
    for _ in 0..2 {
        assert!(client.info("m", "/a").await.unwrap_err().is_not_found());
    }
    assert_eq!(count(&server).await, 4);
}

#[tokio::test]
async fn a_chosen_level_is_kept() {
    let server = MockServer::start().await;
    once(
        &server,
        request("GET", "/api/v2/mounts/m/files/info"),
        json(200, FILE),
    )
    .await;
    let client = builder(&server).level(ApiLevel::V2_0).build().unwrap();
    client.info("m", "/a").await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert!(requests[0].headers.get("x-koofr-version").is_none());
    assert!(requests[0].headers.get("authorization").is_none());
}

#[tokio::test]
async fn the_path_of_an_endpoint_comes_before_everything() {
    let server = MockServer::start().await;
    once(
        &server,
        request("GET", "/sub/dir/api/v2.1/user"),
        json(200, r#"{"email":"ann@example.org"}"#),
    )
    .await;
    let endpoint = Url::parse(&format!("{}/sub/dir/", server.uri())).unwrap();
    let client = Client::builder(endpoint).build().unwrap();
    assert_eq!(client.user().await.unwrap().email, "ann@example.org");
}

#[test]
fn clients_can_be_shared_and_sent() {
    fn check<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}
    check::<Client>();
}

/// Refuses with a body that breaks off, and counts the connections.
async fn refuses_and_breaks_off(
    listener: tokio::net::TcpListener,
    asked: Arc<std::sync::atomic::AtomicUsize>,
) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    while let Ok((mut connection, _)) = listener.accept().await {
        asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut request = [0; 4096];
        let _bytes = connection.read(&mut request).await.unwrap();
        let answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\nno";
        connection.write_all(answer).await.unwrap();
    }
}

#[tokio::test]
async fn a_refusal_that_breaks_off_is_a_refusal_still() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::default();
    let server = tokio::spawn(refuses_and_breaks_off(listener, Arc::clone(&asked)));
    let client = Client::builder(Provider::Other(Url::parse(&endpoint).unwrap()))
        .credentials(Credentials::basic("ann", "wrong"))
        .build()
        .unwrap();

    let error = client.info("m", "/a").await.unwrap_err();
    server.abort();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 1);
}
