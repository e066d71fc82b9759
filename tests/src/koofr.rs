//! A Koofr remote on an emulator of its own.

use std::{sync::Arc, time::Duration};

use koofr_api::{Client, KoofrRemote, auth::Credentials, provider::Provider};
use remote_core::{path::RemotePath, remote::Remote, retry::RetryPolicy};
use remote_emulator::{
    Emulator,
    koofr::{KoofrConfig, KoofrHandle},
};

/// An emulator, and what is needed to use it.
#[derive(Debug)]
pub struct Bench {
    emulator: Emulator,
}

impl Bench {
    /// Starts an emulator with one user and one empty storage.
    ///
    /// # Panics
    ///
    /// If no loopback port is free.
    pub async fn start() -> Self {
        Self::with(KoofrConfig::default()).await
    }

    /// Starts an emulator with the given accounts and storages.
    ///
    /// # Panics
    ///
    /// If no loopback port is free.
    pub async fn with(config: KoofrConfig) -> Self {
        let emulator = Emulator::builder()
            .koofr(config)
            .start()
            .await
            .expect("the emulator starts");
        Self { emulator }
    }

    /// The service's side.
    #[must_use]
    pub fn service(&self) -> &KoofrHandle {
        self.emulator.koofr()
    }

    /// A client with the right password, and delays too short to wait for.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client_with(Credentials::basic(
            self.service().user(),
            self.service().password(),
        ))
    }

    /// A client with other credentials.
    ///
    /// # Panics
    ///
    /// If the emulator's address is not one.
    #[must_use]
    pub fn client_with(&self, credentials: Credentials) -> Client {
        client_of(self.service().url(), credentials)
    }

    /// The root of the storage.
    #[must_use]
    pub fn remote(&self) -> KoofrRemote {
        self.remote_at("")
    }

    /// A folder of the storage.
    #[must_use]
    pub fn remote_at(&self, root: &str) -> KoofrRemote {
        KoofrRemote::builder(self.client())
            .root(path(root))
            .poll_interval(Duration::from_millis(20))
            .build()
    }

    /// The root of the storage, its concrete type forgotten.
    #[must_use]
    pub fn shared(&self) -> Arc<dyn Remote> {
        Arc::new(self.remote())
    }

    /// How many requests came since the counters were cleared.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.service().log().total()
    }

    /// Runs something and tells how many requests it took, besides its result.
    pub async fn counted<T>(&self, run: impl Future<Output = T>) -> (T, u64) {
        self.service().log().clear();
        let result = run.await;
        (result, self.requests())
    }
}

/// A client of any address, with delays too short to wait for.
///
/// # Panics
///
/// If the address is not one.
#[must_use]
pub fn client_of(url: &str, credentials: Credentials) -> Client {
    let policy = RetryPolicy::default()
        .with_max_attempts(4)
        .with_base_delay(Duration::from_millis(1))
        .with_max_delay(Duration::from_millis(5));
    Client::builder(Provider::Other(url.parse().expect("an address")))
        .credentials(credentials)
        .retry_policy(policy)
        .build()
        .expect("the settings are right")
}

/// A path that is known to be one.
///
/// # Panics
///
/// If it is none.
#[must_use]
pub fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).expect("a path")
}
