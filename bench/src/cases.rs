//! What is measured.
//!
//! Every measurement is made by both programs in turn, each round begins with the other one, and nobody finds anything that the other left: each
//! measurement has a target folder or an emulator of its own. What a program claims to have done is checked afterwards, by the other program
//! where both can tell, outside the measured time.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;

use crate::{
    Result,
    emulator::Emulator,
    files::{make_file, make_tree},
    measure::Measurement,
    program::{Contender, Programs},
    report::{Report, Sample},
};

const MIB: u64 = 1 << 20;

/// How much is measured.
#[derive(Debug)]
struct Sizes {
    /// Small files, and the folders they are in.
    files: u64,
    folders: u64,
    file_bytes: u64,
    large_bytes: u64,
    /// Entries of the synthetic tree, and the folders among them.
    tree: u64,
    tree_folders: u64,
    /// Rounds of what takes seconds, of what waits for round trips, and of what takes minutes.
    rounds: usize,
    distant_rounds: usize,
    long_rounds: usize,
}

const FULL: Sizes = Sizes {
    files: 1_000,
    folders: 100,
    file_bytes: 2_048,
    large_bytes: 1_024 * MIB,
    tree: 1_000_000,
    tree_folders: 1_000,
    rounds: 5,
    distant_rounds: 3,
    long_rounds: 2,
};

const QUICK: Sizes = Sizes {
    files: 100,
    folders: 10,
    large_bytes: 64 * MIB,
    tree: 20_000,
    tree_folders: 20,
    rounds: 1,
    distant_rounds: 1,
    long_rounds: 1,
    ..FULL
};

/// Round-trip times in milliseconds.
const ROUND_TRIPS: [u64; 2] = [0, 50];
/// `--transfers` and `--checkers`: the defaults of both programs, and more.
const CONCURRENCY: [(u32, u32); 2] = [(4, 8), (16, 16)];

/// All measurements, over two programs and an emulator.
#[derive(Debug)]
pub(crate) struct Bench {
    programs: Programs,
    scratch: PathBuf,
    sizes: Sizes,
}

impl Bench {
    pub(crate) fn new(programs: Programs, scratch: &Path, quick: bool) -> Self {
        Self {
            programs,
            scratch: scratch.to_owned(),
            sizes: if quick { QUICK } else { FULL },
        }
    }

    /// (a), (b) and the removal of what they made.
    pub(crate) fn small_files(&self, report: &mut Report) -> Result<()> {
        let source = self.scratch.join("small");
        let sizes = &self.sizes;
        make_tree(&source, sizes.files, sizes.folders, sizes.file_bytes)?;
        for round_trip in ROUND_TRIPS {
            let emulator = self.emulator(&["--rtt".to_owned(), format!("{round_trip}ms")])?;
            let rounds = match round_trip {
                0 => sizes.rounds,
                _ => sizes.distant_rounds,
            };
            for (transfers, checkers) in CONCURRENCY {
                let setting =
                    format!("{round_trip} ms, {transfers} transfers, {checkers} checkers");
                self.in_turn(&setting, rounds, |program, round| {
                    let target = format!("koofr:{}-{transfers}-{round}", program.key);
                    let run = Run {
                        bench: self,
                        emulator: &emulator,
                        program,
                    };
                    let (transfers, checkers) = (transfers.to_string(), checkers.to_string());
                    let copy = |run: &Run<'_>| {
                        run.measured(&[
                            "copy",
                            text(&source)?,
                            &target,
                            "--transfers",
                            &transfers,
                            "--checkers",
                            &checkers,
                        ])
                    };
                    let what = format!(
                        "{} files of 2 KiB in {} folders",
                        sizes.files, sizes.folders
                    );
                    report.record(&format!("(a) copy {what}; {setting}"), program, copy(&run)?);
                    run.by_the_other().expect_size(
                        &target,
                        sizes.files,
                        sizes.files * sizes.file_bytes,
                    )?;
                    report.record(
                        &format!("(b) the same again; {setting}"),
                        program,
                        copy(&run)?,
                    );
                    let purge = run.measured(&["purge", &target])?;
                    report.record(
                        &format!("purge what (a) made; {round_trip} ms"),
                        program,
                        purge,
                    );
                    Ok(())
                })?;
            }
        }
        fs::remove_dir_all(source)?;
        Ok(())
    }

    /// (c).
    pub(crate) fn large_file(&self, report: &mut Report) -> Result<()> {
        let size = self.sizes.large_bytes;
        let (source, back) = (self.scratch.join("large"), self.scratch.join("back"));
        make_file(&source, size, 1)?;
        let emulator = self.emulator(&[])?;
        self.in_turn(
            "one large file",
            self.sizes.long_rounds,
            |program, round| {
                let remote = format!("koofr:{}-{round}.bin", program.key);
                let run = Run {
                    bench: self,
                    emulator: &emulator,
                    program,
                };
                let up = run.measured(&["copyto", text(&source)?, &remote])?;
                report.record(
                    &format!("(c) one file of {} MiB up", size / MIB),
                    program,
                    up,
                );
                let down = run.measured(&["copyto", &remote, text(&back)?])?;
                report.record(
                    &format!("(c) one file of {} MiB down", size / MIB),
                    program,
                    down,
                );
                expect_same(&source, &back)?;
                fs::remove_file(&back)?;
                run.output(&["deletefile", &remote]).map(drop)
            },
        )?;
        fs::remove_file(source)?;
        Ok(())
    }

    /// (d), and how the memory of our program grows with what it lists.
    pub(crate) fn listing(&self, report: &mut Report) -> Result<()> {
        const LIST: [&str; 4] = ["lsjson", "-R", "--hash", "koofr:tree"];
        let emulator = self.tree()?;
        let what = format!(
            "{} entries in {} folders",
            self.sizes.tree, self.sizes.tree_folders
        );
        self.in_turn("listing", self.sizes.long_rounds, |program, round| {
            let run = Run {
                bench: self,
                emulator: &emulator,
                program,
            };
            report.record(&format!("(d) list {what}"), program, run.measured(&LIST)?);
            match round {
                0 => run.expect_lines(&LIST, self.sizes.tree),
                _ => Ok(()),
            }
        })?;
        let program = &self.programs.ours;
        let run = Run {
            bench: self,
            emulator: &emulator,
            program,
        };
        let one = self.scratch.join("one");
        make_file(&one, 1, 1)?;
        run.output(&["copyto", text(&one)?, "koofr:one/one"])?;
        let few = run.measured(&["lsjson", "-R", "--hash", "koofr:one"])?;
        let many = run.measured(&LIST)?;
        report.note(format!(
            "Memory of our program: {:.1} MiB at most when it lists {what}, {:.1} MiB when it lists 1 entry: {:.1} MiB more.",
            mib(many.measurement.peak),
            mib(few.measurement.peak),
            mib(many.measurement.peak) - mib(few.measurement.peak),
        ));
        Ok(())
    }

    /// (e).
    pub(crate) fn purge(&self, report: &mut Report) -> Result<()> {
        let what = format!(
            "{} entries in {} folders",
            self.sizes.tree, self.sizes.tree_folders
        );
        self.in_turn("purge", 1, |program, _round| {
            let emulator = self.tree()?;
            let run = Run {
                bench: self,
                emulator: &emulator,
                program,
            };
            let purge = run.measured(&["purge", "koofr:tree"])?;
            report.record(&format!("(e) purge {what}"), program, purge);
            match run
                .by_the_other()
                .output(&["lsjson", "koofr:"])?
                .contains("\"tree\"")
            {
                true => Err(format!("{} left the tree there", program.label).into()),
                false => Ok(()),
            }
        })
    }

    fn tree(&self) -> Result<Emulator> {
        self.emulator(&[
            "--koofr-tree".to_owned(),
            self.sizes.tree.to_string(),
            "--koofr-folders".to_owned(),
            self.sizes.tree_folders.to_string(),
        ])
    }

    fn emulator(&self, arguments: &[String]) -> Result<Emulator> {
        Emulator::start(&self.programs.emulator, &self.scratch, arguments)
    }

    /// Lets both programs do the same, `rounds` times, each time the other one first.
    fn in_turn(
        &self,
        what: &str,
        rounds: usize,
        mut once: impl FnMut(&Contender, usize) -> Result<()>,
    ) -> Result<()> {
        let mut programs = [&self.programs.ours, &self.programs.rclone];
        for round in 0..rounds {
            for program in programs {
                eprintln!("{what}: round {} of {rounds}, {}", round + 1, program.label);
                once(program, round)?;
            }
            programs.reverse();
        }
        Ok(())
    }
}

/// One program against one emulator.
#[derive(Clone, Copy, Debug)]
struct Run<'a> {
    bench: &'a Bench,
    emulator: &'a Emulator,
    program: &'a Contender,
}

#[derive(Debug, Deserialize)]
struct Size {
    count: u64,
    bytes: u64,
}

impl Run<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self
            .program
            .command(&self.emulator.config, &self.bench.scratch);
        command.args(arguments);
        command
    }

    fn measured(&self, arguments: &[&str]) -> Result<Sample> {
        self.emulator.clear_requests()?;
        let before = self.emulator.cpu()?;
        let command = self.command(arguments);
        let measurement = Measurement::of(&command, &self.bench.scratch, Stdio::null())?;
        Ok(Sample {
            requests: self.emulator.count_requests()?,
            measurement,
            server_cpu: self.emulator.cpu()?.saturating_sub(before),
        })
    }

    fn output(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments).stdin(Stdio::null()).output()?;
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout)?),
            false => Err(format!(
                "{} {arguments:?}: {}",
                self.program.label,
                String::from_utf8_lossy(&output.stderr)
            )
            .into()),
        }
    }

    fn by_the_other(&self) -> Self {
        let programs = &self.bench.programs;
        let other = match self.program.key == programs.ours.key {
            true => &programs.rclone,
            false => &programs.ours,
        };
        Self {
            program: other,
            ..*self
        }
    }

    fn expect_size(&self, remote: &str, count: u64, bytes: u64) -> Result<()> {
        let size: Size = serde_json::from_str(&self.output(&["size", "--json", remote])?)?;
        match (size.count, size.bytes) == (count, bytes) {
            true => Ok(()),
            false => {
                Err(format!("{remote} should hold {count} files of {bytes} bytes: {size:?}").into())
            }
        }
    }

    /// Both programs print an entry on a line, between two lines with a bracket.
    fn expect_lines(&self, arguments: &[&str], entries: u64) -> Result<()> {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut count = 0;
        if let Some(stdout) = child.stdout.take() {
            let mut reader = BufReader::with_capacity(1 << 20, stdout);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line)? > 0 {
                count += u64::from(line.starts_with(b"{"));
                line.clear();
            }
        }
        match child.wait()?.success() && count == entries {
            true => Ok(()),
            false => {
                Err(format!("{} listed {count} of {entries} entries", self.program.label).into())
            }
        }
    }
}

fn expect_same(left: &Path, right: &Path) -> Result<()> {
    let (mut a, mut b) = (
        BufReader::with_capacity(1 << 20, File::open(left)?),
        BufReader::with_capacity(1 << 20, File::open(right)?),
    );
    loop {
        let (x, y) = (a.fill_buf()?, b.fill_buf()?);
        let count = x.len().min(y.len());
        if count == 0 {
            return match x.is_empty() && y.is_empty() {
                true => Ok(()),
                false => Err(format!("{} has another length", right.display()).into()),
            };
        }
        if x.get(..count) != y.get(..count) {
            return Err(format!("{} has another content", right.display()).into());
        }
        a.consume(count);
        b.consume(count);
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .ok_or_else(|| "the temporary folder has a name that is not text".into())
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB as f64
}
