//! The same commands, the same results: our `remote` beside both rclones, each on an account of its own.
//!
//! * what every changing command leaves behind, seen by rclone: `copy`, `copyto` (up, down, on the server, onto a file), `moveto` (file, folder, another case), `mkdir`,
//!   `rmdir`, `deletefile`, `purge`, `rcat`
//! * what the telling commands print: `lsjson` of a folder, of a tree and of a file, `ls`, `cat` with its parts, `size --json`, `about --json`, `link`
//! * what fails for rclone fails for us
//! * `printed`: all that both print, byte for byte, on every service

mod printed;

use serde_json::Value;
use tests::interop::{
    files, http,
    koofr::KoofrStage,
    listing::{self, entries, entries_with_folder_times},
    orders::changes,
    stock::write_stock,
    tool::{ALL, Program, Tool},
};

async fn stages() -> Vec<(KoofrStage, Tool)> {
    let mut stages = Vec::new();
    for program in ALL {
        let stage = KoofrStage::new().await;
        write_stock(&stage);
        let tool = stage.tool(program);
        stages.push((stage, tool));
    }
    stages
}

/// The whole account, as rclone 1.75.2 lists it.
async fn account(stage: &KoofrStage) -> Value {
    let tool = stage.tool(Program::Rclone175);
    let listing = tool
        .run(["lsjson", "-R", "--hash", "koofr:"])
        .await
        .success()
        .json();
    serde_json::to_value(entries(&listing)).unwrap_or_default()
}

/// Asserts that everybody has the same as the first, and returns it.
fn agreed<T: PartialEq + std::fmt::Debug>(results: Vec<T>, what: &str) -> T {
    let mut results = results.into_iter();
    let first = results.next().expect("there are three programs");
    for (program, result) in ALL.iter().skip(1).zip(results) {
        assert_eq!(first, result, "{} and {program} after {what}", ALL[0]);
    }
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_leaves_the_same_behind() {
    let stages = stages().await;
    for change in changes("koofr") {
        let mut left = Vec::new();
        for (stage, tool) in &stages {
            tool.run(&change).await.success();
            left.push(account(stage).await);
        }
        agreed(left, &change.join(" "));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_written_the_same() {
    for size in [0, 10, 300_000, 20 << 20] {
        let content = files::noise(size, 9);
        let mut left = Vec::new();
        for (stage, tool) in &stages().await {
            tool.feed(["rcat", "koofr:a/b/stream"], &content)
                .await
                .success();
            let mut account = account(stage).await;
            // The time of a stream is that of its upload.
            account["a/b/stream"]
                .as_object_mut()
                .map(|entry| entry.remove("ModTime"));
            left.push(account);
        }
        agreed(left, &format!("rcat of {size} bytes"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_are_the_same() {
    let mut trees = Vec::new();
    for (stage, tool) in &stages().await {
        tool.run(["copy", "stock", "koofr:t"]).await.success();
        tool.run(["copy", "koofr:t", "back/tree"]).await.success();
        tool.run(["copyto", "koofr:t/ten.txt", "back/deep/er.txt"])
            .await
            .success();
        tool.run(["copy", "koofr:t/dir/one.txt", "back/into"])
            .await
            .success();
        trees.push(files::read(&stage.path("back")));
    }
    agreed(trees, "downloads");
}

/// Commands that print JSON.
const QUESTIONS: &[&[&str]] = &[
    &["lsjson", "koofr:"],
    &["lsjson", "koofr:t"],
    &["lsjson", "-R", "koofr:"],
    &["lsjson", "-R", "--hash", "koofr:t/dir"],
    &["lsjson", "--hash", "koofr:t/ten.txt"],
    &["lsjson", "koofr:t/hollow"],
    &["size", "--json", "koofr:"],
    &["size", "--json", "koofr:t/dir"],
    &["about", "--json", "koofr:"],
];

#[tokio::test(flavor = "multi_thread")]
async fn everybody_tells_the_same() {
    let stage = KoofrStage::new().await;
    write_stock(&stage);
    let rclone = stage.tool(Program::Rclone175);
    rclone.run(["copy", "stock", "koofr:t"]).await.success();
    rclone.run(["mkdir", "koofr:t/hollow"]).await.success();
    for question in QUESTIONS {
        let mut told = Vec::new();
        for program in ALL {
            let answer = stage.tool(program).run(*question).await.success().json();
            told.push(match answer.is_array() {
                true => serde_json::to_value(entries(&answer)).unwrap_or_default(),
                false => answer,
            });
        }
        agreed(told, &question.join(" "));
    }
    let mut lists = Vec::new();
    for program in ALL {
        lists.push(
            stage
                .tool(program)
                .run(["ls", "koofr:t"])
                .await
                .success()
                .sorted_lines(),
        );
    }
    agreed(lists, "ls");
}

#[tokio::test(flavor = "multi_thread")]
async fn we_list_folders_with_the_time_of_the_newer_rclone() {
    let stage = KoofrStage::new().await;
    write_stock(&stage);
    let (rclone, ours) = (stage.tool(Program::Rclone175), stage.tool(Program::Ours));
    rclone.run(["copy", "stock", "koofr:t"]).await.success();
    let list = ["lsjson", "-R", "--hash", "koofr:"];
    let theirs = entries_with_folder_times(&rclone.run(list).await.success().json());
    let listed = entries_with_folder_times(&ours.run(list).await.success().json());
    listing::expect_same(&listed, &theirs, "ours and theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_the_same_parts() {
    let stage = KoofrStage::new().await;
    write_stock(&stage);
    stage
        .tool(Program::Rclone175)
        .run(["copy", "stock", "koofr:t"])
        .await
        .success();
    for part in [
        &["--offset", "3"][..],
        &["--count", "4"],
        &["--offset", "3", "--count", "4"],
        &["--offset", "8", "--count", "100"],
        &["--offset", "-3"],
        &["--offset", "-3", "--count", "2"],
    ] {
        let mut read = Vec::new();
        for program in ALL {
            let command = ["cat", "koofr:t/ten.txt"];
            read.push(
                stage
                    .tool(program)
                    .run(command.iter().chain(part))
                    .await
                    .success()
                    .text(),
            );
        }
        agreed(read, &format!("cat {part:?}"));
    }
    for program in ALL {
        let beyond = ["cat", "koofr:t/ten.txt", "--offset", "12"];
        let output = stage.tool(program).run(beyond).await;
        assert_ne!(output.code, Some(0), "{output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_everybody_to_the_content() {
    let stage = KoofrStage::new().await;
    write_stock(&stage);
    stage
        .tool(Program::Rclone175)
        .run(["copy", "stock", "koofr:"])
        .await
        .success();
    for program in ALL {
        let link = stage
            .tool(program)
            .run(["link", "koofr:ten.txt"])
            .await
            .success()
            .text();
        let answer = http::get(link.trim(), &[]).await;
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, &b"0123456789"[..]),
            "{program}: {link}"
        );
    }
}

/// Commands that fail for rclone.
const FAILURES: &[&[&str]] = &[
    &["cat", "koofr:missing"],
    &["copy", "koofr:missing", "back"],
    &["copyto", "koofr:missing", "koofr:other"],
    &["copyto", "missing", "koofr:other"],
    &["moveto", "koofr:missing", "koofr:other"],
    &["ls", "koofr:missing"],
    &["lsjson", "koofr:missing"],
    &["lsjson", "nowhere:"],
    &["rmdir", "koofr:t"],
    &["rmdir", "koofr:missing"],
    &["deletefile", "koofr:missing"],
    &["deletefile", "koofr:t"],
    &["purge", "koofr:missing"],
    &["link", "koofr:missing"],
];

#[tokio::test(flavor = "multi_thread")]
async fn everybody_fails_the_same_and_changes_nothing() {
    let stage = KoofrStage::new().await;
    write_stock(&stage);
    stage
        .tool(Program::Rclone175)
        .run(["copy", "stock", "koofr:t"])
        .await
        .success();
    let before = account(&stage).await;
    for command in FAILURES {
        for program in ALL {
            let output = stage.tool(program).run(*command).await;
            assert_ne!(output.code, Some(0), "{output:?}");
            assert!(!output.stderr.is_empty(), "{output:?}: says nothing");
        }
        assert_eq!(account(&stage).await, before, "{command:?}");
    }
}
