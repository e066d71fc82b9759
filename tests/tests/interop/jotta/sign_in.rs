//! Signing in and staying so: the login token, an own device, rotating refresh tokens, sessions that have ended.

use std::{fs, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use remote_emulator::{
    identity::{IdentityConfig, IdentitySettings},
    jotta::JottaConfig,
};
use serde_json::Value;
use tests::interop::{
    jotta::{JottaStage, TOKEN_URL},
    tool::{Program, RCLONES},
};

use super::{CUSTOMER, count};

/// A personal login token as the security page of the main brand shows it, with the address of the real host.
pub(super) fn login_token(stage: &JottaStage) -> String {
    let token = stage.jotta().login_token().unwrap();
    let mut token: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).unwrap()).unwrap();
    let address = token["well_known_link"].as_str().unwrap_or_default();
    token["well_known_link"] = address
        .replace(stage.jotta().url(), "https://id.jottacloud.com")
        .into();
    URL_SAFE_NO_PAD.encode(token.to_string())
}

/// Keys of a section in their order.
fn keys(stage: &JottaStage, remote: &str) -> Vec<String> {
    let text = fs::read_to_string(&stage.config).unwrap();
    let header = format!("[{remote}]");
    text.lines()
        .skip_while(|line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = ").or(line.split_once(" =")))
        .map(|(key, _)| key.to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_token_signs_in_once() {
    for program in RCLONES {
        let stage = JottaStage::new().await;
        let tool = stage.tool(program);
        let token = format!("config_login_token={}", login_token(&stage));
        let create = ["config", "create", "fresh", "jottacloud"];
        let answers = ["config_type=standard", &token, "config_non_standard=false"];
        tool.run(create.into_iter().chain(answers)).await.success();

        assert_eq!(
            stage.take_trace(),
            ["discovery 200", "token 200"],
            "{program}"
        );
        assert_eq!(stage.value("fresh", "configVersion"), "1", "{program}");
        assert_eq!(stage.value("fresh", "client_id"), "jottacli", "{program}");
        assert_eq!(stage.value("fresh", "client_secret"), "", "{program}");
        assert_eq!(stage.value("fresh", "tokenURL"), TOKEN_URL, "{program}");
        let mut keys = keys(&stage, "fresh");
        keys.sort();
        assert_eq!(
            keys,
            [
                "client_id",
                "client_secret",
                "configVersion",
                "device",
                "mountpoint",
                "token",
                "tokenURL",
                "type"
            ],
            "{program}"
        );
        let stored = stage.stored_token("fresh");
        let refresh = stored["refresh_token"].as_str().unwrap();
        assert!(stage.identity().is_current(refresh), "{program}");
        tool.run(["mkdir", "fresh:made"]).await.success();
        let there = tool.run(["lsf", "fresh:"]).await.success();
        assert_eq!(there.sorted_lines(), ["made/"], "{program}");

        stage.take_trace();
        let create = ["config", "create", "again", "jottacloud"];
        let again = tool.run(create.into_iter().chain(answers)).await;
        assert_ne!(again.code, Some(0), "{again:?}");
        assert_eq!(
            stage.take_trace(),
            ["discovery 200", "token 401"],
            "{program}: asked once"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_and_a_mount_point_of_ones_own_are_made() {
    for program in RCLONES {
        let stage = JottaStage::new().await;
        let tool = stage.tool(program);
        for (remote, mount, made) in [("first", "Set 1", true), ("second", "set 1", false)] {
            let token = format!("config_login_token={}", login_token(&stage));
            let mount = format!("config_mountpoint={mount}");
            let create = [
                "config",
                "create",
                remote,
                "jottacloud",
                "config_type=standard",
                &token,
                "config_non_standard=true",
                "config_device=My PC",
                &mount,
            ];
            tool.run(create).await.success();
            let trace = stage.take_trace();
            let calls = [
                "create-device /My PC 201",
                "create-mountpoint /My PC/Set 1 201",
            ];
            for call in calls {
                assert_eq!(
                    count(&trace, call),
                    usize::from(made),
                    "{program}: {call}: {trace:?}"
                );
            }
            assert_eq!(stage.value(remote, "device"), "My PC", "{program}");
            assert_eq!(
                stage.value(remote, "mountpoint"),
                "Set 1",
                "{program}: the spelling that is there"
            );
        }
        tool.feed(["rcat", "first:folder/file"], b"content")
            .await
            .success();
        let there = tool.run(["lsf", "-R", "second:"]).await.success();
        assert_eq!(
            there.sorted_lines(),
            ["folder/", "folder/file"],
            "{program}"
        );
        let stored = stage.jotta().read("/My PC/Set 1/folder/file").unwrap();
        assert_eq!(stored.as_deref(), Some(&b"content"[..]), "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_token_is_refreshed_once_and_the_new_one_is_kept() {
    for program in RCLONES {
        let stage = JottaStage::new().await;
        let before = stage.stored_token("jotta");
        stage
            .emulator
            .clock()
            .advance(Duration::from_secs(2 * 3600));
        stage.backdate_token();

        let tool = stage.tool(program);
        tool.run(["lsf", "jotta:"]).await.success();

        assert_eq!(
            stage.take_trace(),
            ["token 200", CUSTOMER, "info / 200"],
            "{program}"
        );
        let after = stage.stored_token("jotta");
        assert_ne!(after["refresh_token"], before["refresh_token"], "{program}");
        assert_ne!(after["access_token"], before["access_token"], "{program}");
        let refresh = after["refresh_token"].as_str().unwrap();
        assert!(stage.identity().is_current(refresh), "{program}");
        assert_eq!(
            after.get("expires_in").is_some(),
            program == Program::Rclone175,
            "{program}: {after}"
        );
        let totals = stage.identity().stats().totals;
        assert_eq!(
            (totals.refreshes, totals.reuse_detected),
            (1, 0),
            "{program}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_end_during_the_work_are_refreshed_as_often_as_needed() {
    for program in RCLONES {
        let mut settings = IdentitySettings::default();
        // rclone counts them as ended before the first use.
        settings.access_token_lifetime = Duration::from_secs(10);
        let identity = IdentityConfig::default().settings(settings);
        let stage = JottaStage::with(JottaConfig::default().identity(identity)).await;
        let tool = stage.tool(program);

        tool.feed(["rcat", "jotta:some/file"], b"content")
            .await
            .success();
        let text = tool.run(["cat", "jotta:some/file"]).await.success();

        assert_eq!(text.text(), "content", "{program}");
        let trace = stage.take_trace();
        let refreshes = count(&trace, "token 200");
        assert!(refreshes >= 6, "{program}: {trace:?}");
        assert_eq!(count(&trace, "token"), refreshes, "{program}: {trace:?}");
        assert_eq!(
            refreshes * 2,
            trace.len(),
            "{program}: one before each request: {trace:?}"
        );
        assert_eq!(
            stage.identity().stats().totals.reuse_detected,
            0,
            "{program}"
        );
        let stored = stage.stored_token("jotta");
        let refresh = stored["refresh_token"].as_str().unwrap();
        assert!(stage.identity().is_current(refresh), "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_have_to_name_itself_in_the_form() {
    for program in RCLONES {
        let mut settings = IdentitySettings::default();
        settings.accept_basic_client = false;
        let identity = IdentityConfig::default().settings(settings);
        let stage = JottaStage::with(JottaConfig::default().identity(identity)).await;
        stage.backdate_token();

        stage.tool(program).run(["lsf", "jotta:"]).await.success();

        assert_eq!(
            stage.take_trace(),
            ["token 401", "token 200", CUSTOMER, "info / 200"],
            "{program}: the refused form did not spend the token"
        );
        let totals = stage.identity().stats().totals;
        assert_eq!(
            (totals.refreshes, totals.reuse_detected),
            (1, 0),
            "{program}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_the_service_refuses_is_not_refreshed_by_rclone() {
    for program in RCLONES {
        let stage = JottaStage::new().await;
        stage
            .emulator
            .clock()
            .advance(Duration::from_secs(2 * 3600));
        let listed = stage.tool(program).run(["lsf", "jotta:"]).await;
        assert_ne!(listed.code, Some(0), "{listed:?}");
        assert_eq!(stage.take_trace(), ["customer 401"], "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_session_is_told() {
    for program in RCLONES {
        let stage = JottaStage::new().await;
        stage.identity().revoke_all().unwrap();
        stage.backdate_token();
        let before = fs::read_to_string(&stage.config).unwrap();

        let listed = stage.tool(program).run(["lsf", "jotta:"]).await;

        assert_ne!(listed.code, Some(0), "{listed:?}");
        let trace = stage.take_trace();
        let asked = match program {
            Program::Rclone160 => 10,
            _ => 2,
        };
        assert_eq!(trace, vec!["token 400"; asked], "{program}");
        assert_eq!(
            fs::read_to_string(&stage.config).unwrap(),
            before,
            "{program}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_that_take_turns_never_present_a_spent_token() {
    let stage = JottaStage::new().await;
    let mut seen = Vec::new();
    for round in 0..4 {
        stage.backdate_token();
        let program = RCLONES[round % 2];
        let tool = stage.tool(program);
        tool.run(["mkdir", &format!("jotta:{round}")])
            .await
            .success();
        let refresh = stage.stored_token("jotta")["refresh_token"].clone();
        assert!(!seen.contains(&refresh), "{program}: {round}");
        seen.push(refresh);
    }
    let totals = stage.identity().stats().totals;
    assert_eq!((totals.refreshes, totals.reuse_detected), (4, 0));
}
