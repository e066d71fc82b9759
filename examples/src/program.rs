//! What all the programs do around their work: runtime, command line, messages, exit code, Ctrl-C and its like.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use remote_transfer::Cancel;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{console::Console, failure::Failure};

/// Exit code after Ctrl-C, as shells expect it.
pub const INTERRUPTED: u8 = 130;

/// A result with a [`Failure`].
pub type Result<T = ()> = std::result::Result<T, Failure>;

/// A program: its command line, and what it does.
pub trait Program: Parser + Send {
    /// Whether the work is worth several threads. One is cheaper where one connection is all there is.
    fn parallel(&self) -> bool;

    /// Whether to print what the libraries log.
    fn verbose(&self) -> bool;

    /// Does the work until it is done or cancelled.
    fn run(self, console: &mut Console, cancel: Cancel) -> impl Future<Output = Result>;
}

/// Runs a program with the command line and streams of this process.
#[must_use]
pub fn main<P: Program>() -> ExitCode {
    let mut console = Console::process();
    let program = match parse::<P>(std::env::args_os(), &mut console) {
        Ok(program) => program,
        Err(code) => return code.into(),
    };
    log(program.verbose());
    let runtime = match runtime(program.parallel()) {
        Ok(runtime) => runtime,
        Err(error) => return finish(Err(error.into()), &mut console).into(),
    };
    let code = runtime.block_on(async {
        let cancel = Cancel::new();
        tokio::spawn(interrupts(cancel.clone()));
        let result = program.run(&mut console, cancel).await;
        finish(result, &mut console)
    });
    end(runtime);
    code.into()
}

/// Runs a program in this process, on these streams, and returns its exit code.
pub async fn run<P: Program>(
    arguments: impl IntoIterator<Item: Into<OsString> + Clone>,
    console: &mut Console,
    cancel: Cancel,
) -> u8 {
    match parse::<P>(arguments, console) {
        Ok(program) => {
            let result = program.run(console, cancel).await;
            finish(result, console)
        }
        Err(code) => code,
    }
}

fn parse<P: Program>(
    arguments: impl IntoIterator<Item: Into<OsString> + Clone>,
    console: &mut Console,
) -> std::result::Result<P, u8> {
    P::try_parse_from(arguments).map_err(|error| {
        if error.use_stderr() {
            drop(write!(console.err, "{}", error.render()));
            return Failure::USAGE;
        }
        // Help and version are results.
        drop(write!(console.out, "{}", error.render()));
        drop(console.out.flush());
        0
    })
}

fn finish(result: Result, console: &mut Console) -> u8 {
    let flushed = console.out.flush();
    let failure = match result.and_then(|()| Ok(flushed?)) {
        Ok(()) => return 0,
        Err(failure) => failure,
    };
    match failure.report() {
        // Whoever reads our output has seen enough.
        Some(_) if is_broken_pipe(&failure) => {}
        Some(report) => console.tell(format_args!("error: {report}")),
        None => {}
    }
    failure.code()
}

fn is_broken_pipe(failure: &Failure) -> bool {
    failure
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn runtime(parallel: bool) -> io::Result<tokio::runtime::Runtime> {
    let mut builder = match parallel {
        true => tokio::runtime::Builder::new_multi_thread(),
        false => tokio::runtime::Builder::new_current_thread(),
    };
    builder.worker_threads(WORKER_THREADS).enable_all().build()
}

/// Lets go of what still runs, an emulator's connections for example, and with it of temporary folders. A read of the standard input that is under way
/// cannot be ended and is not waited for.
fn end(runtime: tokio::runtime::Runtime) {
    runtime.shutdown_timeout(END_TIME);
}

/// Enough to remove temporary files; only a pending read of the standard input takes all of it.
const END_TIME: Duration = Duration::from_secs(1);

/// The work is waiting and hashing; two threads keep a fast network busy and leave the rest of the machine alone.
const WORKER_THREADS: usize = 2;

/// The first Ctrl-C asks the program to end, so that it removes what is half done; the second one does not ask.
async fn interrupts(cancel: Cancel) {
    while interrupt().await.is_ok() {
        if cancel.is_cancelled() {
            std::process::exit(INTERRUPTED.into());
        }
        cancel.cancel();
    }
}

/// Waits for Ctrl-C or for what `kill`, `timeout` and service managers send.
#[cfg(unix)]
async fn interrupt() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn interrupt() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

fn log(verbose: bool) {
    let default = match verbose {
        true => LevelFilter::DEBUG,
        false => LevelFilter::OFF,
    };
    let wanted = std::env::var("RUST_LOG").ok();
    let filter = wanted
        .and_then(|wanted| wanted.parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(default));
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_writer(io::stderr))
        .with(filter)
        .init();
}

#[cfg(test)]
mod tests {
    use std::{future::pending, sync::Arc};

    use super::*;

    #[test]
    fn nothing_that_still_ran_is_held_at_the_end() {
        for parallel in [false, true] {
            let runtime = runtime(parallel).unwrap();
            let held = Arc::new(());
            for _ in 0..100 {
                let held = Arc::clone(&held);
                runtime.spawn(async move {
                    pending::<()>().await;
                    drop(held);
                });
            }
            end(runtime);
            assert_eq!(Arc::strong_count(&held), 1);
        }
    }
}
