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
    time::Instant,
};

use serde::Deserialize;

use crate::{
    Result,
    emulator::Emulator,
    files::{make_file, make_tree},
    measure::{Measurement, TimeLimit},
    program::{Contender, Programs},
    report::{Report, Sample},
    service::{Service, Sizes, Tree},
};

const MIB: u64 = 1 << 20;

/// Round-trip times in milliseconds.
const ROUND_TRIPS: [u64; 2] = [0, 50];

/// All measurements, over two programs and an emulator of one service.
#[derive(Debug)]
pub(crate) struct Bench<'p> {
    programs: &'p Programs,
    service: Service,
    scratch: PathBuf,
    sizes: Sizes,
    started: Instant,
}

impl<'p> Bench<'p> {
    pub(crate) fn new(
        programs: &'p Programs,
        service: Service,
        scratch: &Path,
        quick: bool,
    ) -> Self {
        Self {
            programs,
            service,
            scratch: scratch.to_owned(),
            sizes: service.sizes(quick),
            started: Instant::now(),
        }
    }

    /// (a), (b) and the removal of what they made.
    pub(crate) fn small_files(&self, report: &mut Report) -> Result<()> {
        let sizes = &self.sizes;
        for round_trip in ROUND_TRIPS {
            let emulator = self.emulator(&["--rtt".to_owned(), format!("{round_trip}ms")])?;
            let rounds = match round_trip {
                0 => sizes.rounds,
                _ => sizes.distant_rounds,
            };
            for &(transfers, checkers) in sizes.concurrency {
                let setting =
                    format!("{round_trip} ms, {transfers} transfers, {checkers} checkers");
                self.in_turn(&setting, rounds, |program, round| {
                    let run = Run {
                        bench: self,
                        emulator: &emulator,
                        program,
                    };
                    let name = format!("{}-{transfers}-{round}", program.key);
                    let transfers = transfers.to_string();
                    let checkers = checkers.to_string();
                    let flags = ["--transfers", &transfers, "--checkers", &checkers];
                    let setting = Setting {
                        text: &setting,
                        round_trip,
                        flags,
                    };
                    run.small_files(report, &name, &setting)
                })?;
            }
        }
        Ok(())
    }

    /// (c).
    pub(crate) fn large_file(&self, report: &mut Report) -> Result<()> {
        let emulator = self.emulator(&[])?;
        let mut seed = 0;
        self.in_turn(
            "one large file",
            self.sizes.large_rounds,
            |program, round| {
                let run = Run {
                    bench: self,
                    emulator: &emulator,
                    program,
                };
                // Another content each time: a service may know the one before.
                seed += 1;
                run.large_file(report, &format!("{}-{round}", program.key), seed)
            },
        )
    }

    /// (d), and how the memory of our program grows with what it lists.
    pub(crate) fn listing(&self, report: &mut Report) -> Result<()> {
        let tree = self.at("tree");
        let list = ["lsjson", "-R", "--hash", &tree];
        let emulator = self.tree(self.sizes.tree)?;
        self.in_turn("listing", self.sizes.list_rounds, |program, round| {
            let run = Run {
                bench: self,
                emulator: &emulator,
                program,
            };
            run.record(report, &format!("(d) list {}", self.sizes.tree), &list)?;
            match round {
                0 => run.expect_lines(&list, self.sizes.tree.entries),
                _ => Ok(()),
            }
        })?;
        self.memory(report)
    }

    fn memory(&self, report: &mut Report) -> Result<()> {
        let program = &self.programs.ours;
        let peak = |tree: Tree| -> Result<f64> {
            self.progress(&format!("memory when it lists {tree}"), program);
            let emulator = self.tree(tree)?;
            let run = Run {
                bench: self,
                emulator: &emulator,
                program,
            };
            let sample = run.measured(&["lsjson", "-R", "--hash", &self.at("tree")])?;
            Ok(mib(sample.measurement.peak))
        };
        let few = peak(Tree::new(2, 1))?;
        for tree in self.sizes.memory_trees {
            let many = peak(*tree)?;
            report.note(format!(
                "Memory of our program: {many:.1} MiB at most when it lists {tree}, {few:.1} MiB when it lists 2 entries: {:.1} MiB more.",
                many - few,
            ));
        }
        Ok(())
    }

    /// (e).
    pub(crate) fn purge(&self, report: &mut Report) -> Result<()> {
        self.in_turn("purge", 1, |program, _round| {
            let emulator = self.tree(self.sizes.tree)?;
            let run = Run {
                bench: self,
                emulator: &emulator,
                program,
            };
            let title = format!("(e) purge {}", self.sizes.tree);
            run.record(report, &title, &["purge", &self.at("tree")])?;
            match run
                .by_the_other()
                .output(&["lsjson", &self.at("")])?
                .contains("\"tree\"")
            {
                true => Err(format!("{} left the tree there", program.label).into()),
                false => Ok(()),
            }
        })
    }

    fn tree(&self, tree: Tree) -> Result<Emulator> {
        self.emulator(&self.service.tree(tree))
    }

    fn emulator(&self, arguments: &[String]) -> Result<Emulator> {
        let program = &self.programs.emulator;
        Emulator::start(program, &self.scratch, self.service, arguments)
    }

    /// A path on the service.
    fn at(&self, path: &str) -> String {
        format!("{}:{path}", self.service.remote())
    }

    /// Tells whoever waits what is going on.
    fn progress(&self, what: &str, program: &Contender) {
        let seconds = self.started.elapsed().as_secs();
        eprintln!(
            "{seconds:>4} s  {}, {what}, {}",
            self.service, program.label
        );
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
                self.progress(&format!("{what}: round {} of {rounds}", round + 1), program);
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
    bench: &'a Bench<'a>,
    emulator: &'a Emulator,
    program: &'a Contender,
}

/// Under which conditions many small files are copied.
#[derive(Debug)]
struct Setting<'a> {
    /// For people.
    text: &'a str,
    round_trip: u64,
    flags: [&'a str; 4],
}

#[derive(Debug, Deserialize)]
struct Size {
    count: u64,
    bytes: u64,
}

impl Run<'_> {
    /// Copies many small files of contents of their own, copies them again, and removes them.
    fn small_files(&self, report: &mut Report, name: &str, setting: &Setting<'_>) -> Result<()> {
        let (bench, sizes) = (self.bench, &self.bench.sizes);
        let source = bench.scratch.join("small");
        make_tree(&source, sizes.files, sizes.folders, sizes.file_bytes, name)?;
        let target = bench.at(name);
        let mut copy = vec!["copy", text(&source)?, &target];
        copy.extend(setting.flags);
        let what = format!(
            "copy {} files of 2 KiB in {} folders",
            sizes.files, sizes.folders
        );
        self.record(report, &format!("(a) {what}; {}", setting.text), &copy)?;
        self.by_the_other()
            .expect_size(&target, sizes.files, sizes.files * sizes.file_bytes)?;
        let title = format!("(b) the same again; {}", setting.text);
        self.record(report, &title, &copy)?;
        let title = format!("purge what (a) made; {} ms", setting.round_trip);
        self.record(report, &title, &["purge", &target])?;
        fs::remove_dir_all(source)?;
        Ok(())
    }

    /// Copies a large file there and back, and once more under another name if the service makes a difference.
    fn large_file(&self, report: &mut Report, name: &str, seed: u64) -> Result<()> {
        let (bench, size) = (self.bench, self.bench.sizes.large_bytes);
        let (source, back) = (bench.scratch.join("large"), bench.scratch.join("back"));
        make_file(&source, size, seed)?;
        let remote = bench.at(&format!("{name}.bin"));
        let what = format!("(c) one file of {} MiB", size / MIB);
        let up = ["copyto", text(&source)?, &remote];
        self.record(report, &format!("{what} up"), &up)?;
        if bench.service.knows_contents() {
            let again = bench.at(&format!("{name}-again.bin"));
            let title = format!("{what} again under another name");
            self.record(report, &title, &["copyto", text(&source)?, &again])?;
            self.by_the_other().expect_size(&again, 1, size)?;
        }
        let down = ["copyto", &remote, text(&back)?];
        self.record(report, &format!("{what} down"), &down)?;
        expect_same(&source, &back)?;
        fs::remove_file(&back)?;
        fs::remove_file(&source)?;
        self.output(&["deletefile", &remote]).map(drop)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self
            .program
            .command(&self.emulator.config, &self.bench.scratch);
        command
            .envs(
                self.emulator
                    .environment
                    .iter()
                    .map(|(key, value)| (key, value)),
            )
            .args(arguments);
        command
    }

    /// Measures for the row `title`, and tells whoever waits.
    fn record(&self, report: &mut Report, title: &str, arguments: &[&str]) -> Result<()> {
        let sample = self.measured(arguments)?;
        eprintln!("        {title}: {sample}");
        report.record(title, self.program, sample);
        Ok(())
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
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn()?;
        let _limit = TimeLimit::of(&child)?;
        let output = child.wait_with_output()?;
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
        let programs = self.bench.programs;
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
        let _limit = TimeLimit::of(&child)?;
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
