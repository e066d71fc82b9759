//! The providers that are compiled in; a new one is added here and in the manifest.

use std::sync::Arc;

use remote_core::{
    auth::TokenStore,
    error::Result,
    http::HttpSettings,
    options::{Backend, OptionSource},
    path::RemotePath,
    remote::Remote,
    setup::SetupSteps,
};

/// Where the token of the remote is kept, for providers that have one.
type Tokens<'a> = &'a dyn Fn() -> Result<Arc<dyn TokenStore>>;

/// Makes a remote of one type.
type Make = fn(&dyn OptionSource, RemotePath, &HttpSettings, Tokens<'_>) -> Result<Arc<dyn Remote>>;

/// Makes the provider's own steps of setting up a remote.
type Setup = fn(&HttpSettings) -> Arc<dyn SetupSteps>;

/// A type of remotes.
#[derive(Clone, Copy)]
pub(crate) struct Provider {
    pub(crate) backend: &'static Backend,
    pub(crate) make: Make,
    pub(crate) setup: Setup,
}

/// All of them.
pub(crate) const PROVIDERS: &[Provider] = &[
    #[cfg(feature = "acd")]
    Provider {
        backend: &acd_api::options::BACKEND,
        make: |options, root, http, tokens| {
            let store = Some(tokens()?);
            let remote = acd_api::AcdRemote::from_options_with(options, root, http, store)?;
            Ok(Arc::new(remote))
        },
        setup: |http| Arc::new(acd_api::setup::AcdSetup::new(http.clone())),
    },
    #[cfg(feature = "jotta")]
    Provider {
        backend: &jotta_api::options::BACKEND,
        make: |options, root, http, tokens| {
            let store = Some(tokens()?);
            let remote = jotta_api::JottaRemote::from_options_with(options, root, http, store)?;
            Ok(Arc::new(remote))
        },
        setup: |http| Arc::new(jotta_api::setup::JottaSetup::new(http.clone())),
    },
    #[cfg(feature = "koofr")]
    Provider {
        backend: &koofr_api::options::BACKEND,
        make: |options, root, http, _tokens| {
            let remote = koofr_api::KoofrRemote::from_options_with(options, root, http)?;
            Ok(Arc::new(remote))
        },
        setup: |http| Arc::new(koofr_api::setup::KoofrSetup::new(http.clone())),
    },
];

/// Which cargo feature brings a type, for the types that need not be compiled in.
const FEATURES: &[(&str, &str)] = &[
    ("amazon cloud drive", "acd"),
    ("jottacloud", "jotta"),
    ("koofr", "koofr"),
];

/// The provider of a type, as written in a configuration.
pub(crate) fn find(type_name: &str) -> Option<&'static Provider> {
    PROVIDERS
        .iter()
        .find(|provider| provider.backend.is_named(type_name))
}

/// The cargo feature that would bring a type.
pub(crate) fn feature_of(type_name: &str) -> Option<&'static str> {
    let (_, feature) = FEATURES.iter().find(|(name, _)| *name == type_name)?;
    Some(feature)
}
