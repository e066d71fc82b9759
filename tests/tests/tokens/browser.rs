//! A sign-in by browser from end to end: our receiver, the service's page, a person who fills it in. The browser is played by requests that follow
//! redirects themselves.

use std::sync::Arc;

use remote_core::{
    auth::{OAuthClient, RedirectReceiver, SignIn, Token, TokenCache, TokenStore as _},
    error::{ErrorKind, Result},
    http::{HttpClient, HttpSettings, Proxy},
    secret::Secret,
};
use remote_emulator::{
    Emulator,
    identity::{
        DEFAULT_LOGIN, DEFAULT_LOGIN_PASSWORD, IdentityConfig, IdentityHandle, IdentitySettings,
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::Url;

struct Bench {
    emulator: Emulator,
    receiver: RedirectReceiver,
    client: OAuthClient,
}

impl Bench {
    async fn new(host: &str, client_id: &str, pkce: bool) -> Self {
        let mut settings = IdentitySettings::default();
        settings.accept_basic_client = false;
        let config = IdentityConfig::default().settings(settings);
        let emulator = Emulator::builder().identity(config).start().await.unwrap();
        let http = HttpClient::new(&HttpSettings::default().with_proxy(Proxy::None)).unwrap();
        let receiver = RedirectReceiver::bind_port(0).await.unwrap();
        let identity = emulator.identity();
        let token_url = identity.token_url("jottacloud").parse().unwrap();
        let client = OAuthClient::new(http, client_id, token_url)
            .with_auth_url(identity.auth_url("jottacloud").parse().unwrap())
            .with_redirect_url(receiver.url(host))
            .with_scopes(["openid", "jotta-default", "offline_access"])
            .with_pkce(pkce);
        Self {
            emulator,
            receiver,
            client,
        }
    }

    fn identity(&self) -> &IdentityHandle {
        self.emulator.identity()
    }

    /// From the address that the program shows to the page that the browser ends on.
    async fn browse(&self, sign_in: &SignIn, password: &str, consent: &str) -> String {
        let begun = get(&self.receiver.start_url(sign_in)).await;
        assert_eq!(begun.status, 307);
        let page = begun.location();
        assert_eq!(get(&page).await.status, 200);
        let answered = fill_in(&page, password, consent).await;
        match answered.status {
            302 => get(&answered.location()).await.text,
            _ => answered.text,
        }
    }

    async fn token(&self, sign_in: &SignIn, code: Result<Secret>) -> Result<Token> {
        self.client.exchange_code(sign_in, &code?).await
    }
}

/// What a browser is answered.
struct Answer {
    status: u16,
    text: String,
}

impl Answer {
    fn location(&self) -> Url {
        let mut lines = self.text.lines();
        let location = lines.find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("location").then_some(value)
        });
        location.unwrap().parse().unwrap()
    }
}

async fn get(url: &Url) -> Answer {
    exchange("GET", url, "").await
}

/// What a person sends who fills the page in.
async fn fill_in(page: &Url, password: &str, consent: &str) -> Answer {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("username", DEFAULT_LOGIN)
        .append_pair("password", password)
        .append_pair("consent", consent)
        .finish();
    exchange("POST", page, &form).await
}

async fn exchange(method: &str, url: &Url, body: &str) -> Answer {
    let authority = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let request = format!(
        "{method} {}?{} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        url.path(),
        url.query().unwrap_or_default(),
        body.len()
    );
    // Nothing listens on the other address that `localhost` may have.
    let port = url.port().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, text }
}

#[tokio::test]
async fn a_person_signs_in_and_the_token_is_renewed_from_then_on() {
    for (host, pkce) in [("localhost", true), ("127.0.0.1", false)] {
        let bench = Bench::new(host, "desktop", pkce).await;
        let sign_in = bench.client.authorize().unwrap();
        let (code, page) = tokio::join!(
            bench.receiver.receive(&sign_in),
            bench.browse(&sign_in, DEFAULT_LOGIN_PASSWORD, "allow")
        );
        assert!(page.contains("Signed in"), "{page}");
        let token = bench.token(&sign_in, code).await.unwrap();
        assert!(bench.identity().is_valid(token.access_token.expose()));

        let store = remote_core::auth::MemoryTokenStore::new(token.clone());
        let cache = TokenCache::new(Arc::new(store.clone()), Arc::new(bench.client.clone()));
        bench.identity().expire_access_tokens();
        let renewed = cache.refresh_rejected(&token).await.unwrap();
        assert!(bench.identity().is_valid(renewed.access_token.expose()));
        assert_eq!(store.load().await.unwrap(), Some(renewed));
        assert_eq!(bench.identity().stats().totals.reuse_detected, 0);
    }
}

#[tokio::test]
async fn a_person_who_mistypes_can_try_again_and_one_who_refuses_is_told_about() {
    let bench = Bench::new("localhost", "desktop", true).await;
    let sign_in = bench.client.authorize().unwrap();
    let person = async {
        let wrong = bench.browse(&sign_in, "wrong", "allow").await;
        let denied = bench.browse(&sign_in, DEFAULT_LOGIN_PASSWORD, "deny").await;
        (wrong, denied)
    };
    let (code, (wrong, denied)) = tokio::join!(bench.receiver.receive(&sign_in), person);
    assert!(wrong.contains("Invalid username or password"), "{wrong}");
    assert!(denied.contains("Not signed in"), "{denied}");
    let error = code.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.to_string().contains("access_denied"), "{error}");
    assert_eq!(bench.identity().stats().totals.sign_ins, 0);
}

#[tokio::test]
async fn two_tabs_of_two_sign_ins_do_not_mix() {
    let bench = Bench::new("localhost", "desktop", true).await;
    let (older, newer) = (
        bench.client.authorize().unwrap(),
        bench.client.authorize().unwrap(),
    );
    let person = async {
        // The page of the older one was still open and is finished first.
        let answered = fill_in(older.url(), DEFAULT_LOGIN_PASSWORD, "allow").await;
        let stray = get(&answered.location()).await.status;
        (
            stray,
            bench.browse(&newer, DEFAULT_LOGIN_PASSWORD, "allow").await,
        )
    };
    let (code, (stray, page)) = tokio::join!(bench.receiver.receive(&newer), person);
    assert_eq!(stray, 400);
    assert!(page.contains("Signed in"), "{page}");
    bench.token(&newer, code).await.unwrap();
}

#[tokio::test]
async fn a_code_is_good_for_one_exchange_and_a_client_that_is_not_known_gets_none() {
    let bench = Bench::new("localhost", "desktop", true).await;
    let sign_in = bench.client.authorize().unwrap();
    let (code, _) = tokio::join!(
        bench.receiver.receive(&sign_in),
        bench.browse(&sign_in, DEFAULT_LOGIN_PASSWORD, "allow")
    );
    let code = code.unwrap();
    bench.client.exchange_code(&sign_in, &code).await.unwrap();
    let error = bench
        .client
        .exchange_code(&sign_in, &code)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);

    let stranger = Bench::new("localhost", "stranger", true).await;
    let sign_in = stranger.client.authorize().unwrap();
    assert_eq!(get(sign_in.url()).await.status, 400);
}
