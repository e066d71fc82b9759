//! The dependency policy of `deny.toml` and the arrows of the design, checked from `cargo metadata`:
//!
//! * crates of the workspace depend on each other only where the design allows it;
//! * only `remote-core` depends on the HTTP library; `ring` and `openssl-sys` are not in a default build;
//! * everything comes from the registry, with a licence on the list of `deny.toml`;
//! * the published crates have a description, a licence with both texts, and a README.

#![allow(
    clippy::unwrap_used,
    reason = "tests may unwrap, also in their helper functions"
)]

use std::{collections::BTreeSet, path::Path, process::Command};

use serde_json::Value;

const ARROWS: &[(&str, &[&str])] = &[
    ("acd-api", &["remote-core"]),
    ("jotta-api", &["remote-core"]),
    ("koofr-api", &["remote-core"]),
    ("remote-config", &["remote-core"]),
    ("remote-core", &[]),
    ("remote-emulator", &[]),
    ("remote-transfer", &["remote-core"]),
    (
        "remotes",
        &[
            "acd-api",
            "jotta-api",
            "koofr-api",
            "remote-config",
            "remote-core",
        ],
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package lies below the root")
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"]
        .as_array()
        .expect("a list of packages")
        .iter()
}

fn is_ours(package: &Value) -> bool {
    package["source"].is_null()
}

fn text<'a>(package: &'a Value, key: &str) -> &'a str {
    package[key].as_str().unwrap_or_default()
}

/// Names of the dependencies of a package, those for tests left out.
fn dependencies(package: &Value) -> BTreeSet<&str> {
    let all = package["dependencies"]
        .as_array()
        .expect("a list of dependencies");
    all.iter()
        .filter(|dependency| dependency["kind"] != "dev")
        .map(|dependency| text(dependency, "name"))
        .collect()
}

#[test]
fn crates_depend_on_each_other_as_designed() {
    let metadata = metadata();
    let ours: BTreeSet<_> = packages(&metadata)
        .filter(|package| is_ours(package))
        .map(|package| text(package, "name"))
        .collect();
    for (name, allowed) in ARROWS {
        let package = packages(&metadata)
            .find(|package| is_ours(package) && text(package, "name") == *name)
            .expect(name);
        for dependency in dependencies(package).intersection(&ours) {
            assert!(
                allowed.contains(dependency),
                "{name} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn the_http_library_stays_behind_the_core() {
    let metadata = metadata();
    let users: Vec<_> = packages(&metadata)
        .filter(|package| is_ours(package) && dependencies(package).contains("reqwest"))
        .map(|package| text(package, "name"))
        .collect();
    assert_eq!(users, ["remote-core"]);
}

#[test]
fn no_second_tls_library_is_built() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--workspace",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--locked",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tree = String::from_utf8_lossy(&output.stdout);
    for line in tree.lines() {
        assert!(
            !line.starts_with("ring ") && !line.starts_with("openssl-sys "),
            "{line}"
        );
    }
}

#[test]
fn sources_and_licences_are_on_the_list() {
    let policy = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml can be read");
    let allowed = |licence: &str| policy.contains(&format!("    \"{licence}\","));
    let metadata = metadata();
    for package in packages(&metadata).filter(|package| !is_ours(package)) {
        let name = text(package, "name");
        assert!(
            text(package, "source").starts_with("registry+"),
            "{name} does not come from the registry"
        );
        assert!(
            licence_allowed(text(package, "license"), &allowed),
            "{name}: {}",
            text(package, "license")
        );
    }
}

/// Whether an SPDX expression of `OR`, `AND`, the old `/` and brackets is met by the allowed licences.
fn licence_allowed(expression: &str, allowed: &impl Fn(&str) -> bool) -> bool {
    let expression = expression.replace('/', " OR ");
    let alternatives = |text: &str| text.split(" OR ").any(|licence| allowed(licence.trim()));
    let flat = expression.replace(['(', ')'], "");
    flat.split(" AND ").all(alternatives)
}

#[test]
fn published_crates_are_complete() {
    let metadata = metadata();
    for (name, _) in ARROWS {
        let package = packages(&metadata)
            .find(|package| is_ours(package) && text(package, "name") == *name)
            .expect(name);
        assert!(
            !text(package, "description").is_empty(),
            "{name} has no description"
        );
        assert_eq!(text(package, "license"), "MIT OR Apache-2.0", "{name}");
        let manifest = Path::new(text(package, "manifest_path"));
        let readme = manifest.with_file_name("README.md");
        let page = std::fs::read_to_string(&readme).unwrap_or_default();
        assert!(page.len() > 500, "{} says too little", readme.display());
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            let shipped = std::fs::read(manifest.with_file_name(licence)).unwrap_or_default();
            let ours = std::fs::read(root().join(licence)).unwrap();
            assert!(shipped == ours, "{name} does not ship {licence}");
        }
    }
}
