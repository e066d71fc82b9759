#![allow(
    clippy::unwrap_used,
    reason = "tests may unwrap, also in their helper functions"
)]
#![cfg(feature = "interop")]
//! The acceptance list of the Koofr emulator: every command that rclone 1.60.1 and 1.75.2 must be able to run against it, with the results
//! that the protocol's description foretells, the ones that look like failures included, and the exact requests where it states them.
//!
//! * listings: `lsd`, `ls`, `lsl`, `lsf`, `tree`, `size`, `lsjson -R --hash`, `lsjson --stat`, `md5sum`
//! * whole trees: `copy`, `sync`, `move`, `check`, `check --download`, move of a folder
//! * single files: `cat` with `--offset`, `--count`, `--head`, `--tail`, `copyto`, `moveto` also to another case, `rcat`, `touch`, `deletefile`
//! * the rest: `about`, `link`, `mkdir`, `rmdir`, `rmdirs`, `purge`, `cleanup`, `test info`, wrong password
//!
//! Reading through a mount and through `serve http` has a file of its own. All of it runs at API level 2.0, which is what rclone asks for.

use serde_json::{Value, json};
use tests::interop::{
    files, http,
    listing::entries,
    stage::Stage,
    tool::{Program, RCLONES, Tool},
};

const TEN: &[u8] = b"0123456789";
const TEN_MD5: &str = "781e5e245d69b566979b86e28d23f2c7";
const EMPTY_MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// A stage with a small tree at `koofr:stock`, and the same tree in the local folder `stock`.
async fn stocked(program: Program) -> (Stage, Tool) {
    let stage = Stage::new().await;
    let stock = stage.path("stock");
    files::write(&stock, b"ten.txt", TEN, 1_600_000_000_123);
    files::write(&stock, b"empty.bin", b"", 1_600_000_001_000);
    files::write(&stock, b"dir/one.txt", b"one", 1_600_000_002_999);
    files::write(
        &stock,
        b"dir/sub/noise.bin",
        &files::noise(100_000, 1),
        1_600_000_003_001,
    );
    files::write(
        &stock,
        "dir/Ünïcode 文.txt".as_bytes(),
        b"text",
        1_600_000_004_000,
    );
    std::fs::create_dir(stage.path("stock/hollow")).unwrap_or_else(|error| panic!("{error}"));
    let tool = stage.tool(program);
    tool.run(["copy", "--create-empty-src-dirs", "stock", "koofr:stock"])
        .await
        .success();
    stage.take_trace();
    (stage, tool)
}

/// What lies at a remote path, as rclone 1.75.2 lists it.
async fn paths(stage: &Stage, remote: &str) -> Vec<String> {
    let tool = stage.tool(Program::Rclone175);
    tool.run(["lsf", "-R", remote])
        .await
        .success()
        .sorted_lines()
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_tell_what_was_copied() {
    for program in RCLONES {
        let (_stage, tool) = stocked(program).await;
        let last_words = |output: tests::interop::tool::Output, skip: usize| -> Vec<String> {
            let line = |line: &String| {
                let words: Vec<&str> = line.split_ascii_whitespace().skip(skip).collect();
                words.join(" ")
            };
            let mut words: Vec<String> = output.success().sorted_lines().iter().map(line).collect();
            words.sort();
            words
        };
        let all = [
            "dir/one.txt",
            "dir/sub/noise.bin",
            "dir/Ünïcode 文.txt",
            "empty.bin",
            "ten.txt",
        ];

        let lsd = tool.run(["lsd", "koofr:stock"]).await;
        assert_eq!(last_words(lsd, 4), ["dir", "hollow"], "{program}");
        let ls = tool.run(["ls", "koofr:stock"]).await;
        assert_eq!(last_words(ls, 1), all, "{program}");
        let lsl = tool.run(["lsl", "koofr:stock"]).await.success().text();
        assert!(
            lsl.contains("10 2020-09-13 12:26:40.123000000 ten.txt"),
            "{program}: {lsl}"
        );
        let lsf = tool.run(["lsf", "koofr:stock"]).await.success();
        assert_eq!(
            lsf.sorted_lines(),
            ["dir/", "empty.bin", "hollow/", "ten.txt"],
            "{program}"
        );
        let tree = tool.run(["tree", "koofr:stock"]).await.success().text();
        assert!(tree.contains("Ünïcode 文.txt"), "{program}: {tree}");
        assert!(tree.contains("3 directories, 5 files"), "{program}: {tree}");
        let size = tool
            .run(["size", "--json", "koofr:stock"])
            .await
            .success()
            .json();
        assert_eq!(
            size,
            json!({"count": 5, "bytes": 100_017, "sizeless": 0}),
            "{program}"
        );
        let md5sum = tool.run(["md5sum", "koofr:stock"]).await.success().text();
        assert!(
            md5sum.contains(&format!("{TEN_MD5}  ten.txt")),
            "{program}: {md5sum}"
        );
        assert!(
            md5sum.contains(&format!("{EMPTY_MD5}  empty.bin")),
            "{program}: {md5sum}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lsjson_tells_size_time_and_hash() {
    for program in RCLONES {
        let (_stage, tool) = stocked(program).await;
        let ten = json!({
            "Path": "ten.txt", "Name": "ten.txt", "Size": 10, "ModTime": "2020-09-13T12:26:40.123Z",
            "IsDir": false, "Hashes": {"md5": TEN_MD5},
        });

        let listing = tool
            .run(["lsjson", "-R", "--hash", "koofr:stock"])
            .await
            .success()
            .json();
        let listing = entries(&listing);
        assert_eq!(listing.len(), 8, "{program}");
        assert_eq!(Value::from(listing["ten.txt"].clone()), ten, "{program}");
        assert_eq!(
            Value::from(listing["dir/sub"].clone()),
            json!({"Path": "dir/sub", "Name": "sub", "Size": -1, "IsDir": true}),
            "{program}"
        );

        let stat = ["lsjson", "--stat", "--hash", "koofr:stock/ten.txt"];
        let mut stat = tool.run(stat).await.success().json();
        stat.as_object_mut().map(|stat| stat.remove("MimeType"));
        assert_eq!(stat, ten, "{program}");
        let folder = tool
            .run(["lsjson", "--stat", "koofr:stock/dir"])
            .await
            .success()
            .json();
        assert_eq!(folder["IsDir"], true, "{program}");
    }
}

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
async fn about_counts_bytes() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        stage.take_trace();
        let about = tool
            .run(["about", "--json", "koofr:"])
            .await
            .success()
            .json();
        let bytes = |key: &str| about[key].as_i64().unwrap_or_else(|| panic!("{about}"));
        assert_eq!(
            bytes("total"),
            bytes("used") + bytes("free"),
            "{program}: {about}"
        );
        assert_eq!(bytes("total") % (1 << 20), 0, "{program}: {about}");
        assert_eq!(
            stage.take_trace(),
            ["mounts 200", "info / 200", "mount 200"],
            "{program}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_to_the_content() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        tool.run(["copy", "stock/ten.txt", "koofr:"])
            .await
            .success();
        stage.take_trace();

        let link = tool.run(["link", "koofr:ten.txt"]).await.success().text();

        let trace = stage.take_trace();
        assert_eq!(
            trace.last().map(String::as_str),
            Some("links 201"),
            "{program}: {trace:?}"
        );
        let answer = http::get(link.trim(), &[]).await;
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, TEN),
            "{program}: {link}"
        );
        tool.run(["link", "koofr:missing"]).await.exit_code(3);
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

#[tokio::test(flavor = "multi_thread")]
async fn test_info_finds_what_names_can_be() {
    for program in RCLONES {
        let stage = Stage::new().await;
        let info = [
            "test",
            "info",
            "--all",
            "--write-json",
            "info.json",
            "koofr:",
        ];
        let output = stage.tool(program).run(info).await.success();
        assert!(!output.stderr.contains("panic"), "{output:?}");
        let text = std::fs::read_to_string(stage.path("info.json")).unwrap();
        let found: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(found["CanStream"], true, "{program}");
        assert_eq!(found["CanWriteUnnormalized"], true, "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_costs_one_request() {
    for program in RCLONES {
        let stage = Stage::new().await;
        let wrong = stage
            .tool(program)
            .run(["obscure", "wrong"])
            .await
            .success()
            .text();
        stage.take_trace();
        let remote = format!("koofr,password={}:", wrong.trim());
        stage.tool(program).run(["ls", &remote]).await.exit_code(1);
        assert_eq!(stage.take_trace(), ["mounts 401"], "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_ask_for_what_was_recorded() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        tool.run(["lsf", "koofr:stock"]).await.success();
        assert_eq!(
            stage.take_trace(),
            ["mounts 200", "info /stock 200", "list /stock 200"],
            "{program}: opening takes two requests"
        );

        files::write(
            &stage.path("more"),
            "b c+é.txt".as_bytes(),
            TEN,
            1_600_000_000_123,
        );
        tool.run(["copy", "more", "koofr:stock"]).await.success();
        let records = stage.emulator.koofr().requests();
        let put = records
            .last()
            .unwrap_or_else(|| panic!("{program}: no requests"));
        assert_eq!(
            put.path,
            format!(
                "/content/api/v2/mounts/{}/files/put",
                stage.emulator.koofr().mount_id("primary").unwrap()
            )
        );
        let query = [
            ("autorename", "false"),
            ("filename", "b c+é.txt"),
            ("info", "true"),
            ("modified", "1600000000123"),
            ("overwrite", "true"),
            ("overwriteIgnoreNonexisting", ""),
            ("path", "/stock"),
        ];
        for (name, value) in query {
            assert_eq!(
                put.query_value(name).as_deref(),
                Some(value),
                "{program}: {name}"
            );
        }
        assert_eq!(
            put.query.split('&').count(),
            query.len(),
            "{program}: {}",
            put.query
        );
        assert_eq!(
            put.body_md5.as_deref(),
            Some(TEN_MD5),
            "{program}: inside the multipart body"
        );
        assert_eq!(
            &stage.take_trace()[2..],
            [
                "list /stock 200",
                "info /stock 200",
                "put /stock/b c+é.txt 200"
            ],
            "{program}: one look at the parent"
        );

        tool.run(["copy", "more", "koofr:fresh"]).await.success();
        assert_eq!(
            &stage.take_trace()[2..],
            [
                "list /fresh 404",
                "info /fresh 404",
                "info /fresh 404",
                "mkfolder / 200",
                "put /fresh/b c+é.txt 200",
            ],
            "{program}: a folder of its own"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_uploads_race_for_a_folder_and_lose_nothing() {
    for program in RCLONES {
        let stage = Stage::new().await;
        let tool = stage.tool(program);
        for number in 0..64_u8 {
            let path = format!("deep/er/{number}");
            files::write(
                &stage.path("many"),
                path.as_bytes(),
                &[number],
                1_600_000_000_000,
            );
        }
        tool.run(["copy", "--transfers", "32", "many", "koofr:many"])
            .await
            .success();

        let trace = stage.take_trace();
        let refused = trace
            .iter()
            .filter(|line| line.starts_with("mkfolder") && line.ends_with("409"));
        assert_eq!(
            refused.count(),
            0,
            "{program}: level 2.0 says 400: {trace:?}"
        );
        tool.run(["check", "many", "koofr:many"]).await.success();
    }
}

/// How many requests begin with these words.
fn count(trace: &[String], words: &str) -> usize {
    let begins = |line: &&String| {
        line.strip_prefix(words)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    trace.iter().filter(begins).count()
}
