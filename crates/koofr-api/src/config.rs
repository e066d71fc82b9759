//! Building a remote from the options of a configuration.

use remote_core::{
    error::{Error, ErrorKind, Result},
    http::HttpSettings,
    options::{OptionError, OptionSource, OptionValue, TypedOptions},
    path::RemotePath,
};

use url::Url;

use crate::{
    Client, KoofrRemote, auth::Credentials, builder::ClientBuilder, options::BACKEND,
    provider::Provider,
};

impl KoofrRemote {
    /// Makes a remote from options by rclone's names; see [`BACKEND`]. No request is made before its first use.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for an option that is missing or wrong; says which, where it came from and what is accepted.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use koofr_api::KoofrRemote;
    /// use remote_core::path::RemotePath;
    ///
    /// let options = BTreeMap::from([
    ///     ("provider".to_owned(), "digistorage".to_owned()),
    ///     ("user".to_owned(), "ann@example.org".to_owned()),
    ///     ("password".to_owned(), "app password".to_owned()),
    /// ]);
    /// let remote = KoofrRemote::from_options(&options, RemotePath::parse("backup")?)?;
    /// assert_eq!(remote.client().endpoint().as_str(), "https://storage.rcs-rds.ro/");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_options(options: &dyn OptionSource, root: RemotePath) -> Result<Self> {
        Self::from_options_with(options, root, &HttpSettings::default())
    }

    /// Like [`from_options`](Self::from_options), with settings for the connections.
    ///
    /// # Errors
    ///
    /// As [`from_options`](Self::from_options).
    pub fn from_options_with(
        options: &dyn OptionSource,
        root: RemotePath,
        http: &HttpSettings,
    ) -> Result<Self> {
        let typed = TypedOptions::new(&BACKEND, options);
        let read = Settings::read(&typed).map_err(invalid)?;
        let client = read.client_builder(http).build()?;
        Ok(Self::builder(client)
            .mount(read.mount)
            .root(root)
            .encoding(read.encoding)
            .keeps_times(read.keeps_times)
            .build())
    }
}

/// The client of a remote, for trying whether its options work.
pub(crate) fn client_builder(
    options: &dyn OptionSource,
    http: &HttpSettings,
) -> Result<ClientBuilder> {
    let typed = TypedOptions::new(&BACKEND, options);
    Ok(Settings::read(&typed)
        .map_err(invalid)?
        .client_builder(http))
}

/// The options, typed.
struct Settings {
    provider: Provider,
    credentials: Credentials,
    mount: String,
    encoding: remote_core::encoding::Encoding,
    keeps_times: bool,
}

impl Settings {
    fn read(options: &TypedOptions<'_>) -> Result<Self, OptionError> {
        let user = options.required_string("user")?;
        let password = options.required_secret("password")?;
        let credentials = match options.choice("auth")? {
            "token" => Credentials::login(user, password),
            _ => Credentials::basic(user, password),
        };
        Ok(Self {
            provider: provider_of(options)?,
            credentials,
            mount: options.string("mountid")?,
            encoding: options.encoding("encoding")?,
            keeps_times: options.bool("setmtime")?,
        })
    }
}

impl Settings {
    fn client_builder(&self, http: &HttpSettings) -> ClientBuilder {
        Client::builder(self.provider.clone())
            .credentials(self.credentials.clone())
            .http_settings(http.clone())
    }
}

/// The installation, by rclone's rules: an endpoint counts only for other servers and for configurations without `provider`.
fn provider_of(options: &TypedOptions<'_>) -> Result<Provider, OptionError> {
    match options.string("provider")?.as_str() {
        "koofr" => Ok(Provider::Koofr),
        "digistorage" => Ok(Provider::DigiStorage),
        "other" => endpoint_of(options).map(Provider::Other),
        "" if options.string("endpoint")?.is_empty() => Ok(Provider::Koofr),
        "" => endpoint_of(options).map(Provider::from),
        _ => Err(refused(
            options,
            "provider",
            "expected koofr, digistorage or other",
        )),
    }
}

fn endpoint_of(options: &TypedOptions<'_>) -> Result<Url, OptionError> {
    let text = options.required_string("endpoint")?;
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(refused(
            options,
            "endpoint",
            "expected an address such as https://koofr.example.org",
        )),
    }
}

/// The error for a value that has the right type and makes no sense.
fn refused(options: &TypedOptions<'_>, name: &str, expected: &str) -> OptionError {
    let unreadable = || OptionError::unreadable(name, None, expected);
    let (Some(spec), Ok((value, origin))) = (BACKEND.option(name), options.value(name)) else {
        return unreadable();
    };
    match value {
        OptionValue::String(text) if !text.contains('@') => {
            OptionError::invalid(spec, &text, origin, expected)
        }
        _ => unreadable(),
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

    fn endpoint(provider: &str, endpoint: &str) -> Result<String> {
        let options: BTreeMap<String, String> = [
            ("user", "u"),
            ("password", "p"),
            ("provider", provider),
            ("endpoint", endpoint),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
        let remote = KoofrRemote::from_options(&options, RemotePath::root())?;
        Ok(remote.client().endpoint().to_string())
    }

    // Specification of the service, section 10.2.
    #[test]
    fn the_endpoint_follows_rclones_table() {
        let (koofr, digi) = ("https://app.koofr.net/", "https://storage.rcs-rds.ro/");
        for (provider, given, expected) in [
            ("koofr", "https://ignored.example", koofr),
            ("digistorage", "", digi),
            ("other", "https://k.example/sub", "https://k.example/sub"),
            ("", "", koofr),
            ("", "https://app.koofr.net", koofr),
            ("", "https://storage.rcs-rds.ro/", digi),
            (
                "",
                "https://app.koofr.net.evil.example",
                "https://app.koofr.net.evil.example/",
            ),
        ] {
            assert_eq!(
                endpoint(provider, given).unwrap().trim_end_matches('/'),
                expected.trim_end_matches('/'),
                "{provider} {given}"
            );
        }
    }

    #[test]
    fn wrong_options_are_named_with_what_is_accepted() {
        let error = endpoint("googledrive", "").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(
            report(&error).contains("koofr, digistorage or other"),
            "{}",
            report(&error)
        );
        assert!(report(&endpoint("other", "").unwrap_err()).contains("endpoint"));
        assert!(report(&endpoint("other", "not an address").unwrap_err()).contains("https://"));
    }

    #[test]
    fn a_password_in_an_address_does_not_show() {
        let error = endpoint("other", "ftp://ann:canary@k.example").unwrap_err();
        assert!(!report(&error).contains("canary"), "{}", report(&error));
    }
}
