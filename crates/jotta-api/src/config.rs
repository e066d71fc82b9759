//! Building a remote from the options of a configuration.

use std::sync::Arc;

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
    Client, JottaRemote,
    addresses::Addresses,
    auth::{Credentials, SessionConfig, session_of_config},
    options::BACKEND,
};

impl JottaRemote {
    /// Makes a remote from options by rclone's names; see [`BACKEND`]. No request is made before its first use.
    ///
    /// A token that is renewed is kept in memory only: use [`from_options_with`](Self::from_options_with) with a store for the file that the options came from, or
    /// the next program finds a token that is used up.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for an option that is missing or wrong; says which, where it came from and what is accepted.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use jotta_api::JottaRemote;
    /// use remote_core::path::RemotePath;
    ///
    /// let options: BTreeMap<String, String> = [
    ///     ("configVersion", "1"),
    ///     ("client_id", "jottacli"),
    ///     ("token", r#"{"access_token":"…","refresh_token":"…","expiry":"2026-01-05T10:11:12Z"}"#),
    /// ]
    /// .map(|(key, value)| (key.to_owned(), value.to_owned()))
    /// .into();
    /// let remote = JottaRemote::from_options(&options, RemotePath::parse("backup")?)?;
    /// assert_eq!(remote.location(&RemotePath::root())?.mount_point(), "Archive");
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
        let addresses = read.addresses()?;
        let session = session_of_config(http.clone(), addresses.clone(), &read.session)?;
        let store = match store {
            Some(store) => store,
            None => Arc::new(MemoryTokenStore::new(read.token()?)),
        };
        let client = Client::builder(Credentials::Tokens(session.tokens(store)))
            .addresses(addresses)
            .http_client(http)
            .build()?;
        Ok(Self::builder(client)
            .session(session)
            .mount_point(&read.device, &read.mount_point)
            .root(root)
            .encoding(read.encoding)
            .md5_memory_limit(read.md5_memory_limit)
            .trashed_only(read.trashed_only)
            .hard_delete(read.hard_delete)
            .no_versions(read.no_versions)
            .build())
    }
}

/// The addresses of the service that a configuration says, complete or not.
pub(crate) fn addresses_of(options: &dyn OptionSource) -> Result<Addresses> {
    let typed = TypedOptions::new(&BACKEND, options);
    Settings::read(&typed).map_err(invalid)?.addresses()
}

/// The options, typed.
struct Settings {
    session: SessionConfig,
    token: Secret,
    jfs_url: String,
    api_url: String,
    identity_url: String,
    device: String,
    mount_point: String,
    encoding: Encoding,
    md5_memory_limit: u64,
    trashed_only: bool,
    hard_delete: bool,
    no_versions: bool,
}

impl Settings {
    fn read(options: &TypedOptions<'_>) -> Result<Self, OptionError> {
        if options.bool("client_credentials")? {
            return Err(OptionError::unreadable(
                "client_credentials",
                None,
                "the service has no such way to sign in",
            ));
        }
        let limit = options.size("md5_memory_limit")?;
        Ok(Self {
            session: SessionConfig {
                version: options.string("configVersion")?,
                client_id: options.string("client_id")?,
                client_secret: options.stored_secret("client_secret")?,
                token_url: options.string("token_url")?,
                stored_token_url: options.string("tokenURL")?,
            },
            token: Secret::new(options.string("token")?),
            jfs_url: options.string("jfs_url")?,
            api_url: options.string("api_url")?,
            identity_url: options.string("identity_url")?,
            device: options.string("device")?,
            mount_point: options.string("mountpoint")?,
            encoding: options.encoding("encoding")?,
            // "off" is no limit.
            md5_memory_limit: limit.bytes().unwrap_or(u64::MAX),
            trashed_only: options.bool("trashed_only")?,
            hard_delete: options.bool("hard_delete")?,
            no_versions: options.bool("no_versions")?,
        })
    }

    fn addresses(&self) -> Result<Addresses> {
        let mut addresses = Addresses::default();
        if let Some(url) = address("jfs_url", &self.jfs_url)? {
            addresses = addresses
                .with_jfs(url)
                .map_err(|error| naming("jfs_url", error))?;
        }
        if let Some(url) = address("api_url", &self.api_url)? {
            addresses = addresses
                .with_api(url)
                .map_err(|error| naming("api_url", error))?;
        }
        if let Some(url) = address("identity_url", &self.identity_url)? {
            addresses = addresses
                .with_identity(url)
                .map_err(|error| naming("identity_url", error))?;
        }
        Ok(addresses)
    }

    /// The token of the configuration. One that is missing is told when it is needed.
    fn token(&self) -> Result<Option<Token>> {
        if self.token.expose().trim().is_empty() {
            return Ok(None);
        }
        Ok(Some(Token::parse(self.token.expose())?))
    }
}

fn address(name: &'static str, text: &str) -> Result<Option<Url>> {
    if text.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(text).map_err(|error| {
        naming(
            name,
            Error::with_message(ErrorKind::InvalidInput, "no address").with_source(error),
        )
    })?;
    Ok(Some(url))
}

fn naming(name: &str, error: Error) -> Error {
    Error::with_message(
        ErrorKind::InvalidInput,
        format!("the option {name} cannot be used"),
    )
    .with_source(error)
    .with_help(format!(
        "set {name} to an address such as http://127.0.0.1:4000/, or leave it out"
    ))
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

    use remote_core::{error::report, remote::Remote as _};

    use super::*;

    fn remote(options: &[(&str, &str)]) -> Result<JottaRemote> {
        let mut all = BTreeMap::from([
            ("configVersion".to_owned(), "1".to_owned()),
            (
                "token".to_owned(),
                r#"{"access_token":"canary","refresh_token":"canary"}"#.to_owned(),
            ),
        ]);
        all.extend(
            options
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        );
        JottaRemote::from_options(&all, RemotePath::root())
    }

    #[test]
    fn devices_and_mount_points_have_defaults() {
        let place = |options: &[(&str, &str)]| {
            let place = remote(options)
                .unwrap()
                .location(&RemotePath::root())
                .unwrap();
            format!("{}/{}", place.device(), place.mount_point())
        };
        assert_eq!(place(&[]), "Jotta/Archive");
        assert_eq!(
            place(&[("device", "PC 1"), ("mountpoint", "Set")]),
            "PC 1/Set"
        );
        assert_eq!(
            place(&[("device", ""), ("mountpoint", "Sync")]),
            "Jotta/Sync"
        );
    }

    #[test]
    fn capabilities_follow_the_options() {
        let caps = |options: &[(&str, &str)]| remote(options).unwrap().capabilities().clone();
        assert!(!caps(&[("no_versions", "true")]).versions);
        assert_eq!(
            caps(&[("hard_delete", "true")]).removal,
            remote_core::capabilities::Removal::Permanent
        );
        assert!(
            !caps(&[("trashed_only", "true")])
                .list_recursive
                .is_available()
                || caps(&[]).list_recursive.is_available()
        );
    }

    #[test]
    fn wrong_options_are_named_and_no_secret_shows() {
        for (name, value) in [
            ("configVersion", "7"),
            ("jfs_url", "http://jfs.example/"),
            ("jfs_url", "nonsense"),
            ("identity_url", "ftp://127.0.0.1/"),
            ("tokenURL", "no address"),
            ("token", "{\"canary\""),
            ("client_credentials", "true"),
            ("md5_memory_limit", "much"),
        ] {
            let error = remote(&[(name, value)]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
            assert!(error.help().is_some(), "{name}");
            assert!(!report(&error).contains("canary"), "{}", report(&error));
        }
        assert!(!format!("{:?}", remote(&[]).unwrap()).contains("canary"));
    }
}
