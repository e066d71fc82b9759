//! Listings, whole ones also when pages fail.

use acd_api::{Client, auth::Credentials};
use remote_core::{path::RemotePath, remote::RemoteExt as _};
use remote_emulator::{
    acd::{AcdConfig, AcdSettings},
    fault::{Fault, FaultAction, FaultAnswer},
};
use serde_json::{Value, json};
use tests::{
    acd::{quick, quick_remote},
    interop::{
        acd::AcdStage,
        listing::entries,
        stock::write_stock,
        tool::{Output, Program, Tool},
    },
};

use super::{EMPTY_MD5, TEN_MD5, behind_opening, count, stocked};

/// Paths of all files of the small tree.
const FILES: [&str; 5] = [
    "dir/one.txt",
    "dir/sub/noise.bin",
    "dir/Ünïcode 文.txt",
    "empty.bin",
    "ten.txt",
];

fn last_words(output: Output, skip: usize) -> Vec<String> {
    let line = |line: &String| {
        let words: Vec<&str> = line.split_ascii_whitespace().skip(skip).collect();
        words.join(" ")
    };
    let mut words: Vec<String> = output.success().sorted_lines().iter().map(line).collect();
    words.sort();
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_tell_what_was_copied() {
    let (_stage, tool) = stocked().await;
    let lsd = tool.run(["lsd", "acd:stock"]).await;
    assert_eq!(last_words(lsd, 4), ["dir", "hollow"]);
    let ls = tool.run(["ls", "acd:stock"]).await;
    assert_eq!(last_words(ls, 1), FILES);
    let lsl = tool.run(["lsl", "acd:stock"]).await;
    assert_eq!(last_words(lsl, 3), FILES);
    let lsf = tool.run(["lsf", "acd:stock"]).await.success();
    assert_eq!(
        lsf.sorted_lines(),
        ["dir/", "empty.bin", "hollow/", "ten.txt"]
    );
    let tree = tool.run(["tree", "acd:stock"]).await.success().text();
    assert!(tree.contains("Ünïcode 文.txt"), "{tree}");
    assert!(tree.contains("3 directories, 5 files"), "{tree}");
    let size = tool.run(["size", "--json", "acd:stock"]).await;
    assert_eq!(
        size.success().json(),
        json!({"count": 5, "bytes": 100_017, "sizeless": 0})
    );
    let md5sum = tool.run(["md5sum", "acd:stock"]).await.success().text();
    for line in [
        format!("{TEN_MD5}  ten.txt"),
        format!("{EMPTY_MD5}  empty.bin"),
    ] {
        assert!(md5sum.contains(&line), "{md5sum}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lsjson_tells_size_hash_and_id() {
    let (stage, tool) = stocked().await;
    let id = |path: &str| stage.acd().entry(path).map(|node| node.id);
    let listing = tool.run(["lsjson", "-R", "--hash", "acd:stock"]).await;
    let listing = listing.success().json();
    let all = entries(&listing);
    assert_eq!(all.len(), 8);
    let mut ten = all["ten.txt"].clone();
    assert!(ten.remove("ModTime").is_some_and(|time| time.is_string()));
    assert_eq!(
        Value::from(ten),
        json!({
            "Path": "ten.txt", "Name": "ten.txt", "Size": 10, "IsDir": false,
            "Hashes": {"md5": TEN_MD5}, "ID": id("/stock/ten.txt"),
        })
    );
    assert_eq!(
        Value::from(all["dir/sub"].clone()),
        json!({"Path": "dir/sub", "Name": "sub", "Size": -1, "IsDir": true, "ID": id("/stock/dir/sub")})
    );
    let media_type = listing
        .as_array()
        .and_then(|list| list.iter().find(|entry| entry["Path"] == "ten.txt"));
    assert_eq!(
        media_type.map(|entry| &entry["MimeType"]),
        Some(&json!("text/plain")),
        "the service knows it"
    );

    let stat = ["lsjson", "--stat", "--hash", "acd:stock/ten.txt"];
    let stat = tool.run(stat).await.success().json();
    assert_eq!(stat["Hashes"], json!({"md5": TEN_MD5}));
    let folder = tool.run(["lsjson", "--stat", "acd:stock/dir"]).await;
    assert_eq!(folder.success().json()["IsDir"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_takes_a_request_for_each_folder() {
    let (stage, tool) = stocked().await;
    tool.run(["lsd", "acd:"]).await.success();
    assert_eq!(behind_opening(&stage), ["list / 200"]);

    tool.run(["lsf", "-R", "acd:stock"]).await.success();
    let mut trace = behind_opening(&stage);
    let first = trace.drain(..2).collect::<Vec<_>>();
    assert_eq!(first, ["lookup stock 200", "list stock 200"]);
    trace.sort();
    assert_eq!(
        trace,
        ["list dir 200", "list hollow 200", "list sub 200"],
        "in any order"
    );
}

fn pages_of(size: usize) -> AcdConfig {
    let mut settings = AcdSettings::default();
    settings.page_size = size;
    AcdConfig::default().settings(settings)
}

async fn with_small_pages() -> (AcdStage, Tool) {
    let stage = AcdStage::with(pages_of(2)).await;
    write_stock(&stage);
    for number in 0..6 {
        let path = format!("/many/{number}");
        stage.acd().write(&path, format!("{number}")).unwrap();
    }
    let tool = stage.tool(Program::Rclone160);
    (stage, tool)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_are_fetched_also_when_one_fails() {
    let (stage, tool) = with_small_pages().await;
    tool.run(["copy", "stock", "acd:many/stock"])
        .await
        .success();
    stage.take_trace();
    let listed = tool.run(["lsf", "-R", "--files-only", "acd:many"]).await;
    let all = listed.success().sorted_lines();
    assert_eq!(all.len(), 11);
    let trace = stage.take_trace();
    assert_eq!(count(&trace, "list many 200"), 4, "7 nodes: {trace:?}");

    let answer = FaultAnswer::new(400).with_body(r#"{"message":"Next token is expired"}"#);
    let fault = Fault::new(FaultAction::Answer(answer));
    let fault = fault.on("nodes/list").query_contains("startToken");
    for program in [Program::Rclone160, Program::Ours] {
        let list = || async {
            let listed = stage.tool(program).run(["lsjson", "acd:many"]).await;
            entries(&listed.success().json()).len()
        };
        stage.acd().faults().push(fault.clone());
        assert_eq!(list().await, 7, "{program}: an expired page token");
        let trace = stage.take_trace();
        assert_eq!(
            (
                count(&trace, "list many 400"),
                count(&trace, "list many 200")
            ),
            (1, 5),
            "{program}: it begins anew: {trace:?}"
        );
        stage
            .acd()
            .change_settings(|settings| settings.drop_pages = 1);
        assert_eq!(list().await, 7, "{program}: a page lost to a 429");
        stage.take_trace();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_fails_for_good_is_an_error_for_us_and_an_empty_folder_for_rclone() {
    let (stage, tool) = with_small_pages().await;
    let answer = FaultAnswer::new(503);
    let fault = Fault::new(FaultAction::Answer(answer)).on("nodes/list");
    let fault = fault.query_contains("startToken").always();
    stage.acd().faults().push(fault);
    let theirs = tool
        .env("RCLONE_LOW_LEVEL_RETRIES", "1")
        .run(["lsf", "acd:many"])
        .await
        .success();
    assert_eq!(theirs.text(), "", "a known defect of it");
    // Ours with delays too short to wait for.
    let token = stage.stored_token("acd")["access_token"].clone();
    let client = Client::builder(Credentials::token(token.as_str().unwrap()))
        .endpoint_url(stage.acd().endpoint_url().parse().unwrap())
        .retry_policy(quick())
        .build();
    let ours = quick_remote(client.unwrap()).build();
    let listed = ours.list_all(&RemotePath::parse("many").unwrap()).await;
    assert_eq!(listed.unwrap_err().http_status(), Some(503));
}

#[tokio::test(flavor = "multi_thread")]
async fn children_that_are_somewhere_else_are_left_out() {
    let (stage, tool) = stocked().await;
    let before = tool.run(["lsf", "-R", "acd:"]).await.success();
    let before = before.sorted_lines();
    let change = |settings: &mut AcdSettings| settings.bogus_children = true;
    stage.acd().change_settings(change);
    let after = tool.run(["lsf", "-R", "acd:"]).await.success();
    assert_eq!(after.sorted_lines(), before);
    let ours = stage.tool(Program::Ours);
    let ours = ours.run(["lsjson", "-R", "acd:"]).await.success();
    assert_eq!(entries(&ours.json()).len(), before.len());
}
