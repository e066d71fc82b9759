//! A small tree that the acceptance suites begin with.

use crate::interop::{
    files,
    stage::{Service, Stage},
    tool::{Program, Tool},
};

/// The content of `ten.txt`.
pub const TEN: &[u8] = b"0123456789";

/// Its MD5.
pub const TEN_MD5: &str = "781e5e245d69b566979b86e28d23f2c7";

/// The MD5 of nothing, the content of `empty.bin`.
pub const EMPTY_MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// Makes the tree in the local folder `stock`, with times that the service keeps.
pub fn write_stock<S: Service>(stage: &Stage<S>) {
    let stock = stage.path("stock");
    let step = i64::from(S::TIME_PRECISION_MS.unwrap_or(1000));
    let write = |path: &str, content: &[u8], ms: i64| {
        files::write(&stock, path.as_bytes(), content, ms - ms % step);
    };
    write("ten.txt", TEN, 1_600_000_000_123);
    write("empty.bin", b"", 1_600_000_001_000);
    write("dir/one.txt", b"one", 1_600_000_002_999);
    write(
        "dir/sub/noise.bin",
        &files::noise(100_000, 1),
        1_600_000_003_001,
    );
    write("dir/Ünïcode 文.txt", b"text", 1_600_000_004_000);
}

/// A stage with the tree and an empty folder `hollow` in `stock` of the remote, and the same in the local folder `stock`.
pub async fn stocked<S: Service>(program: Program) -> (Stage<S>, Tool) {
    let stage = Stage::new().await;
    write_stock(&stage);
    std::fs::create_dir(stage.path("stock/hollow")).expect("there is a folder for it");
    let tool = stage.tool(program);
    tool.run([
        "copy",
        "--create-empty-src-dirs",
        "stock",
        &stage.at("stock"),
    ])
    .await
    .success();
    stage.take_trace();
    (stage, tool)
}

/// What lies at a remote path, as the newest rclone that knows the service lists it.
pub async fn paths<S: Service>(stage: &Stage<S>, remote: &str) -> Vec<String> {
    let tool = stage.tool(S::newest());
    tool.run(["lsf", "-R", remote])
        .await
        .success()
        .sorted_lines()
}

/// How many requests begin with these words.
#[must_use]
pub fn count(trace: &[String], words: &str) -> usize {
    let begins = |line: &&String| {
        line.strip_prefix(words)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    trace.iter().filter(begins).count()
}

/// The lines of a trace that do not begin with one of these words.
#[must_use]
pub fn without(trace: Vec<String>, words: &[&str]) -> Vec<String> {
    let begins = |line: &str| words.iter().any(|word| line.starts_with(word));
    trace.into_iter().filter(|line| !begins(line)).collect()
}
