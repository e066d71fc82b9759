//! From a configuration to the drive: steps of the setup dialogue, and opening by name with the token in the file.

use acd_api::setup::AcdSetup;
use remote_core::{
    http::{HttpSettings, Proxy},
    operation::WriteOptions,
    remote::RemoteExt as _,
    setup::{Answer, SetupSection, SetupSteps as _, StepOutcome, StepState},
};
use remotes::Opener;
use tests::acd::{Bench, path};

#[tokio::test]
async fn a_configuration_opens_by_name_and_its_token_is_kept_up_to_date() {
    let bench = Bench::start().await;
    let service = bench.service();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("rclone.conf");
    let tokens = service.sign_in().unwrap();
    let token = format!(
        r#"{{"access_token":"stale","token_type":"bearer","refresh_token":"{}","expiry":"2015-09-06T16:07:39Z"}}"#,
        tokens.refresh_token
    );
    let text = format!(
        "[acd]\ntype = amazon cloud drive\nclient_id = {}\nclient_secret = {}\ntoken_url = {}\nendpoint_url = {}\ntoken = {token}\n",
        service.client_id(),
        service.client_secret(),
        service.token_url(),
        service.endpoint_url(),
    );
    std::fs::write(&config, text).unwrap();
    let http = HttpSettings::default().with_proxy(Proxy::None);
    let opener = Opener::builder()
        .config_path(&config)
        .http(http)
        .build()
        .unwrap();
    let remote = opener.open("acd:backup").unwrap();
    assert_eq!(bench.requests(), 0);
    remote
        .write_bytes(&path("f"), "content", WriteOptions::default())
        .await
        .unwrap();
    assert_eq!(service.read("/backup/f").unwrap().unwrap(), "content");
    let now = std::fs::read_to_string(&config).unwrap();
    assert!(
        !now.contains("stale") && now.contains("refresh_token"),
        "{now}"
    );
}

#[tokio::test]
async fn a_wrong_code_from_the_browser_is_refused_and_leaves_no_token() {
    let bench = Bench::start().await;
    let service = bench.service();
    let mut section = SetupSection::new("acd", "amazon cloud drive");
    section.set("client_id", service.client_id());
    section.set("client_secret", service.client_secret());
    section.set("auth_url", service.auth_url());
    section.set("token_url", service.token_url());
    let steps = AcdSetup::new(HttpSettings::default().with_proxy(Proxy::None));
    let begun = steps
        .step(
            &mut section,
            &StepState::new("config_is_local"),
            Some(&Answer::yes_no(true)),
        )
        .await
        .unwrap();
    let StepOutcome::Ask { next, .. } = begun else {
        panic!("it asks to open an address");
    };
    let wrong = Answer::text("not-a-code");
    let refused = steps.step(&mut section, &next, Some(&wrong)).await.unwrap();
    assert!(matches!(refused, StepOutcome::ShowError { .. }));
    assert!(section.get("token").is_none());
}

#[tokio::test]
async fn signing_in_by_browser_ends_in_a_configuration_that_works() {
    let bench = Bench::start().await;
    let service = bench.service();
    let mut section = SetupSection::new("acd", "amazon cloud drive");
    section.set("client_id", service.client_id());
    section.set("client_secret", service.client_secret());
    section.set("auth_url", service.auth_url());
    section.set("token_url", service.token_url());
    section.set("endpoint_url", service.endpoint_url());
    let steps = AcdSetup::new(HttpSettings::default().with_proxy(Proxy::None));
    let local = StepState::new("config_is_local");
    let yes = Answer::yes_no(true);
    let begun = steps.step(&mut section, &local, Some(&yes));
    let StepOutcome::Ask { next, .. } = begun.await.unwrap() else {
        panic!("it asks to open an address");
    };
    // What a person pastes whose browser runs on another computer.
    let back = bench.visit(next.recall(0)).await;
    let answer = Answer::text(back.as_str());
    let done = steps
        .step(&mut section, &next, Some(&answer))
        .await
        .unwrap();
    assert_eq!(done, StepOutcome::Done);

    let names = [
        "client_id",
        "client_secret",
        "auth_url",
        "token_url",
        "endpoint_url",
        "token",
    ];
    let lines = names.map(|name| format!("{name} = {}\n", section.get(name).unwrap()));
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("rclone.conf");
    let text = format!("[acd]\ntype = amazon cloud drive\n{}", lines.concat());
    std::fs::write(&config, text).unwrap();
    let opener = Opener::builder()
        .config_path(&config)
        .http(HttpSettings::default().with_proxy(Proxy::None))
        .build()
        .unwrap();
    let remote = opener.open("acd:").unwrap();
    assert!(remote.list_all(&path("")).await.unwrap().is_empty());
}
