//! Single files.

use tests::interop::{
    files,
    tool::{Program, RCLONES},
};

use super::{CUSTOMER, TEN, TEN_MD5, count, paths, stocked};

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_an_allocation_and_the_bytes_or_the_allocation_alone() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        files::write(
            &stage.path("more"),
            "b c+é.txt".as_bytes(),
            b"not seen before",
            1_600_000_000_000,
        );
        tool.run(["copy", "more", "jotta:stock/more"])
            .await
            .success();
        let trace = stage.take_trace();
        let from = trace.iter().position(|line| line.starts_with("allocate"));
        let calls = &trace[from.unwrap_or_else(|| panic!("{program}: {trace:?}"))..];
        // The newer one looks at what it has stored; neither makes a folder first.
        let expected: &[&str] = match program {
            Program::Rclone160 => &["allocate 200", "upload 200"],
            _ => &[
                "allocate 200",
                "upload 200",
                "info /stock/more/b c+é.txt 200",
            ],
        };
        assert_eq!(calls, expected, "{program}");
        assert_eq!(count(&trace, "mkDir"), 0, "{program}: {trace:?}");
        let stored = stage
            .jotta()
            .entry("/Jotta/Archive/stock/more/b c+é.txt")
            .unwrap();
        let current = stored.current().unwrap();
        assert_eq!(
            (current.created, current.modified),
            (1_600_000_000_000, 1_600_000_000_000),
            "{program}: created is modified unless told otherwise"
        );

        tool.run(["copyto", "stock/ten.txt", "jotta:stock/other.txt"])
            .await
            .success();
        let trace = stage.take_trace();
        assert_eq!(count(&trace, "allocate"), 1, "{program}: {trace:?}");
        assert_eq!(
            count(&trace, "upload"),
            0,
            "{program}: the service has the content: {trace:?}"
        );
        let stored = stage.jotta().read("/Jotta/Archive/stock/other.txt");
        assert_eq!(stored.unwrap().as_deref(), Some(TEN), "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_file_can_be_read() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        let cat = async |arguments: &[&str]| {
            let path = ["cat", "jotta:stock/ten.txt"];
            tool.run(path.iter().chain(arguments))
                .await
                .success()
                .text()
        };
        assert_eq!(cat(&[]).await, "0123456789", "{program}");
        assert_eq!(
            stage.take_trace(),
            [
                CUSTOMER,
                "info /stock/ten.txt 200",
                "info /stock 200",
                "bin /stock/ten.txt 200"
            ],
            "{program}: it lists the folder for the one file"
        );
        for (arguments, text, range) in [
            (
                &["--offset", "3", "--count", "4"][..],
                "3456",
                "bytes=3-6 206",
            ),
            (&["--offset", "7"], "789", "bytes=7-9 206"),
            (&["--offset", "-3"], "789", "bytes=7-9 206"),
            (&["--head", "2"], "01", "bytes=0-1 206"),
            (&["--tail", "2"], "89", "bytes=8-9 206"),
        ] {
            assert_eq!(cat(arguments).await, text, "{program}: {arguments:?}");
            let last = format!("bin /stock/ten.txt {range}");
            assert_eq!(
                stage.take_trace().last(),
                Some(&last),
                "{program}: {arguments:?}"
            );
        }

        let beyond = ["cat", "--offset", "12", "jotta:stock/ten.txt"];
        tool.run(beyond).await.exit_code(1);
        let trace = stage.take_trace();
        assert!(
            trace.contains(&"bin /stock/ten.txt bytes=12-9 416".to_owned()),
            "{program}: {trace:?}"
        );
        let empty = ["cat", "--offset", "12", "jotta:stock/empty.bin"];
        assert_eq!(tool.run(empty).await.success().text(), "", "{program}");
        let trace = stage.take_trace();
        assert_eq!(
            trace.last().map(String::as_str),
            Some("bin /stock/empty.bin 200"),
            "{program}: {trace:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_made_by_the_service_also_onto_what_is_there_or_was() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        let changes = |stage: &tests::interop::jotta::JottaStage| -> Vec<String> {
            let trace = stage.take_trace();
            let reads = ["info", "customer"];
            let is_change = |line: &String| !reads.iter().any(|read| line.starts_with(read));
            trace.into_iter().filter(is_change).collect()
        };
        let copy = async |to: &str| {
            let to = format!("jotta:stock/{to}");
            tool.run(["copyto", "jotta:stock/ten.txt", &to])
                .await
                .success();
            let text = tool.run(["cat", &to]).await.success().text();
            assert_eq!(text, "0123456789", "{program}: {to}");
        };
        let without_reading = |mut calls: Vec<String>| {
            calls.retain(|line| !line.starts_with("bin"));
            calls
        };

        copy("new/copy.txt").await;
        assert_eq!(
            without_reading(changes(&stage)),
            [
                "mkDir /stock/new 200",
                "cp /stock/ten.txt > /stock/new/copy.txt 200"
            ],
            "{program}"
        );
        copy("dir/one.txt").await;
        assert_eq!(
            without_reading(changes(&stage)),
            [
                "mkDir /stock/dir 200",
                "cp /stock/ten.txt > /stock/dir/one.txt 200"
            ],
            "{program}: onto a live file"
        );
        tool.run(["deletefile", "jotta:stock/dir/one.txt"])
            .await
            .success();
        changes(&stage);
        copy("dir/one.txt").await;
        assert_eq!(
            without_reading(changes(&stage)),
            [
                "mkDir /stock/dir 200",
                "cp /stock/ten.txt > /stock/dir/one.txt 200",
                "cphash /stock/dir/one.txt 200",
            ],
            "{program}: onto a file in the trash, which takes a second step"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn moveto_renames_also_onto_a_file_and_to_another_case() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        let moves = |trace: Vec<String>| -> Vec<String> {
            let is_change = |line: &String| {
                ["mv", "dl", "cp", "allocate"]
                    .iter()
                    .any(|word| line.starts_with(word))
            };
            trace.into_iter().filter(is_change).collect()
        };
        tool.run(["moveto", "jotta:stock/ten.txt", "jotta:stock/ten2.txt"])
            .await
            .success();
        assert_eq!(
            moves(stage.take_trace()),
            ["mv /stock/ten.txt > /stock/ten2.txt 200"],
            "{program}"
        );

        tool.run(["moveto", "jotta:stock/ten2.txt", "jotta:stock/dir/one.txt"])
            .await
            .success();
        assert_eq!(
            moves(stage.take_trace()),
            [
                "dl /stock/dir/one.txt 200",
                "mv /stock/ten2.txt > /stock/dir/one.txt 200"
            ],
            "{program}: what is in the way goes to the trash first"
        );
        let text = tool.run(["cat", "jotta:stock/dir/one.txt"]).await.success();
        assert_eq!(text.text(), "0123456789", "{program}");

        stage.take_trace();
        let rename = [
            "moveto",
            "jotta:stock/dir/one.txt",
            "jotta:stock/dir/ONE.txt",
        ];
        tool.run(rename).await.success();
        let trace = moves(stage.take_trace());
        assert_eq!(trace.len(), 2, "{program}: through another name: {trace:?}");
        assert!(
            trace[0].contains("/stock/dir/ONE.txt-rclone-move-"),
            "{program}: {trace:?}"
        );
        let there = paths(&stage, "jotta:stock/dir").await;
        assert!(
            there.contains(&"ONE.txt".to_owned()) && !there.contains(&"one.txt".to_owned()),
            "{program}: {there:?}"
        );

        tool.run(["moveto", "jotta:stock/dir", "jotta:stock/DIR"])
            .await
            .exit_code(7)
            .says("overlapping remotes");
        assert_eq!(moves(stage.take_trace()), Vec::<String>::new(), "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_any_length_are_written() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        // Read ahead by rclone, kept in memory for the hash, kept in a file for the hash.
        for size in [0, 10, 300_000, 11 << 20] {
            let content = files::noise(size, 7);
            let path = format!("jotta:stock/streams/{size}");
            tool.feed(["rcat", &path], &content).await.success();
            let stored = stage
                .jotta()
                .read(&format!("/Jotta/Archive/stock/streams/{size}"))
                .unwrap();
            assert!(
                stored.is_some_and(|stored| stored == content),
                "{program}: {size} bytes"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn touch_sets_times_without_the_content() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        tool.run(["touch", "jotta:stock/touched"]).await.success();
        let there = paths(&stage, "jotta:stock").await;
        assert!(
            there.contains(&"touched".to_owned()),
            "{program}: {there:?}"
        );
        stage.take_trace();

        let touch = ["touch", "-t", "2010-11-12T13:14:15", "jotta:stock/ten.txt"];
        tool.run(touch).await.success();

        let trace = stage.take_trace();
        assert_eq!(
            trace.last().map(String::as_str),
            Some("cphash /stock/ten.txt 200"),
            "{program}: {trace:?}"
        );
        assert_eq!(count(&trace, "allocate"), 0, "{program}: {trace:?}");
        let stored = stage.jotta().entry("/Jotta/Archive/stock/ten.txt").unwrap();
        let current = stored.current().unwrap();
        let created = match program {
            Program::Rclone160 => 1_289_567_655_000,
            _ => 1_600_000_000_000,
        };
        assert_eq!(
            (current.modified, current.created),
            (1_289_567_655_000, created),
            "{program}: the newer one keeps the creation time"
        );
        assert_eq!(current.md5, TEN_MD5, "{program}");
        assert_eq!(
            stored.revisions.len(),
            1,
            "{program}: no new revision for a new time"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn versionless_overwriting_differs_between_the_two() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        let tool = tool.env("RCLONE_JOTTACLOUD_NO_VERSIONS", "true");
        files::write(
            &stage.path("stock"),
            b"ten.txt",
            b"new content",
            1_600_000_010_000,
        );

        let copied = tool
            .run(["copyto", "stock/ten.txt", "jotta:stock/ten.txt"])
            .await;

        let trace = stage.take_trace();
        assert_eq!(
            count(&trace, "rm /stock/ten.txt 200"),
            1,
            "{program}: {trace:?}"
        );
        let stored = stage.jotta().entry("/Jotta/Archive/stock/ten.txt");
        match program {
            // It removes the old file, does not send the new one, and finds out.
            Program::Rclone160 => {
                assert_ne!(copied.code, Some(0), "{copied:?}");
                assert_eq!(count(&trace, "allocate"), 0, "{program}: {trace:?}");
                assert_eq!(stored, None, "{program}: the only copy is lost");
            }
            _ => {
                copied.success();
                assert_eq!(stored.unwrap().revisions.len(), 1, "{program}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_file_comes_back_with_the_same_content() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        tool.run(["deletefile", "jotta:stock/ten.txt"])
            .await
            .success();
        assert_eq!(
            stage.take_trace().last().map(String::as_str),
            Some("dl /stock/ten.txt 200"),
            "{program}"
        );
        tool.run(["deletefile", "jotta:stock/ten.txt"])
            .await
            .exit_code(match program {
                Program::Rclone160 => 1,
                _ => 4,
            });

        tool.run(["copy", "stock", "jotta:stock"]).await.success();

        let trace = stage.take_trace();
        assert_eq!(count(&trace, "upload"), 0, "{program}: {trace:?}");
        let stored = stage.jotta().entry("/Jotta/Archive/stock/ten.txt").unwrap();
        assert_eq!(stored.deleted, None, "{program}");
    }
}
