//! The emulator as a program of its own, so that its CPU time is its own too.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, SysconfVar, sysconf},
};
use serde::Deserialize;

use crate::{Result, admin};

/// A running emulator, stopped when dropped.
#[derive(Debug)]
pub(crate) struct Emulator {
    process: Child,
    address: String,
    /// Describes a remote `koofr:` for both programs.
    pub(crate) config: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Addresses {
    koofr: String,
}

impl Emulator {
    /// Starts the program with an empty account and more arguments.
    pub(crate) fn start(program: &Path, scratch: &Path, arguments: &[String]) -> Result<Self> {
        let config = scratch.join("rclone.conf");
        let mut process = Command::new(program)
            .args(["--koofr", "127.0.0.1:0", "--write-config"])
            .arg(&config)
            .args(arguments)
            .env("TMPDIR", scratch)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let mut emulator = Self {
            process,
            address: String::new(),
            config,
        };
        let addresses: Addresses = serde_json::from_str(&line)
            .map_err(|error| format!("the emulator did not say where it is: {error}"))?;
        emulator.address = addresses
            .koofr
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        Ok(emulator)
    }

    /// See [`admin::count_requests`].
    pub(crate) fn count_requests(&self) -> Result<u64> {
        admin::count_requests(&self.address)
    }

    /// See [`admin::clear_requests`].
    pub(crate) fn clear_requests(&self) -> Result<()> {
        admin::clear_requests(&self.address)
    }

    /// CPU time of all threads so far, in steps of the kernel's clock (usually 10 ms).
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The second field is a name in parentheses that may contain anything; utime and stime are fields 14 and 15.
        let (_, fields) = stat.rsplit_once(')').ok_or("/proc/PID/stat has no name")?;
        let ticks: u64 = fields
            .split_ascii_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse::<u64>)
            .sum::<Result<u64, _>>()?;
        let per_second = sysconf(SysconfVar::CLK_TCK)?.ok_or("the kernel has no clock ticks")?;
        Ok(Duration::from_millis(
            ticks * 1000 / u64::try_from(per_second)?,
        ))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Asked politely it removes its temporary files.
        let asked = i32::try_from(self.process.id())
            .is_ok_and(|pid| kill(Pid::from_raw(pid), Signal::SIGTERM).is_ok());
        if !asked && let Err(error) = self.process.kill() {
            eprintln!("the emulator goes on: {error}");
        }
        if let Err(error) = self.process.wait() {
            eprintln!("the emulator goes on: {error}");
        }
    }
}
