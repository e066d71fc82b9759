//! Routes, methods, credentials, and the order of the general checks.

use std::time::Duration;

use remote_emulator::koofr::{
    DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, DEFAULT_PASSWORD, DEFAULT_USER, KoofrConfig,
    KoofrSettings, UserConfig,
};
use serde_json::json;

use crate::client::{Request, Server, basic, escape};

#[tokio::test]
async fn an_unknown_route_is_404_even_without_credentials() {
    let server = Server::start().await;
    for path in [
        "/api/v2/nothing",
        "/api/v2/mounts/",
        "/api/v2.1/mounts/m/files/get/",
        "/nothing",
    ] {
        let answer = server.send(Request::new("GET", path).unsigned()).await;
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_comes_before_credentials_and_names_the_right_ones() {
    let server = Server::start().await;
    let answer = server
        .send(Request::new("POST", "/api/v2/mounts").unsigned())
        .await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, Some("GET,HEAD"))
    );
    assert!(answer.body.is_empty());
}

#[tokio::test]
async fn refused_credentials_are_an_empty_401() {
    let server = Server::start().await;
    for authorization in [
        String::new(),
        basic(DEFAULT_USER, "wrong"),
        basic("other@example.com", DEFAULT_PASSWORD),
        basic(DEFAULT_USER, DEFAULT_PASSWORD).replace("Basic", "basic"),
        "Basic ###".to_owned(),
        "Bearer nothing".to_owned(),
        "Token token=nothing".to_owned(),
    ] {
        let request =
            Request::new("GET", "/api/v2/mounts").header("Authorization", authorization.as_str());
        let answer = server.send(request).await;
        assert_eq!(
            (answer.status, answer.body.len()),
            (401, 0),
            "{authorization}"
        );
        assert_eq!(answer.header("www-authenticate"), Some("Token"));
    }
}

#[tokio::test]
async fn credentials_come_before_the_query_and_the_query_before_the_body() {
    let server = Server::start().await;
    let target = "/api/v2.1/mounts/nowhere/files/folder";
    let answer = server.send(Request::new("POST", target).unsigned()).await;
    assert_eq!(answer.status, 401);
    let answer = server.send(Request::new("POST", target).body("{")).await;
    assert_eq!(
        (answer.status, answer.text().contains("`path`")),
        (400, true)
    );
    let answer = server
        .send(Request::new("POST", format!("{target}?path=/")).body("{"))
        .await;
    assert_eq!(answer.status, 415);
    let with_path = |body: &str| {
        let request = Request::new("POST", format!("{target}?path=/"));
        request
            .header("Content-Type", "application/json; charset=utf-8")
            .body(body)
    };
    for (body, status) in [
        ("{", 400),
        ("", 400),
        ("{}", 422),
        (r#"{"name":7}"#, 422),
        (r#"{"name":"a"}"#, 404),
    ] {
        assert_eq!(server.send(with_path(body)).await.status, status, "{body}");
    }
}

#[tokio::test]
async fn query_strings_are_read_like_the_service_does() {
    let server = Server::start().await;
    server.koofr().write("primary", "/b c+é.txt", "x").unwrap();
    server.koofr().write("primary", "/\u{fffd}", "x").unwrap();
    for (query, status) in [
        ("path=/b+c%2B%C3%A9.txt", 200),
        ("path=%2Fb%20c%2B%C3%A9.txt&unknown=1&unknown=2", 200),
        ("path=/%FE", 200),
        ("path=//b+c%2B%c3%a9.txt//", 200),
        ("path=/b c", 400),
        ("", 400),
        ("path=/a&path=/b", 400),
        ("path=/a/../b", 400),
        ("path=a%5Cb", 400),
    ] {
        let answer = server.api("GET", &format!("files/info?{query}")).await;
        assert_eq!(answer.status, status, "{query}");
    }
    let raw = "GET /api/v2/mounts/primary/files/info?path=/é HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(server.raw("GET", raw.as_bytes()).await.unwrap().status, 400);
}

#[tokio::test]
async fn long_addresses_are_served_and_longer_ones_refused() {
    let server = Server::start().await;
    let name = "x".repeat(65_000);
    let answer = server.info(&format!("/{name}")).await;
    assert_eq!(answer.outcome(), "404 NotFound");
    let name = "x".repeat(70_000);
    assert_eq!(server.info(&format!("/{name}")).await.status, 414);
}

#[tokio::test]
async fn head_has_the_headers_of_get() {
    let server = Server::start().await;
    let get = server.get("/api/v2/mounts").await;
    let head = server.send(Request::new("HEAD", "/api/v2/mounts")).await;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(
        head.header("content-type"),
        Some("application/json; charset=utf-8")
    );
}

#[tokio::test]
async fn a_token_works_in_three_spellings_until_it_is_given_back() {
    let server = Server::start().await;
    let credentials = json!({"email": DEFAULT_USER, "password": DEFAULT_PASSWORD});
    let answer = server
        .send(Request::new("POST", "/token").unsigned().json(&credentials))
        .await;
    assert!(answer.header("x-user-id").is_some());
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(token.len(), 36);
    let with = |value: String| {
        Request::new("GET", "/api/v2.1/user/authenticated").header("Authorization", value)
    };
    for value in [
        format!("Token token={token}"),
        format!("Token token=\"{token}\""),
        format!("Token {token}"),
    ] {
        assert_eq!(server.send(with(value)).await.status, 204);
    }
    let delete = Request::new("DELETE", "/token").header("Authorization", format!("Token {token}"));
    assert_eq!(server.send(delete).await.status, 204);
    assert_eq!(
        server.send(with(format!("Token {token}"))).await.status,
        401
    );

    let get = Request::new("GET", "/token").unsigned();
    let get = get
        .header("X-Koofr-Email", DEFAULT_USER)
        .header("X-Koofr-Password", DEFAULT_PASSWORD);
    let answer = server.send(get).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(answer.header("x-koofr-token").unwrap().len(), 36);
    let wrong = json!({"email": DEFAULT_USER, "password": "wrong"});
    assert_eq!(
        server
            .send(Request::new("POST", "/token").unsigned().json(&wrong))
            .await
            .status,
        401
    );
    // The password header of the exchange is not in the log, nor are the credentials of any other request.
    let log = serde_json::to_string(&server.koofr().requests()).unwrap();
    assert!(!log.contains(DEFAULT_PASSWORD) && !log.contains(&token));
}

fn form(pairs: &[(&str, &str)]) -> Request {
    let body: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{key}={}", escape(value)))
        .collect();
    Request::new("POST", "/oauth2/token")
        .unsigned()
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body.join("&"))
}

const CLIENT: [(&str, &str); 2] = [
    ("client_id", DEFAULT_CLIENT_ID),
    ("client_secret", DEFAULT_CLIENT_SECRET),
];

fn bearer(token: &str) -> Request {
    Request::new("GET", "/api/v2.1/user").header("Authorization", format!("Bearer {token}"))
}

async fn code(server: &Server) -> String {
    let target = format!(
        "/oauth2/auth?response_type=code&client_id={DEFAULT_CLIENT_ID}&redirect_uri=http://127.0.0.1:1/cb&state=s1&scope=public"
    );
    let answer = server.send(Request::new("GET", target).unsigned()).await;
    assert_eq!(answer.status, 303);
    let location = answer.header("location").unwrap();
    let code = location
        .strip_prefix("http://127.0.0.1:1/cb?code=")
        .unwrap();
    code.strip_suffix("&state=s1").unwrap().to_owned()
}

#[tokio::test]
async fn an_authorisation_code_buys_tokens_once() {
    let server = Server::start().await;
    let code = code(&server).await;
    let [id, secret] = CLIENT;
    let exchange = form(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "http://127.0.0.1:1/cb"),
        id,
        secret,
    ]);
    let tokens = server.send(exchange.clone()).await.json();
    assert_eq!(
        (tokens["expires_in"].as_u64(), tokens["token_type"].as_str()),
        (Some(3600), Some("Bearer"))
    );
    assert_eq!(
        server
            .send(bearer(tokens["access_token"].as_str().unwrap()))
            .await
            .status,
        200
    );
    assert_eq!(server.send(exchange).await.status, 401);

    // Tokens end by the emulator's clock; refreshing does not rotate the refresh token.
    server.koofr().clock().advance(Duration::from_secs(3601));
    assert_eq!(
        server
            .send(bearer(tokens["access_token"].as_str().unwrap()))
            .await
            .status,
        401
    );
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let again = server
        .send(form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh),
            id,
            secret,
        ]))
        .await
        .json();
    assert_eq!(again["refresh_token"], refresh);
    assert_eq!(
        server
            .send(bearer(again["access_token"].as_str().unwrap()))
            .await
            .status,
        200
    );
    server.koofr().revoke_tokens();
    let gone = form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        id,
        secret,
    ]);
    assert_eq!(server.send(gone).await.status, 401);
}

#[tokio::test]
async fn refused_authorisations_go_back_to_the_application() {
    let server = Server::start().await;
    let target = format!(
        "/oauth2/auth?response_type=code&client_id={DEFAULT_CLIENT_ID}&redirect_uri=http://a/&state=s&scope=offline_access"
    );
    let answer = server.send(Request::new("GET", target).unsigned()).await;
    assert!(
        answer
            .header("location")
            .unwrap()
            .starts_with("http://a/?error=invalid%5Fscope&")
    );
    let missing = server.send(form(&CLIENT)).await;
    assert_eq!(missing.status, 422);
    let json = Request::new("POST", "/oauth2/token")
        .unsigned()
        .json(&json!({}));
    assert_eq!(server.send(json).await.status, 415);
    let unknown = form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
        ("client_id", "nobody"),
    ]);
    assert_eq!(server.send(unknown).await.status, 401);
}

#[tokio::test]
async fn a_device_gets_tokens_after_consent() {
    let server = Server::start().await;
    let start = Request::new("POST", "/oauth2/devicecode")
        .unsigned()
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(format!("client_id={DEFAULT_CLIENT_ID}"));
    let codes = server.send(start).await.json();
    let poll = form(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", codes["device_code"].as_str().unwrap()),
        ("client_id", DEFAULT_CLIENT_ID),
    ]);
    let waiting = server.send(poll.clone()).await;
    assert_eq!(
        (waiting.status, waiting.json()["error"].as_str().unwrap()),
        (400, "authorization_pending")
    );
    assert!(
        server
            .koofr()
            .approve_device(codes["user_code"].as_str().unwrap())
    );
    let tokens = server.send(poll).await.json();
    assert_eq!(
        server
            .send(bearer(tokens["access_token"].as_str().unwrap()))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn repeated_wrong_passwords_lock_the_door_when_it_is_set_so() {
    let mut settings = KoofrSettings::default();
    settings.lockout_after = Some(2);
    let server = Server::with(KoofrConfig::default().settings(settings)).await;
    let wrong =
        || Request::new("GET", "/api/v2/mounts").header("Authorization", basic(DEFAULT_USER, "no"));
    assert_eq!(server.send(wrong()).await.status, 401);
    assert_eq!(server.send(wrong()).await.status, 401);
    let locked = server.get("/api/v2/mounts").await;
    assert_eq!(
        (locked.status, locked.text().as_str()),
        (429, "Too many login retries")
    );
    server
        .koofr()
        .clock()
        .advance(Duration::from_secs(15 * 60 + 1));
    assert_eq!(server.get("/api/v2/mounts").await.status, 200);
}

#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let server = Server::start().await;
    server
        .koofr()
        .add_user(&UserConfig::new("second@example.com", "pw"))
        .unwrap();
    let request = || {
        Request::new("GET", "/api/v2/mounts")
            .header("Authorization", basic("second@example.com", "pw"))
    };
    let mounts = server.send(request()).await.json();
    assert_eq!(mounts["mounts"].as_array().unwrap().len(), 1);
    let theirs = server.koofr().mount_id("primary").unwrap();
    assert_ne!(mounts["mounts"][0]["id"], theirs);
    let request = Request::new("GET", format!("/api/v2/mounts/{theirs}"))
        .header("Authorization", basic("second@example.com", "pw"));
    assert_eq!(server.send(request).await.outcome(), "404 NotFound");
}

#[tokio::test]
async fn requests_are_counted_by_method_and_endpoint() {
    let server = Server::start().await;
    server.get("/api/v2/mounts").await;
    server.info("/").await;
    server.info("/nothing").await;
    server.mkdir("/", "d").await;
    let counts = server
        .send(Request::new("GET", "/_emulator/requests").unsigned())
        .await
        .json();
    assert_eq!(counts["total"], 4);
    assert_eq!(
        counts["counts"],
        json!({"GET mounts": 1, "GET files/info": 2, "POST files/folder": 1})
    );
    assert_eq!(
        counts["by_endpoint"][0],
        json!({"method": "GET", "endpoint": "files/info", "count": 2})
    );
    let records = server.koofr().requests();
    assert_eq!(records[2].query_value("path").as_deref(), Some("/nothing"));
    assert_eq!((records[2].status, records[3].body_bytes), (Some(404), 12));
    assert_eq!(
        server
            .send(Request::new("DELETE", "/_emulator/requests").unsigned())
            .await
            .status,
        204
    );
    assert_eq!(server.koofr().log().total(), 0);
}
