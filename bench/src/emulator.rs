//! The emulator as a program of its own, so that its CPU time is its own too.

use std::{
    collections::BTreeMap,
    ffi::OsString,
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

use crate::{Result, admin, service::Service};

/// A running emulator, stopped when dropped.
#[derive(Debug)]
pub(crate) struct Emulator {
    process: Child,
    address: String,
    /// Describes the service's remote for both programs.
    pub(crate) config: PathBuf,
    /// What both programs need in their environment to reach the service.
    pub(crate) environment: Vec<(&'static str, OsString)>,
}

impl Emulator {
    /// Starts the program with an empty account of a service and more arguments.
    pub(crate) fn start(
        program: &Path,
        scratch: &Path,
        service: Service,
        arguments: &[String],
    ) -> Result<Self> {
        let config = scratch.join("rclone.conf");
        let authority = scratch.join("ca.pem");
        let mut command = Command::new(program);
        command
            .args(["--koofr", "127.0.0.1:0", "--write-config"])
            .arg(&config)
            .args(service.served(&authority))
            .args(arguments)
            .env("TMPDIR", scratch)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let mut emulator = Self {
            process,
            address: String::new(),
            config,
            environment: Vec::new(),
        };
        let addresses: BTreeMap<String, String> = serde_json::from_str(&line)
            .map_err(|error| format!("the emulator did not say where it is: {error}"))?;
        let address = addresses
            .get(service.remote())
            .ok_or_else(|| format!("the emulator serves no {service}"))?;
        if service.is_behind_proxy() {
            let proxy = addresses.get("proxy").ok_or("the emulator runs no proxy")?;
            forget_plain_addresses(&emulator.config, service)?;
            emulator.environment = vec![
                ("HTTPS_PROXY", proxy.into()),
                // The one certificate that counts, for us and for rclone.
                ("SSL_CERT_FILE", authority.clone().into()),
                ("RCLONE_CA_CERT", authority.into()),
            ];
        }
        emulator.address = address
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

/// Lets our program take the way through the proxy that rclone has to take: the same encryption for both.
fn forget_plain_addresses(config: &Path, service: Service) -> Result<()> {
    let text = fs::read_to_string(config)?;
    let kept = text.lines().filter(|line| {
        let key = line.split('=').next().unwrap_or_default().trim();
        !service.plain_addresses().contains(&key)
    });
    let text: String = kept.map(|line| format!("{line}\n")).collect();
    Ok(fs::write(config, text)?)
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
