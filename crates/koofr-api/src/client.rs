//! The client: one method per endpoint of the service, grouped in [`crate::api`].

use std::{fmt, sync::Arc};

use remote_core::{
    http::HttpClient,
    retry::{Retry, RetryPolicy},
};
use url::Url;

use crate::{
    auth::{Authenticator, Credentials, oauth::ServerHint},
    builder::ClientBuilder,
    level::LevelState,
    provider::Provider,
};

/// A client of one account at one installation of the service.
///
/// Cheap to clone; clones share connections, credentials, pace and what was learned about the installation.
///
/// Methods speak the service's own language: a mount is given by its id, or by the word [`PRIMARY`](crate::PRIMARY) for the main storage;
/// paths are absolute within the mount, separated by slashes, and sent as they are, without any encoding of names.
///
/// # Requests
///
/// A method makes one request unless its documentation says otherwise. Methods that read, and those that say so, repeat it
/// within the limits of the [`RetryPolicy`] when that is harmless. All others make one attempt: [`Error::effect`] and
/// [`Error::retry_advice`] tell what may have happened.
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
    pub(crate) base: Url,
    pub(crate) server: Option<ServerHint>,
    pub(crate) level: Arc<LevelState>,
    pub(crate) auth: Authenticator,
}

impl Client {
    /// Starts a client for an installation: a [`Provider`] or the address of one.
    ///
    /// # Examples
    ///
    /// ```
    /// use koofr_api::{Client, auth::Credentials, provider::Provider};
    ///
    /// let client = Client::builder(Provider::Koofr)
    ///     .credentials(Credentials::basic("ann@example.org", "app password"))
    ///     .build()?;
    /// # Ok::<(), remote_core::error::Error>(())
    /// ```
    pub fn builder(provider: impl Into<Provider>) -> ClientBuilder {
        ClientBuilder::new(provider.into())
    }

    pub(crate) fn of_parts(
        http: HttpClient,
        retry: Retry,
        base: Url,
        level: Arc<LevelState>,
        credentials: Credentials,
        server: Option<ServerHint>,
    ) -> Self {
        let once = retry.clone().with_policy(RetryPolicy::never());
        Self {
            inner: Arc::new(Inner {
                http,
                retry,
                once,
                base,
                server,
                level,
                auth: Authenticator::new(credentials),
            }),
        }
    }

    /// A client with other credentials, for instance after a refusal; it shares connections and pace with this one.
    #[must_use]
    pub fn with_credentials(&self, credentials: Credentials) -> Self {
        let inner = &self.inner;
        Self::of_parts(
            inner.http.clone(),
            inner.retry.clone(),
            inner.base.clone(),
            Arc::clone(&inner.level),
            credentials,
            inner.server.clone(),
        )
    }

    /// The address of the installation.
    #[must_use]
    pub fn endpoint(&self) -> &Url {
        &self.inner.base
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
            .field("endpoint", &remote_core::http::redacted(&self.inner.base))
            .field("level", &self.inner.level)
            .finish_non_exhaustive()
    }
}
