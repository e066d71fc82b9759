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
    jotta::{Jotta, JottaStage},
    stock::{self, EMPTY_MD5, TEN, TEN_MD5, count, paths},
    tool::{Program, Tool},
};

/// What every command begins with, and one that names a path.
const CUSTOMER: &str = "customer 200";

/// A stage with a small tree at `jotta:stock`, and the same tree in the local folder `stock`.
async fn stocked(program: Program) -> (JottaStage, Tool) {
    stock::stocked::<Jotta>(program).await
}
