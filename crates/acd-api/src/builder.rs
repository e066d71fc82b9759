//! Settings of a client, checked together.

use std::time::Duration;

use remote_core::{
    error::Result,
    http::{HttpClient, HttpSettings},
    retry::{Pacer, Retry, RetryPolicy},
};
use url::Url;

use crate::{addresses::Addresses, auth::Credentials, client::Client, discovery::Discovery};

/// The user agent unless set.
pub const DEFAULT_USER_AGENT: &str = concat!("acd-api/", env!("CARGO_PKG_VERSION"));

/// The pause after the first failure is up to this long, and twice as long after each further one.
pub const DEFAULT_BASE_DELAY: Duration = Duration::from_secs(1);

/// How long addresses are used before they are asked for again: the service wished for three to five days.
pub const DEFAULT_DISCOVERY_TTL: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// How many calls that are not about contents are under way at the same time unless set.
///
/// rclone makes 12 calls at most with its defaults: 8 of these, and 4 that send or fetch a content. The latter are as many here as the caller transfers at once.
pub const DEFAULT_METADATA_CALLS: usize = 8;

/// Collects the settings of a [`Client`].
#[derive(Debug)]
#[must_use = "a builder makes nothing until `build` is called"]
pub struct ClientBuilder {
    credentials: Credentials,
    addresses: Addresses,
    http: Option<HttpClient>,
    settings: HttpSettings,
    retry: Retry,
    discovery_ttl: Duration,
    metadata_calls: usize,
}

impl ClientBuilder {
    pub(crate) fn new(credentials: Credentials) -> Self {
        let policy = RetryPolicy::default().with_base_delay(DEFAULT_BASE_DELAY);
        Self {
            credentials,
            addresses: Addresses::default(),
            http: None,
            settings: HttpSettings::default().with_user_agent(DEFAULT_USER_AGENT),
            retry: Retry::new(policy, Pacer::new()),
            discovery_ttl: DEFAULT_DISCOVERY_TTL,
            metadata_calls: DEFAULT_METADATA_CALLS,
        }
    }

    /// Where the account's own addresses are asked for.
    pub fn endpoint_url(mut self, url: Url) -> Self {
        self.addresses.endpoint_url = url;
        self
    }

    /// All addresses. If neither that of nodes nor that of contents is left open, none is asked for.
    pub fn addresses(mut self, addresses: Addresses) -> Self {
        self.addresses = addresses;
        self
    }

    /// How long the account's own addresses are used before they are asked for again; [`DEFAULT_DISCOVERY_TTL`] unless set.
    pub fn discovery_ttl(mut self, ttl: Duration) -> Self {
        self.discovery_ttl = ttl;
        self
    }

    /// How many calls that are not about contents are under way at the same time, at least one; [`DEFAULT_METADATA_CALLS`] unless set. Others wait.
    pub fn metadata_calls(mut self, calls: usize) -> Self {
        self.metadata_calls = calls.max(1);
        self
    }

    /// How to connect and wait. The settings bring their own user agent along; the default one is [`DEFAULT_USER_AGENT`].
    pub fn http_settings(mut self, settings: HttpSettings) -> Self {
        self.settings = settings;
        self
    }

    /// A ready HTTP client, for instance the one that renews the tokens; the [settings](Self::http_settings) are then not used.
    pub fn http_client(mut self, client: HttpClient) -> Self {
        self.http = Some(client);
        self
    }

    /// How often and for how long failed calls are repeated; [`RetryPolicy::default`] with [`DEFAULT_BASE_DELAY`] unless set.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.retry = self.retry.with_policy(policy);
        self
    }

    /// The distance at which calls begin, also while all is well; none unless set. rclone kept 20 ms, so 50 calls a second at most.
    ///
    /// It is not needed against a service that is busy for a time: calls slow down when it says so, see [`Pacer`].
    pub fn min_spacing(self, spacing: Duration) -> Self {
        self.retry.pacer().set_min_spacing(spacing);
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
    /// [`InvalidInput`](remote_core::error::ErrorKind::InvalidInput) for an address that is no `http` or `https` address, or carries credentials, a query or a
    /// fragment; and what [`HttpClient::new`] finds wrong with the HTTP settings.
    pub fn build(self) -> Result<Client> {
        self.addresses.check()?;
        let http = match self.http {
            Some(http) => http,
            None => HttpClient::new(&self.settings)?,
        };
        let discovery = Discovery::new(self.addresses, self.discovery_ttl);
        Ok(Client::of_parts(
            http,
            self.retry,
            discovery,
            self.credentials,
            self.metadata_calls,
        ))
    }
}
