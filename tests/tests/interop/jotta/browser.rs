//! The sign-in by browser, with a real browser: the page of the service, the page on this machine that the browser comes back to, a wrong state,
//! a denied consent; by us, for several brands, and by both rclones, whose token we then share.

use jotta_api::{
    addresses::Addresses,
    auth::{Brand, Identity},
};
use remote_core::{
    auth::{OAuthClient, RedirectReceiver, SignIn},
    error::{ErrorKind, Result},
    http::{HttpClient, HttpSettings},
    secret::Secret,
};
use remote_emulator::identity::DEFAULT_LOGIN_PASSWORD;
use tests::interop::{
    browser::Browser,
    jotta::JottaStage,
    sign_in::{Asking, START, TIME_LIMIT, allow, alone, port_is_free},
    tool::Program,
    turns::take_turns,
};
use tokio::{task::JoinHandle, time::timeout};
use url::Url;

use super::config::add_addresses;

const REALM: &str = "jottacloud";
const CLIENT: &str = "desktop";

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

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_to_every_kind_of_brand_and_are_told_when_they_refuse() {
    let _alone = alone().await;
    let stage = JottaStage::new().await;
    let mut browser = Browser::start().await;
    let http = HttpClient::new(&HttpSettings::default()).unwrap();
    let plain: Url = stage.jotta().api_url().parse().unwrap();
    let identity = Identity::new(http, Addresses::default().with_identity(plain).unwrap());
    for (key, allowed) in [("jottacloud", true), ("letsgo", true), ("telia_se", false)] {
        let brand = Brand::find(key).unwrap();
        port_is_free().await;
        let receiver = RedirectReceiver::bind().await.unwrap();
        let begun = identity.start_browser(brand).await.unwrap();
        // The page on this machine answers while somebody waits for the code.
        let person = async {
            browser
                .open(receiver.start_url(begun.sign_in()).as_str())
                .await;
            let title = browser.title().await;
            assert_eq!(title, format!("Sign in to {}", brand.name), "{key}");
            match allowed {
                true => allow(&mut browser, DEFAULT_LOGIN_PASSWORD).await,
                false => browser.click("#deny").await,
            }
        };
        let (outcome, ()) = tokio::join!(receiver.receive(begun.sign_in()), person);
        if !allowed {
            assert_eq!(browser.title().await, "Not signed in", "{key}");
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Authentication, "{key}: {error}");
            continue;
        }
        assert_eq!(browser.title().await, "Signed in", "{key}");
        let code = outcome.unwrap();
        let back = |state: &str| {
            let mut url = receiver.url("localhost");
            url.query_pairs_mut()
                .append_pair("code", code.expose())
                .append_pair("state", state);
            url
        };
        let forged = identity.finish_browser(&begun, &back("forged")).await;
        assert_eq!(
            forged.unwrap_err().kind(),
            ErrorKind::InvalidInput,
            "{key}: the state is checked before the code is spent"
        );
        let state = begun.sign_in().state().expose();
        let signed_in = identity.finish_browser(&begun, &back(state)).await.unwrap();
        let access = signed_in.token.access_token.expose();
        assert!(stage.identity().is_valid(access), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_by_either_rclone_serves_us_too() {
    let _alone = alone().await;
    for (rclone, answers) in [
        (Program::Rclone160, &["config_type=telia"][..]),
        (
            Program::Rclone175,
            &["config_type=traditional", "config_traditional=jottacloud"],
        ),
    ] {
        let stage = JottaStage::new().await;
        let mut browser = Browser::start_on(&stage).await;
        port_is_free().await;
        let asking = rclone_waits(&stage, rclone, answers).await;
        browser.open(&asking.address).await;
        browser.click("#deny").await;
        asking.failure().await;

        port_is_free().await;
        let asking = rclone_waits(&stage, rclone, answers).await;
        browser.open(&asking.address).await;
        allow(&mut browser, DEFAULT_LOGIN_PASSWORD).await;
        asking.success().await;

        assert_eq!(stage.value("browser", "client_id"), "desktop", "{rclone}");
        assert_eq!(stage.value("browser", "configVersion"), "1", "{rclone}");
        add_addresses(&stage, "browser");
        take_turns(&stage, "browser", rclone).await;
    }
}

/// Starts a sign-in by browser and reads what it asks people to open.
async fn rclone_waits(stage: &JottaStage, rclone: Program, answers: &[&str]) -> Asking {
    let create = ["config", "create", "browser", "jottacloud"];
    let more = [
        "config_is_local=true",
        "config_auth_no_browser=true",
        "config_non_standard=false",
    ];
    let arguments = create.iter().chain(answers).chain(&more);
    // The older one starts a browser whatever it is told, and goes on without one.
    let tool = stage.tool(rclone).env("PATH", "/nowhere");
    Asking::start(tool.command(arguments), "", START).await
}
