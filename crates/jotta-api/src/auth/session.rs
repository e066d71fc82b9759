//! A sign-in that was made, and how its token is renewed.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use remote_core::{
    auth::{OAuthClient, Token, TokenCache, TokenRefresher, TokenStore},
    error::{Error, ErrorKind, Result},
    http::HttpClient,
    options::obscure::{self, StoredSecret},
    secret::Secret,
};
use url::Url;

use super::{identity::Identity, legacy::LegacyRefresher};
use crate::{
    addresses::{Addresses, fixed},
    error::classify::SIGN_IN_HELP,
};

/// What this kind of program is called at the service where a configuration does not say otherwise.
pub const DEFAULT_CLIENT_ID: &str = "jottacli";

/// Where tokens are renewed where a configuration does not say otherwise.
pub const DEFAULT_TOKEN_URL: &str =
    "https://id.jottacloud.com/auth/realms/jottacloud/protocol/openid-connect/token";

/// The result of signing in: what a configuration has to keep.
///
/// `Debug` shows no secret.
#[non_exhaustive]
#[derive(Clone)]
pub struct SignedIn {
    /// The token.
    pub token: Token,
    /// What this program is called there; a renewal needs it.
    pub client_id: String,
    /// The secret of the device, for legacy sign-ins of a registered one.
    pub client_secret: Option<Secret>,
    /// Where the token is renewed, as it is published; absent for legacy sign-ins.
    pub token_url: Option<Url>,
}

impl SignedIn {
    /// Whether this is a sign-in of the legacy way.
    #[must_use]
    pub fn is_legacy(&self) -> bool {
        self.token_url.is_none()
    }

    /// The keys and values for a configuration, as rclone writes them. A stale secret is cleared by an empty one.
    #[must_use]
    pub fn config_values(&self) -> Vec<(&'static str, Secret)> {
        let secret = match &self.client_secret {
            Some(secret) => Secret::new(obscure::obscure(secret)),
            None => Secret::default(),
        };
        let version = if self.is_legacy() { "0" } else { "1" };
        let token_url = self.token_url.as_ref().map_or("", Url::as_str);
        vec![
            ("configVersion", Secret::new(version)),
            ("client_id", Secret::new(self.client_id.as_str())),
            ("client_secret", secret),
            ("tokenURL", Secret::new(token_url)),
            ("token", self.token.to_json()),
        ]
    }

    /// The session that renews the token.
    #[must_use]
    pub fn session(&self, http: HttpClient, addresses: Addresses) -> Session {
        match &self.token_url {
            Some(url) => Session::new(http, addresses, self.client_id.as_str(), url.clone()),
            None => Session::legacy(
                http,
                addresses,
                self.client_id.as_str(),
                self.client_secret.clone(),
            ),
        }
    }
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn")
            .field("client_id", &self.client_id)
            .field(
                "token_url",
                &self.token_url.as_ref().map(remote_core::http::redacted),
            )
            .finish_non_exhaustive()
    }
}

/// Renews the token of a sign-in, and ends it.
#[derive(Clone)]
pub struct Session {
    identity: Identity,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Legacy(LegacyRefresher),
    Standard { client_id: String, token_url: Url },
}

impl Session {
    /// A session of a standard or traditional sign-in, by what its configuration keeps.
    #[must_use]
    pub fn new(
        http: HttpClient,
        addresses: Addresses,
        client_id: impl Into<String>,
        token_url: Url,
    ) -> Self {
        Self {
            identity: Identity::new(http, addresses),
            kind: Kind::Standard {
                client_id: client_id.into(),
                token_url,
            },
        }
    }

    /// A session of a legacy sign-in: with the id and secret of a registered device, or those that rclone has built in if the id is empty.
    #[must_use]
    pub fn legacy(
        http: HttpClient,
        addresses: Addresses,
        client_id: impl Into<String>,
        client_secret: Option<Secret>,
    ) -> Self {
        let secret = client_secret.map(StoredSecret::plain);
        Self::of_device(http, addresses, client_id.into(), secret)
    }

    fn of_device(
        http: HttpClient,
        addresses: Addresses,
        client_id: String,
        secret: Option<StoredSecret>,
    ) -> Self {
        let refresher = LegacyRefresher::new(http.clone(), &addresses, client_id, secret);
        Self {
            identity: Identity::new(http, addresses),
            kind: Kind::Legacy(refresher),
        }
    }

    /// Tokens that are renewed when needed, kept in `store`; for [`Credentials::Tokens`](super::Credentials::Tokens).
    #[must_use]
    pub fn tokens(&self, store: Arc<dyn TokenStore>) -> TokenCache {
        TokenCache::new(store, self.refresher())
    }

    /// What renews a token. Each refresh token must be presented once only; [`tokens`](Self::tokens) sees to it.
    #[must_use]
    pub fn refresher(&self) -> Arc<dyn TokenRefresher> {
        match &self.kind {
            Kind::Legacy(refresher) => Arc::new(refresher.clone()),
            Kind::Standard {
                client_id,
                token_url,
            } => {
                let url = self.identity.addresses().rebase(token_url);
                // The id goes into the form, which every client but rclone does.
                let client =
                    OAuthClient::new(self.identity.http().clone(), client_id.as_str(), url);
                Arc::new(StandardRefresher { client })
            }
        }
    }

    /// Ends the sign-in at the service, so that the token cannot be renewed any more. One request. Erase the token as well, whatever the outcome.
    ///
    /// The address is derived from that for tokens as the service's software has it; that the service heeds it has not been verified.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) for legacy sign-ins, which end on the web page only.
    pub async fn disconnect(&self, token: &Token) -> Result<()> {
        let Kind::Standard {
            client_id,
            token_url,
        } = &self.kind
        else {
            return Err(Error::unsupported("ending a legacy sign-in")
                .with_help("remove the device on the web page of the service"));
        };
        let Some(refresh_token) = &token.refresh_token else {
            return Ok(());
        };
        let end = sibling(token_url, "logout");
        self.identity
            .end_session(&end, client_id, refresh_token)
            .await
    }

    /// What the sign-in service tells about the user. One request.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) for legacy sign-ins; [`Authentication`](ErrorKind::Authentication) if the token has ended.
    pub async fn user_info(&self, token: &Token) -> Result<super::UserInfo> {
        let Kind::Standard { token_url, .. } = &self.kind else {
            return Err(Error::unsupported("user information of a legacy sign-in"));
        };
        let url = sibling(token_url, "userinfo");
        self.identity.user_info(&url, token).await
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            Kind::Legacy(_) => "legacy",
            Kind::Standard { .. } => "standard",
        };
        f.debug_struct("Session")
            .field("kind", &kind)
            .finish_non_exhaustive()
    }
}

/// The address beside that for tokens.
fn sibling(token_url: &Url, name: &str) -> Url {
    let mut url = token_url.clone();
    let path = url.path().trim_end_matches('/');
    let parent = path
        .rsplit_once('/')
        .map_or("", |(parent, _)| parent)
        .to_owned();
    url.set_path(&format!("{parent}/{name}"));
    url
}

/// Renews by the standard protocol, and says what to do when the service refuses.
#[derive(Debug)]
struct StandardRefresher {
    client: OAuthClient,
}

#[async_trait]
impl TokenRefresher for StandardRefresher {
    async fn refresh(&self, old: &Token) -> Result<Token> {
        self.client
            .refresh(old)
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::Authentication => Error::with_message(
                    ErrorKind::Authentication,
                    "the sign-in has ended: the service does not renew its token",
                )
                .with_http_status(error.http_status().unwrap_or(400))
                .with_help(SIGN_IN_HELP)
                .with_source(error),
                _ => error,
            })
    }
}

/// The session that a configuration describes. An empty text stands for the default.
///
/// # Errors
///
/// [`InvalidInput`](ErrorKind::InvalidInput) if the version is not one that is known, or the address is none.
pub(crate) fn session_of_config(
    http: HttpClient,
    addresses: Addresses,
    config: &SessionConfig,
) -> Result<Session> {
    match config.version.trim() {
        "" => Err(outdated("the configuration is older than rclone 1.51")),
        "0" => Ok(Session::of_device(
            http,
            addresses,
            config.client_id.clone(),
            config.client_secret.clone(),
        )),
        "1" => {
            let url = [&config.token_url, &config.stored_token_url]
                .into_iter()
                .find(|text| !text.is_empty());
            let url = match url {
                None => fixed(DEFAULT_TOKEN_URL),
                Some(text) => Url::parse(text).map_err(|error| {
                    Error::with_message(ErrorKind::InvalidInput, "tokenURL is no address")
                        .with_source(error)
                        .with_help("sign in again, or set token_url")
                })?,
            };
            let client_id = match config.client_id.as_str() {
                "" => DEFAULT_CLIENT_ID,
                id => id,
            };
            Ok(Session::new(http, addresses, client_id, url))
        }
        _ => Err(outdated(
            "the configuration has a configVersion that is not known",
        )),
    }
}

fn outdated(message: &str) -> Error {
    Error::with_message(ErrorKind::InvalidInput, message)
        .with_help("set the remote up again, which keeps all files")
}

/// What a configuration says about its sign-in.
#[derive(Default)]
pub(crate) struct SessionConfig {
    pub(crate) version: String,
    pub(crate) client_id: String,
    /// Obscured in legacy configurations.
    pub(crate) client_secret: Option<StoredSecret>,
    /// The option, which wins.
    pub(crate) token_url: String,
    /// What the sign-in found.
    pub(crate) stored_token_url: String,
}

#[cfg(test)]
mod tests {
    use remote_core::http::HttpSettings;

    use super::*;

    fn session(version: &str, token_url: &str, stored: &str) -> Result<Session> {
        let http = HttpClient::new(&HttpSettings::default()).unwrap();
        let config = SessionConfig {
            version: version.to_owned(),
            token_url: token_url.to_owned(),
            stored_token_url: stored.to_owned(),
            ..SessionConfig::default()
        };
        session_of_config(http, Addresses::default(), &config)
    }

    // Specification of the service, sections 4.9 and 22.2.
    #[test]
    fn generations_of_configurations_are_told_apart() {
        for (token_url, stored, expected) in [
            ("", "", DEFAULT_TOKEN_URL),
            ("", "https://b.example/token", "https://b.example/token"),
            (
                "https://a.example/token",
                "https://b.example/token",
                "https://a.example/token",
            ),
        ] {
            let Kind::Standard {
                client_id,
                token_url,
            } = session("1", token_url, stored).unwrap().kind
            else {
                panic!("not standard")
            };
            assert_eq!(
                (client_id.as_str(), token_url.as_str()),
                ("jottacli", expected)
            );
        }
        assert!(matches!(
            session("0", "", "").unwrap().kind,
            Kind::Legacy(_)
        ));
        for version in ["", "2", "x"] {
            let error = session(version, "", "").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{version}");
            assert!(error.help().is_some());
        }
    }

    #[test]
    fn the_values_for_a_configuration_are_rclones() {
        let signed_in = SignedIn {
            token: Token::new("a").with_refresh_token("r"),
            client_id: "jottacli".to_owned(),
            client_secret: None,
            token_url: Some(fixed(DEFAULT_TOKEN_URL)),
        };
        let values: Vec<(&str, String)> = signed_in
            .config_values()
            .into_iter()
            .map(|(key, value)| (key, value.expose().to_owned()))
            .collect();
        assert_eq!(values[0], ("configVersion", "1".to_owned()));
        assert_eq!(values[2], ("client_secret", String::new()));
        assert_eq!(values[3].1, DEFAULT_TOKEN_URL);
        assert!(
            values[4]
                .1
                .starts_with(r#"{"access_token":"a","token_type":"bearer","refresh_token":"r","#)
        );
    }

    #[test]
    fn addresses_beside_that_for_tokens_are_derived() {
        let url = sibling(&fixed(DEFAULT_TOKEN_URL), "logout");
        assert!(
            url.path().ends_with("/protocol/openid-connect/logout"),
            "{url}"
        );
    }
}
