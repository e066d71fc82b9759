//! The emulators as a program.

mod cli;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use remote_emulator::{Emulator, Section, write_sections};

use crate::cli::Arguments;

type AnyError = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_log();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(AnyError::from)
        .and_then(|runtime| runtime.block_on(run(arguments)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&*error);
            ExitCode::FAILURE
        }
    }
}

/// Logs to standard error what `RUST_LOG` asks for, such as `debug` or `remote_emulator=trace`; nothing when it is not set.
fn start_log() {
    use tracing_subscriber::{
        filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
    };
    let wanted = std::env::var("RUST_LOG").ok();
    if let Some(filter) = wanted.and_then(|wanted| wanted.parse::<Targets>().ok()) {
        tracing_subscriber::registry()
            .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
            .with(filter)
            .init();
    }
}

#[expect(clippy::print_stderr, reason = "a program says why it ends")]
fn report(error: &dyn std::error::Error) {
    let mut text = format!("remote-emulator: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    eprintln!("{text}");
}

async fn run(arguments: Arguments) -> Result<(), AnyError> {
    // Registered before anything is announced, so that no signal is lost.
    let stop = stop_signal()?;
    let emulator = start(&arguments).await?;
    let mut addresses = serde_json::json!({"koofr": emulator.koofr().url()});
    if arguments.jotta.is_some() {
        addresses["jotta"] = emulator.jotta().url().into();
    }
    if arguments.acd.is_some() {
        addresses["acd"] = emulator.acd().url().into();
    }
    if let Some(path) = &arguments.ca_file {
        let proxy = emulator.proxy();
        let written = proxy.write_authority(path);
        written.map_err(|error| format!("{}: {error}", path.display()))?;
        addresses["proxy"] = proxy.url().into();
    }
    if let Some(path) = &arguments.write_config {
        let sections = sections(&emulator, &arguments)?;
        write_sections(path, &sections).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    announce(&addresses)?;
    stop.await;
    emulator.shutdown().await;
    Ok(())
}

fn sections(emulator: &Emulator, arguments: &Arguments) -> Result<Vec<Section>, AnyError> {
    let koofr = emulator.koofr();
    let mut sections = vec![Section::koofr(
        "koofr",
        koofr.url(),
        &koofr.user(),
        &koofr.password(),
    )];
    if arguments.jotta.is_some() {
        sections.push(Section::jotta("jotta", emulator.jotta())?);
    }
    if arguments.acd.is_some() {
        sections.push(Section::acd("acd", emulator.acd())?);
    }
    Ok(sections)
}

async fn start(arguments: &Arguments) -> remote_emulator::Result<Emulator> {
    let mut builder = Emulator::builder()
        .koofr(arguments.koofr_config())
        .koofr_address(arguments.koofr)
        .rtt(arguments.rtt);
    if let Some(address) = arguments.jotta {
        builder = builder
            .jotta(arguments.jotta_config())
            .jotta_address(address);
    }
    if let Some(address) = arguments.acd {
        builder = builder.acd(arguments.acd_config()).acd_address(address);
    }
    if let Some(address) = arguments.proxy {
        builder = builder.proxy(address).proxy_http2(arguments.proxy_http2);
    }
    if let Some(dir) = &arguments.state_dir {
        builder = builder.state_dir(dir);
    }
    builder.start().await
}

/// One line for the program that started this one.
fn announce(addresses: &serde_json::Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{addresses}")?;
    out.flush()
}

#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
