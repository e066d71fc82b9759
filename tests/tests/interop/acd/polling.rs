//! Changes by others, seen by polling: in what rclone serves and mounts, and in our feed.

use std::{fs, time::Duration};

use futures::StreamExt as _;
use remote_core::operation::{Change, ChangeCursor};
use tests::interop::{
    acd::AcdStage,
    exchange::open,
    http,
    mounting::{Mount, can_mount},
    tool::Program,
};
use tokio::time::{Instant, sleep, timeout};

use super::count;

const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Long enough that nothing is seen without polling.
const POLLING: [&str; 4] = ["--poll-interval", "1s", "--dir-cache-time", "1h"];

async fn stage() -> AcdStage {
    let stage = AcdStage::new().await;
    stage.acd().write("/s/old.txt", "old").unwrap();
    stage
}

async fn until(mut reached: impl AsyncFnMut() -> bool, what: &str) {
    let deadline = Instant::now() + TIME_LIMIT;
    while !reached().await {
        assert!(Instant::now() < deadline, "never: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rclone_serves_shows_what_we_change() {
    let stage = stage().await;
    let tool = stage.tool(Program::Rclone160);
    let serve = ["serve", "http", "acd:s", "--addr", "127.0.0.1:0"];
    let mut server = tool.start(serve.iter().chain(&POLLING));
    let port = http::port_of(&mut server).await;
    let url = format!("http://127.0.0.1:{port}/");
    let shows = async |name: &str| {
        let page = http::get(&url, &[]).await;
        String::from_utf8_lossy(&page.body).contains(name)
    };
    assert!(shows("old.txt").await);

    let ours = stage.tool(Program::Ours);
    ours.feed(["rcat", "acd:s/new.txt"], b"new").await.success();
    until(async || shows("new.txt").await, "a new file").await;
    let changed = ["moveto", "acd:s/old.txt", "acd:s/renamed.txt"];
    ours.run(changed).await.success();
    let renamed = async || shows("renamed.txt").await && !shows("old.txt").await;
    until(renamed, "a renamed file").await;
    ours.run(["deletefile", "acd:s/new.txt"]).await.success();
    until(async || !shows("new.txt").await, "a removed file").await;

    assert!(count(&stage.take_trace(), "changes 200") > 0);
    server.kill().await.unwrap();
    assert_ne!(
        stage.value("acd", "checkpoint"),
        "",
        "rclone keeps where it was in the file that we read"
    );
    ours.run(["lsjson", "acd:s"]).await.success();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rclone_mounts_shows_what_we_change() {
    if let Err(reason) = can_mount() {
        eprintln!("not checked here: {reason}; `serve http` has shown polling");
        return;
    }
    let stage = stage().await;
    let tool = stage.tool(Program::Rclone160);
    let mount = Mount::new(stage.path("mounted"));
    let mut server = tool.start(["mount", "acd:s", "mounted"].iter().chain(&POLLING));
    mount.wait(&mut server).await;
    let names = || {
        let entries = fs::read_dir(stage.path("mounted")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    assert_eq!(names(), ["old.txt"]);
    let ours = stage.tool(Program::Ours);
    ours.feed(["rcat", "acd:s/new.txt"], b"new").await.success();
    until(async || names() == ["new.txt", "old.txt"], "a new file").await;
    let read = fs::read_to_string(stage.path("mounted/new.txt"));
    assert_eq!(read.unwrap(), "new");
    ours.run(["deletefile", "acd:s/old.txt"]).await.success();
    until(async || names() == ["new.txt"], "a removed file").await;
    drop(mount);
    server.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn our_feed_shows_what_rclone_changes() {
    let stage = stage().await;
    let cursor = ChangeCursor::new(stage.acd().checkpoint());
    let rclone = stage.tool(Program::Rclone160);
    let wrote = rclone.feed(["rcat", "acd:s/new/theirs.txt"], b"theirs");
    wrote.await.success();
    rclone.run(["deletefile", "acd:s/old.txt"]).await.success();

    let remote = open(&stage, "s");
    let mut changes = remote.changes(Some(cursor));
    let mut seen = Vec::new();
    let checkpoint = loop {
        let change = timeout(TIME_LIMIT, changes.next()).await.unwrap();
        match change.unwrap().unwrap() {
            Change::Checkpoint(cursor) => break cursor,
            Change::Written(path, _) => seen.push(format!("written {path}")),
            change => seen.push(format!("{change:?}")),
        }
    };
    assert_eq!(checkpoint.as_str(), stage.acd().checkpoint());
    // A folder that moved here would have brought others along.
    for expected in [
        "written new/theirs.txt",
        "Rescan(\"new\")",
        "Removed(\"old.txt\")",
    ] {
        assert!(seen.iter().any(|change| change == expected), "{seen:?}");
    }
}
