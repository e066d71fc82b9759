//! Settings of a client, checked together.

use std::sync::Arc;

use remote_core::{
    error::{Error, ErrorKind, Result},
    http::{HttpClient, HttpSettings},
    retry::{Pacer, Retry, RetryPolicy},
};
use url::Url;

use crate::{
    auth::{Credentials, oauth::ServerHint},
    client::Client,
    level::{ApiLevel, LevelState},
    provider::Provider,
};

/// The user agent unless set. The service repeats it in events and in the activity log, so applications should set their own.
pub const DEFAULT_USER_AGENT: &str = concat!("koofr-api/", env!("CARGO_PKG_VERSION"));

/// Collects the settings of a [`Client`].
#[derive(Debug)]
#[must_use = "a builder makes nothing until `build` is called"]
pub struct ClientBuilder {
    provider: Provider,
    credentials: Credentials,
    level: ApiLevel,
    http: Option<HttpClient>,
    settings: HttpSettings,
    retry: Retry,
    server: Option<ServerHint>,
}

impl ClientBuilder {
    pub(crate) fn new(provider: Provider) -> Self {
        Self {
            provider,
            credentials: Credentials::None,
            level: ApiLevel::Auto,
            http: None,
            settings: HttpSettings::default().with_user_agent(DEFAULT_USER_AGENT),
            retry: Retry::new(RetryPolicy::default(), Pacer::new()),
            server: None,
        }
    }

    /// How to sign in; without credentials unless set.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// The version of the interface; [`ApiLevel::Auto`] unless set.
    pub fn level(mut self, level: ApiLevel) -> Self {
        self.level = level;
        self
    }

    /// How to connect and wait. The settings bring their own user agent along; the default one is [`DEFAULT_USER_AGENT`].
    pub fn http_settings(mut self, settings: HttpSettings) -> Self {
        self.settings = settings;
        self
    }

    /// A ready HTTP client, for instance one that is shared with others; the [settings](Self::http_settings) are then not used.
    pub fn http_client(mut self, client: HttpClient) -> Self {
        self.http = Some(client);
        self
    }

    /// How often and for how long failed calls are repeated; [`RetryPolicy::default`] unless set.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.retry = self.retry.with_policy(policy);
        self
    }

    /// A ready loop for repetitions, for instance with the pacer of another client of the same account.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Where the sign-in service told that the account lives; from [`OAuthSession::server`](crate::auth::oauth::OAuthSession::server).
    pub fn server_hint(mut self, server: ServerHint) -> Self {
        self.server = Some(server);
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for an endpoint that is no `http` or `https` address, or carries credentials, a query or a
    /// fragment; and what [`HttpClient::new`] finds wrong with the HTTP settings.
    pub fn build(self) -> Result<Client> {
        let base = self.provider.endpoint();
        check_endpoint(&base)?;
        let http = match self.http {
            Some(http) => http,
            None => HttpClient::new(&self.settings)?,
        };
        Ok(Client::of_parts(
            http,
            self.retry,
            base,
            Arc::new(LevelState::new(self.level)),
            self.credentials,
            self.server,
        ))
    }
}

fn check_endpoint(url: &Url) -> Result<()> {
    let wrong = if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        "is no http or https address"
    } else if !url.username().is_empty() || url.password().is_some() {
        "contains credentials"
    } else if url.query().is_some() || url.fragment().is_some() {
        "has a query or fragment"
    } else {
        return Ok(());
    };
    Err(
        Error::with_message(ErrorKind::InvalidInput, format!("the endpoint {wrong}"))
            .with_help("give it as https://host, without anything behind the host and path"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_that_cannot_work_are_refused() {
        for text in [
            "ftp://h/",
            "mailto:a@b",
            "https://user:pw@h/",
            "https://h/?x=1",
            "https://h/#x",
        ] {
            let error = Client::builder(Url::parse(text).unwrap())
                .build()
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
            assert!(!error.to_string().contains("pw"));
        }
    }

    #[test]
    fn nothing_secret_shows_in_debug() {
        let builder =
            Client::builder(Provider::Koofr).credentials(Credentials::basic("ann", "s3cret"));
        assert!(!format!("{builder:?}").contains("s3cret"));
        let client = builder.build().unwrap();
        assert!(!format!("{client:?}").contains("s3cret"));
    }
}
