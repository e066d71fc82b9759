//! The legacy sign-in (user name, password, one-time code; `configVersion` 0) of both rclones: their files serve us, and they go on with the tokens that we renew.
//!
//! * with and without a one-time code, with a key of the machine and, where rclone can, with the one that all share
//! * each renews in turn for the other, in one file that keeps its other lines
//! * a service that checks the secret of the device, to which rclone presents the obscured text, is served by us alone

use remote_core::{options::obscure, secret::Secret};
use remote_emulator::{
    identity::{DEFAULT_LOGIN, DEFAULT_LOGIN_PASSWORD, IdentityConfig, IdentityUser},
    jotta::JottaConfig,
};
use tests::interop::{
    jotta::JottaStage,
    tool::{Program, RCLONES},
    turns::take_turns,
};

use super::config::add_addresses;

const CODE: &str = "123456";

/// A stage whose account may ask for a one-time code.
async fn stage(code: Option<&str>) -> JottaStage {
    let mut user = IdentityUser::default();
    user.otp = code.map(str::to_owned);
    let identity = IdentityConfig::default().user(user);
    JottaStage::with(JottaConfig::default().identity(identity)).await
}

/// Signs in with `rclone config create`.
async fn sign_in(stage: &JottaStage, rclone: Program, own_key: bool, code: Option<&str>) {
    let password = obscure::obscure(&Secret::new(DEFAULT_LOGIN_PASSWORD));
    let mut answers = vec![
        "config_type=legacy".to_owned(),
        format!("config_machine_specific={own_key}"),
        format!("config_username={DEFAULT_LOGIN}"),
        format!("config_password={password}"),
        "config_non_standard=false".to_owned(),
    ];
    answers.extend(code.map(|code| format!("config_auth_code={code}")));
    let create = ["config", "create", "old", "jottacloud"].map(str::to_owned);
    let tool = stage.tool(rclone);
    tool.run(create.into_iter().chain(answers)).await.success();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_file_of_either_rclone_serves_both_and_each_renews_for_the_other() {
    for (rclone, own_key, code) in [
        // Without a key of its own the older one fails.
        (Program::Rclone160, true, None),
        (Program::Rclone160, true, Some(CODE)),
        (Program::Rclone175, true, Some(CODE)),
        (Program::Rclone175, false, None),
    ] {
        let stage = stage(code).await;
        sign_in(&stage, rclone, own_key, code).await;
        assert_eq!(stage.value("old", "configVersion"), "0", "{rclone}");
        assert_eq!(stage.value("old", "username"), DEFAULT_LOGIN, "{rclone}");
        assert_eq!(stage.value("old", "password"), "", "{rclone}");
        let secret = stage.value("old", "client_secret");
        assert_eq!(
            obscure::reveal(&secret).is_ok_and(|secret| !secret.is_empty()),
            own_key,
            "{rclone}: {secret}"
        );
        add_addresses(&stage, "old");
        take_turns(&stage, "old", rclone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_checks_the_secret_of_the_device_is_served_by_us() {
    for rclone in RCLONES {
        let stage = stage(None).await;
        sign_in(&stage, rclone, true, None).await;
        add_addresses(&stage, "old");
        stage
            .identity()
            .change_settings(|settings| settings.check_legacy_secret = true);
        stage.backdate_token_of("old");
        let theirs = stage.tool(rclone).run(["ls", "old:"]).await;
        assert_ne!(
            theirs.code,
            Some(0),
            "{rclone} does not reveal it: {theirs:?}"
        );

        stage
            .tool(Program::Ours)
            .run(["ls", "old:"])
            .await
            .success();

        let stored = stage.stored_token("old")["refresh_token"].clone();
        assert!(
            stage.identity().is_current(stored.as_str().unwrap()),
            "{rclone}"
        );
        let totals = stage.identity().stats().totals;
        assert_eq!(
            (totals.refreshes, totals.reuse_detected),
            (1, 0),
            "{rclone}"
        );
        // Until the token that we renewed ends, it works again.
        stage.tool(rclone).run(["ls", "old:"]).await.success();
    }
}
