//! Signing in: one value for all ways.

use std::fmt;

use remote_core::{
    auth::{OAuthClient, Token, bearer},
    error::{Error, ErrorKind, Result},
    http::{HttpClient, Method, Request},
    lenient,
    retry::{Idempotency, Pacer, Retry, RetryPolicy},
    secret::Secret,
};
use serde::Deserialize;
use url::Url;

use super::{
    brand::{Brand, check_well_known},
    browser::{BrowserSignIn, redirect_url},
    discovery::Discovery,
    login_token::LoginToken,
    session::{DEFAULT_CLIENT_ID, SignedIn},
    token_request::TokenRequest,
};
use crate::addresses::Addresses;

/// Longest answer about a sign-in.
const ANSWER_BYTES: usize = 256 * 1024;

/// Signs in. Clones share connections.
#[derive(Clone)]
pub struct Identity {
    http: HttpClient,
    addresses: Addresses,
    retry: Retry,
    page: Option<Url>,
    token_url: Option<Url>,
}

/// What the sign-in service tells about a user.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize)]
pub struct UserInfo {
    /// The internal name.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub username: Option<String>,
    /// The name the service prefers: the internal one, or the one that was signed in with.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub preferred_username: Option<String>,
    /// The name for people.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub email: Option<String>,
    /// The brand.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub realm: Option<String>,
}

impl Identity {
    /// Signs in at the addresses that brands publish, moved where [`Addresses::identity`] says so.
    #[must_use]
    pub fn new(http: HttpClient, addresses: Addresses) -> Self {
        // A person waits: three attempts are over in a second.
        let policy = RetryPolicy::default().with_max_attempts(3);
        Self {
            http,
            addresses,
            retry: Retry::new(policy, Pacer::new()),
            page: None,
            token_url: None,
        }
    }

    /// Sets the page on which people sign in by browser, and the address for their tokens, in place of those that brands publish; what the options
    /// `auth_url` and `token_url` say.
    #[must_use]
    pub fn with_browser_addresses(mut self, page: Option<Url>, token_url: Option<Url>) -> Self {
        self.page = page;
        self.token_url = token_url;
        self
    }

    pub(super) fn http(&self) -> &HttpClient {
        &self.http
    }

    pub(super) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Asks where a brand signs its users in. One request.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for an address that is not encrypted; [`Protocol`](ErrorKind::Protocol) if it does not lead to a
    /// description; those of the connection if it cannot be reached.
    pub async fn discover(&self, well_known: &Url) -> Result<Discovery> {
        check_well_known(well_known.as_str())?;
        let url = self.addresses.rebase(well_known);
        let attempts = self.retry.run(Idempotency::Idempotent, |attempt| {
            let request = Request::new(Method::GET, url.clone(), "openid-configuration")
                .attempt(attempt.number);
            let url = &url;
            async move {
                let response = self.http.send(request).await?;
                let status = response.status();
                if !status.is_success() {
                    return Err(Error::with_message(
                        ErrorKind::Protocol,
                        format!("the well-known address answered {status}"),
                    )
                    .with_http_status(status.as_u16())
                    .with_help("check the well-known address of the brand"));
                }
                let json = response.bytes(ANSWER_BYTES).await?;
                Discovery::parse(&json, url)
            }
        });
        attempts.await
    }

    /// Signs in with a personal login token. Two requests; the token is used up by them, also when the answer is lost.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) if the token was used before or has ended; those of [`discover`](Self::discover).
    pub async fn sign_in_with_login_token(&self, login_token: &LoginToken) -> Result<SignedIn> {
        // The service refuses a login without this request before it.
        let discovery = self.discover(&login_token.well_known).await?;
        let fields = [
            ("client_id", DEFAULT_CLIENT_ID),
            ("grant_type", "password"),
            ("username", login_token.username.as_str()),
            ("password", login_token.auth_token.expose()),
            ("scope", "openid offline_access"),
        ];
        let request = TokenRequest {
            label: "login token",
            url: self.addresses.rebase(&discovery.token_endpoint),
            fields: &fields,
            headers: Vec::new(),
        };
        let token = request.send(&self.http).await.map_err(|error| {
            if error.kind() != ErrorKind::Authentication {
                return error;
            }
            Error::with_message(
                ErrorKind::Authentication,
                "the login token is refused: it was used before or has ended",
            )
            .with_http_status(error.http_status().unwrap_or(401))
            .with_help("a login token is good for one sign-in; make a new one, for Jottacloud at https://www.jottacloud.com/web/secure")
            .with_source(error)
        })?;
        Ok(SignedIn {
            token: renewable(token)?,
            client_id: DEFAULT_CLIENT_ID.to_owned(),
            client_secret: None,
            token_url: Some(discovery.token_endpoint),
        })
    }

    /// Begins to sign in by browser: the page to open. One request.
    ///
    /// The browser is sent back to `http://localhost:53682/`, which is registered with the service, where the program has to listen.
    ///
    /// # Errors
    ///
    /// Those of [`discover`](Self::discover); [`Protocol`](ErrorKind::Protocol) if the brand publishes no page.
    pub async fn start_browser(&self, brand: &Brand) -> Result<BrowserSignIn> {
        let discovery = self.discover(&brand.well_known_url()?).await?;
        let published = discovery.authorization_endpoint.as_ref();
        let Some(page) = self.page.as_ref().or(published) else {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the brand publishes no page for signing in",
            )
            .with_help("use a personal login token"));
        };
        let own = self.token_url.clone();
        let token_url = own.unwrap_or_else(|| discovery.token_endpoint.clone());
        let client = OAuthClient::new(
            self.http.clone(),
            brand.client_id.as_ref(),
            self.addresses.rebase(&token_url),
        )
        .with_auth_url(self.addresses.rebase(page))
        .with_redirect_url(redirect_url())
        .with_scopes(brand.scopes.iter().map(|scope| scope.clone().into_owned()))
        // As in rclone: whether every brand accepts a challenge is not known.
        .with_pkce(false);
        BrowserSignIn::start(&client, brand.client_id.clone().into_owned(), token_url)
    }

    /// Finishes to sign in by browser, with the address that the browser was sent back to. One request.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) if the address belongs to another sign-in (its state is not that of this one);
    /// [`Authentication`](ErrorKind::Authentication) if the person or the service refused.
    pub async fn finish_browser(
        &self,
        sign_in: &BrowserSignIn,
        redirect: &Url,
    ) -> Result<SignedIn> {
        let code = sign_in.sign_in().code_from(redirect)?;
        self.finish_with_code(sign_in, &code).await
    }

    /// Like [`finish_browser`](Self::finish_browser), with the code that a [`RedirectReceiver`](remote_core::auth::RedirectReceiver) has
    /// received and checked.
    ///
    /// # Errors
    ///
    /// As [`finish_browser`](Self::finish_browser).
    pub async fn finish_with_code(
        &self,
        sign_in: &BrowserSignIn,
        code: &Secret,
    ) -> Result<SignedIn> {
        let token_url = sign_in.token_url().clone();
        self.exchange(sign_in.client_id(), token_url, code).await
    }

    /// Finishes a sign-in that was begun in another process, by what was remembered of it.
    pub(crate) async fn finish_remembered(
        &self,
        state: &Secret,
        client_id: &str,
        token_url: Url,
        redirect: &Url,
    ) -> Result<SignedIn> {
        let find = |wanted: &str| {
            let mut pairs = redirect.query_pairs();
            let found = pairs.find(|(name, _)| name == wanted);
            found.map(|(_, value)| Secret::new(value))
        };
        if find("state").as_ref() != Some(state) || state.is_empty() {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "the answer of the browser belongs to another sign-in",
            )
            .with_help("start the sign-in again and use the newest page only"));
        }
        match find("code").filter(|code| !code.is_empty()) {
            Some(code) => self.exchange(client_id, token_url, &code).await,
            None => Err(Error::with_message(
                ErrorKind::Authentication,
                "the sign-in was refused on the page of the service",
            )
            .with_help("sign in again, and agree")),
        }
    }

    /// One attempt: a code is good for one use.
    async fn exchange(&self, client_id: &str, token_url: Url, code: &Secret) -> Result<SignedIn> {
        let redirect = redirect_url();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", redirect.as_str()),
            ("client_id", client_id),
        ];
        let request = TokenRequest {
            label: "authorization code",
            url: self.addresses.rebase(&token_url),
            fields: &fields,
            headers: Vec::new(),
        };
        let token = request.send(&self.http).await?;
        Ok(SignedIn {
            token: renewable(token)?,
            client_id: client_id.to_owned(),
            client_secret: None,
            token_url: Some(token_url),
        })
    }

    pub(super) async fn end_session(
        &self,
        url: &Url,
        client_id: &str,
        refresh_token: &Secret,
    ) -> Result<()> {
        let fields = [
            ("client_id", client_id),
            ("refresh_token", refresh_token.expose()),
        ];
        let request = TokenRequest {
            label: "logout",
            url: self.addresses.rebase(url),
            fields: &fields,
            headers: Vec::new(),
        };
        let response = request.ask(&self.http).await?;
        response.drain().await;
        Ok(())
    }

    pub(super) async fn user_info(&self, url: &Url, token: &Token) -> Result<UserInfo> {
        let request = Request::new(Method::GET, self.addresses.rebase(url), "userinfo")
            .authorization(bearer(token));
        let response = self.http.send(request).await?;
        let status = response.status();
        if status.is_success() {
            return response.json(ANSWER_BYTES).await;
        }
        let (kind, advice) = remote_core::http::classify_status(status, None);
        Err(Error::new(kind)
            .with_http_status(status.as_u16())
            .with_retry_advice(advice)
            .with_help("sign in again"))
    }
}

/// A sign-in without a refresh token would end within the hour.
fn renewable(token: Token) -> Result<Token> {
    if token.refresh_token.is_some() {
        return Ok(token);
    }
    Err(Error::with_message(
        ErrorKind::Protocol,
        "the service gave a token that cannot be renewed",
    )
    .with_help("check the brand, or use a personal login token"))
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}
