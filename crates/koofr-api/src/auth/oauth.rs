//! OAuth 2.

use std::sync::{Arc, PoisonError, RwLock};

use url::Url;

/// Where the sign-in service told that the account lives; clones are the same hint.
#[derive(Clone, Debug, Default)]
pub struct ServerHint {
    server: Arc<RwLock<Option<Url>>>,
}

impl ServerHint {
    /// The address to use in place of `base`: scheme, host and port of the hint, if there is one, and the path of `base`.
    pub(crate) fn base(&self, base: &Url) -> Url {
        let server = self.server.read().unwrap_or_else(PoisonError::into_inner);
        match &*server {
            Some(server) => {
                let mut url = server.clone();
                url.set_path(base.path());
                url
            }
            None => base.clone(),
        }
    }
}
