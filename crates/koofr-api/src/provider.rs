//! The installations of the service.

use url::Url;

/// An installation of the service: where it is, and where its users make application passwords.
///
/// The addresses are those that rclone uses for the values `koofr`, `digistorage` and `other` of its option `provider`.
///
/// # Examples
///
/// ```
/// use koofr_api::provider::Provider;
///
/// assert_eq!(Provider::Koofr.endpoint().as_str(), "https://app.koofr.net/");
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Provider {
    /// Digi Storage, Romania: `https://storage.rcs-rds.ro`.
    DigiStorage,
    /// Koofr: `https://app.koofr.net`.
    Koofr,
    /// Any other installation, by its address. A path in it is kept and put before all paths of the service.
    Other(Url),
}

impl Provider {
    /// The address of the service.
    ///
    /// # Panics
    ///
    /// Never: the fixed addresses are valid.
    #[must_use]
    pub fn endpoint(&self) -> Url {
        let fixed = match self {
            Self::DigiStorage => "https://storage.rcs-rds.ro",
            Self::Koofr => "https://app.koofr.net",
            Self::Other(url) => return url.clone(),
        };
        Url::parse(fixed).expect("the address is a constant and valid")
    }

    /// The page on which a user makes an application password; a guess by analogy for [`Other`](Self::Other).
    #[must_use]
    pub fn app_password_url(&self) -> Url {
        let mut url = self.endpoint();
        let path = format!(
            "{}/app/admin/preferences/password",
            url.path().trim_end_matches('/')
        );
        url.set_path(&path);
        url.set_query(None);
        url
    }

    /// The installation at an address: a known one by its scheme and host, else [`Other`](Self::Other).
    ///
    /// Hosts are compared as a whole, so `https://app.koofr.net.example.org` is not Koofr.
    #[must_use]
    pub fn of(endpoint: &Url) -> Self {
        [Self::Koofr, Self::DigiStorage]
            .into_iter()
            .find(|provider| provider.endpoint().origin() == endpoint.origin())
            .unwrap_or_else(|| Self::Other(endpoint.clone()))
    }
}

impl From<Url> for Provider {
    fn from(endpoint: Url) -> Self {
        Self::of(&endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hosts_are_recognised_and_lookalikes_are_not() {
        let provider = |text: &str| Provider::of(&Url::parse(text).unwrap());
        assert_eq!(provider("https://app.koofr.net/"), Provider::Koofr);
        assert_eq!(
            provider("https://storage.rcs-rds.ro"),
            Provider::DigiStorage
        );
        assert!(matches!(
            provider("https://app.koofr.net.example.org"),
            Provider::Other(_)
        ));
        assert!(matches!(
            provider("http://app.koofr.net"),
            Provider::Other(_)
        ));
    }

    #[test]
    fn password_pages_lie_below_the_endpoint() {
        let other = Provider::Other(Url::parse("https://files.example.org/sub/").unwrap());
        assert_eq!(
            other.app_password_url().as_str(),
            "https://files.example.org/sub/app/admin/preferences/password"
        );
    }
}
