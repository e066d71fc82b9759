//! Whole trees and folders.

use tests::interop::{
    files,
    listing::entries,
    tool::{Program, RCLONES},
};

use super::{count, paths, stocked};

#[tokio::test(flavor = "multi_thread")]
async fn copied_trees_have_no_difference() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        tool.run(["check", "stock", "koofr:stock"])
            .await
            .success()
            .says("0 differences found");
        tool.run(["check", "--download", "stock", "koofr:stock"])
            .await
            .success()
            .says("0 differences found");
        let again = tool
            .run(["copy", "-v", "stock", "koofr:stock"])
            .await
            .success();
        assert!(!again.stderr.contains("Copied"), "{again:?}");

        tool.run(["copy", "koofr:stock", "back"]).await.success();
        let (mut there, back) = (
            files::read(&stage.path("stock")),
            files::read(&stage.path("back")),
        );
        there.remove(b"hollow".as_slice());
        assert_eq!(there, back, "{program}");

        files::write(
            &stage.path("stock"),
            b"ten.txt",
            b"9876543210",
            1_600_000_000_123,
        );
        let check = tool
            .run(["check", "stock", "koofr:stock"])
            .await
            .exit_code(1);
        check.says("1 differences found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_makes_the_remote_equal() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        let stock = stage.path("stock");
        std::fs::remove_file(stock.join("dir/one.txt")).unwrap();
        files::write(&stock, b"ten.txt", b"ten", 1_600_000_009_000);
        files::write(&stock, b"new/file", b"new", 1_600_000_009_000);

        tool.run(["sync", "--create-empty-src-dirs", "stock", "koofr:stock"])
            .await
            .success();

        tool.run(["check", "stock", "koofr:stock"]).await.success();
        let there = paths(&stage, "koofr:stock").await;
        assert!(
            there.contains(&"new/file".to_owned()),
            "{program}: {there:?}"
        );
        assert!(
            !there.contains(&"dir/one.txt".to_owned()),
            "{program}: {there:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn move_takes_everything_along() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        let before = tool
            .run(["lsjson", "-R", "--hash", "koofr:stock"])
            .await
            .json();
        stage.take_trace();

        tool.run(["move", "koofr:stock", "koofr:shelf/stock"])
            .await
            .success();

        let trace = stage.take_trace();
        assert_eq!(
            count(&trace, "move /stock 200"),
            1,
            "{program}: one request moves a folder: {trace:?}"
        );
        assert_eq!(count(&trace, "put"), 0, "{program}: {trace:?}");
        let after = tool
            .run(["lsjson", "-R", "--hash", "koofr:shelf/stock"])
            .await
            .json();
        assert_eq!(entries(&before), entries(&after), "{program}");
        tool.run(["ls", "koofr:stock"]).await.exit_code(3);

        tool.run(["move", "stock", "koofr:moved"]).await.success();
        assert!(!stage.path("stock/ten.txt").exists(), "{program}");
        tool.run(["cat", "koofr:moved/dir/one.txt"]).await.success();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_made_and_removed() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        tool.run(["mkdir", "koofr:stock/a/b/c"]).await.success();
        let trace = stage.take_trace();
        assert_eq!(
            &trace[2..],
            [
                "info /stock/a/b/c 404",
                "info /stock 200",
                "info /stock/a 404",
                "mkfolder /stock 200",
                "info /stock/a/b 404",
                "mkfolder /stock/a 200",
                "info /stock/a/b/c 404",
                "mkfolder /stock/a/b 200",
            ],
            "{program}"
        );

        tool.run(["rmdir", "koofr:stock/dir"]).await.exit_code(1);
        tool.run(["rmdir", "koofr:missing"]).await.exit_code(3);
        tool.run(["rmdir", "koofr:stock/hollow"]).await.success();
        tool.run(["rmdirs", "koofr:stock/a"]).await.success();
        let there = paths(&stage, "koofr:stock").await;
        assert!(
            !there
                .iter()
                .any(|path| path.starts_with("a/") || path == "hollow/"),
            "{there:?}"
        );

        let below_a_file = tool.run(["mkdir", "koofr:stock/ten.txt/sub"]).await;
        below_a_file.success();
        assert_eq!(
            paths(&stage, "koofr:stock").await,
            there,
            "{program}: nothing was made"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_trees_are_removed() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        tool.run(["deletefile", "koofr:stock/ten.txt"])
            .await
            .success();
        let missing = match program {
            Program::Rclone160 => 1,
            _ => 4,
        };
        tool.run(["deletefile", "koofr:stock/ten.txt"])
            .await
            .exit_code(missing);
        stage.take_trace();

        tool.run(["purge", "koofr:stock"]).await.success();

        let trace = stage.take_trace();
        // 4 files in 4 folders below and with the root: a removal each, and never a folder that holds something.
        assert_eq!(count(&trace, "remove"), 8, "{program}: {trace:?}");
        assert!(trace.len() >= 4 + 4 * 4, "{program}: {trace:?}");
        assert_eq!(
            paths(&stage, "koofr:").await,
            Vec::<String>::new(),
            "{program}"
        );
        tool.run(["purge", "koofr:missing"]).await.exit_code(3);
        tool.run(["ls", "koofr:missing"]).await.exit_code(3);
        tool.run(["cleanup", "koofr:"])
            .await
            .exit_code(1)
            .says("doesn't support cleanup");
    }
}
