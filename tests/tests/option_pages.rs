#![allow(
    clippy::unwrap_used,
    reason = "tests may unwrap, also in their helper functions"
)]
//! The pages in `docs/options` say what the tables of options say.
//!
//! `UPDATE_DOCS=1 cargo test -p tests --test option_pages` writes them.

use std::{collections::BTreeSet, env, fs, path::Path};

use remote_core::options::page;

#[test]
fn each_provider_has_its_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/options");
    let mut expected = BTreeSet::new();
    for backend in remotes::backends() {
        let name = format!("{}.md", backend.name.replace(' ', "-"));
        let file = folder.join(&name);
        let page = page(backend);
        if env::var_os("UPDATE_DOCS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, &page).unwrap();
        }
        let written = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            written == page,
            "{} does not say what the table of options says; write it anew with: UPDATE_DOCS=1 cargo test -p tests --test option_pages",
            file.display()
        );
        expected.insert(name);
    }
    let found: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(found, expected, "a page for each provider, and no other");
}
