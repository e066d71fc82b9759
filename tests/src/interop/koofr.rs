//! Koofr on a stage. Its trace is the last word of the endpoint, the path a request is about, and the status: `info /a/b 404`.

use remote_emulator::{
    Emulator, EmulatorBuilder, Section,
    koofr::{KoofrConfig, KoofrHandle},
    record::{RequestLog, RequestRecord},
};

use crate::interop::{
    stage::{Service, Stage},
    tool::{ALL, Program},
};

/// The service; rclone has an option for its address.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a name for a service")]
pub struct Koofr;

/// An emulator with the remote `koofr:`.
pub type KoofrStage = Stage<Koofr>;

impl Stage<Koofr> {
    /// The service.
    #[must_use]
    pub fn koofr(&self) -> &KoofrHandle {
        self.emulator.koofr()
    }
}

impl Service for Koofr {
    type Config = KoofrConfig;

    const REMOTE: &'static str = "koofr";
    const PROGRAMS: &'static [Program] = &ALL;
    const BEHIND_PROXY: bool = false;
    const OUR_KEYS: &'static [&'static str] = &[];
    const RCLONE_ENVIRONMENT: &'static [(&'static str, &'static str)] = &[];
    const TIME_PRECISION_MS: Option<u32> = Some(1);
    const FOLDER_TIMES: bool = false;
    const SENDS: &'static [&'static str] = &["put"];

    fn add(builder: EmulatorBuilder, config: KoofrConfig) -> EmulatorBuilder {
        builder.koofr(config)
    }

    fn section(emulator: &Emulator) -> Section {
        let koofr = emulator.koofr();
        Section::koofr(Self::REMOTE, koofr.url(), &koofr.user(), &koofr.password())
    }

    fn log(emulator: &Emulator) -> &RequestLog {
        emulator.koofr().log()
    }

    fn trace(_emulator: &Emulator, records: &[RequestRecord]) -> Vec<String> {
        records.iter().map(line).collect()
    }
}

fn line(record: &RequestRecord) -> String {
    let name = record.endpoint.rsplit('/').next().unwrap_or_default();
    let mut words = vec![
        match name {
            "{m}" => "mount",
            "folder" => "mkfolder",
            other => other,
        }
        .to_owned(),
    ];
    words.extend(path(record));
    words.extend(record.header("range").map(str::to_owned));
    words.push(match record.status {
        Some(status) => status.to_string(),
        None => "-".to_owned(),
    });
    words.join(" ")
}

/// The path a request is about; for an upload that of the file.
fn path(record: &RequestRecord) -> Option<String> {
    let path = record.query_value("path")?;
    let path = match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    };
    Some(match record.query_value("filename") {
        Some(name) if path == "/" => format!("/{name}"),
        Some(name) => format!("{path}/{name}"),
        None => path.to_owned(),
    })
}
