//! Mounts by rclone, where this machine allows them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tokio::{
    process::Child,
    time::{Instant, sleep},
};

use crate::interop::tool::interop_dir;

const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Whether this machine lets us mount: by trying.
///
/// # Errors
///
/// Why not.
pub fn can_mount() -> Result<(), String> {
    File::options()
        .read(true)
        .write(true)
        .open("/dev/fuse")
        .map_err(|error| format!("/dev/fuse: {error}"))?;
    Command::new(fusermount())
        .arg("--version")
        .output()
        .map(drop)
        .map_err(|error| format!("fusermount3: {error}"))?;
    match Command::new("unshare").args(["--mount", "true"]).status() {
        Ok(status) if status.success() => Ok(()),
        _ => Err("this user may not mount".to_owned()),
    }
}

fn fusermount() -> PathBuf {
    let brought = interop_dir().join("fusermount3");
    match brought.exists() {
        true => brought,
        false => "fusermount3".into(),
    }
}

/// A folder to mount on, which is left unmounted whatever happens.
#[derive(Debug)]
pub struct Mount {
    path: PathBuf,
}

impl Mount {
    /// Makes the folder.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        fs::create_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path }
    }

    fn is_mounted(&self) -> bool {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let path = self.path.to_string_lossy();
        mounts
            .lines()
            .any(|line| line.split(' ').nth(4) == Some(path.as_ref()))
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until the program has mounted something there.
    pub async fn wait(&self, server: &mut Child) {
        let deadline = Instant::now() + TIME_LIMIT;
        while !self.is_mounted() {
            let ended = server.try_wait();
            assert!(matches!(ended, Ok(None)), "the mount has ended: {ended:?}");
            assert!(Instant::now() < deadline, "nothing is mounted");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Mount {
    #[expect(clippy::print_stderr, reason = "a test may be panicking already")]
    fn drop(&mut self) {
        if self.is_mounted() {
            let left = Command::new(fusermount())
                .arg("-uz")
                .arg(&self.path)
                .status();
            if !left.is_ok_and(|status| status.success()) {
                eprintln!("{} stays mounted", self.path.display());
            }
        }
    }
}
