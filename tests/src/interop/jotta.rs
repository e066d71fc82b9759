//! Jottacloud on a stage. Its trace is the last word of the endpoint, the path below the mount point `Archive` a request is about, where it leads, the
//! range, and the status: `mv /a/b > /c/b 200`.

use percent_encoding::percent_decode_str;
use remote_emulator::{
    Emulator, EmulatorBuilder, Section,
    identity::IdentityHandle,
    jotta::{JottaConfig, JottaHandle},
    record::{RequestLog, RequestRecord},
};

use crate::interop::{
    stage::{Service, Stage, WithSignIn},
    tool::{ALL, Program, Tool},
};

/// Where the main brand gives out tokens.
pub const TOKEN_URL: &str =
    "https://id.jottacloud.com/auth/realms/jottacloud/protocol/openid-connect/token";

/// The mount point that everybody works in unless told otherwise.
pub const ARCHIVE: &str = "/Jotta/Archive";

/// The encoding of rclone since 1.74.
const ENCODING: &str =
    "Slash,LtGt,DoubleQuote,Colon,Question,Asterisk,Pipe,Percent,Del,Ctl,InvalidUtf8,Dot";

/// The service; rclone, into which its addresses are compiled, reaches it through the proxy and asks once.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a name for a service")]
pub struct Jotta;

/// An emulator with the remote `jotta:`, signed in.
pub type JottaStage = Stage<Jotta>;

impl Stage<Jotta> {
    /// The service.
    #[must_use]
    pub fn jotta(&self) -> &JottaHandle {
        self.emulator.jotta()
    }
}

impl Service for Jotta {
    type Config = JottaConfig;

    const REMOTE: &'static str = "jotta";
    const PROGRAMS: &'static [Program] = &ALL;
    const BEHIND_PROXY: bool = true;
    const OUR_KEYS: &'static [&'static str] = &["jfs_url", "api_url", "identity_url"];
    const RCLONE_ENVIRONMENT: &'static [(&'static str, &'static str)] =
        &[("RCLONE_LOW_LEVEL_RETRIES", "1")];
    const TIME_PRECISION_MS: Option<u32> = Some(1000);
    const FOLDER_TIMES: bool = false;
    const SENDS: &'static [&'static str] = &["allocate", "cphash"];

    fn add(builder: EmulatorBuilder, config: JottaConfig) -> EmulatorBuilder {
        builder.jotta(config)
    }

    fn section(emulator: &Emulator) -> Section {
        Section::jotta(Self::REMOTE, emulator.jotta()).expect("the emulator signs itself in")
    }

    fn log(emulator: &Emulator) -> &RequestLog {
        emulator.jotta().log()
    }

    fn trace(_emulator: &Emulator, records: &[RequestRecord]) -> Vec<String> {
        records.iter().map(line).collect()
    }

    /// rclone 1.60.1 writes the percent sign as it is, which the service refuses; it is given the encoding of the newer one.
    fn agreeing_tool(stage: &JottaStage, program: Program) -> Tool {
        let tool = stage.tool(program);
        match program {
            Program::Rclone160 => tool.env("RCLONE_JOTTACLOUD_ENCODING", ENCODING),
            Program::Rclone175 | Program::Ours => tool,
        }
    }

    /// The invisible U+FEFF is refused.
    fn allows(name: &[u8]) -> bool {
        !String::from_utf8_lossy(name).contains('\u{feff}')
    }
}

impl WithSignIn for Jotta {
    fn identity(emulator: &Emulator) -> IdentityHandle {
        emulator.jotta().identity()
    }
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
