//! The client: one method per endpoint of the service, grouped in [`crate::api`].

use std::{fmt, sync::Arc};

use remote_core::{
    auth::TokenSigner,
    http::HttpClient,
    retry::{Retry, RetryPolicy},
};
use tokio::sync::OnceCell;

use crate::{addresses::Addresses, auth::Credentials, builder::ClientBuilder};

/// A client of one account.
///
/// Cheap to clone; clones share connections, token, pace and the name of the user.
///
/// Methods speak the service's own language: a [`Location`](crate::location::Location) is a device, a mount point and a path, with names as they are
/// stored, sent without any encoding.
///
/// # Requests
///
/// A method makes one request unless its documentation says otherwise, and the first one that needs the name of the user makes one more
/// ([`username`](Self::username)). Methods that read, and those that say so, repeat it within the limits of the [`RetryPolicy`] when that is harmless.
/// All others make one attempt: [`Error::effect`] and [`Error::retry_advice`] tell what may have happened. A token that the service refuses is renewed
/// once, and the request repeated once.
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
    pub(crate) addresses: Addresses,
    pub(crate) auth: TokenSigner,
    pub(crate) username: OnceCell<String>,
}

impl Client {
    /// Starts a client.
    ///
    /// # Examples
    ///
    /// ```
    /// use jotta_api::{Client, auth::Credentials};
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
        addresses: Addresses,
        credentials: Credentials,
        username: Option<String>,
    ) -> Self {
        let once = retry.clone().with_policy(RetryPolicy::never());
        Self {
            inner: Arc::new(Inner {
                http,
                retry,
                once,
                addresses,
                auth: credentials.signer(),
                username: OnceCell::new_with(username),
            }),
        }
    }

    /// Where the service is.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.inner.addresses
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
        f.debug_struct("Client")
            .field(
                "jfs",
                &remote_core::http::redacted(&self.inner.addresses.jfs),
            )
            .finish_non_exhaustive()
    }
}
