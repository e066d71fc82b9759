//! Where the recorded answers of rclone are found.
//!
//! A sample lies in `testdata/` and is part of every run. The full set is read from the folder in the variable `VECTORS`, or from
//! `../shared/vectors` beside the repository. With `VECTORS` or `CI` set, a missing set is a failure.

#![allow(dead_code, reason = "each suite uses a part of it")]
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests speak and fail loudly"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use remote_core::options::{Backend, OptionExample, OptionSpec, OptionType};
use serde_json::Value;

/// The folders that hold vectors: the committed sample and, where it is found, the full set.
pub(crate) fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("testdata")];
    let named = env::var_os("VECTORS").map(PathBuf::from);
    let required = named.is_some() || env::var_os("CI").is_some();
    let full = named.unwrap_or_else(|| root.join("../../../shared/vectors"));
    if full.is_dir() {
        folders.push(full);
    } else {
        assert!(!required, "no vectors in {}", full.display());
        println!("no full set of vectors: only the sample is checked");
    }
    folders
}

/// The rows of a file in all folders, one JSON object per line.
pub(crate) fn rows(file: &str) -> Vec<Value> {
    folders()
        .iter()
        .flat_map(|folder| rows_of(&folder.join(file)))
        .collect()
}

/// The rows of one file.
pub(crate) fn rows_of(file: &Path) -> Vec<Value> {
    let text =
        fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.lines()
        .map(|line| serde_json::from_str(line).expect("each line is a JSON object"))
        .collect()
}

/// A text field of a row.
pub(crate) fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text {field} in {row}"))
}

/// The options of the Koofr type as rclone 1.75.2 has them.
pub(crate) static KOOFR: Backend = Backend::new(
    "koofr",
    "Koofr",
    &[
        OptionSpec::new("provider", OptionType::String, "").examples(&[
            OptionExample::new("koofr", ""),
            OptionExample::new("digistorage", ""),
            OptionExample::new("other", ""),
        ]),
        OptionSpec::new("endpoint", OptionType::String, "")
            .provider("other")
            .required(),
        OptionSpec::new("mountid", OptionType::String, "").advanced(),
        OptionSpec::new("setmtime", OptionType::Bool, "")
            .default_text("true")
            .advanced(),
        OptionSpec::new("user", OptionType::String, "")
            .required()
            .sensitive(),
        OptionSpec::new("password", OptionType::String, "")
            .provider("koofr")
            .required()
            .secret(),
        OptionSpec::new("password", OptionType::String, "")
            .provider("digistorage")
            .required()
            .secret(),
        OptionSpec::new("password", OptionType::String, "")
            .provider("other")
            .required()
            .secret(),
        OptionSpec::new("encoding", OptionType::Encoding, "")
            .default_text("Slash,BackSlash,Del,Ctl,InvalidUtf8,Dot")
            .advanced(),
        OptionSpec::new("description", OptionType::String, "").advanced(),
    ],
);

/// Other types that occur in the vectors, with the options that are left out when shown.
pub(crate) static OTHERS: [Backend; 5] = [
    Backend::new(
        "local",
        "Local disk",
        &[OptionSpec::new("links", OptionType::Bool, "").advanced()],
    ),
    Backend::new(
        "dropbox",
        "Dropbox",
        &[
            OptionSpec::new("client_id", OptionType::String, "").sensitive(),
            OptionSpec::new("client_secret", OptionType::String, "").sensitive(),
            OptionSpec::new("token", OptionType::String, "")
                .sensitive()
                .advanced(),
        ],
    ),
    Backend::new("memory", "Memory", &[]),
    Backend::new(
        "sftp",
        "SSH",
        &[
            OptionSpec::new("host", OptionType::String, "").sensitive(),
            OptionSpec::new("user", OptionType::String, "").sensitive(),
            OptionSpec::new("pass", OptionType::String, "").secret(),
            OptionSpec::new("key_pem", OptionType::String, "").secret(),
            OptionSpec::new("port", OptionType::Int, ""),
        ],
    ),
    Backend::new(
        "jottacloud",
        "Jottacloud",
        &[
            OptionSpec::new("client_id", OptionType::String, "").sensitive(),
            OptionSpec::new("client_secret", OptionType::String, "").sensitive(),
            OptionSpec::new("token", OptionType::String, "")
                .sensitive()
                .advanced(),
        ],
    ),
];

/// All of them.
pub(crate) fn backends() -> Vec<&'static Backend> {
    OTHERS.iter().chain([&KOOFR]).collect()
}
