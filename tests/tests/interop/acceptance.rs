//! The acceptance list of the Koofr emulator: every command that rclone 1.60.1 and 1.75.2 must be able to run against it, with the results
//! that the protocol's description foretells, the ones that look like failures included, and the exact requests where it states them.
//!
//! * listings: `lsd`, `ls`, `lsl`, `lsf`, `tree`, `size`, `lsjson -R --hash`, `lsjson --stat`, `md5sum`
//! * whole trees: `copy`, `sync`, `move`, `check`, `check --download`, move of a folder
//! * single files: `cat` with `--offset`, `--count`, `--head`, `--tail`, `copyto`, `moveto` also to another case, `rcat`, `touch`, `deletefile`
//! * the rest: `about`, `link`, `mkdir`, `rmdir`, `rmdirs`, `purge`, `cleanup`, `test info`, wrong password
//!
//! Reading through a mount and through `serve http` has a file of its own. All of it runs at API level 2.0, which is what rclone asks for.

mod listings;
mod service;
mod single_files;
mod trees;

use tests::interop::{
    files,
    stage::Stage,
    tool::{Program, Tool},
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

/// How many requests begin with these words.
fn count(trace: &[String], words: &str) -> usize {
    let begins = |line: &&String| {
        line.strip_prefix(words)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    trace.iter().filter(begins).count()
}
