//! What an address gives away and where it leads.

use url::{Host, Url};

use crate::error::{Error, ErrorKind, Result};

/// An address without user name, password, query and fragment: fit for errors and logs.
///
/// ```
/// use remote_core::http::redacted;
///
/// let url = url::Url::parse("https://me:pass@h.example:8443/a/b?token=x#y")?;
/// assert_eq!(redacted(&url), "https://h.example:8443/a/b");
/// # Ok::<(), url::ParseError>(())
/// ```
#[must_use]
pub fn redacted(url: &Url) -> String {
    format!("{}{}", origin(url), url.path())
}

/// Scheme, host and port as far as they are not the usual one.
pub(super) fn origin(url: &Url) -> String {
    format!("{}://{}", url.scheme(), host(url))
}

/// Host, and port if it is not the usual one.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Whether the address is this machine itself.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Refuses addresses that must not be asked.
pub(super) fn check(url: &Url, allow_plain_http: bool) -> Result<()> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if allow_plain_http || is_loopback(url) => Ok(()),
        "http" => Err(Error::with_message(
            ErrorKind::InvalidInput,
            format!(
                "plain http to {} would send credentials and files readable",
                host(url)
            ),
        )
        .with_help("use https, or allow plain http explicitly")),
        scheme => Err(Error::with_message(
            ErrorKind::InvalidInput,
            format!("addresses that start with {scheme}: cannot be used"),
        )
        .with_help("use an address that starts with https://")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn this_machine_is_recognised_by_name_and_by_both_kinds_of_address() {
        for text in [
            "http://localhost:1/",
            "http://127.8.9.1/",
            "http://[::1]:80/",
            "http://a.localhost/",
        ] {
            assert!(is_loopback(&url(text)), "{text}");
        }
        for text in [
            "http://localhost.example/",
            "http://10.0.0.1/",
            "http://[2001:db8::1]/",
        ] {
            assert!(!is_loopback(&url(text)), "{text}");
        }
    }

    #[test]
    fn plain_http_to_another_machine_needs_permission() {
        let other = url("http://h.example/");
        let error = check(&other, false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.help().unwrap().contains("https"));
        check(&other, true).unwrap();
        check(&url("http://127.0.0.1:9/"), false).unwrap();
    }

    #[test]
    fn other_schemes_are_refused() {
        for text in [
            "ftp://h.example/",
            "file:///etc/passwd",
            "data:text/plain,x",
        ] {
            let error = check(&url(text), true).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
        }
    }

    #[test]
    fn an_address_is_redacted_to_scheme_host_and_path() {
        assert_eq!(
            redacted(&url("https://u:p@h.example:444/a%20b?k=secret#f")),
            "https://h.example:444/a%20b"
        );
    }
}
