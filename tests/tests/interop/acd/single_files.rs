//! Single files.

use tests::interop::{files, tool::Program};

use super::{TEN, behind_opening, changes, count, paths, stocked};

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_file_can_be_read() {
    let (stage, tool) = stocked().await;
    for (arguments, text, range) in [
        (&[][..], "0123456789", "200"),
        (&["--offset", "3", "--count", "4"], "3456", "bytes=3-6 206"),
        (&["--offset", "7"], "789", "bytes=7- 206"),
        (&["--offset", "-3"], "789", "bytes=7- 206"),
        (&["--head", "2"], "01", "bytes=0-1 206"),
        (&["--tail", "2"], "89", "bytes=8- 206"),
    ] {
        let path = ["cat", "acd:stock/ten.txt"];
        let cat = tool.run(path.iter().chain(arguments)).await.success();
        assert_eq!(cat.text(), text, "{arguments:?}");
        let last = format!("download ten.txt {range}");
        assert_eq!(stage.take_trace().last(), Some(&last), "{arguments:?}");
    }
    let empty = tool.run(["cat", "acd:stock/empty.bin"]).await.success();
    assert_eq!(empty.text(), "");
    tool.run(["cat", "acd:stock/missing"]).await.exit_code(3);
}

#[tokio::test(flavor = "multi_thread")]
async fn copyto_overwrites_also_in_another_case() {
    let (stage, tool) = stocked().await;
    tool.run(["copyto", "stock/ten.txt", "acd:stock/new/b.txt"])
        .await
        .success();
    assert_eq!(changes(&stage), ["create 201", "upload 201"]);
    tool.run(["copyto", "stock/dir/one.txt", "acd:stock/new/B.TXT"])
        .await
        .success();
    assert_eq!(changes(&stage), ["overwrite b.txt 200"]);
    let text = tool.run(["cat", "acd:stock/new/b.txt"]).await.success();
    assert_eq!(text.text(), "one");
    assert_eq!(
        paths(&stage, "acd:stock/new").await,
        ["b.txt"],
        "the spelling stays"
    );

    // No copy on the service: it is read and sent.
    stage.take_trace();
    tool.run(["copyto", "acd:stock/ten.txt", "acd:stock/new/copy.txt"])
        .await
        .success();
    let trace = stage.take_trace();
    assert_eq!(
        (count(&trace, "download"), count(&trace, "upload 201")),
        (1, 1),
        "{trace:?}"
    );
    let stored = stage.acd().read("/stock/new/copy.txt").unwrap();
    assert_eq!(stored.as_deref(), Some(TEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_any_length_are_written() {
    let (stage, tool) = stocked().await;
    for size in [0, 10, 300_000, 6 << 20] {
        let content = files::noise(size, 7);
        let path = format!("acd:stock/streams/{size}");
        tool.feed(["rcat", &path], &content).await.success();
        let stored = stage.acd().read(&format!("/stock/streams/{size}"));
        assert!(
            stored.unwrap().is_some_and(|stored| stored == content),
            "{size} bytes"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_file_is_in_the_trash_and_its_name_free() {
    let (stage, tool) = stocked().await;
    tool.run(["deletefile", "acd:stock/ten.txt"])
        .await
        .success();
    assert_eq!(
        behind_opening(&stage).last().map(String::as_str),
        Some("trash ten.txt 200")
    );
    tool.run(["cat", "acd:stock/ten.txt"]).await.exit_code(3);
    tool.run(["deletefile", "acd:stock/ten.txt"])
        .await
        .exit_code(1);
    tool.run(["copy", "stock", "acd:stock"]).await.success();
    let stored = stage.acd().read("/stock/ten.txt").unwrap();
    assert_eq!(stored.as_deref(), Some(TEN));
    assert_eq!(stage.acd().trash_list().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_cannot_be_set() {
    let (stage, tool) = stocked().await;
    let touch = ["touch", "-t", "2010-11-12T13:14:15", "acd:stock/ten.txt"];
    let touched = tool.run(touch).await;
    assert_ne!(touched.code, Some(0), "{touched:?}");
    assert_eq!(changes(&stage), Vec::<String>::new());
    for program in [Program::Rclone160, Program::Ours] {
        let about = stage.tool(program).run(["about", "--json", "acd:"]).await;
        match program {
            Program::Ours => {
                let about = about.success().json();
                assert!(about["total"].is_u64() && about["used"].is_u64(), "{about}");
            }
            _ => assert_ne!(about.code, Some(0), "{about:?}"),
        }
    }
}
