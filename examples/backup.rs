//! Backs a folder up to cloud storage; without a target, to an emulator, with proof.
//!
//! ```sh
//! cargo run --release --example backup
//! cargo run --release --example backup -- ~/Documents --to koofr:backup
//! ```

use std::process::ExitCode;

fn main() -> ExitCode {
    examples::program::main::<examples::backup::Backup>()
}
