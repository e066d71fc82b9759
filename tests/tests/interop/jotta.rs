//! Jottacloud: both rclones, through the emulator's HTTPS proxy, with the results that the protocol's description foretells, the ones that look like
//! failures included, and the exact requests where it states them.
//!
//! * listings: `lsd`, `ls`, `lsl`, `lsf`, `tree`, `size`, `md5sum`, `lsjson -R --hash`, `lsjson --stat`, `lsjson --metadata`
//! * whole trees: `copy`, `sync`, `move`, `check`, `check --download`, move of a folder, `mkdir`, `rmdir`, `rmdirs`, `purge`, `cleanup`
//! * single files: `cat` with ranges, `copyto`, `moveto` also onto a file and to another case, `rcat`, `touch`, `deletefile`, `hard_delete`,
//!   `no_versions`, `trashed_only`
//! * the rest: `link` and unlink, `about`, `backend features`, `config userinfo`
//! * sign-in: login token, user name and password as before, own device and mount point, refreshes, a dead session, by a real browser
//! * beside our own program: names, times and contents that each writes and all read, one configuration file whose token each renews in turn

mod browser;
mod config;
mod legacy;
mod listings;
mod names;
mod service;
mod sign_in;
mod single_files;
mod trees;

use tests::interop::{
    files,
    jotta::JottaStage,
    tool::{Program, Tool},
};

const TEN: &[u8] = b"0123456789";
const TEN_MD5: &str = "781e5e245d69b566979b86e28d23f2c7";
const EMPTY_MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// What every command begins with, and one that names a path.
const CUSTOMER: &str = "customer 200";

/// A stage with a small tree at `jotta:stock`, and the same tree in the local folder `stock`.
async fn stocked(program: Program) -> (JottaStage, Tool) {
    let stage = JottaStage::new().await;
    let stock = stage.path("stock");
    files::write(&stock, b"ten.txt", TEN, 1_600_000_000_000);
    files::write(&stock, b"empty.bin", b"", 1_600_000_001_000);
    files::write(&stock, b"dir/one.txt", b"one", 1_600_000_002_000);
    files::write(
        &stock,
        b"dir/sub/noise.bin",
        &files::noise(100_000, 1),
        1_600_000_003_000,
    );
    files::write(
        &stock,
        "dir/Ünïcode 文.txt".as_bytes(),
        b"text",
        1_600_000_004_000,
    );
    std::fs::create_dir(stage.path("stock/hollow")).unwrap_or_else(|error| panic!("{error}"));
    let tool = stage.tool(program);
    tool.run(["copy", "--create-empty-src-dirs", "stock", "jotta:stock"])
        .await
        .success();
    stage.take_trace();
    (stage, tool)
}

/// What lies at a remote path, as rclone 1.75.2 lists it.
async fn paths(stage: &JottaStage, remote: &str) -> Vec<String> {
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
