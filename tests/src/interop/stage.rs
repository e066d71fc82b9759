//! An emulator with a configuration file that names it, for any of the services.

use std::{
    fs,
    marker::PhantomData,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use remote_emulator::{
    Emulator, EmulatorBuilder, Section,
    identity::IdentityHandle,
    record::{RequestLog, RequestRecord},
    write_sections,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::interop::tool::{Program, Tool};

/// What the stages of the services differ in.
pub trait Service: Sized + 'static {
    /// With what an emulator begins.
    type Config: Default;

    /// The remote in the configuration file, without the colon.
    const REMOTE: &'static str;

    /// The programs that know the service; rclone first.
    const PROGRAMS: &'static [Program];

    /// Whether rclone, into which the addresses are compiled, has to come through the proxy.
    const BEHIND_PROXY: bool;

    /// The keys that tell our own program where the emulator is; rclone ignores them.
    const OUR_KEYS: &'static [&'static str];

    /// More environment of rclone.
    const RCLONE_ENVIRONMENT: &'static [(&'static str, &'static str)];

    /// To what part of a second the service keeps the times of files, in milliseconds; nothing if it keeps none.
    const TIME_PRECISION_MS: Option<u32>;

    /// Whether listings by rclone tell times of folders that mean something.
    const FOLDER_TIMES: bool;

    /// The first words of requests that bring contents.
    const SENDS: &'static [&'static str];

    /// Adds the service to an emulator.
    fn add(builder: EmulatorBuilder, config: Self::Config) -> EmulatorBuilder;

    /// The section of the remote.
    fn section(emulator: &Emulator) -> Section;

    /// The requests.
    fn log(emulator: &Emulator) -> &RequestLog;

    /// The requests in a notation short enough to be written down in a test.
    fn trace(emulator: &Emulator, records: &[RequestRecord]) -> Vec<String>;

    /// A program that encodes names like all others.
    fn agreeing_tool(stage: &Stage<Self>, program: Program) -> Tool {
        stage.tool(program)
    }

    /// Whether the service takes a name.
    fn allows(_name: &[u8]) -> bool {
        true
    }

    /// The rclones among the programs.
    fn rclones() -> impl Iterator<Item = Program> {
        let programs = Self::PROGRAMS.iter().copied();
        programs.filter(|program| program.is_rclone())
    }

    /// The newest rclone that knows the service, for looking what is there.
    #[must_use]
    fn newest() -> Program {
        Self::rclones().last().expect("one rclone knows it")
    }
}

/// A service at which people sign in.
pub trait WithSignIn: Service {
    /// The provider of the tokens.
    fn identity(emulator: &Emulator) -> IdentityHandle;
}

/// An emulator of an empty account, a folder for local files, and a configuration file with one remote, signed in.
#[derive(Debug)]
pub struct Stage<S> {
    /// The emulator.
    pub emulator: Emulator,
    /// Written by the emulator, with one section.
    pub config: PathBuf,
    authority: PathBuf,
    folder: TempDir,
    service: PhantomData<fn() -> S>,
}

impl<S: Service> Stage<S> {
    /// Sets up a stage.
    pub async fn new() -> Self {
        Self::with(S::Config::default()).await
    }

    /// Sets up a stage with other accounts or another behaviour.
    pub async fn with(config: S::Config) -> Self {
        Self::built(config, |builder| builder).await
    }

    /// Sets up a stage on another emulator.
    pub async fn built(
        config: S::Config,
        build: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder,
    ) -> Self {
        let folder = tempfile::tempdir().expect("there is room for temporary files");
        let mut builder = build(S::add(Emulator::builder(), config));
        if S::BEHIND_PROXY {
            builder = builder.proxy((Ipv4Addr::LOCALHOST, 0).into());
        }
        let emulator = builder.start().await.expect("the emulator starts");
        let authority = folder.path().join("ca.pem");
        if S::BEHIND_PROXY {
            let written = emulator.proxy().write_authority(&authority);
            written.expect("the certificate can be written");
        }
        let config = folder.path().join("rclone.conf");
        write_sections(&config, &[S::section(&emulator)])
            .expect("the configuration can be written");
        Self {
            emulator,
            config,
            authority,
            folder,
            service: PhantomData,
        }
    }

    /// A program on this stage. rclone comes through the proxy where it has to; our own program finds the plain addresses in the configuration file.
    #[must_use]
    pub fn tool(&self, program: Program) -> Tool {
        let tool = Tool::new(program, &self.config, self.folder.path());
        if !program.is_rclone() {
            return tool;
        }
        let environment = S::RCLONE_ENVIRONMENT.iter();
        let tool = environment.fold(tool, |tool, (name, value)| tool.env(name, value));
        if !S::BEHIND_PROXY {
            return tool;
        }
        tool.env("HTTPS_PROXY", &self.emulator.proxy().url())
            .env("RCLONE_CA_CERT", &self.authority.to_string_lossy())
    }

    /// Our own program on the way that rclone takes, through the proxy to the real names; nobody finds plain addresses from then on.
    #[must_use]
    pub fn ours_through_the_proxy(&self) -> Tool {
        let text = fs::read_to_string(&self.config).expect("the file can be read");
        let kept = text.lines().filter(|line| {
            let key = line.split(" = ").next().unwrap_or_default();
            !S::OUR_KEYS.contains(&key)
        });
        let text: String = kept.map(|line| format!("{line}\n")).collect();
        fs::write(&self.config, text).expect("the file can be written");
        self.tool(Program::Ours)
            .env("HTTPS_PROXY", &self.emulator.proxy().url())
            .env("SSL_CERT_FILE", &self.authority.to_string_lossy())
    }

    /// A path on the remote.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}:{path}", S::REMOTE)
    }

    /// A path in the folder for local files; nothing is made there.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The certificate of the authority, for those who have to trust the proxy.
    #[must_use]
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    /// A value in the configuration file; empty if it is not there.
    #[must_use]
    pub fn value(&self, remote: &str, key: &str) -> String {
        let config = remote_config::Config::open(&self.config).expect("the file can be read");
        let value = config.get(remote, key).expect("the remote is there");
        value.unwrap_or_default()
    }

    /// The token of a remote in the configuration file.
    #[must_use]
    pub fn stored_token(&self, remote: &str) -> Value {
        let text = self.value(remote, "token");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// Lets the stored access token seem to have ended by everybody's clock; by the emulator's clock it is good.
    pub fn backdate_token(&self) {
        self.backdate_token_of(S::REMOTE);
    }

    /// The same for another remote.
    pub fn backdate_token_of(&self, remote: &str) {
        let token = self.stored_token(remote);
        let expiry = token["expiry"].as_str().expect("the token has an end");
        let text = fs::read_to_string(&self.config).expect("the file can be read");
        let text = text.replace(expiry, "2020-01-01T00:00:00Z");
        fs::write(&self.config, text).expect("the file can be written");
    }

    /// What was asked of the emulator since the last call, in order of arrival.
    pub fn take_trace(&self) -> Vec<String> {
        let log = S::log(&self.emulator);
        let trace = S::trace(&self.emulator, &log.records());
        log.clear();
        trace
    }

    /// How many requests the emulator answered since the last call.
    pub fn take_count(&self) -> u64 {
        let log = S::log(&self.emulator);
        let total = log.total();
        log.clear();
        total
    }
}

impl<S: WithSignIn> Stage<S> {
    /// The provider of the tokens.
    #[must_use]
    pub fn identity(&self) -> IdentityHandle {
        S::identity(&self.emulator)
    }
}
