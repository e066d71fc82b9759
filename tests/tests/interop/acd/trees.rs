//! Whole trees and folders.

use remote_emulator::{acd::AcdConfig, koofr::TreeConfig};
use tests::interop::{acd::AcdStage, files, listing::entries, stock::write_stock, tool::Program};

use super::{behind_opening, changes, count, paths, stocked};

/// Names and contents of a local tree; the service keeps no times.
fn contents(stage: &AcdStage, folder: &str) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let tree = files::read(&stage.path(folder)).into_iter();
    tree.map(|(path, file)| (path, file.map(|(content, _)| content)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn copied_trees_have_no_difference() {
    let (stage, tool) = stocked().await;
    for arguments in [&["check"][..], &["check", "--download"]] {
        let arguments = arguments.iter().chain(&["stock", "acd:stock"]);
        let checked = tool.run(arguments).await.success();
        checked.says("0 differences found");
    }
    for arguments in [&["copy"][..], &["sync", "--checksum"]] {
        stage.take_trace();
        let arguments = arguments.iter().chain(&["stock", "acd:stock"]);
        tool.run(arguments).await.success();
        assert_eq!(changes(&stage), Vec::<String>::new());
    }

    let back = [
        "copy",
        "--create-empty-src-dirs",
        "--multi-thread-cutoff",
        "50k",
        "--multi-thread-streams",
        "3",
        "acd:stock",
        "back",
    ];
    tool.run(back).await.success();
    assert_eq!(contents(&stage, "stock"), contents(&stage, "back"));
    let trace = stage.take_trace();
    let parts = trace
        .iter()
        .filter(|line| line.starts_with("download noise.bin bytes=") && line.ends_with(" 206"));
    assert!(parts.count() >= 2, "{trace:?}");

    files::write(
        &stage.path("stock"),
        b"ten.txt",
        b"9876543210",
        1_600_000_000_000,
    );
    tool.run(["check", "stock", "acd:stock"])
        .await
        .exit_code(1)
        .says("1 differences found");
    stage.take_trace();
    tool.run(["sync", "--checksum", "stock", "acd:stock"])
        .await
        .success();
    assert_eq!(changes(&stage), ["overwrite ten.txt 200"]);
    let stored = stage.acd().read("/stock/ten.txt").unwrap();
    assert_eq!(stored.as_deref(), Some(&b"9876543210"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_copy_is_an_upload_for_each_file_and_a_call_for_each_folder() {
    let stage = AcdStage::new().await;
    write_stock(&stage);
    let tool = stage.tool(Program::Rclone160);
    tool.run(["copy", "stock", "acd:stock"]).await.success();
    let trace = stage.take_trace();
    assert_eq!(count(&trace, "upload 201"), 5, "{trace:?}");
    assert_eq!(count(&trace, "create 201"), 3, "{trace:?}");

    files::write(&stage.path("one"), b"b c+\xC3\xA9.txt", b"x", 0);
    tool.run(["copy", "one", "acd:stock"]).await.success();
    let records = stage.acd().requests();
    let upload = records
        .iter()
        .find(|record| record.endpoint == "content/upload")
        .unwrap();
    assert_eq!(upload.query, "suppress=deduplication");
    assert_eq!(upload.header("transfer-encoding"), Some("chunked"));
    assert_eq!(
        upload.header("host"),
        Some("content-na.drive.amazonaws.com")
    );
    assert_eq!(
        upload.body_md5.as_deref(),
        Some("9dd4e461268c8034f5c8564e155c67a6"),
        "inside the multipart body"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_makes_the_remote_equal() {
    let (stage, tool) = stocked().await;
    let stock = stage.path("stock");
    std::fs::remove_file(stock.join("dir/one.txt")).unwrap();
    std::fs::remove_dir_all(stock.join("dir/sub")).unwrap();
    files::write(&stock, b"ten.txt", b"ten", 1_600_000_009_000);
    files::write(&stock, b"new/file", b"new", 1_600_000_009_000);
    let sync = ["sync", "--checksum", "--create-empty-src-dirs"];
    tool.run(sync.iter().chain(&["stock", "acd:stock"]))
        .await
        .success();
    tool.run(["check", "stock", "acd:stock"]).await.success();
    assert_eq!(
        paths(&stage, "acd:stock").await,
        [
            "dir/",
            "dir/Ünïcode 文.txt",
            "empty.bin",
            "hollow/",
            "new/",
            "new/file",
            "ten.txt",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_move_without_their_files() {
    let (stage, tool) = stocked().await;
    let list = ["lsjson", "-R", "--hash", "acd:stock"];
    let before = entries(&tool.run(list).await.success().json());
    for (from, to, calls) in [
        // rclone renames also what keeps its name, which the service takes for no conflict.
        (
            "acd:stock",
            "acd:shelf/stock",
            &["create 201", "patch stock 200", "move shelf 200"][..],
        ),
        ("acd:shelf/stock", "acd:shelf/moved", &["patch moved 200"]),
        (
            "acd:shelf/moved",
            "acd:stock",
            &["patch stock 200", "move / 200"],
        ),
    ] {
        stage.take_trace();
        tool.run(["moveto", from, to]).await.success();
        let mut names = changes(&stage);
        // The trace shows the names that nodes have now.
        names.retain(|line| !line.starts_with("changes"));
        assert_eq!(names, calls, "{from} to {to}");
        let list = ["lsjson", "-R", "--hash", to];
        let after = entries(&tool.run(list).await.success().json());
        assert_eq!(after, before, "{from} to {to}");
        tool.run(["lsf", from]).await.exit_code(3);
    }
    stage.take_trace();
    tool.run(["move", "acd:stock", "acd:n/stock"])
        .await
        .success();
    assert_eq!(count(&stage.take_trace(), "upload"), 0);
    assert_eq!(paths(&stage, "acd:n/stock").await.len(), before.len());
    tool.run(["move", "stock", "acd:moved"]).await.success();
    assert!(!stage.path("stock/ten.txt").exists());
    tool.run(["cat", "acd:moved/dir/one.txt"]).await.success();
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_made_and_removed() {
    let (stage, tool) = stocked().await;
    tool.run(["mkdir", "acd:stock/a/b/c"]).await.success();
    assert_eq!(count(&changes(&stage), "create 201"), 3);
    tool.run(["mkdir", "acd:stock/a/b/c"]).await.success();
    assert_eq!(changes(&stage), Vec::<String>::new());

    tool.run(["rmdir", "acd:stock/dir"])
        .await
        .exit_code(1)
        .says("directory not empty");
    tool.run(["rmdir", "acd:missing"]).await.exit_code(3);
    assert_eq!(changes(&stage), Vec::<String>::new());
    tool.run(["rmdir", "acd:stock/hollow"]).await.success();
    assert_eq!(changes(&stage), ["trash hollow 200"]);
    tool.run(["rmdirs", "acd:stock/a"]).await.success();
    assert_eq!(
        changes(&stage),
        ["trash c 200", "trash b 200", "trash a 200"]
    );
    let there = paths(&stage, "acd:stock").await;
    assert!(
        !there
            .iter()
            .any(|path| path.starts_with("a/") || path == "hollow/"),
        "{there:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_goes_to_the_trash_in_one_request() {
    let (stage, tool) = stocked().await;
    tool.run(["purge", "acd:stock"]).await.success();
    assert_eq!(
        behind_opening(&stage),
        ["lookup stock 200", "trash stock 200"]
    );
    assert_eq!(paths(&stage, "acd:").await, Vec::<String>::new());
    assert_eq!(stage.acd().trash_list().len(), 1);
    tool.run(["purge", "acd:missing"]).await.exit_code(3);
    tool.run(["lsf", "acd:missing"]).await.exit_code(3);
    tool.run(["cleanup", "acd:"])
        .await
        .exit_code(1)
        .says("doesn't support cleanup");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synthetic_tree_is_listed_and_removed() {
    let tree = TreeConfig::new(2_000).folders(10);
    let stage = AcdStage::with(AcdConfig::default().tree(tree)).await;
    let tool = stage.tool(Program::Rclone160);
    let listed = tool.run(["lsf", "-R", "--files-only", "acd:tree"]).await;
    assert_eq!(listed.success().sorted_lines().len(), 1_990);
    let file = "acd:tree/folder-000000/file-000000.txt";
    let text = tool.run(["cat", file]).await.success().text();
    assert_eq!(text, "entry 0 of the synthetic tree\n");
    tool.run(["purge", "acd:tree"]).await.success();
    assert_eq!(paths(&stage, "acd:").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_by_http_2_as_well() {
    let stage = AcdStage::built(AcdConfig::default(), |builder| builder.proxy_http2(true)).await;
    write_stock(&stage);
    let tool = stage.tool(Program::Rclone160);
    tool.run(["copy", "stock", "acd:t"]).await.success();
    let check = ["check", "--download", "stock", "acd:t"];
    let checked = tool.run(check).await.success();
    checked.says("0 differences found");
    let records = stage.acd().requests();
    let chunked = |record: &&remote_emulator::record::RequestRecord| {
        record.endpoint == "content/upload" && record.header("transfer-encoding").is_some()
    };
    assert_eq!(records.iter().filter(chunked).count(), 0, "by HTTP/2");
}
