//! Amazon Drive on a stage, which rclone knows up to version 1.65.
//!
//! The protocol has no paths, so its trace names what a request is about: `lookup NAME 200` for a name in a folder, `list FOLDER 200` for a page of
//! children, and for calls by id the last word of the endpoint and the name that the node has now, `patch a.txt 409`.

use remote_emulator::{
    Emulator, EmulatorBuilder, Section,
    acd::{AcdConfig, AcdHandle},
    identity::IdentityHandle,
    record::{RequestLog, RequestRecord},
};

use crate::interop::{
    stage::{Service, Stage, WithSignIn},
    tool::Program,
};

/// The service; rclone, into which its first address is compiled, reaches it through the proxy.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a name for a service")]
pub struct Acd;

/// An emulator with the remote `acd:`, signed in.
pub type AcdStage = Stage<Acd>;

impl Stage<Acd> {
    /// The service.
    #[must_use]
    pub fn acd(&self) -> &AcdHandle {
        self.emulator.acd()
    }
}

impl Service for Acd {
    type Config = AcdConfig;

    const REMOTE: &'static str = "acd";
    const PROGRAMS: &'static [Program] = &[Program::Rclone160, Program::Ours];
    const BEHIND_PROXY: bool = true;
    const OUR_KEYS: &'static [&'static str] = &["endpoint_url"];
    const RCLONE_ENVIRONMENT: &'static [(&'static str, &'static str)] =
        &[("RCLONE_LOW_LEVEL_RETRIES", "3")];
    const TIME_PRECISION_MS: Option<u32> = None;
    const FOLDER_TIMES: bool = true;
    const SENDS: &'static [&'static str] = &["upload", "overwrite"];

    fn add(builder: EmulatorBuilder, config: AcdConfig) -> EmulatorBuilder {
        builder.acd(config)
    }

    fn section(emulator: &Emulator) -> Section {
        Section::acd(Self::REMOTE, emulator.acd()).expect("the emulator signs itself in")
    }

    fn log(emulator: &Emulator) -> &RequestLog {
        emulator.acd().log()
    }

    fn trace(emulator: &Emulator, records: &[RequestRecord]) -> Vec<String> {
        let drive = emulator.acd();
        records.iter().map(|record| line(drive, record)).collect()
    }
}

impl WithSignIn for Acd {
    fn identity(emulator: &Emulator) -> IdentityHandle {
        emulator.acd().identity()
    }
}

fn line(drive: &AcdHandle, record: &RequestRecord) -> String {
    let (group, name) = record
        .endpoint
        .split_once('/')
        .unwrap_or((record.endpoint.as_str(), ""));
    let mut words = match (group, name) {
        ("nodes", "list") => query(drive, record),
        ("trash", "add") => vec!["trash".to_owned()],
        (group, "") => vec![group.to_owned()],
        (_, name) => vec![name.to_owned()],
    };
    words.extend(ids(drive, &record.path));
    words.extend(record.header("range").map(str::to_owned));
    words.push(match record.status {
        Some(status) => status.to_string(),
        None => "-".to_owned(),
    });
    words.join(" ")
}

/// What a query for nodes is about.
fn query(drive: &AcdHandle, record: &RequestRecord) -> Vec<String> {
    let filters = record.query_value("filters").unwrap_or_default();
    if filters.contains("isRoot:true") {
        return vec!["root".to_owned()];
    }
    if let Some((_, name)) = filters.split_once(" AND name:") {
        return vec!["lookup".to_owned(), unescaped(name)];
    }
    let id = filters.strip_prefix("parents:").unwrap_or(&filters);
    vec!["list".to_owned(), shown(drive, id.trim_matches('"'))]
}

/// The names of the nodes whose ids are in a path.
fn ids(drive: &AcdHandle, path: &str) -> Vec<String> {
    let known = |segment: &str| drive.node(segment).is_some();
    let segments = path.split('/').filter(|segment| known(segment));
    segments.map(|id| shown(drive, id)).collect()
}

fn shown(drive: &AcdHandle, id: &str) -> String {
    let name = drive.node(id).map(|node| node.name);
    name.unwrap_or_else(|| Some(format!("?{id}")))
        .unwrap_or_else(|| "/".to_owned())
}

/// A quoted value without its quotes and escapes.
fn unescaped(value: &str) -> String {
    let value = value.strip_prefix('"').unwrap_or(value);
    let value = value.strip_suffix('"').unwrap_or(value);
    let mut text = String::new();
    let mut rest = value.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => text.extend(rest.next()),
            other => text.push(other),
        }
    }
    text
}
