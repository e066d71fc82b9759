//! The same files for everybody on Jottacloud: what one program writes, every other reads.
//!
//! Names, times and contents are those of the suite for Koofr, without the invisible U+FEFF, which the service refuses in names. rclone 1.60.1 writes the percent
//! sign as it is, which the service refuses as well; it is given the encoding of the newer one, and tried on its own encoding without such names.

use std::time::Duration;

use tests::interop::{
    exchange, files,
    jotta::{Jotta, JottaStage},
    listing::{self, entries},
    names::expect_same_tree,
    tool::{Program, RCLONES},
};

/// The service keeps whole seconds.
const PRECISION: Duration = Duration::from_secs(1);

/// The encoding of rclone up to 1.73.
const OLDER_ENCODING: &str =
    "Slash,LtGt,DoubleQuote,Colon,Question,Asterisk,Pipe,Del,Ctl,InvalidUtf8,Dot";

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_what_rclone_1_60_1_wrote() {
    exchange::everybody_reads_what_was_written_by::<Jotta>(Program::Rclone160).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_what_rclone_1_75_2_wrote() {
    exchange::everybody_reads_what_was_written_by::<Jotta>(Program::Rclone175).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_what_we_wrote() {
    exchange::everybody_reads_what_was_written_by::<Jotta>(Program::Ours).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_library_reads_what_rclone_wrote() {
    for writer in RCLONES {
        exchange::the_library_reads_what_was_written_by::<Jotta>(writer).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rclone_reads_what_the_library_wrote() {
    exchange::rclone_reads_what_the_library_wrote::<Jotta>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_255_characters_are_longer_than_this_system_allows_and_read_by_everybody() {
    exchange::names_of_255_characters_are_read_by_everybody::<Jotta>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_of_the_older_rclone_is_read_with_its_encoding() {
    let stage = JottaStage::new().await;
    let names = [
        "a％b",
        "％20",
        "wide ：",
        "colon :",
        "back\\slash",
        "plus+;&",
        "😀",
    ];
    for name in names {
        let path = format!("{name}/{name}");
        files::write(
            &stage.path("local"),
            path.as_bytes(),
            path.as_bytes(),
            1_600_000_000_000,
        );
    }
    let older = stage.tool(Program::Rclone160);
    older.run(["copy", "local", "jotta:kept"]).await.success();
    let list = ["lsjson", "-R", "--hash", "jotta:kept"];
    let theirs = entries(&older.run(list).await.success().json());

    let encoded = format!("jotta,encoding=\"{OLDER_ENCODING}\":kept");
    for program in [Program::Rclone175, Program::Ours] {
        let tool = stage.tool(program);
        let listed = tool.run(["lsjson", "-R", "--hash", &encoded]).await;
        listing::expect_same(
            &entries(&listed.success().json()),
            &theirs,
            &program.to_string(),
        );
        let back = format!("back-{program}");
        tool.run(["copy", &encoded, &back]).await.success();
        expect_same_tree(
            Some(PRECISION),
            &files::read(&stage.path("local")),
            &files::read(&stage.path(back)),
            &program.to_string(),
        );
    }
}
