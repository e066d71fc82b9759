//! The table of what is tested where, see `coverage.md`: every test it names exists, and no option is left out.

use std::{collections::BTreeSet, fs, path::Path};

use acd_api::options::BACKEND;

const TABLE: &str = include_str!("coverage.md");

/// Where the tests are, from the root of the repository.
const DIRS: [&str; 6] = [
    "crates/acd-api/src",
    "crates/acd-api/tests",
    "crates/remote-emulator/src",
    "crates/remote-emulator/tests",
    "tests/tests/acd",
    "crates/remote-core/tests",
];

/// The names of all functions in a folder and those below it.
fn functions(dir: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let found = text.split("fn ").skip(1);
            names.extend(found.filter_map(|rest| Some(rest.split_once("()")?.0.to_owned())));
        }
    }
}

/// First and second cell of every row.
fn rows() -> Vec<(&'static str, &'static str)> {
    let rows = TABLE.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| {
        let mut cells = row.trim_matches('|').split(" | ");
        Some((cells.next()?.trim(), cells.next()?.trim()))
    });
    cells
        .filter(|(first, second)| *second != "tests" && !first.starts_with("---"))
        .collect()
}

fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn every_row_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut known = BTreeSet::new();
    for dir in DIRS {
        functions(&root.join(dir), &mut known);
    }
    let rows = rows();
    assert!(rows.len() > 90, "only {} rows are read", rows.len());
    for (what, tests) in rows {
        assert!(quoted(tests).next().is_some(), "{what} has no test");
        for test in quoted(tests) {
            assert!(known.contains(test), "{what}: there is no test {test}");
        }
    }
}

#[test]
fn every_option_has_a_row() {
    let named: BTreeSet<&str> = rows().iter().flat_map(|(first, _)| quoted(first)).collect();
    for option in BACKEND.options {
        assert!(named.contains(option.name), "{}", option.name);
    }
}
