//! OAuth 2: obtaining and renewing tokens.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, ConfigurationError, CsrfToken,
    DeviceAuthorizationUrl, EndpointMaybeSet, EndpointNotSet, EndpointSet, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RefreshToken, Scope, StandardDeviceAuthorizationResponse,
    TokenResponse, TokenUrl,
    basic::{BasicClient, BasicTokenResponse},
};
use url::Url;

use super::{Token, TokenRefresher};
use crate::{
    error::{Error, ErrorKind, Result},
    http::HttpClient,
    retry::{Idempotency, Retry},
    secret::Secret,
};

use self::seam::{Seam, request_failed};

mod seam;

/// The longest time a person is given to enter a device code, whatever the service says.
const MAX_DEVICE_WAIT: Duration = Duration::from_secs(60 * 60);

/// The longest part of a service's own reason that is passed on.
const MAX_REASON_CHARS: usize = 120;

/// A client of one OAuth 2 service, as an application is registered there.
///
/// It signs in by browser ([`authorize`](Self::authorize), [`exchange_code`](Self::exchange_code)), by a code that is typed in
/// elsewhere ([`start_device`](Self::start_device), [`finish_device`](Self::finish_device)) or without a person
/// ([`client_credentials`](Self::client_credentials)), and renews tokens as a [`TokenRefresher`]. Every call is one request and
/// is repeated only when it was certainly not carried out, because codes and refresh tokens may be good for one use only.
///
/// `Debug` does not show the client's secret.
#[derive(Clone)]
pub struct OAuthClient {
    http: HttpClient,
    retry: Retry,
    client_id: String,
    client_secret: Option<Secret>,
    auth_url: Option<Url>,
    token_url: Url,
    device_url: Option<Url>,
    redirect_url: Option<Url>,
    scopes: Vec<String>,
    basic_auth: bool,
    pkce: bool,
    reusable_refresh_tokens: bool,
    listener: Option<Listener>,
    clock: Clock,
}

/// When it is.
type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Told of the texts in a token answer that are not part of the protocol, by name and value.
type Listener = Arc<dyn Fn(&str, &str) + Send + Sync>;

type Inner =
    BasicClient<EndpointMaybeSet, EndpointMaybeSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

impl OAuthClient {
    /// A client of the service with this token endpoint.
    pub fn new(http: HttpClient, client_id: impl Into<String>, token_url: Url) -> Self {
        Self {
            http,
            retry: Retry::default(),
            client_id: client_id.into(),
            client_secret: None,
            auth_url: None,
            token_url,
            device_url: None,
            redirect_url: None,
            scopes: Vec::new(),
            basic_auth: false,
            pkce: true,
            reusable_refresh_tokens: false,
            listener: None,
            clock: Arc::new(SystemTime::now),
        }
    }

    /// Sets the secret that came with the client id; none unless set.
    #[must_use]
    pub fn with_client_secret(mut self, secret: impl Into<Option<Secret>>) -> Self {
        self.client_secret = secret.into().filter(|secret| !secret.is_empty());
        self
    }

    /// Sets the page where a person agrees, needed by [`OAuthClient::authorize`].
    #[must_use]
    pub fn with_auth_url(mut self, url: Url) -> Self {
        self.auth_url = Some(url);
        self
    }

    /// Sets the address that issues device codes, needed by [`OAuthClient::start_device`].
    #[must_use]
    pub fn with_device_url(mut self, url: Url) -> Self {
        self.device_url = Some(url);
        self
    }

    /// Sets where the browser is sent afterwards, as registered with the service.
    #[must_use]
    pub fn with_redirect_url(mut self, url: Url) -> Self {
        self.redirect_url = Some(url);
        self
    }

    /// Sets what is asked for; nothing unless set.
    #[must_use]
    pub fn with_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Whether id and secret are sent as an `Authorization: Basic` header instead of in the form; `false` unless set.
    #[must_use]
    pub fn with_basic_auth(mut self, basic: bool) -> Self {
        self.basic_auth = basic;
        self
    }

    /// Whether a sign-in by browser carries a proof that only this program can trade the code (PKCE); `true` unless set. Services that
    /// do not know it pass it over as a rule.
    #[must_use]
    pub fn with_pkce(mut self, pkce: bool) -> Self {
        self.pkce = pkce;
        self
    }

    /// Whether a refresh token of this service may be presented twice, so that a renewal whose answer was lost can be repeated;
    /// `false` unless set.
    #[must_use]
    pub fn with_reusable_refresh_tokens(mut self, reusable: bool) -> Self {
        self.reusable_refresh_tokens = reusable;
        self
    }

    /// Sets who is told of the texts in an answer with a token that are not part of the protocol, by name and value: some services say there
    /// where the account lives.
    #[must_use]
    pub fn with_listener(mut self, listener: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Sets the clock that the ends of tokens are counted by; that of the system unless set. A [`TokenCache`](super::TokenCache) needs the same one.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets how requests are repeated; [`Retry::default`] unless set.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Begins to sign in by browser: the page to open, with a fresh state and PKCE challenge. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] without an [authorization page](Self::with_auth_url).
    pub fn authorize(&self) -> Result<SignIn> {
        let client = self.client();
        let mut request = client
            .authorize_url(CsrfToken::new_random)
            .map_err(|error| missing("authorization page", error))?
            .add_scopes(self.scopes());
        let mut verifier = None;
        if self.pkce {
            let (challenge, secret) = PkceCodeChallenge::new_random_sha256();
            request = request.set_pkce_challenge(challenge);
            verifier = Some(Secret::new(secret.secret()));
        }
        let (url, state) = request.url();
        Ok(SignIn {
            url,
            state: Secret::new(state.secret()),
            verifier,
        })
    }

    /// Finishes to sign in by browser with the code from [`SignIn::code_from`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Authentication`] when the code has been used, has ended or belongs to another sign-in, or the client's id
    /// and secret are wrong.
    pub async fn exchange_code(&self, sign_in: &SignIn, code: &Secret) -> Result<Token> {
        let client = self.client();
        let attempt = |_| async {
            let seam = Seam::new(&self.http, self.listener.as_deref());
            let mut request =
                client.exchange_code(AuthorizationCode::new(code.expose().to_owned()));
            if let Some(verifier) = &sign_in.verifier {
                let verifier = PkceCodeVerifier::new(verifier.expose().to_owned());
                request = request.set_pkce_verifier(verifier);
            }
            let answer = request.request_async(&seam).await;
            let answer = answer.map_err(|error| request_failed(error, &seam))?;
            token(&answer, &seam, (self.clock)())
        };
        self.retry.run(Idempotency::NotIdempotent, attempt).await
    }

    /// Signs in with the client's own id and secret, for services that give accounts to programs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Authentication`] when id and secret are wrong.
    pub async fn client_credentials(&self) -> Result<Token> {
        let client = self.client();
        let attempt = |_| async {
            let seam = Seam::new(&self.http, self.listener.as_deref());
            let answer = client
                .exchange_client_credentials()
                .add_scopes(self.scopes())
                .request_async(&seam)
                .await;
            let answer = answer.map_err(|error| request_failed(error, &seam))?;
            token(&answer, &seam, (self.clock)())
        };
        self.retry.run(Idempotency::Idempotent, attempt).await
    }

    /// Begins to sign in with a code that is typed in on another device.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] without an [address for device codes](Self::with_device_url); [`ErrorKind::Authentication`]
    /// when the service does not allow this for the client.
    pub async fn start_device(&self) -> Result<DeviceSignIn> {
        let client = self.client();
        let attempt = |_| async {
            let seam = Seam::new(&self.http, self.listener.as_deref());
            let answer = client
                .exchange_device_code()
                .map_err(|error| missing("address for device codes", error))?
                .add_scopes(self.scopes())
                .request_async(&seam)
                .await;
            let details: StandardDeviceAuthorizationResponse =
                answer.map_err(|error| request_failed(error, &seam))?;
            Ok(DeviceSignIn { details })
        };
        self.retry.run(Idempotency::Idempotent, attempt).await
    }

    /// Asks at the pace the service wishes until the code was typed in, and returns the token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Authentication`] when the person refuses or the code ends before it is typed in.
    pub async fn finish_device(&self, sign_in: &DeviceSignIn) -> Result<Token> {
        let client = self.client();
        let seam = Seam::new(&self.http, self.listener.as_deref()).ends_polling();
        let answer = client
            .exchange_device_access_token(&sign_in.details)
            .request_async(&seam, tokio::time::sleep, Some(sign_in.expires_in()))
            .await;
        if let Some(error) = seam.take_failure() {
            return Err(error);
        }
        let answer = answer.map_err(|error| request_failed(error, &seam))?;
        token(&answer, &seam, (self.clock)())
    }

    fn client(&self) -> Inner {
        let mut client = BasicClient::new(ClientId::new(self.client_id.clone()))
            .set_auth_uri_option(self.auth_url.clone().map(AuthUrl::from_url))
            .set_device_authorization_url_option(
                self.device_url
                    .clone()
                    .map(DeviceAuthorizationUrl::from_url),
            )
            .set_token_uri(TokenUrl::from_url(self.token_url.clone()))
            .set_auth_type(if self.basic_auth {
                AuthType::BasicAuth
            } else {
                AuthType::RequestBody
            });
        if let Some(secret) = &self.client_secret {
            client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
        }
        if let Some(url) = &self.redirect_url {
            client = client.set_redirect_uri(RedirectUrl::from_url(url.clone()));
        }
        client
    }

    fn scopes(&self) -> impl Iterator<Item = Scope> + use<'_> {
        self.scopes.iter().cloned().map(Scope::new)
    }
}

#[async_trait]
impl TokenRefresher for OAuthClient {
    async fn refresh(&self, old: &Token) -> Result<Token> {
        let Some(refresh_token) = &old.refresh_token else {
            return Err(Error::with_message(
                ErrorKind::Authentication,
                "the token has expired and there is no refresh token",
            )
            .with_help("sign in again"));
        };
        let refresh_token = RefreshToken::new(refresh_token.expose().to_owned());
        let client = self.client();
        let attempt = |_| async {
            let seam = Seam::new(&self.http, self.listener.as_deref());
            let answer = client
                .exchange_refresh_token(&refresh_token)
                .request_async(&seam)
                .await;
            let answer = answer.map_err(|error| request_failed(error, &seam))?;
            Ok(token(&answer, &seam, (self.clock)())?.or_refresh_token_of(old))
        };
        let idempotency = if self.reusable_refresh_tokens {
            Idempotency::Idempotent
        } else {
            Idempotency::NotIdempotent
        };
        self.retry.run(idempotency, attempt).await
    }

    fn may_present_again(&self) -> bool {
        self.reusable_refresh_tokens
    }
}

impl fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthClient")
            .field("client_id", &self.client_id)
            .field("token_url", &crate::http::redacted(&self.token_url))
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// A sign-in by browser that was begun. `Debug` shows where it goes, not what would identify it.
#[derive(Clone)]
pub struct SignIn {
    url: Url,
    state: Secret,
    verifier: Option<Secret>,
}

impl SignIn {
    /// The sign-in that somebody else has begun, to wait for the browser in their place; nothing if the address has no `state`.
    ///
    /// Only who has begun it can exchange the code.
    #[must_use]
    pub fn of_address(url: Url) -> Option<Self> {
        let state = parameter(&url, "state").filter(|state| !state.is_empty())?;
        Some(Self {
            url,
            state: Secret::new(state),
            verifier: None,
        })
    }

    /// The page that a person has to open and agree on.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The value that must come back with the redirect.
    #[must_use]
    pub fn state(&self) -> &Secret {
        &self.state
    }

    /// The code in the address that the browser was sent to.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::Authentication`]: the person or the service refused.
    /// * [`ErrorKind::InvalidInput`]: the address belongs to another sign-in, or has no code.
    pub fn code_from(&self, redirect: &Url) -> Result<Secret> {
        if !self.is_state_of(redirect) {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "the answer of the browser belongs to another sign-in",
            )
            .with_help("start the sign-in again and use the newest page only"));
        }
        if let Some(error) = parameter(redirect, "error") {
            let reason = match parameter(redirect, "error_description") {
                Some(description) => format!("{}: {}", shown(&error), shown(&description)),
                None => shown(&error),
            };
            return Err(Error::with_message(
                ErrorKind::Authentication,
                format!("the sign-in was refused ({reason})"),
            )
            .with_help("sign in again and allow the access"));
        }
        let code = parameter(redirect, "code").filter(|code| !code.is_empty());
        code.map(Secret::new).ok_or_else(|| {
            Error::with_message(
                ErrorKind::InvalidInput,
                "the answer of the browser has no code",
            )
        })
    }
}

impl SignIn {
    /// Whether an address carries the state of this sign-in. Takes the same time wherever the two differ.
    pub(super) fn is_state_of(&self, url: &Url) -> bool {
        let given = parameter(url, "state").map(Secret::new).unwrap_or_default();
        let (given, right) = (given.expose().as_bytes(), self.state.expose().as_bytes());
        let differences = given.iter().zip(right).fold(0, |sum, (a, b)| sum | (a ^ b));
        given.len() == right.len() && differences == 0
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("url", &crate::http::redacted(&self.url))
            .finish_non_exhaustive()
    }
}

/// The first value of a parameter.
fn parameter(url: &Url, wanted: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.into_owned())
}

/// A text of the service as it may stand in a message.
fn shown(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(MAX_REASON_CHARS)
        .collect()
}

/// A sign-in with a code that is typed in elsewhere. `Debug` shows no code.
#[derive(Clone)]
pub struct DeviceSignIn {
    details: StandardDeviceAuthorizationResponse,
}

impl DeviceSignIn {
    /// What has to be typed in.
    #[must_use]
    pub fn user_code(&self) -> &str {
        self.details.user_code().secret()
    }

    /// Where it has to be typed in.
    #[must_use]
    pub fn verification_url(&self) -> &str {
        self.details.verification_uri().as_str()
    }

    /// The same with the code filled in, where the service offers it.
    #[must_use]
    pub fn complete_verification_url(&self) -> Option<&str> {
        self.details
            .verification_uri_complete()
            .map(|url| url.secret().as_str())
    }

    /// How long the code is good, an hour at most.
    #[must_use]
    pub fn expires_in(&self) -> Duration {
        self.details.expires_in().min(MAX_DEVICE_WAIT)
    }
}

impl fmt::Debug for DeviceSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceSignIn")
            .field("verification_url", &self.verification_url())
            .finish_non_exhaustive()
    }
}

fn missing(what: &str, error: ConfigurationError) -> Error {
    Error::with_message(
        ErrorKind::InvalidInput,
        format!("this service has no {what}"),
    )
    .with_source(error)
}

/// The token of an answer.
fn token(answer: &BasicTokenResponse, seam: &Seam<'_>, now: SystemTime) -> Result<Token> {
    let mut token = Token::new(answer.access_token().secret().as_str());
    token.token_type = seam.token_type();
    token.refresh_token = answer
        .refresh_token()
        .map(|token| Secret::new(token.secret()));
    if let Some(lifetime) = answer.expires_in() {
        token = token.with_expires_in(lifetime, now);
    }
    token.issued()
}
