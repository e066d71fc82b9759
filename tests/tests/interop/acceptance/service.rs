//! What the service says about itself, and the exact requests.

use serde_json::Value;
use tests::interop::{files, http, koofr::KoofrStage, tool::RCLONES};

use super::{TEN, TEN_MD5, stocked};

#[tokio::test(flavor = "multi_thread")]
async fn about_counts_bytes() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        stage.take_trace();
        let about = tool
            .run(["about", "--json", "koofr:"])
            .await
            .success()
            .json();
        let bytes = |key: &str| about[key].as_i64().unwrap_or_else(|| panic!("{about}"));
        assert_eq!(
            bytes("total"),
            bytes("used") + bytes("free"),
            "{program}: {about}"
        );
        assert_eq!(bytes("total") % (1 << 20), 0, "{program}: {about}");
        assert_eq!(
            stage.take_trace(),
            ["mounts 200", "info / 200", "mount 200"],
            "{program}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_to_the_content() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        tool.run(["copy", "stock/ten.txt", "koofr:"])
            .await
            .success();
        stage.take_trace();

        let link = tool.run(["link", "koofr:ten.txt"]).await.success().text();

        let trace = stage.take_trace();
        assert_eq!(
            trace.last().map(String::as_str),
            Some("links 201"),
            "{program}: {trace:?}"
        );
        let answer = http::get(link.trim(), &[]).await;
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, TEN),
            "{program}: {link}"
        );
        tool.run(["link", "koofr:missing"]).await.exit_code(3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn test_info_finds_what_names_can_be() {
    for program in RCLONES {
        let stage = KoofrStage::new().await;
        let info = [
            "test",
            "info",
            "--all",
            "--write-json",
            "info.json",
            "koofr:",
        ];
        let output = stage.tool(program).run(info).await.success();
        assert!(!output.stderr.contains("panic"), "{output:?}");
        let text = std::fs::read_to_string(stage.path("info.json")).unwrap();
        let found: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(found["CanStream"], true, "{program}");
        assert_eq!(found["CanWriteUnnormalized"], true, "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_costs_one_request() {
    for program in RCLONES {
        let stage = KoofrStage::new().await;
        let wrong = stage
            .tool(program)
            .run(["obscure", "wrong"])
            .await
            .success()
            .text();
        stage.take_trace();
        let remote = format!("koofr,password={}:", wrong.trim());
        stage.tool(program).run(["ls", &remote]).await.exit_code(1);
        assert_eq!(stage.take_trace(), ["mounts 401"], "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_ask_for_what_was_recorded() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        tool.run(["lsf", "koofr:stock"]).await.success();
        assert_eq!(
            stage.take_trace(),
            ["mounts 200", "info /stock 200", "list /stock 200"],
            "{program}: opening takes two requests"
        );

        files::write(
            &stage.path("more"),
            "b c+é.txt".as_bytes(),
            TEN,
            1_600_000_000_123,
        );
        tool.run(["copy", "more", "koofr:stock"]).await.success();
        let records = stage.emulator.koofr().requests();
        let put = records
            .last()
            .unwrap_or_else(|| panic!("{program}: no requests"));
        assert_eq!(
            put.path,
            format!(
                "/content/api/v2/mounts/{}/files/put",
                stage.emulator.koofr().mount_id("primary").unwrap()
            )
        );
        let query = [
            ("autorename", "false"),
            ("filename", "b c+é.txt"),
            ("info", "true"),
            ("modified", "1600000000123"),
            ("overwrite", "true"),
            ("overwriteIgnoreNonexisting", ""),
            ("path", "/stock"),
        ];
        for (name, value) in query {
            assert_eq!(
                put.query_value(name).as_deref(),
                Some(value),
                "{program}: {name}"
            );
        }
        assert_eq!(
            put.query.split('&').count(),
            query.len(),
            "{program}: {}",
            put.query
        );
        assert_eq!(
            put.body_md5.as_deref(),
            Some(TEN_MD5),
            "{program}: inside the multipart body"
        );
        assert_eq!(
            &stage.take_trace()[2..],
            [
                "list /stock 200",
                "info /stock 200",
                "put /stock/b c+é.txt 200"
            ],
            "{program}: one look at the parent"
        );

        tool.run(["copy", "more", "koofr:fresh"]).await.success();
        assert_eq!(
            &stage.take_trace()[2..],
            [
                "list /fresh 404",
                "info /fresh 404",
                "info /fresh 404",
                "mkfolder / 200",
                "put /fresh/b c+é.txt 200",
            ],
            "{program}: a folder of its own"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_uploads_race_for_a_folder_and_lose_nothing() {
    for program in RCLONES {
        let stage = KoofrStage::new().await;
        let tool = stage.tool(program);
        for number in 0..64_u8 {
            let path = format!("deep/er/{number}");
            files::write(
                &stage.path("many"),
                path.as_bytes(),
                &[number],
                1_600_000_000_000,
            );
        }
        tool.run(["copy", "--transfers", "32", "many", "koofr:many"])
            .await
            .success();

        let trace = stage.take_trace();
        let refused = trace
            .iter()
            .filter(|line| line.starts_with("mkfolder") && line.ends_with("409"));
        assert_eq!(
            refused.count(),
            0,
            "{program}: level 2.0 says 400: {trace:?}"
        );
        tool.run(["check", "many", "koofr:many"]).await.success();
    }
}
