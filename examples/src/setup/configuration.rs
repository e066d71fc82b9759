//! The configuration file, opened with a password if it needs one.

use std::path::Path;

use remote_config::{
    Config, Environment, Error,
    encryption::{PasswordSources, UnlockError},
    location::Location,
    store::Store,
};
use remote_core::secret::Secret;

/// A configuration file that is not open yet.
#[derive(Clone, Debug)]
pub(super) struct Configuration {
    location: Location,
    sources: PasswordSources,
}

/// What came of opening it.
pub(super) enum Opened {
    /// It is open.
    Open(Box<Config>),
    /// It needs a password; what was tried did not open it, or there was none.
    Locked(Error),
}

impl Configuration {
    /// This file, or the user's own; its password is in the environment, if it is anywhere.
    pub(super) fn new(path: Option<&Path>) -> Self {
        let environment = Environment::process();
        Self {
            location: match path {
                Some(path) => Location::new(path),
                None => Location::find(&environment),
            },
            sources: PasswordSources::from_environment(&environment),
        }
    }

    /// With a password that was asked for.
    pub(super) fn with_password(&self, password: Secret) -> Self {
        Self {
            location: self.location.clone(),
            sources: self.sources.clone().password(password),
        }
    }

    pub(super) fn open(&self) -> Result<Opened, Error> {
        let store = Store::new(self.location.clone()).passwords(self.sources.clone());
        match Config::load(store) {
            Ok(config) => Ok(Opened::Open(Box::new(config))),
            Err(error) if can_be_asked(&error) => Ok(Opened::Locked(error)),
            Err(error) => Err(error),
        }
    }

    /// Where it is, for people.
    pub(super) fn place(&self) -> String {
        place(&self.location)
    }
}

/// Where a configuration is, for people.
pub(super) fn place(location: &Location) -> String {
    match location.path() {
        Some(path) => path.display().to_string(),
        None => "memory, where it is not kept".to_owned(),
    }
}

/// Whether another password could open it. A password of the environment that is wrong is for its owner to put right, as with rclone.
fn can_be_asked(error: &Error) -> bool {
    use remote_config::encryption::PasswordOrigin::Given;
    match error {
        Error::Unlock { source, .. } => matches!(
            source,
            UnlockError::NoPassword
                | UnlockError::Wrong { origin: Given }
                | UnlockError::Unusable { origin: Given, .. }
        ),
        _ => false,
    }
}
