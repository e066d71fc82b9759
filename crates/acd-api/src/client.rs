//! The client: one method per endpoint of the service, grouped in [`crate::api`].

use std::{fmt, sync::Arc};

use remote_core::{
    auth::TokenSigner,
    http::HttpClient,
    retry::{Retry, RetryPolicy},
};
use tokio::sync::Semaphore;

use crate::{
    addresses::Addresses, auth::Credentials, builder::ClientBuilder, discovery::Discovery,
};

/// A client of one account.
///
/// Cheap to clone; clones share connections, token, pace and the account's own addresses.
///
/// Methods speak the service's own language: nodes are named by their ids, and names are sent as they are, without any encoding.
///
/// # Requests
///
/// A method makes one request unless its documentation says otherwise; the first one asks for the account's own addresses before. Methods that read repeat
/// it within the limits of the [`RetryPolicy`]. All others make one attempt: [`Error::effect`] and [`Error::retry_advice`] tell what may have happened. A
/// token that the service refuses is renewed once, and the request repeated once.
///
/// [`Error::effect`]: remote_core::error::Error::effect
/// [`Error::retry_advice`]: remote_core::error::Error::retry_advice
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) http: HttpClient,
    pub(crate) retry: Retry,
    /// The same pace, for calls of which only one attempt is made.
    pub(crate) once: Retry,
    pub(crate) discovery: Discovery,
    pub(crate) auth: TokenSigner,
    /// One for each call that is not about contents. Whoever has one waits for nothing but an answer: contents, which may wait for each other, need none.
    pub(crate) metadata_calls: Semaphore,
}

impl Client {
    /// Starts a client.
    ///
    /// # Examples
    ///
    /// ```
    /// use acd_api::{Client, auth::Credentials};
    ///
    /// let client = Client::builder(Credentials::token("an access token")).build()?;
    /// # Ok::<(), remote_core::error::Error>(())
    /// ```
    pub fn builder(credentials: Credentials) -> ClientBuilder {
        ClientBuilder::new(credentials)
    }

    pub(crate) fn of_parts(
        http: HttpClient,
        retry: Retry,
        discovery: Discovery,
        credentials: Credentials,
        metadata_calls: usize,
    ) -> Self {
        let once = retry.clone().with_policy(RetryPolicy::never());
        Self {
            inner: Arc::new(Inner {
                http,
                retry,
                once,
                discovery,
                auth: credentials.signer(),
                metadata_calls: Semaphore::new(metadata_calls.min(Semaphore::MAX_PERMITS)),
            }),
        }
    }

    /// Where the service is, as it was configured.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.inner.discovery.addresses
    }

    /// The HTTP client, which also counts the requests.
    #[must_use]
    pub fn http(&self) -> &HttpClient {
        &self.inner.http
    }

    /// How failed calls are repeated, and the pace of the account.
    ///
    /// Loops around several calls should use the policy with a pacer of their own, since every call here waits for the
    /// shared one already.
    #[must_use]
    pub fn retry(&self) -> &Retry {
        &self.inner.retry
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = remote_core::http::redacted(&self.addresses().endpoint_url);
        f.debug_struct("Client")
            .field("endpoint", &endpoint)
            .finish_non_exhaustive()
    }
}
