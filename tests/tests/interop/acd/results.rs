//! The same commands, the same results: our `remote` beside rclone, each on a drive of its own.

use tests::interop::{
    acd::AcdStage,
    orders::changes,
    stock::write_stock,
    tool::{Program, Tool},
};

/// The whole drive: path, kind, size and MD5; ids and times are each drive's own.
type Drive = Vec<(String, &'static str, Option<u64>, Option<String>)>;

fn drive(stage: &AcdStage) -> Drive {
    let entries = stage.acd().entries("/").into_iter();
    let nodes = entries.map(|(path, node)| (path, node.kind, node.size, node.md5));
    nodes.collect()
}

async fn stage(program: Program) -> (AcdStage, Tool) {
    let stage = AcdStage::new().await;
    write_stock(&stage);
    let tool = stage.tool(program);
    (stage, tool)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_leaves_the_same_behind() {
    let (theirs, rclone) = stage(Program::Rclone160).await;
    let (ours, remote) = stage(Program::Ours).await;
    for change in changes("acd") {
        let (their_end, our_end) = tokio::join!(rclone.run(&change), remote.run(&change));
        their_end.success();
        our_end.success();
        assert_eq!(drive(&theirs), drive(&ours), "after {change:?}");
    }
    let trash = |stage: &AcdStage| stage.acd().trash_list().len();
    assert!(trash(&ours) > 0, "nothing is gone for good");
    assert_ne!(drive(&ours).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_rclone_fails_for_us() {
    let (theirs, rclone) = stage(Program::Rclone160).await;
    let (ours, remote) = stage(Program::Ours).await;
    for stage in [&theirs, &ours] {
        stage.acd().write("/t/dir/file", "file").unwrap();
    }
    for command in [
        &["cat", "acd:t/missing"][..],
        &["rmdir", "acd:t/dir"],
        &["rmdir", "acd:missing"],
        &["deletefile", "acd:t/missing"],
        &["purge", "acd:missing"],
        &["lsjson", "acd:missing"],
        &["copyto", "acd:t/missing", "acd:t/other"],
        &["moveto", "acd:t/missing", "acd:t/other"],
        &["link", "acd:t/dir/file"],
    ] {
        let (their_end, our_end) = tokio::join!(rclone.run(command), remote.run(command));
        assert_ne!(their_end.code, Some(0), "{their_end:?}");
        assert_ne!(our_end.code, Some(0), "{our_end:?}");
        assert_eq!(drive(&theirs), drive(&ours), "after {command:?}");
    }
}
