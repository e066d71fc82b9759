//! Between the section in the making and the configuration.

use remote_core::{options::Backend, setup::SetupSection};

use crate::{Config, Error, document::Effort, obscure::reveal};

/// Reads a section. Passwords that can be revealed are; what is no text is left out, and so never touched.
pub(super) fn load(config: &Config, name: &str, backend: &Backend) -> SetupSection {
    let document = config.document();
    let mut section = SetupSection::new(name, backend.name);
    let mut effort = Effort::of_document();
    for key in document.keys(name) {
        let value = document
            .value_within(name, key, &mut effort)
            .unwrap_or_default();
        let (Ok(key), Ok(value)) = (std::str::from_utf8(key), std::str::from_utf8(&value)) else {
            continue;
        };
        if key != "type" {
            put(&mut section, key, value, backend);
        }
    }
    section
}

fn put(section: &mut SetupSection, key: &str, value: &str, backend: &Backend) {
    let is_secret = backend.option(key).is_some_and(|spec| spec.secret);
    match reveal(value) {
        Ok(password) if is_secret => section.set_password(key, password),
        _ => section.set(key, value),
    }
}

/// Writes the keys that differ; nothing else is touched.
pub(super) fn write_changes(
    config: &mut Config,
    name: &str,
    before: &SetupSection,
    after: &SetupSection,
) -> Result<(), Error> {
    for key in before.keys().filter(|key| !after.has(key)) {
        config.remove(name, key)?;
    }
    for key in after.keys().filter(|key| !after.same(before, key)) {
        match after.password(key) {
            Some(password) => config.set_password(name, key, password)?,
            None => config.set(name, key, after.get(key).unwrap_or_default())?,
        }
    }
    Ok(())
}
