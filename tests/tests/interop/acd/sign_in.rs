//! Tokens: renewed in the form that the service accepts, kept, shared between rclone and us, and refused for good.

use std::fs;

use remote_emulator::{acd::AcdConfig, identity::IdentitySettings};
use tests::interop::{acd::AcdStage, tool::Program, turns::take_turns};

use super::{OPEN, count};

const BOTH: [Program; 2] = [Program::Rclone160, Program::Ours];

fn config(change: impl FnOnce(&mut IdentitySettings)) -> AcdConfig {
    let mut config = AcdConfig::default();
    change(&mut config.identity.settings);
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_token_is_renewed_once_and_kept() {
    for program in BOTH {
        let stage = AcdStage::new().await;
        let before = stage.stored_token("acd");
        stage.backdate_token();
        let list = ["lsjson", "acd:"];
        stage.tool(program).run(list).await.success();
        let trace = stage.take_trace();
        assert_eq!(trace[..3], ["token 200", OPEN[0], OPEN[1]], "{program}");
        assert_eq!(count(&trace, "token"), 1, "{program}");
        let after = stage.stored_token("acd");
        assert_ne!(after["access_token"], before["access_token"], "{program}");
        assert_eq!(after["refresh_token"], before["refresh_token"], "{program}");
        assert_ne!(after["expiry"], before["expiry"], "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rclone_tries_the_header_first_and_we_use_the_form_at_once() {
    for program in BOTH {
        let stage = AcdStage::with(config(|settings| settings.accept_basic_client = false)).await;
        stage.backdate_token();
        let list = ["lsjson", "acd:"];
        stage.tool(program).run(list).await.success();
        let trace = stage.take_trace();
        let refused = usize::from(program == Program::Rclone160);
        assert_eq!(
            (count(&trace, "token 401"), count(&trace, "token 200")),
            (refused, 1),
            "{program}: {trace:?}"
        );
        assert_eq!(stage.identity().stats().totals.refreshes, 1, "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_serves_both_and_each_renews_for_the_other() {
    for rotates in [false, true] {
        let stage = AcdStage::with(config(|settings| settings.amazon_rotates = rotates)).await;
        take_turns(&stage, "acd", Program::Rclone160).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_sign_in_costs_us_one_request_and_changes_nothing() {
    let stage = AcdStage::new().await;
    stage.identity().revoke_all().unwrap();
    stage.backdate_token();
    let before = fs::read_to_string(&stage.config).unwrap();
    for (program, asked) in [(Program::Rclone160, 10), (Program::Ours, 1)] {
        let listed = stage.tool(program).run(["lsjson", "acd:"]).await;
        assert_ne!(listed.code, Some(0), "{listed:?}");
        assert_eq!(stage.take_trace(), vec!["token 400"; asked], "{program}");
        let after = fs::read_to_string(&stage.config).unwrap();
        assert_eq!(after, before, "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_asks_for_another_host() {
    for program in BOTH {
        let stage = AcdStage::new().await;
        let tool = match program {
            Program::Ours => stage.ours_through_the_proxy(),
            _ => stage.tool(program),
        };
        tool.feed(["rcat", "acd:some/file"], b"content")
            .await
            .success();
        tool.run(["cat", "acd:some/file"]).await.success();
        let records = stage.acd().requests();
        let hosts = records.iter().filter_map(|record| record.header("host"));
        let mut hosts: Vec<&str> = hosts.collect();
        hosts.sort_unstable();
        hosts.dedup();
        assert_eq!(
            hosts,
            [
                "cdws.us-east-1.amazonaws.com",
                "content-na.drive.amazonaws.com",
                "drive.amazonaws.com",
            ],
            "{program}"
        );
        let refused = stage.emulator.proxy().refused_hosts();
        assert_eq!(refused, Vec::<String>::new(), "{program}");
    }
}
