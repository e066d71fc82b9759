//! The same files for everybody on Amazon Drive: what one program writes, every other reads, with the same ids and times.

use tests::interop::{acd::Acd, exchange, tool::Program};

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_what_rclone_1_60_1_wrote() {
    exchange::everybody_reads_what_was_written_by::<Acd>(Program::Rclone160).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_what_we_wrote() {
    exchange::everybody_reads_what_was_written_by::<Acd>(Program::Ours).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_library_reads_what_rclone_wrote() {
    exchange::the_library_reads_what_was_written_by::<Acd>(Program::Rclone160).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rclone_reads_what_the_library_wrote() {
    exchange::rclone_reads_what_the_library_wrote::<Acd>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_255_characters_are_longer_than_this_system_allows_and_read_by_everybody() {
    exchange::names_of_255_characters_are_read_by_everybody::<Acd>().await;
}
