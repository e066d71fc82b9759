//! The section of the configuration in the making.

use std::fmt;

use crate::{
    options::{Backend, OptionError, OptionSource, OptionSpec, OptionText, Origin},
    secret::Secret,
};

/// The section of a remote while it is set up: keys in order, with their values; the key `type` is not among them.
///
/// Passwords are in the clear here. They become obscured when the section is written to a file, or into the text of a suspended dialogue.
/// As an [`OptionSource`] it makes a provider's remote, so that steps can try what was entered.
#[derive(Clone, Eq, PartialEq)]
pub struct SetupSection {
    name: String,
    type_name: String,
    entries: Vec<(String, Value)>,
}

#[derive(Clone, Eq, PartialEq)]
enum Value {
    Password(Secret),
    Text(Secret),
}

impl SetupSection {
    /// An empty section: the name of the remote, and its type as [`Backend::name`] has it.
    pub fn new(name: impl Into<String>, type_name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            type_name: type_name.into(),
            entries: Vec::new(),
        }
    }

    /// The type of the remote.
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The value of a key; nothing if it is not set or a password.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        match self.value(key)? {
            Value::Password(_) => None,
            Value::Text(text) => Some(text.expose()),
        }
    }

    /// The password of a key, in the clear; nothing if it is not set or no password.
    #[must_use]
    pub fn password(&self, key: &str) -> Option<&Secret> {
        match self.value(key)? {
            Value::Password(password) => Some(password),
            Value::Text(_) => None,
        }
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, _)| key.as_str())
    }

    /// Whether a key is set.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// Whether a key has the same value in both, the same kind of value included.
    #[must_use]
    pub fn same(&self, other: &Self, key: &str) -> bool {
        self.value(key) == other.value(key)
    }

    /// Sets a value, which is written as it is.
    pub fn set(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.put(key.into(), Value::Text(Secret::new(text)));
    }

    /// Sets a password, given in the clear; it is written obscured, whatever the table of options says about the key.
    pub fn set_password(&mut self, key: impl Into<String>, password: Secret) {
        self.put(key.into(), Value::Password(password));
    }

    /// Takes a key away. Tells whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|(known, _)| known != key);
        self.entries.len() < before
    }

    fn value(&self, key: &str) -> Option<&Value> {
        let (_, value) = self.entries.iter().find(|(known, _)| known == key)?;
        Some(value)
    }

    fn put(&mut self, key: String, value: Value) {
        match self.entries.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.entries.push((key, value)),
        }
    }
}

impl OptionSource for SetupSection {
    fn text(
        &self,
        _backend: &Backend,
        option: &OptionSpec,
    ) -> Result<Option<OptionText>, OptionError> {
        let text = self.get(option.name).filter(|text| !text.is_empty());
        Ok(text.map(|text| OptionText::new(text, Origin::File(self.name.clone()))))
    }

    fn secret(
        &self,
        _backend: &Backend,
        option: &OptionSpec,
    ) -> Result<Option<Secret>, OptionError> {
        match self.value(option.name) {
            Some(Value::Password(password)) if !password.is_empty() => Ok(Some(password.clone())),
            Some(Value::Text(text)) if !text.is_empty() => Err(OptionError::unreadable(
                option.name,
                Some(Origin::File(self.name.clone())),
                "the stored value is not an obscured password; enter the password again",
            )),
            _ => Ok(None),
        }
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// Values may be secret, so only the keys are shown.
impl fmt::Debug for SetupSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetupSection")
            .field("name", &self.name)
            .field("type", &self.type_name)
            .field("keys", &self.keys().collect::<Vec<_>>())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_place() {
        let mut section = SetupSection::new("n", "t");
        section.set("a", "1");
        section.set_password("b", Secret::new("2"));
        section.set("a", "3");
        assert_eq!(section.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(section.get("a"), Some("3"));
        assert_eq!(section.get("b"), None);
        assert!(section.remove("a") && !section.remove("a"));
    }

    #[test]
    fn values_do_not_show() {
        let mut section = SetupSection::new("n", "t");
        section.set("token", "canary");
        section.set_password("password", Secret::new("canary"));
        assert!(!format!("{section:?}").contains("canary"));
    }
}
