//! The sign-in by browser, with a real browser: the page of the service, the page on this machine that the browser comes back to, a wrong state,
//! a denied consent.

use std::time::Duration;

use remote_core::{
    auth::{OAuthClient, RedirectReceiver, SignIn},
    error::{ErrorKind, Result},
    http::{HttpClient, HttpSettings},
    secret::Secret,
};
use remote_emulator::identity::{DEFAULT_LOGIN, DEFAULT_LOGIN_PASSWORD};
use tests::interop::{browser::Browser, jotta::JottaStage};
use tokio::{task::JoinHandle, time::timeout};

const REALM: &str = "jottacloud";
const CLIENT: &str = "desktop";

/// A browser has limits of its own; what comes after them hangs.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A sign-in that waits for a browser.
struct Waiting {
    stage: JottaStage,
    client: OAuthClient,
    sign_in: SignIn,
    start: String,
    home: String,
    outcome: JoinHandle<Result<Secret>>,
}

impl Waiting {
    async fn new() -> Self {
        let stage = JottaStage::new().await;
        let identity = stage.identity();
        let receiver = RedirectReceiver::bind_port(0).await.unwrap();
        let http = HttpClient::new(&HttpSettings::default()).unwrap();
        let client = OAuthClient::new(http, CLIENT, identity.token_url(REALM).parse().unwrap())
            .with_auth_url(identity.auth_url(REALM).parse().unwrap())
            .with_redirect_url(receiver.url("localhost"))
            .with_scopes(["openid", "jotta-default", "offline_access"]);
        let sign_in = client.authorize().unwrap();
        Self {
            start: receiver.start_url(&sign_in).to_string(),
            home: receiver.url("localhost").to_string(),
            outcome: tokio::spawn({
                let sign_in = sign_in.clone();
                async move { receiver.receive(&sign_in).await }
            }),
            stage,
            client,
            sign_in,
        }
    }

    /// What the browser has brought.
    async fn code(&mut self) -> Result<Secret> {
        timeout(TIME_LIMIT, &mut self.outcome)
            .await
            .expect("the browser comes back")
            .expect("the receiver does not panic")
    }
}

/// Signs in on the page of the service.
async fn allow(browser: &mut Browser, password: &str) {
    browser.type_into("#username", DEFAULT_LOGIN).await;
    browser.type_into("#password", password).await;
    browser.click("#allow").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_signs_in_brings_a_code_that_becomes_a_token() {
    let mut waiting = Waiting::new().await;
    let mut browser = Browser::start().await;

    browser.open(&waiting.start).await;
    assert_eq!(browser.title().await, "Sign in to Jottacloud");
    assert!(browser.text().await.contains(CLIENT));
    allow(&mut browser, "wrong").await;
    assert!(
        browser
            .text()
            .await
            .contains("Invalid username or password."),
        "the service lets the person try again"
    );
    assert!(!waiting.outcome.is_finished());
    allow(&mut browser, DEFAULT_LOGIN_PASSWORD).await;

    assert_eq!(browser.title().await, "Signed in");
    assert!(browser.address().await.starts_with(&waiting.home));
    let code = waiting.code().await.unwrap();
    let text = browser.text().await;
    assert!(!text.contains(code.expose()), "{text}");
    let token = waiting
        .client
        .exchange_code(&waiting.sign_in, &code)
        .await
        .unwrap();
    let identity = waiting.stage.identity();
    assert!(identity.is_valid(token.access_token.expose()));
    let refresh = token.refresh_token.unwrap();
    assert!(identity.is_current(refresh.expose()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_another_state_is_turned_away_and_the_right_one_still_counts() {
    let mut waiting = Waiting::new().await;
    let mut browser = Browser::start().await;

    let forged = format!("{}?code=forged&state=forged", waiting.home);
    browser.open(&forged).await;
    let text = browser.text().await;
    assert!(text.contains("another sign-in"), "{text}");
    let stateless = format!("{}?code=forged", waiting.home);
    browser.open(&stateless).await;
    assert!(browser.text().await.contains("another sign-in"));
    browser
        .open(&format!("{}auth?state=forged", waiting.home))
        .await;
    assert_eq!(browser.title().await, "Not allowed");
    assert!(!waiting.outcome.is_finished());

    browser.open(&waiting.start).await;
    allow(&mut browser, DEFAULT_LOGIN_PASSWORD).await;
    assert_eq!(browser.title().await, "Signed in");
    let code = waiting.code().await.unwrap();
    waiting
        .client
        .exchange_code(&waiting.sign_in, &code)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_consent_is_told_to_the_person_and_to_the_program() {
    let mut waiting = Waiting::new().await;
    let mut browser = Browser::start().await;

    browser.open(&waiting.start).await;
    browser.click("#deny").await;

    assert_eq!(browser.title().await, "Not signed in");
    let text = browser.text().await;
    assert!(text.contains("the user denied the request"), "{text}");
    let error = waiting.code().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    assert_eq!(
        waiting.stage.identity().stats().totals.sign_ins,
        1,
        "the emulator's own"
    );
}
