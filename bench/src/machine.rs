//! What the numbers were measured on.

use std::{fs, process::Command, thread};

use crate::{Result, workspace};

/// Date, processor, memory, kernel and our version, one line each.
pub(crate) fn describe() -> Result<Vec<String>> {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d");
    Ok(vec![
        format!("Measured on {date} (UTC)"),
        format!(
            "Machine: {} cores ({}), {} GiB of memory, Linux {}",
            thread::available_parallelism()?,
            field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
            memory_gib(),
            kernel(),
        ),
        format!("This project: {}{}", env!("CARGO_PKG_VERSION"), revision(),),
    ])
}

/// The text behind the first line that begins with `name` and a colon.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory_gib() -> String {
    field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.trim_end_matches(" kB").trim().parse::<u64>().ok())
        .map_or_else(|| "?".to_owned(), |kib| (kib >> 20).to_string())
}

fn kernel() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease")
        .map_or_else(|_| "?".to_owned(), |text| text.trim().to_owned())
}

/// The commit, where the sources come with their history.
fn revision() -> String {
    let output = Command::new("git")
        .args(["rev-parse", "--short", "HEAD"])
        .current_dir(workspace())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            format!(" ({})", String::from_utf8_lossy(&output.stdout).trim())
        }
        _ => String::new(),
    }
}
