//! One operation on cloud storage: the contract as a command line, with the argument order of rclone.
//!
//! ```sh
//! cargo run --release --example remote -- lsjson -R --hash koofr:backup
//! ```

use std::process::ExitCode;

fn main() -> ExitCode {
    examples::program::main::<examples::remote::Remote>()
}
