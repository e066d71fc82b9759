//! The commands of `rclone config` that ask nothing.

use remote_core::secret::Secret;

use super::super::{SetupError, SetupType, find_type, summary};
use crate::{Config, document::Effort};

/// Removes keys of a remote; those that are not there do not matter: `config unset`.
///
/// # Errors
///
/// There is no such section, or one of the keys is `type`. Nothing is changed then.
pub fn unset(config: &mut Config, name: &str, keys: &[impl AsRef<str>]) -> Result<(), SetupError> {
    check_exists(config, name)?;
    if keys.iter().any(|key| key.as_ref() == "type") {
        return Err(SetupError::Parameter {
            detail: "the type of a remote cannot be removed; delete the remote instead".to_owned(),
        });
    }
    for key in keys {
        config
            .remove(name, key.as_ref())
            .map_err(|source| failed(name, source))?;
    }
    Ok(())
}

/// Stores passwords, given in the clear, whatever the options of the type say about their keys: `config password`.
///
/// # Errors
///
/// There is no such section, or a key cannot be written.
pub fn set_passwords(
    config: &mut Config,
    name: &str,
    passwords: &[(String, Secret)],
) -> Result<(), SetupError> {
    check_exists(config, name)?;
    for (key, password) in passwords {
        config
            .set_password(name, key, password)
            .map_err(|source| failed(name, source))?;
    }
    Ok(())
}

/// A section in the form of the file with the passwords left out: what `config show NAME` prints, and `config create` when it is done. **Tokens are shown.**
///
/// # Errors
///
/// There is no such section.
pub fn show(config: &Config, types: &[SetupType], name: &str) -> Result<String, SetupError> {
    check_exists(config, name)?;
    let type_name = config.get(name, "type").ok().flatten().unwrap_or_default();
    let kind = find_type(types, &type_name);
    let document = config.document();
    let mut text = format!("[{name}]\n");
    let mut effort = Effort::of_document();
    for key in document.keys(name) {
        let value = document
            .value_within(name, key, &mut effort)
            .unwrap_or_default();
        let key = String::from_utf8_lossy(key);
        let spec = kind.and_then(|kind| kind.backend.option(&key));
        let shown = match spec {
            Some(spec) if spec.secret && !value.is_empty() => summary::PASSWORD.into(),
            _ => String::from_utf8_lossy(&value),
        };
        text.push_str(&format!("{key} = {shown}\n"));
    }
    Ok(text)
}

fn check_exists(config: &Config, name: &str) -> Result<(), SetupError> {
    if config.document().has_section(name) {
        Ok(())
    } else {
        let name = name.to_owned();
        Err(SetupError::UnknownRemote { name })
    }
}

fn failed(name: &str, source: crate::Error) -> SetupError {
    SetupError::Config {
        name: name.to_owned(),
        source,
    }
}
