//! Sets up, changes and removes remotes of an rclone configuration, by questions and answers: on a terminal, or as JSON for a graphical front end.
//!
//! ```sh
//! cargo run --example setup
//! ```

use std::process::ExitCode;

fn main() -> ExitCode {
    examples::program::main::<examples::setup::Setup>()
}
