//! Single files.

use tests::interop::{files, tool::RCLONES};

use super::{TEN, count, paths, stocked};

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_file_can_be_read() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        let cat = async |arguments: &[&str]| {
            let path = ["cat", "koofr:stock/ten.txt"];
            tool.run(path.iter().chain(arguments))
                .await
                .success()
                .text()
        };
        assert_eq!(cat(&[]).await, "0123456789", "{program}");
        assert_eq!(
            cat(&["--offset", "3", "--count", "4"]).await,
            "3456",
            "{program}"
        );
        assert_eq!(cat(&["--offset", "7"]).await, "789", "{program}");
        assert_eq!(cat(&["--offset", "-3"]).await, "789", "{program}");
        assert_eq!(cat(&["--head", "2"]).await, "01", "{program}");
        assert_eq!(cat(&["--tail", "2"]).await, "89", "{program}");

        stage.take_trace();
        let beyond = ["cat", "--offset", "12", "koofr:stock/ten.txt"];
        tool.run(beyond).await.exit_code(1);
        let trace = stage.take_trace();
        assert!(
            trace.contains(&"get /stock/ten.txt bytes=12-9 416".to_owned()),
            "{program}: {trace:?}"
        );

        let empty = ["cat", "--offset", "12", "koofr:stock/empty.bin"];
        assert_eq!(tool.run(empty).await.success().text(), "", "{program}");
        let trace = stage.take_trace();
        assert!(
            trace.contains(&"get /stock/empty.bin 200".to_owned()),
            "{program}: {trace:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copyto_replaces_an_existing_file_through_the_client() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        tool.run(["copyto", "koofr:stock/ten.txt", "koofr:stock/new/copy.txt"])
            .await
            .success();
        let trace = stage.take_trace();
        assert_eq!(
            count(&trace, "copy /stock/ten.txt 200"),
            1,
            "{program}: {trace:?}"
        );
        assert_eq!(count(&trace, "get"), 0, "{program}: {trace:?}");

        tool.run(["copyto", "koofr:stock/ten.txt", "koofr:stock/dir/one.txt"])
            .await
            .success();

        let trace = stage.take_trace();
        let calls: Vec<&str> = trace
            .iter()
            .map(String::as_str)
            .filter(|line| {
                ["copy", "get", "put"].contains(&line.split(' ').next().unwrap_or_default())
            })
            .collect();
        assert_eq!(
            calls,
            [
                "copy /stock/ten.txt 400",
                "get /stock/ten.txt 200",
                "put /stock/dir/one.txt 200"
            ],
            "{program}"
        );
        let text = tool
            .run(["cat", "koofr:stock/dir/one.txt"])
            .await
            .success()
            .text();
        assert_eq!(text, "0123456789", "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn moveto_renames_also_to_another_case() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        tool.run(["moveto", "koofr:stock/ten.txt", "koofr:stock/ten2.txt"])
            .await
            .success();
        let trace = stage.take_trace();
        assert_eq!(count(&trace, "move"), 1, "{program}: {trace:?}");

        tool.run(["moveto", "koofr:stock/ten2.txt", "koofr:stock/TEN2.txt"])
            .await
            .success();

        let trace = stage.take_trace();
        assert_eq!(
            count(&trace, "move"),
            2,
            "{program}: through another name: {trace:?}"
        );
        let there = paths(&stage, "koofr:stock").await;
        assert!(
            there.contains(&"TEN2.txt".to_owned()),
            "{program}: {there:?}"
        );
        assert!(
            !there.contains(&"ten2.txt".to_owned()),
            "{program}: {there:?}"
        );

        stage.take_trace();
        tool.run(["moveto", "koofr:stock/dir", "koofr:stock/DIR"])
            .await
            .exit_code(7)
            .says("overlapping remotes");
        let trace = stage.take_trace();
        let moves = count(&trace, "move");
        assert_eq!(
            moves,
            count(&trace, "move /stock/dir 400"),
            "{program}: {trace:?}"
        );
        let there = paths(&stage, "koofr:stock").await;
        assert!(
            there.contains(&"dir/one.txt".to_owned()),
            "{program}: {there:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_onto_a_file_with_another_time_fails_like_the_service() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        files::write(&stage.path("twin"), b"ten.txt", TEN, 1_500_000_000_000);
        tool.run(["copy", "twin", "koofr:twin"]).await.success();
        stage.take_trace();

        let moved = tool.run(["move", "koofr:twin", "koofr:stock"]).await;

        assert_ne!(moved.code, Some(0), "{moved:?}");
        let trace = stage.take_trace();
        let removals: Vec<&String> = trace
            .iter()
            .filter(|line| line.starts_with("remove /stock/ten.txt"))
            .collect();
        assert_eq!(
            removals,
            ["remove /stock/ten.txt 200", "remove /stock/ten.txt 404"],
            "{program}"
        );
        tool.run(["cat", "koofr:twin/ten.txt"]).await.success();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_and_new_files_are_written() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        // Above and below the size up to which rclone reads everything before it begins.
        for size in [0, 10, 300_000] {
            let content = files::noise(size, 7);
            let path = format!("koofr:stock/streams/{size}");
            tool.feed(["rcat", &path], &content).await.success();
            let back = tool.run(["cat", &path]).await.success().stdout;
            assert!(back == content, "{program}: {size} bytes");
        }
        tool.run(["touch", "koofr:stock/touched"]).await.success();
        assert!(
            paths(&stage, "koofr:stock")
                .await
                .contains(&"touched".to_owned()),
            "{program}"
        );
        let again = tool.run(["touch", "koofr:stock/touched"]).await;
        assert_ne!(
            again.code,
            Some(0),
            "{again:?}: the service cannot set times"
        );
    }
}
