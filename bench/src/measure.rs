//! What one run of a program uses.
//!
//! A program is started by a second instance of this one, which does nothing else: then the resource usage of that instance's children
//! is exactly that of the program, and its peak memory is not mixed up with that of an earlier or larger one.

use std::{
    env,
    ffi::OsString,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::{
        resource::{UsageWho, getrusage},
        signal::{Signal, kill},
        time::TimeVal,
    },
    unistd::Pid,
};
use serde::{Deserialize, Serialize};

use crate::Result;

/// A program that runs longer than this hangs; the slowest measurement takes about a minute.
const LONGEST_RUN: Duration = Duration::from_secs(5 * 60);

/// What one run of a program used.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Measurement {
    /// From start to end.
    pub(crate) wall: Duration,
    /// In user and kernel mode, all threads.
    pub(crate) cpu: Duration,
    /// The most memory that was resident at once, in bytes.
    pub(crate) peak: u64,
}

impl Measurement {
    /// Runs a program to its end through an instance of this program; what it prints goes to `stdout`.
    ///
    /// # Errors
    ///
    /// If the program fails; its last words are in the text.
    pub(crate) fn of(program: &Command, scratch: &Path, stdout: Stdio) -> Result<Self> {
        let report = scratch.join("measurement.json");
        let mut helper = Command::new(env::current_exe()?);
        helper
            .arg("__measure")
            .arg(&report)
            .arg("--")
            .arg(program.get_program())
            .args(program.get_args())
            .env_clear()
            .envs(
                program
                    .get_envs()
                    .filter_map(|(key, value)| Some((key, value?))),
            )
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped());
        let output = helper.spawn()?.wait_with_output()?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{program:?} failed: {}", words.trim_end()).into());
        }
        Ok(serde_json::from_slice(&fs::read(report)?)?)
    }

    /// Runs a program as the only child of this process and writes what it used to `report`.
    ///
    /// # Errors
    ///
    /// If the program cannot be started, fails, or takes too long.
    pub(crate) fn of_child(report: &Path, command: &[OsString]) -> Result<()> {
        let (program, arguments) = command.split_first().ok_or("there is no program to run")?;
        let start = Instant::now();
        let mut child = Command::new(program).args(arguments).spawn()?;
        let limit = TimeLimit::of(&child)?;
        let status = child.wait()?;
        let wall = start.elapsed();
        drop(limit);
        if !status.success() {
            return Err(status.to_string().into());
        }
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
        let measurement = Self {
            wall,
            cpu: duration(usage.user_time())? + duration(usage.system_time())?,
            // Linux counts in KiB.
            peak: u64::try_from(usage.max_rss())? * 1024,
        };
        fs::write(report, serde_json::to_vec(&measurement)?)?;
        Ok(())
    }
}

/// Kills a program that runs for [`LONGEST_RUN`], unless it is dropped before: after the program has ended.
#[derive(Debug)]
pub(crate) struct TimeLimit {
    _ended: mpsc::Sender<()>,
}

impl TimeLimit {
    pub(crate) fn of(child: &Child) -> Result<Self> {
        let (ended, end) = mpsc::channel();
        let pid = Pid::from_raw(i32::try_from(child.id())?);
        thread::spawn(move || {
            let waited = end.recv_timeout(LONGEST_RUN);
            if waited == Err(mpsc::RecvTimeoutError::Timeout) && kill(pid, Signal::SIGKILL).is_ok()
            {
                eprintln!("stopped after {} s", LONGEST_RUN.as_secs());
            }
        });
        Ok(Self { _ended: ended })
    }
}

fn duration(time: TimeVal) -> Result<Duration> {
    let seconds = u64::try_from(time.tv_sec())?;
    let micros = u64::try_from(time.tv_usec())?;
    Ok(Duration::from_secs(seconds) + Duration::from_micros(micros))
}
