//! One token, used by several processes.
//!
//! Each process is a program of its own (`token-worker`) with several tasks; all share one configuration file, and the emulator's identity provider rotates
//! refresh tokens and ends the whole sign-in when a spent one is presented. Covered: many processes through many expiries (`sharing`); processes that are
//! killed at chosen moments and at random (`killed`); answers that are lost, refusals and what the person is told then (`doubt`); a sign-in
//! by browser from end to end (`browser`).
//!
//! Not covered here: rclone as one of the processes, which needs its program (the suite `interop`).
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

mod browser;
mod doubt;
mod killed;
mod sharing;

use tests::token_workers::SharedToken;

const PROGRAM: &str = env!("CARGO_BIN_EXE_token-worker");

async fn shared(tasks: usize) -> SharedToken {
    SharedToken::new(PROGRAM, tasks).await
}
