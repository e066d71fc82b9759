//! Building a remote from the options of a configuration.

use std::{sync::Arc, time::Duration};

use remote_core::{
    auth::{MemoryTokenStore, Token, TokenStore},
    encoding::Encoding,
    error::{Error, ErrorKind, Result},
    http::{HttpClient, HttpSettings},
    options::{OptionError, OptionSource, TypedOptions},
    path::RemotePath,
    secret::Secret,
};
use url::Url;

use crate::{
    AcdRemote, Client,
    addresses::Addresses,
    auth::{Credentials, SignInApp},
    options::BACKEND,
};

impl AcdRemote {
    /// Makes a remote from options by rclone's names; see [`BACKEND`]. No request is made before its first use.
    ///
    /// A token that is renewed is kept in memory only; see [`from_options_with`](Self::from_options_with).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for an option that is missing or wrong; says which, where it came from and what is accepted.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use acd_api::AcdRemote;
    /// use remote_core::path::RemotePath;
    ///
    /// let options: BTreeMap<String, String> = [
    ///     ("client_id", "amzn1.application-oa2-client.0123"),
    ///     ("client_secret", "the secret"),
    ///     ("token", r#"{"access_token":"Atza|…","refresh_token":"Atzr|…","expiry":"2026-01-05T10:11:12Z"}"#),
    ///     ("endpoint_url", "http://127.0.0.1:8080/drive/v1/"),
    /// ]
    /// .map(|(key, value)| (key.to_owned(), value.to_owned()))
    /// .into();
    /// let remote = AcdRemote::from_options(&options, RemotePath::parse("backup")?)?;
    /// assert_eq!(remote.client().addresses().endpoint_url.port(), Some(8080));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_options(options: &dyn OptionSource, root: RemotePath) -> Result<Self> {
        Self::from_options_with(options, root, &HttpSettings::default(), None)
    }

    /// Like [`from_options`](Self::from_options), with settings for the connections, and a store in which the token is kept up to date.
    ///
    /// # Errors
    ///
    /// As [`from_options`](Self::from_options).
    pub fn from_options_with(
        options: &dyn OptionSource,
        root: RemotePath,
        http: &HttpSettings,
        store: Option<Arc<dyn TokenStore>>,
    ) -> Result<Self> {
        let typed = TypedOptions::new(&BACKEND, options);
        let read = Settings::read(&typed).map_err(invalid)?;
        let http = HttpClient::new(http)?;
        let store = match store {
            Some(store) => store,
            None => Arc::new(MemoryTokenStore::new(read.token()?)),
        };
        let tokens = read.app()?.tokens(&http, store);
        let client = Client::builder(Credentials::Tokens(tokens))
            .addresses(read.addresses()?)
            .http_client(http)
            .min_spacing(read.pacer_min_sleep)
            .build()?;
        Ok(Self::builder(client)
            .root(root)
            .encoding(read.encoding)
            .upload_wait_per_gb(read.upload_wait_per_gb)
            .templink_threshold(read.templink_threshold)
            .checkpoint(read.checkpoint)
            .build())
    }
}

/// The application of a configuration, for signing in.
pub(crate) fn app_of(options: &dyn OptionSource) -> Result<SignInApp> {
    let typed = TypedOptions::new(&BACKEND, options);
    Settings::read(&typed).map_err(invalid)?.app()
}

/// The options, typed.
struct Settings {
    client_id: String,
    client_secret: Secret,
    token: Secret,
    auth_url: String,
    token_url: String,
    endpoint_url: String,
    metadata_url: String,
    content_url: String,
    checkpoint: String,
    upload_wait_per_gb: Duration,
    templink_threshold: Option<u64>,
    encoding: Encoding,
    pacer_min_sleep: Duration,
}

impl Settings {
    fn read(options: &TypedOptions<'_>) -> Result<Self, OptionError> {
        Ok(Self {
            client_id: options.required_string("client_id")?,
            client_secret: Secret::new(options.string("client_secret")?),
            token: Secret::new(options.string("token")?),
            auth_url: options.string("auth_url")?,
            token_url: options.string("token_url")?,
            endpoint_url: options.string("endpoint_url")?,
            metadata_url: options.string("metadata_url")?,
            content_url: options.string("content_url")?,
            checkpoint: options.string("checkpoint")?,
            upload_wait_per_gb: options
                .duration("upload_wait_per_gb")?
                .duration()
                .unwrap_or(Duration::MAX),
            // "off" is never; rclone takes it for always.
            templink_threshold: options.size("templink_threshold")?.bytes(),
            encoding: options.encoding("encoding")?,
            pacer_min_sleep: options
                .duration("pacer_min_sleep")?
                .duration()
                .unwrap_or_default(),
        })
    }

    fn token(&self) -> Result<Option<Token>> {
        if self.token.expose().trim().is_empty() {
            return Ok(None);
        }
        Ok(Some(Token::parse(self.token.expose())?))
    }

    fn app(&self) -> Result<SignInApp> {
        let mut app = SignInApp::new(self.client_id.as_str(), self.client_secret.clone());
        if let Some(url) = address("auth_url", &self.auth_url)? {
            app = app.with_auth_url(url);
        }
        if let Some(url) = address("token_url", &self.token_url)? {
            app = app.with_token_url(url);
        }
        Ok(app)
    }

    fn addresses(&self) -> Result<Addresses> {
        let mut addresses = Addresses::default();
        if let Some(url) = address("endpoint_url", &self.endpoint_url)? {
            addresses.endpoint_url = url;
        }
        addresses.metadata_url = address("metadata_url", &self.metadata_url)?;
        addresses.content_url = address("content_url", &self.content_url)?;
        Ok(addresses)
    }
}

fn address(name: &str, text: &str) -> Result<Option<Url>> {
    if text.is_empty() {
        return Ok(None);
    }
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(url)),
        _ => Err(invalid(OptionError::unreadable(
            name,
            None,
            "expected an address that starts with https://",
        ))),
    }
}

fn invalid(error: OptionError) -> Error {
    let help = format!(
        "set the option {} of the remote, or its environment variable",
        error.option()
    );
    Error::with_message(
        ErrorKind::InvalidInput,
        "the remote is not set up completely",
    )
    .with_source(error)
    .with_help(help)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use remote_core::error::report;

    use super::*;

    fn options(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let options = options(pairs);
        Settings::read(&TypedOptions::new(&BACKEND, &options)).unwrap()
    }

    #[test]
    fn defaults_are_rclones() {
        let read = settings(&[("client_id", "id")]);
        assert_eq!(read.upload_wait_per_gb, Duration::from_secs(180));
        assert_eq!(read.templink_threshold, Some(9 << 30));
        assert_eq!(read.addresses().unwrap(), Addresses::default());
        assert_eq!(read.pacer_min_sleep, Duration::ZERO);
    }

    #[test]
    fn off_means_never_for_links_and_without_end_for_waiting() {
        let read = settings(&[
            ("client_id", "id"),
            ("templink_threshold", "off"),
            ("upload_wait_per_gb", "off"),
            ("pacer_min_sleep", "off"),
        ]);
        assert_eq!(read.pacer_min_sleep, Duration::ZERO);
        assert_eq!(read.templink_threshold, None);
        assert_eq!(read.upload_wait_per_gb, Duration::MAX);
    }

    #[test]
    fn a_mistake_names_its_option_and_no_secret() {
        for (pairs, option) in [
            (&[("client_secret", "s3cr3t")][..], "client_id"),
            (
                &[("client_id", "id"), ("endpoint_url", "drive.example")],
                "endpoint_url",
            ),
            (
                &[("client_id", "id"), ("token_url", "ftp://h/")],
                "token_url",
            ),
            (
                &[("client_id", "id"), ("templink_threshold", "much")],
                "templink_threshold",
            ),
        ] {
            let error = AcdRemote::from_options(&options(pairs), RemotePath::root()).unwrap_err();
            let text = report(&error);
            assert!(text.contains(option) && !text.contains("s3cr3t"), "{text}");
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
    }
}
