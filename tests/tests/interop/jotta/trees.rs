//! Whole trees and folders.

use tests::interop::{
    files,
    listing::entries,
    tool::{Program, RCLONES},
};

use super::{CUSTOMER, count, paths, stocked};

#[tokio::test(flavor = "multi_thread")]
async fn copied_trees_have_no_difference() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        for arguments in [
            &["check"][..],
            &["check", "--download"],
            &["check", "--fast-list"],
        ] {
            let arguments = arguments.iter().chain(&["stock", "jotta:stock"]);
            tool.run(arguments)
                .await
                .success()
                .says("0 differences found");
        }
        stage.take_trace();
        let again = tool
            .run(["copy", "-v", "stock", "jotta:stock"])
            .await
            .success();
        assert!(!again.stderr.contains("Copied"), "{again:?}");
        let trace = stage.take_trace();
        assert_eq!(count(&trace, "allocate"), 0, "{program}: {trace:?}");

        let back = [
            "copy",
            "--create-empty-src-dirs",
            "--multi-thread-cutoff",
            "50k",
            "--multi-thread-streams",
            "3",
            "jotta:stock",
            "back",
        ];
        tool.run(back).await.success();
        assert_eq!(
            files::read(&stage.path("stock")),
            files::read(&stage.path("back")),
            "{program}"
        );

        files::write(
            &stage.path("stock"),
            b"ten.txt",
            b"9876543210",
            1_600_000_000_000,
        );
        tool.run(["check", "stock", "jotta:stock"])
            .await
            .exit_code(1)
            .says("1 differences found");
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
        // A file becomes a folder, whose name is then taken by a file in the trash.
        std::fs::remove_file(stock.join("empty.bin")).unwrap();
        files::write(&stock, b"empty.bin/inside", b"in", 1_600_000_009_000);

        let sync = [
            "sync",
            "--delete-before",
            "--create-empty-src-dirs",
            "stock",
            "jotta:stock",
        ];
        tool.run(sync).await.success();

        tool.run(["check", "stock", "jotta:stock"]).await.success();
        let there = paths(&stage, "jotta:stock").await;
        assert_eq!(
            there,
            [
                "dir/",
                "dir/sub/",
                "dir/sub/noise.bin",
                "dir/Ünïcode 文.txt",
                "empty.bin/",
                "empty.bin/inside",
                "hollow/",
                "new/",
                "new/file",
                "ten.txt",
            ],
            "{program}"
        );
        // A replaced file keeps what it was as an older revision.
        let ten = stage.jotta().entry("/Jotta/Archive/stock/ten.txt");
        let sizes: Vec<u64> = ten
            .iter()
            .flat_map(|ten| &ten.revisions)
            .map(|revision| revision.size)
            .collect();
        assert_eq!(sizes, [10, 3], "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_moves_in_one_request() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        let list = ["lsjson", "-R", "--hash", "jotta:stock"];
        let before = tool.run(list).await.success().json();
        stage.take_trace();

        tool.run(["moveto", "jotta:stock", "jotta:shelf/stock"])
            .await
            .success();

        let trace = stage.take_trace();
        let changes: Vec<&String> = trace
            .iter()
            .filter(|line| !line.starts_with("info") && *line != CUSTOMER)
            .collect();
        assert_eq!(
            changes,
            ["mvDir /stock/ > /shelf/stock 200"],
            "{program}: {trace:?}"
        );
        let list = ["lsjson", "-R", "--hash", "jotta:shelf/stock"];
        let after = tool.run(list).await.success().json();
        assert_eq!(entries(&before), entries(&after), "{program}");
        tool.run(["ls", "jotta:stock"]).await.exit_code(3);

        // Back to where it was, which is free again.
        tool.run(["move", "jotta:shelf/stock", "jotta:stock"])
            .await
            .success();
        let list = ["lsjson", "-R", "--hash", "jotta:stock"];
        let again = tool.run(list).await.success().json();
        assert_eq!(entries(&before), entries(&again), "{program}");

        tool.run(["move", "stock", "jotta:moved"]).await.success();
        assert!(!stage.path("stock/ten.txt").exists(), "{program}");
        tool.run(["cat", "jotta:moved/dir/one.txt"]).await.success();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_made_and_removed() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        tool.run(["mkdir", "jotta:stock/a/b/c"]).await.success();
        assert_eq!(
            stage.take_trace(),
            [CUSTOMER, "info /stock/a/b/c 404", "mkDir /stock/a/b/c 200"],
            "{program}: one request makes all of them"
        );
        tool.run(["mkdir", "jotta:stock/a/b/c"]).await.success();

        tool.run(["rmdir", "jotta:stock/dir"]).await.exit_code(1);
        tool.run(["rmdir", "jotta:missing"]).await.exit_code(3);
        stage.take_trace();
        tool.run(["rmdir", "jotta:stock/hollow"]).await.success();
        let trace = stage.take_trace();
        assert_eq!(
            trace.last().map(String::as_str),
            Some("dlDir /stock/hollow 200"),
            "{program}: {trace:?}"
        );
        tool.run(["rmdirs", "jotta:stock/a"]).await.success();
        let there = paths(&stage, "jotta:stock").await;
        assert!(
            !there
                .iter()
                .any(|path| path.starts_with("a/") || path == "hollow/"),
            "{program}: {there:?}"
        );

        // A folder with nothing but trash in it counts as empty.
        tool.run(["deletefile", "jotta:stock/dir/sub/noise.bin"])
            .await
            .success();
        tool.run(["rmdir", "jotta:stock/dir/sub"]).await.success();
        // Made again it is empty: what was in it stays in the trash.
        tool.run(["mkdir", "jotta:stock/dir/sub"]).await.success();
        assert_eq!(
            paths(&stage, "jotta:stock/dir/sub").await,
            Vec::<String>::new(),
            "{program}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_goes_to_the_trash_in_one_request_and_the_trash_is_emptied_in_one() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        tool.run(["purge", "jotta:stock"]).await.success();
        let trace = stage.take_trace();
        assert_eq!(
            trace.last().map(String::as_str),
            Some("dlDir /stock 200"),
            "{program}: {trace:?}"
        );
        assert_eq!(count(&trace, "dlDir"), 1, "{program}: {trace:?}");
        assert_eq!(
            paths(&stage, "jotta:").await,
            Vec::<String>::new(),
            "{program}"
        );
        assert_eq!(stage.jotta().trash_count(), 1, "{program}");
        let trashed = [
            "lsf",
            "-R",
            "--files-only",
            "--jottacloud-trashed-only",
            "jotta:stock",
        ];
        let trashed = tool.run(trashed).await.success();
        assert_eq!(trashed.sorted_lines().len(), 5, "{program}");
        stage.take_trace();

        tool.run(["cleanup", "jotta:"]).await.success();

        assert_eq!(
            stage.take_trace(),
            [CUSTOMER, "purge_trash 200"],
            "{program}"
        );
        assert_eq!(stage.jotta().trash_count(), 0, "{program}");
        tool.run(["purge", "jotta:missing"]).await.exit_code(3);
        tool.run(["ls", "jotta:missing"]).await.exit_code(3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hard_delete_leaves_nothing_in_the_trash() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        let tool = tool.env("RCLONE_JOTTACLOUD_HARD_DELETE", "true");
        tool.run(["deletefile", "jotta:stock/ten.txt"])
            .await
            .success();
        assert_eq!(
            stage.take_trace().last().map(String::as_str),
            Some("rm /stock/ten.txt 200"),
            "{program}"
        );
        let missing = tool.run(["deletefile", "jotta:stock/ten.txt"]).await;
        missing.exit_code(match program {
            Program::Rclone160 => 1,
            _ => 4,
        });
        stage.take_trace();
        tool.run(["purge", "jotta:stock"]).await.success();
        assert_eq!(
            stage.take_trace().last().map(String::as_str),
            Some("rmDir /stock 200"),
            "{program}"
        );
        assert_eq!(
            stage.jotta().entries("/Jotta/Archive"),
            Vec::new(),
            "{program}"
        );
    }
}
