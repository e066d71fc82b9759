//! What a client is made with.

use std::{fmt, time::Duration};

use url::Url;

use super::redacted;

/// [`HttpSettings::connect_timeout`] unless set: a few lost packets and a slow TLS handshake fit, a dead address does not look like a hang.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// [`HttpSettings::idle_timeout`] unless set: mobile connections pause for half a minute and go on.
pub const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// [`HttpSettings::response_timeout`] unless set: services assemble and check large uploads before they answer.
pub const DEFAULT_RESPONSE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// [`HttpSettings::max_idle_connections`] unless set: as many as transfers usually run at once.
pub const DEFAULT_MAX_IDLE_CONNECTIONS: usize = 32;

/// How an [`HttpClient`](super::HttpClient) connects, waits and introduces itself.
///
/// [`Duration::MAX`] takes a limit away; zero is a limit that is reached at once.
///
/// `Debug` shows neither the credentials of a proxy nor the certificates.
#[non_exhaustive]
#[derive(Clone)]
pub struct HttpSettings {
    /// The longest a connection may take to be made, name lookup and TLS included; [`DEFAULT_CONNECT_TIMEOUT`] unless set.
    pub connect_timeout: Duration,
    /// The longest time in which no byte moves in a body, in either direction; [`DEFAULT_IDLE_TIMEOUT`] unless set.
    ///
    /// Waiting for the source of an upload does not count, nor does a reader of an answer that takes its time.
    pub idle_timeout: Duration,
    /// The longest time from the last byte of the request to the head of the answer; [`DEFAULT_RESPONSE_TIMEOUT`] unless set.
    /// [`Request::response_timeout`](super::Request::response_timeout) overrides it.
    pub response_timeout: Duration,
    /// The way out of this network; [`Proxy::System`] unless set. Addresses of this machine are always reached directly.
    pub proxy: Proxy,
    /// Certificates (PEM, one or several in each) that are trusted in addition to those of the platform.
    pub extra_roots: Vec<Vec<u8>>,
    /// The `User-Agent` header; `remote-core/` and the version unless set.
    pub user_agent: String,
    /// Whether `http://` is allowed to other machines, in which case passwords travel readable; `false` unless set.
    /// To this machine (`localhost`, `127.0.0.0/8`, `::1`) it is always allowed.
    pub allow_plain_http: bool,
    /// Unused connections kept open to each host; [`DEFAULT_MAX_IDLE_CONNECTIONS`] unless set.
    pub max_idle_connections: usize,
    /// Whether nothing newer than HTTP/1.1 is spoken; `false` unless set. Needed for [`HttpClient::upgrade`](super::HttpClient::upgrade).
    pub http1_only: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            idle_timeout: DEFAULT_IDLE_TIMEOUT,
            response_timeout: DEFAULT_RESPONSE_TIMEOUT,
            proxy: Proxy::System,
            extra_roots: Vec::new(),
            user_agent: concat!("remote-core/", env!("CARGO_PKG_VERSION")).to_owned(),
            allow_plain_http: false,
            max_idle_connections: DEFAULT_MAX_IDLE_CONNECTIONS,
            http1_only: false,
        }
    }
}

impl HttpSettings {
    /// Sets [`HttpSettings::connect_timeout`].
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets [`HttpSettings::idle_timeout`].
    #[must_use]
    pub fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets [`HttpSettings::response_timeout`].
    #[must_use]
    pub fn with_response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// Sets [`HttpSettings::proxy`].
    #[must_use]
    pub fn with_proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// Adds to [`HttpSettings::extra_roots`].
    #[must_use]
    pub fn with_extra_root(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.extra_roots.push(pem.into());
        self
    }

    /// Sets [`HttpSettings::user_agent`].
    #[must_use]
    pub fn with_user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Sets [`HttpSettings::allow_plain_http`].
    #[must_use]
    pub fn with_allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    /// Sets [`HttpSettings::max_idle_connections`].
    #[must_use]
    pub fn with_max_idle_connections(mut self, connections: usize) -> Self {
        self.max_idle_connections = connections;
        self
    }

    /// Sets [`HttpSettings::http1_only`].
    #[must_use]
    pub fn with_http1_only(mut self, only: bool) -> Self {
        self.http1_only = only;
        self
    }
}

impl fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSettings")
            .field("connect_timeout", &self.connect_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("response_timeout", &self.response_timeout)
            .field("proxy", &self.proxy)
            .field("extra_roots", &self.extra_roots.len())
            .field("user_agent", &self.user_agent)
            .field("allow_plain_http", &self.allow_plain_http)
            .field("max_idle_connections", &self.max_idle_connections)
            .field("http1_only", &self.http1_only)
            .finish()
    }
}

/// The way out of this network.
#[non_exhaustive]
#[derive(Clone, Default, Eq, PartialEq)]
pub enum Proxy {
    /// Connect directly.
    None,
    /// What the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) or the platform's settings say.
    #[default]
    System,
    /// This proxy for every address; a user name and password may be part of it.
    Url(Url),
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::System => f.write_str("System"),
            Self::Url(url) => f.debug_tuple("Url").field(&redacted(url)).finish(),
        }
    }
}
