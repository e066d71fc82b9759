//! Where an answer sends the request, and whether it may go there.

use url::Url;

use super::{
    HeaderMap, Request, StatusCode,
    address::{host, origin},
    header,
};
use crate::error::{Error, ErrorKind, Result};

/// Redirects followed for one request: more is a loop.
const MAX_REDIRECTS: u32 = 5;

/// Whether a status sends the request elsewhere.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The parts of a request that decide about redirects.
#[derive(Debug)]
pub(super) struct Rules {
    follow: bool,
    foreign: bool,
    /// Why this kind of request cannot be followed, if it cannot.
    obstacle: Option<&'static str>,
    seen: u32,
}

impl Rules {
    pub(super) fn of(request: &Request) -> Self {
        let safe =
            request.head.method.is_safe() && request.body.is_empty() && !request.head.changes;
        Self {
            follow: request.head.follow_redirects.unwrap_or(true),
            foreign: request.head.allow_foreign_redirect,
            obstacle: (!safe).then_some("only requests that read are sent elsewhere"),
            seen: 0,
        }
    }

    /// The next address, or nothing if the answer itself is to be returned.
    pub(super) fn next(
        &mut self,
        from: &Url,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<Option<Url>> {
        if !self.follow || !is_redirect(status) {
            return Ok(None);
        }
        let error = |text: String| {
            Error::with_message(ErrorKind::Protocol, text).with_http_status(status.as_u16())
        };
        let Some(to) = location(from, headers) else {
            return Err(error(format!(
                "{} redirects without a usable address",
                host(from)
            )));
        };
        if let Some(obstacle) = self.obstacle {
            return Err(error(format!(
                "{} redirects to {}, but {obstacle}",
                host(from),
                host(&to)
            ))
            .with_help("check the configured address; the service may have moved"));
        }
        self.seen += 1;
        if self.seen > MAX_REDIRECTS {
            return Err(error(format!("{} redirects again and again", host(from))));
        }
        if from.scheme() == "https" && to.scheme() == "http" {
            return Err(error(format!(
                "redirected from https to plain http host {}",
                host(&to)
            )));
        }
        if !self.foreign && from.host() != to.host() {
            return Err(error(format!(
                "{} redirects to the foreign host {}",
                host(from),
                host(&to)
            ))
            .with_help("check the configured address; the service may have moved"));
        }
        if !self.foreign && from.scheme() == to.scheme() && from.port() != to.port() {
            return Err(error(format!(
                "{} redirects to another port, {}",
                host(from),
                host(&to)
            )));
        }
        Ok(Some(to))
    }
}

/// Removes what is meant for the first origin only.
pub(super) fn keep_secrets_home(headers: &mut HeaderMap, from: &Url, to: &Url) {
    if origin(from) == origin(to) && !is_signed(to) {
        return;
    }
    let secret: Vec<_> = headers
        .iter()
        .filter(|(_, value)| value.is_sensitive())
        .map(|(name, _)| name.clone())
        .collect();
    for name in secret {
        headers.remove(name);
    }
    for name in [
        header::AUTHORIZATION,
        header::COOKIE,
        header::PROXY_AUTHORIZATION,
    ] {
        headers.remove(name);
    }
}

/// Whether an address carries its own authorisation, so that storage services refuse any other one beside it.
fn is_signed(url: &Url) -> bool {
    url.query_pairs().any(|(name, value)| {
        matches!(&*name, "X-Amz-Algorithm" | "X-Amz-Signature" | "Signature") && !value.is_empty()
    })
}

fn location(from: &Url, headers: &HeaderMap) -> Option<Url> {
    let text = headers.get(header::LOCATION)?.to_str().ok()?;
    let mut to = from.join(text).ok()?;
    // A user name or password in an address would be sent as credentials nobody configured.
    to.set_username("").ok()?;
    to.set_password(None).ok()?;
    Some(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{http::Method, secret::Secret};

    fn get(from: &str) -> Request {
        Request::new(Method::GET, Url::parse(from).unwrap(), "test")
    }

    fn go(request: &Request, to: &str) -> Result<Option<Url>> {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, to.parse().unwrap());
        Rules::of(request).next(request.url(), StatusCode::FOUND, &headers)
    }

    #[test]
    fn a_redirect_on_the_same_host_or_up_to_https_is_followed() {
        let plain = get("http://h.example/a/b");
        for (to, expect) in [
            ("c?d=1", "http://h.example/a/c?d=1"),
            ("/c", "http://h.example/c"),
            ("https://h.example/c", "https://h.example/c"),
            ("http://u:p@h.example/c", "http://h.example/c"),
        ] {
            assert_eq!(go(&plain, to).unwrap().unwrap().as_str(), expect);
        }
    }

    #[test]
    fn a_redirect_down_to_plain_http_is_refused_with_its_host() {
        for request in [
            get("https://h.example/"),
            get("https://h.example/").allow_foreign_redirect(true),
        ] {
            let error = go(&request, "http://h.example/").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            let text = error.to_string();
            assert!(
                text.contains("from https to plain http host h.example"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_redirect_to_a_foreign_host_names_both_unless_it_is_allowed() {
        let text = go(&get("https://a.example/"), "https://b.example/")
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("a.example") && text.contains("b.example"),
            "{text}"
        );
        let allowed = get("https://a.example/").allow_foreign_redirect(true);
        assert!(go(&allowed, "https://b.example/").unwrap().is_some());
    }

    #[test]
    fn a_signed_address_gets_no_credentials_even_on_the_same_host() {
        let from = Url::parse("https://h.example/file").unwrap();
        for (to, kept) in [
            ("https://h.example/file?X-Amz-Algorithm=AWS4&x=1", false),
            ("https://h.example/file?Signature=abc", false),
            ("https://h.example/file?Signature=", true),
            ("https://h.example/other?a=b", true),
            ("https://other.example/file", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, "Bearer t".parse().unwrap());
            headers.insert(header::RANGE, "bytes=1-".parse().unwrap());
            keep_secrets_home(&mut headers, &from, &Url::parse(to).unwrap());
            assert_eq!(headers.contains_key(header::AUTHORIZATION), kept, "{to}");
            assert!(headers.contains_key(header::RANGE), "{to}");
        }
    }

    #[test]
    fn another_port_of_the_host_is_as_foreign_as_another_host() {
        go(&get("https://h.example/"), "https://h.example:8443/").unwrap_err();
        go(&get("https://h.example:1/"), "https://h.example/").unwrap_err();
    }

    #[test]
    fn requests_that_change_something_are_never_sent_elsewhere() {
        let url = Url::parse("https://h.example/").unwrap();
        for request in [
            Request::new(Method::PUT, url.clone(), "test"),
            Request::new(Method::GET, url, "test").changes(true),
        ] {
            let error = go(&request, "/elsewhere").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            assert!(error.to_string().contains("redirects"));
        }
    }

    #[test]
    fn an_address_that_leads_nowhere_is_an_error() {
        for to in ["https://", "http://[", "mailto:a@b.example"] {
            go(&get("https://h.example/"), to).unwrap_err();
        }
        let none = Rules::of(&get("https://h.example/")).next(
            &Url::parse("https://h.example/").unwrap(),
            StatusCode::FOUND,
            &HeaderMap::new(),
        );
        none.unwrap_err();
    }

    #[test]
    fn secrets_stay_at_their_origin() {
        let secret = Secret::new("Bearer x");
        let request = get("https://h.example/")
            .authorization(&secret)
            .secret_header("x-key", &secret)
            .header("x-plain", "1")
            .header(header::COOKIE, "session=1");
        let from = request.url().clone();
        let mut same = request.head.headers.clone();
        keep_secrets_home(&mut same, &from, &from.join("/b").unwrap());
        assert_eq!(same.len(), 4);
        for to in [
            "https://h.example:1/",
            "http://h.example/",
            "https://g.example/",
        ] {
            let mut headers = request.head.headers.clone();
            keep_secrets_home(&mut headers, &from, &Url::parse(to).unwrap());
            assert_eq!(headers.len(), 1, "{to}");
            assert!(headers.contains_key("x-plain"));
        }
    }
}
