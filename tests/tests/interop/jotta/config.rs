//! One configuration file for rclone and for us, with tokens that each renews in turn.
//!
//! * files that either rclone wrote at the sign-in, of both generations: we work with them, renew the token, and that rclone goes on with what we saved
//! * the keys that tell us where the emulator is are the only addition

use std::{fs, time::Duration};

use tests::interop::{
    jotta::{JottaStage, TOKEN_URL},
    tool::{Program, RCLONES},
};

use super::sign_in::login_token;

/// Lines of a section without the token, which is what a renewal may change.
fn lines_without_token(stage: &JottaStage) -> Vec<String> {
    let text = fs::read_to_string(&stage.config).unwrap();
    text.lines()
        .filter(|line| !line.starts_with("token = "))
        .map(str::to_owned)
        .collect()
}

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

/// Lets the token end for everybody, by the clock of the service and in the file.
fn expire(stage: &JottaStage, remote: &str) {
    let hour = Duration::from_secs(2 * 3600);
    stage.emulator.clock().advance(hour);
    stage.backdate_token_of(remote);
}

/// Each renews the token that the one before has saved.
pub(super) async fn take_turns(stage: &JottaStage, remote: &str, rclone: Program) {
    let path = format!("{remote}:");
    let before = lines_without_token(stage);
    let mut seen = vec![stage.stored_token(remote)["refresh_token"].clone()];
    let already = stage.identity().stats().totals.refreshes;
    let turns = [Program::Ours, rclone, Program::Ours, rclone, Program::Ours];
    for program in turns {
        expire(stage, remote);
        stage.tool(program).run(["ls", &path]).await.success();
        let stored = stage.stored_token(remote)["refresh_token"].clone();
        assert!(!seen.contains(&stored), "{rclone}: {program} renewed it");
        assert!(
            stage.identity().is_current(stored.as_str().unwrap()),
            "{rclone}: {program} kept the newest"
        );
        seen.push(stored);
        // The other one goes on with it without renewing.
        for other in [rclone, Program::Ours] {
            stage.tool(other).run(["ls", &path]).await.success();
        }
    }
    let totals = stage.identity().stats().totals;
    assert_eq!(
        (totals.refreshes - already, totals.reuse_detected),
        (turns.len() as u64, 0),
        "{rclone}"
    );
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    assert_eq!(
        sorted(lines_without_token(stage)),
        sorted(before),
        "{rclone}"
    );
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
