//! Addresses that need no token: temporary links, and those of the storage.

use std::collections::HashMap;

use crate::ids;

/// Links are forgotten beyond this number, expired ones first.
const KEPT: usize = 100_000;

/// What a link leads to, and until when.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) node: String,
    pub(crate) expires: i64,
}

/// The links that were given out.
#[derive(Debug, Default)]
pub(crate) struct Links {
    all: HashMap<String, Link>,
}

impl Links {
    /// A new link to a node.
    pub(crate) fn make(&mut self, node: &str, now: i64, lifetime_ms: u64) -> String {
        if self.all.len() >= KEPT {
            self.all.retain(|_, link| now < link.expires);
        }
        if self.all.len() >= KEPT {
            self.all.clear();
        }
        let token = ids::token();
        let link = Link {
            node: node.to_owned(),
            expires: now.saturating_add_unsigned(lifetime_ms),
        };
        self.all.insert(token.clone(), link);
        token
    }

    /// What a link leads to, expired or not.
    pub(crate) fn get(&self, token: &str) -> Option<&Link> {
        self.all.get(token)
    }

    /// Ends all links.
    pub(crate) fn expire(&mut self) {
        self.all
            .values_mut()
            .for_each(|link| link.expires = i64::MIN);
    }
}
