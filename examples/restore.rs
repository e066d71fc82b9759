//! Restores a folder from cloud storage; without a source, from an emulator's state directory.
//!
//! ```sh
//! cargo run --release --example restore -- ~/restored --from koofr:backup
//! ```

use std::process::ExitCode;

fn main() -> ExitCode {
    examples::program::main::<examples::restore::Restore>()
}
