//! The sign-in by browser, with a real browser: by the library, by our dialogue and by rclone; a wrong password, a wrong state, a denied consent. Each ends
//! in a remote that works, for everybody.

use std::sync::Arc;

use acd_api::{
    AcdRemote, Client,
    auth::{Credentials, SignInApp},
};
use remote_core::{
    auth::{MemoryTokenStore, RedirectReceiver, Token},
    error::{ErrorKind, Result},
    http::{HttpClient, HttpSettings},
    operation::WriteOptions,
    path::RemotePath,
    remote::RemoteExt as _,
};
use remote_emulator::identity::DEFAULT_LOGIN_PASSWORD;
use tests::interop::{
    acd::AcdStage,
    browser::Browser,
    dialogue,
    sign_in::{Asking, START, allow, alone, port_is_free},
    tool::Program,
    turns::take_turns,
};

use super::setup::{add_addresses, answers, asking_stage};

/// A sign-in by the library: what happens in the browser, and what comes of it.
async fn library_signs_in(
    stage: &AcdStage,
    browser: &mut Browser,
    person: impl AsyncFnOnce(&mut Browser, &str, &str),
) -> Result<Token> {
    let http = HttpClient::new(&HttpSettings::default()).unwrap();
    let receiver = RedirectReceiver::bind_port(0).await.unwrap();
    let oauth = app(stage)
        .oauth_client(&http)
        .with_redirect_url(receiver.url("127.0.0.1"));
    let sign_in = oauth.authorize().unwrap();
    let start = receiver.start_url(&sign_in);
    let home = receiver.url("127.0.0.1");
    let (code, ()) = tokio::join!(
        receiver.receive(&sign_in),
        person(browser, start.as_str(), home.as_str())
    );
    oauth.exchange_code(&sign_in, &code?).await
}

fn app(stage: &AcdStage) -> SignInApp {
    let service = stage.acd();
    SignInApp::new(service.client_id(), service.client_secret())
        .with_auth_url(service.auth_url().parse().unwrap())
        .with_token_url(service.token_url().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_signs_in_brings_a_code_that_becomes_a_working_remote() {
    let stage = asking_stage().await;
    let mut browser = Browser::start().await;
    let denied = library_signs_in(&stage, &mut browser, async |browser, start, _| {
        browser.open(start).await;
        assert_eq!(browser.title().await, "Sign in to Login with Amazon");
        browser.click("#deny").await;
        assert_eq!(browser.title().await, "Not signed in");
        let text = browser.text().await;
        assert!(text.contains("the user denied the request"), "{text}");
    })
    .await;
    assert_eq!(denied.unwrap_err().kind(), ErrorKind::Authentication);

    let token = library_signs_in(&stage, &mut browser, async |browser, start, home| {
        for forged in ["?code=forged&state=forged", "?code=forged"] {
            browser.open(&format!("{home}{forged}")).await;
            let text = browser.text().await;
            assert!(text.contains("another sign-in"), "{forged}: {text}");
        }
        browser.open(&format!("{home}auth?state=forged")).await;
        assert_eq!(browser.title().await, "Not allowed");

        browser.open(start).await;
        allow(browser, "wrong").await;
        let text = browser.text().await;
        assert!(text.contains("Invalid username or password."), "{text}");
        allow(browser, DEFAULT_LOGIN_PASSWORD).await;
        assert_eq!(browser.title().await, "Signed in");
        assert!(browser.address().await.starts_with(home));
    })
    .await
    .unwrap();

    assert!(stage.identity().is_valid(token.access_token.expose()));
    let http = HttpClient::new(&HttpSettings::default()).unwrap();
    let tokens = app(&stage).tokens(&http, Arc::new(MemoryTokenStore::new(token)));
    let client = Client::builder(Credentials::Tokens(tokens))
        .endpoint_url(stage.acd().endpoint_url().parse().unwrap())
        .http_client(http)
        .build()
        .unwrap();
    let remote = AcdRemote::builder(client).build();
    let path = RemotePath::parse("signed in/file").unwrap();
    let options = WriteOptions::default();
    remote.write_bytes(&path, "mine", options).await.unwrap();
    let stored = stage.acd().read("/signed in/file").unwrap();
    assert_eq!(stored.as_deref(), Some(&b"mine"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn our_dialogue_signs_in_and_everybody_works_with_what_it_saved() {
    let _alone = alone().await;
    let stage = asking_stage().await;
    let mut browser = Browser::start().await;
    let answers = answers(&stage, "mine");
    let asks = async || {
        let arguments: Vec<&str> = answers.iter().map(String::as_str).collect();
        let command = dialogue::command(&stage, &arguments);
        Asking::start(command, "y\n", START).await
    };

    let asking = asks().await;
    browser.open(&asking.address).await;
    browser.click("#deny").await;
    assert_eq!(browser.title().await, "Not signed in");
    let said = asking.failure().await;
    assert!(said.contains("the user denied the request"), "{said}");
    let text = std::fs::read_to_string(&stage.config).unwrap();
    assert!(!text.contains("[mine]"), "nothing was saved");

    port_is_free().await;
    let asking = asks().await;
    browser
        .open("http://127.0.0.1:53682/?code=forged&state=forged")
        .await;
    assert!(browser.text().await.contains("another sign-in"));
    browser.open(&asking.address).await;
    allow(&mut browser, DEFAULT_LOGIN_PASSWORD).await;
    assert_eq!(browser.title().await, "Signed in");
    let said = asking.success().await;
    assert!(said.contains("\"mine\" is saved"), "{said}");
    for secret in ["access_token", "refresh_token"] {
        let token = stage.stored_token("mine")[secret].clone();
        assert!(!said.contains(token.as_str().unwrap()), "{secret}: {said}");
    }

    let ours = stage.tool(Program::Ours);
    ours.feed(["rcat", "mine:by us"], b"ours").await.success();
    let theirs = stage.tool(Program::Rclone160);
    let text = theirs.run(["cat", "mine:by us"]).await.success().text();
    assert_eq!(text, "ours");
    take_turns(&stage, "mine", Program::Rclone160).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_by_rclone_at_the_real_names_serves_us_too() {
    let _alone = alone().await;
    let stage = asking_stage().await;
    let mut browser = Browser::start_on(&stage).await;
    let asks = async || {
        let id = format!("client_id={}", stage.acd().client_id());
        let secret = format!("client_secret={}", stage.acd().client_secret());
        let create = ["config", "create", "theirs", "amazon cloud drive"];
        let more = [id.as_str(), &secret, "config_is_local=true"];
        // It starts a browser whatever it is told, and goes on without one.
        let tool = stage.tool(Program::Rclone160).env("PATH", "/nowhere");
        let command = tool.command(create.iter().chain(&more));
        Asking::start(command, "", START).await
    };

    let asking = asks().await;
    browser.open(&asking.address).await;
    let address = browser.address().await;
    assert!(
        address.starts_with("https://www.amazon.com/ap/oa?"),
        "{address}"
    );
    browser.click("#deny").await;
    asking.failure().await;

    port_is_free().await;
    let asking = asks().await;
    browser.open(&asking.address).await;
    allow(&mut browser, DEFAULT_LOGIN_PASSWORD).await;
    asking.success().await;

    assert_eq!(stage.value("theirs", "token_url"), "");
    add_addresses(&stage, "theirs");
    let ours = stage.tool(Program::Ours);
    ours.feed(["rcat", "theirs:by us"], b"ours").await.success();
    let theirs = stage.tool(Program::Rclone160);
    let text = theirs.run(["cat", "theirs:by us"]).await.success();
    assert_eq!(text.text(), "ours");
    take_turns(&stage, "theirs", Program::Rclone160).await;
}
