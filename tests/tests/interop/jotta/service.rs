//! What the service says about itself.

use serde_json::json;
use tests::interop::{
    http,
    jotta::JottaStage,
    tool::{ALL, Program, RCLONES},
};

use super::{CUSTOMER, TEN, stocked};

#[tokio::test(flavor = "multi_thread")]
async fn about_tells_a_limit_only_if_there_is_one() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        let about = ["about", "--json", "jotta:"];
        let unlimited = tool.run(about).await.success().json();
        assert_eq!(unlimited, json!({"used": 100_017}), "{program}");
        assert_eq!(stage.take_trace(), [CUSTOMER, "account 200"], "{program}");

        stage.jotta().set_capacity(1 << 30).unwrap();
        let limited = tool.run(about).await.success().json();
        assert_eq!(
            limited,
            json!({"total": 1 << 30, "used": 100_017, "free": (1 << 30) - 100_017}),
            "{program}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_to_the_content_until_they_are_taken_back() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        let link = tool.run(["link", "jotta:stock/ten.txt"]).await.success();
        assert_eq!(
            stage.take_trace().last().map(String::as_str),
            Some("enableShare /stock/ten.txt 200"),
            "{program}"
        );
        let link = link.text();
        let path = link
            .trim()
            .strip_prefix("https://www.jottacloud.com")
            .unwrap_or_else(|| panic!("{program}: {link}"));
        assert!(
            path.starts_with("/opin/io/downloadPublic/"),
            "{program}: {link}"
        );
        let address = format!("{}{path}", stage.jotta().url());
        let answer = http::get(&address, &[]).await;
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, TEN),
            "{program}: {link}"
        );
        let again = tool.run(["link", "jotta:stock/ten.txt"]).await.success();
        assert_eq!(again.text(), link, "{program}");

        tool.run(["link", "--unlink", "jotta:stock/ten.txt"])
            .await
            .success();

        assert_eq!(http::get(&address, &[]).await.status, 404, "{program}");
        let missing = tool.run(["link", "jotta:missing"]).await;
        assert_ne!(missing.code, Some(0), "{missing:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn features_are_those_of_the_backend() {
    for program in RCLONES {
        let stage = JottaStage::new().await;
        let features = ["backend", "features", "jotta:"];
        let features = stage.tool(program).run(features).await.success().json();
        for (feature, there) in [
            ("About", true),
            ("CanHaveEmptyDirectories", true),
            ("CaseInsensitive", true),
            ("ChangeNotify", false),
            ("CleanUp", true),
            ("Copy", true),
            ("DirMove", true),
            ("ListR", true),
            ("Move", true),
            ("PublicLink", true),
            ("Purge", true),
            ("PutStream", false),
            ("ReadMimeType", true),
            ("WriteMimeType", false),
        ] {
            assert_eq!(features["Features"][feature], there, "{program}: {feature}");
        }
        assert_eq!(features["Hashes"], json!(["md5"]), "{program}");
        assert_eq!(features["Precision"], 1_000_000_000, "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newer_rclone_tells_whose_account_it_is() {
    let stage = JottaStage::new().await;
    let info = ["config", "userinfo", "--json", "jotta:"];
    let info = stage
        .tool(Program::Rclone175)
        .run(info)
        .await
        .success()
        .json();
    assert_eq!(info["Username"], stage.jotta().username(), "{info}");
    for key in ["Email", "Name", "AccountType", "SubscriptionType"] {
        assert!(info[key].is_string(), "{key}: {info}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_or_locked_account_refuses_and_keeps_what_it_has() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        std::fs::write(stage.path("stock/more.bin"), vec![7; 5000]).unwrap();
        stage.jotta().set_capacity(101_000).unwrap();
        let copied = tool.run(["copy", "stock", "jotta:stock"]).await;
        assert_ne!(copied.code, Some(0), "{copied:?}");
        copied.says("460");

        stage.jotta().set_capacity(-1).unwrap();
        stage.jotta().set_locked(true, false).unwrap();
        let copied = tool.run(["copy", "stock", "jotta:stock"]).await;
        assert_ne!(copied.code, Some(0), "{copied:?}");
        let kept = tool.run(["lsf", "-R", "jotta:stock"]).await.success();
        assert_eq!(kept.sorted_lines().len(), 8, "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_asks_for_another_host() {
    let expected = [
        "api.jottacloud.com",
        "jfs.jottacloud.com",
        "up-no-001.jottacloud.com",
    ];
    for program in ALL {
        let stage = JottaStage::new().await;
        let tool = match program {
            Program::Ours => stage.ours_through_the_proxy(),
            rclone => stage.tool(rclone),
        };
        tool.feed(["rcat", "jotta:some/file"], b"content")
            .await
            .success();
        tool.run(["cat", "jotta:some/file"]).await.success();
        let mut hosts: Vec<String> = stage
            .jotta()
            .requests()
            .iter()
            .filter_map(|record| record.header("host").map(str::to_owned))
            .collect();
        hosts.sort();
        hosts.dedup();
        assert_eq!(hosts, expected, "{program}");
        assert_eq!(
            stage.emulator.proxy().refused_hosts(),
            Vec::<String>::new(),
            "{program}"
        );
    }
}
