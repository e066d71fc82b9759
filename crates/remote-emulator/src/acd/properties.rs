//! Properties: short texts that an application keeps with a node.

use serde_json::{Value, json};

use crate::acd::node::{Key, Properties};
use crate::acd::problem::Problem;
use crate::acd::state::{Moment, State};

/// Keys of one owner on one node.
const KEYS: usize = 10;

/// Characters of a key.
const KEY_LIMIT: usize = 50;

/// Characters of a value.
const VALUE_LIMIT: usize = 500;

impl State {
    /// Reads `{owner: {key: value}}`.
    pub(crate) fn properties_of(&self, value: &Value) -> Result<Properties, Problem> {
        let mut all = Properties::new();
        if value.is_null() {
            return Ok(all);
        }
        let refused = || Problem::bad("properties must be {owner: {key: value}}");
        for (owner, pairs) in value.as_object().ok_or_else(refused)? {
            self.check_owner(owner)?;
            let pairs = pairs.as_object().ok_or_else(refused)?;
            if pairs.len() > KEYS {
                return Err(Problem::bad("too many properties"));
            }
            for (key, value) in pairs {
                let value = value.as_str().ok_or_else(refused)?;
                check(key, value)?;
                let of_owner = all.entry(owner.clone()).or_default();
                of_owner.insert(key.clone(), value.to_owned());
            }
        }
        Ok(all)
    }

    fn check_owner(&self, owner: &str) -> Result<(), Problem> {
        if self.settings.refuse_foreign_properties && owner != self.settings.application {
            return Err(Problem::forbidden("properties of another application"));
        }
        Ok(())
    }

    pub(crate) fn set_property(
        &mut self,
        moment: Moment,
        node: Key,
        owner: &str,
        key: &str,
        value: &str,
    ) -> Result<(), Problem> {
        self.check_owner(owner)?;
        check(key, value)?;
        let known = self.get(node)?.data.properties.get(owner);
        if known.is_some_and(|known| known.len() >= KEYS && !known.contains_key(key)) {
            return Err(Problem::bad("too many properties"));
        }
        self.edit(moment, node, |data| {
            let of_owner = data.properties.entry(owner.to_owned()).or_default();
            of_owner.insert(key.to_owned(), value.to_owned());
        });
        Ok(())
    }

    pub(crate) fn property(&self, node: Key, owner: &str, key: &str) -> Result<&str, Problem> {
        self.check_owner(owner)?;
        let known = self.get(node)?.data.properties.get(owner);
        known
            .and_then(|known| known.get(key))
            .map(String::as_str)
            .ok_or_else(|| Problem::new(404, "Property does not exist"))
    }

    /// `{"count":n,"data":{key:value}}`
    pub(crate) fn properties(&self, node: Key, owner: &str) -> Result<Value, Problem> {
        self.check_owner(owner)?;
        let known = self.get(node)?.data.properties.get(owner);
        let known = known.cloned().unwrap_or_default();
        Ok(json!({"count": known.len(), "data": known}))
    }

    pub(crate) fn remove_property(
        &mut self,
        moment: Moment,
        node: Key,
        owner: &str,
        key: &str,
    ) -> Result<(), Problem> {
        self.property(node, owner, key)?;
        self.edit(moment, node, |data| {
            if let Some(known) = data.properties.get_mut(owner) {
                known.remove(key);
            }
        });
        Ok(())
    }
}

fn check(key: &str, value: &str) -> Result<(), Problem> {
    let letters = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'_';
    if key.is_empty() || key.len() > KEY_LIMIT || !key.bytes().all(letters) {
        return Err(Problem::bad("a key has up to 50 of A-Z a-z 0-9 _"));
    }
    if value.chars().count() > VALUE_LIMIT {
        return Err(Problem::bad("a value has up to 500 characters"));
    }
    Ok(())
}
