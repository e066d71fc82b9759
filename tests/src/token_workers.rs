//! Processes that share a token in a configuration file.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use remote_config::{store::Store, token::FileTokenStore};
use remote_core::auth::{Token, TokenStore as _};
use remote_emulator::{
    Emulator,
    identity::{IdentityConfig, IdentityHandle, IssuedTokens},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// Nothing here takes long; what hangs fails instead.
const DEADLINE: Duration = Duration::from_secs(120);

const REALM: &str = "jottacloud";
const CLIENT: &str = "jottacli";
const SECTION: &str = "jotta";

/// What a worker is told when it starts.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The configuration file.
    pub config: PathBuf,
    /// The section of the remote.
    pub section: String,
    /// Where tokens are renewed.
    pub token_url: String,
    /// Where tokens are used.
    pub userinfo_url: String,
    /// The client the token was issued to.
    pub client_id: String,
    /// How many tasks use the token at once.
    pub tasks: usize,
}

impl Setup {
    /// Reads the command line; nothing if it is another one.
    pub fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        Some(Self {
            config: arguments.next()?.into(),
            section: arguments.next()?,
            token_url: arguments.next()?,
            userinfo_url: arguments.next()?,
            client_id: arguments.next()?,
            tasks: arguments.next()?.parse().ok()?,
        })
    }

    fn arguments(&self) -> [String; 6] {
        [
            self.config.display().to_string(),
            self.section.clone(),
            self.token_url.clone(),
            self.userinfo_url.clone(),
            self.client_id.clone(),
            self.tasks.to_string(),
        ]
    }
}

/// An emulator and a configuration file with a token of it.
#[derive(Debug)]
pub struct SharedToken {
    emulator: Emulator,
    dir: TempDir,
    ahead: Duration,
    program: PathBuf,
    tasks: usize,
}

impl SharedToken {
    /// Signs in and writes the file. Workers run `program` with so many tasks.
    ///
    /// # Panics
    ///
    /// If one of them cannot be made.
    pub async fn new(program: impl Into<PathBuf>, tasks: usize) -> Self {
        let emulator = Emulator::builder().identity(IdentityConfig::default());
        let emulator = emulator.start().await.expect("an emulator");
        let dir = tempfile::tempdir().expect("a directory");
        let this = Self {
            emulator,
            dir,
            ahead: Duration::ZERO,
            program: program.into(),
            tasks,
        };
        let text = format!("# shared\n[other]\nx = 1\n\n[{SECTION}]\ntype = jottacloud\ntoken =\n");
        std::fs::write(this.config(), text).expect("the file can be written");
        this.sign_in().await;
        this
    }

    /// The service.
    pub fn identity(&self) -> &IdentityHandle {
        self.emulator.identity()
    }

    /// The configuration file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.dir.path().join("rclone.conf")
    }

    /// Signs in anew and puts the token into the file.
    ///
    /// # Panics
    ///
    /// If it cannot be put there.
    pub async fn sign_in(&self) -> IssuedTokens {
        let issued = self.identity().sign_in(REALM, CLIENT);
        let issued = issued.expect("the realm is there");
        let lifetime = Duration::from_secs(issued.expires_in);
        let token = Token::new(issued.access_token.as_str())
            .with_refresh_token(issued.refresh_token.as_str())
            .with_expires_in(lifetime, std::time::SystemTime::now() + self.ahead);
        self.store()
            .save(&token)
            .await
            .expect("the token can be saved");
        issued
    }

    /// The token in the file.
    #[must_use]
    pub fn store(&self) -> FileTokenStore {
        FileTokenStore::new(Store::at(self.config()), SECTION)
    }

    /// Whether the refresh token in the file is the one the service would accept.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn is_current(&self) -> bool {
        let token = self.store().load().await.expect("the file can be read");
        let refresh = token.and_then(|token| token.refresh_token);
        let refresh = refresh.expect("there is a refresh token");
        self.identity().is_current(refresh.expose())
    }

    /// Moves the clock of the service, and of the workers with the next round, so that all access tokens end.
    pub fn expire(&mut self) {
        let by = Duration::from_secs(3600);
        self.ahead += by;
        self.emulator.clock().advance(by);
    }

    /// Starts a process.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start(&self) -> Worker {
        let setup = Setup {
            config: self.config(),
            section: SECTION.to_owned(),
            token_url: self.identity().token_url(REALM),
            userinfo_url: self.identity().userinfo_url(REALM),
            client_id: CLIENT.to_owned(),
            tasks: self.tasks,
        };
        Worker::start(&self.program, &setup)
    }

    /// Tells a worker to begin a round.
    ///
    /// # Panics
    ///
    /// If it has ended.
    pub async fn begin(&self, worker: &mut Worker, name: &str) {
        worker.begin(name, self.ahead).await;
    }
}

/// A running process; killed when dropped.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

/// How a round went.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "of these tests only")]
pub enum Outcome {
    /// Every task used a valid token.
    Done,
    /// One of them could not, for this reason.
    Failed(String),
    /// The process has ended before it could say.
    Gone,
}

impl Worker {
    /// Starts the program.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn start(program: &Path, setup: &Setup) -> Self {
        let mut child = Command::new(program)
            .args(setup.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let input = child.stdin.take().expect("it is piped");
        let output = child.stdout.take().expect("it is piped");
        Self {
            child,
            input,
            output: BufReader::new(output).lines(),
        }
    }

    /// Tells it to begin a round, with its clock ahead by so much.
    ///
    /// # Panics
    ///
    /// If it has ended.
    pub async fn begin(&mut self, name: &str, ahead: Duration) {
        let line = format!("{name} {}\n", ahead.as_secs());
        let told = async {
            self.input.write_all(line.as_bytes()).await?;
            self.input.flush().await
        };
        told.await.expect("the worker listens");
    }

    /// Waits until the round of this name has ended.
    ///
    /// # Panics
    ///
    /// If that takes too long, or another round is reported.
    pub async fn outcome(&mut self, name: &str) -> Outcome {
        let line = timeout(DEADLINE, self.output.next_line()).await;
        let line = line.expect("the worker answers in time");
        let Ok(Some(line)) = line else {
            return Outcome::Gone;
        };
        let rest = line.strip_prefix(name).map(str::trim);
        match rest.expect("the answer is about this round") {
            "done" => Outcome::Done,
            text => Outcome::Failed(text.trim_start_matches("failed ").to_owned()),
        }
    }

    /// Ends the process at once, as a crash would.
    ///
    /// # Panics
    ///
    /// If it cannot be ended.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("the process can be killed");
    }
}
