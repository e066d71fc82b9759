//! Accounts, lifetimes and switches.

use std::fmt;
use std::time::Duration;

use crate::identity::brand::{Brand, brands};

/// The name the first account signs in with unless told otherwise.
pub const DEFAULT_LOGIN: &str = "jane@example.com";

/// The internal name of that account, which stands in the paths of its files.
pub const DEFAULT_USERNAME: &str = "jane1234";

/// The password of that account. Not a secret: it opens nothing but an emulator.
pub const DEFAULT_LOGIN_PASSWORD: &str = "emulator-password";

/// Settings of an identity provider.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct IdentityConfig {
    /// The accounts; one of [`DEFAULT_LOGIN`] when empty.
    pub users: Vec<IdentityUser>,
    /// The realms; [`brands`] by default.
    pub brands: Vec<Brand>,
    /// Lifetimes and switches.
    pub settings: IdentitySettings,
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self {
            users: Vec::new(),
            brands: brands(),
            settings: IdentitySettings::default(),
        }
    }
}

impl IdentityConfig {
    /// Adds an account. The first one added replaces the default account.
    #[must_use]
    pub fn user(mut self, user: IdentityUser) -> Self {
        self.users.push(user);
        self
    }

    /// Adds a realm.
    #[must_use]
    pub fn brand(mut self, brand: Brand) -> Self {
        self.brands.push(brand);
        self
    }

    /// Sets lifetimes and switches.
    #[must_use]
    pub fn settings(mut self, settings: IdentitySettings) -> Self {
        self.settings = settings;
        self
    }
}

/// An account. `Debug` shows neither password nor code.
#[non_exhaustive]
#[derive(Clone)]
pub struct IdentityUser {
    /// What the person types in, an e-mail address.
    pub login: String,
    /// The internal name.
    pub username: String,
    /// The password.
    pub password: String,
    /// The one-time code that the older sign-in asks for; none unless set.
    pub otp: Option<String>,
}

impl IdentityUser {
    /// An account without one-time codes.
    #[must_use]
    pub fn new(
        login: impl Into<String>,
        username: impl Into<String>,
        password: impl Into<String>,
    ) -> Self {
        Self {
            login: login.into(),
            username: username.into(),
            password: password.into(),
            otp: None,
        }
    }

    /// Sets the one-time code, as if it had been sent to the person's telephone.
    #[must_use]
    pub fn otp(mut self, code: impl Into<String>) -> Self {
        self.otp = Some(code.into());
        self
    }
}

impl Default for IdentityUser {
    fn default() -> Self {
        Self::new(DEFAULT_LOGIN, DEFAULT_USERNAME, DEFAULT_LOGIN_PASSWORD)
    }
}

impl fmt::Debug for IdentityUser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("IdentityUser")
            .field("login", &self.login)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What the sign-in page does.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Consent {
    /// Consents for the first account at once.
    Allow,
    /// Shows a page with user name, password and two buttons.
    #[default]
    Ask,
    /// Refuses at once.
    Deny,
}

/// Where the browser may be sent after the sign-in.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Redirects {
    /// Any port and path of this machine.
    #[default]
    Loopback,
    /// [`ClientConfig::redirect_uris`](super::ClientConfig::redirect_uris), to the letter.
    Registered,
}

/// What a spent refresh token is answered.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum StaleText {
    /// `Session doesn't have required client`.
    Session,
    /// `Stale token`.
    #[default]
    Stale,
}

/// Choices where public sources disagree or are silent about the service.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct IdentitySettings {
    /// How long an access token lives, by the emulator's clock. An hour.
    pub access_token_lifetime: Duration,
    /// How long an unused refresh token lives. Without end, which `refresh_expires_in` of 0 says.
    pub refresh_token_lifetime: Option<Duration>,
    /// How long a code waits for its exchange. Ten minutes.
    pub code_lifetime: Duration,
    /// How long a personal login token waits for its use. Without end.
    pub login_token_lifetime: Option<Duration>,
    /// Give out a new refresh token at every refresh and spend the one presented. On; not for Amazon.
    pub rotate: bool,
    /// Let the refresh tokens of Amazon rotate as well. Off.
    pub amazon_rotates: bool,
    /// End the family when a spent refresh token is presented. On.
    pub reuse_revokes_family: bool,
    /// What a spent refresh token, and any of an ended family, is answered.
    pub stale_text: StaleText,
    /// End the access tokens of an ended family as well. Off: they live on until they expire.
    pub revocation_ends_access_tokens: bool,
    /// Let a sign-in by browser end the earlier ones of the same person through the same client. Off.
    pub one_session_per_client: bool,
    /// Accept a client that names itself in a Basic header. On.
    pub accept_basic_client: bool,
    /// Accept a client that names itself in the form. On.
    pub accept_body_client: bool,
    /// The status with which a client is refused. 401; older servers answer 400.
    pub refused_client_status: u16,
    /// The status for a login token that was used, has expired or is wrong. 401; others saw 400.
    pub refused_login_status: u16,
    /// Refuse a login token unless the discovery document was read before. Off.
    pub require_discovery: bool,
    /// What the sign-in page does.
    pub consent: Consent,
    /// Where the browser may be sent.
    pub redirects: Redirects,
    /// Let refresh tokens of the older sign-in rotate as well. On.
    pub legacy_rotates: bool,
    /// Check the secret of devices registered for the older sign-in. Off: rclone sends it obscured when it refreshes.
    pub check_legacy_secret: bool,
    /// Scheme and host in the discovery document; those of the request by default.
    pub origin: Option<String>,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self {
            access_token_lifetime: Duration::from_secs(3600),
            refresh_token_lifetime: None,
            code_lifetime: Duration::from_secs(600),
            login_token_lifetime: None,
            rotate: true,
            amazon_rotates: false,
            reuse_revokes_family: true,
            stale_text: StaleText::Stale,
            revocation_ends_access_tokens: false,
            one_session_per_client: false,
            accept_basic_client: true,
            accept_body_client: true,
            refused_client_status: 401,
            refused_login_status: 401,
            require_discovery: false,
            consent: Consent::Ask,
            redirects: Redirects::Loopback,
            legacy_rotates: true,
            check_legacy_secret: false,
            origin: None,
        }
    }
}
