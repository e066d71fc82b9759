//! An Amazon Drive remote on an emulator of its own.

use std::{sync::Arc, time::Duration};

use acd_api::{
    AcdRemote, Client,
    auth::{Credentials, SignInApp},
    remote::AcdRemoteBuilder,
};
use remote_core::{
    auth::{MemoryTokenStore, Token},
    http::{HttpClient, HttpSettings, Method, Proxy, Request},
    path::RemotePath,
    remote::Remote,
    retry::RetryPolicy,
};
use remote_emulator::{
    Emulator,
    acd::{AcdConfig, AcdHandle, AcdSettings},
};

use url::Url;

use crate::patience::SHORT;

/// An emulator, and what is needed to use it.
#[derive(Debug)]
pub struct Bench {
    emulator: Emulator,
}

impl Bench {
    /// Starts an emulator with an empty drive.
    ///
    /// # Panics
    ///
    /// If no loopback port is free.
    pub async fn start() -> Self {
        Self::with(AcdConfig::default()).await
    }

    /// Starts an emulator with a drive that behaves like this.
    ///
    /// # Panics
    ///
    /// If no loopback port is free.
    pub async fn with_settings(change: impl FnOnce(&mut AcdSettings)) -> Self {
        let bench = Self::start().await;
        bench.service().change_settings(change);
        bench
    }

    /// Starts an emulator with the given drive.
    ///
    /// # Panics
    ///
    /// If no loopback port is free.
    pub async fn with(config: AcdConfig) -> Self {
        let emulator = Emulator::builder()
            .acd(config)
            .start()
            .await
            .expect("the emulator starts");
        Self { emulator }
    }

    /// The service's side.
    #[must_use]
    pub fn service(&self) -> &AcdHandle {
        self.emulator.acd()
    }

    /// The application that is registered with the service.
    ///
    /// # Panics
    ///
    /// If an address of the emulator is not one.
    #[must_use]
    pub fn app(&self) -> SignInApp {
        let service = self.service();
        SignInApp::new(service.client_id(), service.client_secret())
            .with_auth_url(service.auth_url().parse().expect("an address"))
            .with_token_url(service.token_url().parse().expect("an address"))
    }

    /// A token of a person who has signed in.
    ///
    /// # Panics
    ///
    /// If the emulator gives none.
    #[must_use]
    pub fn token(&self) -> Token {
        let tokens = self.service().sign_in().expect("tokens");
        Token::new(tokens.access_token.as_str()).with_refresh_token(tokens.refresh_token.as_str())
    }

    /// A client with the right token, which it can renew, and delays too short to wait for.
    ///
    /// # Panics
    ///
    /// If the settings are wrong.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client_by(&self.service().endpoint_url(), &HttpSettings::default())
    }

    /// A client that reaches the service by way of another address.
    ///
    /// # Panics
    ///
    /// If the settings are wrong.
    #[must_use]
    pub fn client_by(&self, endpoint_url: &str, settings: &HttpSettings) -> Client {
        let settings = settings.clone().with_proxy(Proxy::None);
        let http = HttpClient::new(&settings).expect("the settings are right");
        let store = MemoryTokenStore::new(self.token());
        let tokens = self.app().tokens(&http, Arc::new(store));
        Client::builder(Credentials::Tokens(tokens))
            .endpoint_url(endpoint_url.parse().expect("an address"))
            .http_client(http)
            .retry_policy(quick())
            .build()
            .expect("the settings are right")
    }

    /// A client that gives up on silence soon.
    #[must_use]
    pub fn impatient_client(&self) -> Client {
        let settings = HttpSettings::default()
            .with_connect_timeout(SHORT / 3)
            .with_idle_timeout(SHORT)
            .with_response_timeout(SHORT);
        self.client_by(&self.service().endpoint_url(), &settings)
    }

    /// The root of the drive.
    #[must_use]
    pub fn remote(&self) -> AcdRemote {
        self.remote_at("")
    }

    /// A folder of the drive.
    #[must_use]
    pub fn remote_at(&self, root: &str) -> AcdRemote {
        self.builder().root(path(root)).build()
    }

    /// The root of the drive, still to be set up.
    #[must_use]
    pub fn builder(&self) -> AcdRemoteBuilder {
        quick_remote(self.client())
    }

    /// The root of the drive, its concrete type forgotten.
    #[must_use]
    pub fn shared(&self) -> Arc<dyn Remote> {
        Arc::new(self.remote())
    }

    /// Does what a browser does with the address of a sign-in, up to where it is sent back to.
    ///
    /// # Panics
    ///
    /// If the service does not send it back.
    pub async fn visit(&self, address: &str) -> Url {
        let http = HttpClient::new(&HttpSettings::default().with_proxy(Proxy::None))
            .expect("the settings are right");
        let url = address.parse().expect("an address");
        let request = Request::new(Method::GET, url, "browser").follow_redirects(false);
        let response = http.send(request).await.expect("an answer");
        let back = response.header("location").expect("it is sent back");
        let back = std::str::from_utf8(back).expect("an address");
        back.parse().expect("an address")
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

/// A remote with delays too short to wait for.
#[must_use]
pub fn quick_remote(client: Client) -> AcdRemoteBuilder {
    AcdRemote::builder(client)
        .upload_wait(Duration::from_millis(60), Duration::from_millis(10))
        .poll_interval(Duration::from_millis(20))
}

/// Few repetitions with delays too short to wait for.
#[must_use]
pub fn quick() -> RetryPolicy {
    RetryPolicy::default()
        .with_max_attempts(4)
        .with_base_delay(Duration::from_millis(1))
        .with_max_delay(Duration::from_millis(5))
}

/// A client without a token that reaches nobody.
///
/// # Panics
///
/// If the settings are wrong.
#[must_use]
pub fn unreachable() -> Client {
    Client::builder(Credentials::token("t"))
        .endpoint_url("http://127.0.0.1:1/drive/v1/".parse().expect("an address"))
        .retry_policy(quick())
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
