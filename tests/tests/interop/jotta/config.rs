//! One configuration file for rclone and for us, with tokens that each renews in turn.
//!
//! * files that either rclone wrote at the sign-in, of both generations: we work with them, renew the token, and that rclone goes on with what we saved
//! * the keys that tell us where the emulator is are the only addition

use std::{fs, time::Duration};

use tests::interop::{
    jotta::{JottaStage, TOKEN_URL},
    tool::{Program, RCLONES},
    turns::{expire, take_turns},
};

use super::sign_in::login_token;

/// Tells our program where the emulator is; rclone finds it through the proxy.
pub(super) fn add_addresses(stage: &JottaStage, remote: &str) {
    let mut config = remote_config::Config::open(&stage.config).unwrap();
    let jotta = stage.jotta();
    for (key, value) in [
        ("jfs_url", jotta.jfs_url()),
        ("api_url", jotta.api_url()),
        ("identity_url", jotta.api_url()),
    ] {
        config.set(remote, key, &value).unwrap();
    }
    config.save().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_either_rclone_serves_both_and_each_renews_for_the_other() {
    for rclone in RCLONES {
        let stage = JottaStage::new().await;
        let token = format!("config_login_token={}", login_token(&stage));
        let create = [
            "config",
            "create",
            "theirs",
            "jottacloud",
            "config_type=standard",
            &token,
            "config_non_standard=false",
        ];
        stage.tool(rclone).run(create).await.success();
        assert_eq!(stage.value("theirs", "tokenURL"), TOKEN_URL, "{rclone}");
        add_addresses(&stage, "theirs");
        take_turns(&stage, "theirs", rclone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_service_ended_early_is_renewed_once_by_us() {
    let stage = JottaStage::new().await;
    let hour = Duration::from_secs(2 * 3600);
    stage.emulator.clock().advance(hour);
    let ours = stage.tool(Program::Ours);
    ours.run(["mkdir", "jotta:made"]).await.success();
    let totals = stage.identity().stats().totals;
    assert_eq!((totals.refreshes, totals.reuse_detected), (1, 0));
    for rclone in RCLONES {
        let there = stage.tool(rclone).run(["lsf", "jotta:"]).await.success();
        assert_eq!(there.text(), "made/\n", "{rclone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_session_costs_us_one_request_and_changes_nothing() {
    let stage = JottaStage::new().await;
    stage.identity().revoke_all().unwrap();
    expire(&stage, "jotta");
    let before = fs::read_to_string(&stage.config).unwrap();
    let listed = stage.tool(Program::Ours).run(["ls", "jotta:"]).await;
    assert_ne!(listed.code, Some(0), "{listed:?}");
    assert_eq!(stage.take_trace(), ["token 400"], "{listed:?}");
    assert_eq!(fs::read_to_string(&stage.config).unwrap(), before);
    assert!(listed.stderr.contains("sign in"), "{listed:?}");
}
