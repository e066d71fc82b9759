//! Listings.

use serde_json::{Value, json};
use tests::interop::{listing::entries, tool::RCLONES};

use super::{EMPTY_MD5, TEN_MD5, stocked};

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
