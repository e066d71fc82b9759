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
    koofr::{Koofr, KoofrStage},
    stock::{self, EMPTY_MD5, TEN, TEN_MD5, count, paths},
    tool::{Program, Tool},
};

/// A stage with a small tree at `koofr:stock`, and the same tree in the local folder `stock`.
async fn stocked(program: Program) -> (KoofrStage, Tool) {
    stock::stocked::<Koofr>(program).await
}
