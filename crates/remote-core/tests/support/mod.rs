//! Where the recorded answers of rclone are found.
//!
//! The full set lies beside the repository, in `../shared/vectors`, or where the variable `VECTORS` says. A clone
//! without it makes do with the sample in `testdata/`, which is part of every run. Under continuous integration (`CI`
//! set to anything) and with `VECTORS` set, a missing set is a failure, so that it cannot go unnoticed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The rows of one file of vectors: those of the committed sample and, where it is found, those of the full set.
#[expect(
    clippy::print_stdout,
    reason = "a run that checks less than it could says so"
)]
pub(crate) fn sample_and_full(file: &str) -> Vec<Vec<Value>> {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(file);
    let mut sets = vec![rows(&sample)];
    match full_set() {
        Some(folder) => sets.push(rows(&folder.join(file))),
        None => println!("no full set of vectors: {file} is checked with the sample only"),
    }
    sets
}

fn full_set() -> Option<PathBuf> {
    let named = env::var_os("VECTORS").map(PathBuf::from);
    let required = named.is_some() || env::var_os("CI").is_some();
    let folder = named
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"));
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(!required, "no vectors in {}", folder.display());
    None
}

/// One JSON object per line; a line that is none is a failure, so that no row is left out.
fn rows(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is a JSON object"))
        .collect();
    assert_eq!(rows.len(), text.matches('\n').count(), "{}", file.display());
    rows
}
