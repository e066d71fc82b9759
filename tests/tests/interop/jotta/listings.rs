//! Listings.

use serde_json::{Value, json};
use tests::interop::{
    listing::entries,
    tool::{Output, Program, RCLONES},
};

use super::{CUSTOMER, EMPTY_MD5, TEN_MD5, count, stocked};

#[tokio::test(flavor = "multi_thread")]
async fn listings_tell_what_was_copied() {
    for program in RCLONES {
        let (_stage, tool) = stocked(program).await;
        let last_words = |output: Output, skip: usize| -> Vec<String> {
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

        let lsd = tool.run(["lsd", "jotta:stock"]).await;
        assert_eq!(last_words(lsd, 4), ["dir", "hollow"], "{program}");
        let ls = tool.run(["ls", "jotta:stock"]).await;
        assert_eq!(last_words(ls, 1), all, "{program}");
        let lsl = tool.run(["lsl", "jotta:stock"]).await.success().text();
        assert!(
            lsl.contains("10 2020-09-13 12:26:40.000000000 ten.txt"),
            "{program}: {lsl}"
        );
        let lsf = tool.run(["lsf", "jotta:stock"]).await.success();
        assert_eq!(
            lsf.sorted_lines(),
            ["dir/", "empty.bin", "hollow/", "ten.txt"],
            "{program}"
        );
        let tree = tool.run(["tree", "jotta:stock"]).await.success().text();
        assert!(tree.contains("Ünïcode 文.txt"), "{program}: {tree}");
        assert!(tree.contains("3 directories, 5 files"), "{program}: {tree}");
        let size = tool.run(["size", "--json", "jotta:stock"]).await;
        assert_eq!(
            size.success().json(),
            json!({"count": 5, "bytes": 100_017, "sizeless": 0}),
            "{program}"
        );
        let md5sum = tool.run(["md5sum", "jotta:stock"]).await.success().text();
        for line in [
            format!("{TEN_MD5}  ten.txt"),
            format!("{EMPTY_MD5}  empty.bin"),
        ] {
            assert!(md5sum.contains(&line), "{program}: {md5sum}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lsjson_tells_size_time_and_hash() {
    for program in RCLONES {
        let (_stage, tool) = stocked(program).await;
        let ten = json!({
            "Path": "ten.txt", "Name": "ten.txt", "Size": 10, "ModTime": "2020-09-13T12:26:40Z",
            "IsDir": false, "Hashes": {"md5": TEN_MD5},
        });

        let listing = tool
            .run(["lsjson", "-R", "--hash", "jotta:stock"])
            .await
            .success();
        let listing = entries(&listing.json());
        assert_eq!(listing.len(), 8, "{program}");
        assert_eq!(Value::from(listing["ten.txt"].clone()), ten, "{program}");
        assert_eq!(
            Value::from(listing["dir/sub"].clone()),
            json!({"Path": "dir/sub", "Name": "sub", "Size": -1, "IsDir": true}),
            "{program}"
        );

        let stat = ["lsjson", "--stat", "--hash", "jotta:stock/ten.txt"];
        let mut stat = tool.run(stat).await.success().json();
        let mime = stat
            .as_object_mut()
            .and_then(|stat| stat.remove("MimeType"));
        assert_eq!(stat, ten, "{program}");
        assert_eq!(
            mime,
            Some(json!("text/plain")),
            "{program}: the service knows it"
        );
        let folder = ["lsjson", "--stat", "jotta:stock/dir"];
        let folder = tool.run(folder).await.success().json();
        assert_eq!(folder["IsDir"], true, "{program}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newer_rclone_reads_metadata() {
    let (_stage, tool) = stocked(Program::Rclone175).await;
    let stat = ["lsjson", "--stat", "--metadata", "jotta:stock/ten.txt"];
    let stat = tool.run(stat).await.success().json();
    let metadata = &stat["Metadata"];
    for (key, value) in [
        ("mtime", "2020-09-13T12:26:40Z"),
        ("btime", "2020-09-13T12:26:40Z"),
        ("content-type", "text/plain"),
    ] {
        assert_eq!(metadata[key], value, "{stat}");
    }
    assert!(metadata["utime"].is_string(), "{stat}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recursive_listing_is_one_request_where_rclone_makes_it_one() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        let open = [CUSTOMER, "info /stock 200"];
        for command in ["lsf -R", "lsjson -R", "ls", "lsl", "size", "md5sum", "tree"] {
            let arguments = command.split(' ').chain(["jotta:stock"]);
            tool.run(arguments).await.success();
            let trace = stage.take_trace();
            assert_eq!(trace[..2], open, "{program}: {command}");
            assert_eq!(
                trace[2..],
                ["liststream /stock 200"],
                "{program}: {command}"
            );
        }
        // The others look into the 4 folders one by one, unless told.
        for (command, streams, infos) in [
            (&["check", "stock", "jotta:stock"][..], 0, 5),
            (&["check", "--fast-list", "stock", "jotta:stock"], 1, 1),
            (&["sync", "stock", "jotta:stock"], 0, 5),
            (&["sync", "--fast-list", "stock", "jotta:stock"], 1, 1),
            (&["lsf", "-R", "--disable", "ListR", "jotta:stock"], 0, 5),
        ] {
            tool.run(command).await.success();
            let trace = stage.take_trace();
            let seen = (count(&trace, "liststream"), count(&trace, "info"));
            assert_eq!(seen, (streams, infos), "{program}: {command:?}: {trace:?}");
            assert_eq!(
                trace.len(),
                1 + streams + infos,
                "{program}: {command:?}: {trace:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_trash_is_shown_only_when_asked_for() {
    for program in RCLONES {
        let (stage, tool) = stocked(program).await;
        tool.run(["deletefile", "jotta:stock/dir/one.txt"])
            .await
            .success();
        let live = tool.run(["lsf", "jotta:stock/dir"]).await.success();
        assert_eq!(live.sorted_lines(), ["sub/", "Ünïcode 文.txt"], "{program}");
        stage.take_trace();

        let arguments = [
            "lsf",
            "-R",
            "--files-only",
            "--jottacloud-trashed-only",
            "jotta:stock",
        ];
        let trashed = tool.run(arguments).await.success();

        assert_eq!(trashed.sorted_lines(), ["dir/one.txt"], "{program}");
        let trace = stage.take_trace();
        assert_eq!(
            count(&trace, "liststream"),
            0,
            "{program}: it has no trash: {trace:?}"
        );
        let content = [
            "cat",
            "--jottacloud-trashed-only",
            "jotta:stock/dir/one.txt",
        ];
        assert_eq!(tool.run(content).await.success().text(), "one", "{program}");
        tool.run(["cat", "jotta:stock/dir/one.txt"])
            .await
            .exit_code(3);
    }
}
