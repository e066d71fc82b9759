//! Tokens, and signing in.

use std::{
    fs,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use remote_config::{store::Store, token::FileTokenStore};
use remote_core::{
    auth::{
        MemoryTokenStore, OAuthClient, RedirectReceiver, RefreshTokenRefused, Token, TokenCache,
        TokenRefresher, TokenStore, bearer,
    },
    error::{Effect, Error, ErrorKind, Result},
    http::{HttpClient, HttpSettings, Method, Proxy, Request},
    retry::{Pacer, Retry},
    secret::Secret,
};
use remote_emulator::{
    Emulator,
    fault::{Fault, FaultAction, FaultAnswer},
    identity::IdentityConfig,
};
use tests::raw::{RawServer, answer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::watch::{ACCESS, ALL, CLIENT_SECRET, CODE, REFRESH, check, debug, log, logged, shown};

/// Does not try again: what is asked for fails for good.
fn once() -> Retry {
    Retry::new(tests::patience::attempts(1), Pacer::default())
}

fn http() -> HttpClient {
    log();
    HttpClient::new(&HttpSettings::default().with_proxy(Proxy::None)).unwrap()
}

fn ended() -> Token {
    Token::new(ACCESS)
        .with_refresh_token(REFRESH)
        .with_expires(SystemTime::UNIX_EPOCH)
}

fn file_store(dir: &tempfile::TempDir) -> FileTokenStore {
    let path = dir.path().join("rclone.conf");
    let text = format!(
        "[jotta]\ntype = jottacloud\ntoken = {}\n",
        ended().to_json().expose()
    );
    fs::write(&path, text).unwrap();
    FileTokenStore::new(Store::at(path), "jotta")
}

/// Fails in a way of its own.
#[derive(Debug)]
enum Failing {
    Lost,
    Panicking,
    Refused,
    Unsaved(std::path::PathBuf),
}

#[async_trait]
impl TokenRefresher for Failing {
    async fn refresh(&self, old: &Token) -> Result<Token> {
        match self {
            Self::Lost => Err(Error::new(ErrorKind::Transport).with_effect(Effect::Unknown)),
            Self::Panicking => std::panic::panic_any(format!("{old:?}")),
            Self::Refused => {
                Err(Error::new(ErrorKind::Authentication).with_source(RefreshTokenRefused))
            }
            Self::Unsaved(path) => {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
                Ok(ended())
            }
        }
    }
}

#[tokio::test]
async fn tokens_in_files_do_not_show_however_their_renewal_ends() {
    log();
    for failing in [Failing::Lost, Failing::Panicking, Failing::Refused] {
        let dir = tempfile::tempdir().unwrap();
        let store = file_store(&dir);
        let cache = TokenCache::new(Arc::new(store.clone()), Arc::new(failing));
        let mut text = debug(&store) + &debug(&cache) + &debug(&ended());
        text += &debug(&store.lock().await.unwrap());
        for _ in 0..3 {
            text += &shown(&cache.token().await.unwrap_err());
        }
        check(&text, ALL, "what came back");
        let lock = fs::read_to_string(store.lock_path().unwrap().unwrap()).unwrap();
        check(&lock, ALL, "the lock file");
    }
    let dir = tempfile::tempdir().unwrap();
    let store = file_store(&dir);
    let unsaved = Failing::Unsaved(dir.path().join("rclone.conf"));
    let cache = TokenCache::new(Arc::new(store), Arc::new(unsaved));
    let text = shown(&cache.token().await.unwrap_err());
    assert!(text.contains("could not be saved"), "{text}");
    check(&text, ALL, "what came back");
    check(&logged(), ALL, "the log");
}

#[tokio::test]
async fn what_the_service_gives_out_does_not_show() {
    let http = http();
    let emulator = Emulator::builder()
        .identity(IdentityConfig::default())
        .start()
        .await
        .unwrap();
    let identity = emulator.identity();
    let issued = identity.sign_in("jottacloud", "jottacli").unwrap();
    let mut secrets = vec![issued.access_token.clone(), issued.refresh_token.clone()];
    let old = Token::new(issued.access_token.as_str())
        .with_refresh_token(issued.refresh_token.as_str())
        .with_expires(SystemTime::UNIX_EPOCH);
    let url = identity.token_url("jottacloud").parse().unwrap();
    let client = OAuthClient::new(http.clone(), "jottacli", url)
        .with_client_secret(Secret::new(CLIENT_SECRET))
        .with_retry(once());
    let store = MemoryTokenStore::new(old.clone());
    let cache = TokenCache::new(Arc::new(store.clone()), Arc::new(client.clone()));
    let token = cache.token().await.unwrap();
    secrets.push(token.access_token.expose().to_owned());
    secrets.push(token.refresh_token.as_ref().unwrap().expose().to_owned());
    let userinfo = identity.userinfo_url("jottacloud").parse().unwrap();
    let request = Request::new(Method::GET, userinfo, "userinfo").authorization(bearer(&token));
    let mut text = debug(&request) + &debug(&client) + &debug(&store) + &debug(&token);
    assert!(http.send(request).await.unwrap().status().is_success());
    // Refused, and repeated in the reason.
    text += &shown(&client.refresh(&old).await.unwrap_err());
    let repeating = FaultAnswer::new(400).with_body(format!(
        "{{\"error\":\"invalid_grant\",\"error_description\":\"no {}\"}}",
        issued.refresh_token
    ));
    for action in [
        FaultAction::Answer(repeating),
        FaultAction::Html,
        FaultAction::CommitThenClose,
        FaultAction::status(500),
    ] {
        identity
            .faults()
            .push(Fault::new(action).on("identity/token"));
        text += &shown(&client.refresh(&old).await.unwrap_err());
    }
    let secrets: Vec<&str> = secrets
        .iter()
        .map(String::as_str)
        .chain([CLIENT_SECRET])
        .collect();
    check(&text, &secrets, "what came back");
    check(&logged(), &secrets, "the log");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_does_not_bring_its_tokens_back() {
    let http = http();
    for body in [
        format!("{{\"access_token\":{{\"x\":\"{ACCESS}\"}},\"refresh_token\":\"{REFRESH}\"}}"),
        format!("{{\"refresh_token\":\"{REFRESH}\"}}"),
        format!("{ACCESS} {REFRESH}"),
    ] {
        let server = RawServer::answering(answer("200 OK", "application/json", body)).await;
        let url = server.url().parse().unwrap();
        let client = OAuthClient::new(http.clone(), "x", url).with_retry(once());
        check(
            &shown(&client.refresh(&ended()).await.unwrap_err()),
            ALL,
            "what came back",
        );
    }
    check(&logged(), ALL, "the log");
}

#[tokio::test]
async fn a_sign_in_by_browser_does_not_show_state_code_or_proof() {
    let http = http();
    let receiver = RedirectReceiver::bind_port(0).await.unwrap();
    let client = OAuthClient::new(http, "client", "http://127.0.0.1:1/token".parse().unwrap())
        .with_client_secret(Secret::new(CLIENT_SECRET))
        .with_auth_url("http://127.0.0.1:1/auth".parse().unwrap())
        .with_retry(once())
        .with_redirect_url(receiver.url("localhost"));
    let sign_in = client.authorize().unwrap();
    let state = sign_in.state().expose().to_owned();
    let proof = sign_in
        .url()
        .query_pairs()
        .find(|(name, _)| name == "code_challenge");
    let proof = proof.unwrap().1.into_owned();
    let mut text = debug(&receiver) + &debug(&client) + &debug(&sign_in);
    let port = receiver.port();
    let browser = async {
        let mut pages = String::new();
        for target in [
            format!("/auth?state={state}"),
            format!("/?code={CODE}&state=wrong"),
            format!("/?code={CODE}&state={state}"),
        ] {
            let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .unwrap();
            let head = format!("GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.read_to_string(&mut pages).await.unwrap();
        }
        pages
    };
    let (code, pages) = tokio::join!(receiver.receive(&sign_in), browser);
    check(&pages, &[CODE], "the pages");
    let code = code.unwrap();
    assert_eq!(code.expose(), CODE);
    let exchange = client.exchange_code(&sign_in, &code);
    let exchange = tokio::time::timeout(Duration::from_secs(60), exchange)
        .await
        .unwrap();
    text += &shown(&exchange.unwrap_err());
    let secrets = [state.as_str(), proof.as_str(), CODE, CLIENT_SECRET];
    check(&text, &secrets, "what came back");
    check(&logged(), &secrets, "the log");
}
