//! Large downloads: redirected to the storage, or by temporary link; whole and in parts, by rclone and by us.

use remote_emulator::acd::{AcdConfig, AcdSettings};
use tests::interop::{
    acd::AcdStage,
    files,
    tool::{Program, Tool},
};

use super::count;

const SIZE: usize = 3 << 20;

/// A stage with `acd:t/noise.bin`, which is large as far as the service is concerned; the content.
async fn with_large_file() -> (AcdStage, Vec<u8>) {
    let mut settings = AcdSettings::default();
    settings.redirect_from = 1_000_000;
    let stage = AcdStage::with(AcdConfig::default().settings(settings)).await;
    let content = files::noise(SIZE, 3);
    stage.acd().write("/t/noise.bin", content.clone()).unwrap();
    stage.acd().write("/t/small", "small").unwrap();
    (stage, content)
}

/// Ours on both ways, to plain addresses and through the proxy to the real names.
fn everybody(stage: &AcdStage) -> Vec<(&'static str, Tool)> {
    let plain = stage.tool(Program::Ours);
    let rclone = stage.tool(Program::Rclone160);
    vec![("rclone", rclone), ("remote", plain)]
}

async fn expect_parts(stage: &AcdStage, tool: &Tool, who: &str, content: &[u8]) {
    let cat = ["cat", "--offset", "1000000", "--count", "500"];
    let part = tool.run(cat.iter().chain(&["acd:t/noise.bin"])).await;
    assert!(
        part.success().stdout == content[1_000_000..1_000_500],
        "{who}"
    );
    let records = stage.acd().requests();
    let served = records.last().unwrap();
    assert_eq!(served.header("authorization"), None, "{who}: no token");
    assert_eq!(
        served.header("range"),
        Some("bytes=1000000-1000499"),
        "{who}: the range is kept"
    );
    assert_eq!(served.status, Some(206), "{who}");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_downloads_are_redirected_without_the_token() {
    let (stage, content) = with_large_file().await;
    let mut all = everybody(&stage);
    for round in 0..3 {
        if round == 2 {
            all.push(("remote through the proxy", stage.ours_through_the_proxy()));
        }
        let Some((who, tool)) = all.get(round) else {
            break;
        };
        stage.take_trace();
        let back = format!("back-{round}");
        tool.run(["copy", "acd:t", &back]).await.success();
        let trace = stage.take_trace();
        assert_eq!(
            (
                count(&trace, "download noise.bin 302"),
                count(&trace, "storage 200"),
                count(&trace, "download small 200"),
            ),
            (1, 1, 1),
            "{who}: {trace:?}"
        );
        let read = std::fs::read(stage.path(back).join("noise.bin"));
        assert!(read.unwrap() == content, "{who}");
        expect_parts(&stage, tool, who, &content).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_the_threshold_come_by_temporary_link() {
    let (stage, content) = with_large_file().await;
    for (who, tool) in everybody(&stage) {
        let tool = tool.env("RCLONE_ACD_TEMPLINK_THRESHOLD", "1M");
        stage.take_trace();
        let back = format!("back-{who}");
        tool.run(["copy", "acd:t", &back]).await.success();
        let trace = stage.take_trace();
        assert_eq!(
            (
                count(&trace, "get noise.bin 200"),
                count(&trace, "templink 200"),
                count(&trace, "download noise.bin"),
                count(&trace, "download small 200"),
            ),
            (1, 1, 0, 1),
            "{who}: {trace:?}"
        );
        let read = std::fs::read(stage.path(back).join("noise.bin"));
        assert!(read.unwrap() == content, "{who}");
        expect_parts(&stage, &tool, who, &content).await;
    }
}
