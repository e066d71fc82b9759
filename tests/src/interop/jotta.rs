//! An emulator of Jottacloud with the proxy through which rclone, whose addresses are compiled in, reaches it.

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use percent_encoding::percent_decode_str;
use remote_emulator::{
    Emulator, Section,
    identity::IdentityHandle,
    jotta::{JottaConfig, JottaHandle},
    record::RequestRecord,
    write_sections,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::interop::tool::{Program, Tool};

/// Where the main brand gives out tokens.
pub const TOKEN_URL: &str =
    "https://id.jottacloud.com/auth/realms/jottacloud/protocol/openid-connect/token";

/// The mount point that everybody works in unless told otherwise.
pub const ARCHIVE: &str = "/Jotta/Archive";

/// An emulator of an empty account, a folder for local files, and a configuration file with the remote `jotta:`, signed in.
#[derive(Debug)]
pub struct JottaStage {
    /// The emulator.
    pub emulator: Emulator,
    /// Written by the emulator, with a section `jotta`.
    pub config: PathBuf,
    authority: PathBuf,
    folder: TempDir,
}

impl JottaStage {
    /// Sets up a stage.
    pub async fn new() -> Self {
        Self::with(JottaConfig::default()).await
    }

    /// Sets up a stage with other accounts or another behaviour.
    pub async fn with(jotta: JottaConfig) -> Self {
        let folder = tempfile::tempdir().expect("there is room for temporary files");
        let emulator = Emulator::builder()
            .jotta(jotta)
            .proxy((Ipv4Addr::LOCALHOST, 0).into())
            .start()
            .await
            .expect("the emulator starts");
        let config = folder.path().join("rclone.conf");
        let section =
            Section::jotta("jotta", emulator.jotta()).expect("the emulator signs itself in");
        write_sections(&config, &[section]).expect("the configuration can be written");
        let authority = folder.path().join("ca.pem");
        let proxy = emulator.proxy();
        proxy
            .write_authority(&authority)
            .expect("the certificate can be written");
        Self {
            emulator,
            config,
            authority,
            folder,
        }
    }

    /// The service.
    #[must_use]
    pub fn jotta(&self) -> &JottaHandle {
        self.emulator.jotta()
    }

    /// The service's identity provider.
    #[must_use]
    pub fn identity(&self) -> IdentityHandle {
        self.jotta().identity()
    }

    /// A program on this stage. rclone comes through the proxy and asks once; our own program finds the plain addresses in the
    /// configuration file.
    #[must_use]
    pub fn tool(&self, program: Program) -> Tool {
        let tool = Tool::new(program, &self.config, self.folder.path());
        match program {
            Program::Ours => tool,
            Program::Rclone160 | Program::Rclone175 => tool
                .env("HTTPS_PROXY", &self.emulator.proxy().url())
                .env("RCLONE_CA_CERT", &self.authority.to_string_lossy())
                .env("RCLONE_LOW_LEVEL_RETRIES", "1"),
        }
    }

    /// Our own program on the way that rclone takes, through the proxy to the real names; nobody finds plain addresses from then on.
    #[must_use]
    pub fn ours_through_the_proxy(&self) -> Tool {
        let text = fs::read_to_string(&self.config).expect("the file can be read");
        let kept = text.lines().filter(|line| {
            let key = line.split(" = ").next().unwrap_or_default();
            !["jfs_url", "api_url", "identity_url"].contains(&key)
        });
        let text: String = kept.map(|line| format!("{line}\n")).collect();
        fs::write(&self.config, text).expect("the file can be written");
        self.tool(Program::Ours)
            .env("HTTPS_PROXY", &self.emulator.proxy().url())
            .env("SSL_CERT_FILE", &self.authority.to_string_lossy())
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

    /// The token of a remote in the configuration file.
    #[must_use]
    pub fn stored_token(&self, remote: &str) -> Value {
        let text = self.value(remote, "token");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// A value in the configuration file; empty if it is not there.
    #[must_use]
    pub fn value(&self, remote: &str, key: &str) -> String {
        let config = remote_config::Config::open(&self.config).expect("the file can be read");
        let value = config.get(remote, key).expect("the remote is there");
        value.unwrap_or_default()
    }

    /// Lets the stored access token seem to have ended by everybody's clock; by the emulator's clock it is good.
    pub fn backdate_token(&self) {
        self.backdate_token_of("jotta");
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
        let log = self.jotta().log();
        let trace = trace(&log.records());
        log.clear();
        trace
    }
}

/// One request per line: the last word of the endpoint, the path below the mount point `Archive` it is about, where it leads, the range, the
/// status: `mv /a/b > /c/b 200`.
#[must_use]
pub fn trace(records: &[RequestRecord]) -> Vec<String> {
    records.iter().map(line).collect()
}

fn line(record: &RequestRecord) -> String {
    let name = record.endpoint.rsplit('/').next().unwrap_or_default();
    let mut words = vec![name.to_owned()];
    words.extend(below_user(&record.path, "/jfs/").map(|path| short(&path)));
    for target in ["mv", "mvDir", "cp"] {
        let target = record.query_value(target);
        let target = target.and_then(|target| below_user(&target, "/"));
        words.extend(target.map(|target| format!("> {}", short(&target))));
    }
    words.extend(record.header("range").map(str::to_owned));
    words.push(match record.status {
        Some(status) => status.to_string(),
        None => "-".to_owned(),
    });
    words.join(" ")
}

/// What follows the name of the user, decoded; nothing if this is no path of the XML interface.
fn below_user(path: &str, root: &str) -> Option<String> {
    let path = percent_decode_str(path.strip_prefix(root)?)
        .decode_utf8()
        .ok()?;
    let (_user, path) = path.split_once('/')?;
    Some(format!("/{path}"))
}

/// The path below `Archive`, or the whole of it if it lies elsewhere.
fn short(path: &str) -> String {
    match path.strip_prefix(ARCHIVE) {
        Some("") => "/".to_owned(),
        Some(path) if path.starts_with('/') => path.to_owned(),
        _ => path.to_owned(),
    }
}
