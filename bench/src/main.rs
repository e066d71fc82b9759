//! Measures our programs and rclone alternately, in one run, against the same emulator, and prints the tables of the README.
//!
//! `cargo run --release -p bench` builds what it needs and takes some minutes; `-- --quick` is a check that everything works, with
//! numbers that mean little. What is measured and how is told in [`cases`] and [`mod@measure`].
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program: the tables go to standard output, progress to standard error"
)]

mod admin;
mod build;
mod cases;
mod emulator;
mod files;
mod machine;
mod measure;
mod program;
mod report;
mod service;

use std::{
    error::Error,
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use clap::{Parser, Subcommand, ValueEnum};

use crate::{cases::Bench, measure::Measurement, report::Report, service::Service};

/// What can go wrong here is told to a person and ends the run.
type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Measures copying, listing and removing, alternately with rclone, against the same emulator.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Small numbers and one round: shows that everything works, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// The rclone to compare with, or several, of which the first one that knows the service is taken; by default those that tests/interop/install.sh
    /// brings: 1.75.2, and for Amazon Drive, which it does not know any more, 1.60.1.
    #[arg(long, value_delimiter = ',', value_name = "PATHS")]
    rclone: Vec<PathBuf>,
    /// Measures only these; all by default.
    #[arg(long, value_delimiter = ',', value_name = "CASES")]
    only: Vec<Case>,
    /// Measures only these services; all by default.
    #[arg(long, value_delimiter = ',', value_name = "SERVICES")]
    service: Vec<Service>,
    #[command(subcommand)]
    command: Option<Command>,
}

/// A group of measurements.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Case {
    /// (a), (b): many small files, the same again, and their removal.
    Small,
    /// (c): one large file up and down.
    Large,
    /// (d): a recursive listing of many entries, and how memory grows with them.
    List,
    /// (e): the removal of many entries.
    Purge,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs one program and writes what it used to a file; how this program measures.
    #[command(name = "__measure", hide = true)]
    Measure {
        /// Where to write the measurement, as JSON.
        report: PathBuf,
        /// The program and its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match &cli.command {
        Some(Command::Measure { report, command }) => Measurement::of_child(report, command),
        None => {
            let mut report = Report::default();
            let outcome = measure_all(&cli, &mut report);
            // Whatever ended it: what was measured before took its time.
            print!("{report}");
            outcome
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure_all(cli: &Cli, report: &mut Report) -> Result<()> {
    let started = Instant::now();
    let is_chosen = |service: &Service| cli.service.is_empty() || cli.service.contains(service);
    let built = build::build()?;
    report.describe(machine::describe()?);
    // Before anything is measured, so that a missing program is told at once.
    let mut chosen = Vec::new();
    for service in Service::ALL.into_iter().filter(is_chosen) {
        chosen.push((service, built.programs(service, &cli.rclone)?));
    }
    let scratch = tempfile::tempdir()?;
    for (service, programs) in &chosen {
        let rclone = &programs.rclone.label;
        report.begin(format!("{service}, beside {rclone}, {}", service.way()));
        let bench = Bench::new(programs, *service, scratch.path(), cli.quick);
        measure(&bench, *service, &cli.only, report)?;
    }
    eprintln!("done in {} s", started.elapsed().as_secs());
    Ok(())
}

fn measure(bench: &Bench<'_>, service: Service, only: &[Case], report: &mut Report) -> Result<()> {
    for case in [Case::Small, Case::Large, Case::List, Case::Purge] {
        if !only.is_empty() && !only.contains(&case) {
            continue;
        }
        match case {
            Case::Small => bench.small_files(report)?,
            Case::Large => bench.large_file(report)?,
            Case::List => bench.listing(report)?,
            Case::Purge if service.measures_purge() => bench.purge(report)?,
            Case::Purge => {}
        }
    }
    Ok(())
}

/// The folder of the workspace, where the sources were when this program was built.
fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}
