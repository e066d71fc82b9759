//! Where the service is.

use remote_core::error::{Error, ErrorKind, Result};
use url::Url;

/// Where the service was asked for an account's own addresses: the value of `endpoint_url` unless set.
pub const DEFAULT_ENDPOINT_URL: &str = "https://drive.amazonaws.com/drive/v1/";

/// The page where people agreed to the access of an application.
pub const DEFAULT_AUTH_URL: &str = "https://www.amazon.com/ap/oa";

/// Where codes and refresh tokens were traded.
pub const DEFAULT_TOKEN_URL: &str = "https://api.amazon.com/auth/o2/token";

/// The addresses of a service. None of them is wired into the logic.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Addresses {
    /// Where an account's own addresses are asked for. [`DEFAULT_ENDPOINT_URL`] by default.
    pub endpoint_url: Url,
    /// Where nodes are asked for; told by the service unless set.
    pub metadata_url: Option<Url>,
    /// Where contents are; told by the service unless set.
    pub content_url: Option<Url>,
}

impl Default for Addresses {
    /// The public service, which closed on 31 December 2023.
    ///
    /// # Panics
    ///
    /// Never: the address is a constant and valid.
    fn default() -> Self {
        Self::new(Url::parse(DEFAULT_ENDPOINT_URL).expect("the address is a constant and valid"))
    }
}

impl Addresses {
    /// A service that is asked here for everything else.
    #[must_use]
    pub fn new(endpoint_url: Url) -> Self {
        Self {
            endpoint_url,
            metadata_url: None,
            content_url: None,
        }
    }

    /// Sets [`metadata_url`](Self::metadata_url).
    #[must_use]
    pub fn with_metadata_url(mut self, url: Url) -> Self {
        self.metadata_url = Some(url);
        self
    }

    /// Sets [`content_url`](Self::content_url).
    #[must_use]
    pub fn with_content_url(mut self, url: Url) -> Self {
        self.content_url = Some(url);
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        let all = [
            ("endpoint_url", Some(&self.endpoint_url)),
            ("metadata_url", self.metadata_url.as_ref()),
            ("content_url", self.content_url.as_ref()),
        ];
        for (name, url) in all {
            if let Some(wrong) = url.and_then(what_is_wrong) {
                return Err(Error::with_message(
                    ErrorKind::InvalidInput,
                    format!("{name} {wrong}"),
                )
                .with_help("give it as https://host/path/, without anything behind the path"));
            }
        }
        Ok(())
    }
}

/// What keeps an address from being the base of others.
pub(crate) fn what_is_wrong(url: &Url) -> Option<&'static str> {
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        Some("is no http or https address")
    } else if !url.username().is_empty() || url.password().is_some() {
        Some("contains credentials")
    } else if url.query().is_some() || url.fragment().is_some() {
        Some("has a query or fragment")
    } else {
        None
    }
}

/// An address below a base, with exactly one slash between them.
pub(crate) fn below(base: &Url, path: &str, query: Option<&str>) -> Url {
    let mut url = base.clone();
    let prefix = base.path().trim_end_matches('/');
    url.set_path(&format!("{prefix}/{path}"));
    url.set_query(query);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_with_one_slash() {
        for base in [
            "http://h:1/drive/v1",
            "http://h:1/drive/v1/",
            "http://h:1/drive/v1//",
        ] {
            let url = below(&Url::parse(base).unwrap(), "nodes", None);
            assert_eq!(url.as_str(), "http://h:1/drive/v1/nodes");
        }
    }

    #[test]
    fn addresses_that_cannot_be_a_base_are_refused() {
        for text in ["ftp://h/", "https://u:p@h/", "https://h/?a", "https://h/#a"] {
            let addresses = Addresses::new(Url::parse(text).unwrap());
            assert_eq!(
                addresses.check().unwrap_err().kind(),
                ErrorKind::InvalidInput
            );
        }
    }
}
