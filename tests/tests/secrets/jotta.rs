//! What talks to Jottacloud: every way to sign in, right and wrong, and a remote of a configuration file through renewals and refusals.

use std::time::SystemTime;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jotta_api::{
    JottaRemote,
    addresses::Addresses,
    auth::{BRANDS, Brand, Identity, LoginToken, PasswordOutcome, SignedIn},
};
use remote_config::{Config, Environment};
use remote_core::{
    auth::Token,
    http::{HttpClient, HttpSettings, Proxy},
    operation::WriteOptions,
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
    secret::Secret,
};
use remote_emulator::{
    Emulator, Section,
    fault::{Fault, FaultAction},
    identity::{DEFAULT_LOGIN, IdentityUser},
    jotta::JottaConfig,
    write_sections,
};
use tests::koofr::path;

use crate::watch::{ALL, OTP, PASSWORD, WRONG, chain, check, debug, log, logged, shown};

async fn emulator() -> Emulator {
    log();
    let mut config = JottaConfig::default();
    let user = IdentityUser::new(DEFAULT_LOGIN, "jane1234", PASSWORD).otp(OTP);
    config.identity = config.identity.user(user);
    Emulator::builder().jotta(config).start().await.unwrap()
}

fn settings() -> HttpSettings {
    HttpSettings::default().with_proxy(Proxy::None)
}

fn identity(emulator: &Emulator) -> Identity {
    let base: url::Url = emulator.jotta().api_url().parse().unwrap();
    let addresses = Addresses::default()
        .with_jfs(emulator.jotta().jfs_url().parse().unwrap())
        .and_then(|addresses| addresses.with_api(base.clone()))
        .and_then(|addresses| addresses.with_identity(base))
        .unwrap();
    Identity::new(HttpClient::new(&settings()).unwrap(), addresses)
}

/// What a sign-in brought, as secrets to look for.
fn secrets_of(signed_in: &SignedIn) -> Vec<String> {
    let token = &signed_in.token;
    let refresh_token = token.refresh_token.as_ref().unwrap();
    [&token.access_token, refresh_token]
        .map(|secret| secret.expose().to_owned())
        .into()
}

fn check_all(text: &str, secrets: &[String], what: &str) {
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    check(text, &secrets, what);
    check(text, ALL, what);
}

#[tokio::test]
async fn login_tokens_and_what_they_bring_do_not_show() {
    let emulator = emulator().await;
    let identity = identity(&emulator);
    let pasted = emulator.jotta().login_token().unwrap();
    let inside: serde_json::Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&pasted).unwrap()).unwrap();
    let mut secrets = vec![
        pasted.clone(),
        inside["auth_token"].as_str().unwrap().to_owned(),
    ];
    let login_token = LoginToken::parse(&pasted).unwrap();
    let mut text = debug(&identity) + &debug(&login_token);
    let signed_in = identity
        .sign_in_with_login_token(&login_token)
        .await
        .unwrap();
    secrets.extend(secrets_of(&signed_in));
    text += &(debug(&signed_in) + &debug(&signed_in.config_values()));
    // It is good for one use.
    let again = identity.sign_in_with_login_token(&login_token).await;
    text += &shown(&again.unwrap_err());
    if let Some(brand) = Brand::find("elko") {
        text += &chain(&login_token.check_brand(brand).unwrap_err());
    }
    for broken in [
        pasted.replacen(|c: char| c.is_ascii_digit(), "*", 1),
        pasted.chars().take(pasted.len() / 2).collect(),
        URL_SAFE_NO_PAD.encode(format!("{{\"username\":\"x\",\"auth_token\":\"{WRONG}\"}}")),
        WRONG.to_owned(),
    ] {
        if let Err(error) = LoginToken::parse(&broken) {
            text += &chain(&error);
        }
    }
    let session = signed_in.session(HttpClient::new(&settings()).unwrap(), Addresses::default());
    text += &(debug(&session) + &debug(&session.refresher()));
    check_all(&text, &secrets, "what came back");
    check_all(&logged(), &secrets, "the log");
}

#[tokio::test]
async fn passwords_and_one_time_codes_do_not_show() {
    let emulator = emulator().await;
    let identity = identity(&emulator);
    let device = identity.register_device().await.unwrap();
    let mut secrets = vec![device.client_secret.expose().to_owned()];
    let mut text = debug(&device);
    for (password, code) in [
        (PASSWORD, None),
        (PASSWORD, Some(WRONG)),
        (WRONG, None),
        (PASSWORD, Some(OTP)),
    ] {
        let (password, code) = (Secret::new(password), code.map(Secret::new));
        let outcome = identity
            .sign_in_with_password(Some(&device), DEFAULT_LOGIN, &password, code.as_ref())
            .await;
        match outcome {
            Ok(outcome) => {
                text += &debug(&outcome);
                if let PasswordOutcome::SignedIn(signed_in) = outcome {
                    secrets.extend(secrets_of(&signed_in));
                }
            }
            Err(error) => text += &shown(&error),
        }
    }
    assert_eq!(secrets.len(), 3, "the last one has signed in");
    check_all(&text, &secrets, "what came back");
    check_all(&logged(), &secrets, "the log");
}

#[tokio::test]
async fn a_sign_in_by_browser_does_not_show() {
    let emulator = emulator().await;
    let identity = identity(&emulator);
    let sign_in = identity.start_browser(&BRANDS[0]).await.unwrap();
    let state = sign_in.sign_in().state().expose().to_owned();
    let mut text = debug(&sign_in);
    for answer in [
        format!("code={WRONG}&state={state}"),
        format!("code={WRONG}&state={WRONG}"),
        format!("error=access_denied&state={state}"),
    ] {
        let address = format!("http://localhost:53682/?{answer}").parse().unwrap();
        let outcome = identity.finish_browser(&sign_in, &address).await;
        text += &shown(&outcome.unwrap_err());
    }
    check_all(&text, std::slice::from_ref(&state), "what came back");
    check_all(&logged(), &[state], "the log");
}

/// The main operations, and what fails of them.
async fn use_it(remote: &JottaRemote) -> String {
    let mut text = debug(remote) + &debug(remote.client());
    let file = path("d/f");
    for failed in [
        remote
            .write_bytes(&file, "content", WriteOptions::default())
            .await
            .err(),
        remote.read_bytes(&file, 100).await.err(),
        remote.stat(&path("missing")).await.err(),
        remote.list_all(&path("d")).await.err(),
        remote.remove_file(&file).await.err(),
        remote.usage().await.err(),
    ]
    .into_iter()
    .flatten()
    {
        text += &shown(&failed);
    }
    text
}

#[tokio::test]
async fn a_remote_of_a_file_does_not_show_its_tokens_through_renewals_and_refusals() {
    let emulator = emulator().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rclone.conf");
    write_sections(&file, &[Section::jotta("jotta", emulator.jotta()).unwrap()]).unwrap();
    let config = Config::open(&file).unwrap();
    let resolved = config.remote("jotta:", &Environment::empty()).unwrap();
    let store = config.token_store(&resolved).unwrap();
    let mut secrets = Vec::new();
    let mut text = debug(&config) + &debug(&resolved) + &debug(&store);
    let remember = |secrets: &mut Vec<String>, token: &Token| {
        secrets.push(token.access_token.expose().to_owned());
        secrets.extend(
            token
                .refresh_token
                .as_ref()
                .map(|token| token.expose().to_owned()),
        );
    };
    for step in 0..4 {
        let stored = store.load().await.unwrap().unwrap();
        remember(&mut secrets, &stored);
        let service = emulator.jotta().identity();
        match step {
            1 => store
                .save(&stored.with_expires(SystemTime::UNIX_EPOCH))
                .await
                .unwrap(),
            2 => service.expire_access_tokens(),
            3 => {
                service.revoke_all().unwrap();
                service.expire_access_tokens();
                let failing = Fault::new(FaultAction::status(500)).on("identity/token");
                emulator.jotta().faults().push(failing);
            }
            _ => {}
        }
        let remote = JottaRemote::from_options_with(
            &resolved,
            RemotePath::root(),
            &settings(),
            Some(std::sync::Arc::clone(&store)),
        );
        text += &use_it(&remote.unwrap()).await;
    }
    assert_eq!(emulator.jotta().identity().stats().totals.refreshes, 2);
    secrets.sort();
    secrets.dedup();
    assert_eq!(secrets.len(), 6, "three pairs");
    check_all(&text, &secrets, "what came back");
    check_all(&logged(), &secrets, "the log");
}
