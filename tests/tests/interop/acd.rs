//! Amazon Drive: rclone 1.60.1, which still knows it, through the emulator's HTTPS proxy, with the results that the protocol's description foretells, the
//! ones that look like failures included, and the exact requests where it states them.
//!
//! * listings: `lsd`, `ls`, `lsl`, `lsf`, `tree`, `size`, `md5sum`, `lsjson -R --hash`, `lsjson --stat`; two nodes on a page, an expired page token, a 429 in
//!   the middle, children that are somewhere else
//! * whole trees: `copy`, `sync --checksum`, `check`, `check --download`, `move` and `moveto` of a folder, `mkdir`, `rmdir`, `rmdirs`, `purge`, a
//!   synthetic tree, HTTP/2
//! * single files: `cat` with ranges, `copyto` also in another case, `moveto` in all its forms, `rcat`, `deletefile`
//! * storage: redirects of large downloads, temporary links, ranges of both
//! * faults: 429, 500, 503 and 504, uploads that are stored although they fail, tokens that have ended at either host
//! * change polling: `serve http --poll-interval` and `mount --poll-interval`
//! * sign-in: refreshes in both forms, by a real browser, headless, through somebody's OAuth proxy
//! * beside our own program: names and contents that each writes and all read, one configuration file whose token each renews in turn

mod browser;
mod faults;
mod listings;
mod moves;
mod names;
mod polling;
mod results;
mod setup;
mod sign_in;
mod single_files;
mod storage;
mod trees;

use tests::interop::{
    acd::{Acd, AcdStage},
    stock::{self, EMPTY_MD5, TEN, TEN_MD5, count, paths, without},
    tool::{Program, Tool},
};

/// What every command of rclone begins with.
const OPEN: [&str; 2] = ["endpoint 200", "root 200"];

/// A stage with a small tree at `acd:stock`, and the same tree in the local folder `stock`, with rclone.
async fn stocked() -> (AcdStage, Tool) {
    stock::stocked::<Acd>(Program::Rclone160).await
}

/// What rclone asked behind opening the remote.
fn behind_opening(stage: &AcdStage) -> Vec<String> {
    let trace = stage.take_trace();
    assert_eq!(
        trace.get(..2),
        Some(&OPEN.map(str::to_owned)[..]),
        "{trace:?}"
    );
    trace.get(2..).unwrap_or_default().to_vec()
}

/// The requests that changed something or asked to.
fn changes(stage: &AcdStage) -> Vec<String> {
    without(
        stage.take_trace(),
        &["endpoint", "root", "lookup", "list", "get", "download"],
    )
}
