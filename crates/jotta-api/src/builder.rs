//! Settings of a client, checked together.

use remote_core::{
    error::Result,
    http::{HttpClient, HttpSettings},
    retry::{Pacer, Retry, RetryPolicy},
};

use crate::{addresses::Addresses, auth::Credentials, client::Client};

/// The user agent unless set.
pub const DEFAULT_USER_AGENT: &str = concat!("jotta-api/", env!("CARGO_PKG_VERSION"));

/// Collects the settings of a [`Client`].
#[derive(Debug)]
#[must_use = "a builder makes nothing until `build` is called"]
pub struct ClientBuilder {
    credentials: Credentials,
    addresses: Addresses,
    username: Option<String>,
    http: Option<HttpClient>,
    settings: HttpSettings,
    retry: Retry,
}

impl ClientBuilder {
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            addresses: Addresses::default(),
            username: None,
            http: None,
            settings: HttpSettings::default().with_user_agent(DEFAULT_USER_AGENT),
            retry: Retry::new(RetryPolicy::default(), Pacer::new()),
        }
    }

    /// Where the service is; [`Addresses::default`] unless set.
    pub fn addresses(mut self, addresses: Addresses) -> Self {
        self.addresses = addresses;
        self
    }

    /// The internal name of the user, which saves the request that asks for it. Not the e-mail address.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// How to connect and wait. The settings bring their own user agent along; the default one is [`DEFAULT_USER_AGENT`].
    pub fn http_settings(mut self, settings: HttpSettings) -> Self {
        self.settings = settings;
        self
    }

    /// A ready HTTP client, for instance the one of the sign-in; the [settings](Self::http_settings) are then not used.
    pub fn http_client(mut self, client: HttpClient) -> Self {
        self.http = Some(client);
        self
    }

    /// How often and for how long failed calls are repeated; [`RetryPolicy::default`] unless set.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.retry = self.retry.with_policy(policy);
        self
    }

    /// A ready loop for repetitions, for instance with the pacer of another client of the same account.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// What [`HttpClient::new`] finds wrong with the HTTP settings.
    pub fn build(self) -> Result<Client> {
        let http = match self.http {
            Some(http) => http,
            None => HttpClient::new(&self.settings)?,
        };
        Ok(Client::of_parts(
            http,
            self.retry,
            self.addresses,
            self.credentials,
            self.username,
        ))
    }
}
