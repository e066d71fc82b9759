//! Programs as child processes.

use std::{
    env,
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::OnceLock,
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
    time::timeout,
};

/// No command of these tests takes longer than a few seconds, also on a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// A program to compare.
#[expect(clippy::exhaustive_enums, reason = "tests match on all of them")]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Program {
    /// rclone as Debian 12 and 13 have it.
    Rclone160,
    /// The newer rclone.
    Rclone175,
    /// The example `remote` of this repository.
    Ours,
}

/// Both versions of rclone.
pub const RCLONES: [Program; 2] = [Program::Rclone160, Program::Rclone175];

/// Everybody.
pub const ALL: [Program; 3] = [Program::Rclone160, Program::Rclone175, Program::Ours];

impl Program {
    /// Whether it is an rclone.
    #[must_use]
    pub fn is_rclone(self) -> bool {
        self != Self::Ours
    }

    /// Where it is. Our own program is built first.
    #[must_use]
    pub fn path(self) -> PathBuf {
        match self {
            Self::Rclone160 => installed("rclone-1.60.1"),
            Self::Rclone175 => installed("rclone-1.75.2"),
            Self::Ours => ours().to_owned(),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rclone160 => "rclone 1.60.1",
            Self::Rclone175 => "rclone 1.75.2",
            Self::Ours => "remote",
        })
    }
}

/// The folder of the programs that `install.sh` brings.
#[must_use]
pub fn interop_dir() -> PathBuf {
    env::var_os("INTEROP_DIR").map_or_else(|| root().join("target/interop"), PathBuf::from)
}

/// The root of the repository.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package lies below the root")
}

fn installed(name: &str) -> PathBuf {
    let path = interop_dir().join(name);
    assert!(
        path.is_file(),
        "there is no {}: run tests/interop/install.sh first (INTEROP_DIR names another folder)",
        path.display()
    );
    path
}

/// The example `remote`, built once per process.
fn ours() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| example("remote"))
}

/// Builds an example next to this test; usually there is nothing left to build.
///
/// # Panics
///
/// If it does not build.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    // A test is at target/<profile>/deps/<name>.
    let test = env::current_exe().expect("this test has a path");
    let profile = test
        .ancestors()
        .nth(2)
        .expect("tests lie below the profile's folder");
    let mut build = std::process::Command::new(env!("CARGO"));
    build
        .args(["build", "--quiet", "--package", "examples", "--example"])
        .arg(name)
        .env("CARGO_TARGET_DIR", profile.parent().unwrap_or(profile))
        .current_dir(root());
    if profile.ends_with("release") {
        build.arg("--release");
    }
    let status = build.status().expect("cargo runs");
    assert!(status.success(), "the example `{name}` does not build");
    profile.join("examples").join(name)
}

/// How a program ended and what it said.
#[derive(Clone)]
pub struct Output {
    what: String,
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// Standard output as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap_or_else(|_| panic!("{self:?}: not text"))
    }

    /// Standard output as lines, sorted: the order of listings is nobody's promise.
    #[must_use]
    pub fn sorted_lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.text().lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    /// Standard output as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("{self:?}: not JSON: {error}"))
    }

    /// The same, for programs that must succeed.
    pub fn success(self) -> Self {
        self.exit_code(0)
    }

    /// The same, for programs that must end with this code.
    pub fn exit_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// The same, for programs that must tell this on standard error.
    pub fn says(self, word: &str) -> Self {
        assert!(
            self.stderr.contains(word),
            "{self:?}: does not say {word:?}"
        );
        self
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stdout = String::from_utf8_lossy(&self.stdout);
        write!(f, "{} ended with {:?}", self.what, self.code)?;
        write!(
            f,
            "\n--- stdout\n{stdout}\n--- stderr\n{}\n---",
            self.stderr
        )
    }
}

/// A program with a configuration file and a home of its own.
#[derive(Clone, Debug)]
pub struct Tool {
    /// Which one.
    pub program: Program,
    config: PathBuf,
    home: PathBuf,
    variables: Vec<(String, String)>,
}

impl Tool {
    /// A program that finds nothing but this configuration file and this folder.
    #[must_use]
    pub fn new(program: Program, config: &Path, home: &Path) -> Self {
        Self {
            program,
            config: config.to_owned(),
            home: home.to_owned(),
            variables: Vec::new(),
        }
    }

    /// The same program with another environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The command, not started: an empty environment, no input, one try where the program tries more often.
    #[must_use]
    pub fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(env::split_paths(&path).chain([interop_dir()]))
            .expect("folders in PATH hold no separator");
        let mut command = Command::new(self.program.path());
        command
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", path)
            .env("TMPDIR", &self.home)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.home)
            .arg("--config")
            .arg(&self.config);
        if self.program.is_rclone() {
            command
                .args(["--retries", "1", "--cache-dir"])
                .arg(self.home.join("cache"));
        }
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs the program to its end.
    pub async fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
        let command = self.command(arguments);
        self.finish(command, &[]).await
    }

    /// Runs the program to its end with this on its standard input.
    pub async fn feed(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        input: &[u8],
    ) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped());
        self.finish(command, input).await
    }

    async fn finish(&self, mut command: Command, input: &[u8]) -> Output {
        let what = format!("{:?}", command.as_std());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        let stdin = child.stdin.take();
        let write = async {
            if let Some(mut stdin) = stdin {
                // A program that ends early does not read everything.
                drop(stdin.write_all(input).await);
            }
        };
        let both = async { tokio::join!(write, child.wait_with_output()).1 };
        let output = timeout(TIME_LIMIT, both)
            .await
            .unwrap_or_else(|_| panic!("{what}: still runs after {TIME_LIMIT:?}"))
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        Output {
            what,
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts the program and leaves it running; it ends when the value is dropped.
    #[must_use]
    pub fn start(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::inherit());
        command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.program))
    }
}
