//! A Jottacloud remote on an emulator of its own.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use jotta_api::{
    Client, JottaRemote,
    addresses::Addresses,
    auth::{Credentials, Session},
    builder::ClientBuilder,
    remote::JottaRemoteBuilder,
};
use remote_core::{
    auth::{MemoryTokenStore, Token},
    http::{HttpClient, HttpSettings},
    path::RemotePath,
    remote::Remote,
    retry::RetryPolicy,
};
use remote_emulator::{
    Emulator,
    identity::IssuedTokens,
    jotta::{JottaConfig, JottaHandle},
};
use url::Url;

/// The realm of the main brand.
const REALM: &str = "jottacloud";

/// An emulator, and what is needed to use it.
#[derive(Debug)]
pub struct JottaBench {
    emulator: Emulator,
}

impl JottaBench {
    /// Starts an emulator with one account and nothing in it.
    ///
    /// # Panics
    ///
    /// If no loopback port is free.
    pub async fn start() -> Self {
        Self::with(JottaConfig::default()).await
    }

    /// Starts an emulator with the given accounts and choices.
    ///
    /// # Panics
    ///
    /// If no loopback port is free.
    pub async fn with(config: JottaConfig) -> Self {
        let emulator = Emulator::builder()
            .jotta(config)
            .start()
            .await
            .expect("the emulator starts");
        Self { emulator }
    }

    /// The service's side.
    #[must_use]
    pub fn service(&self) -> &JottaHandle {
        self.emulator.jotta()
    }

    /// The addresses of the emulator.
    ///
    /// # Panics
    ///
    /// If the emulator's addresses are none.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        let service = self.service();
        Addresses::default()
            .with_jfs(url(&service.jfs_url()))
            .and_then(|addresses| addresses.with_api(url(&service.api_url())))
            .and_then(|addresses| addresses.with_identity(url(service.url())))
            .expect("addresses of this machine")
    }

    /// A fresh sign-in, as the token that a program keeps.
    ///
    /// # Panics
    ///
    /// If the emulator cannot keep it.
    #[must_use]
    pub fn token(&self) -> Token {
        token_of(&self.service().sign_in().expect("signed in"))
    }

    /// The session that renews tokens.
    #[must_use]
    pub fn session(&self) -> Session {
        let token_url = url(&self.service().identity().token_url(REALM));
        Session::new(http(), self.addresses(), "jottacli", token_url)
    }

    /// A client of a fresh sign-in, with delays too short to wait for.
    ///
    /// # Panics
    ///
    /// If the settings are wrong.
    #[must_use]
    pub fn client(&self) -> Client {
        let store = MemoryTokenStore::new(self.token());
        let tokens = self.session().tokens(Arc::new(store));
        self.client_builder(Credentials::Tokens(tokens))
            .build()
            .expect("the settings are right")
    }

    /// A client with these credentials, still to be made.
    pub fn client_builder(&self, credentials: Credentials) -> ClientBuilder {
        Client::builder(credentials)
            .addresses(self.addresses())
            .retry_policy(impatient())
            .http_client(http())
    }

    /// The default mount point.
    #[must_use]
    pub fn remote(&self) -> JottaRemote {
        self.builder().build()
    }

    /// A folder of the default mount point.
    #[must_use]
    pub fn remote_at(&self, root: &str) -> JottaRemote {
        self.builder().root(path(root)).build()
    }

    /// A remote still to be made.
    #[must_use]
    pub fn builder(&self) -> JottaRemoteBuilder {
        JottaRemote::builder(self.client())
    }

    /// The default mount point, its concrete type forgotten.
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

    /// A configuration as rclone keeps it, with the addresses of the emulator.
    ///
    /// # Panics
    ///
    /// If the emulator cannot keep the sign-in.
    #[must_use]
    pub fn options(&self) -> BTreeMap<String, String> {
        let service = self.service();
        [
            ("configVersion", "1".to_owned()),
            ("client_id", "jottacli".to_owned()),
            ("client_secret", String::new()),
            (
                "tokenURL",
                "https://id.jottacloud.com/auth/realms/jottacloud/protocol/openid-connect/token"
                    .to_owned(),
            ),
            ("token", self.token().to_json().expose().to_owned()),
            ("device", String::new()),
            ("mountpoint", String::new()),
            ("jfs_url", service.jfs_url()),
            ("api_url", service.api_url()),
            ("identity_url", service.url().to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }
}

/// A client of an address at which nobody listens.
///
/// # Panics
///
/// If the settings are wrong.
#[must_use]
pub fn unreachable() -> JottaRemote {
    let nowhere = "http://127.0.0.1:1/";
    let addresses = Addresses::default()
        .with_jfs(url(nowhere))
        .and_then(|addresses| addresses.with_api(url(nowhere)))
        .expect("addresses of this machine");
    let client = Client::builder(Credentials::token("t"))
        .addresses(addresses)
        .retry_policy(impatient())
        .build()
        .expect("the settings are right");
    JottaRemote::builder(client).build()
}

/// The tokens of the service as a program keeps them.
#[must_use]
pub fn token_of(issued: &IssuedTokens) -> Token {
    Token::new(issued.access_token.as_str())
        .with_refresh_token(issued.refresh_token.as_str())
        .with_expires_in(Duration::from_secs(issued.expires_in), SystemTime::now())
}

/// Repetitions with delays too short to wait for.
#[must_use]
pub fn impatient() -> RetryPolicy {
    RetryPolicy::default()
        .with_max_attempts(4)
        .with_base_delay(Duration::from_millis(1))
        .with_max_delay(Duration::from_millis(5))
}

/// Connections with the usual settings.
///
/// # Panics
///
/// If the settings are wrong.
#[must_use]
pub fn http() -> HttpClient {
    HttpClient::new(&HttpSettings::default()).expect("the settings are right")
}

/// An address that is known to be one.
///
/// # Panics
///
/// If it is none.
#[must_use]
pub fn url(text: &str) -> Url {
    Url::parse(text).expect("an address")
}

fn path(text: &str) -> RemotePath {
    crate::koofr::path(text)
}
