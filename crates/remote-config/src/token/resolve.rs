//! Which store a remote's token belongs in.

use std::sync::Arc;

use remote_core::{
    auth::{MemoryTokenStore, Token, TokenStore},
    options::Origin,
};

use super::FileTokenStore;
use crate::{
    config::Config, error::Error, remote_string::RemoteName, resolve::ResolvedRemote, token::file,
};

impl Config {
    /// Where the token of a remote is kept: in the file, if it has a section for the remote and the token comes from there or is still to
    /// be obtained. Otherwise in memory, because there is no place that it would be read from again: remotes without configuration, remotes made of
    /// environment variables, tokens given in a connection string or a variable.
    ///
    /// # Errors
    ///
    /// [`Text`](Error::Text) or [`Token`](Error::Token) if a token outside the file cannot be read. What is in the file is read later.
    pub fn token_store(&self, remote: &ResolvedRemote) -> Result<Arc<dyn TokenStore>, Error> {
        let unreadable = || Error::Text {
            section: remote.name().to_owned(),
            key: file::KEY.to_owned(),
        };
        let found = remote
            .lookup(file::KEY, None)
            .map_err(|_not_text| unreadable())?;
        if let RemoteName::Configured(section) = remote.remote_name()
            && self.document().has_section(section)
            && self.location().path().is_some()
            && found
                .as_ref()
                .is_none_or(|found| matches!(found.origin, Origin::File(_)))
        {
            return Ok(Arc::new(FileTokenStore::new(self.store().clone(), section)));
        }
        let token = match found.filter(|found| !found.text.trim().is_empty()) {
            Some(found) => {
                let token = Token::parse(&found.text);
                Some(token.map_err(|source| Error::Token {
                    section: remote.name().to_owned(),
                    source,
                })?)
            }
            None => None,
        };
        Ok(Arc::new(MemoryTokenStore::new(token)))
    }
}
