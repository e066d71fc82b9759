//! What the service does wrong while rclone or our program works: failures that pass, uploads that are stored although they fail, tokens that end.

use std::time::Duration;

use remote_emulator::{
    acd::{LateUpload, StoredAs},
    fault::{Fault, FaultAction},
};
use tests::interop::{
    acd::AcdStage,
    files,
    stock::write_stock,
    tool::{Program, Tool},
};

use super::{TEN, count, paths};

/// rclone draws its delays from 0 to 1, 2, 4 seconds; our program gets no option for shorter ones.
const BOTH: [Program; 2] = [Program::Rclone160, Program::Ours];

async fn empty() -> AcdStage {
    let stage = AcdStage::new().await;
    write_stock(&stage);
    stage.acd().create_dir("/t").unwrap();
    stage
}

fn failing(status: u16, endpoint: &str) -> Fault {
    Fault::new(FaultAction::status(status)).on(endpoint)
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_that_pass_are_passed_over() {
    for program in BOTH {
        let stage = empty().await;
        let tool = stage.tool(program);
        let faults = stage.acd().faults();
        // Each is met once, in another part of the work.
        faults.push(failing(503, "account/endpoint"));
        faults.push(failing(429, "nodes/create"));
        faults.push(failing(504, "nodes/list").query_contains("name:"));
        tool.run(["copy", "stock", "acd:t/stock"]).await.success();
        faults.push(failing(500, "content/download"));
        tool.run(["copy", "acd:t/stock", "back"]).await.success();
        assert_eq!(faults.pending(), Vec::new(), "{program}");
        let check = ["check", "--download", "stock", "acd:t/stock"];
        let check = stage.tool(Program::Rclone160).run(check).await.success();
        check.says("0 differences found");
        faults.push(failing(503, "trash/add"));
        tool.run(["purge", "acd:t/stock"]).await.success();
        assert_eq!(paths(&stage, "acd:t").await, Vec::<String>::new());
        assert_eq!(stage.acd().trash_list().len(), 1, "{program}");
    }
}

/// Copies `stock/ten.txt` to `acd:t`; how often it was sent.
async fn copy_ten(stage: &AcdStage, tool: &Tool) -> usize {
    stage.take_trace();
    tool.run(["copy", "stock/ten.txt", "acd:t"]).await.success();
    let trace = stage.take_trace();
    let stored = stage.acd().read("/t/ten.txt").unwrap();
    assert_eq!(stored.as_deref(), Some(TEN), "{trace:?}");
    count(&trace, "upload") + count(&trace, "overwrite")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_answer_is_lost_is_found_and_sent_once() {
    for program in BOTH {
        let stage = empty().await;
        let fault = Fault::new(FaultAction::CommitThenClose).on("content/upload");
        stage.acd().faults().push(fault);
        assert_eq!(copy_ten(&stage, &stage.tool(program)).await, 1, "{program}");

        for status in [408, 500, 504] {
            stage
                .acd()
                .trash(&stage.acd().entry("/t/ten.txt").unwrap().id)
                .unwrap();
            stage.acd().order_late_upload(LateUpload::new(status));
            let sent = copy_ten(&stage, &stage.tool(program)).await;
            assert_eq!(sent, 1, "{program}: {status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_appears_late_is_waited_for() {
    // For rclone it takes two looks, five seconds apart: the emulator's clock is that of this machine.
    for program in BOTH {
        let stage = empty().await;
        files::write(&stage.path("big"), b"big.bin", &files::noise(9 << 20, 4), 0);
        let late = LateUpload::new(504).visible_after_ms(1_500);
        stage.acd().order_late_upload(late);
        let tool = stage.tool(program);
        let tool = tool.env("RCLONE_ACD_UPLOAD_WAIT_PER_GB", "600s");
        tool.run(["copy", "big", "acd:t"]).await.success();
        let trace = stage.take_trace();
        assert_eq!(count(&trace, "upload"), 1, "{program}: {trace:?}");
        assert_eq!(count(&trace, "overwrite"), 0, "{program}: {trace:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_content_of_the_same_size_is_not_taken_for_ours() {
    for program in BOTH {
        let stage = empty().await;
        let late = LateUpload::new(504).stored(StoredAs::OtherBytes);
        stage.acd().order_late_upload(late);
        let copied = stage
            .tool(program)
            .run(["copy", "stock/ten.txt", "acd:t"])
            .await;
        let stored = stage.acd().read("/t/ten.txt").unwrap();
        match program {
            // It looks at the size only, finds the other hash at the end, and removes the file.
            Program::Rclone160 => {
                assert_ne!(copied.code, Some(0), "{copied:?}");
                assert_eq!(stored, None);
            }
            _ => {
                copied.success();
                assert_eq!(stored.as_deref(), Some(TEN));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_service_ended_early_is_renewed_once_by_us_and_never_by_rclone() {
    let stage = empty().await;
    let ended = || {
        let hours = Duration::from_secs(2 * 3600);
        stage.emulator.clock().advance(hours);
        stage.take_trace();
    };
    ended();
    let theirs = stage.tool(Program::Rclone160);
    let listed = theirs
        .env("RCLONE_LOW_LEVEL_RETRIES", "2")
        .run(["lsf", "acd:t"])
        .await;
    assert_ne!(listed.code, Some(0), "{listed:?}");
    assert_eq!(
        stage.take_trace(),
        ["endpoint 401", "endpoint 401"],
        "it presents the same token again"
    );

    let ours = stage.tool(Program::Ours);
    ours.run(["lsjson", "acd:t"]).await.success();
    let trace = stage.take_trace();
    assert_eq!(
        (count(&trace, "token 200"), count(&trace, "endpoint 401")),
        (1, 1),
        "{trace:?}"
    );

    // At the host of contents, which says it with status 400.
    let fault = Fault::new(FaultAction::ExpireTokens).on("content/upload");
    stage.acd().faults().push(fault);
    ours.run(["copy", "stock/ten.txt", "acd:t"]).await.success();
    let trace = stage.take_trace();
    let uploads: Vec<_> = trace
        .iter()
        .filter(|line| line.starts_with("upload"))
        .collect();
    assert_eq!(uploads, ["upload 400", "upload 201"], "{trace:?}");
    assert_eq!(count(&trace, "token 200"), 1, "{trace:?}");
    let stored = stage.acd().read("/t/ten.txt").unwrap();
    assert_eq!(stored.as_deref(), Some(TEN));

    let fault = Fault::new(FaultAction::ExpireTokens).on("content/download");
    stage.acd().faults().push(fault);
    let text = ours.run(["cat", "acd:t/ten.txt"]).await.success().text();
    assert_eq!(text.as_bytes(), TEN);
    let trace = stage.take_trace();
    assert_eq!(count(&trace, "token 200"), 1, "{trace:?}");
}
