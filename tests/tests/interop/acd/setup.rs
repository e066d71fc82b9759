//! Remotes that our dialogue made in the hands of rclone, and the other way round; without a browser on the machine; through somebody's OAuth proxy.

use remote_emulator::{
    acd::AcdConfig,
    identity::{Consent, DEFAULT_LOGIN_PASSWORD},
};
use tests::interop::{
    acd::AcdStage,
    browser::Browser,
    dialogue,
    oauth_proxy::{CLIENT_ID, CLIENT_SECRET, OAuthProxy},
    sign_in::{Asking, START, allow, alone},
    tool::Program,
    turns::take_turns,
};

/// A stage whose service asks people for their passwords, and takes browsers to registered addresses only if it says so.
pub(super) async fn asking_stage() -> AcdStage {
    let mut config = AcdConfig::default();
    config.identity.settings.consent = Consent::Ask;
    AcdStage::with(config).await
}

/// The command line of our dialogue for a new remote, with answers to everything but the sign-in.
pub(super) fn answers(stage: &AcdStage, name: &str) -> Vec<String> {
    let service = stage.acd();
    answers_with(
        stage,
        name,
        (service.client_id(), service.client_secret()),
        (&service.auth_url(), &service.token_url()),
    )
}

fn answers_with(
    stage: &AcdStage,
    name: &str,
    client: (&str, &str),
    (auth_url, token_url): (&str, &str),
) -> Vec<String> {
    let endpoint_url = stage.acd().endpoint_url();
    let pairs = [
        ("client_id", client.0),
        ("client_secret", client.1),
        ("config_fs_advanced", "true"),
        ("auth_url", auth_url),
        ("token_url", token_url),
        ("upload_wait_per_gb", "3m0s"),
        ("templink_threshold", "9Gi"),
        ("encoding", "Slash,InvalidUtf8,Dot"),
        ("endpoint_url", &endpoint_url),
        ("config_fs_advanced", "false"),
        ("config_is_local", "true"),
    ];
    let create = ["create", name, "amazon cloud drive"].map(str::to_owned);
    let pairs = pairs.map(|(key, value)| format!("{key}={value}"));
    create.into_iter().chain(pairs).collect()
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// Tells our program where the emulator is; rclone finds it through the proxy.
pub(super) fn add_addresses(stage: &AcdStage, remote: &str) {
    let mut config = remote_config::Config::open(&stage.config).unwrap();
    let service = stage.acd();
    for (key, value) in [
        ("auth_url", service.auth_url()),
        ("token_url", service.token_url()),
        ("endpoint_url", service.endpoint_url()),
    ] {
        config.set(remote, key, &value).unwrap();
    }
    config.save().unwrap();
}

/// Asserts that both programs work with a remote.
async fn expect_working(stage: &AcdStage, remote: &str) {
    let file = format!("{remote}:check/file");
    for (writer, reader) in [
        (Program::Ours, Program::Rclone160),
        (Program::Rclone160, Program::Ours),
    ] {
        let content = writer.to_string();
        let tool = stage.tool(writer);
        let wrote = tool.feed(["rcat", &file], content.as_bytes()).await;
        wrote.success();
        let read = stage.tool(reader).run(["cat", &file]).await.success();
        assert_eq!(read.text(), content, "{remote}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_a_browser_takes_the_address_at_which_another_one_ended() {
    let _alone = alone().await;
    let stage = asking_stage().await;
    let mut browser = Browser::start().await;
    let arguments = answers(&stage, "pasted");
    let command = dialogue::command(&stage, &words(&arguments));
    let page = stage.acd().auth_url();
    let mut asking = Asking::start(command, "n\n", &page).await;
    browser.open(&asking.address).await;
    allow(&mut browser, DEFAULT_LOGIN_PASSWORD).await;
    let ended = browser.wanted_address().await;
    assert!(
        ended.starts_with("http://127.0.0.1:53682/?code="),
        "nobody answers there: {ended}"
    );
    asking.say(&format!("{ended}\n")).await;
    asking.success().await;
    expect_working(&stage, "pasted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_a_browser_takes_what_rclone_authorize_printed_on_another_one() {
    let _alone = alone().await;
    let stage = AcdStage::new().await;
    let mut browser = Browser::start().await;
    let service = stage.acd();
    let tool = stage
        .tool(Program::Rclone160)
        .env("PATH", "/nowhere")
        .env("RCLONE_ACD_AUTH_URL", &service.auth_url())
        .env("RCLONE_ACD_TOKEN_URL", &service.token_url());
    let authorize = [
        "authorize",
        "amazon cloud drive",
        service.client_id(),
        service.client_secret(),
        "--auth-no-open-browser",
    ];
    let asking = Asking::start(tool.command(authorize), "", START).await;
    browser.open(&asking.address).await;
    let said = asking.success().await;
    let printed = said
        .split_once("--->")
        .and_then(|(_, rest)| rest.split_once("<---"))
        .map(|(token, _)| token.trim())
        .unwrap_or_else(|| panic!("{said}"));

    let mut arguments = answers(&stage, "brought");
    arguments.pop();
    arguments.push("config_is_local=false".to_owned());
    // It is typed hidden, and therefore twice.
    let lines = ["y", printed, printed];
    let saved = dialogue::setup(&stage, &words(&arguments), &lines).await;
    assert!(saved.contains("\"brought\" is saved"), "{saved}");
    expect_working(&stage, "brought").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_holds_the_application_serves_both() {
    let _alone = alone().await;
    let stage = AcdStage::new().await;
    let proxy = OAuthProxy::start(stage.acd()).await;
    let mut browser = Browser::start().await;
    let addresses = (proxy.auth_url(), proxy.token_url());
    let ours = answers_with(
        &stage,
        "proxied",
        (CLIENT_ID, CLIENT_SECRET),
        (&addresses.0, &addresses.1),
    );
    let command = dialogue::command(&stage, &words(&ours));
    let asking = Asking::start(command, "y\n", START).await;
    browser.open(&asking.address).await;
    assert_eq!(browser.title().await, "Signed in");
    asking.success().await;
    assert_eq!(stage.value("proxied", "client_id"), CLIENT_ID);
    expect_working(&stage, "proxied").await;
    take_turns(&stage, "proxied", Program::Rclone160).await;
    assert!(proxy.requests() >= 7, "{}", proxy.requests());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rclone_made_our_dialogue_changes() {
    let stage = AcdStage::new().await;
    let service = stage.acd();
    let pairs = [
        format!("client_id={}", service.client_id()),
        format!("client_secret={}", service.client_secret()),
        format!("token_url={}", service.token_url()),
        format!("token={}", stage.value("acd", "token")),
        "config_refresh_token=false".to_owned(),
    ];
    let create = ["config", "create", "theirs", "amazon cloud drive"].map(str::to_owned);
    let rclone = stage.tool(Program::Rclone160);
    rclone.run(create.iter().chain(&pairs)).await.success();
    let before = stage.stored_token("theirs");

    // Id and secret as they are; of the advanced options only the last, the address; the token as it is; saved.
    let endpoint = service.endpoint_url();
    let lines = ["", "", "y", "", "", "", "", "", &endpoint, "n", "n", "y"];
    dialogue::setup(&stage, &["edit", "theirs"], &lines).await;

    assert_eq!(stage.value("theirs", "endpoint_url"), endpoint);
    assert_eq!(stage.stored_token("theirs"), before, "the token was kept");
    expect_working(&stage, "theirs").await;
}
