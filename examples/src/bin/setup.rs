//! The example `setup` as a binary: cargo tells tests where binaries are, and keeps them fresh.

use std::process::ExitCode;

fn main() -> ExitCode {
    examples::program::main::<examples::setup::Setup>()
}
