//! Every way to sign in, and what becomes of tokens.
//!
//! Cases: a login token good, used before, of another brand; the browser agreeing, refusing, with a wrong state; every brand of the table by its key and by its
//! well-known address; user name and password with and without a one-time code; a stale family: one clear error, the refresh token presented once, no storm;
//! a configuration as rclone keeps it, opened by name, whose file has the new token afterwards; ending a sign-in; setting up by questions and answers.

use std::{sync::Arc, time::Duration};

use jotta_api::{
    JottaRemote,
    auth::{BRANDS, Brand, Identity, LoginToken, LoginTokenError, PasswordOutcome},
    setup::JottaSetup,
};
use remote_core::{
    auth::{MemoryTokenStore, TokenStore as _},
    error::{Effect, ErrorKind, report},
    http::{HttpSettings, Request},
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
    secret::Secret,
    setup::{Answer, SetupSection, SetupSteps as _, StepOutcome, StepState},
};
use remote_emulator::{
    fault::{Fault, FaultAction},
    identity::{Consent, IdentityConfig, IdentityUser},
    jotta::JottaConfig,
};
use tests::jotta::{JottaBench, http, url};

fn identity(bench: &JottaBench) -> Identity {
    Identity::new(http(), bench.addresses())
}

#[tokio::test]
async fn a_login_token_signs_in_once() {
    let bench = JottaBench::start().await;
    let identity = identity(&bench);
    let token = LoginToken::parse(&bench.service().login_token().unwrap()).unwrap();
    let signed_in = identity.sign_in_with_login_token(&token).await.unwrap();
    assert_eq!(signed_in.client_id, "jottacli");
    let store = MemoryTokenStore::new(signed_in.token.clone());
    let tokens = signed_in
        .session(http(), bench.addresses())
        .tokens(Arc::new(store));
    let client = bench
        .client_builder(jotta_api::auth::Credentials::Tokens(tokens))
        .build()
        .unwrap();
    assert_eq!(client.username().await.unwrap(), bench.service().username());

    let error = identity.sign_in_with_login_token(&token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.help().unwrap().contains("one sign-in"), "{error:?}");
    assert!(!report(&error).contains(token.auth_token.expose()));
    let brand = Brand::find("telia_se").unwrap();
    assert!(matches!(
        token.check_brand(brand),
        Err(LoginTokenError::Brand { .. })
    ));
}

/// Goes through the sign-in page as a browser does, and tells where it is sent.
async fn browse(page: &url::Url) -> url::Url {
    let request =
        Request::new(remote_core::http::Method::GET, page.clone(), "page").follow_redirects(false);
    let response = http().send(request).await.unwrap();
    let location = response.header("location").expect("a redirect");
    url(std::str::from_utf8(location).unwrap())
}

fn consenting(consent: Consent) -> JottaConfig {
    let mut identity = IdentityConfig::default();
    identity.settings.consent = consent;
    JottaConfig::default().identity(identity)
}

#[tokio::test]
async fn every_brand_signs_in_by_browser_by_key_and_by_address() {
    let bench = JottaBench::with(consenting(Consent::Allow)).await;
    let identity = identity(&bench);
    for brand in BRANDS {
        let by_address = Brand::of_well_known(&brand.well_known).unwrap();
        for brand in [brand, &by_address] {
            let sign_in = identity.start_browser(brand).await.unwrap();
            let pairs: Vec<_> = sign_in
                .url()
                .query_pairs()
                .map(|(key, _)| key.into_owned())
                .collect();
            assert!(
                !pairs.iter().any(|key| key.starts_with("code_challenge")),
                "{pairs:?}"
            );
            let back = browse(sign_in.url()).await;
            let signed_in = identity.finish_browser(&sign_in, &back).await.unwrap();
            assert_eq!(signed_in.client_id, brand.client_id, "{}", brand.key);
            assert!(signed_in.token_url.unwrap().as_str().starts_with("http"));
        }
    }
}

#[tokio::test]
async fn a_refusal_and_a_wrong_state_are_told_apart() {
    let bench = JottaBench::with(consenting(Consent::Deny)).await;
    let identity = identity(&bench);
    let brand = Brand::find("jottacloud").unwrap();
    let sign_in = identity.start_browser(brand).await.unwrap();
    let back = browse(sign_in.url()).await;
    let error = identity.finish_browser(&sign_in, &back).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    let other = identity.start_browser(brand).await.unwrap();
    let error = identity.finish_browser(&other, &back).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn an_address_that_is_not_a_brands_is_refused_with_help() {
    let bench = JottaBench::start().await;
    let nowhere = Brand::of_well_known(
        "https://id.example.org/auth/realms/none/.well-known/openid-configuration",
    )
    .unwrap();
    let error = identity(&bench).start_browser(&nowhere).await.unwrap_err();
    assert!(error.help().unwrap().contains("well-known"), "{error:?}");
}

#[tokio::test]
async fn passwords_with_and_without_one_time_codes_sign_in() {
    let user = IdentityUser::new("old@example.com", "old1", "right password").otp("123456");
    let config = IdentityConfig::default().user(user);
    let bench = JottaBench::with(JottaConfig::default().identity(config)).await;
    let identity = identity(&bench);
    let device = identity.register_device().await.unwrap();
    let password = Secret::new("right password");
    let ask = |code: Option<&'static str>| {
        let (identity, device, password) = (identity.clone(), device.clone(), password.clone());
        async move {
            let code = code.map(Secret::new);
            identity
                .sign_in_with_password(Some(&device), "old@example.com", &password, code.as_ref())
                .await
        }
    };
    assert!(matches!(
        ask(None).await.unwrap(),
        PasswordOutcome::OtpNeeded
    ));
    let error = ask(Some("999999")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.help().unwrap().contains("six digits"), "{error:?}");
    let PasswordOutcome::SignedIn(signed_in) = ask(Some("123-456")).await.unwrap() else {
        panic!("not signed in")
    };
    assert!(signed_in.is_legacy());
    // Renewed in the dialect of the older address.
    let session = signed_in.session(http(), bench.addresses());
    let renewed = session.refresher().refresh(&signed_in.token).await.unwrap();
    assert!(!renewed.access_token.is_empty());
    let wrong = Secret::new("wrong password");
    let error = identity
        .sign_in_with_password(None, "old@example.com", &wrong, None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(!report(&error).contains("wrong password"));
}

#[tokio::test]
async fn a_stale_family_is_one_clear_error_and_no_storm() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    remote.stat(&RemotePath::root()).await.unwrap();
    bench.service().identity().revoke_all().unwrap();
    bench.service().identity().expire_access_tokens();
    bench.service().log().clear();
    let path = RemotePath::root();
    let many = futures::future::join_all((0..8).map(|_| remote.stat(&path)));
    for outcome in many.await {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(error.help().unwrap().contains("sign in"), "{error:?}");
    }
    assert!(remote.stat(&path).await.is_err());
    let refreshes = bench
        .service()
        .requests()
        .iter()
        .filter(|record| record.endpoint.contains("token"))
        .count();
    assert_eq!(refreshes, 1);
}

#[tokio::test]
async fn a_renewal_whose_answer_is_lost_is_not_repeated_and_changes_nothing_else() {
    for action in [FaultAction::CommitThenClose, FaultAction::Close] {
        let bench = JottaBench::start().await;
        let remote = bench.remote();
        let file = RemotePath::parse("a").unwrap();
        bench
            .service()
            .write("/Jotta/Archive/a", "content")
            .unwrap();
        remote.stat(&file).await.unwrap();
        bench.service().identity().expire_access_tokens();
        let lost = Fault::new(action).on("identity/token");
        bench.service().faults().push(lost);
        for _ in 0..2 {
            let error = remote.remove_file(&file).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.effect()),
                (ErrorKind::Authentication, Effect::NotMade),
                "{}",
                report(&error)
            );
            assert!(error.help().unwrap().contains("sign in"), "{error:?}");
        }
        assert_eq!(bench.service().identity().stats().totals.reuse_detected, 0);
        let kept = bench.service().entry("/Jotta/Archive/a").unwrap();
        assert_eq!(kept.deleted, None);
    }
}

#[tokio::test]
async fn a_configuration_of_rclone_is_opened_by_name_and_gets_the_new_token() {
    let bench = JottaBench::start().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rclone.conf");
    let mut text = "# mine\n[jotta]\ntype = jottacloud\n".to_owned();
    for (key, value) in bench.options() {
        text.push_str(&format!("{key} = {value}\n"));
    }
    std::fs::write(&file, &text).unwrap();
    bench.service().identity().expire_access_tokens();

    let opener = remotes::Opener::builder()
        .config_path(&file)
        .build()
        .unwrap();
    // Two remotes of the account in one process renew it once.
    let other = opener.open("jotta:").unwrap();
    let remote = opener.open("jotta:backup").unwrap();
    let target = tests::koofr::path("a");
    let write = remote.write_bytes(&target, "content", Default::default());
    let root = RemotePath::root();
    let (top, entry) = futures::join!(other.stat(&root), write);
    assert!(top.unwrap().is_directory() && entry.is_ok());
    let stats = bench.service().identity().stats();
    assert_eq!(
        (stats.totals.refreshes, stats.totals.reuse_detected),
        (1, 0)
    );
    assert!(bench.service().entry("/Jotta/Archive/backup/a").is_some());
    let after = std::fs::read_to_string(&file).unwrap();
    assert_ne!(after, text);
    assert!(after.starts_with("# mine\n[jotta]\n") && after.contains("configVersion = 1"));
    // Another program goes on with the token in the file.
    let again = remotes::Opener::builder()
        .config_path(&file)
        .build()
        .unwrap();
    let remote = again.open("jotta:backup").unwrap();
    assert_eq!(remote.read_bytes(&target, 100).await.unwrap(), "content");
    assert_eq!(bench.service().identity().stats().totals.reuse_detected, 0);
}

#[tokio::test]
async fn a_sign_in_can_be_ended_and_tells_who_it_is() {
    let bench = JottaBench::start().await;
    let remote = JottaRemote::from_options(&bench.options(), RemotePath::root()).unwrap();
    let customer = remote.user_info().await.unwrap();
    assert_eq!(customer.username, bench.service().username());
    let token = bench.token();
    let session = bench.session();
    let user = session.user_info(&token).await.unwrap();
    assert!(user.username.is_some() || user.preferred_username.is_some());
    session.disconnect(&token).await.unwrap();
    let error = session.refresher().refresh(&token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
}

fn section(bench: &JottaBench) -> SetupSection {
    let mut section = SetupSection::new("j", "jottacloud");
    for key in ["jfs_url", "api_url", "identity_url"] {
        section.set(key, bench.options()[key].clone());
    }
    section
}

/// Answers questions by their names until nothing is left to ask.
async fn answer(section: &mut SetupSection, answers: &[(&str, &str)], browse_to: bool) {
    let steps = JottaSetup::new(HttpSettings::default());
    let mut outcome = steps
        .step(section, &StepState::start(), None)
        .await
        .unwrap();
    for _ in 0..20 {
        outcome = match outcome {
            StepOutcome::Done => return,
            StepOutcome::ShowError { message, .. } => panic!("{message}"),
            StepOutcome::Ask { question, next } => {
                let found = answers.iter().find(|(name, _)| *name == question.name);
                let answer = match (found, &question.kind) {
                    (Some((_, text)), _) => (*text).to_owned(),
                    (None, remote_core::setup::QuestionKind::OpenAddress { address, .. })
                        if browse_to =>
                    {
                        browse(&url(address)).await.to_string()
                    }
                    (None, _) => question.default.clone(),
                };
                steps
                    .step(section, &next, Some(&Answer::text(answer)))
                    .await
                    .unwrap()
            }
        };
    }
    panic!("no end of questions");
}

async fn works(section: &SetupSection) -> String {
    let remote = JottaRemote::from_options(section, RemotePath::root()).unwrap();
    remote.stat(&RemotePath::root()).await.unwrap();
    let place = remote.location(&RemotePath::root()).unwrap();
    format!("{}/{}", place.device(), place.mount_point())
}

#[tokio::test]
async fn questions_and_answers_lead_to_a_remote_that_works() {
    let bench = JottaBench::with(consenting(Consent::Allow)).await;
    let mut standard = section(&bench);
    let login_token = bench.service().login_token().unwrap();
    answer(
        &mut standard,
        &[("config_login_token", &login_token)],
        false,
    )
    .await;
    assert_eq!(works(&standard).await, "Jotta/Archive");
    assert_eq!(standard.get("configVersion"), Some("1"));

    let mut traditional = section(&bench);
    let answers = [
        ("config_type", "traditional"),
        ("config_traditional", "telia_se"),
        ("config_non_standard", "true"),
        ("config_device", "New PC"),
        ("config_mountpoint", "New set"),
    ];
    answer(&mut traditional, &answers, true).await;
    assert_eq!(works(&traditional).await, "New PC/New set");
    assert_eq!(traditional.get("client_id"), Some("desktop"));
}

#[tokio::test]
async fn options_move_the_page_and_the_address_for_tokens_of_a_browser_sign_in() {
    let bench = JottaBench::with(consenting(Consent::Allow)).await;
    let identity = bench.service().identity();
    let mut moved = section(&bench);
    // Of another brand than the one that is chosen.
    moved.set("auth_url", identity.auth_url("telia_se"));
    moved.set("token_url", identity.token_url("telia_se"));
    let answers = [
        ("config_type", "traditional"),
        ("config_traditional", "jottacloud"),
    ];
    answer(&mut moved, &answers, true).await;
    assert_eq!(
        moved.get("tokenURL"),
        Some(identity.token_url("telia_se").as_str())
    );
    assert_eq!(works(&moved).await, "Jotta/Archive");

    let mut broken = section(&bench);
    broken.set("auth_url", "http://id.example.org/");
    let steps = JottaSetup::new(HttpSettings::default());
    let brand = StepState::new("config_traditional");
    let chosen = Answer::text("jottacloud");
    let outcome = steps.step(&mut broken, &brand, Some(&chosen)).await;
    let StepOutcome::ShowError { message, .. } = outcome.unwrap() else {
        panic!("no error")
    };
    assert!(message.contains("auth_url"), "{message}");
}

#[tokio::test]
async fn the_clock_of_the_service_decides_when_a_token_ends() {
    let bench = JottaBench::start().await;
    let store = MemoryTokenStore::new(bench.token());
    let tokens = bench.session().tokens(Arc::new(store.clone()));
    let client = bench
        .client_builder(jotta_api::auth::Credentials::Tokens(tokens))
        .build()
        .unwrap();
    let before = store.load().await.unwrap();
    for _ in 0..3 {
        bench.service().clock().advance(Duration::from_secs(4000));
        client.customer().await.unwrap();
    }
    assert_ne!(store.load().await.unwrap(), before);
    let stats = bench.service().identity().stats();
    assert_eq!(
        (stats.totals.refreshes, stats.totals.reuse_detected),
        (3, 0)
    );
}
