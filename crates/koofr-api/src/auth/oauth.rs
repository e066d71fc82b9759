//! OAuth 2: for applications that are registered with the installation and send people to its own page to sign in.
//!
//! ```no_run
//! use std::sync::Arc;
//! use koofr_api::{Client, auth::{Credentials, oauth::OAuthSession}, provider::Provider};
//! use remote_core::{auth::{MemoryTokenStore, TokenStore as _}, http::{HttpClient, HttpSettings}, secret::Secret};
//! use url::Url;
//!
//! # async fn example(came_back_to: Url) -> Result<(), Box<dyn std::error::Error>> {
//! let http = HttpClient::new(&HttpSettings::default())?;
//! let session = OAuthSession::new(http.clone(), &Provider::Koofr, "client id", Some(Secret::new("client secret")))
//!     .with_redirect_url(Url::parse("http://127.0.0.1:53682/")?);
//!
//! let sign_in = session.client().authorize()?;
//! // A person opens `sign_in.url()`, agrees, and is sent back to the redirect address.
//! let code = sign_in.code_from(&came_back_to)?;
//! let store = MemoryTokenStore::default();
//! store.save(&session.client().exchange_code(&sign_in, &code).await?).await?;
//!
//! let client = Client::builder(Provider::Koofr)
//!     .http_client(http)
//!     .credentials(Credentials::OAuth(session.tokens(Arc::new(store))))
//!     .server_hint(session.server())
//!     .build()?;
//! println!("{}", client.user().await?.email);
//! # Ok(())
//! # }
//! ```

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use remote_core::{
    auth::{OAuthClient, TokenCache, TokenStore},
    http::HttpClient,
    secret::Secret,
};
use url::{Host, Url};

use crate::provider::Provider;

/// What is asked for unless set: all files. Other words are for special partners, and `offline_access` is refused.
pub const DEFAULT_SCOPE: &str = "public";

/// An application that is registered with an installation (at `{endpoint}/developers/apps`).
#[derive(Clone)]
pub struct OAuthSession {
    client: OAuthClient,
    endpoint: Url,
    server: ServerHint,
}

impl OAuthSession {
    /// A session for an installation, with the id and secret of the application.
    #[must_use]
    pub fn new(
        http: HttpClient,
        provider: &Provider,
        client_id: impl Into<String>,
        client_secret: Option<Secret>,
    ) -> Self {
        let endpoint = provider.endpoint();
        let server = ServerHint::new(provider);
        let listener = server.clone();
        let client = OAuthClient::new(http, client_id, below(&endpoint, "oauth2/token"))
            .with_client_secret(client_secret)
            .with_auth_url(below(&endpoint, "oauth2/auth"))
            .with_device_url(below(&endpoint, "oauth2/devicecode"))
            .with_scopes([DEFAULT_SCOPE])
            // A refresh gives the same refresh token back, so a lost answer is no reason to sign in again.
            .with_reusable_refresh_tokens(true)
            .with_listener(move |name, value| {
                if name == "server" {
                    listener.learn(value);
                }
            });
        Self {
            client,
            endpoint,
            server,
        }
    }

    /// Sets where the browser is sent afterwards, as registered; loopback addresses and `urn:ietf:wg:oauth:2.0:oob` are possible.
    #[must_use]
    pub fn with_redirect_url(mut self, url: Url) -> Self {
        self.client = self.client.with_redirect_url(url);
        self
    }

    /// Sets what is asked for; [`DEFAULT_SCOPE`] unless set.
    #[must_use]
    pub fn with_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.client = self.client.with_scopes(scopes);
        self
    }

    /// Allows one more host to be named as the one where accounts live.
    ///
    /// Without this it is the host of the endpoint, and for [`Provider::Koofr`] and [`Provider::DigiStorage`] any host of the same domain.
    /// Others are ignored, because the access token would be sent there.
    #[must_use]
    pub fn with_trusted_host(self, host: impl Into<String>) -> Self {
        self.server.trust(host.into());
        self
    }

    /// The steps of signing in.
    #[must_use]
    pub fn client(&self) -> &OAuthClient {
        &self.client
    }

    /// Tokens that are renewed when needed, kept in `store`; for [`Credentials::OAuth`](crate::auth::Credentials::OAuth).
    #[must_use]
    pub fn tokens(&self, store: Arc<dyn TokenStore>) -> TokenCache {
        TokenCache::new(store, Arc::new(self.client.clone()))
    }

    /// Where the accounts live, once a token was made or renewed; for [`ClientBuilder::server_hint`](crate::builder::ClientBuilder::server_hint).
    #[must_use]
    pub fn server(&self) -> ServerHint {
        self.server.clone()
    }

    /// The page that ends the session in a browser and sends it back to `then` with `loggedout=true` and `state`.
    #[must_use]
    pub fn logout_url(&self, client_id: &str, then: &Url, state: &str) -> Url {
        let mut url = below(&self.endpoint, "oauth2/logout");
        url.query_pairs_mut()
            .append_pair("client_id", client_id)
            .append_pair("post_logout_redirect_uri", then.as_str())
            .append_pair("state", state);
        url
    }
}

impl fmt::Debug for OAuthSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthSession")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// Where the sign-in service told that the account lives; clones are the same hint.
#[derive(Clone, Debug)]
pub struct ServerHint {
    state: Arc<RwLock<State>>,
}

#[derive(Debug)]
struct State {
    endpoint: Url,
    /// Hosts below this domain are those of the same service.
    domain: Option<&'static str>,
    trusted: Vec<String>,
    server: Option<Url>,
}

impl ServerHint {
    fn new(provider: &Provider) -> Self {
        let domain = match provider {
            Provider::DigiStorage => Some("rcs-rds.ro"),
            Provider::Koofr => Some("koofr.net"),
            Provider::Other(_) => None,
        };
        let state = State {
            endpoint: provider.endpoint(),
            domain,
            trusted: Vec::new(),
            server: None,
        };
        Self {
            state: Arc::new(RwLock::new(state)),
        }
    }

    /// The address to use in place of `base`: scheme, host and port of the hint, if there is one, and the path of `base`.
    pub(crate) fn base(&self, base: &Url) -> Url {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match &state.server {
            Some(server) => {
                let mut url = server.clone();
                url.set_path(base.path());
                url
            }
            None => base.clone(),
        }
    }

    fn trust(&self, host: String) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.trusted.push(host);
    }

    fn learn(&self, text: &str) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match Url::parse(text).ok().filter(|url| state.trusts(url)) {
            Some(mut url) => {
                url.set_query(None);
                url.set_fragment(None);
                state.server = Some(url);
            }
            None => tracing::warn!(
                "the sign-in service named a server that is not trusted, ignoring it"
            ),
        }
    }
}

impl State {
    fn trusts(&self, url: &Url) -> bool {
        let Some(Host::Domain(host)) = url.host() else {
            return url.origin() == self.endpoint.origin();
        };
        let in_domain = self.domain.is_some_and(|domain| {
            host.strip_suffix(domain)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        let is_known = self.endpoint.host_str() == Some(host)
            || in_domain
            || self.trusted.iter().any(|trusted| trusted == host);
        // Never from an encrypted connection to a plain one.
        let is_safe = url.scheme() == "https" || url.scheme() == self.endpoint.scheme();
        is_known && is_safe && url.username().is_empty() && url.password().is_none()
    }
}

fn below(endpoint: &Url, path: &str) -> Url {
    let mut url = endpoint.clone();
    url.set_path(&format!("{}/{path}", endpoint.path().trim_end_matches('/')));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base_after(provider: &Provider, named: &str) -> String {
        let hint = ServerHint::new(provider);
        hint.trust("files.example.net".to_owned());
        hint.learn(named);
        hint.base(&provider.endpoint()).to_string()
    }

    #[test]
    fn accounts_may_live_on_another_host_of_the_same_service() {
        let own = "https://app.koofr.net/";
        let named = "https://eu2.koofr.net";
        assert_eq!(
            base_after(&Provider::Koofr, named),
            "https://eu2.koofr.net/"
        );
        assert_eq!(
            base_after(&Provider::Koofr, "https://files.example.net"),
            "https://files.example.net/"
        );
        for named in [
            "https://koofr.net.example.org",
            "https://evilkoofr.net",
            "http://eu2.koofr.net",
            "https://u:p@eu2.koofr.net",
            "https://192.0.2.7",
            "nonsense",
        ] {
            assert_eq!(base_after(&Provider::Koofr, named), own, "{named}");
        }
    }

    #[test]
    fn the_path_of_the_endpoint_is_kept() {
        let other = Provider::Other(Url::parse("https://files.example.org/sub").unwrap());
        assert_eq!(
            base_after(&other, "https://files.example.net/ignored"),
            "https://files.example.net/sub"
        );
        assert_eq!(
            base_after(&other, "https://eu2.koofr.net"),
            "https://files.example.org/sub"
        );
    }
}
